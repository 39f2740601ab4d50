//! A disk that runs full in the middle of a batch.

use std::sync::Arc;

use guildhall_db::{Db, Tx, fault_vfs::FaultVfs};
use guildhall_kernel::{Error, Result};

use crate::ledger::{Gate, append, append_with_body, body_of, entries, options, spawn_write};

/// More than the writer's page cache: SQLite must write before the commit.
const LARGER_THAN_CACHE: usize = 24 << 20;

struct Scene {
    _directory: tempfile::TempDir,
    disk: Arc<FaultVfs>,
    db: Db,
}

/// A database with the acknowledged entries 0 to 9 on a disk that then has no room left.
async fn full_disk() -> Scene {
    let directory = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultVfs::new());
    let db = Db::open(options(directory.path()).with_vfs(&disk)).unwrap();
    for number in 0..10 {
        db.write(move |tx| append(tx, number)).await.unwrap();
    }
    disk.limit_growth(0);
    Scene {
        _directory: directory,
        disk,
        db,
    }
}

/// Runs entries 10 to 19 in one batch, with `middle` in place of 15; gives every caller's error.
async fn lose_batch(
    db: &Db,
    middle: impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static,
) -> Vec<Error> {
    let gate = Gate::close(db).await;
    let mut writes = Vec::new();
    for number in 10..15 {
        writes.push(spawn_write(db, move |tx| append(tx, number)));
    }
    crate::ledger::until_waiting(db, 5).await;
    writes.push(spawn_write(db, middle));
    crate::ledger::until_waiting(db, 6).await;
    let mut errors = vec![gate.open(db, 6).await.unwrap_err()];
    for write in writes {
        errors.push(write.await.unwrap().unwrap_err());
    }
    errors
}

async fn assert_recovers(scene: &Scene) {
    let stored = scene.db.read(entries).await.unwrap();
    assert_eq!(
        stored,
        (0..10).collect(),
        "acknowledged entries, and no others"
    );
    scene.disk.free_space();
    for number in 10..20 {
        scene.db.write(move |tx| append(tx, number)).await.unwrap();
    }
    assert_eq!(scene.db.read(entries).await.unwrap(), (0..20).collect());
    scene.db.integrity_check().await.unwrap();
}

fn assert_all_retryable(errors: &[Error]) {
    for error in errors {
        assert_eq!(error.code(), "disk_full", "{error:?}");
        assert!(error.is_retryable());
        assert_eq!(error.status(), 507);
    }
}

#[tokio::test]
async fn full_at_the_commit_every_caller_may_retry() {
    let scene = full_disk().await;
    let errors = lose_batch(&scene.db, |tx| append(tx, 15)).await;
    assert_eq!(errors.len(), 7);
    assert_all_retryable(&errors);
    assert_eq!(scene.db.counters().batches_lost, 1);
    assert_eq!(scene.db.counters().closures_lost, 7);
    assert_recovers(&scene).await;
}

#[tokio::test]
async fn full_inside_a_closure_every_caller_of_the_batch_may_retry() {
    let scene = full_disk().await;
    let errors = lose_batch(&scene.db, |tx| {
        let body = body_of(15) + &"x".repeat(LARGER_THAN_CACHE);
        append_with_body(tx, 15, &body)
    })
    .await;
    assert_all_retryable(&errors);
    assert_recovers(&scene).await;
}

#[tokio::test]
async fn a_closure_that_ignores_the_full_disk_writes_nothing_outside_the_transaction() {
    let scene = full_disk().await;
    let disk = Arc::clone(&scene.disk);
    let errors = lose_batch(&scene.db, move |tx| {
        let body = body_of(15) + &"x".repeat(LARGER_THAN_CACHE);
        assert!(append_with_body(tx, 15, &body).is_err());
        disk.free_space();
        // SQLite has given up the transaction: this would commit by itself.
        assert_eq!(append(tx, 16).unwrap_err().code(), "disk_full");
        Ok(())
    })
    .await;
    assert_all_retryable(&errors);
    assert_recovers(&scene).await;
}

#[tokio::test]
async fn an_error_that_rests_on_a_lost_neighbour_is_not_reported() {
    let scene = full_disk().await;
    // Entry 10 exists only in this batch: "already exists" would be a lie once it is lost.
    let errors = lose_batch(&scene.db, |tx| append(tx, 10)).await;
    assert_all_retryable(&errors);
    assert_recovers(&scene).await;
}

#[tokio::test]
async fn reads_go_on_while_the_disk_is_full() {
    let scene = full_disk().await;
    assert!(scene.db.write(|tx| append(tx, 10)).await.is_err());
    assert_eq!(scene.db.read(entries).await.unwrap().len(), 10);
    scene.db.quick_check().await.unwrap();
    assert_recovers(&scene).await;
}
