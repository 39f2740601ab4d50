//! A model that runs without an adapter that was given to it since is loaded anew, as soon as nobody is being
//! answered. The engine cannot take the adapter itself: it has locked itself in with the files it began with.
//!
//! Meanwhile nobody is given a turn; who waits keeps their place. What is under way is finished first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use guildhall_kernel::{Error, Result};

use super::{Inference, adapters::Attached, slot::Slot};

/// How often it is looked whether everybody has been answered.
const LOOKS: Duration = Duration::from_millis(20);

/// Those who have a turn and wait for the model to be loaded anew.
#[derive(Default)]
pub(super) struct Renewal {
    waiting: AtomicUsize,
    /// Held by the one who unloads.
    turn: tokio::sync::Mutex<()>,
}

/// One of them, for as long as it waits.
struct Waiter<'a>(&'a Renewal);

impl<'a> Waiter<'a> {
    fn new(renewal: &'a Renewal) -> Self {
        renewal.waiting.fetch_add(1, Ordering::SeqCst);
        Self(renewal)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Inference {
    /// The adapter as it is now, when the model runs without it; nothing when it need not be loaded anew.
    ///
    /// # Errors
    /// `adapter_alone` when it was taken off the model meanwhile.
    pub(super) async fn lacking(&self, slot: &Slot, adapter: &str) -> Result<Option<Attached>> {
        let mut belonging = self.adapters_of(slot).into_iter();
        let wanted = belonging.find(|attached| attached.name == adapter);
        let wanted = wanted.ok_or_else(|| {
            let message = format!(
                "{adapter} does not belong to {} any more; an administrator can name its model under Models",
                slot.row().title
            );
            Error::conflict("adapter_alone", message)
        })?;
        Ok(slot.lacks(&wanted).await.then_some(wanted))
    }

    /// Takes a model that runs without the adapter out of memory once nobody is being answered; its next start
    /// loads it with what belongs to it. The caller has a turn, as may others who want the same.
    pub(super) async fn renew(&self, slot: &Arc<Slot>, wanted: &Attached) {
        let held = slot.queue.hold();
        let waiter = Waiter::new(&slot.renewal);
        let _one_at_a_time = slot.renewal.turn.lock().await;
        // Somebody else may have done it.
        if slot.lacks(wanted).await {
            while slot.queue.counts().0 > slot.renewal.waiting.load(Ordering::SeqCst) {
                tokio::time::sleep(LOOKS).await;
            }
            tracing::info!(
                model.name = slot.name,
                adapter = wanted.name,
                "loaded anew for an adapter"
            );
            slot.unload().await;
        }
        drop((waiter, held));
    }
}
