//! Cutting the power: what was acknowledged is on the disk, not only in the page cache.

use std::{collections::BTreeSet, path::Path, sync::Mutex, thread};

use guildhall_db::{
    Db, Durability,
    fault_vfs::{FaultVfs, Survivors},
    params,
};
use guildhall_kernel::Result;

use crate::ledger::{append_with_body, body_of, entries, options};

const WRITERS: u64 = 4;
const WRITES_EACH: u64 = 40;
const ROUND_SPAN: u64 = 1_000_000;

/// Long entries make the log long enough for checkpoints within a few rounds.
const PADDING: usize = 6000;

/// About as many disk operations as the writes of a round take, and as its closing checkpoint does.
const OPERATIONS_WRITING: u64 = 1000;
const OPERATIONS_CLOSING: u64 = 300;

#[derive(Clone, Copy)]
struct Plan {
    durability: Durability,
    rounds: u64,
    survivors: fn(round: u64) -> Survivors,
}

#[derive(Debug, Default)]
struct Outcome {
    acknowledged: usize,
    lost: BTreeSet<u64>,
    cut_while_opening: u64,
    cut_while_writing: u64,
    cut_while_closing: u64,
}

/// Writes and cuts the power again and again; after each cut compares what was acknowledged with
/// what is there. The same steps serve the disk that keeps its promises and the one that does not.
fn cut_again_and_again(disk: &FaultVfs, plan: Plan) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut outcome = Outcome::default();
    for round in 0..plan.rounds {
        let acknowledged = write_and_cut(disk, directory.path(), plan, round, &mut outcome);
        disk.cut_power_after(0);
        disk.restore_power((plan.survivors)(round)).unwrap();

        let db = open(disk, directory.path(), plan.durability).unwrap();
        let stored = db.read_blocking(entries).unwrap();
        outcome.lost.extend(acknowledged.difference(&stored));
        check(&db);
        forget_before(&db, round * ROUND_SPAN);
        outcome.acknowledged += acknowledged.len();
    }
    outcome
}

/// Three rounds of four lose power at some moment from opening to the last write, the fourth while
/// closing. Steps coprime to the bounds visit early, middle and late moments alike.
fn write_and_cut(
    disk: &FaultVfs,
    directory: &Path,
    plan: Plan,
    round: u64,
    outcome: &mut Outcome,
) -> BTreeSet<u64> {
    let cut_closing = round % 4 == 3;
    if !cut_closing {
        disk.cut_power_after((round * 367) % OPERATIONS_WRITING);
    }
    let Ok(db) = open(disk, directory, plan.durability) else {
        outcome.cut_while_opening += 1;
        return BTreeSet::new();
    };
    let acknowledged = write_until_cut(&db, round);
    let was_off = disk.is_off();
    outcome.cut_while_writing += u64::from(was_off);
    if cut_closing {
        disk.cut_power_after((round * 67) % OPERATIONS_CLOSING);
    }
    db.close();
    outcome.cut_while_closing += u64::from(disk.is_off() && !was_off);
    acknowledged
}

fn write_until_cut(db: &Db, round: u64) -> BTreeSet<u64> {
    let acknowledged = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let acknowledged = &acknowledged;
            scope.spawn(move || {
                for turn in 0..WRITES_EACH {
                    let number = round * ROUND_SPAN + writer * WRITES_EACH + turn;
                    let body = body_of(number) + &"x".repeat(PADDING);
                    let write = db.write_blocking(move |tx| append_with_body(tx, number, &body));
                    if write.is_err() {
                        break;
                    }
                    acknowledged.lock().unwrap().insert(number);
                }
            });
        }
    });
    acknowledged.into_inner().unwrap()
}

fn open(disk: &FaultVfs, directory: &Path, durability: Durability) -> Result<Db> {
    let mut options = options(directory).with_vfs(disk);
    options.durability = durability;
    Db::open(options)
}

fn check(db: &Db) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(db.integrity_check()).unwrap();
}

/// Keeps the file small, and makes the log reuse its pages.
fn forget_before(db: &Db, number: u64) {
    db.write_blocking(move |tx| {
        tx.execute("DELETE FROM shadow WHERE number < ?1", params![number])?;
        tx.execute("DELETE FROM ledger WHERE number < ?1", params![number])
    })
    .unwrap();
}

#[test]
fn nothing_acknowledged_is_lost_when_the_power_is_cut() {
    let plan = Plan {
        durability: Durability::Full,
        rounds: 100,
        survivors: |round| match round % 3 {
            0 => Survivors::Synced,
            _ => Survivors::Random(round),
        },
    };
    let outcome = cut_again_and_again(&FaultVfs::new(), plan);
    assert!(
        outcome.lost.is_empty(),
        "acknowledged but lost: {outcome:?}"
    );
    // Cuts must fall into every phase, or this proves nothing.
    assert!(outcome.acknowledged > 2000, "{outcome:?}");
    assert!(outcome.cut_while_opening > 0, "{outcome:?}");
    assert!(outcome.cut_while_writing > 20, "{outcome:?}");
    assert!(outcome.cut_while_closing > 10, "{outcome:?}");
}

#[test]
fn the_same_steps_show_the_loss_when_syncs_do_nothing() {
    let plan = Plan {
        durability: Durability::Full,
        rounds: 8,
        survivors: |_round| Survivors::Synced,
    };
    let disk = FaultVfs::new();
    disk.ignore_syncs(true);
    let outcome = cut_again_and_again(&disk, plan);
    assert!(outcome.lost.len() > outcome.acknowledged / 2, "{outcome:?}");
}

#[test]
fn without_full_durability_commits_may_go_but_the_file_stays_sound() {
    let plan = Plan {
        durability: Durability::Normal,
        rounds: 40,
        survivors: |round| match round % 2 {
            0 => Survivors::Synced,
            _ => Survivors::Random(round),
        },
    };
    let outcome = cut_again_and_again(&FaultVfs::new(), plan);
    assert!(
        !outcome.lost.is_empty(),
        "the syncs of Full would be for nothing"
    );
}

#[test]
fn a_cut_while_the_database_is_made_leaves_one_that_can_be_made() {
    let mut cut = 0;
    for operations in 0..60 {
        let directory = tempfile::tempdir().unwrap();
        let disk = FaultVfs::new();
        disk.cut_power_after(operations);
        let opened = open(&disk, directory.path(), Durability::Full);
        cut += u64::from(opened.is_err());
        drop(opened);
        disk.cut_power_after(0);
        disk.restore_power(Survivors::Random(operations)).unwrap();
        let db = open(&disk, directory.path(), Durability::Full).unwrap();
        assert!(db.read_blocking(entries).unwrap().is_empty());
        check(&db);
    }
    assert!(cut > 5, "only {cut} cuts fell into the making");
}
