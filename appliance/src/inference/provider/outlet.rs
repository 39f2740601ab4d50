//! Where the events of an answer go, and whether any of it was sent on already.

use std::time::Instant;

use guildhall_engine_protocol::{Done, FinishReason, Started, TokenLogprob, ToolCall};
use guildhall_kernel::{Error, Result};
use tokio::sync::mpsc;

use super::settle::Billed;
use crate::inference::GenerationEvent;

/// The listener of one answer.
pub(super) struct Outlet {
    events: mpsc::Sender<Result<GenerationEvent>>,
    has_started: bool,
    /// Whether a token or call was sent on: from then on nothing is tried again.
    pub(super) has_spoken: bool,
}

/// How one try went so far.
pub(super) struct Progress {
    pub(super) began: Instant,
    pub(super) first_piece: Option<Instant>,
    /// Tokens of the prompt as far as known.
    pub(super) input_tokens: u32,
    pub(super) cached_tokens: u32,
    pub(super) trimmed_messages: u32,
    pub(super) answer_bytes: usize,
    pub(super) finish: Option<FinishReason>,
    /// The stop text that ended the answer, where the provider says which.
    pub(super) stop_text: Option<String>,
}

impl Outlet {
    pub(super) fn new(events: mpsc::Sender<Result<GenerationEvent>>) -> Self {
        Self {
            events,
            has_started: false,
            has_spoken: false,
        }
    }

    /// Sends an event on. That nobody listens any more is noticed elsewhere.
    async fn tell(&self, event: GenerationEvent) {
        let _ = self.events.send(Ok(event)).await;
    }

    pub(super) async fn fail(&self, error: Error) {
        let _ = self.events.send(Err(error)).await;
    }

    /// Sends on an event of a model on this node.
    pub(super) async fn forward(&mut self, event: GenerationEvent) {
        match event {
            GenerationEvent::Token { .. } | GenerationEvent::ToolCall(_) => self.has_spoken = true,
            GenerationEvent::Started(_) => self.has_started = true,
            _ => {}
        }
        self.tell(event).await;
    }

    async fn start(&mut self, progress: &Progress) {
        if !self.has_started {
            self.has_started = true;
            self.tell(GenerationEvent::Started(Started {
                request_id: 0,
                input_tokens: progress.input_tokens,
                cached_tokens: progress.cached_tokens,
                trimmed_messages: progress.trimmed_messages,
            }))
            .await;
        }
    }

    pub(super) async fn text(
        &mut self,
        progress: &mut Progress,
        (text, tokens): (String, u32),
        logprobs: Vec<TokenLogprob>,
    ) {
        self.begin(progress, text.len()).await;
        self.tell(GenerationEvent::Token {
            text,
            tokens,
            logprobs,
        })
        .await;
    }

    pub(super) async fn tool_call(&mut self, progress: &mut Progress, call: ToolCall) {
        let bytes = call.name.len() + call.arguments.len();
        self.begin(progress, bytes).await;
        self.tell(GenerationEvent::ToolCall(call)).await;
    }

    async fn begin(&mut self, progress: &mut Progress, bytes: usize) {
        self.start(progress).await;
        self.has_spoken = true;
        progress.first_piece.get_or_insert_with(Instant::now);
        progress.answer_bytes = progress.answer_bytes.saturating_add(bytes);
    }

    pub(super) async fn done(
        &mut self,
        progress: &Progress,
        finish_reason: FinishReason,
        billed: Billed,
    ) {
        self.start(progress).await;
        let end = Instant::now();
        let first = progress.first_piece.unwrap_or(end);
        let millis = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        let done = Done {
            request_id: 0,
            finish_reason,
            input_tokens: billed.input_tokens,
            output_tokens: billed.output_tokens,
            prefill_ms: millis(progress.began, first),
            decode_ms: millis(first, end),
            cached_tokens: billed.cached_tokens,
            wait_ms: 0,
            drafted_tokens: 0,
            accepted_tokens: 0,
            stop_text: progress.stop_text.clone(),
        };
        self.tell(GenerationEvent::Billed(billed)).await;
        self.tell(GenerationEvent::Done(done)).await;
    }
}
