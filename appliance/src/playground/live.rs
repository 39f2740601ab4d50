//! Runs that are being answered right now. The node owns them: whoever listens comes and goes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::Stream;
use guildhall_kernel::{Error, ErrorBody, PersonId, PlaygroundAnswerId, PlaygroundRunId, Result};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::model::{PlaygroundAnswer, PlaygroundRun};
use crate::events::Feed;

/// Runs of one person at the same time.
const RUNS_PER_PERSON_MAX: usize = 2;
/// Runs on the node at the same time.
const RUNS_MAX: usize = 16;
/// Seconds after which a place is likely to be free.
const RETRY_AFTER_SECONDS: u32 = 5;

/// What happens while a run is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = PlaygroundEvent)]
pub(super) enum RunEvent {
    /// The run as it began.
    Started(Box<PlaygroundRun>),
    /// An answer waits for its turn; told again whenever its place changes.
    Queued {
        answer_id: PlaygroundAnswerId,
        model: String,
        /// 1 is next.
        position: u32,
        /// Milliseconds until its turn; `null` while nothing was measured.
        #[schema(required)]
        estimate_ms: Option<u64>,
    },
    /// A model is loaded into memory first.
    Loading {
        answer_id: PlaygroundAnswerId,
        model: String,
    },
    /// A model has read the prompt.
    Reading {
        answer_id: PlaygroundAnswerId,
        model: String,
        input_tokens: u32,
        cached_tokens: u32,
    },
    /// The next piece of an answer.
    Delta {
        answer_id: PlaygroundAnswerId,
        model: String,
        text: String,
    },
    /// An answer has ended: complete, stopped or failed.
    Answered(Box<PlaygroundAnswer>),
    /// Every answer has ended.
    Done(Box<PlaygroundRun>),
    /// The node lost sight of the run; read it again.
    Error(ErrorBody),
}

impl RunEvent {
    /// The event's name on the stream.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Queued { .. } => "queued",
            Self::Loading { .. } => "loading",
            Self::Reading { .. } => "reading",
            Self::Delta { .. } => "delta",
            Self::Answered(_) => "answered",
            Self::Done(_) => "done",
            Self::Error(_) => "error",
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Error(_))
    }
}

/// One run being answered.
pub struct Live {
    feed: Arc<Feed<RunEvent>>,
    all: CancellationToken,
    each: HashMap<PlaygroundAnswerId, CancellationToken>,
}

impl Live {
    fn new(answers: impl Iterator<Item = PlaygroundAnswerId>) -> Self {
        let all = CancellationToken::new();
        Self {
            feed: Arc::new(Feed::new(RunEvent::is_last)),
            each: answers.map(|id| (id, all.child_token())).collect(),
            all,
        }
    }

    /// Adds what happened next.
    pub(super) fn push(&self, event: RunEvent) {
        self.feed.push(event);
    }

    /// Everything from the beginning, then live, until the last answer ends.
    pub(super) fn follow(&self) -> impl Stream<Item = (usize, RunEvent)> + Send + use<> {
        Arc::clone(&self.feed).follow()
    }

    /// Cancelled when a person stops this answer, or all of them.
    pub(super) fn stopped(&self, answer: PlaygroundAnswerId) -> CancellationToken {
        self.each.get(&answer).unwrap_or(&self.all).clone()
    }

    /// Cancelled when all of them are stopped.
    pub(super) fn stopped_all(&self) -> &CancellationToken {
        &self.all
    }

    /// Stops one answer, or all of them.
    pub(super) fn stop(&self, answer: Option<PlaygroundAnswerId>) {
        match answer.and_then(|answer| self.each.get(&answer)) {
            Some(one) => one.cancel(),
            None => self.all.cancel(),
        }
    }
}

#[derive(Default)]
struct Places {
    runs: HashMap<PlaygroundRunId, Arc<Live>>,
    taken: Vec<PersonId>,
}

/// The runs being answered, with a bound on how many there are. A cheap clone.
#[derive(Clone, Default)]
pub struct Playground(Arc<Mutex<Places>>);

/// A place for one run; given back when dropped.
pub(super) struct Place {
    playground: Playground,
    person: PersonId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.playground.places();
        if let Some(at) = places.taken.iter().position(|taken| *taken == self.person) {
            places.taken.swap_remove(at);
        }
    }
}

impl Playground {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a run.
    ///
    /// # Errors
    /// `playground_busy` when the person or the node answers as many runs as it may.
    pub(super) fn take_place(&self, person: PersonId) -> Result<Place> {
        let mut places = self.places();
        let own = places
            .taken
            .iter()
            .filter(|taken| **taken == person)
            .count();
        let message = if own >= RUNS_PER_PERSON_MAX {
            format!("{own} of your runs are still being answered; stop one or wait for it")
        } else if places.taken.len() >= RUNS_MAX {
            "the playground is busy with other people's runs; try again in a moment".to_owned()
        } else {
            places.taken.push(person);
            return Ok(Place {
                playground: self.clone(),
                person,
            });
        };
        Err(Error::unavailable(
            "playground_busy",
            message,
            RETRY_AFTER_SECONDS,
        ))
    }

    /// Opens a run; `None` when it is open already (a repeated request).
    pub(super) fn open(
        &self,
        run: PlaygroundRunId,
        answers: impl Iterator<Item = PlaygroundAnswerId>,
    ) -> Option<Arc<Live>> {
        let mut places = self.places();
        if places.runs.contains_key(&run) {
            return None;
        }
        let live = Arc::new(Live::new(answers));
        places.runs.insert(run, Arc::clone(&live));
        Some(live)
    }

    /// The run, if it is still being answered.
    pub(super) fn find(&self, run: PlaygroundRunId) -> Option<Arc<Live>> {
        self.places().runs.get(&run).cloned()
    }

    /// Forgets a run whose answers are stored.
    pub(super) fn close(&self, run: PlaygroundRunId) {
        self.places().runs.remove(&run);
    }

    /// Stops every run: the node is shutting down.
    pub fn stop_all(&self) {
        for live in self.places().runs.values() {
            live.stop(None);
        }
    }

    /// Whether nothing is being answered.
    pub fn is_empty(&self) -> bool {
        self.places().runs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::SystemClock;

    use super::*;

    #[test]
    fn places_are_bounded_by_person_and_by_node_and_come_back() {
        let playground = Playground::default();
        let person = PersonId::new(&SystemClock);
        let first = playground.take_place(person).unwrap();
        let second = playground.take_place(person).unwrap();
        let refused = playground.take_place(person).err().unwrap();
        assert_eq!(refused.code(), "playground_busy");
        assert!(refused.is_retryable());
        drop(first);
        let third = playground.take_place(person).unwrap();
        let others: Vec<Place> = (2..RUNS_MAX)
            .map(|_| playground.take_place(PersonId::new(&SystemClock)).unwrap())
            .collect();
        assert!(playground.take_place(PersonId::new(&SystemClock)).is_err());
        drop((second, third, others));
        assert!(playground.places().taken.is_empty());
    }
}
