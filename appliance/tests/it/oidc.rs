//! OpenID providers as settings, and what is never sent to one. Logins with a real provider: `tests/identity`.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

const PATH: &str = "/api/admin/identity-providers";

async fn enter(test: &TestApp, oidc: Value) -> Answer {
    let body = json!({ "kind": "oidc", "name": "Login", "oidc": oidc });
    test.admin().post(PATH, body).await
}

/// The newest reason why a login did not work, once one was begun.
async fn failure(test: &TestApp, issuer: &str) -> Value {
    let made = enter(test, json!({ "issuer": issuer, "client_id": "guildhall" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let begun = test
        .nobody()
        .get(&format!("/oidc/{id}/login?next=/team"))
        .await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    let page = begun.headers[header::LOCATION].to_str().unwrap();
    assert!(
        page.starts_with("/signin?error=sign_in_failed&reference=req_"),
        "{page}"
    );
    assert!(!begun.headers.contains_key(header::SET_COOKIE));
    test.admin().get(&format!("{PATH}/{id}")).await.json()["recent_failures"][0].clone()
}

#[tokio::test]
async fn a_provider_is_called_encrypted_and_on_the_local_network_only() {
    let test = TestApp::new().await;
    let plain = failure(&test, "http://127.0.0.1:9").await;
    assert_eq!(plain["code"], "invalid_base_url", "{plain}");
    let beyond = failure(&test, "https://8.8.8.8").await;
    assert_eq!(beyond["code"], "egress_address_refused", "{beyond}");
    assert!(
        beyond["reason"]
            .as_str()
            .unwrap()
            .contains("the egress switch"),
        "{beyond}"
    );
    let nowhere = failure(&test, "https://169.254.169.254").await;
    assert_eq!(nowhere["code"], "invalid_base_url", "{nowhere}");
    // Refused before anything is connected to, and yet written down.
    test.app.egress.flush().await;
    let calls = test.admin().get("/api/admin/egress").await.json();
    assert_eq!(calls["recent"][0]["outcome"], "denied", "{calls}");
    assert_eq!(calls["recent"][0]["host"], "8.8.8.8");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_and_secrets_stay_inside() {
    let test = TestApp::new().await;
    let good = json!({ "issuer": "https://login.example/", "client_id": "guildhall", "client_secret": "very secret" });
    let made = enter(&test, good.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let oidc = &made.json()["oidc"];
    assert_eq!(
        (&oidc["has_client_secret"], &oidc["issuer"]),
        (&json!(true), &json!("https://login.example"))
    );
    assert_eq!(oidc["scopes"], json!(["openid", "profile", "email"]));
    assert!(!test.admin().get(PATH).await.text.contains("very secret"));
    for (field, value, code) in [
        ("issuer", "http://login.example", "invalid_address"),
        ("issuer", "login.example", "invalid_address"),
        ("client_id", " ", "invalid_provider"),
        ("ca_pem", "nonsense", "invalid_ca"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = json!(value);
        assert_eq!(enter(&test, wrong).await.code(), code, "{field}={value}");
    }
}

#[tokio::test]
async fn a_test_of_a_provider_that_cannot_be_reached_ends_and_says_why() {
    let test = TestApp::new().await;
    let settings = json!({ "issuer": "https://127.0.0.1:9", "client_id": "guildhall" });
    let made = enter(&test, settings).await;
    let path = format!("{PATH}/{}", made.json()["id"].as_str().unwrap());
    let begin = format!("{path}/test");
    let begun = test.admin().send("POST", &begin, None, &[]).await.json();
    let result = format!("{path}/tests/{}", begun["test"].as_str().unwrap());
    assert_eq!(test.admin().get(&result).await.json()["state"], "waiting");
    let login = begun["login_path"].as_str().unwrap().to_owned();
    let tab = test.nobody().get(&login).await;
    assert_eq!(tab.status, StatusCode::SEE_OTHER, "{}", tab.text);
    assert_eq!(tab.headers[header::LOCATION], "/login-tested");
    let told = test.admin().get(&result).await.json();
    assert_eq!(told["state"], "done");
    assert_eq!(
        (&told["steps"][0]["name"], &told["steps"][0]["state"]),
        (&json!("discovery"), &json!("failed")),
        "{told}"
    );
    // A test that has ended begins nothing more, and nobody gets in by its address.
    let again = test.nobody().get(&login).await;
    assert_ne!(again.headers[header::LOCATION], "/login-tested");
    assert!(!again.headers.contains_key(header::SET_COOKIE));
}
