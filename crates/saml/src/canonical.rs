//! Exclusive XML Canonicalization 1.0 without comments (W3C, 18 July 2002), for elements.

use std::collections::{BTreeMap, BTreeSet};

use crate::xml::{Attribute, Element, Node, ns};

/// What has been declared on the way down to an element of the output.
type Declared<'a> = BTreeMap<&'a str, &'a str>;

/// How an element is canonicalised.
#[derive(Clone, Copy, Default)]
pub(crate) struct Form<'a> {
    /// Prefixes that are treated as in inclusive canonicalisation (`InclusiveNamespaces`).
    pub(crate) inclusive: &'a [String],
    /// An element that is left out: the signature itself (`enveloped-signature`).
    pub(crate) without: Option<&'a Element>,
}

/// The canonical form of an element and everything in it.
pub(crate) fn canonical(element: &Element, form: Form<'_>) -> String {
    let mut output = String::new();
    write_element(&mut output, element, form, &Declared::new());
    output
}

fn write_element<'a>(
    output: &mut String,
    element: &'a Element,
    form: Form<'_>,
    declared: &Declared<'a>,
) {
    let name = qualified(&element.prefix, &element.name);
    output.push('<');
    output.push_str(&name);
    let mut here = declared.clone();
    for prefix in wanted(element, form) {
        declare(output, element, &prefix, &mut here);
    }
    for attribute in in_order(&element.attributes) {
        output.push(' ');
        output.push_str(&qualified(&attribute.prefix, &attribute.name));
        output.push_str("=\"");
        write_value(output, &attribute.value);
        output.push('"');
    }
    output.push('>');
    for child in &element.children {
        match child {
            Node::Text(text) => write_text(output, text),
            Node::Element(inner) => {
                let is_left_out = form.without.is_some_and(|out| std::ptr::eq(out, inner));
                if !is_left_out {
                    write_element(output, inner, form, &here);
                }
            }
        }
    }
    output.push_str("</");
    output.push_str(&name);
    output.push('>');
}

/// The prefixes that the element makes visible use of, and those of the list that are in scope; the
/// default namespace (an empty prefix) comes first.
fn wanted(element: &Element, form: Form<'_>) -> BTreeSet<String> {
    let used = element.attributes.iter().map(|found| &found.prefix);
    let mut wanted: BTreeSet<String> = used
        .filter(|prefix| !prefix.is_empty() && *prefix != "xml")
        .cloned()
        .collect();
    if element.prefix != "xml" {
        wanted.insert(element.prefix.clone());
    }
    for listed in form.inclusive {
        let prefix = if listed == "#default" { "" } else { listed };
        if element.scope.contains_key(prefix) {
            wanted.insert(prefix.to_owned());
        }
    }
    wanted
}

/// Declares a prefix unless the output has it in scope with the same meaning.
fn declare<'a>(output: &mut String, element: &'a Element, prefix: &str, here: &mut Declared<'a>) {
    let Some((prefix, uri)) = element.scope.get_key_value(prefix) else {
        // An element without a namespace, below one with a default namespace.
        if prefix.is_empty() && here.get("").is_some_and(|uri| !uri.is_empty()) {
            output.push_str(" xmlns=\"\"");
            here.insert("", "");
        }
        return;
    };
    let before = here.get(prefix.as_str()).copied();
    let is_nothing_new = prefix.is_empty() && uri.is_empty() && before.is_none();
    if before == Some(uri.as_str()) || is_nothing_new {
        return;
    }
    output.push_str(if prefix.is_empty() {
        " xmlns"
    } else {
        " xmlns:"
    });
    output.push_str(prefix);
    output.push_str("=\"");
    write_value(output, uri);
    output.push('"');
    here.insert(prefix, uri);
}

/// By namespace, then by local name; attributes without a namespace come first.
fn in_order(attributes: &[Attribute]) -> Vec<&Attribute> {
    let mut sorted: Vec<&Attribute> = attributes.iter().collect();
    sorted.sort_by_key(|found| (found.namespace.as_str(), found.name.as_str()));
    sorted
}

fn qualified(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}:{name}")
    }
}

fn write_text(output: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '\r' => output.push_str("&#xD;"),
            other => output.push(other),
        }
    }
}

fn write_value(output: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '"' => output.push_str("&quot;"),
            '\t' => output.push_str("&#x9;"),
            '\n' => output.push_str("&#xA;"),
            '\r' => output.push_str("&#xD;"),
            other => output.push(other),
        }
    }
}

/// The prefixes of an `InclusiveNamespaces` element in `parent`, if there is one.
pub(crate) fn inclusive_prefixes(parent: &Element) -> Vec<String> {
    let listed = parent.all(ns::EXCLUSIVE, "InclusiveNamespaces").next();
    let list = listed.and_then(|listed| listed.attribute("PrefixList"));
    list.unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{scan::Comments, xml::parse};

    fn inner(text: &str, path: &[usize], inclusive: &[&str]) -> String {
        let root = parse(text, Comments::Refused).unwrap();
        let mut element = &root;
        for at in path {
            element = element.elements().nth(*at).unwrap();
        }
        let inclusive: Vec<String> = inclusive.iter().map(|&text| text.to_owned()).collect();
        canonical(
            element,
            Form {
                inclusive: &inclusive,
                without: None,
            },
        )
    }

    /// The example of section 2.2 of the recommendation.
    #[test]
    fn the_recommendations_example_comes_out() {
        let text = r#"<n0:pdu xmlns:n0="http://a.example" xmlns:n2="http://c.example" xml:lang="fr" xml:space="retain"><n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:pdu>"#;
        assert_eq!(
            inner(text, &[0], &[]),
            r#"<n1:elem2 xmlns:n1="http://b.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#
        );
        assert_eq!(
            inner(text, &[0], &["n2"]),
            r#"<n1:elem2 xmlns:n1="http://b.example" xmlns:n2="http://c.example" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#
        );
    }

    #[test]
    fn attributes_are_sorted_and_escaped() {
        let text = "<e xmlns:b='urn:b' xmlns:a='urn:z' a:x='1' b:x='2' z='&lt;&#9;&#10;\"' y='&amp;'>a&gt;b&#13;\r\n</e>";
        assert_eq!(
            inner(text, &[], &[]),
            "<e xmlns:a=\"urn:z\" xmlns:b=\"urn:b\" y=\"&amp;\" z=\"&lt;&#x9;&#xA;&quot;\" b:x=\"2\" a:x=\"1\">a&gt;b&#xD;\n</e>"
        );
    }

    #[test]
    fn the_default_namespace_is_undone_where_it_must_be() {
        let text = r#"<a xmlns="urn:1"><b xmlns=""><c/></b><d xmlns="urn:1"/></a>"#;
        assert_eq!(
            inner(text, &[], &[]),
            r#"<a xmlns="urn:1"><b xmlns=""><c></c></b><d></d></a>"#
        );
        assert_eq!(inner(text, &[0], &[]), "<b><c></c></b>");
    }
}
