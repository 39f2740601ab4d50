//! The writer thread and its group commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use guildhall_kernel::Result;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{
    access::{Effect, Tx},
    db::Tally,
    error::{Loss, closed, panicked},
    queue::Queue,
};

/// Most closures in a batch: enough to make the sync cheap, few enough that the first caller does
/// not wait long for the last.
const BATCH_LENGTH_MAX: usize = 256;
/// How much nicer than the node's other threads the writer is.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// A closure that waits for the writer.
pub(crate) trait WriteJob: Send {
    /// Runs the closure and keeps its result; says whether its changes stay.
    fn run(&mut self, tx: &Tx<'_>) -> Verdict;
    /// Tells the caller, after the commit (`None`) or the loss of the batch.
    fn answer(self: Box<Self>, loss: Option<&Loss>);
}

/// What becomes of a closure's own changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    RollBack,
}

pub(crate) struct Write<T, F> {
    pub(crate) closure: Option<F>,
    pub(crate) result: Option<Result<T>>,
    pub(crate) answer: oneshot::Sender<Result<T>>,
}

impl<T, F> WriteJob for Write<T, F>
where
    T: Send,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> Verdict {
        let Some(closure) = self.closure.take() else {
            return Verdict::RollBack;
        };
        let result = catch_unwind(AssertUnwindSafe(|| closure(tx)))
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        let verdict = if result.is_ok() {
            Verdict::Keep
        } else {
            Verdict::RollBack
        };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, loss: Option<&Loss>) {
        let result = match loss {
            Some(loss) => Err(loss.to_error()),
            None => self.result.unwrap_or_else(|| Err(closed())),
        };
        // The caller may have left; what it asked for is done all the same.
        drop(self.answer.send(result));
    }
}

pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) queue: Arc<Queue<Box<dyn WriteJob>>>,
    pub(crate) tally: Arc<Tally>,
}

impl Writer {
    /// Serves closures until the queue is closed and empty, then empties the write-ahead log.
    pub(crate) fn serve(self) {
        give_way();
        while let Some(first) = self.queue.pop() {
            self.run_batch(first);
        }
        let emptied = self
            .connection
            .execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
        if let Err(error) = emptied {
            tracing::warn!(error = %error, "the write-ahead log was not emptied; the next start will");
        }
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(error = %error, "the database did not close cleanly");
        }
    }

    fn run_batch(&self, first: Box<dyn WriteJob>) {
        let mut batch = Batch::default();
        let outcome = match self.run("BEGIN IMMEDIATE") {
            Ok(()) => self
                .fill(&mut batch, first)
                .and_then(|()| self.run("COMMIT")),
            Err(loss) => {
                let waiting = std::iter::from_fn(|| self.queue.try_pop());
                let jobs = std::iter::once(first).chain(waiting);
                batch.jobs.extend(jobs.take(BATCH_LENGTH_MAX));
                Err(loss)
            }
        };
        match outcome {
            Ok(()) => self.conclude(batch),
            Err(loss) => self.abandon(&loss, batch),
        }
    }

    /// Runs what is waiting, and what arrives meanwhile, within the bounds of one batch.
    fn fill(&self, batch: &mut Batch, first: Box<dyn WriteJob>) -> Result<(), Loss> {
        let mut next = Some(first);
        while let Some(job) = next {
            self.run_one(batch, job)?;
            let full = batch.jobs.len() >= BATCH_LENGTH_MAX;
            next = if full { None } else { self.queue.try_pop() };
        }
        Ok(())
    }

    fn run_one(&self, batch: &mut Batch, mut job: Box<dyn WriteJob>) -> Result<(), Loss> {
        let savepoint = self.run("SAVEPOINT closure");
        let finished = savepoint.map(|()| {
            let tx = Tx::new(&self.connection);
            let verdict = job.run(&tx);
            (verdict, tx.finish())
        });
        // From here on the job belongs to the batch, whatever becomes of it.
        batch.jobs.push(job);
        let (verdict, (effects, loss)) = finished?;
        if let Some(loss) = loss {
            return Err(loss);
        }
        if verdict == Verdict::Keep {
            batch.effects.extend(effects);
        } else {
            batch.rolled_back += 1;
            self.run("ROLLBACK TO closure")?;
        }
        self.run("RELEASE closure")
    }

    /// The batch is durable: runs its side effects, then tells every caller.
    fn conclude(&self, batch: Batch) {
        self.tally.committed(&batch);
        for effect in batch.effects {
            if catch_unwind(AssertUnwindSafe(effect)).is_err() {
                tracing::error!("an after-commit effect panicked");
            }
        }
        for job in batch.jobs {
            job.answer(None);
        }
    }

    /// The whole batch is lost: makes sure that the transaction is over, then tells every caller.
    fn abandon(&self, loss: &Loss, batch: Batch) {
        if !self.connection.is_autocommit()
            && let Err(second) = self.run("ROLLBACK")
        {
            tracing::error!(error = second.cause(), "a lost batch did not roll back");
        }
        tracing::error!(
            error = loss.cause(),
            closures = batch.jobs.len(),
            "a batch of writes was lost"
        );
        self.tally.lost(&batch);
        for job in batch.jobs {
            job.answer(Some(loss));
        }
    }

    fn run(&self, sql: &str) -> Result<(), Loss> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
            .map_err(|error| Loss::new(&error))
    }
}

/// Whoever answers goes before the rows that are written behind answers: their writer would keep a core from them for
/// milliseconds. Elsewhere than on Linux niceness is a process's, not a thread's.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(error = %error, "the writer of the database does not give way to answers");
    }
}

/// The closures that share a commit.
#[derive(Default)]
pub(crate) struct Batch {
    jobs: Vec<Box<dyn WriteJob>>,
    effects: Vec<Effect>,
    rolled_back: u64,
}

impl Batch {
    pub(crate) fn closures(&self) -> u64 {
        u64::try_from(self.jobs.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn rolled_back(&self) -> u64 {
        self.rolled_back
    }
}
