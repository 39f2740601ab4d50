//! Writes outgoing calls down behind their callers' path, many at a time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guildhall_db::is_passing;
use guildhall_kernel::Result;

use super::{Egress, EgressCall, store};

/// Records that wait to be written; more than calls find a place for their rows (`billing::Meter`), so that records are lost
/// only where calls make several requests each while the disk is full.
const WAITING_MAX: usize = 50_000;
/// Calls that end within this time are written down together.
const GATHER: Duration = Duration::from_millis(20);
/// How long calls that could not be written wait for the next try.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Egress {
    /// Writes a call down. Whoever finds the list empty writes all that gather meanwhile.
    pub(super) fn note(&self, call: EgressCall) {
        metrics::counter!("guildhall_egress_calls_total", "outcome" => call.outcome.as_str())
            .increment(1);
        let is_first = {
            let mut waiting = self.waiting();
            if waiting.len() >= WAITING_MAX {
                tracing::warn!(
                    "a record of an outgoing call was lost: the database does not keep up"
                );
                return;
            }
            waiting.push(call);
            waiting.len() == 1
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if is_first {
            let egress = self.clone();
            runtime.spawn(async move {
                tokio::time::sleep(GATHER).await;
                while egress
                    .write_waiting()
                    .await
                    .is_err_and(|error| is_passing(&error))
                {
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            });
        }
    }

    /// Writes down all calls that ended so far.
    pub async fn flush(&self) {
        // The log says what went wrong.
        let _ = self.write_waiting().await;
    }

    /// Calls that may be written later wait on, before those that ended since.
    async fn write_waiting(&self) -> Result<()> {
        if self.waiting().is_empty() {
            return Ok(());
        }
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (egress, taking) = (self.clone(), Arc::clone(&taken));
        let written = self.0.db.write(move |tx| {
            // Taken by a statement of its own: whoever ends a call meanwhile must not wait for the rows of others.
            let calls = std::mem::take(&mut *egress.waiting());
            let mut taken = lock(&taking);
            *taken = calls;
            store::insert_calls(tx, &taken)
        });
        written.await.inspect_err(|error| {
            let mut taken = lock(&taken);
            tracing::warn!(error = %error.chain(), calls = taken.len(), "outgoing calls were not recorded");
            if is_passing(error) {
                self.waiting().splice(..0, taken.drain(..));
            }
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<EgressCall>> {
        lock(&self.0.waiting)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
