//! A bounded queue between callers and the threads that serve them.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Why nothing was queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Closed,
}

/// First in, first out, for many senders and many receivers.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrival: Condvar,
    length_max: usize,
}

struct State<T> {
    items: VecDeque<T>,
    sleepers: usize,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(length_max: usize) -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                sleepers: 0,
                closed: false,
            }),
            arrival: Condvar::new(),
            length_max,
        }
    }

    /// Adds an item at the end, at once or not at all.
    pub(crate) fn push(&self, item: T) -> Result<(), Refusal> {
        let mut state = self.state();
        if state.closed {
            return Err(Refusal::Closed);
        }
        if state.items.len() >= self.length_max {
            return Err(Refusal::Full);
        }
        state.items.push_back(item);
        // Waking is a system call; it is spared when every receiver is at work anyway.
        if state.sleepers > 0 {
            self.arrival.notify_one();
        }
        Ok(())
    }

    /// Waits for the next item; `None` once the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state.sleepers += 1;
            state = self
                .arrival
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
    }

    /// The next item if one is waiting.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.state().items.pop_front()
    }

    /// Items that are waiting.
    pub(crate) fn len(&self) -> usize {
        self.state().items.len()
    }

    /// Refuses further items; what is queued is still handed out.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.arrival.notify_all();
    }

    // Nothing can panic while the lock is held, so a poisoned lock still guards sound state.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_hands_out_the_rest() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(()), Ok(())));
        assert_eq!(queue.push(3), Err(Refusal::Full));
        queue.close();
        assert_eq!(queue.push(3), Err(Refusal::Closed));
        assert_eq!(
            (queue.pop(), queue.pop(), queue.pop()),
            (Some(1), Some(2), None)
        );
    }
}
