//! The reading threads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use guildhall_kernel::Result;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{access::Reader, error::panicked, queue::Queue};

/// A closure that waits for a reader.
pub(crate) trait ReadJob: Send {
    /// Runs the closure and answers its caller.
    fn run(self: Box<Self>, reader: &Reader<'_>);
}

pub(crate) struct Read<T, F> {
    pub(crate) closure: F,
    pub(crate) answer: oneshot::Sender<Result<T>>,
}

impl<T, F> ReadJob for Read<T, F>
where
    T: Send,
    F: FnOnce(&Reader<'_>) -> Result<T> + Send,
{
    fn run(self: Box<Self>, reader: &Reader<'_>) {
        let Self { closure, answer } = *self;
        // Nobody waits any more (a request that was given up): spare the work.
        if answer.is_closed() {
            return;
        }
        let result = catch_unwind(AssertUnwindSafe(|| closure(reader)))
            .unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        // The caller may have left meanwhile; a read leaves nothing behind.
        drop(answer.send(result));
    }
}

/// Serves closures until the queue is closed and empty.
pub(crate) fn serve(connection: &Connection, queue: &Arc<Queue<Box<dyn ReadJob>>>) {
    while let Some(job) = queue.pop() {
        // One snapshot for all statements of the closure. Should it not open, the closure's first
        // statement fails.
        run_cached(connection, "BEGIN");
        job.run(&Reader::new(connection));
        if !connection.is_autocommit() {
            run_cached(connection, "COMMIT");
        }
    }
}

fn run_cached(connection: &Connection, sql: &str) {
    let outcome = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]));
    if let Err(error) = outcome {
        tracing::error!(error = %error, statement = sql, "reader transaction failed");
    }
}
