//! What happens to one thing while it is being made. Everything said so far is kept, so that a listener who
//! joins late misses nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::Stream;
use tokio::sync::watch;

/// The events of one thing, from its beginning. Whoever makes it bounds how many there are.
pub struct Feed<E> {
    events: Mutex<Vec<E>>,
    length: watch::Sender<usize>,
    is_last: fn(&E) -> bool,
}

impl<E: Clone + Send + 'static> Feed<E> {
    /// An empty feed; it ends with the first event that `is_last` says yes to.
    pub fn new(is_last: fn(&E) -> bool) -> Self {
        Self {
            events: Mutex::default(),
            length: watch::Sender::new(0),
            is_last,
        }
    }

    fn events(&self) -> MutexGuard<'_, Vec<E>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what happened next and wakes every listener.
    pub fn push(&self, event: E) {
        let length = {
            let mut events = self.events();
            events.push(event);
            events.len()
        };
        self.length.send_replace(length);
    }

    /// Everything from the beginning, then live, until the last event. Events are numbered from 1.
    pub fn follow(self: Arc<Self>) -> impl Stream<Item = (usize, E)> + Send {
        async_stream::stream! {
            let mut length = self.length.subscribe();
            let mut seen = 0;
            loop {
                let fresh: Vec<E> = self.events().get(seen..).unwrap_or_default().to_vec();
                for event in fresh {
                    seen += 1;
                    let is_last = (self.is_last)(&event);
                    yield (seen, event);
                    if is_last {
                        return;
                    }
                }
                if length.wait_for(|length| *length > seen).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    #[tokio::test]
    async fn a_late_listener_hears_everything_once_and_in_order() {
        let feed = Arc::new(Feed::new(|event: &&str| *event == "end"));
        feed.push("a");
        let late = tokio::spawn(Arc::clone(&feed).follow().collect::<Vec<_>>());
        feed.push("b");
        feed.push("end");
        feed.push("after the end");
        let heard = late.await.unwrap_or_default();
        assert_eq!(heard, [(1, "a"), (2, "b"), (3, "end")]);
    }
}
