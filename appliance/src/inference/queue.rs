//! Who waits for one model: turns handed out as [`Schedule`] says, with a place and an estimate that
//! each one who waits hears of whenever they change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use guildhall_kernel::{Error, Result};
use tokio::sync::watch;

use super::{
    caller::{Caller, Priority},
    deadline::RETRY_SECONDS,
    schedule::{Bounds, ByPriority, Capacity, Full, Job, Schedule, Weight},
};

/// A person's part of all places in a queue.
const PERSON_SHARE: usize = 8;
/// Places of one person also in a very short queue.
const PERSON_PLACES_MIN: usize = 4;
/// How much the newest answer counts in the mean service time.
const NEWEST: f64 = 0.2;

/// The queue of one model.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Hears that somebody came or went.
    changed: Box<dyn Fn() + Send + Sync>,
}

struct State {
    schedule: Schedule,
    tickets: BTreeMap<u64, Waiting>,
    next_id: u64,
    /// While it is not 0, nobody is given a turn.
    holds: u32,
    /// Mean milliseconds between the start of an answer and its end.
    service_ms: Option<f64>,
}

struct Waiting {
    caller: Caller,
    asked_at: Instant,
    place: watch::Sender<Place>,
}

/// Where one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Still waiting.
    Waiting {
        /// 1 is next.
        position: u32,
        /// Milliseconds until its turn; nothing while no answer was measured.
        estimate_ms: Option<u64>,
    },
    /// It is one's turn.
    Turn,
}

/// One's place in the queue, and then in the engine. Dropping it gives the place up.
pub(super) struct Ticket {
    id: u64,
    queue: Arc<Queue>,
    place: watch::Receiver<Place>,
    started_at: Option<Instant>,
}

/// Nobody is given a turn while it exists.
pub(super) struct Hold(Arc<Queue>);

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.holds = state.holds.saturating_sub(1);
        state.hand_out();
    }
}

/// One who waits, as shown.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) caller: Caller,
    pub(super) position: u32,
    pub(super) estimate_ms: Option<u64>,
    pub(super) waiting: Duration,
}

impl Queue {
    pub(super) fn new(
        waiting_max: u32,
        capacity: Capacity,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let waiting_max = usize::try_from(waiting_max).unwrap_or(usize::MAX).max(1);
        let bounds = Bounds {
            waiting_max,
            waiting_per_person_max: (waiting_max / PERSON_SHARE).max(PERSON_PLACES_MIN),
        };
        Self {
            state: Mutex::new(State {
                schedule: Schedule::new(bounds, capacity),
                tickets: BTreeMap::new(),
                next_id: 1,
                holds: 0,
                service_ms: None,
            }),
            changed: Box::new(changed),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request wait for its turn; `tokens` is what it may take in the engine's cache.
    ///
    /// # Errors
    /// `queue_full` with the seconds after which it makes sense to come back.
    pub(super) fn enter(
        self: &Arc<Self>,
        caller: &Caller,
        tokens: u32,
        (organisation, person): (Weight, Weight),
    ) -> Result<Ticket> {
        let (sender, place) = watch::channel(Place::Waiting {
            position: 0,
            estimate_ms: None,
        });
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        let job = Job {
            id,
            organisation: (caller.organisation, organisation),
            person: (caller.person, person),
            priority: caller.priority,
            tokens,
        };
        state
            .schedule
            .enter(job)
            .map_err(|full| refusal(full, &state, caller.priority))?;
        let waiting = Waiting {
            caller: caller.clone(),
            asked_at: Instant::now(),
            place: sender,
        };
        state.tickets.insert(id, waiting);
        state.hand_out();
        drop(state);
        (self.changed)();
        Ok(Ticket {
            id,
            queue: Arc::clone(self),
            place,
            started_at: None,
        })
    }

    /// Has everybody who waits wait on, until the hold is dropped.
    pub(super) fn hold(self: &Arc<Self>) -> Hold {
        self.state().holds += 1;
        Hold(Arc::clone(self))
    }

    /// What the engine that was loaded computes at the same time.
    pub(super) fn set_capacity(&self, capacity: Capacity) {
        let mut state = self.state();
        state.schedule.set_capacity(capacity);
        state.hand_out();
    }

    pub(super) fn capacity(&self) -> Capacity {
        self.state().schedule.capacity()
    }

    /// Whether nobody waits and nobody is being answered.
    pub(super) fn is_idle(&self) -> bool {
        self.state().tickets.is_empty()
    }

    /// How many are being answered, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        let waiting = state.schedule.waiting();
        let waiting = waiting.interactive.saturating_add(waiting.background);
        (
            state.schedule.running_count(),
            usize::try_from(waiting).unwrap_or(usize::MAX),
        )
    }

    /// Turns given since the node started, and requests that wait.
    pub(super) fn turns_and_waiting(&self) -> (ByPriority, ByPriority) {
        let state = self.state();
        (state.schedule.turns(), state.schedule.waiting())
    }

    /// Seconds after which a request of this priority that came too late makes sense again.
    pub(super) fn retry_seconds(&self, priority: Priority) -> u32 {
        self.state().retry_seconds(priority)
    }

    /// Everyone who waits, next one first.
    pub(super) fn waiters(&self) -> Vec<Waiter> {
        let state = self.state();
        let order = state.schedule.order();
        let waiters = (1_u32..).zip(order).filter_map(|(position, id)| {
            let waiting = state.tickets.get(&id)?;
            Some(Waiter {
                caller: waiting.caller.clone(),
                position,
                estimate_ms: state.estimate_ms(position),
                waiting: waiting.asked_at.elapsed(),
            })
        });
        waiters.collect()
    }

    fn leave(&self, id: u64, service: Option<Duration>) {
        let mut state = self.state();
        if let Some(service) = service {
            state.note_service(service);
        }
        state.schedule.leave(id);
        state.tickets.remove(&id);
        state.hand_out();
        drop(state);
        (self.changed)();
    }
}

impl State {
    /// Gives turns while there is room, and tells everyone else where they stand now.
    fn hand_out(&mut self) {
        while self.holds == 0
            && let Some(id) = self.schedule.start_next()
        {
            if let Some(ticket) = self.tickets.get(&id) {
                // The receiver lives as long as the ticket that entered.
                ticket.place.send_replace(Place::Turn);
            }
        }
        for (position, id) in (1_u32..).zip(self.schedule.order()) {
            let place = Place::Waiting {
                position,
                estimate_ms: self.estimate_ms(position),
            };
            if let Some(ticket) = self.tickets.get(&id) {
                ticket.place.send_if_modified(|known| {
                    let is_news = *known != place;
                    *known = place;
                    is_news
                });
            }
        }
    }

    fn estimate_ms(&self, position: u32) -> Option<u64> {
        let sequences = f64::from(self.schedule.capacity().sequences.max(1));
        let milliseconds = self.service_ms? * f64::from(position) / sequences;
        Some(Duration::from_secs_f64(milliseconds / 1000.0).as_millis() as u64)
    }

    fn retry_seconds(&self, priority: Priority) -> u32 {
        u32::try_from(self.schedule.waiting_count(priority))
            .ok()
            .and_then(|position| self.estimate_ms(position))
            .map_or(RETRY_SECONDS, |wait| {
                u32::try_from(wait / 1000 + 1).unwrap_or(RETRY_SECONDS)
            })
    }

    fn note_service(&mut self, service: Duration) {
        let newest = service.as_secs_f64() * 1000.0;
        self.service_ms = Some(
            self.service_ms
                .map_or(newest, |mean| mean.mul_add(1.0 - NEWEST, newest * NEWEST)),
        );
    }
}

fn refusal(full: Full, state: &State, priority: Priority) -> Error {
    let waiting = state.schedule.waiting_count(priority);
    let seconds = state.retry_seconds(priority);
    let message = match full {
        Full::Model => {
            format!("{waiting} requests wait for this model already; try again in {seconds} s")
        }
        Full::Person => format!(
            "too many of your own requests wait for this model already; try again in {seconds} s"
        ),
    };
    Error::unavailable("queue_full", message, seconds)
}

impl Ticket {
    /// Where one stands now.
    pub(super) fn place(&mut self) -> Place {
        let place = *self.place.borrow_and_update();
        if place == Place::Turn {
            self.started_at.get_or_insert_with(Instant::now);
        }
        place
    }

    /// Waits for the turn.
    pub(super) async fn turn(&mut self) {
        while self.place() != Place::Turn {
            self.changed().await;
        }
    }

    /// Waits until one stands elsewhere.
    pub(super) async fn changed(&mut self) {
        // The sender lives in the queue until this ticket leaves it.
        let _ = self.place.changed().await;
    }

    /// Notes how many tokens the request really takes in the engine's cache.
    pub(super) fn settle(&self, tokens: u32) {
        let mut state = self.queue.state();
        state.schedule.settle(self.id, tokens);
        state.hand_out();
    }

    /// Gives the place up after a complete answer, which tells how long answers take.
    pub(super) fn finish(mut self) {
        let service = self.started_at.take().map(|started| started.elapsed());
        self.queue.leave(self.id, service);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.queue.leave(self.id, None);
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
