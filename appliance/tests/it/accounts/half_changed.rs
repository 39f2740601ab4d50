//! The account store is never half-changed: whichever write of a directory's change fails, all of what belongs together
//! is as before, or all of it is as said.

use axum::http::StatusCode;
use guildhall::identity::ExternalIdentity;
use guildhall_db::{Reader, params};
use guildhall_kernel::Result;
use serde_json::{Value, json};

use super::{
    external::{apply, enter, iris},
    several_organisations::{provision, provisioning},
};
use crate::{
    federation::saml_provider,
    harness::{Answer, Caller, TestApp},
};

/// More writes than any of the changes takes.
const WRITES_MAX: i64 = 200;
/// What says who is who and who may do what, and what was written down about it.
const TABLES: &[&str] = &[
    "persons",
    "memberships",
    "external_identities",
    "awaited_people",
    "source_refusals",
    "sessions",
    "api_keys",
    "invitations",
    "platform_administrators",
    "scim_resources",
    "scim_members",
    "identity_providers",
    "audit_entries",
];

/// A node each of whose writes can be made to fail.
struct Faulty {
    test: TestApp,
}

impl Faulty {
    async fn new() -> Self {
        let test = TestApp::new().await;
        let installed = test.app.db.write(|tx| {
            tx.execute("CREATE TABLE test_fault (left_over INTEGER)", params![])?;
            tx.execute("INSERT INTO test_fault VALUES (NULL)", params![])?;
            for table in TABLES {
                for operation in ["INSERT", "UPDATE", "DELETE"] {
                    let trigger = format!(
                        "CREATE TRIGGER test_{table}_{operation} BEFORE {operation} ON {table}
                         WHEN (SELECT left_over FROM test_fault) IS NOT NULL
                         BEGIN
                             UPDATE test_fault SET left_over = left_over - 1;
                             SELECT CASE WHEN (SELECT left_over FROM test_fault) < 0
                                 THEN RAISE(ABORT, 'this write was made to fail') END;
                         END"
                    );
                    tx.execute(&trigger, params![])?;
                }
            }
            Ok(())
        });
        installed.await.unwrap();
        Self { test }
    }

    /// Lets so many writes through, then none; all again with nothing.
    async fn let_through(&self, writes: Option<i64>) {
        let set = self.test.app.db.write(move |tx| {
            tx.execute("UPDATE test_fault SET left_over = ?", params![writes])
                .map(|_| ())
        });
        set.await.unwrap();
    }

    /// Every row of the account store.
    async fn rows(&self) -> Vec<String> {
        self.test.app.db.read(all_rows).await.unwrap()
    }

    /// Has every write of a change fail in turn, the first one first. Says at which the change went through.
    async fn change<T>(&self, mut change: impl AsyncFnMut() -> std::result::Result<T, ()>) -> i64 {
        let before = self.rows().await;
        for writes in 0..WRITES_MAX {
            self.let_through(Some(writes)).await;
            let outcome = change().await;
            self.let_through(None).await;
            let after = self.rows().await;
            if outcome.is_ok() {
                assert_ne!(before, after, "the change changes something");
                return writes;
            }
            assert_eq!(before, after, "write {writes} failed and left something");
        }
        panic!("the change never went through");
    }
}

fn all_rows(reader: &Reader<'_>) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for table in TABLES {
        let columns = reader.query_all(
            // A key's use is noted beside what is done with it, whenever there is time.
            &format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'last_used_at'"),
            params![],
            |row| row.get::<String>("name"),
        )?;
        let quoted: Vec<String> = columns
            .iter()
            .map(|name| format!("quote({name})"))
            .collect();
        let shown = quoted.join(" || ' ' || ");
        let listed = reader.query_all(
            &format!("SELECT {shown} AS shown FROM {table} ORDER BY shown"),
            params![],
            |row| row.get::<String>("shown"),
        )?;
        rows.extend(listed.into_iter().map(|shown| format!("{table}: {shown}")));
    }
    Ok(rows)
}

fn went_through(answer: &Answer) -> std::result::Result<(), ()> {
    match answer.status {
        status if status.is_success() => Ok(()),
        StatusCode::INTERNAL_SERVER_ERROR => Err(()),
        status => panic!("{status}: {}", answer.text),
    }
}

#[tokio::test]
async fn what_a_source_says_of_somebody_is_taken_over_whole() {
    let faulty = Faulty::new().await;
    let test = &faulty.test;
    let said = |role: Option<&'static str>| async move { iris(test, role).await };
    let mut identity = said(Some("normal")).await;
    let applied = async |identity: &ExternalIdentity| {
        apply(test, identity).await.map(|_| ()).map_err(|error| {
            assert_eq!(error.status(), 500, "{}", error.message());
        })
    };
    // An account, its link, its membership, and what is written down.
    assert!(faulty.change(async || applied(&identity).await).await >= 4);
    // A login: the same and a session.
    identity.display_name = "Iris Married".to_owned();
    identity.grants = said(Some("staff")).await.grants;
    let login = async || enter(test, &identity).await.map(|_| ()).map_err(|_| ());
    assert!(faulty.change(login).await >= 5);
    // The end of it: the session, the membership, and the word about it.
    identity.grants.clear();
    identity.active = false;
    assert!(faulty.change(async || applied(&identity).await).await >= 3);
}

fn user(name: &str) -> Value {
    json!({ "userName": name, "displayName": name, "emails": [{ "value": format!("{name}@first.example") }] })
}

async fn users(directory: &Caller) -> Vec<Value> {
    let mut members = Vec::new();
    for name in ["una", "udo", "uma"] {
        let path = provision(directory, user(name)).await;
        members.push(json!({ "value": path.rsplit('/').next().unwrap() }));
    }
    members
}

#[tokio::test]
async fn the_members_of_a_group_are_replaced_whole() {
    let faulty = Faulty::new().await;
    let admin = faulty.test.admin();
    let directory = provisioning(&faulty.test, &admin).await;
    let members = users(&directory).await;
    let rules =
        json!({ "default_role": null, "group_roles": [{ "group": "Staff", "role": "staff" }] });
    let set = admin.send("PUT", "/api/admin/scim", Some(rules), &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let group = |members: &[Value]| json!({ "displayName": "Staff", "members": members });
    let made = directory
        .post("/scim/v2/Groups", group(&members[..2]))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = format!("/scim/v2/Groups/{}", made.json()["id"].as_str().unwrap());

    // One goes, one comes, one stays.
    let replaced = Some(group(&members[1..]));
    let replace = async || went_through(&directory.send("PUT", &path, replaced.clone(), &[]).await);
    assert!(faulty.change(replace).await >= 6);
    let gone = async || went_through(&directory.send("DELETE", &path, None, &[]).await);
    assert!(faulty.change(gone).await >= 5);
    let made = async || went_through(&directory.post("/scim/v2/Users", user("ulf")).await);
    assert!(faulty.change(made).await >= 2);
}

#[tokio::test]
async fn a_provider_goes_with_everything_that_it_gave_or_not_at_all() {
    let faulty = Faulty::new().await;
    let test = &faulty.test;
    let mut identity = iris(test, Some("normal")).await;
    let organisation = identity.organisations[0].to_string();
    let providers = "/api/admin/identity-providers";
    let admin = test.admin();
    let made = admin.post(providers, saml_provider(&organisation)).await;
    identity.source = made.json()["id"].as_str().unwrap().to_owned();
    for subject in ["one", "two"] {
        identity.subject = subject.to_owned();
        identity.email = format!("{subject}@corp.example");
        enter(test, &identity).await.unwrap();
    }
    let path = format!("{providers}/{}", identity.source);
    let gone = async || went_through(&admin.send("DELETE", &path, None, &[]).await);
    assert!(faulty.change(gone).await >= 6);
}

/// For each user of the directory: whether they have an account, a link, a membership, and are noted beside the user.
async fn states(test: &TestApp) -> Vec<[bool; 4]> {
    let read = test.app.db.read(|reader| {
        reader.query_all(
            "SELECT
                EXISTS (SELECT 1 FROM persons p WHERE p.email = lower(r.name_key) || '@first.example') AS account,
                EXISTS (SELECT 1 FROM external_identities e WHERE e.subject = r.id) AS link,
                EXISTS (SELECT 1 FROM memberships m JOIN persons p ON p.id = m.person_id
                        WHERE p.email = lower(r.name_key) || '@first.example') AS membership,
                r.person_id IS NOT NULL AS noted
             FROM scim_resources r WHERE r.kind = 'User' ORDER BY r.id",
            params![],
            |row| {
                Ok([
                    row.get("account")?,
                    row.get("link")?,
                    row.get("membership")?,
                    row.get("noted")?,
                ])
            },
        )
    });
    read.await.unwrap()
}

#[tokio::test]
async fn another_rule_for_everybody_is_taken_over_person_by_person_and_each_whole() {
    let faulty = Faulty::new().await;
    let admin = faulty.test.admin();
    let directory = provisioning(&faulty.test, &admin).await;
    let rules = |role: Value| Some(json!({ "default_role": role, "group_roles": [] }));
    let path = "/api/admin/scim";
    admin.send("PUT", path, rules(Value::Null), &[]).await;
    users(&directory).await;
    assert_eq!(states(&faulty.test).await, [[false; 4]; 3]);
    let mut between = 0;
    for writes in 0..WRITES_MAX {
        faulty.let_through(Some(writes)).await;
        admin.send("PUT", path, rules(json!("normal")), &[]).await;
        faulty.let_through(None).await;
        let states = states(&faulty.test).await;
        for state in &states {
            assert!(
                *state == [true; 4] || *state == [false; 4],
                "write {writes}: {states:?}"
            );
        }
        let in_so_far = states.iter().filter(|state| state[0]).count();
        if in_so_far == 3 {
            assert!(between > 0, "some were in and some were not, on the way");
            return;
        }
        between += usize::from(in_so_far > 0);
    }
    panic!("the rule never held for everybody");
}
