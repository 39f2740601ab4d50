//! Identity providers as administrators enter them, and what strangers get at their addresses. Whole logins
//! with a real provider are in `tests/identity`.

use axum::http::{StatusCode, header};
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

const PROVIDERS: &str = "/api/admin/identity-providers";

fn certificate() -> String {
    let made = rcgen::generate_simple_self_signed(vec!["idp.example".to_owned()]).unwrap();
    made.cert.pem()
}

pub fn saml_provider(organisation: &str) -> Value {
    json!({
        "kind": "saml",
        "name": "Staff login",
        "saml": {
            "idp_entity_id": "https://idp.example/metadata",
            "sso_url": "https://idp.example/sso",
            "slo_url": "https://idp.example/slo",
            "certificates": [{ "pem": certificate() }],
        },
        "group_map": [{ "group": "staff", "organisation_id": organisation, "role": "staff" }],
    })
}

async fn organisation(test: &TestApp) -> String {
    let session = test.admin().get("/api/session").await.json();
    session["organisation"]["id"].as_str().unwrap().to_owned()
}

async fn make(test: &TestApp) -> Value {
    let made = test
        .admin()
        .post(PROVIDERS, saml_provider(&organisation(test).await))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn header_of(answer: &Answer, name: header::HeaderName) -> String {
    let value = answer.headers.get(name).unwrap();
    value.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_provider_is_entered_changed_and_removed() {
    let test = TestApp::new().await;
    let provider = make(&test).await;
    let path = format!("{PROVIDERS}/{}", provider["id"].as_str().unwrap());
    assert_eq!(
        provider["saml"]["sp_certificates"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(provider["oidc"], Value::Null);
    let acs = provider["saml"]["acs_url"].as_str().unwrap();
    assert!(acs.ends_with("/acs"), "{acs}");

    let renamed = json!({ "name": "Login", "enabled": false, "default_grant": { "organisation_id": organisation(&test).await, "role": "viewer" } });
    let changed = test
        .admin()
        .send("PATCH", &path, Some(renamed), &[])
        .await
        .json();
    assert_eq!(
        (&changed["name"], &changed["enabled"]),
        (&json!("Login"), &json!(false))
    );
    assert_eq!(changed["default_grant"]["role"], "viewer");
    let cleared = test
        .admin()
        .send("PATCH", &path, Some(json!({ "default_grant": null })), &[])
        .await
        .json();
    assert_eq!(cleared["default_grant"], Value::Null);
    assert_eq!(cleared["group_map"].as_array().unwrap().len(), 1);
    assert_eq!(
        test.admin().get(PROVIDERS).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let removed = test.admin().send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    assert_eq!(test.admin().get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_is_named() {
    let test = TestApp::new().await;
    let good = saml_provider(&organisation(&test).await);
    for (pointer, value, code) in [
        (
            "/saml/sso_url",
            json!("http://idp.example/sso"),
            "invalid_address",
        ),
        (
            "/saml/sso_url",
            json!("javascript:alert(1)"),
            "invalid_address",
        ),
        ("/saml/certificates", json!([]), "invalid_provider"),
        (
            "/saml/certificates/0/pem",
            json!("nonsense"),
            "saml_certificate_unreadable",
        ),
        ("/saml/idp_entity_id", json!(""), "invalid_provider"),
        ("/name", json!(" "), "invalid_provider"),
        ("/kind", json!("oidc"), "invalid_provider"),
        (
            "/group_map/0/organisation_id",
            json!("org_00000000000000000000000000"),
            "unknown_organisation",
        ),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let refused = test.admin().post(PROVIDERS, wrong).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::BAD_REQUEST, code.to_owned()),
            "{pointer}"
        );
    }
    let metadata = test
        .admin()
        .post(
            &format!("{PROVIDERS}/saml/parse-metadata"),
            json!({ "xml": "<!DOCTYPE x><x/>" }),
        )
        .await;
    assert_eq!(metadata.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        test.role(Role::Staff).get(PROVIDERS).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_login_leaves_with_a_signed_request_and_a_cookie_that_comes_back() {
    let test = TestApp::new().await;
    let provider = make(&test).await;
    let id = provider["id"].as_str().unwrap();
    let away = test
        .nobody()
        .get(&format!("/saml/{id}/login?next=/team"))
        .await;
    assert_eq!(away.status, StatusCode::SEE_OTHER);
    let location = header_of(&away, header::LOCATION);
    assert!(
        location.starts_with("https://idp.example/sso?SAMLRequest="),
        "{location}"
    );
    assert!(
        location.contains("&RelayState=") && location.contains("&Signature="),
        "{location}"
    );
    let cookie = header_of(&away, header::SET_COOKIE);
    assert!(cookie.contains("SameSite=None; Secure"), "{cookie}");
    let metadata = test.nobody().get(&format!("/saml/{id}/metadata")).await;
    assert!(
        metadata.text.contains("AuthnRequestsSigned=\"true\""),
        "{}",
        metadata.text
    );
}

#[tokio::test]
async fn strangers_get_a_reference_and_administrators_the_reason() {
    let test = TestApp::new().await;
    let provider = make(&test).await;
    let id = provider["id"].as_str().unwrap();
    let form = [(
        header::CONTENT_TYPE.as_str(),
        "application/x-www-form-urlencoded",
    )];
    let before = test.audit_count().await;
    let posted = test
        .nobody()
        .send("POST", &format!("/saml/{id}/acs"), None, &form)
        .await;
    assert_eq!(posted.status, StatusCode::SEE_OTHER, "{}", posted.text);
    let location = header_of(&posted, header::LOCATION);
    assert!(
        location.starts_with("/signin?error=sign_in_failed&reference=req_"),
        "{location}"
    );
    let failures =
        test.admin().get(&format!("{PROVIDERS}/{id}")).await.json()["recent_failures"].clone();
    assert_eq!(failures[0]["code"], "saml_unsolicited");
    assert!(location.ends_with(failures[0]["request_id"].as_str().unwrap()));
    assert_eq!(test.audit_count().await, before + 1);

    let unknown = test
        .nobody()
        .get("/saml/idp_00000000000000000000000000/login")
        .await;
    assert_eq!(unknown.status, StatusCode::SEE_OTHER);
    let off = json!({ "enabled": false });
    test.admin()
        .send("PATCH", &format!("{PROVIDERS}/{id}"), Some(off), &[])
        .await;
    let refused = test.nobody().get(&format!("/saml/{id}/login")).await;
    assert!(header_of(&refused, header::LOCATION).starts_with("/signin?error="));
    assert_eq!(
        test.nobody().get("/api/sign-in").await.json()["providers"],
        json!([])
    );
}

#[tokio::test]
async fn keys_are_made_and_activated_one_after_the_other() {
    let test = TestApp::new().await;
    let provider = make(&test).await;
    let path = format!("{PROVIDERS}/{}", provider["id"].as_str().unwrap());
    let act = async |what: &str| {
        test.admin()
            .send("POST", &format!("{path}/{what}"), None, &[])
            .await
    };
    assert_eq!(act("activate-key").await.code(), "no_key_waiting");
    let both = act("rotate-key").await.json();
    assert_eq!(both["saml"]["sp_certificates"].as_array().unwrap().len(), 2);
    assert_eq!(act("rotate-key").await.code(), "key_waiting");
    let one = act("activate-key").await.json();
    assert_eq!(
        one["saml"]["sp_certificates"][0]["fingerprint"],
        both["saml"]["sp_certificates"][1]["fingerprint"]
    );
}
