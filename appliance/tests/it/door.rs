//! What stands at the door: limits on requests, headers and cookies, whom to tell about weaknesses.

use std::net::SocketAddr;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Caller, PASSWORD, TestApp};

const ELSEWHERE: &str = "192.0.2.7:4000";

fn elsewhere() -> SocketAddr {
    ELSEWHERE.parse().unwrap()
}

#[tokio::test]
async fn a_caller_who_asks_too_often_is_told_when_to_come_back() {
    let test = TestApp::with(|config| {
        config.limits.principal_per_second = 1;
        config.limits.principal_burst = 3;
    })
    .await;
    let admin = test.admin().at(elsewhere());
    let first = admin.get("/api/session").await;
    assert_eq!(
        (first.status, &first.headers["ratelimit-limit"]),
        (StatusCode::OK, &"3".parse().unwrap())
    );
    assert_eq!(first.headers["ratelimit-remaining"], "2");
    for _ in 0..2 {
        assert_eq!(admin.get("/api/session").await.status, StatusCode::OK);
    }
    let refused = admin.get("/api/session").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    );
    assert_eq!(refused.headers["retry-after"], "1");
    assert!(refused.headers.contains_key("content-security-policy"));
    // Others, watchers and this machine itself go on.
    let staff = test.role(guildhall_kernel::Role::Staff).at(elsewhere());
    assert_eq!(staff.get("/api/session").await.status, StatusCode::OK);
    assert_eq!(admin.get("/healthz").await.status, StatusCode::OK);
    let here = test.admin().at("127.0.0.1:4000".parse().unwrap());
    assert_eq!(here.get("/api/session").await.status, StatusCode::OK);
    test.clock.advance_seconds(1);
    assert_eq!(admin.get("/api/session").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_address_is_limited_whatever_it_sends() {
    let test = TestApp::with(|config| {
        config.limits.address_per_second = 1;
        config.limits.address_burst = 4;
    })
    .await;
    let mut refused = 0;
    for number in 0..8 {
        let caller = test.with_key(&format!("guess-{number}")).at(elsewhere());
        refused +=
            u32::from(caller.get("/api/session").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 4);
    // A whole IPv6 network counts as one address.
    for host in 0..5 {
        let caller = test
            .nobody()
            .at(format!("[2001:db8::{host}]:4000").parse().unwrap());
        let status = caller.get("/api/sign-in").await.status;
        assert_eq!(
            status == StatusCode::TOO_MANY_REQUESTS,
            host == 4,
            "{host}: {status}"
        );
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_and_the_cookie_its_flags() {
    let test = TestApp::with(|config| config.insecure_http = false).await;
    let login = json!({ "email": "ada@first.example", "password": PASSWORD });
    let entered = test
        .nobody()
        .at(elsewhere())
        .post("/api/session", login)
        .await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.text);
    let cookie = entered.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-guildhall="), "{cookie}");
    for flag in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(
            cookie.split("; ").any(|part| part == flag),
            "{flag} is missing: {cookie}"
        );
    }
    let nobody = test.nobody();
    for (path, status) in [
        ("/healthz", 200),
        ("/api/ves", 401),
        ("/scim/v2/Users", 401),
        ("/nothing.txt", 404),
    ] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            answer.headers.contains_key("permissions-policy")
                && answer.headers.contains_key("x-request-id")
        );
    }
    for path in ["/api/ves", "/v1/models", "/scim/v2/Users"] {
        assert_eq!(
            nobody.get(path).await.headers["cache-control"],
            "no-store",
            "{path}"
        );
    }
}

#[tokio::test]
async fn weaknesses_can_be_told_to_whom_the_configuration_names() {
    let silent = TestApp::new().await;
    assert_eq!(
        silent
            .nobody()
            .get("/.well-known/security.txt")
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let test = TestApp::with(|config| {
        config.security.contact = vec![
            "mailto:security@example.org".into(),
            "https://example.org/report".into(),
        ];
        config.security.policy = Some("https://example.org/policy".into());
    })
    .await;
    let answer = test.nobody().get("/.well-known/security.txt").await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    // 180 days after the first day of the test's clock, 2026-01-05.
    let expected = "Contact: mailto:security@example.org\nContact: https://example.org/report\n\
                    Expires: 2026-07-04T00:00:00.000Z\nPolicy: https://example.org/policy\n";
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn a_certificate_speaks_for_the_service_account_it_is_bound_to() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let (robot, path) = robot(&admin).await;
    let fingerprint = ["AB"; 32].join(":");
    let bind = |fingerprint: Value| Some(json!({ "fingerprint": fingerprint }));
    let program = test.nobody().showing(&fingerprint);
    assert_eq!(
        program.get("/api/session").await.status,
        StatusCode::UNAUTHORIZED
    );

    let plain = json!("ab".repeat(32));
    let bound = admin.send("PUT", &path, bind(plain), &[]).await;
    assert_eq!(
        bound.json()["fingerprint"],
        json!(fingerprint),
        "{}",
        bound.text
    );
    let session = program.get("/api/session").await.json();
    assert_eq!(
        (&session["person"]["id"], &session["role"]),
        (&robot["id"], &json!("viewer"))
    );
    assert_eq!(program.get("/api/ves").await.status, StatusCode::OK);
    let denied = program.post("/api/admin/people", json!({})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    // A browser shows certificates unasked: another site cannot make it change anything.
    let rename = Some(json!({ "display_name": "x" }));
    let elsewhere = [("origin", "https://evil.example")];
    let forged = program
        .send("PATCH", "/api/account", rename, &elsewhere)
        .await;
    assert_eq!(forged.code(), "cross_site_request");

    let other = json!({ "name": "Other", "role": "viewer" });
    let other = admin
        .post("/api/admin/service-accounts", other)
        .await
        .json();
    let other = format!(
        "/api/admin/service-accounts/{}/certificate",
        other["id"].as_str().unwrap()
    );
    let taken = admin
        .send("PUT", &other, bind(json!(fingerprint)), &[])
        .await;
    assert_eq!(taken.code(), "certificate_taken");
    let stranger = test.stranger().await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    admin
        .send("PUT", &path, bind(serde_json::Value::Null), &[])
        .await;
    assert_eq!(
        program.get("/api/session").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// A service account, and where its certificate is bound.
async fn robot(admin: &Caller) -> (Value, String) {
    let robot = json!({ "name": "Robot", "role": "viewer" });
    let robot = admin.post("/api/admin/service-accounts", robot).await;
    let robot = robot.json();
    let id = robot["id"].as_str().unwrap();
    let path = format!("/api/admin/service-accounts/{id}/certificate");
    (robot, path)
}

/// A certificate for a year, and its fingerprint.
fn certificate(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let made = parameters.self_signed(&key).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, made.der());
    let pairs: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    (made.pem(), pairs.join(":"))
}

#[tokio::test]
async fn a_certificate_is_bound_whole_and_says_whose_it_is_and_when_it_ends() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let (_, path) = robot(&admin).await;
    let nothing = json!({ "fingerprint": null, "subject": null, "expires_at": null });
    assert_eq!(admin.get(&path).await.json(), nothing);

    let (pem, fingerprint) = certificate("robot.first.example");
    let bound = admin
        .send("PUT", &path, Some(json!({ "pem": pem })), &[])
        .await;
    assert_eq!(bound.status, StatusCode::OK, "{}", bound.text);
    assert_eq!(bound.json()["fingerprint"], json!(fingerprint));
    assert_eq!(bound.json()["subject"], "CN=robot.first.example");
    assert!(bound.json()["expires_at"].is_string(), "{}", bound.text);
    assert_eq!(admin.get(&path).await.json(), bound.json());
    let program = test.nobody().showing(&fingerprint);
    assert_eq!(program.get("/api/session").await.status, StatusCode::OK);

    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let (other, _) = certificate("other.first.example");
    for (wrong, code) in [
        (
            json!({ "pem": format!("{pem}{key}") }),
            "invalid_certificate",
        ),
        (
            json!({ "pem": format!("{pem}{other}") }),
            "invalid_certificate",
        ),
        (json!({ "pem": "hello" }), "invalid_certificate"),
        (
            json!({ "pem": pem, "fingerprint": fingerprint }),
            "missing_field",
        ),
        (json!({}), "missing_field"),
    ] {
        let refused = admin.send("PUT", &path, Some(wrong), &[]).await;
        let field = refused.json()["error"]["details"]["fields"][0]["code"].clone();
        assert!(refused.code() == code || field == code, "{}", refused.text);
        assert!(!refused.text.contains(&key), "a key is not said again");
    }
    let none = Some(json!({ "fingerprint": null }));
    let none = admin.send("PUT", &path, none, &[]).await;
    assert_eq!(none.json(), nothing);
    assert_eq!(
        program.get("/api/session").await.status,
        StatusCode::UNAUTHORIZED
    );
}
