//! Migrations: what they may do, and what is refused.

use guildhall_db::{Db, Migration};
use guildhall_kernel::Result;

use crate::ledger::{MIGRATIONS, append, entries, open, options};

fn migrate(directory: &std::path::Path, migrations: &'static [Migration]) -> Result<Db> {
    let mut options = options(directory);
    options.migrations = migrations;
    Db::open(options)
}

fn refused(sql: &'static str) -> String {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).close();
    let migrations: &'static [Migration] = vec![
        MIGRATIONS[0],
        Migration {
            version: 2,
            name: "broken",
            sql,
        },
    ]
    .leak();
    let error = migrate(directory.path(), migrations)
        .err()
        .expect("should be refused");
    assert!(
        error.message().contains("migration 2 (`broken`)"),
        "{error}"
    );
    // Rolled back: the old release still opens it.
    open(directory.path())
        .write_blocking(|tx| append(tx, 1))
        .unwrap();
    error.chain()
}

#[test]
fn a_failing_migration_leaves_nothing_behind() {
    let chain = refused("CREATE TABLE half (number INTEGER PRIMARY KEY) STRICT; SELECT nonsense;");
    assert!(chain.contains("nonsense"), "{chain}");
}

#[test]
fn a_table_that_is_not_strict_is_refused() {
    let chain = refused("CREATE TABLE loose (number INTEGER PRIMARY KEY)");
    assert!(chain.contains("`loose` is not STRICT"), "{chain}");
}

#[test]
fn a_deferred_constraint_is_refused() {
    let chain = refused(
        "CREATE TABLE late (number INTEGER PRIMARY KEY
         REFERENCES ledger (number) DEFERRABLE INITIALLY DEFERRED) STRICT",
    );
    assert!(
        chain.contains("`late` has a deferred constraint"),
        "{chain}"
    );
}

#[test]
fn a_migration_that_leaves_a_dangling_reference_is_refused() {
    let chain = refused("INSERT INTO shadow (number) VALUES (77)");
    assert!(chain.contains("missing row of `ledger`"), "{chain}");
}

#[test]
fn a_migration_that_commits_is_refused() {
    let chain = refused("COMMIT");
    assert!(chain.contains("leave COMMIT and ROLLBACK out"), "{chain}");
}

#[test]
fn a_table_can_be_rebuilt_while_others_refer_to_it() {
    const REBUILT: &[Migration] = &[
        MIGRATIONS[0],
        Migration {
            version: 2,
            name: "rebuild",
            sql: "CREATE TABLE wider (number INTEGER PRIMARY KEY, body TEXT NOT NULL, note TEXT) STRICT;
                  INSERT INTO wider (number, body) SELECT number, body FROM ledger;
                  DROP TABLE ledger;
                  ALTER TABLE wider RENAME TO ledger;",
        },
    ];
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    db.write_blocking(|tx| append(tx, 1)).unwrap();
    db.close();
    let db = migrate(directory.path(), REBUILT).unwrap();
    assert_eq!(db.read_blocking(entries).unwrap(), [1].into());
    let dangling = db.write_blocking(|tx| tx.execute("INSERT INTO shadow VALUES (9)", &[]));
    assert_eq!(
        dangling.unwrap_err().code(),
        "reference_violated",
        "references are checked again"
    );
}

#[test]
fn versions_must_follow_each_other() {
    const GAP: &[Migration] = &[Migration {
        version: 2,
        name: "second",
        sql: "",
    }];
    let directory = tempfile::tempdir().unwrap();
    let error = migrate(directory.path(), GAP)
        .err()
        .expect("should be refused");
    assert!(error.message().contains("where 1 is next"), "{error}");
}
