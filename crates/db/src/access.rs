//! What a closure sees of the database: statements in, rows out.

use std::{cell::RefCell, ops::Deref, thread, time::Duration};

use guildhall_kernel::{Error, Result};
use rusqlite::{CachedStatement, Connection, params_from_iter};

use crate::{
    error::{Loss, statement_error},
    row::Row,
    value::{Bound, Value},
};

/// Rows that a batch writes before it makes way.
const ROWS_AT_ONCE: usize = 4;
/// Rows of a batch whose writer is behind.
const ROWS_BEHIND: usize = 256;
/// How long it makes way; the system's timers add their slack of about 50 µs.
const SHORTLY: Duration = Duration::from_micros(20);

/// Reads within one consistent snapshot of the database.
pub struct Reader<'connection> {
    connection: &'connection Connection,
    loss: RefCell<Option<Loss>>,
}

/// Reads and writes within the caller's part of a transaction.
pub struct Tx<'connection> {
    reader: Reader<'connection>,
    effects: RefCell<Vec<Effect>>,
}

/// A side effect that waits for the commit.
pub(crate) type Effect = Box<dyn FnOnce() + Send>;

impl<'connection> Reader<'connection> {
    pub(crate) fn new(connection: &'connection Connection) -> Self {
        Self {
            connection,
            loss: RefCell::new(None),
        }
    }

    /// The first row of the answer.
    ///
    /// # Errors
    /// Internal, when there is no row; use [`Reader::query_opt`] where that can be.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.query_opt(sql, params, read)?
            .ok_or_else(|| statement_error(sql, rusqlite::Error::QueryReturnedNoRows))
    }

    /// The first row of the answer, if there is one.
    ///
    /// # Errors
    /// When the statement fails, or `read` does.
    pub fn query_opt<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.each_row(sql, params, |row| {
            first = Some(read(row)?);
            Ok(Next::Stop)
        })?;
        Ok(first)
    }

    /// Every row of the answer. The statement sets the bound (`LIMIT`).
    ///
    /// # Errors
    /// When the statement fails, or `read` does.
    pub fn query_all<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each_row(sql, params, |row| {
            found.push(read(row)?);
            Ok(Next::Row)
        })?;
        Ok(found)
    }

    fn each_row(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut visit: impl FnMut(&Row<'_>) -> Result<Next>,
    ) -> Result<()> {
        let mut statement = self.prepare(sql)?;
        if statement.column_count() == 0 {
            return Err(Error::internal(format!(
                "`{sql}` gives no rows: use `execute`"
            )));
        }
        let mut rows = statement
            .query(params_from_iter(params.iter().map(Bound)))
            .map_err(|error| self.failed(sql, error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(sql, error))? {
            // A statement that writes may be left here too: `RETURNING` gives its first row only
            // after all changes are made and checked (sqlite.org/lang_returning.html).
            if matches!(visit(&Row(row))?, Next::Stop) {
                break;
            }
        }
        Ok(())
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'connection>> {
        // Outside the transaction each statement would commit by itself.
        if self.connection.is_autocommit() {
            let loss = self.loss.borrow().clone();
            return Err(loss.unwrap_or_else(Loss::unexplained).to_error());
        }
        self.connection
            .prepare_cached(sql)
            .map_err(|error| self.failed(sql, error))
    }

    fn failed(&self, sql: &str, error: rusqlite::Error) -> Error {
        if self.connection.is_autocommit() {
            self.loss
                .borrow_mut()
                .get_or_insert_with(|| Loss::new(&error));
        }
        statement_error(sql, error)
    }
}

enum Next {
    Row,
    Stop,
}

impl<'connection> Tx<'connection> {
    pub(crate) fn new(connection: &'connection Connection) -> Self {
        Self {
            reader: Reader::new(connection),
            effects: RefCell::new(Vec::new()),
        }
    }

    /// Makes way for others between the rows of a long batch (`row` counts from 0): whoever answers somebody meanwhile goes
    /// first. The batch, and whatever waits to write after it, takes longer by it; yielding alone leaves the processor only
    /// to whoever the scheduler finds behind. A batch of many `rows` makes none: who fills it so fast can wait.
    pub fn make_way(&self, row: usize, rows: usize) {
        if rows < ROWS_BEHIND && row % ROWS_AT_ONCE == ROWS_AT_ONCE - 1 {
            thread::sleep(SHORTLY);
        }
    }

    /// Runs a statement that writes; gives the number of rows it changed.
    ///
    /// # Errors
    /// Conflict `already_exists` when a unique constraint refuses it and `reference_violated` when
    /// a foreign key does; `disk_full` (retryable); internal otherwise.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        let mut statement = self.reader.prepare(sql)?;
        // This also keeps COMMIT, ROLLBACK and savepoints out of closures.
        if statement.readonly() {
            return Err(Error::internal(format!(
                "`{sql}` writes nothing: use a query"
            )));
        }
        statement
            .execute(params_from_iter(params.iter().map(Bound)))
            .map_err(|error| self.reader.failed(sql, error))
    }

    /// Runs `effect` on the writer thread once the change is durable and before its caller hears of
    /// it; never when the change is rolled back. It must be quick: all writers wait for it.
    pub fn after_commit(&self, effect: impl FnOnce() + Send + 'static) {
        self.effects.borrow_mut().push(Box::new(effect));
    }

    /// What waits for the commit, and why the transaction is gone if it is.
    pub(crate) fn finish(self) -> (Vec<Effect>, Option<Loss>) {
        let gone = self.reader.connection.is_autocommit();
        let loss = self.reader.loss.into_inner();
        let loss = gone.then(|| loss.unwrap_or_else(Loss::unexplained));
        (self.effects.into_inner(), loss)
    }
}

impl<'connection> Deref for Tx<'connection> {
    type Target = Reader<'connection>;

    fn deref(&self) -> &Reader<'connection> {
        &self.reader
    }
}
