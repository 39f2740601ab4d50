//! Copies of a database in use.

use std::{fs, path::Path};

use crate::ledger::{append, entries, open, spawn_write};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_amid_writes_is_whole_and_holds_what_was_acknowledged_before() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    for number in 0..200 {
        db.write(move |tx| append(tx, number)).await.unwrap();
    }
    let writes: Vec<_> = (200..400)
        .map(|number| spawn_write(&db, move |tx| append(tx, number)))
        .collect();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("test.db");
    db.backup_to(&copy).await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(
        names_in(elsewhere.path()),
        ["test.db"],
        "one file, without side files"
    );
    let restored = open(elsewhere.path());
    let stored = restored.read(entries).await.unwrap();
    assert!(stored.is_superset(&(0..200).collect()));
    restored.integrity_check().await.unwrap();
}

#[tokio::test]
async fn an_existing_file_is_not_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let taken = directory.path().join("taken");
    fs::write(&taken, "precious").unwrap();
    let error = db.backup_to(&taken).await.unwrap_err();
    assert_eq!(error.code(), "backup_exists");
    assert_eq!(fs::read_to_string(&taken).unwrap(), "precious");
}

#[tokio::test]
async fn a_damaged_database_gives_no_backup() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    for number in 0..500 {
        db.write(move |tx| append(tx, number)).await.unwrap();
    }
    db.close();
    let path = directory.path().join("test.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(3 * 4096).take(4096) {
        *byte ^= 0x5a;
    }
    fs::write(&path, bytes).unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let error = db
        .backup_to(elsewhere.path().join("copy.db"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "database_corrupt");
    assert!(
        names_in(elsewhere.path()).is_empty(),
        "nothing is left behind"
    );
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
