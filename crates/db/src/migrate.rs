//! Bringing the schema forward.

use std::path::Path;

use data_encoding::HEXLOWER;
use guildhall_kernel::{Error, Result};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::{error::sqlite_error, options::Migration};

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";

/// Applies what is missing, each step in a transaction of its own, after checking that what was
/// applied before is what this program knows.
pub(crate) fn migrate(
    connection: &Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<()> {
    check_sequence(migrations)?;
    let applied = read_applied(connection)?;
    let known = migrations.last().map_or(0, |last| last.version);
    if let Some(newest) = applied.last().filter(|newest| newest.version > known) {
        return Err(schema_too_new(path, newest.version, known));
    }
    for (row, migration) in applied.iter().zip(migrations) {
        if row.version != migration.version || row.checksum != checksum(migration.sql) {
            return Err(migration_changed(path, row, migration));
        }
    }
    let missing = migrations.get(applied.len()..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    // A step that rebuilds a table drops the old one while others still refer to it; the check of
    // all foreign keys before the commit takes the place of the immediate one.
    set_foreign_keys(connection, false)?;
    let outcome = missing.iter().try_for_each(|step| apply(connection, step));
    set_foreign_keys(connection, true)?;
    outcome
}

struct Applied {
    version: u32,
    name: String,
    checksum: String,
}

fn read_applied(connection: &Connection) -> Result<Vec<Applied>> {
    let read = || {
        connection.execute_batch(LEDGER)?;
        connection
            .prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version")?
            .query_map([], |row| {
                Ok(Applied {
                    version: row.get(0)?,
                    name: row.get(1)?,
                    checksum: row.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(sqlite_error)
}

fn apply(connection: &Connection, migration: &Migration) -> Result<()> {
    let outcome = apply_in_transaction(connection, migration);
    if outcome.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(sqlite_error)?;
    }
    outcome.map_err(|error| {
        let Migration { version, name, .. } = migration;
        tracing::error!(schema.version = version, error = %error.chain(), "migration failed");
        Error::new(
            error.kind(),
            error.code(),
            format!(
                "migration {version} (`{name}`) failed and was rolled back: {}",
                error.message()
            ),
        )
        .with_source(error)
    })
}

fn apply_in_transaction(connection: &Connection, migration: &Migration) -> Result<()> {
    let run = |sql: &str| connection.execute_batch(sql).map_err(sqlite_error);
    run("BEGIN IMMEDIATE")?;
    run(migration.sql)?;
    if connection.is_autocommit() {
        return Err(Error::internal(
            "it ends the transaction; leave COMMIT and ROLLBACK out",
        ));
    }
    if let Some(fault) = schema_fault(connection).map_err(sqlite_error)? {
        return Err(Error::internal(fault));
    }
    let row = params![migration.version, migration.name, checksum(migration.sql)];
    connection
        .execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at)
             VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000 AS INTEGER))",
            row,
        )
        .map_err(sqlite_error)?;
    run("COMMIT")
}

/// What is wrong with the schema: a table that is not `STRICT`, a constraint that would fail at the
/// commit (and so for a whole batch), or a row whose foreign key points nowhere.
fn schema_fault(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let faults = [
        "SELECT 'table `' || name || '` is not STRICT' FROM pragma_table_list
         WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        "SELECT 'table `' || name || '` has a deferred constraint' FROM sqlite_schema
         WHERE type = 'table' AND sql LIKE '%INITIALLY DEFERRED%'",
        "SELECT 'a row of table `' || \"table\" || '` refers to a missing row of `' || parent || '`'
         FROM pragma_foreign_key_check",
    ];
    for fault in faults {
        let mut statement = connection.prepare(fault)?;
        let mut rows = statement.query([])?;
        if let Some(row) = rows.next()? {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}

fn set_foreign_keys(connection: &Connection, on: bool) -> Result<()> {
    connection
        .pragma_update(None, "foreign_keys", on)
        .map_err(sqlite_error)
}

fn checksum(sql: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(sql.as_bytes()))
}

fn check_sequence(migrations: &[Migration]) -> Result<()> {
    for (expected, migration) in (1_u32..).zip(migrations) {
        if migration.version != expected {
            return Err(Error::internal(format!(
                "migration `{}` has version {} where {expected} is next",
                migration.name, migration.version
            )));
        }
    }
    Ok(())
}

fn schema_too_new(path: &Path, found: u32, known: u32) -> Error {
    Error::conflict(
        "schema_too_new",
        format!(
            "the database `{}` has schema version {found} but this release knows versions up to {known}; \
             start the newer release again, or restore a backup made before the upgrade",
            path.display()
        ),
    )
}

fn migration_changed(path: &Path, applied: &Applied, migration: &Migration) -> Error {
    Error::conflict(
        "migration_changed",
        format!(
            "the database `{}` was made with another form of migration {} (`{}`) than this release holds (`{}`); \
             use an official release, or restore a backup of this one",
            path.display(),
            applied.version,
            applied.name,
            migration.name
        ),
    )
}
