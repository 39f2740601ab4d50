//! Looking for damage, and copies that are known to be good.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use guildhall_kernel::{Error, ErrorKind, Result};
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{
    connection::{Location, directory_of},
    error::sqlite_error,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    Quick,
    Full,
}

/// Checks the database on a connection of its own.
pub(crate) fn check(location: &Location, depth: Depth) -> Result<()> {
    let connection = location.open_reader()?;
    check_connection(&connection, &location.path, depth)
}

/// Copies the database to `target`: first beside it, and there only once the copy is verified and
/// durable.
pub(crate) fn back_up(location: &Location, target: &Path) -> Result<()> {
    if target.exists() {
        return Err(Error::conflict(
            "backup_exists",
            format!("`{}` already exists; choose another name", target.display()),
        ));
    }
    let partial = partial_path(target);
    let outcome = copy(location, &partial).and_then(|()| publish(&partial, target));
    if outcome.is_err() {
        // Best effort: the error that counts is the one above.
        drop(fs::remove_file(&partial));
    }
    outcome
}

fn copy(location: &Location, partial: &Path) -> Result<()> {
    if partial.exists() {
        fs::remove_file(partial)?;
    }
    let source = location.open_reader()?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut target = Connection::open_with_flags(partial, flags).map_err(sqlite_error)?;
    copy_pages(&source, &mut target)?;
    // A single file without side files, whatever the mode of the original.
    target
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .map_err(sqlite_error)?;
    check_connection(&target, partial, Depth::Full)?;
    target.close().map_err(|(_, error)| sqlite_error(error))
}

/// All pages in one step: one snapshot, which neither waits for writers nor makes them wait.
fn copy_pages(source: &Connection, target: &mut Connection) -> Result<()> {
    let step = Backup::new(source, target).and_then(|backup| backup.step(-1));
    match step.map_err(sqlite_error)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::unavailable(
            "backup_busy",
            "another process has locked the database; try again when it is done",
            5,
        )),
    }
}

fn publish(partial: &Path, target: &Path) -> Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, target)?;
    File::open(directory_of(target))?.sync_all()?;
    Ok(())
}

fn partial_path(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

fn check_connection(connection: &Connection, path: &Path, depth: Depth) -> Result<()> {
    let (damage, dangling) = match depth {
        Depth::Quick => ("PRAGMA quick_check(1)", None),
        Depth::Full => (
            "PRAGMA integrity_check(1)",
            Some("PRAGMA foreign_key_check"),
        ),
    };
    let found = first_text(connection, damage).map_err(sqlite_error)?;
    if let Some(damage) = found.filter(|finding| finding != "ok") {
        return Err(corrupt(path).with_source(damage));
    }
    let Some(dangling) = dangling else {
        return Ok(());
    };
    match first_text(connection, dangling).map_err(sqlite_error)? {
        None => Ok(()),
        Some(table) => Err(corrupt(path).with_source(format!("dangling reference in `{table}`"))),
    }
}

fn first_text(connection: &Connection, sql: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

fn corrupt(path: &Path) -> Error {
    Error::new(
        ErrorKind::Internal,
        "database_corrupt",
        format!(
            "the database `{}` is damaged; stop the node and restore a verified backup",
            path.display()
        ),
    )
}
