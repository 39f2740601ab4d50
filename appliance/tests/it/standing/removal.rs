//! That everything ends which a removed person held. Every column of the node's own database that names a person, holds
//! what lets somebody in, or says when work is due stands in [`table`]: its rows end with the person's place in
//! the organisation, which is tried here, or they stay, with the reason why they give nothing. A table or column that
//! is added fails until it says which.

use std::collections::BTreeSet;

use guildhall_db::{Reader, params};
use guildhall_kernel::Result;
use serde_json::{Value, json};

use self::table::{Ends, OF_A_PERSON, OF_A_PROGRAM, STAYS};
use super::Things;
use crate::{
    harness::{Answer, TestApp},
    oauth::{Browser, Client, code, enter, form, public_client, request, tokens, with},
};

mod table;

/// Words of a column's name that say that a row is about somebody, lets somebody in, or is work to come.
const WORDS: &[&str] = &[
    "account",
    "actor",
    "assignee",
    "author",
    "by",
    "credential",
    "cron",
    "delegate",
    "delegated",
    "delegation",
    "due",
    "fingerprint",
    "hash",
    "holder",
    "member",
    "next",
    "owner",
    "password",
    "people",
    "person",
    "persons",
    "principal",
    "recurring",
    "repeat",
    "schedule",
    "scheduled",
    "secret",
    "subject",
    "token",
    "user",
    "users",
];

/// A column of the database, and the table that it refers to.
struct Column {
    table: String,
    name: String,
    refers_to: Option<String>,
}

impl Column {
    fn full_name(&self) -> String {
        format!("{}.{}", self.table, self.name)
    }
}

fn ending() -> impl Iterator<Item = &'static Ends> {
    OF_A_PERSON.iter().chain(OF_A_PROGRAM)
}

/// Every column that stands in the table, as `table.column`.
fn known() -> BTreeSet<String> {
    let ending = ending().flat_map(|ends| {
        let full = |column: &&str| format!("{}.{column}", ends.table);
        ends.columns.iter().map(full)
    });
    let staying = STAYS.iter().flat_map(|(_, columns)| *columns);
    ending
        .chain(staying.map(|&column| column.to_owned()))
        .collect()
}

/// Whether somebody has to say what becomes of rows with this column.
fn calls_for_a_word(column: &Column) -> bool {
    let is_named_so = column.name.split('_').any(|word| WORDS.contains(&word));
    let hangs_on_what_ends =
        |table: &str| table == "persons" || ending().any(|ends| ends.table == table);
    is_named_so || column.refers_to.as_deref().is_some_and(hangs_on_what_ends)
}

fn unknown(column: &Column) -> Option<String> {
    let is_unknown = calls_for_a_word(column) && !known().contains(&column.full_name());
    is_unknown.then(|| {
        format!(
            "`{}` names a person, lets somebody in or is work to come: end its rows in `identity::revoke_access` (a \
             feature registers its own `Revoker` in `app.rs`) and enter it in `standing/removal/table.rs` as what ends, \
             or as what stays with the reason why a removed person gets nothing by it",
            column.full_name()
        )
    })
}

/// Every column of the database.
fn columns(reader: &Reader<'_>) -> Result<Vec<Column>> {
    reader.query_all(
        "SELECT t.name AS in_table, c.name AS name, f.\"table\" AS refers_to
         FROM sqlite_master t JOIN pragma_table_info(t.name) c
         LEFT JOIN pragma_foreign_key_list(t.name) f ON f.\"from\" = c.name
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        params![],
        |row| {
            Ok(Column {
                table: row.get("in_table")?,
                name: row.get("name")?,
                refers_to: row.get("refers_to")?,
            })
        },
    )
}

async fn schema(test: &TestApp) -> Vec<Column> {
    test.app.db.read(columns).await.unwrap()
}

#[tokio::test]
async fn every_column_that_names_a_person_or_lets_one_in_says_what_becomes_of_it() {
    let test = TestApp::new().await;
    let columns = schema(&test).await;
    let unknown: Vec<_> = columns.iter().filter_map(unknown).collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let real: BTreeSet<_> = columns.iter().map(Column::full_name).collect();
    for column in known() {
        assert!(real.contains(&column), "`{column}` is no more: take it out");
    }
}

#[test]
fn a_schedule_a_delegation_and_a_new_token_would_be_noticed() {
    let column = |table: &str, name: &str, refers_to: Option<&str>| Column {
        table: table.to_owned(),
        name: name.to_owned(),
        refers_to: refers_to.map(str::to_owned),
    };
    for noticed in [
        column("schedules", "person_id", None),
        column("schedules", "next_run_at", None),
        column("schedules", "created_by", None),
        column("delegations", "given_to", Some("persons")),
        column("delegations", "key", Some("api_keys")),
        column("device_tokens", "token_hash", None),
        column("ves", "owner_id", None),
    ] {
        let said = unknown(&noticed).expect(&noticed.name);
        assert!(said.starts_with(&format!("`{}.", noticed.table)), "{said}");
    }
    assert!(unknown(&column("sessions", "person_id", Some("persons"))).is_none());
    assert!(unknown(&column("things", "colour", None)).is_none());
}

#[tokio::test]
async fn no_other_column_holds_a_persons_id() {
    let test = TestApp::new().await;
    Things::make(&test).await;
    test.app.meter.flush().await;
    let known = known();
    for column in schema(&test).await {
        let (table, name) = (&column.table, &column.name);
        // The address of a service account is its id.
        let is_own = ["persons.id", "persons.email"].contains(&column.full_name().as_str());
        if is_own || known.contains(&column.full_name()) {
            continue;
        }
        let sql = format!(
            "SELECT COUNT(*) AS found FROM \"{table}\" t JOIN persons p
             ON typeof(t.\"{name}\") = 'text' AND instr(t.\"{name}\", p.id) > 0"
        );
        let found = test
            .app
            .db
            .read(move |reader| reader.query_one(&sql, params![], |row| row.get::<i64>("found")));
        let found = found.await.unwrap();
        assert_eq!(
            found, 0,
            "`{table}.{name}` holds ids of people: say above what becomes of its rows"
        );
    }
}

/// A device that waits for its token, let in by the person.
async fn let_a_device_in(test: &TestApp, browser: &Browser, client: &Client) {
    let asked = [("scope", "chat")];
    let started = form(test, client, "/oauth/device_authorization", &asked).await;
    let decision = json!({ "user_code": started.json()["user_code"] });
    let decided = browser
        .post("/api/oauth/device/decide", with(decision, "allow", true))
        .await;
    assert!(decided.status.is_success(), "{}", decided.text);
}

fn id_in(answer: &Answer, pointer: &str) -> String {
    assert!(answer.status.is_success(), "{}", answer.text);
    let id = answer.json().pointer(pointer).cloned().unwrap_or_default();
    id.as_str().unwrap().to_owned()
}

/// Somebody with a row in every table of `OF_A_PERSON`: their id.
async fn someone_with_everything(test: &TestApp) -> String {
    let admin = test.admin();
    let person = json!({ "email": "mo@first.example", "display_name": "Mo", "role": "admin" });
    let person = id_in(&admin.post("/api/admin/people", person).await, "/member/id");
    let path = format!("/api/admin/people/{person}/platform-administrator");
    let granted = admin.send("PUT", &path, None, &[]).await;
    assert!(granted.status.is_success(), "{}", granted.text);
    let browser = Browser::member(test, &admin, "mo@first.example").await;
    for (path, body) in [
        ("/api/account/api-keys", json!({ "name": "mine" })),
        ("/api/admin/invitations", json!({ "role": "admin" })),
    ] {
        let made = browser.post(path, body).await;
        assert!(made.status.is_success(), "{}", made.text);
    }
    let client = enter(test, public_client()).await;
    tokens(test, &browser, &client).await;
    code(&browser, request(&client)).await;
    let_a_device_in(test, &browser, &client).await;
    person
}

/// The rows that a person has in each table, which are some.
async fn rows_of(
    test: &TestApp,
    table: &'static [Ends],
    person: &str,
) -> Vec<(&'static Ends, Vec<i64>)> {
    let mut rows = Vec::new();
    for ends in table {
        let Ends {
            table,
            of_person,
            alive,
            ..
        } = ends;
        let sql = format!("SELECT rowid AS id FROM {table} WHERE {of_person} AND {alive}");
        let person = person.to_owned();
        let found = test.app.db.read(move |reader| {
            reader.query_all(&sql, params![person.as_str()], |row| row.get::<i64>("id"))
        });
        let found = found.await.unwrap();
        assert!(
            !found.is_empty(),
            "nothing in `{table}` to see the end of: make a row"
        );
        rows.push((ends, found));
    }
    rows
}

async fn all_ended(test: &TestApp, rows: Vec<(&'static Ends, Vec<i64>)>) {
    for (Ends { table, alive, .. }, rows) in rows {
        let sql = format!("SELECT COUNT(*) AS found FROM {table} WHERE rowid = ? AND {alive}");
        for id in rows {
            let sql = sql.clone();
            let left = test.app.db.read(move |reader| {
                reader.query_one(&sql, params![id], |row| row.get::<i64>("found"))
            });
            assert_eq!(
                left.await.unwrap(),
                0,
                "a row of `{table}` outlived its person"
            );
        }
    }
}

#[tokio::test]
async fn all_that_a_removed_or_disabled_person_had_ends_at_once() {
    for (method, body) in [
        ("DELETE", None),
        ("PATCH", Some(json!({ "disabled": true }))),
    ] {
        let test = TestApp::new().await;
        let person = someone_with_everything(&test).await;
        let rows = rows_of(&test, OF_A_PERSON, &person).await;
        let path = format!("/api/admin/people/{person}");
        let gone = test.admin().send(method, &path, body, &[]).await;
        assert!(gone.status.is_success(), "{}", gone.text);
        all_ended(&test, rows).await;
        let left = test.admin().get("/api/session").await.json();
        let node: &Value = &left["node_permissions"];
        assert!(
            !node.as_array().unwrap().is_empty(),
            "nobody else loses anything"
        );
    }
}

#[tokio::test]
async fn all_that_a_removed_service_account_had_ends_at_once() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let account = json!({ "name": "A program", "role": "normal" });
    let account = id_in(
        &admin.post("/api/admin/service-accounts", account).await,
        "/id",
    );
    let path = format!("/api/admin/service-accounts/{account}");
    let key = json!({ "name": "key" });
    id_in(&admin.post(&format!("{path}/keys"), key).await, "/id");
    let certificate = Some(json!({ "fingerprint": "ab".repeat(32) }));
    let put = admin
        .send("PUT", &format!("{path}/certificate"), certificate, &[])
        .await;
    assert!(put.status.is_success(), "{}", put.text);
    let rows = rows_of(&test, OF_A_PROGRAM, &account).await;
    let gone = admin.send("DELETE", &path, None, &[]).await;
    assert!(gone.status.is_success(), "{}", gone.text);
    all_ended(&test, rows).await;
}
