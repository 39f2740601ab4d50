//! From SQLite's failures to the product's error.

use std::{any::Any, fmt, path::Path};

use guildhall_kernel::{Error, ErrorKind};
use rusqlite::{ErrorCode, ffi};

/// Turns a failure of SQLite into the product's error, with the failure as its private source.
pub(crate) fn sqlite_error(error: rusqlite::Error) -> Error {
    public_error(&error).with_source(error)
}

/// Like [`sqlite_error`], and the log also sees the statement (values are bound, never in it).
pub(crate) fn statement_error(sql: &str, error: rusqlite::Error) -> Error {
    public_error(&error).with_source(StatementError {
        sql: sql.to_owned(),
        error,
    })
}

/// Like [`sqlite_error`], for what happens while the file at `path` is opened.
pub(crate) fn open_error(path: &Path, error: rusqlite::Error) -> Error {
    let path = path.display();
    let opened = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Error::conflict(
            "not_a_database",
            format!(
                "`{path}` is not a database file; move it away or restore a backup in its place"
            ),
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            not_writable(&path.to_string())
        }
        _ => public_error(&error),
    };
    opened.with_source(error)
}

/// The file or its directory refuses writing.
pub(crate) fn not_writable(path: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "database_not_writable",
        format!(
            "the database `{path}` cannot be written; make the file and its directory writable for this user"
        ),
    )
}

/// The queue is full: the caller may try again in a second.
pub(crate) fn busy() -> Error {
    Error::unavailable(
        "database_busy",
        "the node has too much to store right now; try again in a moment",
        1,
    )
}

/// Whether what failed to be written may be written later, as when the disk has room again; never once the database is closed.
pub fn is_passing(error: &Error) -> bool {
    error.is_retryable() && error.code() != closed().code()
}

/// The database was closed, or is being closed.
pub(crate) fn closed() -> Error {
    Error::unavailable(
        "database_closed",
        "the node is stopping; try again when it is back",
        5,
    )
}

/// A closure panicked: its own changes are rolled back, nobody else's.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    Error::internal(format!("a database closure panicked: {text}"))
}

/// Why a whole batch was lost; every caller of the batch gets an error made from it.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    disk_full: bool,
    busy: bool,
    cause: String,
}

impl Loss {
    pub(crate) fn new(error: &rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        Self {
            disk_full: code == Some(ErrorCode::DiskFull),
            busy: matches!(
                code,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            cause: error.to_string(),
        }
    }

    /// The transaction is gone though no statement reported why.
    pub(crate) fn unexplained() -> Self {
        Self {
            disk_full: false,
            busy: false,
            cause: "the transaction ended inside a closure".into(),
        }
    }

    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    /// The retryable error of one caller.
    pub(crate) fn to_error(&self) -> Error {
        let error = if self.disk_full {
            disk_full()
        } else if self.busy {
            busy()
        } else {
            Error::unavailable(
                "database_unavailable",
                "the change was not stored because the database could not write; try again",
                1,
            )
        };
        error.with_source(self.cause.clone())
    }
}

fn public_error(error: &rusqlite::Error) -> Error {
    let Some(failure) = error.sqlite_error() else {
        return Error::internal("a database statement could not be run");
    };
    match failure.code {
        ErrorCode::ConstraintViolation => constraint_error(failure.extended_code),
        ErrorCode::DiskFull => disk_full(),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => busy(),
        ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory => Error::unavailable(
            "database_unavailable",
            "the database could not read or write; try again",
            1,
        ),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::new(
            ErrorKind::Internal,
            "database_corrupt",
            "the database is damaged; stop the node and restore a verified backup",
        ),
        _ => Error::internal("a database statement failed"),
    }
}

fn constraint_error(extended_code: i32) -> Error {
    match extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => Error::conflict(
            "already_exists",
            "there already is one like this; change what must be unique",
        ),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::conflict(
            "reference_violated",
            "something this needs is gone, or something else still needs it; reload and try again",
        ),
        _ => Error::internal("a row broke a constraint of its table"),
    }
}

fn disk_full() -> Error {
    Error::new(
        ErrorKind::StorageFull,
        "disk_full",
        "the disk of the node is full, so nothing was stored; free some space and try again",
    )
}

#[derive(Debug)]
struct StatementError {
    sql: String,
    error: rusqlite::Error,
}

impl fmt::Display for StatementError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in `{}`", self.error, self.sql.trim())
    }
}

impl std::error::Error for StatementError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The text above already holds the cause's own.
        None
    }
}
