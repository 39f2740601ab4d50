//! Who is left to administer: somebody with a password here, since a directory may be out of reach.

use std::sync::Arc;

use axum::http::StatusCode;
use guildhall::{
    identity::Grant,
    ops::{self, Operation},
};
use guildhall_kernel::{OrgId, Role};
use serde_json::{Value, json};

use super::{
    Browser,
    external::{apply, browser, enter, iris},
    id_of, listed, log_in,
};
use crate::harness::TestApp;

const PEOPLE: &str = "/api/admin/people";

/// Iris, whom a directory made an administrator of the organisation and the node.
async fn lead(test: &TestApp) -> Browser {
    let identity = iris(test, Some("admin")).await;
    let lead = browser(test, &enter(test, &identity).await.unwrap());
    let platform = format!("{PEOPLE}/{}/platform-administrator", id_of(&lead).await);
    let granted = test.admin().send("PUT", &platform, None, &[]).await;
    assert_eq!(granted.status, StatusCode::NO_CONTENT, "{}", granted.text);
    lead
}

/// The administration of the node cannot be taken from its last administrator with a password.
async fn assert_stays(lead: &Browser, platform: &str) {
    let ousted = lead.send("DELETE", platform, None).await;
    let code = ousted.code();
    assert_eq!(code, "last_platform_administrator", "{}", ousted.text);
}

#[tokio::test]
async fn the_last_administrator_with_a_password_stays() {
    let test = TestApp::new().await;
    let lead = lead(&test).await;
    let ada = listed(&test, "ada@first.example").await;
    let path = format!("{PEOPLE}/{}", ada["id"].as_str().unwrap());
    let platform = format!("{path}/platform-administrator");
    for change in [json!({ "role": "normal" }), json!({ "disabled": true })] {
        let refused = lead.send("PATCH", &path, Some(change)).await;
        assert_eq!(refused.code(), "last_admin", "{}", refused.text);
    }
    let removed = lead.send("DELETE", &path, None).await;
    assert_eq!(removed.code(), "last_admin", "{}", removed.text);
    assert_stays(&lead, &platform).await;

    // With another one who has a password it goes, in the organisation and on the node.
    let otto = super::member(&test, "otto@first.example", "admin").await;
    assert_stays(&lead, &platform).await;
    let also = format!("{PEOPLE}/{}/platform-administrator", id_of(&otto).await);
    let also = lead.send("PUT", &also, None).await;
    assert_eq!(also.status, StatusCode::NO_CONTENT, "{}", also.text);
    let removed = lead.send("DELETE", &path, None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert!(otto.is_in().await);
}

#[tokio::test]
async fn where_nobody_has_a_password_the_last_of_all_stays_until_the_source_says_otherwise() {
    let test = TestApp::new().await;
    let lead = lead(&test).await;
    let made = json!({ "name": "By directory", "join": true });
    let made = lead.post("/api/admin/organisations", made).await.json();
    let organisation: OrgId = made["id"].as_str().unwrap().parse().unwrap();
    let moved = json!({ "organisation_id": organisation });
    let moved = lead.post("/api/session/organisation", moved).await;
    let lead = Browser::of(&test, &moved);
    let iris_s = format!("{PEOPLE}/{}", id_of(&lead).await);
    let demoted = lead
        .send("PATCH", &iris_s, Some(json!({ "role": "normal" })))
        .await;
    assert_eq!(demoted.code(), "last_admin", "{}", demoted.text);

    let mut lena = iris(&test, None).await;
    lena.subject = "uuid-2".to_owned();
    lena.email = "lena@corp.example".to_owned();
    lena.organisations = vec![organisation];
    lena.grants = vec![Grant {
        organisation,
        role: "admin".to_owned(),
    }];
    let second = browser(&test, &enter(&test, &lena).await.unwrap());
    let removed = second.send("DELETE", &iris_s, None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(orphaned(&test).await, 0);
    // The source's no goes before: it may be somebody who was dismissed. That is written down.
    lena.grants.clear();
    apply(&test, &lena).await.unwrap();
    assert!(!second.is_in().await);
    assert_eq!(orphaned(&test).await, 1);
    let back = add(&test, ("new@corp.example", Some("by-directory"), false)).await;
    let password = back["temporary_password"].as_str().unwrap();
    let opened = log_in(&test, "new@corp.example", password).await;
    assert_eq!(
        opened.json()["organisation"]["slug"],
        "by-directory",
        "{}",
        opened.text
    );
}

/// How often the audit log says that an organisation was left without an administrator.
async fn orphaned(test: &TestApp) -> i64 {
    let counted = test.app.db.read(|reader| {
        reader.query_one(
            "SELECT COUNT(*) AS entries FROM audit_entries WHERE action = 'organisation.without_administrator'",
            guildhall_db::params![],
            |row| row.get("entries"),
        )
    });
    counted.await.unwrap()
}

/// What `guildhall user add --role admin` answers, with `--platform` or without.
async fn add(test: &TestApp, (email, slug, platform): (&str, Option<&str>, bool)) -> Value {
    let operation = Operation::AddUser {
        email: email.to_owned(),
        name: "Way In".to_owned(),
        role: Role::Admin,
        organisation: slug.map(str::to_owned),
        platform,
    };
    ops::execute(&test.app, operation, Arc::new(|_, _| {}))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_operator_has_somebody_administer_the_node_again() {
    let test = TestApp::new().await;
    let sam = test.role(Role::Staff);
    let organisations = "/api/admin/organisations";
    assert_eq!(sam.get(organisations).await.status, StatusCode::FORBIDDEN);
    let known = add(&test, ("Sam@first.example", None, true)).await;
    assert_eq!(known["member"]["role"], "staff", "{known}");
    assert_eq!(known["member"]["platform_administrator"], true, "{known}");
    assert_eq!(known["temporary_password"], Value::Null);
    assert_eq!(sam.get(organisations).await.status, StatusCode::OK);

    let new = add(&test, ("way.in@first.example", None, true)).await;
    assert_eq!(new["member"]["platform_administrator"], true, "{new}");
    let password = new["temporary_password"].as_str().unwrap();
    let opened = log_in(&test, "way.in@first.example", password).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.text);
    let entry = listed(&test, "way.in@first.example").await;
    assert_eq!(entry["platform_administrator"], true, "{entry}");
    assert_eq!(entry["role"], "admin", "{entry}");
}
