//! The handle everything else holds.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use guildhall_kernel::{Error, Result};
use tokio::sync::oneshot;

use crate::{
    access::{Reader, Tx},
    checks,
    connection::{Location, directory_of, require_sqlite_version},
    error::{busy, closed},
    filesystem::refuse_network_file_system,
    migrate::migrate,
    options::DbOptions,
    queue::{Queue, Refusal},
    reader::{self, Read, ReadJob},
    writer::{Batch, Write, WriteJob, Writer},
};

/// An open database. Cheap to clone; when the last clone goes, it closes.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

/// What the database has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Batches that committed: with [`crate::Durability::Full`] each costs at most one sync of the
    /// write-ahead log (checkpoints, every thousand pages or so, come on top).
    pub batches: u64,
    /// Write closures in those batches.
    pub closures: u64,
    /// Of those, closures whose changes were rolled back because of their own error or panic.
    pub rolled_back: u64,
    /// Batches that were lost as a whole.
    pub batches_lost: u64,
    /// Write closures in those batches.
    pub closures_lost: u64,
    /// Closures that were refused because a queue was full.
    pub queue_full: u64,
    /// Write closures that wait right now.
    pub writes_waiting: u64,
    /// Read closures that wait right now.
    pub reads_waiting: u64,
}

impl Db {
    /// Opens the database, making and migrating it as needed, and starts its threads.
    ///
    /// # Errors
    /// `network_file_system`, `data_dir_unreadable`, `database_not_writable`, `not_a_database`,
    /// `schema_too_new`, `migration_changed`, `disk_full`; internal when a migration fails.
    pub fn open(options: DbOptions) -> Result<Self> {
        require_sqlite_version()?;
        refuse_network_file_system(directory_of(&options.path), options.file_system)?;
        let location = Location::new(options.path, options.vfs);
        let connection = location.open_writer(options.durability)?;
        migrate(&connection, &location.path, options.migrations)?;

        let tally = Arc::new(Tally::default());
        let writes = Arc::new(Queue::new(options.queue_length));
        let reads = Arc::new(Queue::new(options.queue_length));
        let writer = Writer {
            connection,
            queue: Arc::clone(&writes),
            tally: Arc::clone(&tally),
        };
        // From here on dropping `inner` stops the threads started so far.
        let inner = Inner {
            writer: Mutex::new(Some(start_thread("db-writer", move || writer.serve())?)),
            readers: Mutex::new(Vec::new()),
            writes,
            reads,
            tally,
            location,
        };
        for _ in 0..options.reader_count.max(1) {
            let reader = inner.start_reader()?;
            lock(&inner.readers).push(reader);
        }
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs `closure` in a transaction, shared with whoever writes at the same time; returns once
    /// its change is durable.
    ///
    /// # Errors
    /// What the closure returns (its change is then rolled back); retryable `database_busy`,
    /// `disk_full`, `database_unavailable` or `database_closed`; internal when it panics.
    pub async fn write<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.inner.enqueue_write(closure)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs `closure` on one consistent snapshot of the database.
    ///
    /// # Errors
    /// What the closure returns; retryable `database_busy` or `database_closed`; internal when it
    /// panics.
    pub async fn read<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.inner.enqueue_read(closure)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// [`Db::write`] for plain threads and the command line.
    ///
    /// # Panics
    /// In asynchronous code, which it would block.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn write_blocking<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.inner.enqueue_write(closure)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// [`Db::read`] for plain threads and the command line.
    ///
    /// # Panics
    /// In asynchronous code, which it would block.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub fn read_blocking<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let answer = self.inner.enqueue_read(closure)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Looks for damage without comparing indexes with tables; holds up neither reads nor writes.
    ///
    /// # Errors
    /// Internal `database_corrupt` when there is damage.
    pub async fn quick_check(&self) -> Result<()> {
        let location = self.inner.location.clone();
        on_own_thread(move || checks::check(&location, checks::Depth::Quick)).await
    }

    /// Looks for any damage, missing index entries and dangling foreign keys included; holds up
    /// neither reads nor writes.
    ///
    /// # Errors
    /// Internal `database_corrupt` when there is damage.
    pub async fn integrity_check(&self) -> Result<()> {
        let location = self.inner.location.clone();
        on_own_thread(move || checks::check(&location, checks::Depth::Full)).await
    }

    /// Writes a copy of the present state to `path`, checks it and makes it durable; holds up
    /// neither reads nor writes.
    ///
    /// # Errors
    /// `backup_exists` when `path` is taken; `disk_full`; internal when the copy does not verify.
    /// Nothing is left at `path` then.
    pub async fn backup_to(&self, path: impl Into<PathBuf>) -> Result<()> {
        let location = self.inner.location.clone();
        let target = path.into();
        on_own_thread(move || checks::back_up(&location, &target)).await
    }

    /// What happened since the database was opened.
    pub fn counters(&self) -> Counters {
        self.inner
            .tally
            .counters(self.inner.writes.len(), self.inner.reads.len())
    }

    /// Finishes what is queued, empties the write-ahead log and closes the files. Other clones get
    /// `database_closed` from then on. Blocks until done.
    pub fn close(self) {
        self.inner.stop();
    }
}

struct Inner {
    location: Location,
    writes: Arc<Queue<Box<dyn WriteJob>>>,
    reads: Arc<Queue<Box<dyn ReadJob>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
    tally: Arc<Tally>,
}

impl Inner {
    fn start_reader(&self) -> Result<JoinHandle<()>> {
        let connection = self.location.open_reader()?;
        let queue = Arc::clone(&self.reads);
        start_thread("db-reader", move || reader::serve(&connection, &queue))
    }

    fn enqueue_write<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Write {
            closure: Some(closure),
            result: None,
            answer: sender,
        });
        let queued = self.writes.push(job);
        queued.map_err(|refusal| self.refused(refusal))?;
        Ok(receiver)
    }

    fn enqueue_read<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T>>> {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Read {
            closure,
            answer: sender,
        });
        let queued = self.reads.push(job);
        queued.map_err(|refusal| self.refused(refusal))?;
        Ok(receiver)
    }

    fn refused(&self, refusal: Refusal) -> Error {
        match refusal {
            Refusal::Full => {
                self.tally.queue_full.fetch_add(1, Relaxed);
                busy()
            }
            Refusal::Closed => closed(),
        }
    }

    /// Readers go first: the write-ahead log can be emptied only when nobody reads from it.
    fn stop(&self) {
        self.reads.close();
        for reader in std::mem::take(&mut *lock(&self.readers)) {
            join(reader);
        }
        self.writes.close();
        if let Some(writer) = lock(&self.writer).take() {
            join(writer);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
    }
}

fn start_thread(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(name.into())
        .spawn(body)
        .map_err(|error| Error::internal("a database thread did not start").with_source(error))
}

fn join(thread: JoinHandle<()>) {
    // A closure may hold the last handle; its thread cannot wait for itself and ends right after.
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a database thread panicked");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn on_own_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    start_thread("db-check", move || {
        // The caller may have given up; the outcome is then of no interest.
        drop(sender.send(work()));
    })?;
    receiver
        .await
        .unwrap_or_else(|_| Err(Error::internal("a database check panicked")))
}

/// The counters while the database runs.
#[derive(Default)]
pub(crate) struct Tally {
    batches: AtomicU64,
    closures: AtomicU64,
    rolled_back: AtomicU64,
    batches_lost: AtomicU64,
    closures_lost: AtomicU64,
    queue_full: AtomicU64,
}

impl Tally {
    pub(crate) fn committed(&self, batch: &Batch) {
        self.batches.fetch_add(1, Relaxed);
        self.closures.fetch_add(batch.closures(), Relaxed);
        self.rolled_back.fetch_add(batch.rolled_back(), Relaxed);
    }

    pub(crate) fn lost(&self, batch: &Batch) {
        self.batches_lost.fetch_add(1, Relaxed);
        self.closures_lost.fetch_add(batch.closures(), Relaxed);
    }

    fn counters(&self, writes_waiting: usize, reads_waiting: usize) -> Counters {
        Counters {
            batches: self.batches.load(Relaxed),
            closures: self.closures.load(Relaxed),
            rolled_back: self.rolled_back.load(Relaxed),
            batches_lost: self.batches_lost.load(Relaxed),
            closures_lost: self.closures_lost.load(Relaxed),
            queue_full: self.queue_full.load(Relaxed),
            writes_waiting: u64::try_from(writes_waiting).unwrap_or(u64::MAX),
            reads_waiting: u64::try_from(reads_waiting).unwrap_or(u64::MAX),
        }
    }
}
