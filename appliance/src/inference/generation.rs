//! One answer of a generative model, from asking to its end: its turn, its engine, its tokens.

use std::{
    future::poll_fn,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use guildhall_engine_protocol::{
    Done, EngineMessage, Generate, Input, NodeMessage, Prompt, Started, TokenLogprob, ToolCall,
};
use guildhall_kernel::{Error, Result};
use tokio::sync::mpsc;

use super::{
    Inference,
    caller::{Caller, Priority},
    deadline::{Deadline, too_late, within},
    engine::{Engine, Replies, refused},
    model::ModelState,
    provider::Billed,
    queue::{Place, Ticket},
    quota::Charge,
    schedule::Weight,
    slot::Slot,
    status::ENGINE_STOPPED,
};

/// Events on their way to a slow listener.
const BUFFER: usize = 64;
/// A listener that takes nothing for this long holds up others no longer.
const LISTENER_TIME_MAX: Duration = Duration::from_secs(60);
/// A crash before the first token is tried again once.
const TRIES: u32 = 2;
/// Bytes of a prompt per token, for a first guess at its length; few languages have less.
const BYTES_PER_TOKEN: usize = 3;

/// What happens while a model answers.
#[derive(Clone, Debug, PartialEq)]
pub enum GenerationEvent {
    /// Others are before it; sent again whenever that changes.
    Queued {
        /// 1 is next.
        position: u32,
        /// Milliseconds until its turn, from the speed measured here; nothing before that is known.
        estimate_ms: Option<u64>,
    },
    /// It was queued and has its turn now.
    Turn {
        /// Milliseconds that it waited for its turn.
        waited_ms: u64,
    },
    /// The model is being loaded first.
    Loading,
    /// The model has read the prompt.
    Started(Started),
    /// A piece of the answer.
    Token {
        /// Whole characters.
        text: String,
        /// How many pieces of the model's it is made of: those of a provider that come together go on together.
        tokens: u32,
        /// The tokens behind it, when the prompt asked for them.
        logprobs: Vec<TokenLogprob>,
    },
    /// The model calls a tool.
    ToolCall(ToolCall),
    /// A provider's call took and costs this; right before `Done`, and only for answers from outside
    /// the node.
    Billed(Billed),
    /// The answer is complete.
    Done(Done),
}

/// An answer under way; dropping it stops the model within a token.
pub struct Generation {
    events: mpsc::Receiver<Result<GenerationEvent>>,
    /// What makes the events, where that goes on only while somebody waits for the next one.
    work: Option<BoxFuture<'static, ()>>,
    /// What it uses of its caller's limits, where nobody else counts that.
    pub(super) charge: Option<Charge>,
}

impl Generation {
    /// The next event; `None` after the last one. What is dropped before it is ready loses nothing.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent>> {
        if let Some(event) = self.ready() {
            return Some(event);
        }
        let event = self.receive().await?;
        Some(self.observed(event))
    }

    /// An event that is there already.
    pub fn ready(&mut self) -> Option<Result<GenerationEvent>> {
        let event = self.events.try_recv().ok()?;
        Some(self.observed(event))
    }

    fn observed(&self, event: Result<GenerationEvent>) -> Result<GenerationEvent> {
        if let (Some(charge), Ok(event)) = (&self.charge, &event) {
            charge.observe(event);
        }
        event
    }

    async fn receive(&mut self) -> Option<Result<GenerationEvent>> {
        poll_fn(|context| {
            if let Some(work) = &mut self.work
                && work.as_mut().poll(context).is_ready()
            {
                // With it goes the sender, so that the last event is followed by the end.
                self.work = None;
            }
            self.events.poll_recv(context)
        })
        .await
    }

    /// An answer that `work` makes within the task that reads it: a task of its own would cost two
    /// changes of thread per piece.
    pub(super) fn of(
        events: mpsc::Receiver<Result<GenerationEvent>>,
        work: BoxFuture<'static, ()>,
    ) -> Self {
        Self {
            events,
            work: Some(work),
            charge: None,
        }
    }

    /// Lets a request wait for the model, and answers it in the background.
    ///
    /// # Errors
    /// `queue_full`.
    pub(super) fn start(
        inference: &Inference,
        slot: Arc<Slot>,
        (caller, weights): (&Caller, (Weight, Weight)),
        prompt: Prompt,
    ) -> Result<Self> {
        tracing::debug!(org.id = %caller.organisation, priority = ?caller.priority, "generation asked for");
        let tokens = slot.tokens_wanted(&prompt);
        let ticket = slot.queue.enter(caller, tokens, weights)?;
        let (sender, events) = mpsc::channel(BUFFER);
        let work = Work {
            inference: inference.clone(),
            slot,
            prompt,
            events: sender,
        };
        tokio::spawn(work.run(ticket, caller.priority, caller.deadline));
        Ok(Self {
            events,
            work: None,
            charge: None,
        })
    }
}

impl Charge {
    /// Counts what an answer takes while it comes.
    fn observe(&self, event: &GenerationEvent) {
        match event {
            GenerationEvent::Started(started) => self.settle(started.input_tokens, 0),
            GenerationEvent::Token { tokens, .. } => self.note(*tokens),
            GenerationEvent::Done(done) => self.settle(done.input_tokens, done.output_tokens),
            _ => {}
        }
    }
}

impl Slot {
    /// Tokens that a request may take in the engine's cache: a guess until the prompt is read.
    fn tokens_wanted(&self, prompt: &Prompt) -> u32 {
        let bytes: usize = match &prompt.input {
            Input::Text { text } => text.len(),
            Input::Chat(chat) => {
                let messages = chat.messages.iter().map(|message| message.content.len());
                let tools = chat
                    .tools
                    .iter()
                    .map(|tool| tool.parameters.to_string().len());
                messages.chain(tools).sum()
            }
        };
        let input = u32::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX);
        let context = self
            .status()
            .context_length
            .unwrap_or_else(|| self.row().context_length)
            .max(1);
        input.saturating_add(prompt.max_tokens).min(context)
    }
}

/// A request on its way.
struct Work {
    inference: Inference,
    slot: Arc<Slot>,
    prompt: Prompt,
    events: mpsc::Sender<Result<GenerationEvent>>,
}

/// How one try ended.
enum Outcome {
    Done(Done),
    /// The engine died; whether something of the answer was sent already.
    Died {
        has_spoken: bool,
        error: Error,
    },
}

impl Work {
    async fn run(self, ticket: Ticket, priority: Priority, deadline: Option<Deadline>) {
        let listener = self.events.clone();
        let outcome = tokio::select! {
            outcome = within(deadline, self.answer(ticket, priority)) => outcome,
            // Dropping the request inside `answer` cancels it.
            () = listener.closed() => return,
        };
        if let Err(error) = outcome {
            // Nobody left to tell.
            let _ = listener.send(Err(error)).await;
        }
    }

    async fn answer(&self, mut ticket: Ticket, priority: Priority) -> Result<()> {
        let wait = self.inference.0.settings.queue_wait;
        let turn = self.wait_turn(&mut ticket);
        tokio::time::timeout(wait, turn)
            .await
            .map_err(|_| too_late(wait, self.slot.queue.retry_seconds(priority)))??;
        let mut tried = 0;
        loop {
            tried += 1;
            self.with_adapter().await?;
            if self.slot.status().state != ModelState::Ready {
                self.tell(GenerationEvent::Loading).await?;
            }
            let engine = match self.inference.ready(&self.slot).await {
                Ok(engine) => engine,
                // It died while loading.
                Err(error) if error.code() == ENGINE_STOPPED && tried < TRIES => continue,
                Err(error) => return Err(error),
            };
            match self.attempt(&engine, &ticket).await? {
                Outcome::Done(done) => {
                    // The place is free before the listener has taken the last event.
                    ticket.finish();
                    self.slot.note_answer(done.output_tokens, done.decode_ms);
                    return self.tell(GenerationEvent::Done(done)).await;
                }
                Outcome::Died {
                    has_spoken: false, ..
                } if tried < TRIES => {
                    tracing::info!(model.name = self.slot.name, "a request is tried again");
                }
                Outcome::Died { error, .. } => return Err(error),
            }
        }
    }

    /// Has the model loaded anew where it runs without the adapter that the prompt names.
    async fn with_adapter(&self) -> Result<()> {
        let Some(adapter) = &self.prompt.adapter else {
            return Ok(());
        };
        if let Some(lacking) = self.inference.lacking(&self.slot, adapter).await? {
            self.tell(GenerationEvent::Loading).await?;
            self.inference.renew(&self.slot, &lacking).await;
        }
        Ok(())
    }

    /// Waits for the turn, telling the place whenever it changes.
    async fn wait_turn(&self, ticket: &mut Ticket) -> Result<()> {
        let (since, mut was_queued) = (Instant::now(), false);
        while let Place::Waiting {
            position,
            estimate_ms,
        } = ticket.place()
        {
            let event = GenerationEvent::Queued {
                position,
                estimate_ms,
            };
            was_queued = true;
            self.tell(event).await?;
            ticket.changed().await;
        }
        if was_queued {
            let waited_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.tell(GenerationEvent::Turn { waited_ms }).await?;
        }
        Ok(())
    }

    async fn attempt(&self, engine: &Engine, ticket: &Ticket) -> Result<Outcome> {
        let asked = engine.request(|request_id| {
            NodeMessage::Generate(Generate {
                request_id,
                prompt: self.prompt.clone(),
            })
        });
        match asked.await {
            Ok(mut replies) => self.follow(engine, &mut replies, ticket).await,
            Err(error) => Ok(Outcome::Died {
                has_spoken: false,
                error,
            }),
        }
    }

    async fn follow(
        &self,
        engine: &Engine,
        replies: &mut Replies,
        ticket: &Ticket,
    ) -> Result<Outcome> {
        let mut has_spoken = false;
        while let Some(message) = replies.next().await {
            match message {
                EngineMessage::Started(started) => {
                    let tokens = started.input_tokens.saturating_add(self.prompt.max_tokens);
                    ticket.settle(tokens.min(engine.loaded().context_length));
                    self.tell(GenerationEvent::Started(started)).await?;
                }
                EngineMessage::Token { text, logprobs, .. } => {
                    has_spoken = true;
                    let tokens = 1;
                    self.tell(GenerationEvent::Token {
                        text,
                        tokens,
                        logprobs,
                    })
                    .await?;
                }
                EngineMessage::ToolCall { call, .. } => {
                    has_spoken = true;
                    self.tell(GenerationEvent::ToolCall(call)).await?;
                }
                EngineMessage::Done(done) => return Ok(Outcome::Done(done)),
                EngineMessage::RequestFailed { failure, .. } => return Err(refused(&failure)),
                _ => {}
            }
        }
        Ok(Outcome::Died {
            has_spoken,
            error: engine.died(),
        })
    }

    /// Hands an event to the listener, who may be slow but not absent: the model's place is wanted.
    async fn tell(&self, event: GenerationEvent) -> Result<()> {
        let sending = self.events.send(Ok(event));
        match tokio::time::timeout(LISTENER_TIME_MAX, sending).await {
            // A dropped listener is noticed by the caller's `closed`.
            Ok(_) => Ok(()),
            Err(_) => Err(Error::unavailable(
                "listener_too_slow",
                "the answer was not read for a minute, so it was stopped; read it as it is written",
                1,
            )),
        }
    }
}
