//! An answer while it is being written. The node owns it: whoever listens comes and goes, only *stop*
//! ends it. Everything said so far is kept, so that a tab that joins late misses nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::Stream;
use guildhall_kernel::{ConversationId, ErrorBody, MessageId};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::model::ChatAnswer;
use crate::{events::Feed, inference::AnswerMode};

/// What happens while an answer is written.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ChatEvent)]
pub enum TurnEvent {
    /// The answer has an id and a way of being written.
    Started {
        message_id: MessageId,
        conversation_id: ConversationId,
        user_message_id: Option<MessageId>,
        mode: AnswerMode,
        model: String,
    },
    /// A step of the work began or ended.
    Step {
        kind: StepKind,
        label: String,
        state: StepState,
        /// Where the question stands in the model's queue; only while it waits for its turn.
        #[serde(skip_serializing_if = "Option::is_none")]
        queue: Option<QueuePlace>,
    },
    /// The next piece of the answer.
    Delta { text: String },
    /// The answer is complete (or was stopped).
    Done(Box<ChatAnswer>),
    /// The answer failed.
    Error(ErrorBody),
}

impl TurnEvent {
    /// The event's name on the stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Step { .. } => "step",
            Self::Delta { .. } => "delta",
            Self::Done(_) => "done",
            Self::Error(_) => "error",
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Error(_))
    }
}

/// Where a question stands in a model's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueuePlace {
    /// 1 is next.
    pub position: u32,
    /// Milliseconds until its turn; `null` while nothing was measured.
    #[schema(required)]
    pub estimate_ms: Option<u64>,
}

/// What an employee is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The model is being loaded into memory.
    LoadingModel,
    /// Files and pasted text are being read.
    Reading,
    /// The handbook and other sources are being searched.
    Searching,
    /// The answer is being prepared.
    Thinking,
}

/// Whether a step is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Running,
    Done,
}

/// One answer being written.
pub struct Turn {
    feed: Arc<Feed<TurnEvent>>,
    stop: CancellationToken,
}

impl Turn {
    fn new() -> Self {
        Self {
            feed: Arc::new(Feed::new(TurnEvent::is_last)),
            stop: CancellationToken::new(),
        }
    }

    /// Adds what happened next and wakes every listener.
    pub fn push(&self, event: TurnEvent) {
        self.feed.push(event);
    }

    /// Cancelled when a person stops the answer.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stop
    }

    /// Everything from the beginning, then live, until the answer ends.
    pub fn follow(self: Arc<Self>) -> impl Stream<Item = (usize, TurnEvent)> + Send {
        Arc::clone(&self.feed).follow()
    }
}

/// The answers being written right now.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<MessageId, Arc<Turn>>>>);

impl Turns {
    fn map(&self) -> MutexGuard<'_, HashMap<MessageId, Arc<Turn>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the turn in which a message is written.
    pub(super) fn open(&self, message: MessageId) -> Arc<Turn> {
        let turn = Arc::new(Turn::new());
        self.map().insert(message, Arc::clone(&turn));
        turn
    }

    /// The turn in which the message is being written, if it still is.
    pub fn find(&self, message: MessageId) -> Option<Arc<Turn>> {
        self.map().get(&message).cloned()
    }

    /// Forgets a turn whose answer is stored.
    pub(super) fn close(&self, message: MessageId) {
        self.map().remove(&message);
    }

    /// Stops every answer: the node is shutting down.
    pub fn stop_all(&self) {
        for turn in self.map().values() {
            turn.stop.cancel();
        }
    }

    /// Whether no answer is being written.
    pub fn is_empty(&self) -> bool {
        self.map().is_empty()
    }
}
