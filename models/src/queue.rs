//! What waits for the inference thread: first in, first out, bounded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use guildhall_engine_protocol::{Embed, Generate, Load, QUEUE_MAX};

/// Work for the inference thread.
#[derive(Debug)]
pub(crate) enum Work {
    Load(Load),
    Generate(Generate),
    Embed(Embed),
}

impl Work {
    /// The request to answer; loading is none.
    pub(crate) fn request_id(&self) -> Option<u64> {
        match self {
            Self::Load(_) => None,
            Self::Generate(request) => Some(request.request_id),
            Self::Embed(request) => Some(request.request_id),
        }
    }
}

/// Raised when the running work should stop; looked at between steps.
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

/// Work and the flag that stops it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) stop: StopFlag,
}

/// What a cancellation met.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// The request waited and is gone; nobody else will answer it.
    Waiting,
    /// The request runs and will end at its next step.
    Running,
    /// There is no such request (any more).
    Unknown,
}

/// The queue between the reading thread and the inference thread.
#[derive(Debug, Default)]
pub(crate) struct JobQueue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Work>,
    running: Option<(Option<u64>, StopFlag)>,
    closed: bool,
}

impl JobQueue {
    /// Adds work, or returns it when [`QUEUE_MAX`] waits already.
    pub(crate) fn push(&self, work: Work) -> Result<(), Work> {
        let mut state = self.state();
        if state.waiting.len() >= QUEUE_MAX {
            return Err(work);
        }
        state.waiting.push_back(work);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work; the work taken before counts as ended. `None` when the queue is closed.
    pub(crate) fn next(&self) -> Option<Job> {
        let mut state = self.state();
        state.running = None;
        loop {
            if state.closed {
                return None;
            }
            if let Some(work) = state.waiting.pop_front() {
                let stop = StopFlag::default();
                state.running = Some((work.request_id(), stop.clone()));
                return Some(Job { work, stop });
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Stops a request, wherever it is.
    pub(crate) fn cancel(&self, request_id: u64) -> Cancelled {
        let mut state = self.state();
        let place = state
            .waiting
            .iter()
            .position(|work| work.request_id() == Some(request_id));
        if let Some(place) = place {
            state.waiting.remove(place);
            return Cancelled::Waiting;
        }
        match &state.running {
            Some((running, stop)) if *running == Some(request_id) => {
                stop.raise();
                Cancelled::Running
            }
            _ => Cancelled::Unknown,
        }
    }

    /// Drops what waits, stops what runs and lets nothing more in.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
        if let Some((_, stop)) = &state.running {
            stop.raise();
        }
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn embed(request_id: u64) -> Work {
        Work::Embed(Embed {
            request_id,
            texts: Vec::new(),
        })
    }

    #[test]
    fn work_comes_out_in_order_and_the_bound_holds() {
        let queue = JobQueue::default();
        for id in 0..QUEUE_MAX as u64 {
            queue.push(embed(id)).unwrap();
        }
        assert_eq!(queue.push(embed(99)).unwrap_err().request_id(), Some(99));
        assert_eq!(queue.next().unwrap().work.request_id(), Some(0));
        queue.push(embed(99)).unwrap();
        assert_eq!(queue.next().unwrap().work.request_id(), Some(1));
    }

    #[test]
    fn cancelling_finds_waiting_and_running_requests() {
        let queue = JobQueue::default();
        queue.push(embed(1)).unwrap();
        queue.push(embed(2)).unwrap();
        let running = queue.next().unwrap();

        assert_eq!(queue.cancel(2), Cancelled::Waiting);
        assert_eq!(queue.cancel(2), Cancelled::Unknown);
        assert!(!running.stop.is_raised());
        assert_eq!(queue.cancel(1), Cancelled::Running);
        assert!(running.stop.is_raised());
    }

    #[test]
    fn closing_stops_what_runs_and_drops_what_waits() {
        let queue = JobQueue::default();
        queue.push(embed(1)).unwrap();
        queue.push(embed(2)).unwrap();
        let running = queue.next().unwrap();
        queue.close();
        assert!(running.stop.is_raised());
        assert!(queue.next().is_none());
    }
}
