//! What OpenAI's operations have in common on the wire.

use std::collections::BTreeMap;

use guildhall_engine_protocol::{Constraint, TokenLogprob, TopLogprob};
use guildhall_kernel::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::{
    ask::{refused, schema, unsupported},
    call::Finish,
    metered::Used,
};

/// One text or several.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub(super) enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// What streams add.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
pub(super) struct StreamOptions {
    /// End with a chunk that says what the call took.
    #[serde(default)]
    pub(super) include_usage: Option<bool>,
}

/// Scores to add, by token id, as OpenAI's clients send them: ids are texts.
///
/// # Errors
/// `invalid_value` for what is no token id.
pub(super) fn logit_bias(biases: Option<BTreeMap<String, f32>>) -> Result<Vec<(u32, f32)>> {
    let bias = |(token, bias): (String, f32)| {
        let token = token.parse::<u32>().map_err(|_| {
            refused(
                "logit_bias",
                format!("`{token}` is not the number of a token"),
            )
        })?;
        Ok((token, bias))
    };
    biases.unwrap_or_default().into_iter().map(bias).collect()
}

/// What an answer must look like.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(super) struct ResponseFormat {
    /// `text`, `json_object` or `json_schema`.
    r#type: String,
    /// The schema, when the type is `json_schema`.
    #[serde(default)]
    json_schema: Option<JsonSchemaFormat>,
}

/// A named schema.
#[derive(Clone, Debug, Deserialize, ToSchema)]
struct JsonSchemaFormat {
    #[serde(default)]
    schema: Option<Value>,
}

impl ResponseFormat {
    /// # Errors
    /// `unsupported_value` for another type; `invalid_value` without a schema.
    pub(super) fn constraint(self) -> Result<Option<Constraint>> {
        let given = self.json_schema.and_then(|format| format.schema);
        constraint(&self.r#type, given, "response_format")
    }
}

/// The constraint behind one of the three types.
///
/// # Errors
/// As [`ResponseFormat::constraint`].
pub(super) fn constraint(
    kind: &str,
    given: Option<Value>,
    field: &str,
) -> Result<Option<Constraint>> {
    match kind {
        "text" => Ok(None),
        "json_object" => Ok(Some(Constraint::Json)),
        "json_schema" => {
            let given = given.ok_or_else(|| refused(field, "the schema is missing"))?;
            schema(field, given).map(Some)
        }
        other => {
            let other: String = other.chars().take(40).collect();
            let message = format!("`{other}` is none of text, json_object and json_schema");
            Err(unsupported(field, message))
        }
    }
}

/// Why an answer ended, in OpenAI's words.
pub(super) fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
    }
}

/// What a call took.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = OpenAiUsage)]
pub(super) struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct PromptDetails {
    /// Tokens that an earlier call had computed already.
    cached_tokens: u32,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct CompletionDetails {
    reasoning_tokens: u32,
}

impl From<Used> for Usage {
    fn from(used: Used) -> Self {
        Self {
            prompt_tokens: used.input_tokens,
            completion_tokens: used.output_tokens,
            total_tokens: used.input_tokens.saturating_add(used.output_tokens),
            prompt_tokens_details: PromptDetails {
                cached_tokens: used.cached_tokens,
            },
            completion_tokens_details: CompletionDetails {
                reasoning_tokens: 0,
            },
        }
    }
}

/// A token and how probable it was.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpenAiTokenLogprob)]
pub(super) struct TokenScore {
    token: String,
    logprob: f32,
    bytes: Vec<u8>,
    top_logprobs: Vec<Alternative>,
}

/// A token that might have been picked.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OpenAiTopLogprob)]
struct Alternative {
    token: String,
    logprob: f32,
    bytes: Vec<u8>,
}

impl From<TokenLogprob> for TokenScore {
    fn from(scored: TokenLogprob) -> Self {
        let alternative = |top: TopLogprob| Alternative {
            token: top.token,
            logprob: top.logprob,
            bytes: top.bytes,
        };
        Self {
            token: scored.token,
            logprob: scored.logprob,
            bytes: scored.bytes,
            top_logprobs: scored.top.into_iter().map(alternative).collect(),
        }
    }
}
