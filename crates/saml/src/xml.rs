//! A document as a tree that keeps what canonicalisation needs: prefixes as written and every
//! namespace in scope.

use std::{collections::BTreeMap, sync::Arc};

use roxmltree::{Document, ParsingOptions};

use crate::{
    refusal::{Refusal, Result},
    scan::{self, Comments, not_xml},
};

/// Namespaces in scope: from prefix (empty: the default) to URI.
pub(crate) type Scope = BTreeMap<String, String>;

/// An attribute that is no declaration of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) value: String,
}

/// An element with everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) children: Vec<Node>,
}

/// What stands in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

/// Namespaces of SAML and its kin.
pub(crate) mod ns {
    pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
    pub(crate) const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
    pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
}

const NODES_MAX: u32 = 60_000;

/// Reads a document.
///
/// # Errors
/// What [`scan::look`] refuses; `saml_not_xml`.
pub(crate) fn parse(text: &str, comments: Comments) -> Result<Element> {
    scan::look(text, comments)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
    };
    let document = Document::parse_with_options(text, options).map_err(|_| not_xml())?;
    element(text, document.root_element(), None)
}

fn element(
    text: &str,
    node: roxmltree::Node<'_, '_>,
    parent: Option<&Arc<Scope>>,
) -> Result<Element> {
    let scope = scope_of(node, parent);
    let mut attributes = Vec::new();
    for found in node.attributes() {
        let written = text.get(found.range()).ok_or_else(not_xml)?;
        attributes.push(Attribute {
            prefix: prefix_of(written.trim_start()),
            name: found.name().to_owned(),
            namespace: found.namespace().unwrap_or_default().to_owned(),
            value: found.value().to_owned(),
        });
    }
    let mut children = Vec::new();
    for child in node.children() {
        if child.is_element() {
            children.push(Node::Element(element(text, child, Some(&scope))?));
        } else if child.is_text() {
            children.push(Node::Text(child.text().unwrap_or_default().to_owned()));
        }
    }
    let start = node.range().start + 1;
    Ok(Element {
        prefix: prefix_of(text.get(start..).ok_or_else(not_xml)?),
        name: node.tag_name().name().to_owned(),
        namespace: node.tag_name().namespace().unwrap_or_default().to_owned(),
        attributes,
        scope,
        children,
    })
}

/// The prefix of the qualified name that `written` begins with.
fn prefix_of(written: &str) -> String {
    let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '=' | '>' | '/');
    let name = written.split(is_end).next().unwrap_or_default();
    name.split_once(':')
        .map_or_else(String::new, |(prefix, _)| prefix.to_owned())
}

fn scope_of(node: roxmltree::Node<'_, '_>, parent: Option<&Arc<Scope>>) -> Arc<Scope> {
    let mut scope = Scope::new();
    for namespace in node.namespaces() {
        let prefix = namespace.name().unwrap_or_default();
        if prefix != "xml" {
            scope.insert(prefix.to_owned(), namespace.uri().to_owned());
        }
    }
    match parent {
        Some(parent) if **parent == scope => Arc::clone(parent),
        _ => Arc::new(scope),
    }
}

impl Element {
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The value of an attribute without a namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let is_it = |found: &&Attribute| found.namespace.is_empty() && found.name == name;
        self.attributes
            .iter()
            .find(is_it)
            .map(|found| found.value.as_str())
    }

    /// The value of an attribute that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str> {
        self.attribute(name).ok_or_else(|| {
            let message = format!("{} has no {name}", self.name);
            Refusal::new("saml_incomplete", message)
        })
    }

    /// Child elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Child elements of that name.
    pub(crate) fn all<'a, 'n>(
        &'a self,
        namespace: &'n str,
        name: &'n str,
    ) -> impl Iterator<Item = &'a Element> {
        self.elements()
            .filter(move |child| child.is(namespace, name))
    }

    /// The child element of that name; more than one is refused.
    pub(crate) fn only(&self, namespace: &str, name: &str) -> Result<Option<&Element>> {
        let mut found = self.all(namespace, name);
        let first = found.next();
        if found.next().is_some() {
            let message = format!("{} has more than one {name}", self.name);
            return Err(Refusal::new("saml_ambiguous", message));
        }
        Ok(first)
    }

    /// The one child element of that name, which must be there.
    pub(crate) fn one(&self, namespace: &str, name: &str) -> Result<&Element> {
        self.only(namespace, name)?.ok_or_else(|| {
            let message = format!("{} has no {name}", self.name);
            Refusal::new("saml_incomplete", message)
        })
    }

    /// The element's own text, all of it, trimmed; elements in it are refused, so that no part of a
    /// name can hide.
    pub(crate) fn text(&self) -> Result<String> {
        if self.elements().next().is_some() {
            let message = format!("{} holds elements where only text belongs", self.name);
            return Err(Refusal::new("saml_ambiguous", message));
        }
        let parts = self.children.iter().map(|child| match child {
            Node::Text(text) => text.as_str(),
            Node::Element(_) => "",
        });
        Ok(parts.collect::<String>().trim().to_owned())
    }

    /// Visits this element and every one below it.
    pub(crate) fn visit<'a>(&'a self, seen: &mut impl FnMut(&'a Element)) {
        seen(self);
        for child in self.elements() {
            child.visit(seen);
        }
    }

    /// Refuses two elements with the same id: which one a signature means would be a matter of taste.
    pub(crate) fn refuse_duplicate_ids(&self) -> Result<()> {
        let (mut ids, mut twice) = (std::collections::BTreeSet::new(), false);
        self.visit(&mut |element| {
            for attribute in &element.attributes {
                let is_id = attribute.name.eq_ignore_ascii_case("id");
                twice |= is_id && !ids.insert(attribute.value.as_str());
            }
        });
        if twice {
            let message = "two elements have the same id, as in an attempt to wrap a signature; look at where the message comes from";
            return Err(Refusal::new("saml_duplicate_id", message));
        }
        Ok(())
    }
}

/// Text as it stands between tags.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn prefixes_and_scopes_are_kept() {
        let text =
            r#"<a:x xmlns:a="urn:1" xmlns="urn:2" a:b = "1" c='2'><y><z xmlns=""/></y></a:x>"#;
        let root = parse(text, Comments::Refused).unwrap();
        assert_eq!(
            (root.prefix.as_str(), root.namespace.as_str()),
            ("a", "urn:1")
        );
        let prefixes: Vec<_> = root
            .attributes
            .iter()
            .map(|found| found.prefix.as_str())
            .collect();
        assert_eq!(prefixes, ["a", ""]);
        let inner = root.elements().next().unwrap();
        assert_eq!(
            (inner.prefix.as_str(), inner.namespace.as_str()),
            ("", "urn:2")
        );
        assert_eq!(inner.scope.get("a").unwrap(), "urn:1");
        assert_eq!(inner.elements().next().unwrap().namespace, "");
    }

    #[test]
    fn ids_of_any_spelling_are_unique() {
        let twice = parse(r#"<a ID="x"><b Id="x"/></a>"#, Comments::Refused).unwrap();
        assert_eq!(
            twice.refuse_duplicate_ids().unwrap_err().code(),
            "saml_duplicate_id"
        );
        let once = parse(r#"<a ID="x"><b Id="y"/></a>"#, Comments::Refused).unwrap();
        assert!(once.refuse_duplicate_ids().is_ok());
    }
}
