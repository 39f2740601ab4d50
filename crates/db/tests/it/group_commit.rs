//! Many writers, few syncs.

use guildhall_db::{Db, fault_vfs::FaultVfs};

use crate::ledger::{Gate, append, entries, open, options, spawn_write};

const WRITERS: u64 = 64;
const WRITES_EACH: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_writers_share_their_syncs_and_each_batch_costs_one() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultVfs::new();
    let db = Db::open(options(directory.path()).with_vfs(&disk)).unwrap();
    // The first commit of a log also syncs its header.
    db.write(|tx| append(tx, 1_000_000)).await.unwrap();
    let (syncs_before, before) = (disk.syncs(), db.counters());

    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let db = db.clone();
        writers.push(tokio::spawn(async move {
            for turn in 0..WRITES_EACH {
                let number = writer * WRITES_EACH + turn;
                db.write(move |tx| append(tx, number)).await.unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }

    let (syncs, after) = (disk.syncs(), db.counters());
    let batches = after.batches - before.batches;
    let writes = after.closures - before.closures;
    assert_eq!(writes, WRITERS * WRITES_EACH);
    assert_eq!(syncs.log - syncs_before.log, batches, "one sync per batch");
    assert_eq!(
        syncs.database, syncs_before.database,
        "no checkpoint was due"
    );
    assert!(
        batches * 4 <= writes,
        "{writes} writes took {batches} syncs"
    );
    let stored = db.read(entries).await.unwrap();
    assert_eq!(stored.len() as u64, writes + 1);
}

#[tokio::test]
async fn what_waits_at_the_same_time_is_one_batch() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let before = db.counters();
    let gate = Gate::close(&db).await;
    let writes: Vec<_> = (0..100)
        .map(|number| spawn_write(&db, move |tx| append(tx, number)))
        .collect();
    gate.open(&db, 100).await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let after = db.counters();
    assert_eq!(after.batches - before.batches, 1);
    assert_eq!(after.closures - before.closures, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_between_writers() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    db.write(|tx| tx.execute("INSERT INTO ledger VALUES (0, '0')", &[]))
        .await
        .unwrap();
    let increments: Vec<_> = (0..WRITERS)
        .map(|_| {
            spawn_write(&db, |tx| {
                let count = tx.query_one("SELECT body FROM ledger", &[], |row| {
                    row.get::<String>("body")
                })?;
                let next = count.parse::<u64>().unwrap() + 1;
                tx.execute(
                    "UPDATE ledger SET body = ?1",
                    guildhall_db::params![next.to_string()],
                )
            })
        })
        .collect();
    for increment in increments {
        increment.await.unwrap().unwrap();
    }
    let count = db
        .read(|reader| {
            reader.query_one("SELECT body FROM ledger", &[], |row| {
                row.get::<String>("body")
            })
        })
        .await
        .unwrap();
    assert_eq!(count, WRITERS.to_string());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_writer_is_nicer_than_who_answers() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(options(directory.path())).unwrap();
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let writing = db.write(move |_| Ok(niceness())).await.unwrap();
    assert!(writing > niceness(), "{writing} beside {}", niceness());
}
