//! What waits for the computing threads: first in, first out, bounded; and the ways to reach
//! them in between (cancellations, pings).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use guildhall_engine_protocol::{CountTokens, Embed, Generate, QUEUE_MAX};

/// Pings that wait for an answer; older ones are dropped, a newer answer says the same.
const PINGS_MAX: usize = 64;

/// Work for the computing threads.
#[derive(Debug)]
pub(crate) enum Work {
    /// A second model, which no engine takes.
    Load,
    Generate(Box<Generate>),
    Embed(Embed),
    CountTokens(CountTokens),
}

impl Work {
    /// The request to answer; loading is none.
    pub(crate) fn request_id(&self) -> Option<u64> {
        match self {
            Self::Load => None,
            Self::Generate(request) => Some(request.request_id),
            Self::Embed(request) => Some(request.request_id),
            Self::CountTokens(request) => Some(request.request_id),
        }
    }
}

/// Raised when a request should stop; looked at between steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Work, the flag that stops it, and when it came.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) stop: StopFlag,
    pub(crate) arrived: Instant,
}

/// What a thread finds when it asks for something to do.
#[derive(Debug)]
pub(crate) enum Next {
    Job(Job),
    /// Ids of pings to answer.
    Pings(Vec<u64>),
}

/// What a cancellation met.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// The request waited and is gone; nobody else will answer it.
    Waiting,
    /// The request is in a computing thread's hands and will end at its next step.
    Running,
    /// There is no such request (any more).
    Unknown,
}

/// The queue between the reading thread and the computing threads.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<(Work, Instant)>,
    /// Requests that were taken and have not ended.
    taken: HashMap<u64, StopFlag>,
    /// Requests that were taken to be prepared and are not being computed yet.
    held: usize,
    pings: VecDeque<u64>,
    /// Something happened since the scheduler last looked.
    news: bool,
    closed: bool,
}

impl JobQueue {
    /// Adds work, or returns it when [`QUEUE_MAX`] waits already.
    pub(crate) fn push(&self, work: Work) -> Result<(), Work> {
        let mut state = self.state();
        if state.waiting.len() + state.held >= QUEUE_MAX {
            return Err(work);
        }
        state.waiting.push_back((work, Instant::now()));
        self.announce(state);
        Ok(())
    }

    /// Adds a ping for the computing thread to answer.
    pub(crate) fn ping(&self, ping_id: u64) {
        let mut state = self.state();
        if state.pings.len() >= PINGS_MAX {
            state.pings.pop_front();
        }
        state.pings.push_back(ping_id);
        self.announce(state);
    }

    /// Waits for something to do, pings first. `None` when the queue is closed.
    pub(crate) fn next(&self) -> Option<Next> {
        self.wait_until(|state| {
            if !state.pings.is_empty() {
                return Some(Next::Pings(state.pings.drain(..).collect()));
            }
            state.take(0).map(Next::Job)
        })
    }

    /// Waits for work to prepare; at most `held_max` generations are prepared ahead. They stay
    /// part of the queue until [`JobQueue::release`]. `None` when the queue is closed.
    pub(crate) fn next_to_prepare(&self, held_max: usize) -> Option<Job> {
        self.wait_until(|state| {
            let is_generation = |(work, _): &(Work, Instant)| matches!(work, Work::Generate(_));
            let first_other = state.waiting.iter().position(|entry| !is_generation(entry));
            if let Some(place) = first_other {
                return state.take(place);
            }
            if state.held >= held_max {
                return None;
            }
            let job = state.take(0)?;
            state.held += 1;
            Some(job)
        })
    }

    /// A generation taken by [`JobQueue::next_to_prepare`] is computed now, or has ended.
    pub(crate) fn release(&self) {
        let mut state = self.state();
        state.held = state.held.saturating_sub(1);
        self.announce(state);
    }

    /// A request has ended.
    pub(crate) fn end(&self, request_id: u64) {
        self.state().taken.remove(&request_id);
    }

    /// Tells the scheduler that there is something for it.
    pub(crate) fn announce_ready(&self) {
        let state = self.state();
        self.announce(state);
    }

    /// Waits until something happens. `false` when the queue is closed.
    pub(crate) fn wait_for_news(&self) -> bool {
        self.wait_until(|state| std::mem::take(&mut state.news).then_some(()))
            .is_some()
    }

    /// The pings to answer; `None` when the queue is closed.
    pub(crate) fn take_pings(&self) -> Option<Vec<u64>> {
        let mut state = self.state();
        (!state.closed).then(|| state.pings.drain(..).collect())
    }

    /// Number of requests that are not being computed yet.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.held
    }

    /// Stops a request, wherever it is.
    pub(crate) fn cancel(&self, request_id: u64) -> Cancelled {
        let mut state = self.state();
        let place = state
            .waiting
            .iter()
            .position(|(work, _)| work.request_id() == Some(request_id));
        if let Some(place) = place {
            state.waiting.remove(place);
            return Cancelled::Waiting;
        }
        let Some(stop) = state.taken.get(&request_id) else {
            return Cancelled::Unknown;
        };
        stop.raise();
        self.announce(state);
        Cancelled::Running
    }

    /// Drops what waits, stops what runs and lets nothing more in.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
        for stop in state.taken.values() {
            stop.raise();
        }
        self.announce(state);
    }

    fn announce(&self, mut state: MutexGuard<'_, State>) {
        state.news = true;
        drop(state);
        self.changed.notify_all();
    }

    fn wait_until<T>(&self, mut attempt: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            if let Some(found) = attempt(&mut state) {
                return Some(found);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, place: usize) -> Option<Job> {
        let (work, arrived) = self.waiting.remove(place)?;
        let stop = StopFlag::default();
        if let Some(request_id) = work.request_id() {
            self.taken.insert(request_id, stop.clone());
        }
        Some(Job {
            work,
            stop,
            arrived,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use guildhall_engine_protocol::{Input, Prompt};

    fn embed(request_id: u64) -> Work {
        Work::Embed(Embed {
            request_id,
            texts: Vec::new(),
        })
    }

    fn generate(request_id: u64) -> Work {
        let prompt = Prompt::new(Input::chat(Vec::new()), 1);
        Work::Generate(Box::new(Generate { request_id, prompt }))
    }

    fn next_id(queue: &JobQueue) -> Option<u64> {
        match queue.next().unwrap() {
            Next::Job(job) => job.work.request_id(),
            Next::Pings(_) => None,
        }
    }

    #[test]
    fn work_comes_out_in_order_and_the_bound_holds() {
        let queue = JobQueue::default();
        for id in 0..QUEUE_MAX as u64 {
            queue.push(embed(id)).unwrap();
        }
        assert_eq!(queue.push(embed(99)).unwrap_err().request_id(), Some(99));
        assert_eq!(next_id(&queue), Some(0));
        queue.push(embed(99)).unwrap();
        assert_eq!(next_id(&queue), Some(1));
    }

    #[test]
    fn what_is_prepared_still_counts_as_waiting() {
        let queue = JobQueue::default();
        for id in 0..QUEUE_MAX as u64 {
            queue.push(generate(id)).unwrap();
        }
        queue.next_to_prepare(2).unwrap();
        assert!(queue.push(embed(99)).is_err());
        queue.release();
        queue.push(embed(99)).unwrap();
        // Quick work overtakes generations.
        let job = queue.next_to_prepare(0).unwrap();
        assert_eq!(job.work.request_id(), Some(99));
    }

    #[test]
    fn cancelling_finds_waiting_and_running_requests() {
        let queue = JobQueue::default();
        queue.push(embed(1)).unwrap();
        queue.push(embed(2)).unwrap();
        let Some(Next::Job(running)) = queue.next() else {
            unreachable!("there is work");
        };
        assert_eq!(queue.cancel(2), Cancelled::Waiting);
        assert_eq!(queue.cancel(2), Cancelled::Unknown);
        assert!(!running.stop.is_raised());
        assert_eq!(queue.cancel(1), Cancelled::Running);
        assert!(running.stop.is_raised());
        queue.end(1);
        assert_eq!(queue.cancel(1), Cancelled::Unknown);
    }

    #[test]
    fn pings_come_first_and_closing_ends_everything() {
        let queue = JobQueue::default();
        queue.push(embed(1)).unwrap();
        let Some(Next::Job(running)) = queue.next() else {
            unreachable!("there is work");
        };
        queue.push(embed(2)).unwrap();
        queue.ping(7);
        assert!(matches!(queue.next(), Some(Next::Pings(ids)) if ids == [7]));
        queue.close();
        assert!(running.stop.is_raised());
        assert!(queue.next().is_none());
        assert!(!queue.wait_for_news());
    }
}
