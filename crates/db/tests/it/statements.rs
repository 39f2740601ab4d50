//! Values in, rows out, and what statements say when they fail.

use std::path::Path;

use guildhall_db::{Db, DbOptions, Migration, params};
use guildhall_kernel::{Error, ErrorKind, OrgId, PersonId, SystemClock, Timestamp};

const TYPES: &[Migration] = &[Migration {
    version: 1,
    name: "types",
    sql: "CREATE TABLE types (id TEXT PRIMARY KEY, whole INTEGER, real REAL, bytes BLOB,
              yes INTEGER, moment INTEGER, parent TEXT REFERENCES types (id)) STRICT",
}];

fn open(directory: &Path) -> Db {
    Db::open(DbOptions::new(directory.join("test.db"), TYPES)).unwrap()
}

fn error_of(db: &Db, sql: &'static str) -> Error {
    db.write_blocking(move |tx| tx.execute(sql, &[]))
        .unwrap_err()
}

#[test]
fn every_type_comes_back_as_it_went_in() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let id = PersonId::new(&SystemClock);
    let moment = Timestamp::from_millis(1_763_636_568_042);
    db.write_blocking(move |tx| {
        tx.execute(
            "INSERT INTO types (id, whole, real, bytes, yes, moment, parent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                -5_i64,
                1.5,
                vec![0_u8, 255],
                true,
                moment,
                None::<String>
            ],
        )
    })
    .unwrap();
    db.read_blocking(move |reader| {
        reader.query_one("SELECT * FROM types WHERE id = ?1", params![id], |row| {
            assert_eq!(row.get::<PersonId>("id")?, id);
            assert_eq!(row.get::<i64>("whole")?, -5);
            assert_eq!(row.get::<Option<i64>>("whole")?, Some(-5));
            assert_eq!(row.get::<f64>("real")?.to_bits(), 1.5_f64.to_bits());
            assert_eq!(row.get::<Vec<u8>>("bytes")?, [0, 255]);
            assert!(row.get::<bool>("yes")?);
            assert_eq!(row.get::<Timestamp>("moment")?, moment);
            assert_eq!(row.get::<Option<String>>("parent")?, None);
            assert_eq!(row.get_at::<String>(0)?, id.to_string());
            Ok(())
        })
    })
    .unwrap();
}

#[test]
fn a_value_of_another_type_is_an_error_that_names_the_column() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let organisation = OrgId::new(&SystemClock);
    db.write_blocking(move |tx| {
        tx.execute(
            "INSERT INTO types (id, whole) VALUES (?1, -1)",
            params![organisation],
        )
    })
    .unwrap();
    db.read_blocking(|reader| {
        reader.query_one("SELECT * FROM types", &[], |row| {
            for (column, error) in [
                ("whole", row.get::<u32>("whole").unwrap_err()),
                ("whole", row.get::<bool>("whole").unwrap_err()),
                ("whole", row.get::<String>("whole").unwrap_err()),
                ("id", row.get::<PersonId>("id").unwrap_err()),
                ("moment", row.get::<Timestamp>("moment").unwrap_err()),
            ] {
                assert_eq!(error.kind(), ErrorKind::Internal);
                assert!(error.message().contains(&format!("`{column}`")), "{error}");
            }
            assert_eq!(
                row.get::<i64>("absent").unwrap_err().kind(),
                ErrorKind::Internal
            );
            Ok(())
        })
    })
    .unwrap();
}

#[test]
fn a_number_that_does_not_fit_is_refused_rather_than_bent() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let sql = "INSERT INTO types (id, whole) VALUES ('a', ?1)";
    let refused = db.write_blocking(move |tx| tx.execute(sql, params![u64::MAX]));
    assert!(refused.unwrap_err().chain().contains("does not fit"));
    assert_eq!(
        db.write_blocking(move |tx| tx.execute(sql, params![u64::MAX / 2]))
            .unwrap(),
        1
    );
}

#[test]
fn a_taken_key_is_a_conflict_and_the_closure_may_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let insert = "INSERT INTO types (id) VALUES ('a')";
    let outcome = db.write_blocking(move |tx| {
        tx.execute(insert, &[])?;
        let taken = tx.execute(insert, &[]).unwrap_err();
        assert_eq!(
            (taken.kind(), taken.code()),
            (ErrorKind::Conflict, "already_exists")
        );
        assert!(taken.chain().contains("types.id"), "{taken:?}");
        assert!(!taken.message().contains("types.id"));
        tx.execute("INSERT INTO types (id) VALUES ('b')", &[])
    });
    assert_eq!(outcome.unwrap(), 1);
    let count = db.read_blocking(|reader| {
        reader.query_one("SELECT count(*) AS count FROM types", &[], |row| {
            row.get::<u64>("count")
        })
    });
    assert_eq!(count.unwrap(), 2);
}

#[test]
fn broken_references_are_conflicts_also_through_returning() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let error = error_of(&db, "INSERT INTO types (id, parent) VALUES ('a', 'nobody')");
    assert_eq!(error.code(), "reference_violated");
    let returning = db.write_blocking(|tx| {
        tx.query_one(
            "INSERT INTO types (id, parent) VALUES ('a', 'nobody') RETURNING id",
            &[],
            |row| row.get::<String>("id"),
        )
    });
    assert_eq!(returning.unwrap_err().code(), "reference_violated");
    let none = db.read_blocking(|reader| {
        reader.query_opt("SELECT id FROM types", &[], |row| row.get::<String>("id"))
    });
    assert_eq!(none.unwrap(), None);
}

#[test]
fn a_query_that_writes_changes_every_row_though_only_the_first_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    db.write_blocking(|tx| {
        let first = tx.query_one(
            "INSERT INTO types (id) VALUES ('a'), ('b'), ('c') RETURNING id",
            &[],
            |row| row.get::<String>("id"),
        )?;
        assert_eq!(first, "a");
        Ok(())
    })
    .unwrap();
    let ids = db.read_blocking(|reader| {
        let sql = "SELECT id FROM types ORDER BY id";
        reader.query_all(sql, &[], |row| row.get::<String>("id"))
    });
    assert_eq!(ids.unwrap(), ["a", "b", "c"]);
}

#[test]
fn programming_errors_are_internal_and_name_the_statement() {
    let directory = tempfile::tempdir().unwrap();
    let db = open(directory.path());
    let wrong_type = error_of(&db, "INSERT INTO types (id, whole) VALUES ('a', 'text')");
    let too_few = error_of(&db, "INSERT INTO types (id) VALUES (?1)");
    let no_table = error_of(&db, "DELETE FROM missing");
    let no_write = error_of(&db, "SELECT 1");
    for error in [wrong_type, too_few, no_table, no_write] {
        assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
        assert!(error.chain().contains('`'), "{error:?}");
    }
    let no_rows = db.read_blocking(|reader| {
        reader.query_one("SELECT id FROM types", &[], |row| row.get::<String>("id"))
    });
    assert_eq!(no_rows.unwrap_err().kind(), ErrorKind::Internal);
}
