//! What one closure can do to its neighbours: nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::SeqCst},
    mpsc,
};

use guildhall_db::Db;
use guildhall_kernel::{Error, ErrorKind};

use crate::ledger::{Gate, append, entries, open, options, spawn_write, until_waiting};

#[tokio::test]
async fn a_panic_and_an_error_roll_back_only_their_own_changes() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let before = db.counters();
    let gate = Gate::close(&db).await;
    let good = spawn_write(&db, |tx| append(tx, 1));
    until_waiting(&db, 1).await;
    let panicking = spawn_write(&db, |tx| -> guildhall_kernel::Result<()> {
        append(tx, 2)?;
        panic!("number {} went wrong", 2);
    });
    until_waiting(&db, 2).await;
    let failing = spawn_write(&db, |tx| -> guildhall_kernel::Result<()> {
        append(tx, 3)?;
        Err(Error::conflict("not_today", "three is not wanted"))
    });
    until_waiting(&db, 3).await;
    let late = spawn_write(&db, |tx| append(tx, 4));
    gate.open(&db, 4).await.unwrap();

    good.await.unwrap().unwrap();
    let panicked = panicking.await.unwrap().unwrap_err();
    assert_eq!(panicked.kind(), ErrorKind::Internal);
    assert!(panicked.chain().contains("number 2 went wrong"));
    assert_eq!(failing.await.unwrap().unwrap_err().code(), "not_today");
    late.await.unwrap().unwrap();

    assert_eq!(db.read(entries).await.unwrap(), [1, 4].into());
    let after = db.counters();
    assert_eq!(after.batches - before.batches, 1);
    assert_eq!(after.rolled_back - before.rolled_back, 2);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path());
    options.queue_length = 2;
    let db = Db::open(options).unwrap();
    let gate = Gate::close(&db).await;
    let first = spawn_write(&db, |tx| append(tx, 1));
    let second = spawn_write(&db, |tx| append(tx, 2));
    until_waiting(&db, 2).await;

    let refused = db.write(|tx| append(tx, 3)).await.unwrap_err();
    assert_eq!(refused.code(), "database_busy");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.retry_after_seconds(), Some(1));
    assert_eq!(db.counters().queue_full, 1);

    gate.open(&db, 2).await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(db.read(entries).await.unwrap(), [1, 2].into());
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    for sql in [
        "INSERT INTO ledger VALUES (1, 'x') RETURNING number",
        "DELETE FROM ledger RETURNING number",
        "PRAGMA query_only = OFF",
        "CREATE TABLE more (number INTEGER)",
    ] {
        let refused = db
            .read(move |reader| reader.query_opt(sql, &[], |row| row.get_at::<i64>(0)))
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Internal, "{sql}");
    }
    assert!(db.read(entries).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_closure_cannot_end_the_transaction() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    for sql in [
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT mine",
        "RELEASE closure",
        "ROLLBACK TO closure",
    ] {
        let refused = db.write(move |tx| {
            append(tx, 1)?;
            tx.execute(sql, &[])
        });
        assert_eq!(
            refused.await.unwrap_err().kind(),
            ErrorKind::Internal,
            "{sql}"
        );
    }
    assert!(db.read(entries).await.unwrap().is_empty());
    db.write(|tx| append(tx, 1)).await.unwrap();
}

#[tokio::test]
async fn a_panicking_read_harms_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path());
    options.reader_count = 1;
    let db = Db::open(options).unwrap();
    let panicked = db
        .read(|_reader| -> guildhall_kernel::Result<()> { panic!("cannot read this") })
        .await
        .unwrap_err();
    assert_eq!(panicked.kind(), ErrorKind::Internal);
    assert!(db.read(entries).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_read_sees_one_moment_only() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let (started, has_started) = tokio::sync::oneshot::channel();
    let (written, is_written) = mpsc::channel::<()>();
    let reading = {
        let db = db.clone();
        tokio::spawn(async move {
            db.read(move |reader| {
                let first = entries(reader)?;
                started.send(()).unwrap();
                is_written.recv().unwrap();
                Ok((first, entries(reader)?))
            })
            .await
        })
    };
    has_started.await.unwrap();
    db.write(|tx| append(tx, 1)).await.unwrap();
    written.send(()).unwrap();
    let (first, second) = reading.await.unwrap().unwrap();
    assert_eq!((first.len(), second.len()), (0, 0));
    assert_eq!(db.read(entries).await.unwrap().len(), 1);
}

#[tokio::test]
async fn side_effects_wait_for_the_commit_and_die_with_a_rollback() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let effects = Arc::new(AtomicU64::new(0));
    let gate = Gate::close(&db).await;
    let kept = {
        let effects = Arc::clone(&effects);
        spawn_write(&db, move |tx| {
            let (during, after) = (Arc::clone(&effects), Arc::clone(&effects));
            tx.after_commit(move || {
                after.fetch_add(1, SeqCst);
            });
            tx.after_commit(|| panic!("an effect went wrong"));
            append(tx, 1)?;
            Ok(during.load(SeqCst))
        })
    };
    let rolled_back = {
        let effects = Arc::clone(&effects);
        spawn_write(&db, move |tx| -> guildhall_kernel::Result<()> {
            tx.after_commit(move || {
                effects.fetch_add(100, SeqCst);
            });
            Err(Error::conflict("changed_my_mind", "not after all"))
        })
    };
    gate.open(&db, 2).await.unwrap();
    assert_eq!(kept.await.unwrap().unwrap(), 0, "not before the commit");
    assert!(rolled_back.await.unwrap().is_err());
    assert_eq!(
        effects.load(SeqCst),
        1,
        "before its caller hears of it, and only once"
    );
}

#[tokio::test]
async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let gate = Gate::close(&db).await;
    let writes: Vec<_> = (0..10)
        .map(|number| spawn_write(&db, move |tx| append(tx, number)))
        .collect();
    until_waiting(&db, 10).await;
    let closing = {
        let db = db.clone();
        tokio::task::spawn_blocking(move || db.close())
    };
    gate.open(&db, 10).await.unwrap();
    closing.await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(
        db.read(entries).await.unwrap_err().code(),
        "database_closed"
    );
    let refused = db.write(|tx| append(tx, 99)).await.unwrap_err();
    assert_eq!(refused.code(), "database_closed");
    assert!(
        !directory.path().join("test.db-wal").exists(),
        "the log is emptied"
    );
    assert_eq!(
        open(directory.path()).read(entries).await.unwrap().len(),
        10
    );
}

#[tokio::test]
async fn a_closure_may_hold_the_last_handle_and_still_commits() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let (entered, has_entered) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let (committed, has_committed) = tokio::sync::oneshot::channel();
    let held = db.clone();
    let write = spawn_write(&db, move |tx| {
        entered.send(()).unwrap();
        released.recv().unwrap();
        append(tx, 7)?;
        tx.after_commit(move || committed.send(()).unwrap());
        drop(held);
        Ok(())
    });
    has_entered.await.unwrap();
    write.abort();
    assert!(write.await.unwrap_err().is_cancelled());
    drop(db);
    release.send(()).unwrap();
    has_committed.await.unwrap();
    assert_eq!(
        open(directory.path()).read(entries).await.unwrap(),
        [7].into()
    );
}
