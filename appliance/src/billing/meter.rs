//! Writes down calls of models off their callers' path: answers never wait for the disk.
//!
//! Notes queue in memory and are written many at a time, each with its audit entry, some milliseconds
//! later. A crash therefore loses calls that were just answered; a stop of the node loses none. Whoever is about
//! to call a model takes a place in the queue first, so calls that come faster than they can be written wait
//! at their beginning, and no row is lost at their end.

use std::{sync::Arc, time::Duration};

use guildhall_db::{Db, Tx, is_passing};
use guildhall_kernel::{Ctx, Error, Result, VeId};
use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{Call, CallKind, Outcome, figures, store};
use crate::audit;

/// Places of calls that run and of notes that wait for the writer.
const QUEUE: usize = 16_384;
/// How long a call waits for a place: longer than a full queue takes to be written, unless the disk takes nothing.
const WAIT: Duration = Duration::from_secs(10);
/// After how many seconds a call that found no place is tried again.
const RETRY_SECONDS: u32 = 5;
/// Notes written in one go.
const BATCH: usize = 256;
/// How long notes gather: many calls cost one transaction, and answers get the processor first.
const GATHER: Duration = Duration::from_millis(20);
/// How long a failed write waits before it is tried again, doubling from the first to the second.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Takes notes of calls. A cheap clone.
#[derive(Clone)]
pub struct Meter(mpsc::Sender<Note>);

/// Room for the note of one call.
pub struct Place(mpsc::OwnedPermit<Note>);

enum Note {
    Call(Box<(Ctx, Call)>),
    Flush(oneshot::Sender<()>),
}

impl Meter {
    /// Starts the writer; it ends with the last clone.
    pub fn start(db: Db) -> Self {
        let (sender, notes) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(db, notes));
        Self(sender)
    }

    /// Takes a place for a call that is about to begin, waiting while all are taken.
    ///
    /// # Errors
    /// `metering_behind` when none becomes free, as on a full disk: a call that cannot be written down is not made.
    pub async fn place(&self) -> Result<Place> {
        match timeout(WAIT, self.0.clone().reserve_owned()).await {
            Ok(Ok(permit)) => Ok(Place(permit)),
            Ok(Err(_)) | Err(_) => Err(Error::unavailable(
                "metering_behind",
                "calls of models cannot be written down as fast as they come; try again, and tell your operator to look at the node's disk if it goes on",
                RETRY_SECONDS,
            )),
        }
    }

    /// Comes back when everything noted so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.0.send(Note::Flush(done)).await.is_ok() {
            // An error means that the writer is gone, and with it all that could be waited for.
            let _ = written.await;
        }
    }
}

impl Place {
    /// Takes the call down. Returns at once.
    pub fn note(self, ctx: &Ctx, call: Call) {
        self.0.send(Note::Call(Box::new((ctx.clone(), call))));
    }
}

async fn write_all(db: Db, mut notes: mpsc::Receiver<Note>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while notes.recv_many(&mut waiting, BATCH).await > 0 {
        if waiting.len() < BATCH {
            tokio::time::sleep(GATHER).await;
        }
        while waiting.len() < BATCH
            && let Ok(note) = notes.try_recv()
        {
            waiting.push(note);
        }
        let mut calls = Vec::with_capacity(waiting.len());
        let mut flushed = Vec::new();
        for note in waiting.drain(..) {
            match note {
                Note::Call(call) => calls.push(*call),
                Note::Flush(done) => flushed.push(done),
            }
        }
        if !calls.is_empty() {
            write(&db, &Arc::new(calls)).await;
        }
        for done in flushed {
            // Whoever asked may have left.
            let _ = done.send(());
        }
    }
}

async fn write(db: &Db, calls: &Arc<Vec<(Ctx, Call)>>) {
    let mut wait = RETRY_AFTER.0;
    loop {
        let batch = Arc::clone(calls);
        let written = db.write(move |tx| {
            batch
                .iter()
                .enumerate()
                .try_for_each(|(row, (ctx, call))| {
                    tx.make_way(row, batch.len());
                    insert(tx, ctx, call)
                })?;
            tx.after_commit(move || {
                let calls: Vec<&Call> = batch.iter().map(|(_, call)| call).collect();
                figures::observe(&calls);
            });
            Ok(())
        });
        match written.await {
            Ok(()) => return,
            Err(error) if is_passing(&error) => {
                tracing::warn!(error = %error.chain(), "calls were not metered yet; trying again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_AFTER.1);
            }
            Err(error) => return give_up(&error, calls.len()),
        }
    }
}

/// What an auditor is told of a call.
#[derive(Serialize)]
struct Details<'a> {
    kind: CallKind,
    model: &'a str,
    ve: Option<VeId>,
    outcome: Outcome,
}

fn insert(tx: &Tx<'_>, ctx: &Ctx, call: &Call) -> Result<()> {
    store::insert(tx, call)?;
    let details = Details {
        kind: call.kind,
        model: &call.model,
        ve: call.ve,
        outcome: call.outcome,
    };
    audit::record_with(tx, ctx, "model.called", call.id, details)
}

fn give_up(error: &Error, calls: usize) {
    tracing::error!(error = %error.chain(), calls, "calls could not be metered");
    let calls = u64::try_from(calls).unwrap_or(u64::MAX);
    metrics::counter!("guildhall_metering_lost_total").increment(calls);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_a_place_and_is_refused_without_one() {
        let (sender, _notes) = mpsc::channel(1);
        let meter = Meter(sender);
        let first = meter.place().await.unwrap();
        let refused = meter.place().await.err().unwrap();
        assert_eq!((refused.code(), refused.status()), ("metering_behind", 503));
        assert_eq!(refused.retry_after_seconds(), Some(RETRY_SECONDS));
        let (next, ()) = tokio::join!(meter.place(), async { drop(first) });
        assert!(next.is_ok());
    }
}
