//! People whom an organisation's directory names and who have an account of another organisation: they are let in by
//! their own yes, and the directory manages them from then on.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    external::{browser, enter},
    joining::{invite, join, signed_in},
    listed, member,
    several_organisations::{provision, provisioning},
};
use crate::harness::{Caller, TestApp};

const IRIS: &str = "iris@corp.example";
const PEOPLE: &str = "/api/admin/people";

fn user(active: bool) -> Value {
    json!({ "userName": "iris", "displayName": "Iris at Beta", "active": active, "emails": [{ "value": IRIS }] })
}

async fn awaited(admin: &Caller) -> Vec<(Value, Value)> {
    let page = admin.get("/api/admin/awaited-people").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let items = page.json()["items"].as_array().unwrap().clone();
    let one = |item: &Value| (item["email"].clone(), item["role"].clone());
    items.iter().map(one).collect()
}

/// What the node says of a user, without what is another one's of necessity.
async fn described(directory: &Caller, path: &str) -> Value {
    let mut shown = directory.get(path).await.json();
    for own in ["id", "meta", "userName", "emails"] {
        shown[own] = Value::Null;
    }
    shown
}

async fn role_at(admin: &Caller) -> Value {
    let people = admin.get(PEOPLE).await.json();
    let items = people["items"].as_array().unwrap().clone();
    let found = items.into_iter().find(|one| one["email"] == IRIS);
    found.map_or(Value::Null, |one| json!([one["role"], one["source"]]))
}

#[tokio::test]
async fn a_directory_awaits_whom_another_organisation_has_and_manages_them_after_their_yes() {
    let test = TestApp::new().await;
    let (iris, identity) = signed_in(&test).await;
    let before = listed(&test, IRIS).await;
    let beta = test.stranger().await;
    let directory = provisioning(&test, &beta).await;
    let path = provision(&directory, user(true)).await;
    let nobody = json!({ "userName": "new", "displayName": "Iris at Beta", "active": true, "emails": [{ "value": "new@beta.test" }] });
    let nobody = provision(&directory, nobody).await;
    assert_eq!(
        described(&directory, &path).await,
        described(&directory, &nobody).await
    );

    // Nobody was let in, and the first organisation has what it had.
    assert_eq!(role_at(&beta).await, Value::Null);
    assert_eq!(awaited(&beta).await, [(json!(IRIS), json!("normal"))]);
    assert_eq!(awaited(&test.admin()).await, []);
    assert_eq!(listed(&test, IRIS).await, before);
    let there = iris.get("/api/session").await.json();
    assert_eq!(there["organisations"].as_array().unwrap().len(), 1);

    // Her yes, by the link to her address, and the role is the directory's.
    let token = invite(&beta, json!({ "role": "staff", "email": IRIS })).await;
    let came = join(&iris, &token).await;
    assert_eq!(came.json()["role"], "normal", "{}", came.text);
    assert_eq!(awaited(&beta).await, []);
    let source = role_at(&beta).await[1].clone();
    assert!(source.as_str().unwrap().starts_with("scim_"), "{source}");
    assert_eq!(
        listed(&test, IRIS).await["display_name"],
        before["display_name"]
    );

    // From now on it is the directory's to change and to end, in its own organisation only.
    let rules = json!({ "default_role": "viewer", "group_roles": [] });
    let set = beta.send("PUT", "/api/admin/scim", Some(rules), &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    assert_eq!(role_at(&beta).await, json!(["viewer", source]));
    let gone = directory.send("DELETE", &path, None, &[]).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    assert_eq!(role_at(&beta).await, Value::Null);
    assert!(
        browser(&test, &enter(&test, &identity).await.unwrap())
            .is_in()
            .await
    );
}

#[tokio::test]
async fn who_came_in_is_let_go_even_when_the_directory_said_nothing_in_between() {
    let test = TestApp::new().await;
    let (iris, _) = signed_in(&test).await;
    let beta = test.stranger().await;
    let directory = provisioning(&test, &beta).await;
    let path = provision(&directory, user(true)).await;
    let token = invite(&beta, json!({ "role": "normal", "email": IRIS })).await;
    assert_eq!(join(&iris, &token).await.status, StatusCode::OK);
    let gone = directory.send("PUT", &path, Some(user(false)), &[]).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert_eq!(role_at(&beta).await, Value::Null);
}

#[tokio::test]
async fn a_directory_that_takes_its_word_back_awaits_nobody() {
    let test = TestApp::new().await;
    let (iris, _) = signed_in(&test).await;
    let beta = test.stranger().await;
    let directory = provisioning(&test, &beta).await;
    let path = provision(&directory, user(true)).await;
    for (change, expected) in [(user(false), 0), (user(true), 1)] {
        let put = directory.send("PUT", &path, Some(change), &[]).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.text);
        assert_eq!(awaited(&beta).await.len(), expected);
    }
    let token = invite(&beta, json!({ "role": "staff", "email": IRIS })).await;
    directory.send("DELETE", &path, None, &[]).await;
    assert_eq!(awaited(&beta).await, []);
    // By hand she still comes in, and is nobody's but the administrator's then.
    let came = join(&iris, &token).await;
    assert_eq!(came.json()["role"], "staff", "{}", came.text);
    assert_eq!(role_at(&beta).await, json!(["staff", null]));
    provision(&directory, user(true)).await;
    assert_eq!(role_at(&beta).await, json!(["staff", null]));
    assert_eq!(awaited(&beta).await, []);
}

#[tokio::test]
async fn an_account_that_merely_has_the_address_gets_nothing_of_whom_the_directory_means() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    // The first organisation has made an account with somebody else's address.
    let squatter = member(&test, "chief@beta.test", "normal").await;
    let directory = provisioning(&test, &beta).await;
    let chief = json!({ "userName": "chief", "emails": [{ "value": "chief@beta.test" }] });
    provision(&directory, chief).await;
    let session = squatter.get("/api/session").await.json();
    assert_eq!(session["organisations"].as_array().unwrap().len(), 1);
    // A link for whoever holds it lets them in as that, and not as the one whom the directory means.
    let rules = json!({ "default_role": "admin", "group_roles": [] });
    beta.send("PUT", "/api/admin/scim", Some(rules), &[]).await;
    assert_eq!(
        awaited(&beta).await,
        [(json!("chief@beta.test"), json!("admin"))]
    );
    let token = invite(&beta, json!({ "role": "normal" })).await;
    let came = join(&squatter, &token).await;
    assert_eq!(came.json()["role"], "normal", "{}", came.text);
}
