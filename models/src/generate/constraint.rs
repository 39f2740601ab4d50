//! What an answer must look like: JSON, a JSON schema, a GBNF or a Lark grammar, all compiled by
//! llguidance, which is Rust, bounds its work and reports errors; llama.cpp's own grammars abort
//! the process on some inputs. White space between JSON tokens is not allowed: small models
//! waste tokens in it.

use std::sync::OnceLock;

use guildhall_engine_protocol::{Constraint, Failure, codes};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use super::gbnf;

/// Longest grammar or schema, as text, in bytes.
pub(super) const GRAMMAR_BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting of a schema.
const SCHEMA_DEPTH_MAX: usize = 64;
/// Longest reason that is passed on, in characters.
const REASON_LENGTH_MAX: usize = 300;

/// Compiles constraints for one model.
pub(super) struct Compiler<'model> {
    model: &'model LlamaModel,
    /// Made at the first use: it takes a look at every token.
    factory: OnceLock<Result<ParserFactory, String>>,
}

impl<'model> Compiler<'model> {
    pub(super) fn new(model: &'model LlamaModel) -> Self {
        Self {
            model,
            factory: OnceLock::new(),
        }
    }

    /// Compiles a request's constraint.
    ///
    /// # Errors
    /// [`codes::CONSTRAINT_INVALID`] with the reason.
    pub(super) fn compile(&self, constraint: &Constraint) -> Result<Matcher, Failure> {
        let grammar = match constraint {
            Constraint::Json => json_grammar(&json!({"type": "object"}))?,
            Constraint::JsonSchema { schema } => json_grammar(schema)?,
            Constraint::Gbnf { grammar } => {
                check_length(grammar.len())?;
                gbnf::to_lark(grammar).map_err(|reason| invalid(&reason))?
            }
            Constraint::Lark { grammar } => {
                check_length(grammar.len())?;
                grammar.clone()
            }
        };
        self.compile_lark(grammar)
    }

    /// Compiles a grammar in llguidance's Lark syntax.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub(super) fn compile_lark(&self, grammar: String) -> Result<Matcher, Failure> {
        let factory = self.factory.get_or_init(|| factory(self.model));
        let factory = factory.as_ref().map_err(|reason| invalid(reason))?;
        let parser = factory.create_parser(TopLevelGrammar::from_lark(grammar));
        let matcher = Matcher::new(parser);
        match matcher.get_error() {
            Some(reason) => Err(invalid(&reason)),
            None => Ok(matcher),
        }
    }

    /// The Lark term for one of a template's own words: its control token where the model has one.
    pub(super) fn mark(&self, text: &str) -> String {
        match super::single_token(self.model, text) {
            Some(token) => format!("<[{}]>", token.0),
            // A JSON text is a Lark text.
            None => Value::String(text.to_owned()).to_string(),
        }
    }

    /// Tokens that spell `text`, for a constraint that begins inside an answer.
    pub(super) fn spell(&self, text: &str) -> Vec<u32> {
        match self.factory.get_or_init(|| factory(self.model)) {
            Ok(factory) => factory
                .tok_env()
                .tok_trie()
                .greedy_tokenize(text.as_bytes()),
            Err(_) => Vec::new(),
        }
    }
}

fn factory(model: &LlamaModel) -> Result<ParserFactory, String> {
    // The library asserts what it expects of a vocabulary; a strange one must not end the engine.
    let built = std::panic::catch_unwind(|| {
        let mut factory = ParserFactory::new_simple(&LlamaSampler::llguidance_tok_env(model))
            .map_err(|error| error.to_string())?;
        factory.quiet();
        let limits = factory.limits_mut();
        limits.verbose_errors = false;
        limits.max_grammar_size = 200_000;
        limits.max_lexer_states = 50_000;
        Ok(factory)
    });
    built.unwrap_or_else(|_| Err("this model's vocabulary allows no constraints".to_owned()))
}

/// A Lark grammar of the JSON documents that a schema accepts, without optional white space.
fn json_grammar(schema: &Value) -> Result<String, Failure> {
    Ok(format!("start: {}\n", json_rule(schema, (",", ":"))?))
}

/// A piece of a Lark grammar: JSON of `schema`, with `(item, key)` separators.
///
/// # Errors
/// When the schema is too large or too deep.
pub(super) fn json_rule(schema: &Value, separators: (&str, &str)) -> Result<String, Failure> {
    if depth(schema) > SCHEMA_DEPTH_MAX {
        return Err(invalid(&format!(
            "the schema is nested deeper than {SCHEMA_DEPTH_MAX} levels"
        )));
    }
    let options = json!({
        "whitespace_flexible": false,
        "item_separator": separators.0,
        "key_separator": separators.1,
    });
    let schema = match schema {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert("x-guidance".to_owned(), options);
            Value::Object(fields)
        }
        Value::Bool(true) => json!({"x-guidance": options}),
        _ => return Err(invalid("the schema is no JSON object")),
    };
    let text = schema.to_string();
    check_length(text.len())?;
    Ok(format!("%json {text}"))
}

fn depth(value: &Value) -> usize {
    // Bounded: serde_json refuses documents that are nested more than 128 levels deep.
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn check_length(bytes: usize) -> Result<(), Failure> {
    if bytes > GRAMMAR_BYTES_MAX {
        return Err(invalid(&format!(
            "it is {bytes} bytes long, more than {GRAMMAR_BYTES_MAX}"
        )));
    }
    Ok(())
}

pub(super) fn invalid(reason: &str) -> Failure {
    let reason: String = reason
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(REASON_LENGTH_MAX)
        .collect();
    Failure::new(
        codes::CONSTRAINT_INVALID,
        format!("the schema or grammar cannot be compiled ({reason}); correct it"),
    )
}
