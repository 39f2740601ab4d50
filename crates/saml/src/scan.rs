//! A first look at a document's bytes, before any parser sees them.
//!
//! What SAML does not need is refused here: document types (and with them entities), comments,
//! processing instructions, CDATA sections, and shapes that cost a parser more than their size.

use crate::refusal::{Refusal, Result};

/// Deepest nesting of elements.
const DEPTH_MAX: usize = 40;
/// Most elements of a document.
const ELEMENTS_MAX: usize = 20_000;
/// Most attributes of an element, declarations of namespaces included.
const ATTRIBUTES_MAX: usize = 64;
/// Most declarations of namespaces in a document.
const DECLARATIONS_MAX: usize = 512;

/// What may stand in a document besides elements and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comments {
    /// Messages: nothing. A comment in a name has let people in as somebody else before.
    Refused,
    /// Metadata, which an administrator hands over: comments.
    Allowed,
}

/// Refuses what the module's doc names.
///
/// # Errors
/// `saml_forbidden_markup`, `saml_too_complex`, `saml_not_xml`.
pub(crate) fn look(text: &str, comments: Comments) -> Result<()> {
    if text.matches("xmlns").count() > DECLARATIONS_MAX {
        return Err(too_complex("declares too many namespaces"));
    }
    let mut rest = skip_declaration(text.trim_start_matches('\u{feff}'))?;
    let (mut depth, mut elements) = (0_usize, 0_usize);
    while let Some(at) = rest.find('<') {
        let markup = rest.get(at..).unwrap_or_default();
        if comments == Comments::Allowed && markup.starts_with("<!--") {
            rest = after_comment(markup)?;
            continue;
        }
        refuse_forbidden(markup)?;
        let tag = Tag::read(markup)?;
        match tag.kind {
            TagKind::Open => depth += 1,
            TagKind::Close => depth = depth.saturating_sub(1),
            TagKind::Empty => {}
        }
        elements += usize::from(tag.kind != TagKind::Close);
        if depth > DEPTH_MAX || elements > ELEMENTS_MAX {
            return Err(too_complex("nests too deeply or has too many elements"));
        }
        rest = markup.get(tag.length..).unwrap_or_default();
    }
    Ok(())
}

/// `<?xml …?>` may stand at the very beginning, and may name UTF-8 only.
fn skip_declaration(text: &str) -> Result<&str> {
    let Some(rest) = text.strip_prefix("<?xml ") else {
        return Ok(text);
    };
    let (declaration, rest) = rest.split_once("?>").ok_or_else(not_xml)?;
    let lower = declaration.to_ascii_lowercase();
    let names_other = lower.contains("encoding") && !lower.contains("utf-8");
    if names_other || declaration.contains('<') {
        return Err(Refusal::new(
            "saml_not_xml",
            "the document is not in UTF-8; have the identity provider send UTF-8",
        ));
    }
    Ok(rest)
}

fn after_comment(markup: &str) -> Result<&str> {
    let inner = markup.get("<!--".len()..).unwrap_or_default();
    inner
        .split_once("-->")
        .map(|(_, rest)| rest)
        .ok_or_else(not_xml)
}

fn refuse_forbidden(markup: &str) -> Result<()> {
    if markup.starts_with("<!") || markup.starts_with("<?") {
        let message = "the document has a document type, an entity, a comment, a CDATA section or a processing instruction; \
                       none of these belongs in SAML, so it was not read";
        return Err(Refusal::new("saml_forbidden_markup", message));
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TagKind {
    Open,
    Close,
    Empty,
}

struct Tag {
    kind: TagKind,
    /// Bytes from `<` to behind `>`.
    length: usize,
}

impl Tag {
    /// Reads a tag to its end, minding that `>` may stand in an attribute's value.
    fn read(markup: &str) -> Result<Self> {
        let (mut quote, mut attributes, mut before) = (None, 0_usize, b'<');
        for (at, byte) in markup.bytes().enumerate().skip(1) {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => attributes += 1,
                (None, b'<') => return Err(not_xml()),
                (None, b'>') => {
                    let kind = match (markup.as_bytes().get(1), before) {
                        (Some(b'/'), _) => TagKind::Close,
                        (_, b'/') => TagKind::Empty,
                        _ => TagKind::Open,
                    };
                    return Ok(Self {
                        kind,
                        length: at + 1,
                    });
                }
                (None, _) => {}
            }
            if attributes > ATTRIBUTES_MAX {
                return Err(too_complex("has an element with too many attributes"));
            }
            before = byte;
        }
        Err(not_xml())
    }
}

pub(crate) fn not_xml() -> Refusal {
    Refusal::new(
        "saml_not_xml",
        "the document is not well-formed XML; check that the whole of it was sent",
    )
}

fn too_complex(how: &str) -> Refusal {
    Refusal::new(
        "saml_too_complex",
        format!("the document {how}; no identity provider needs that, so it was not read"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(text: &str) -> &'static str {
        look(text, Comments::Refused).map_or_else(|refusal| refusal.code(), |()| "taken")
    }

    #[test]
    fn what_saml_does_not_need_is_refused() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><a>&b;</a>"#;
        assert_eq!(code(bomb), "saml_forbidden_markup");
        for text in [
            "<a><!-- x --></a>",
            "<a><![CDATA[x]]></a>",
            "<a><?php x ?></a>",
        ] {
            assert_eq!(code(text), "saml_forbidden_markup", "{text}");
        }
        assert_eq!(
            code(r#"<?xml version="1.0" encoding="UTF-8"?><a b="x>y"/>"#),
            "taken"
        );
        let latin = r#"<?xml version="1.0" encoding="ISO-8859-1"?><a/>"#;
        assert_eq!(code(latin), "saml_not_xml");
        assert!(look("<a><!-- > < --><b/></a>", Comments::Allowed).is_ok());
    }

    #[test]
    fn shapes_that_cost_more_than_their_size_are_refused() {
        assert_eq!(code(&"<a>".repeat(41)), "saml_too_complex");
        assert_eq!(code(&"<a/>".repeat(20_001)), "saml_too_complex");
        let attributes: String =
            (0..65).fold(String::new(), |text, at| text + &format!(" a{at}=''"));
        assert_eq!(code(&format!("<a{attributes}/>")), "saml_too_complex");
        assert_eq!(code(&"<a xmlns='x'/>".repeat(513)), "saml_too_complex");
    }
}
