//! Answers one generation request after the other.

use std::time::{Duration, Instant};

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{
    ChatMessage, Done, EngineMessage, Failure, FinishReason, Generate, Input, OnOverflow, Started,
    codes,
};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;

use super::answer::AnswerText;
use super::prompt::PromptFormat;
use super::sequence::{Progress, Sequence};
use super::trim::{Fit, Fitted, fit};
use crate::outbox::Outbox;
use crate::queue::StopFlag;
use crate::worker::milliseconds;

const STOPS_MAX: usize = 16;
/// Share of the context that is kept free for the answer, however long it may become.
const RESERVE_DIVISOR: u32 = 4;

/// A loaded model and what it remembers.
pub(super) struct Answerer<'model> {
    model: &'model LlamaModel,
    format: PromptFormat,
    sequence: Sequence<'model>,
    context_length: u32,
}

/// Why a request ended early.
enum RequestError {
    Failed(Failure),
    Connection(FrameError),
}

impl From<Failure> for RequestError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<FrameError> for RequestError {
    fn from(error: FrameError) -> Self {
        Self::Connection(error)
    }
}

impl<'model> Answerer<'model> {
    pub(super) fn new(
        model: &'model LlamaModel,
        format: PromptFormat,
        sequence: Sequence<'model>,
        context_length: u32,
    ) -> Self {
        Self {
            model,
            format,
            sequence,
            context_length,
        }
    }

    /// Answers one request to its end.
    ///
    /// # Errors
    /// When the node is gone.
    pub(super) fn answer(
        &mut self,
        request: &Generate,
        stop: &StopFlag,
        outbox: &Outbox,
    ) -> Result<(), FrameError> {
        match self.generate(request, stop, outbox) {
            Ok(done) => {
                tracing::info!(
                    request_id = done.request_id,
                    input_tokens = done.input_tokens,
                    output_tokens = done.output_tokens,
                    prefill_ms = done.prefill_ms,
                    decode_ms = done.decode_ms,
                    "answered"
                );
                outbox.send(&EngineMessage::Done(done))
            }
            Err(RequestError::Failed(failure)) => outbox.fail(request.request_id, failure),
            Err(RequestError::Connection(error)) => Err(error),
        }
    }

    fn generate(
        &mut self,
        request: &Generate,
        stop: &StopFlag,
        outbox: &Outbox,
    ) -> Result<Done, RequestError> {
        check(request)?;
        let fitted = self.fit(request)?;
        let seeded = request.prompt.sampling.seed.is_some();
        if seeded {
            self.sequence.clear();
        }
        let cached = self.sequence.keep_prefix_of(&fitted.prompt);
        let input_tokens = count(fitted.prompt.len());
        outbox.send(&EngineMessage::Started(Started {
            request_id: request.request_id,
            input_tokens,
            cached_tokens: count(cached),
            trimmed_messages: count(fitted.trimmed_messages),
        }))?;
        let started = Instant::now();
        let progress = self.sequence.prefill(&fitted.prompt, seeded, stop)?;
        let prefill = started.elapsed();
        let started = Instant::now();
        let (finish_reason, output_tokens) = match progress {
            Progress::Stopped => (FinishReason::Cancelled, 0),
            Progress::Finished => self.decode(request, stop, outbox)?,
        };
        let decode = if output_tokens > 0 {
            started.elapsed()
        } else {
            Duration::ZERO
        };
        Ok(Done {
            request_id: request.request_id,
            finish_reason,
            input_tokens,
            output_tokens,
            prefill_ms: milliseconds(prefill),
            decode_ms: milliseconds(decode),
            cached_tokens: count(cached),
            wait_ms: 0,
            drafted_tokens: 0,
            accepted_tokens: 0,
        })
    }

    /// Picks token after token; returns why it ended and how many there were.
    fn decode(
        &mut self,
        request: &Generate,
        stop: &StopFlag,
        outbox: &Outbox,
    ) -> Result<(FinishReason, u32), RequestError> {
        let vocab = self.model.vocab();
        let mut sampler = sampler(request);
        let stops = self.format.stops().iter().map(|stop| (*stop).to_owned());
        let mut answer = AnswerText::new(request.prompt.stop.iter().cloned().chain(stops));
        let mut output_tokens = 0;
        let finish_reason = loop {
            if stop.is_raised() {
                break FinishReason::Cancelled;
            }
            let token = self.sequence.sample(&mut sampler);
            if vocab.is_eog(token) {
                break FinishReason::Stop;
            }
            output_tokens += 1;
            let addition = answer.push(&vocab.token_to_piece(token, false, None));
            send_text(request, addition.text, outbox)?;
            if addition.stopped {
                return Ok((FinishReason::Stop, output_tokens));
            }
            let full = self.sequence.len() + 1 >= self.context_length as usize;
            if output_tokens >= request.prompt.max_tokens || full {
                break FinishReason::Length;
            }
            self.sequence.append(token)?;
        };
        send_text(request, answer.finish(), outbox)?;
        Ok((finish_reason, output_tokens))
    }

    fn fit(&self, request: &Generate) -> Result<Fitted<Vec<LlamaToken>>, Failure> {
        let reserve = request
            .prompt
            .max_tokens
            .min(self.context_length / RESERVE_DIVISOR);
        let limit = self.context_length - reserve;
        let may_trim = request.prompt.on_overflow == OnOverflow::TrimOldest;
        let fitted = fit(chat(request), may_trim, |messages| {
            self.format.tokens(self.model, messages, limit as usize)
        })?;
        match fitted {
            Fit::Fits(fitted) => Ok(fitted),
            Fit::NeedsTrimming => Err(Failure::new(
                codes::CONTEXT_EXCEEDED,
                format!(
                    "the conversation exceeds the {limit} tokens that the model reads at most; \
                     start a new one or allow older messages to be left out"
                ),
            )),
            Fit::TooLong => Err(Failure::new(
                codes::PROMPT_TOO_LONG,
                format!(
                    "the message exceeds the {limit} tokens that the model reads at most; \
                     shorten it, split it, or choose a model with a longer context"
                ),
            )),
        }
    }
}

/// The messages of a conversation; bare text has none and is refused by `check`.
fn chat(request: &Generate) -> &[ChatMessage] {
    match &request.prompt.input {
        Input::Chat(chat) => &chat.messages,
        Input::Text { .. } => &[],
    }
}

fn check(request: &Generate) -> Result<(), Failure> {
    let problem = if chat(request).is_empty() {
        "messages are empty; send at least one"
    } else if request.prompt.max_tokens == 0 {
        "max_tokens is 0; ask for at least 1"
    } else if !(0.0..=2.0).contains(&request.prompt.sampling.temperature) {
        "temperature is not between 0 and 2"
    } else if !(request.prompt.sampling.top_p > 0.0 && request.prompt.sampling.top_p <= 1.0) {
        "top_p is not above 0 and at most 1"
    } else if request.prompt.stop.len() > STOPS_MAX {
        "more than 16 stop texts; send fewer"
    } else {
        return Ok(());
    };
    Err(Failure::new(codes::INVALID_REQUEST, problem))
}

fn sampler(request: &Generate) -> LlamaSampler {
    if request.prompt.sampling.temperature <= 0.0 {
        return LlamaSampler::greedy();
    }
    // llama.cpp takes the largest number for "pick a seed"; that is our `None`.
    let seed = request
        .prompt
        .sampling
        .seed
        .map_or(u32::MAX, |seed| seed.min(u32::MAX - 1));
    LlamaSampler::chain(
        [
            LlamaSampler::top_k(i32::try_from(request.prompt.sampling.top_k).unwrap_or(i32::MAX)),
            LlamaSampler::top_p(request.prompt.sampling.top_p, 1),
            LlamaSampler::temp(request.prompt.sampling.temperature),
            LlamaSampler::dist(seed),
        ],
        true,
    )
}

fn send_text(request: &Generate, text: String, outbox: &Outbox) -> Result<(), FrameError> {
    if text.is_empty() {
        return Ok(());
    }
    outbox.send(&EngineMessage::Token {
        request_id: request.request_id,
        text,
        logprobs: Vec::new(),
    })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
