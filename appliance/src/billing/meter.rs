//! Writes down calls of models off their callers' path: answers never wait for the disk.
//!
//! Notes queue in memory and are written many at a time, each with its audit entry, some milliseconds
//! later. A crash therefore loses calls that were just answered; a stop of the node loses none.

use std::{sync::Arc, time::Duration};

use guildhall_db::{Db, Tx};
use guildhall_kernel::{Ctx, Error, Result, VeId};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::{Call, CallKind, Outcome, figures, store};
use crate::audit;

/// Notes that wait for the writer at most; beyond it they are lost, and counted as such.
const QUEUE: usize = 16_384;
/// Notes written in one go.
const BATCH: usize = 256;
/// How long notes gather: many calls cost one transaction, and answers get the processor first.
const GATHER: Duration = Duration::from_millis(20);
/// How long a failed write waits before it is tried again, doubling from the first to the second.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Takes notes of calls. A cheap clone.
#[derive(Clone)]
pub struct Meter(mpsc::Sender<Note>);

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

    /// Takes a call down. Returns at once.
    pub fn note(&self, ctx: &Ctx, call: Call) {
        let note = Note::Call(Box::new((ctx.clone(), call)));
        if self.0.try_send(note).is_err() {
            lost(1);
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
                    tx.make_way(row);
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
            Err(error) if error.is_retryable() && error.code() != "database_closed" => {
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
    lost(calls);
}

fn lost(calls: usize) {
    let calls = u64::try_from(calls).unwrap_or(u64::MAX);
    metrics::counter!("guildhall_metering_lost_total").increment(calls);
}
