//! One request while it is computed.

use std::time::{Duration, Instant};

use guildhall_engine_protocol::{
    Done, EngineMessage, Failure, FinishReason, Started, TokenLogprob,
};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::vocab::LlamaVocab;
use llguidance::Matcher;

use super::constraint::Compiler;
use super::count;
use super::lookup::Lookup;
use super::prepare::Prepared;
use super::sampler::{Picked, Picker, RawLogprobs};
use super::writer::{Writer, tool_call};
use crate::outbox::Parcel;
use crate::queue::StopFlag;
use crate::worker::milliseconds;

/// A request and how far it is.
pub(super) struct Run {
    pub(super) request_id: u64,
    pub(super) stop: StopFlag,
    /// The sequence it is computed in.
    pub(super) sequence: usize,
    pub(super) adapter: Option<usize>,
    /// What has to be in the cache before the next token is picked.
    pub(super) prompt: Vec<LlamaToken>,
    /// How much of the prompt's beginning is instructions.
    pub(super) system_tokens: usize,
    /// Where to stop reading for a moment because the instructions shall be kept on disk.
    pub(super) save_at: Option<usize>,
    /// The token that was picked last and is not computed yet; `None` while reading.
    pub(super) next: Option<LlamaToken>,
    pub(super) lookup: Lookup,
    pub(super) picker: Picker,
    pub(super) is_seeded: bool,
    max_tokens: u32,
    shifts: bool,
    ignores_end: bool,
    reports_logprobs: bool,
    writer: Writer,
    call_constraint: Option<Matcher>,
    input_tokens: usize,
    cached_tokens: usize,
    output_tokens: u32,
    wait: Duration,
    started: Instant,
    answer_started: Option<Instant>,
}

/// What a picked token means for its request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It goes on with this token.
    Continue,
    /// It ends.
    End(FinishReason),
    /// The context is full and the request wants to forget and go on.
    Shift,
}

/// What a run needs to know of its model.
pub(super) struct Language<'a> {
    pub(super) vocab: LlamaVocab<'a>,
    pub(super) compiler: &'a Compiler<'a>,
    /// The control token that begins a tool call, in models that have one.
    pub(super) call_token: Option<LlamaToken>,
    pub(super) context_length: usize,
}

impl Run {
    /// Begins a request in `sequence`, which holds the first `cached` tokens of its prompt.
    pub(super) fn begin(prepared: Prepared, sequence: usize, cached: usize) -> Self {
        Self {
            request_id: prepared.request_id,
            stop: prepared.stop,
            sequence,
            adapter: prepared.adapter,
            input_tokens: prepared.prompt.len(),
            prompt: prepared.prompt,
            system_tokens: prepared.system_tokens,
            save_at: None,
            next: None,
            lookup: Lookup::default(),
            picker: prepared.picker,
            is_seeded: prepared.is_seeded,
            max_tokens: prepared.max_tokens,
            shifts: prepared.shifts,
            ignores_end: prepared.ignores_end,
            reports_logprobs: prepared.reports_logprobs,
            writer: prepared.writer,
            call_constraint: prepared.call_constraint,
            cached_tokens: cached,
            output_tokens: 0,
            wait: prepared.arrived.elapsed(),
            started: Instant::now(),
            answer_started: None,
        }
    }

    /// The message that the request begins with.
    pub(super) fn started(&self, trimmed_messages: usize) -> EngineMessage {
        EngineMessage::Started(Started {
            request_id: self.request_id,
            input_tokens: count(self.input_tokens),
            cached_tokens: count(self.cached_tokens),
            trimmed_messages: count(trimmed_messages),
        })
    }

    /// How many more tokens may be guessed ahead, when `held` are in the cache.
    pub(super) fn guesses_max(&self, held: usize, context_length: usize) -> usize {
        let wanted = self.max_tokens.saturating_sub(self.output_tokens + 1) as usize;
        wanted.min(context_length.saturating_sub(held + 2))
    }

    /// Takes a token that was picked when `held` tokens were computed before it.
    ///
    /// # Errors
    /// When the constraint of a tool call cannot be followed.
    pub(super) fn take(
        &mut self,
        picked: &Picked,
        held: usize,
        language: &Language<'_>,
        parcel: &mut Parcel,
    ) -> Result<Outcome, Failure> {
        self.answer_started.get_or_insert_with(Instant::now);
        let token = picked.token;
        if language.vocab.is_eog(token) && !self.ignores_end {
            return Ok(Outcome::End(FinishReason::Stop));
        }
        self.output_tokens += 1;
        let mut bytes = language.vocab.token_to_piece(token, false, None);
        if bytes.is_empty() && self.writer.is_calling() {
            bytes = language.vocab.token_to_piece(token, true, None);
        }
        let opens_call = self.call_constraint.is_some() && language.call_token == Some(token);
        let written = if opens_call {
            self.writer.begin_call()
        } else {
            self.writer.push(&bytes)
        };
        let logprobs = picked
            .logprobs
            .as_ref()
            .filter(|_| self.reports_logprobs)
            .map(|raw| vec![named(raw, bytes, language)])
            .unwrap_or_default();
        self.send_text(written.text, logprobs, parcel);
        if let Some(known) = &written.call_begins {
            self.begin_call(known, language);
        }
        if written.stopped {
            return Ok(Outcome::End(FinishReason::Stop));
        }
        if self.picker.is_complete() {
            return Ok(Outcome::End(FinishReason::Stop));
        }
        if self.output_tokens >= self.max_tokens {
            return Ok(Outcome::End(FinishReason::Length));
        }
        if held + 1 >= language.context_length {
            return Ok(if self.shifts {
                Outcome::Shift
            } else {
                Outcome::End(FinishReason::Length)
            });
        }
        Ok(Outcome::Continue)
    }

    /// From here on the answer is a tool call. What is known of it may already contradict the
    /// grammar; then the model goes on freely and the call is checked at its end.
    fn begin_call(&mut self, known: &str, language: &Language<'_>) {
        let Some(mut constraint) = self.call_constraint.take() else {
            return;
        };
        let known = language.compiler.spell(known);
        if constraint.consume_tokens(&known).is_ok() {
            self.picker.constrain(constraint);
        }
    }

    /// What is read again after `tokens` fill the context: the instructions, the younger half of
    /// the rest, and the token picked last.
    pub(super) fn shift(&mut self, tokens: &[LlamaToken], token: LlamaToken) -> usize {
        let keep = self.system_tokens.min(tokens.len() / 2);
        let (instructions, rest) = tokens.split_at(keep);
        let younger = rest.get(rest.len() / 2..).unwrap_or_default();
        self.prompt = [instructions, younger, &[token]].concat();
        self.next = None;
        keep
    }

    /// Ends the request and says so.
    pub(super) fn finish(self, reason: FinishReason, parcel: &mut Parcel) {
        let prefill = self
            .answer_started
            .map_or_else(|| self.started.elapsed(), |first| first - self.started);
        let decode = self
            .answer_started
            .map_or(Duration::ZERO, |first| first.elapsed());
        let mut done = Done {
            request_id: self.request_id,
            finish_reason: reason,
            input_tokens: count(self.input_tokens),
            output_tokens: self.output_tokens,
            prefill_ms: milliseconds(prefill),
            decode_ms: milliseconds(decode),
            cached_tokens: count(self.cached_tokens),
            wait_ms: milliseconds(self.wait),
            drafted_tokens: self.lookup.drafted,
            accepted_tokens: self.lookup.accepted,
            stop_text: None,
        };
        let ending = self.writer.finish(reason == FinishReason::Stop);
        done.stop_text = ending.stop_text;
        if !ending.text.is_empty() {
            parcel.add(&EngineMessage::Token {
                request_id: done.request_id,
                text: ending.text,
                logprobs: Vec::new(),
            });
        }
        if !ending.calls.is_empty() && reason == FinishReason::Stop {
            done.finish_reason = FinishReason::ToolCalls;
        }
        if reason != FinishReason::Cancelled {
            for (index, call) in ending.calls.into_iter().enumerate() {
                parcel.add(&EngineMessage::ToolCall {
                    request_id: done.request_id,
                    call: tool_call(done.request_id, index, call),
                });
            }
        }
        tracing::info!(
            request_id = done.request_id,
            input_tokens = done.input_tokens,
            cached_tokens = done.cached_tokens,
            output_tokens = done.output_tokens,
            prefill_ms = done.prefill_ms,
            decode_ms = done.decode_ms,
            "answered"
        );
        parcel.add(&EngineMessage::Done(done));
    }

    fn send_text(&self, text: String, logprobs: Vec<TokenLogprob>, parcel: &mut Parcel) {
        if text.is_empty() && logprobs.is_empty() {
            return;
        }
        parcel.add(&EngineMessage::Token {
            request_id: self.request_id,
            text,
            logprobs,
        });
    }
}

fn named(raw: &RawLogprobs, bytes: Vec<u8>, language: &Language<'_>) -> TokenLogprob {
    TokenLogprob {
        token: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
        logprob: raw.logprob,
        top: raw.named(|token| language.vocab.token_to_piece(token, true, None)),
    }
}
