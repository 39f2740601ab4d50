//! `/v1/completions`: bare text, continued.

use std::collections::BTreeMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use guildhall_engine_protocol::{Input, OnOverflow};
use guildhall_kernel::Result;
use guildhall_web::{Auth, HttpResult, Json, limits::extend_deadline};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        ANSWER_TIME_MAX,
        ask::{self, Ask, Wishes, refused, unsupported},
        call::Call,
        haste::{HasteHeaders, Hasty},
        stream,
    },
    completions_output::{self, Completion, CompletionWriter, Echo},
    grammar::Forms,
    wire::{OneOrMany, StreamOptions, logit_bias},
};
use crate::{app::App, billing::CallKind, identity::perm};

/// Tokens written when the caller does not say (OpenAI's own default).
const TOKENS_DEFAULT: u32 = 16;
/// Most alternatives reported per token here (OpenAI's own bound).
const LOGPROBS_MAX: u32 = 5;

/// Text to continue. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CompletionRequest {
    /// A model's or adapter's name, an alias, `auto`, or an employee's id or name.
    model: String,
    #[schema(value_type = OneOrMany)]
    prompt: Prompt,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    /// 16 when left out.
    #[serde(default)]
    max_tokens: Option<i64>,
    /// Answers to each prompt, 1 to 8.
    #[serde(default)]
    n: Option<i64>,
    #[serde(default)]
    best_of: Option<i64>,
    #[serde(default)]
    stop: Option<OneOrMany>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    temperature: Option<f32>,
    #[serde(default)]
    top_p: Option<f32>,
    #[serde(default)]
    frequency_penalty: Option<f32>,
    #[serde(default)]
    presence_penalty: Option<f32>,
    #[serde(default)]
    logit_bias: Option<BTreeMap<String, f32>>,
    /// Alternatives reported per token, 0 to 5.
    #[serde(default)]
    logprobs: Option<u32>,
    /// Put the prompt in front of each answer.
    #[serde(default)]
    echo: Option<bool>,
    #[serde(default)]
    suffix: Option<String>,
    /// Not OpenAI's: a GBNF grammar that the answer follows, as llama.cpp has it. Models on this node only.
    #[serde(default)]
    grammar: Option<String>,
    /// Not OpenAI's: a grammar in Lark's form or in GBNF, as vLLM has it. Models on this node only.
    #[serde(default)]
    guided_grammar: Option<String>,
    /// Not OpenAI's: a JSON schema that the answer follows, as vLLM has it.
    #[serde(default)]
    guided_json: Option<Value>,
    /// Refused in favour of `guided_grammar`.
    #[serde(default)]
    guided_regex: Option<Value>,
    /// Refused: an adapter is named as `model`.
    #[serde(default)]
    adapter: Option<Value>,
}

/// What is continued.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum Prompt {
    /// One text.
    One(String),
    /// Several, each continued by itself.
    Many(Vec<String>),
    /// Tokens of a vocabulary, which are refused: every model has its own.
    Tokens(Vec<Value>),
}

impl Prompt {
    fn texts(self) -> Result<Vec<String>> {
        match self {
            Self::One(text) => Ok(vec![text]),
            Self::Many(texts) if !texts.is_empty() => Ok(texts),
            Self::Many(_) => Err(refused("prompt", "the prompt is empty")),
            Self::Tokens(_) => Err(unsupported(
                "prompt",
                "send the prompt as text, not as tokens",
            )),
        }
    }
}

impl CompletionRequest {
    fn into_ask(self, texts: Vec<String>) -> Result<Ask> {
        let choices = ask::choices(self.n)?;
        if self.best_of.is_some_and(|best| best != i64::from(choices)) {
            let message = "every answer is given, so `best_of` can only be the same as `n`";
            return Err(unsupported("best_of", message));
        }
        if self.suffix.is_some_and(|suffix| !suffix.is_empty()) {
            let message = "text cannot be filled in before a suffix here; leave it out";
            return Err(unsupported("suffix", message));
        }
        if self.logprobs.is_some_and(|top| top > LOGPROBS_MAX) {
            let message = format!("ask for 0 to {LOGPROBS_MAX} alternatives");
            return Err(refused("logprobs", message));
        }
        let max_tokens = ask::token_limit("max_tokens", self.max_tokens)?;
        let forms = Forms {
            response_format: None,
            grammar: self.grammar,
            guided_grammar: self.guided_grammar,
            guided_json: self.guided_json,
            guided_regex: self.guided_regex,
            adapter: self.adapter,
        };
        let inputs = texts.into_iter().map(|text| Input::Text { text });
        Ok(Ask {
            choices,
            max_tokens: Some(max_tokens.unwrap_or(TOKENS_DEFAULT)),
            wishes: Wishes {
                temperature: self.temperature,
                top_p: self.top_p,
                frequency_penalty: self.frequency_penalty,
                presence_penalty: self.presence_penalty,
                logit_bias: logit_bias(self.logit_bias)?,
                seed: self.seed.map(ask::seed),
                ..Wishes::default()
            },
            stop: ask::stops("stop", self.stop.map_or_else(Vec::new, OneOrMany::into_vec))?,
            constraint: forms.constraint()?,
            logprobs: self.logprobs,
            overflow: OnOverflow::Refuse,
            ..Ask::new(CallKind::Completion, self.model, inputs.collect())
        })
    }
}

/// Continues text, as OpenAI's API of the same path.
#[utoipa::path(post, path = "/v1/completions", tag = "openai", request_body = CompletionRequest,
    params(HasteHeaders),
    responses((status = 200, content((Completion = "application/json"), (Completion = "text/event-stream")))))]
pub(super) async fn create_completion(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    hasty: Hasty,
    Json(mut request): Json<CompletionRequest>,
) -> HttpResult<Response> {
    extend_deadline(ANSWER_TIME_MAX);
    let prompt = std::mem::replace(&mut request.prompt, Prompt::Many(Vec::new()));
    let texts = prompt.texts()?;
    let echoed = request.echo.unwrap_or(false).then(|| texts.clone());
    if echoed.is_some() && request.logprobs.is_some() {
        let message =
            "the prompt's own probabilities are not computed; leave `echo` or `logprobs` out";
        return Err(unsupported("echo", message).into());
    }
    let is_stream = request.stream.unwrap_or(false);
    let options = request.stream_options.unwrap_or_default();
    let ask = Ask {
        haste: hasty.haste()?,
        ..request.into_ask(texts)?
    };
    let echo = Echo {
        prompts: echoed.unwrap_or_default(),
        choices: usize::try_from(ask.choices).unwrap_or(1),
    };
    let has_logprobs = ask.logprobs.is_some();
    let call = Call::start(&app, &ctx, ask).await?;
    if is_stream {
        let writer =
            CompletionWriter::new(echo, has_logprobs, options.include_usage.unwrap_or(false));
        return Ok(stream::respond(call, writer));
    }
    let completion = completions_output::whole(call, &echo, has_logprobs).await?;
    Ok(Json(completion).into_response())
}
