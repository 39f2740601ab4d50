//! What an answer must look like, in whichever field clients say it: OpenAI's `response_format`, llama.cpp's
//! `grammar`, vLLM's `guided_…`.

use guildhall_engine_protocol::Constraint;
use guildhall_kernel::Result;
use serde_json::Value;

use super::{
    super::ask::{refused, schema, unsupported},
    wire::ResponseFormat,
};

/// Longest grammar that is compiled, in bytes.
const GRAMMAR_BYTES_MAX: usize = 256 * 1024;

/// The fields of a request that say what an answer must look like.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) response_format: Option<ResponseFormat>,
    pub(super) grammar: Option<String>,
    pub(super) guided_grammar: Option<String>,
    pub(super) guided_json: Option<Value>,
    pub(super) guided_regex: Option<Value>,
    pub(super) adapter: Option<Value>,
}

impl Forms {
    /// The one constraint that they come to.
    ///
    /// # Errors
    /// `invalid_value` for two of them, and for what is none; `unsupported_value` for what is not done here.
    pub(super) fn constraint(self) -> Result<Option<Constraint>> {
        if self.guided_regex.is_some_and(|value| !value.is_null()) {
            let message =
                "write the expression as a rule of a Lark grammar in `guided_grammar`: start: /…/";
            return Err(unsupported("guided_regex", message));
        }
        if self.adapter.is_some_and(|value| !value.is_null()) {
            let message = "name the adapter as `model`; GET /v1/models lists those there are";
            return Err(unsupported("adapter", message));
        }
        let format = self
            .response_format
            .map_or(Ok(None), ResponseFormat::constraint)?;
        let of_grammar = grammar("grammar", self.grammar, |_| true)?;
        // vLLM takes both forms under this name; only GBNF writes its rules with `::=`.
        let is_gbnf = |text: &str| text.contains("::=");
        let guided = grammar("guided_grammar", self.guided_grammar, is_gbnf)?;
        let json = self.guided_json.map_or(Ok(None), guided_json)?;
        let given = [
            ("response_format", format),
            ("grammar", of_grammar),
            ("guided_grammar", guided),
            ("guided_json", json),
        ];
        let mut given = given
            .into_iter()
            .filter_map(|(field, constraint)| Some((field, constraint?)));
        let first = given.next();
        match (&first, given.next()) {
            (Some((first, _)), Some((second, _))) => {
                let message = format!("an answer has one form: leave out `{first}` or `{second}`");
                Err(refused(second, message))
            }
            _ => Ok(first.map(|(_, constraint)| constraint)),
        }
    }
}

/// A grammar; an empty one is none, as in llama.cpp.
fn grammar(
    field: &str,
    grammar: Option<String>,
    is_gbnf: impl Fn(&str) -> bool,
) -> Result<Option<Constraint>> {
    let Some(grammar) = grammar.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    if grammar.len() > GRAMMAR_BYTES_MAX {
        let message = format!("give a grammar of at most {GRAMMAR_BYTES_MAX} bytes");
        return Err(refused(field, message));
    }
    Ok(Some(if is_gbnf(&grammar) {
        Constraint::Gbnf { grammar }
    } else {
        Constraint::Lark { grammar }
    }))
}

/// A schema, also as text.
fn guided_json(given: Value) -> Result<Option<Constraint>> {
    let given = match given {
        Value::Null => return Ok(None),
        Value::String(text) => serde_json::from_str(&text)
            .map_err(|_| refused("guided_json", "the text is no JSON schema"))?,
        given => given,
    };
    schema("guided_json", given).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn guided(text: &str) -> Option<Constraint> {
        let forms = Forms {
            guided_grammar: Some(text.to_owned()),
            ..Forms::default()
        };
        forms.constraint().unwrap()
    }

    #[test]
    fn a_guided_grammar_is_read_as_what_it_is_written_in() {
        let gbnf = guided("root ::= \"yes\"");
        assert!(matches!(gbnf, Some(Constraint::Gbnf { .. })));
        let lark = guided("start: \"yes\"");
        assert!(matches!(lark, Some(Constraint::Lark { .. })));
        assert_eq!(guided(" "), None);
    }

    #[test]
    fn one_answer_has_one_form_and_a_form_of_bounded_length() {
        let two = Forms {
            grammar: Some("root ::= \"a\"".into()),
            guided_json: Some(serde_json::json!({ "type": "object" })),
            ..Forms::default()
        };
        assert_eq!(two.constraint().unwrap_err().code(), "invalid_value");
        let long = Forms {
            grammar: Some("x".repeat(GRAMMAR_BYTES_MAX + 1)),
            ..Forms::default()
        };
        assert_eq!(long.constraint().unwrap_err().code(), "invalid_value");
    }
}
