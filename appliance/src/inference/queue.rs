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
    caller::Caller,
    schedule::{Bounds, Capacity, Full, Job, Schedule, Weight},
};

/// A person's part of all places in a queue.
const PERSON_SHARE: usize = 8;
/// Places of one person also in a very short queue.
const PERSON_PLACES_MIN: usize = 4;
/// How much the newest answer counts in the mean service time.
const NEWEST: f64 = 0.2;
/// When nothing was measured yet, a full queue is tried again after this many seconds.
const RETRY_SECONDS: u32 = 10;

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
            .map_err(|full| refusal(full, &state))?;
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
        (
            state.schedule.running_count(),
            state.schedule.waiting_count(),
        )
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
        while let Some(id) = self.schedule.start_next() {
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

    fn note_service(&mut self, service: Duration) {
        let newest = service.as_secs_f64() * 1000.0;
        self.service_ms = Some(
            self.service_ms
                .map_or(newest, |mean| mean.mul_add(1.0 - NEWEST, newest * NEWEST)),
        );
    }
}

fn refusal(full: Full, state: &State) -> Error {
    let waiting = state.schedule.waiting_count();
    let seconds = u32::try_from(waiting)
        .ok()
        .and_then(|position| state.estimate_ms(position))
        .map_or(RETRY_SECONDS, |wait| {
            u32::try_from(wait / 1000 + 1).unwrap_or(RETRY_SECONDS)
        });
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
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::{OrgId, PersonId};

    use super::*;
    use crate::inference::caller::Priority;

    fn caller(number: u8) -> Caller {
        let (organisation, person) = (
            OrgId::from_digest([number; 16]),
            PersonId::from_digest([number; 16]),
        );
        Caller::new(organisation, person, Priority::Interactive)
    }

    fn queue(waiting_max: u32) -> Arc<Queue> {
        let capacity = Capacity {
            sequences: 1,
            cache_tokens: 1000,
        };
        Arc::new(Queue::new(waiting_max, capacity, || {}))
    }

    #[test]
    fn places_move_up_and_are_given_back() {
        let queue = queue(8);
        let mut first = queue.enter(&caller(1), 10, (1, 1)).unwrap();
        let mut second = queue.enter(&caller(2), 10, (1, 1)).unwrap();
        let mut third = queue.enter(&caller(3), 10, (1, 1)).unwrap();
        assert_eq!(first.place(), Place::Turn);
        let waiting = |position| Place::Waiting {
            position,
            estimate_ms: None,
        };
        assert_eq!((second.place(), third.place()), (waiting(1), waiting(2)));
        drop(second);
        assert_eq!(third.place(), waiting(1));
        first.finish();
        assert_eq!(third.place(), Place::Turn);
        assert_eq!(queue.counts(), (1, 0));
        drop(third);
        assert!(queue.is_idle());
    }

    #[test]
    fn a_full_queue_says_when_to_come_back() {
        let queue = queue(2);
        let held: Vec<Ticket> = (1..=3)
            .map(|number| queue.enter(&caller(number), 10, (1, 1)).unwrap())
            .collect();
        let refused = queue.enter(&caller(9), 10, (1, 1)).err().unwrap();
        assert_eq!((refused.code(), refused.status()), ("queue_full", 503));
        assert_eq!(refused.retry_after_seconds(), Some(RETRY_SECONDS));
        drop(held);
        assert!(queue.is_idle());
    }

    #[test]
    fn estimates_come_from_measured_answers() {
        let queue = queue(8);
        let mut first = queue.enter(&caller(1), 10, (1, 1)).unwrap();
        first.place();
        queue.state().note_service(Duration::from_secs(4));
        let _second = queue.enter(&caller(2), 10, (1, 1)).unwrap();
        let _third = queue.enter(&caller(3), 10, (1, 1)).unwrap();
        let estimates: Vec<_> = queue
            .waiters()
            .iter()
            .map(|waiter| waiter.estimate_ms)
            .collect();
        assert_eq!(estimates, [Some(4000), Some(8000)]);
    }
}
