//! What a directory or an identity provider says and is not taken over: who looks after it sees whom and why.

use axum::http::StatusCode;
use guildhall::identity::Grant;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use super::{
    add_to,
    external::{enter, iris, organisation_of},
    member,
};
use crate::{federation::saml_provider, harness::TestApp};

const PROVIDERS: &str = "/api/admin/identity-providers";

/// A provider that vouches for people of the first organisation.
async fn provider(test: &TestApp) -> String {
    let organisation = organisation_of(&test.admin()).await.to_string();
    let made = test
        .admin()
        .post(PROVIDERS, saml_provider(&organisation))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn refusals(test: &TestApp, provider: &str) -> Value {
    let path = format!("{PROVIDERS}/{provider}/refusals");
    test.admin().get(&path).await.json()["items"].clone()
}

/// How often an organisation's audit log says that somebody was not synchronised.
async fn noted(test: &TestApp) -> Vec<Option<String>> {
    let counted = test.app.db.read(|reader| {
        reader.query_all(
            "SELECT organisation_id FROM audit_entries WHERE action = 'person.not_synchronised' ORDER BY sequence",
            guildhall_db::params![],
            |row| row.get("organisation_id"),
        )
    });
    counted.await.unwrap()
}

#[tokio::test]
async fn another_name_that_is_refused_is_told_until_it_is_taken() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let mut identity = iris(&test, Some("normal")).await;
    identity.source = provider(&test).await;
    enter(&test, &identity).await.unwrap();
    assert_eq!(refusals(&test, &identity.source).await, json!([]));
    let added = add_to(
        &test,
        organisation_of(&beta).await,
        ("iris@corp.example", Role::Staff),
    )
    .await;

    identity.display_name = "Iris Married".to_owned();
    for _ in 0..2 {
        enter(&test, &identity).await.unwrap();
    }
    let told = refusals(&test, &identity.source).await;
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(
        (&told[0]["display_name"], &told[0]["code"]),
        (&json!("Iris Married"), &json!("name_kept")),
        "{told}"
    );
    let here = organisation_of(&test.admin()).await.to_string();
    assert_eq!(
        noted(&test).await,
        [Some(here)],
        "once, where it is of concern"
    );

    let path = format!("/api/admin/people/{}", added.member.id);
    beta.send("DELETE", &path, None, &[]).await;
    enter(&test, &identity).await.unwrap();
    assert_eq!(refusals(&test, &identity.source).await, json!([]));
}

#[tokio::test]
async fn a_login_that_an_address_forbids_is_told_with_the_address() {
    let test = TestApp::new().await;
    let mut identity = iris(&test, Some("normal")).await;
    identity.source = provider(&test).await;
    let beta = test.stranger().await;
    let second = organisation_of(&beta).await;
    member(&test, "nell@first.example", "normal").await;
    identity.organisations = vec![second];
    identity.grants = vec![Grant {
        organisation: second,
        role: "normal".to_owned(),
    }];
    identity.email = "nell@first.example".to_owned();
    let refused = enter(&test, &identity).await.err().unwrap();
    assert_eq!(refused.code(), "account_exists");
    let told = refusals(&test, &identity.source).await;
    assert_eq!(told[0]["email"], "nell@first.example", "{told}");
    assert_eq!(told[0]["reason"], refused.message(), "{told}");
    // Whoever looks after people of one organisation does not see it, and it goes with the provider.
    let path = format!("{PROVIDERS}/{}/refusals", identity.source);
    assert_eq!(beta.get(&path).await.status, StatusCode::FORBIDDEN);
    let provider = format!("{PROVIDERS}/{}", identity.source);
    let gone = test.admin().send("DELETE", &provider, None, &[]).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    let left = test.app.db.read(|reader| {
        reader.query_one(
            "SELECT COUNT(*) AS refusals FROM source_refusals",
            guildhall_db::params![],
            |row| row.get::<i64>("refusals"),
        )
    });
    assert_eq!(left.await.unwrap(), 0);
}
