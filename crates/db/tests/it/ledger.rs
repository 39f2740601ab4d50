//! The schema and the steps most tests share: a ledger whose every entry has a shadow, written in
//! the same closure, so that half a change shows.

use std::{collections::BTreeSet, path::Path, sync::mpsc};

use guildhall_db::{Db, DbOptions, Migration, Reader, Tx, params};
use guildhall_kernel::Result;
use tokio::task::JoinHandle;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "ledger",
    sql: "CREATE TABLE ledger (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
          CREATE TABLE shadow (number INTEGER PRIMARY KEY REFERENCES ledger (number)) STRICT;",
}];

pub(crate) fn options(directory: &Path) -> DbOptions {
    DbOptions::new(directory.join("test.db"), MIGRATIONS)
}

pub(crate) fn open(directory: &Path) -> Db {
    Db::open(options(directory)).unwrap()
}

/// Writes an entry and its shadow.
pub(crate) fn append(tx: &Tx<'_>, number: u64) -> Result<()> {
    append_with_body(tx, number, &body_of(number))
}

pub(crate) fn append_with_body(tx: &Tx<'_>, number: u64, body: &str) -> Result<()> {
    tx.execute(
        "INSERT INTO ledger (number, body) VALUES (?1, ?2)",
        params![number, body],
    )?;
    tx.execute("INSERT INTO shadow (number) VALUES (?1)", params![number])?;
    Ok(())
}

/// The numbers of all entries, after checking each entry's body and shadow.
pub(crate) fn entries(reader: &Reader<'_>) -> Result<BTreeSet<u64>> {
    let found = reader.query_all("SELECT number, body FROM ledger", &[], |row| {
        Ok((row.get::<u64>("number")?, row.get::<String>("body")?))
    })?;
    for (number, body) in &found {
        assert!(
            body.starts_with(&body_of(*number)),
            "entry {number} is damaged"
        );
    }
    let numbers: BTreeSet<u64> = found.into_iter().map(|(number, _)| number).collect();
    let shadows = reader.query_all("SELECT number FROM shadow", &[], |row| row.get("number"))?;
    assert_eq!(
        numbers,
        shadows.into_iter().collect(),
        "half a change was stored"
    );
    Ok(numbers)
}

pub(crate) fn body_of(number: u64) -> String {
    format!("entry {number}.")
}

/// Holds the writer inside a closure, so that what is written meanwhile shares one batch with it.
pub(crate) struct Gate {
    release: mpsc::Sender<()>,
    holder: JoinHandle<Result<()>>,
}

impl Gate {
    pub(crate) async fn close(db: &Db) -> Self {
        let (release, released) = mpsc::channel();
        let (entered, has_entered) = tokio::sync::oneshot::channel();
        let db = db.clone();
        let holder = tokio::spawn(async move {
            db.write(move |_tx| {
                entered.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            })
            .await
        });
        has_entered.await.unwrap();
        Self { release, holder }
    }

    /// Lets the batch go on once `waiting` closures are queued behind the gate.
    pub(crate) async fn open(self, db: &Db, waiting: u64) -> Result<()> {
        until_waiting(db, waiting).await;
        self.release.send(()).unwrap();
        self.holder.await.unwrap()
    }
}

pub(crate) async fn until_waiting(db: &Db, waiting: u64) {
    while db.counters().writes_waiting < waiting {
        tokio::task::yield_now().await;
    }
}

/// Queues a write from a task of its own.
pub(crate) fn spawn_write<T: Send + 'static>(
    db: &Db,
    closure: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
) -> JoinHandle<Result<T>> {
    let db = db.clone();
    tokio::spawn(async move { db.write(closure).await })
}
