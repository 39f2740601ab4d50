//! Applications that act for a service account.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Client, basic, enter, refusal, status, token};
use crate::harness::TestApp;

async fn account(test: &TestApp, role: &str) -> String {
    let made = json!({ "name": "Nightly import", "role": role });
    let made = test.admin().post("/api/admin/service-accounts", made).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

fn entered(account: &str) -> Value {
    json!({
        "name": "Importer", "kind": "confidential", "grants": ["client_credentials"],
        "scopes": ["read", "chat"], "service_account": account,
    })
}

async fn access(test: &TestApp, client: &Client) -> String {
    let given = token(test, client, &[("grant_type", "client_credentials")]).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    let given = given.json();
    assert!(given.get("refresh_token").is_none(), "{given}");
    given["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_application_acts_for_its_service_account() {
    let test = TestApp::new().await;
    let account = account(&test, "normal").await;
    let client = enter(&test, entered(&account)).await;
    let first = access(&test, &client).await;
    assert_eq!(status(&test, &first, "/api/ves").await, StatusCode::OK);
    // The role of the account is the bound, whatever the scopes say.
    assert_eq!(
        status(&test, &first, "/api/admin/people").await,
        StatusCode::FORBIDDEN
    );
    let session = test.with_key(&first).get("/api/session").await.json();
    assert_eq!(session["person"]["display_name"], "Nightly import");

    // A disabled account ends what was given, and gives no more.
    let path = format!("/api/admin/service-accounts/{account}");
    let disabled = json!({ "disabled": true });
    let disabled = test.admin().send("PATCH", &path, Some(disabled), &[]).await;
    assert_eq!(disabled.status, StatusCode::OK, "{}", disabled.text);
    assert_eq!(
        status(&test, &first, "/api/ves").await,
        StatusCode::UNAUTHORIZED
    );
    let refused = token(&test, &client, &[("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&refused), "invalid_grant");
}

#[tokio::test]
async fn a_secret_is_needed_and_can_be_renewed() {
    let test = TestApp::new().await;
    let client = enter(&test, entered(&account(&test, "normal").await)).await;
    let wrong = Client {
        secret: Some("ghs_wrong".to_owned()),
        ..client.clone()
    };
    let fields = [("grant_type", "client_credentials")];
    let refused = token(&test, &wrong, &fields).await;
    assert_eq!(
        (refused.status, &*refusal(&refused)),
        (StatusCode::UNAUTHORIZED, "invalid_client")
    );
    assert!(refused.headers.contains_key("www-authenticate"));
    let none = Client {
        secret: None,
        ..client.clone()
    };
    assert_eq!(
        refusal(&token(&test, &none, &fields).await),
        "invalid_client"
    );

    let secret = client.secret.as_deref().unwrap();
    let in_form = [
        fields[0],
        ("client_id", &*client.id),
        ("client_secret", secret),
    ];
    let given = test.nobody().post_form("/oauth/token", &in_form, &[]).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    let header = basic(&client);
    let both = [("authorization", &*header)];
    let both = test
        .nobody()
        .post_form("/oauth/token", &in_form, &both)
        .await;
    assert_eq!(refusal(&both), "invalid_request");
    for header in ["Basic !", "Basic", "Bearer x", "Basic eDp5"] {
        let refused = test
            .nobody()
            .post_form("/oauth/token", &fields, &[("authorization", header)])
            .await;
        assert_eq!(refusal(&refused), "invalid_client", "{header}");
    }

    let path = format!("/api/admin/oauth-clients/{}/secret", client.id);
    let renewed = test.admin().send("POST", &path, None, &[]).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    assert_eq!(
        refusal(&token(&test, &client, &fields).await),
        "invalid_client"
    );
    let newer = Client {
        secret: renewed.json()["secret"].as_str().map(str::to_owned),
        ..client
    };
    access(&test, &newer).await;
}

#[tokio::test]
async fn an_application_for_people_may_not_act_alone() {
    let test = TestApp::new().await;
    let client = json!({
        "name": "Portal", "kind": "confidential", "redirect_uris": [super::REDIRECT],
        "grants": ["authorization_code"], "scopes": ["chat"],
    });
    let client = enter(&test, client).await;
    let refused = token(&test, &client, &[("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&refused), "unauthorized_client");
}
