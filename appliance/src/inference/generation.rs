//! One answer of a generative model, from asking to its end.

use std::sync::Arc;

use guildhall_engine_protocol::{
    Done, EngineMessage, Generate, NodeMessage, Prompt, Started, TokenLogprob, ToolCall,
};
use guildhall_kernel::{Error, OrgId, PersonId, Result, VeId};
use tokio::sync::mpsc;

use super::{
    engine::refused,
    model::ModelState,
    provider::{Billed, DataClass},
    slot::Slot,
};

/// Events on their way to a slow listener.
const BUFFER: usize = 64;
/// A crash before the first token is tried again once.
const TRIES: u32 = 2;

/// For whom a model works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The organisation that pays.
    pub organisation: OrgId,
    /// Who asks.
    pub person: PersonId,
    /// Whether somebody waits for the answer.
    pub priority: Priority,
    /// The employee that asks in the person's name, when there is one.
    pub ve: Option<VeId>,
    /// How secret the prompt is, where that is known.
    pub data_class: Option<DataClass>,
}

impl Caller {
    /// A person of an organisation, without an employee.
    #[must_use]
    pub fn new(organisation: OrgId, person: PersonId, priority: Priority) -> Self {
        Self {
            organisation,
            person,
            priority,
            ve: None,
            data_class: None,
        }
    }

    /// The same caller, through an employee.
    #[must_use]
    pub fn with_ve(self, ve: VeId) -> Self {
        Self {
            ve: Some(ve),
            ..self
        }
    }

    /// The same caller, with a prompt that holds data of this class.
    #[must_use]
    pub fn with_data_class(self, data_class: DataClass) -> Self {
        Self {
            data_class: Some(data_class),
            ..self
        }
    }
}

/// Whether somebody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person watches it being written.
    Interactive,
    /// Nobody waits.
    Background,
}

/// What happens while a model answers.
#[derive(Clone, Debug, PartialEq)]
pub enum GenerationEvent {
    /// The model is being loaded first.
    Loading,
    /// The model has read the prompt.
    Started(Started),
    /// A piece of the answer.
    Token {
        /// Whole characters.
        text: String,
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
}

impl Generation {
    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent>> {
        self.events.recv().await
    }

    pub(super) fn of(events: mpsc::Receiver<Result<GenerationEvent>>) -> Self {
        Self { events }
    }

    pub(super) fn start(slot: Arc<Slot>, caller: Caller, prompt: Prompt) -> Self {
        tracing::debug!(org.id = %caller.organisation, priority = ?caller.priority, "generation asked for");
        let (sender, events) = mpsc::channel(BUFFER);
        tokio::spawn(async move {
            let listener = sender.clone();
            tokio::select! {
                outcome = drive(&slot, prompt, &sender) => {
                    if let Err(error) = outcome {
                        // Nobody left to tell.
                        let _ = sender.send(Err(error)).await;
                    }
                }
                // Dropping the request inside `drive` cancels it.
                () = listener.closed() => {}
            }
        });
        Self { events }
    }
}

async fn drive(
    slot: &Arc<Slot>,
    prompt: Prompt,
    events: &mpsc::Sender<Result<GenerationEvent>>,
) -> Result<()> {
    for attempt in 1..=TRIES {
        if slot.status().state != ModelState::Ready {
            tell(events, GenerationEvent::Loading).await;
        }
        let engine = slot.ensure().await?;
        let mut replies = match engine
            .request(|id| {
                let prompt = prompt.clone();
                NodeMessage::Generate(Generate {
                    request_id: id,
                    prompt,
                })
            })
            .await
        {
            Ok(replies) => replies,
            Err(_) if attempt < TRIES => continue,
            Err(error) => return Err(error),
        };
        let mut has_spoken = false;
        loop {
            match replies.next().await {
                Some(EngineMessage::Started(started)) => {
                    tell(events, GenerationEvent::Started(started)).await;
                }
                Some(EngineMessage::Token { text, logprobs, .. }) => {
                    has_spoken = true;
                    tell(events, GenerationEvent::Token { text, logprobs }).await;
                }
                Some(EngineMessage::ToolCall { call, .. }) => {
                    has_spoken = true;
                    tell(events, GenerationEvent::ToolCall(call)).await;
                }
                Some(EngineMessage::Done(done)) => {
                    slot.note_answer(done.output_tokens, done.decode_ms);
                    tell(events, GenerationEvent::Done(done)).await;
                    return Ok(());
                }
                Some(EngineMessage::RequestFailed { failure, .. }) => {
                    return Err(refused(&failure));
                }
                Some(_) => {}
                None if !has_spoken && attempt < TRIES => break,
                None => return Err(engine.died()),
            }
        }
    }
    Err(Error::unavailable(
        "engine_stopped",
        "the model's process stopped twice; see the log",
        5,
    ))
}

async fn tell(events: &mpsc::Sender<Result<GenerationEvent>>, event: GenerationEvent) {
    // A dropped listener is noticed by the caller's `closed`.
    let _ = events.send(Ok(event)).await;
}
