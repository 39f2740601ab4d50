//! The template language: text with `{{variable}}` places and nothing else. It is read once; what is put in
//! the places is never read again, so a value cannot become template.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands.
    Text(String),
    /// The place of a variable.
    Place(String),
}

/// What is wrong with a template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) code: &'static str,
    pub(super) message: String,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// Longest name of a variable, in characters.
const NAME_CHARACTERS_MAX: usize = 40;

/// Whether a text may name a variable.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= NAME_CHARACTERS_MAX
        && text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Reads a template. `\{{` stands for two plain braces; a single brace needs nothing.
///
/// # Errors
/// `unclosed_place`, `invalid_place`, with line and column of the opening braces, counted from 1.
pub(super) fn parse(body: &str) -> Result<Vec<Part>, Flaw> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let position = body.len() - after.len() - OPEN.len();
        if let Some(before) = before.strip_suffix('\\') {
            text.push_str(before);
            text.push_str(OPEN);
            rest = after;
            continue;
        }
        text.push_str(before);
        let (name, after) = read_place(after).map_err(|flaw| located(flaw, body, position))?;
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Place(name.to_owned()));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// The name in a place whose opening braces were read, and what follows its closing ones.
fn read_place(after: &str) -> Result<(&str, &str), Flaw> {
    let line = after.split('\n').next().unwrap_or_default();
    let Some((inside, _)) = line.split_once(CLOSE) else {
        return Err(Flaw {
            code: "unclosed_place",
            message: "`{{` is not closed on its line; write `}}` after the name, or `\\{{` for plain braces".to_owned(),
        });
    };
    let name = inside.trim();
    if !is_name(name) {
        let shown: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
        return Err(Flaw {
            code: "invalid_place",
            message: format!(
                "`{shown}` is not the name of a variable (lower-case letters, digits and `_`, starting with a letter); write `\\{{{{` for plain braces"
            ),
        });
    }
    let following = after.get(inside.len() + CLOSE.len()..).unwrap_or_default();
    Ok((name, following))
}

fn located(flaw: Flaw, body: &str, position: usize) -> Flaw {
    let before = body.get(..position).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    Flaw {
        message: format!("line {line}, column {column}: {}", flaw.message),
        ..flaw
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn place(name: &str) -> Part {
        Part::Place(name.to_owned())
    }

    #[test]
    fn places_and_text_alternate() {
        assert_eq!(
            parse("Dear {{name}},\n{{ amount_2 }}{{x}} }} { } due").unwrap(),
            [
                text("Dear "),
                place("name"),
                text(",\n"),
                place("amount_2"),
                place("x"),
                text(" }} { } due")
            ]
        );
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn braces_can_be_plain() {
        assert_eq!(
            parse(r"a \{{b}} {{c}}").unwrap(),
            [text("a {{b}} "), place("c")]
        );
    }

    #[test]
    fn flaws_say_where_and_what() {
        let cases = [
            ("ok\nhä {{name", "unclosed_place", "line 2, column 4: "),
            ("{{a\n}}", "unclosed_place", "line 1, column 1: "),
            ("{{Name}}", "invalid_place", "line 1, column 1: `Name`"),
            ("x {{a.b}}", "invalid_place", "line 1, column 3: `a.b`"),
            ("{{}}", "invalid_place", "line 1, column 1: ``"),
            ("{{a{{b}}", "invalid_place", "line 1, column 1: `a{{b`"),
            ("{{1a}}", "invalid_place", "line 1, column 1: `1a`"),
        ];
        for (body, code, start) in cases {
            let flaw = parse(body).unwrap_err();
            assert_eq!(flaw.code, code, "{body}");
            assert!(flaw.message.starts_with(start), "{body}: {}", flaw.message);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(body in "[a-c{}\\\\\n ]{0,40}") {
            if let Ok(parts) = parse(&body) {
                let written: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => text.replace(OPEN, "\\{{"),
                        Part::Place(name) => format!("{{{{{name}}}}}"),
                    })
                    .collect();
                prop_assert_eq!(parse(&written).unwrap(), parts);
            }
        }
    }
}
