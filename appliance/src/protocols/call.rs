//! A call under way: one answer or several, read as one sequence of pieces, and metered however it ends.

use std::collections::VecDeque;

use guildhall_engine_protocol::{Chat, ChatMessage, ChatRole, Input, Prompt, Sampling, ToolChoice};
use guildhall_kernel::{Ctx, Error, Result, VeId};
use guildhall_web::guard;
use tokio_util::sync::CancellationToken;

pub(super) use super::piece::{Finish, Head, Piece};

use super::{
    ask::{Ask, CHOICES_MAX},
    metered::{Metered, Used},
    reply::{self, Reply},
    target::Target,
};
use crate::{
    app::App,
    billing::Outcome,
    chat::{self, Prepared},
    identity::Watch,
    inference::{Caller, GenerationEvent, Priority},
    team::Busy,
};

/// A call under way. Dropping it stops its models within a token.
pub(super) struct Call {
    /// Answers being written, by their number.
    replies: Vec<Option<Reply>>,
    /// Pieces that are ready.
    ready: VecDeque<(usize, Piece)>,
    one_tool_call: bool,
    metered: Metered,
    head: Head,
    /// Shows that the employee is at work.
    busy: Option<Busy>,
    /// Ends the call with the access of whoever makes it.
    watch: Watch,
}

impl Call {
    /// Starts a call and waits until a model has begun with it, so that what prevents the answer is said
    /// in place of one.
    ///
    /// # Errors
    /// Those of the name, of the employee, and of the engine.
    pub(super) async fn start(app: &App, ctx: &Ctx, ask: Ask) -> Result<Self> {
        if ask.inputs.is_empty() || ask.inputs.len() * to_usize(ask.choices) > CHOICES_MAX {
            let message = format!("ask for at most {CHOICES_MAX} answers over all prompts");
            return Err(Error::invalid_field("n", "invalid_value", message));
        }
        ask.wishes.check()?;
        let target = Target::find(app, ctx, &ask.model).await?;
        let (model, ve) = match &target {
            Target::Model(chosen) => (chosen.name.clone(), None),
            Target::Employee(ve) => (ask.model.clone(), Some(*ve)),
        };
        let metered = Metered::new(app, ctx, (ask.kind, &model, ve)).await?;
        let id = metered.row.call.id.to_string();
        let mut call = Self {
            replies: Vec::new(),
            ready: VecDeque::new(),
            one_tool_call: ask.one_tool_call,
            head: Head {
                key: id.split_once('_').map_or("", |(_, key)| key).to_owned(),
                created: metered.row.call.created_at.as_millis() / 1000,
                model,
                used: Used::default(),
            },
            metered,
            busy: None,
            watch: app.live.watch_work(ctx, CancellationToken::new()),
        };
        let begun = match call.begin(app, ctx, ask, target).await {
            Ok(()) => call.first_piece().await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(()) => Ok(call),
            Err(error) => {
                call.metered.row.failed(&error);
                Err(error)
            }
        }
    }

    async fn begin(&mut self, app: &App, ctx: &Ctx, ask: Ask, target: Target) -> Result<()> {
        let caller = Caller::of(ctx, Priority::Interactive).with_haste(ask.haste);
        let caller = match target {
            Target::Model(_) => caller,
            Target::Employee(ve) => caller.with_ve(ve),
        };
        // Once for all answers, and before any work, an employee's reading included.
        self.metered.charge = Some(app.inference.admit(&caller)?);
        let answering = Answering {
            app,
            ctx,
            ask: &ask,
        };
        for input in ask.inputs.iter().cloned() {
            match &target {
                Target::Model(chosen) => {
                    let plan = Plan {
                        model: chosen.name.clone(),
                        context_length: chosen.context_length,
                        input,
                        sampling: Sampling::default(),
                        caller: caller.clone(),
                    };
                    self.generate(&answering, plan)?;
                }
                Target::Employee(ve) => self.ask_employee(&answering, *ve, input).await?,
            }
        }
        Ok(())
    }

    async fn ask_employee(
        &mut self,
        answering: &Answering<'_>,
        ve: VeId,
        input: Input,
    ) -> Result<()> {
        let chat = match input {
            Input::Chat(chat) => chat,
            Input::Text { text } => Chat {
                messages: vec![ChatMessage::new(ChatRole::User, text)],
                tools: Vec::new(),
                tool_choice: ToolChoice::None,
            },
        };
        let forced = matches!(
            chat.tool_choice,
            ToolChoice::Required | ToolChoice::Tool { .. }
        );
        let asked = (chat, answering.ask.haste);
        let preparing = chat::prepare(answering.app, answering.ctx, ve, asked);
        // Large, and not for every call: its state would be carried along by all of them.
        let prepared = Box::pin(preparing).await?;
        self.busy = Some(answering.app.presence.begin(ve));
        match prepared {
            Prepared::Prompt {
                model,
                context_length,
                chat,
                caller,
                sampling,
            } => {
                let plan = Plan {
                    model,
                    context_length,
                    input: Input::Chat(chat),
                    sampling,
                    caller: *caller,
                };
                self.generate(answering, plan)
            }
            Prepared::Quotes { .. } if forced || answering.ask.constraint.is_some() => {
                let message = "this employee quotes its sources at the moment, so it can neither call tools nor \
                               write JSON or by a grammar; give it a generative model";
                Err(Error::invalid_field("model", "employee_quotes", message))
            }
            Prepared::Quotes { pieces, usage } => {
                self.metered.row.call.mode = "extractive";
                crate::inference::EXTRACTIVE.clone_into(&mut self.metered.row.call.model);
                self.quote(answering.ask.choices, &pieces, usage);
                Ok(())
            }
        }
    }

    fn generate(&mut self, answering: &Answering<'_>, plan: Plan) -> Result<()> {
        let ask = answering.ask;
        let metered = &mut self.metered;
        metered.row.call.model.clone_from(&plan.model);
        metered.row.reached_model = true;
        let charge = metered.charge.as_ref();
        let charge = charge.ok_or_else(|| Error::internal("a call that was not let in"))?;
        let room = plan.context_length.unwrap_or(u32::MAX);
        for choice in 0..ask.choices {
            let prompt = Prompt {
                sampling: ask.wishes.sampling(&plan.sampling, choice),
                stop: ask.stop.clone(),
                on_overflow: ask.overflow,
                constraint: ask.constraint.clone(),
                logprobs: ask.logprobs,
                ..Prompt::new(plan.input.clone(), ask.max_tokens.unwrap_or(room).min(room))
            };
            let inference = &answering.app.inference;
            let caller = plan.caller.clone();
            let generation = inference.generate_within(charge, caller, &plan.model, prompt)?;
            self.replies.push(Some(Reply {
                generation,
                counts_input: choice == 0,
                called_tool: false,
                written: 0,
                input_tokens: 0,
                cached_tokens: 0,
            }));
        }
        Ok(())
    }

    /// Puts a complete answer down as every choice of one prompt.
    fn quote(&mut self, choices: u32, pieces: &[String], usage: chat::Usage) {
        self.metered.row.reached_model = true;
        self.metered.first_piece();
        self.metered.used.input_tokens += usage.input_tokens;
        for _ in 0..choices {
            let index = self.replies.len();
            self.replies.push(None);
            self.metered.used.output_tokens += usage.output_tokens;
            self.ready.push_back((index, Piece::Begun));
            let text = |text: &String| Piece::Text {
                text: text.clone(),
                logprobs: Vec::new(),
            };
            self.ready
                .extend(pieces.iter().map(|piece| (index, text(piece))));
            self.ready
                .push_back((index, Piece::End(Finish::Stop, None)));
        }
    }

    async fn first_piece(&mut self) -> Result<()> {
        match self.next().await {
            Some(Ok(piece)) => {
                self.ready.push_front(piece);
                Ok(())
            }
            Some(Err(error)) => Err(error),
            None => Err(Error::internal("an answer without a piece")),
        }
    }

    /// The next piece and the number of the answer it belongs to; nothing after the last.
    pub(super) async fn next(&mut self) -> Option<Result<(usize, Piece)>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                if self.ready.is_empty() && self.replies.iter().all(Option::is_none) {
                    self.metered.row.call.outcome = Outcome::Complete;
                }
                return Some(Ok(ready));
            }
            let is_watched = !self.watch.has_ended();
            let ready = is_watched
                .then(|| reply::ready(&mut self.replies))
                .flatten();
            let next = match ready {
                Some(event) => Ok(Some(event)),
                None => tokio::select! {
                    biased;
                    () = self.watch.ended() => Err(guard::not_logged_in()),
                    next = reply::next(&mut self.replies) => Ok(next),
                },
            };
            let taken = match next {
                Ok(None) => return None,
                Ok(Some((index, event))) => self.take(index, event),
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                self.metered.row.failed(&error);
                self.replies.clear();
                return Some(Err(error));
            }
        }
    }

    fn take(&mut self, index: usize, event: Option<Result<GenerationEvent>>) -> Result<()> {
        let event = event.unwrap_or_else(|| Err(Error::internal("an answer without an end")))?;
        let Some(Some(reply)) = self.replies.get_mut(index) else {
            return Ok(());
        };
        let metered = &mut self.metered;
        let piece = match event {
            GenerationEvent::Queued { .. } => {
                metered.queued();
                return Ok(());
            }
            GenerationEvent::Turn { waited_ms } => {
                metered.turn(waited_ms);
                return Ok(());
            }
            GenerationEvent::Started(started) => {
                let read = (started.input_tokens, started.cached_tokens);
                reply.note_input(read, &mut metered.used);
                Piece::Begun
            }
            GenerationEvent::Token {
                text,
                tokens,
                logprobs,
            } => {
                metered.first_piece();
                reply.written += tokens;
                metered.used.output_tokens += tokens;
                Piece::Text { text, logprobs }
            }
            GenerationEvent::ToolCall(call) => {
                metered.first_piece();
                reply.called_tool = true;
                Piece::ToolCall(call)
            }
            GenerationEvent::Billed(billed) => {
                metered.row.billed(&billed);
                return Ok(());
            }
            GenerationEvent::Done(done) => {
                // A provider counts its tokens at the end.
                let read = (done.input_tokens, done.cached_tokens);
                reply.note_input(read, &mut metered.used);
                let used = &mut metered.used;
                used.output_tokens = used.output_tokens - reply.written + done.output_tokens;
                metered.row.call.decode_ms += done.decode_ms;
                Piece::End(
                    Finish::of(done.finish_reason, reply.called_tool)?,
                    done.stop_text,
                )
            }
            GenerationEvent::Loading => return Ok(()),
        };
        let is_last_call = self.one_tool_call && matches!(piece, Piece::ToolCall(_));
        if (is_last_call || matches!(piece, Piece::End(..)))
            && let Some(reply) = self.replies.get_mut(index)
        {
            *reply = None;
        }
        self.ready.push_back((index, piece));
        if is_last_call {
            self.ready
                .push_back((index, Piece::End(Finish::ToolCalls, None)));
        }
        Ok(())
    }

    /// What the answer's frame is made of, as far as the call has come.
    pub(super) fn head(&mut self) -> &Head {
        self.head.used = self.metered.used;
        &self.head
    }

    /// The request this call belongs to.
    pub(super) fn request_id(&self) -> &str {
        self.metered.row.ctx.request_id.as_str()
    }
}

/// What one call's answers have in common.
struct Answering<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    ask: &'a Ask,
}

/// One prompt and the model that answers it.
struct Plan {
    model: String,
    context_length: Option<u32>,
    input: Input,
    sampling: Sampling,
    /// For whom, so that limits and rules of the employee hold here too.
    caller: Caller,
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
