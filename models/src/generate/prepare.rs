//! Everything about a request that needs no computing step: checks, the chat template,
//! tokenising, compiling its constraint. Done by a thread of its own, so that a long prompt or a
//! difficult grammar never delays anybody's next word.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{
    Chat, Constraint, CountTokens, EngineMessage, Failure, Generate, Input, LoadKind, OnOverflow,
    Prompt, Tool, ToolChoice, codes,
};
use llama_cpp_2::token::LlamaToken;
use llguidance::Matcher;
use serde_json::json;

use super::answer::AnswerText;
use super::check::{check, check_input, joins_tools};
use super::constraint::{Compiler, json_rule};
use super::prompt::{PromptFormat, Turns, offered};
use super::sampler::{Picker, Vocabulary};
use super::tools::ToolFormat;
use super::trim::{Fit, Fitted, fit};
use super::writer::Writer;
use crate::outbox::Outbox;
use crate::queue::{Job, JobQueue, StopFlag, Work};
use crate::worker;

/// Requests that are prepared ahead of their turn.
const AHEAD_MAX: usize = 4;
/// Share of the context that is kept free for the answer, however long it may become.
const RESERVE_DIVISOR: u32 = 4;

/// A request that is ready to be computed.
pub(super) struct Prepared {
    pub(super) request_id: u64,
    pub(super) stop: StopFlag,
    pub(super) arrived: Instant,
    pub(super) prompt: Vec<LlamaToken>,
    pub(super) trimmed_messages: usize,
    /// How many tokens the prompt shares with all that have the same instructions.
    pub(super) system_tokens: usize,
    pub(super) adapter: Option<usize>,
    pub(super) max_tokens: u32,
    pub(super) picker: Picker,
    pub(super) writer: Writer,
    /// Obeyed as soon as the answer becomes a tool call.
    pub(super) call_constraint: Option<Matcher>,
    /// Forget the older half instead of ending with the context.
    pub(super) shifts: bool,
    pub(super) ignores_end: bool,
    pub(super) is_seeded: bool,
    pub(super) reports_logprobs: bool,
}

/// Requests that are ready, in order.
#[derive(Default)]
pub(super) struct Ready(Mutex<VecDeque<Prepared>>);

impl Ready {
    pub(super) fn lock(&self) -> MutexGuard<'_, VecDeque<Prepared>> {
        // No code that holds the lock can leave the queue half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What preparing needs to know of the loaded model.
pub(super) struct Preparer<'model> {
    pub(super) format: PromptFormat<'model>,
    pub(super) compiler: Compiler<'model>,
    pub(super) vocabulary: Vocabulary,
    pub(super) context_length: u32,
    pub(super) adapters: Vec<String>,
    /// Whether anybody wants to know where instructions end.
    pub(super) keeps_prefixes: bool,
}

impl Preparer<'_> {
    /// Prepares requests until the queue is closed or the node is gone.
    pub(super) fn run(&self, queue: &JobQueue, ready: &Ready, outbox: &Outbox) {
        while let Some(job) = queue.next_to_prepare(AHEAD_MAX) {
            if let Err(error) = self.handle(job, queue, ready, outbox) {
                tracing::warn!("{error}");
                return;
            }
        }
    }

    fn handle(
        &self,
        job: Job,
        queue: &JobQueue,
        ready: &Ready,
        outbox: &Outbox,
    ) -> Result<(), FrameError> {
        let Job {
            work,
            stop,
            arrived,
        } = job;
        match work {
            Work::Generate(request) => match self.prepare(&request, stop, arrived) {
                Ok(prepared) => {
                    ready.lock().push_back(prepared);
                    queue.announce_ready();
                    Ok(())
                }
                Err(failure) => {
                    queue.release();
                    queue.end(request.request_id);
                    outbox.fail(request.request_id, failure)
                }
            },
            Work::CountTokens(request) => {
                queue.end(request.request_id);
                self.count(&request, outbox)
            }
            other => {
                let failure = worker::unsuitable(&other, LoadKind::Generative);
                if let Some(request_id) = other.request_id() {
                    queue.end(request_id);
                }
                worker::refuse(&other, &failure, outbox)
            }
        }
    }

    fn count(&self, request: &CountTokens, outbox: &Outbox) -> Result<(), FrameError> {
        let request_id = request.request_id;
        let tokens = match (&request.input, check_input(&request.input)) {
            (_, Some(problem)) => Err(Failure::new(codes::INVALID_REQUEST, problem)),
            (Input::Text { text }, None) => Ok(self.format.text_tokens(text, usize::MAX)),
            (Input::Chat(chat), None) => {
                let messages: Vec<_> = chat.messages.iter().collect();
                let turns = Turns {
                    messages: &messages,
                    tools: offered(chat),
                    forced: forced_tool(chat).is_some(),
                };
                self.format.tokens(&turns, usize::MAX)
            }
        };
        match tokens {
            Ok(tokens) => outbox.send(&EngineMessage::TokenCount {
                request_id,
                input_tokens: super::count(tokens.unwrap_or_default().len()),
            }),
            Err(failure) => outbox.fail(request_id, failure),
        }
    }

    fn prepare(
        &self,
        request: &Generate,
        stop: StopFlag,
        arrived: Instant,
    ) -> Result<Prepared, Failure> {
        let prompt = &request.prompt;
        check(prompt, self.vocabulary.length.unsigned_abs())?;
        let adapter = self.adapter(prompt)?;
        let fitted = self.fit(prompt)?;
        let mut picker = Picker::new(&prompt.sampling, &self.vocabulary, &fitted.prompt);
        picker.report(prompt.logprobs);
        if prompt.ignore_end {
            picker.ban(&self.vocabulary.ends);
        }
        let (writer, call_constraint) = self.answer(prompt, &mut picker)?;
        let shifts = prompt.on_overflow == OnOverflow::Shift;
        let system_tokens = match &prompt.input {
            Input::Chat(chat) if self.keeps_prefixes || shifts => self.format.system_tokens(chat),
            _ => 0,
        };
        Ok(Prepared {
            request_id: request.request_id,
            stop,
            arrived,
            prompt: fitted.prompt,
            trimmed_messages: fitted.trimmed_messages,
            system_tokens,
            adapter,
            max_tokens: prompt.max_tokens,
            picker,
            writer,
            call_constraint,
            shifts,
            ignores_end: prompt.ignore_end,
            is_seeded: prompt.sampling.seed.is_some(),
            reports_logprobs: prompt.logprobs.is_some(),
        })
    }

    fn adapter(&self, prompt: &Prompt) -> Result<Option<usize>, Failure> {
        let Some(name) = &prompt.adapter else {
            return Ok(None);
        };
        let place = self.adapters.iter().position(|known| known == name);
        place.map(Some).ok_or_else(|| {
            Failure::new(
                codes::UNKNOWN_ADAPTER,
                format!("the model runs without the adapter {name:?}; what it noted when it was loaded says why"),
            )
        })
    }

    /// How the answer is written, and what constrains it: from its beginning (by way of
    /// `picker`), or from the moment that it becomes a call.
    fn answer(
        &self,
        prompt: &Prompt,
        picker: &mut Picker,
    ) -> Result<(Writer, Option<Matcher>), Failure> {
        let format = self.format.tool_format();
        let chat = match &prompt.input {
            Input::Chat(chat) => Some(chat),
            Input::Text { .. } => None,
        };
        let stops = self.format.stops().iter().map(|stop| (*stop).to_owned());
        let stops = prompt.stop.iter().cloned().chain(stops);
        let text = AnswerText::new(stops, chat.is_some());
        let offered = chat.map(offered).unwrap_or_default();
        let tools = offered;
        if let Some(forced) = chat.and_then(forced_tool) {
            let (tools, one) = match forced {
                Some(name) => (
                    tools.iter().filter(|tool| tool.name == name).collect(),
                    true,
                ),
                None => (tools.iter().collect::<Vec<_>>(), false),
            };
            picker.constrain(self.calls(format, &tools, one)?);
            return Ok((Writer::of_calls(text, format, offered), None));
        }
        if tools.is_empty() {
            if let Some(constraint) = &prompt.constraint {
                picker.constrain(self.compiler.compile(constraint)?);
            }
            return Ok((Writer::new(text), None));
        }
        let tools: Vec<&Tool> = tools.iter().collect();
        match &prompt.constraint {
            None => {
                let calls = self.calls(format, &tools, false)?;
                Ok((Writer::with_tools(text, format, offered), Some(calls)))
            }
            Some(constraint) if joins_tools(constraint) && format.stands_beside_json() => {
                picker.constrain(self.json_or_calls(format, constraint, &tools)?);
                Ok((Writer::with_tools(text, format, offered), None))
            }
            Some(constraint) => {
                picker.constrain(self.compiler.compile(constraint)?);
                Ok((Writer::new(text), None))
            }
        }
    }

    fn calls(&self, format: ToolFormat, tools: &[&Tool], one: bool) -> Result<Matcher, Failure> {
        let rules = format.grammar(tools, one, |text| self.compiler.mark(text))?;
        self.compiler.compile_lark(format!("start: calls\n{rules}"))
    }

    /// Either JSON as asked for, or tool calls.
    fn json_or_calls(
        &self,
        format: ToolFormat,
        constraint: &Constraint,
        tools: &[&Tool],
    ) -> Result<Matcher, Failure> {
        let schema = match constraint {
            Constraint::JsonSchema { schema } => schema.clone(),
            _ => json!({"type": "object"}),
        };
        let answer = json_rule(&schema, (",", ":"))?;
        let rules = format.grammar(tools, false, |text| self.compiler.mark(text))?;
        self.compiler.compile_lark(format!(
            "start: answer | \"<tool_call>\" calls\nanswer: {answer}\n{rules}"
        ))
    }

    fn fit(&self, prompt: &Prompt) -> Result<Fitted<Vec<LlamaToken>>, Failure> {
        let reserve = prompt.max_tokens.min(self.context_length / RESERVE_DIVISOR);
        let limit = (self.context_length - reserve) as usize;
        let chat = match &prompt.input {
            Input::Chat(chat) => chat,
            Input::Text { text } => {
                return self
                    .format
                    .text_tokens(text, limit)
                    .map(|prompt| Fitted {
                        prompt,
                        trimmed_messages: 0,
                    })
                    .ok_or_else(|| too_long("text", limit));
            }
        };
        let may_trim = prompt.on_overflow != OnOverflow::Refuse;
        let fitted = fit(&chat.messages, may_trim, |messages| {
            let turns = Turns {
                messages,
                tools: offered(chat),
                forced: forced_tool(chat).is_some(),
            };
            self.format.tokens(&turns, limit)
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
            Fit::TooLong => Err(too_long("message", limit)),
        }
    }
}

fn too_long(what: &str, limit: usize) -> Failure {
    Failure::new(
        codes::PROMPT_TOO_LONG,
        format!(
            "the {what} exceeds the {limit} tokens that the model reads at most; \
             shorten it, split it, or choose a model with a longer context"
        ),
    )
}

/// Whether the answer must be a call, and of which tool if of a certain one.
fn forced_tool(chat: &Chat) -> Option<Option<&str>> {
    match &chat.tool_choice {
        ToolChoice::Auto | ToolChoice::None => None,
        ToolChoice::Required => Some(None),
        ToolChoice::Tool { name } => Some(Some(name)),
    }
}
