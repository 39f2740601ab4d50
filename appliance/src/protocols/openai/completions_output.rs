//! What `/v1/completions` answers: whole, or in pieces of the same shape.

use std::collections::BTreeMap;

use guildhall_engine_protocol::TokenLogprob;
use guildhall_kernel::Result;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{
        call::{Call, Finish, Head, Piece},
        problem::Problem,
        stream::{Events, Writer},
    },
    wire::{Usage, finish_reason},
};

/// Continued text, whole or a piece of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Completion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<CompletionChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
}

#[derive(Serialize, ToSchema)]
struct CompletionChoice {
    index: usize,
    text: String,
    #[schema(required)]
    logprobs: Option<CompletionLogprobs>,
    #[schema(required)]
    finish_reason: Option<&'static str>,
}

/// Tokens with their probabilities, in columns.
#[derive(Default, Serialize, ToSchema)]
struct CompletionLogprobs {
    tokens: Vec<String>,
    token_logprobs: Vec<f32>,
    top_logprobs: Vec<BTreeMap<String, f32>>,
    /// Where each token begins in the text, in characters.
    text_offset: Vec<usize>,
}

impl CompletionLogprobs {
    fn extend(&mut self, scores: Vec<TokenLogprob>, offset: &mut usize) {
        for score in scores {
            self.text_offset.push(*offset);
            *offset += score.token.chars().count();
            self.tokens.push(score.token);
            self.token_logprobs.push(score.logprob);
            let top = score.top.into_iter().map(|top| (top.token, top.logprob));
            self.top_logprobs.push(top.collect());
        }
    }
}

/// Prompts to be put in front of their answers; none when they are not.
pub(super) struct Echo {
    pub(super) prompts: Vec<String>,
    /// Answers to each prompt.
    pub(super) choices: usize,
}

impl Echo {
    fn before(&self, index: usize) -> &str {
        let prompt = index.checked_div(self.choices).unwrap_or(0);
        self.prompts.get(prompt).map_or("", String::as_str)
    }
}

impl CompletionChoice {
    fn new(index: usize, text: &str, has_logprobs: bool) -> Self {
        Self {
            index,
            text: text.to_owned(),
            logprobs: has_logprobs.then(CompletionLogprobs::default),
            finish_reason: None,
        }
    }

    fn take(&mut self, piece: Piece, offset: &mut usize) {
        match piece {
            // Bare text offers no tools, so none is called.
            Piece::Begun | Piece::ToolCall(_) => {}
            Piece::Text { text, logprobs } => {
                self.text.push_str(&text);
                if let Some(columns) = &mut self.logprobs {
                    columns.extend(logprobs, offset);
                }
            }
            Piece::End(finish, _) => self.finish_reason = Some(reason(finish)),
        }
    }
}

fn reason(finish: Finish) -> &'static str {
    finish_reason(if finish == Finish::ToolCalls {
        Finish::Stop
    } else {
        finish
    })
}

/// Reads a call to its end.
///
/// # Errors
/// Those of the call.
pub(super) async fn whole(mut call: Call, echo: &Echo, has_logprobs: bool) -> Result<Completion> {
    let mut choices: Vec<(CompletionChoice, usize)> = Vec::new();
    while let Some(next) = call.next().await {
        let (index, piece) = next?;
        while choices.len() <= index {
            let (at, before) = (choices.len(), echo.before(choices.len()));
            choices.push((CompletionChoice::new(at, before, has_logprobs), 0));
        }
        if let Some((choice, offset)) = choices.get_mut(index) {
            choice.take(piece, offset);
        }
    }
    let choices = choices.into_iter().map(|(choice, _)| choice).collect();
    let usage = Some(Some(call.head().used.into()));
    Ok(completion(call.head(), choices, usage))
}

fn completion(
    head: &Head,
    choices: Vec<CompletionChoice>,
    usage: Option<Option<Usage>>,
) -> Completion {
    Completion {
        id: format!("cmpl-{}", head.key),
        object: "text_completion",
        created: head.created,
        model: head.model.clone(),
        choices,
        usage,
    }
}

/// Writes pieces.
pub(super) struct CompletionWriter {
    echo: Echo,
    has_logprobs: bool,
    include_usage: bool,
    /// Characters of each answer so far.
    offsets: BTreeMap<usize, usize>,
}

impl CompletionWriter {
    pub(super) fn new(echo: Echo, has_logprobs: bool, include_usage: bool) -> Self {
        Self {
            echo,
            has_logprobs,
            include_usage,
            offsets: BTreeMap::new(),
        }
    }
}

impl Writer for CompletionWriter {
    fn begin(&mut self, _: &Head, _: &mut Events) -> Result<()> {
        Ok(())
    }

    fn piece(
        &mut self,
        head: &Head,
        (index, piece): (usize, Piece),
        out: &mut Events,
    ) -> Result<()> {
        let before = match piece {
            Piece::Begun => self.echo.before(index),
            _ => "",
        };
        if matches!(piece, Piece::Begun) && before.is_empty() {
            return Ok(());
        }
        let mut choice = CompletionChoice::new(index, before, self.has_logprobs);
        choice.take(piece, self.offsets.entry(index).or_default());
        let usage = self.include_usage.then_some(None);
        out.data(&completion(head, vec![choice], usage))
    }

    fn end(&mut self, head: &Head, out: &mut Events) -> Result<()> {
        if self.include_usage {
            let usage = Some(Some(head.used.into()));
            out.data(&completion(head, Vec::new(), usage))?;
        }
        out.text("[DONE]");
        Ok(())
    }

    fn fail(&mut self, problem: &Problem, out: &mut Events) -> Result<()> {
        out.data(&problem.openai())
    }
}
