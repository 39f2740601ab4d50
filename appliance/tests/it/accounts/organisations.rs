//! Making organisations, and who administers them first.

use std::sync::Arc;

use axum::http::StatusCode;
use guildhall::ops::{self, Operation};
use serde_json::{Value, json};

use super::{Browser, ada, listed, log_in, member};
use crate::harness::{Answer, PASSWORD, TestApp};

const ORGANISATIONS: &str = "/api/admin/organisations";

async fn make(ada: &Browser, body: Value) -> Answer {
    ada.post(ORGANISATIONS, body).await
}

/// The organisation of this name, as who administers the node sees it.
async fn seen(ada: &Browser, name: &str) -> (Value, Value) {
    let list = ada.get(ORGANISATIONS).await.json();
    let items = list["items"].as_array().unwrap().clone();
    let found = items.into_iter().find(|one| one["name"] == name).unwrap();
    (
        found["has_administrator"].clone(),
        found["administrator_is_invited"].clone(),
    )
}

async fn organisations_of(browser: &Browser) -> usize {
    let session = browser.get("/api/session").await.json();
    session["organisations"].as_array().unwrap().len()
}

#[tokio::test]
async fn its_maker_belongs_to_it_only_when_they_say_so() {
    let test = TestApp::new().await;
    let ada = ada(&test).await;
    let nobody = make(&ada, json!({ "name": "Nobody's", "join": false })).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST, "{}", nobody.text);
    let field = &nobody.json()["error"]["details"]["fields"][0];
    assert_eq!(field["field"], "administrator_email", "{}", nobody.text);
    let wrong = json!({ "name": "", "administrator_email": "no address" });
    assert_eq!(make(&ada, wrong).await.code(), "invalid_fields");

    let otto = member(&test, "otto@first.example", "normal").await;
    let made = json!({ "name": "Otto's", "administrator_email": "Otto@first.example" });
    let made = make(&ada, made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.json()["invitation"], Value::Null);
    assert_eq!(organisations_of(&otto).await, 2);
    assert_eq!(organisations_of(&ada).await, 1);
    let there = json!({ "organisation_id": made.json()["id"] });
    let there = otto.post("/api/session/organisation", there).await;
    assert_eq!(there.json()["role"], "admin", "{}", there.text);

    let own = make(&ada, json!({ "name": "Ada's" })).await;
    assert_eq!(own.status, StatusCode::CREATED, "{}", own.text);
    assert_eq!(organisations_of(&ada).await, 2);
    assert_eq!(seen(&ada, "Ada's").await, (json!(true), json!(false)));
}

#[tokio::test]
async fn somebody_new_is_invited_to_administer_it() {
    let test = TestApp::new().await;
    let ada = ada(&test).await;
    let made = json!({ "name": "Bakery", "administrator_email": "olga@bakery.example" });
    let made = make(&ada, made).await.json();
    assert_eq!(made["invitation"]["mailed"], false, "{made}");
    assert_eq!(seen(&ada, "Bakery").await, (json!(false), json!(true)));
    let url = made["invitation"]["url"].as_str().unwrap();
    let token = url.split_once('#').unwrap().1;
    let olga = json!({ "token": token, "display_name": "Olga", "password": PASSWORD });
    let olga = test.nobody().post("/api/invitations/accept", olga).await;
    assert_eq!(olga.json()["role"], "admin", "{}", olga.text);
    assert_eq!(olga.json()["organisation"]["id"], made["id"]);
    assert_eq!(seen(&ada, "Bakery").await, (json!(true), json!(false)));
    let olga = Browser::of(&test, &olga);
    assert!(olga.get("/api/admin/people").await.text.contains("olga@"));
    let mut page = olga.get("/api/admin/people").await.json();
    let people = page["items"].take();
    assert_eq!(people.as_array().unwrap().len(), 1, "{people}");
}

#[tokio::test]
async fn an_invitation_to_administer_ends_with_whoever_made_it() {
    let test = TestApp::new().await;
    let ada = ada(&test).await;
    let lead = member(&test, "lead@first.example", "admin").await;
    let id = super::id_of(&lead).await;
    let path = format!("/api/admin/people/{id}");
    let platform = format!("{path}/platform-administrator");
    let granted = ada.send("PUT", &platform, None).await;
    assert_eq!(granted.status, StatusCode::NO_CONTENT, "{}", granted.text);
    let made = json!({ "name": "Back door", "administrator_email": "later@lead.example" });
    let made = make(&lead, made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let removed = ada.send("DELETE", &path, None).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(seen(&ada, "Back door").await, (json!(false), json!(false)));
    let url = made.json()["invitation"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let token = url.split_once('#').unwrap().1;
    let back = json!({ "token": token, "display_name": "Back", "password": PASSWORD });
    let back = test.nobody().post("/api/invitations/accept", back).await;
    assert_eq!(back.code(), "invitation_withdrawn", "{}", back.text);
}

#[tokio::test]
async fn the_operator_makes_one_for_somebody_new() {
    let test = TestApp::new().await;
    let create = |name: &str, email: &str| Operation::CreateOrganisation {
        name: name.to_owned(),
        admin_email: email.to_owned(),
        admin_name: Some("Olga".to_owned()),
    };
    let made = ops::execute(
        &test.app,
        create("Bakery", "olga@bakery.example"),
        Arc::new(|_, _| {}),
    )
    .await
    .unwrap();
    let password = made["temporary_password"].as_str().unwrap();
    let olga = log_in(&test, "olga@bakery.example", password).await;
    assert_eq!(
        olga.json()["organisation"]["name"],
        "Bakery",
        "{}",
        olga.text
    );
    assert_eq!(olga.json()["role"], "admin");
    let known = ops::execute(
        &test.app,
        create("Second", "ada@first.example"),
        Arc::new(|_, _| {}),
    )
    .await
    .unwrap();
    assert_eq!(known["temporary_password"], Value::Null, "{known}");
    assert!(listed(&test, "ada@first.example").await.is_object());
    assert_eq!(organisations_of(&ada(&test).await).await, 2);
}
