//! Standing tests over every operation of the OpenAPI document: who may do what, and that a change
//! leaves an audit entry. A new operation fails them until it stands in the table.

use std::collections::{BTreeMap, BTreeSet};

use axum::{body::Body, http::Method};
use guildhall_license_server::{
    access::{ALL, Role},
    http,
};
use guildhall_web::testing::TestClient;
use serde_json::{Value, json};

use crate::server::{Server, code, id, post, session};

/// An operation and the permission it needs; none for what is public.
const OPERATIONS: &[(&str, Option<&str>)] = &[
    ("get /healthz", None),
    ("get /readyz", None),
    ("get /metrics", Some("server.observe")),
    ("get /api/server", Some("server.observe")),
    ("get /api/audit", Some("audit.read")),
    ("get /api/session", Some("session.own")),
    ("post /api/session", None),
    ("post /api/session/portal", None),
    ("delete /api/session", Some("session.own")),
    ("post /api/session/password", Some("session.own")),
    ("get /api/staff", Some("staff.manage")),
    ("post /api/staff", Some("staff.manage")),
    ("patch /api/staff/{staff}", Some("staff.manage")),
    ("post /api/staff/{staff}/password", Some("staff.manage")),
    ("get /api/api-keys", Some("keys.manage")),
    ("post /api/api-keys", Some("keys.manage")),
    ("delete /api/api-keys/{key}", Some("keys.manage")),
    ("get /api/products", Some("catalogue.read")),
    ("post /api/products", Some("catalogue.manage")),
    ("get /api/plans", Some("catalogue.read")),
    ("post /api/plans", Some("catalogue.manage")),
    ("post /api/plans/{plan}/archive", Some("catalogue.manage")),
    ("post /api/plans/{plan}/quote", Some("catalogue.read")),
    ("get /api/customers", Some("customers.read")),
    ("post /api/customers", Some("customers.manage")),
    ("get /api/customers/{customer}", Some("customers.read")),
    ("put /api/customers/{customer}", Some("customers.manage")),
    (
        "get /api/customers/{customer}/contracts",
        Some("customers.read"),
    ),
    (
        "get /api/customers/{customer}/accesses",
        Some("customers.read"),
    ),
    (
        "post /api/customers/{customer}/accesses",
        Some("customers.manage"),
    ),
    ("delete /api/accesses/{access}", Some("customers.manage")),
    ("post /api/contracts", Some("customers.manage")),
    (
        "post /api/contracts/{contract}/end",
        Some("customers.manage"),
    ),
    ("get /api/licences", Some("licences.read")),
    ("post /api/licences", Some("licences.issue")),
    ("get /api/licences/{licence}", Some("licences.read")),
    ("post /api/licences/{licence}/renew", Some("licences.issue")),
    (
        "post /api/licences/{licence}/revoke",
        Some("licences.revoke"),
    ),
    ("get /api/licences/{licence}/file", Some("licences.read")),
    (
        "get /api/licences/{licence}/installs",
        Some("licences.read"),
    ),
    ("get /api/signing-requests", Some("signing.answer")),
    (
        "get /api/signing-requests/{request}",
        Some("signing.answer"),
    ),
    (
        "post /api/signing-requests/{request}/answer",
        Some("signing.answer"),
    ),
    (
        "post /api/signing-requests/{request}/sign",
        Some("licences.issue"),
    ),
    (
        "post /api/signing-requests/{request}/withdraw",
        Some("licences.issue"),
    ),
    (
        "post /api/installs/{install}/release",
        Some("installs.manage"),
    ),
    ("get /api/installs/{install}/lease", Some("licences.read")),
    ("post /api/activation-requests", Some("installs.manage")),
    ("get /api/crl", Some("licences.read")),
    ("post /api/crl", Some("licences.revoke")),
    ("delete /api/crl/{revocation}", Some("licences.revoke")),
    ("get /api/reports", Some("reports.read")),
    ("post /api/reports", Some("reports.manage")),
    ("get /api/log", Some("log.read")),
    ("get /api/log/checkpoint", Some("log.read")),
    ("get /api/log/inclusion", Some("log.read")),
    ("get /api/log/consistency", Some("log.read")),
    ("get /api/webhooks", Some("webhooks.manage")),
    ("post /api/webhooks", Some("webhooks.manage")),
    ("delete /api/webhooks/{webhook}", Some("webhooks.manage")),
    ("post /api/webhooks/test", Some("webhooks.manage")),
    (
        "get /api/webhooks/{webhook}/deliveries",
        Some("webhooks.manage"),
    ),
    ("get /api/portal/licences", Some("portal.use")),
    ("get /api/portal/licences/{licence}", Some("portal.use")),
    (
        "get /api/portal/licences/{licence}/file",
        Some("portal.use"),
    ),
    (
        "get /api/portal/licences/{licence}/installs",
        Some("portal.use"),
    ),
    ("post /api/portal/activation-requests", Some("portal.use")),
    (
        "get /api/portal/installs/{install}/lease",
        Some("portal.use"),
    ),
    (
        "post /api/portal/installs/{install}/release",
        Some("portal.use"),
    ),
    ("get /api/portal/crl", Some("portal.use")),
    ("get /api/portal/reports", Some("portal.use")),
    ("post /api/portal/reports", Some("portal.use")),
    ("post /v1/activate", None),
    ("post /v1/lease", None),
    ("post /v1/validate", None),
    ("get /v1/crl", None),
    ("post /v1/reports", None),
];

fn split(operation: &str) -> (Method, String) {
    let (method, path) = operation.split_once(' ').unwrap();
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let ids = [
        ("staff", "stf"),
        ("key", "key"),
        ("plan", "pln"),
        ("customer", "cus"),
        ("access", "acc"),
        ("contract", "con"),
        ("licence", "lic"),
        ("request", "sgn"),
        ("install", "ins"),
        ("webhook", "whk"),
    ];
    let mut path = path.replace("{revocation}", "9999");
    for (name, prefix) in ids {
        path = path.replace(
            &format!("{{{name}}}"),
            &format!("{prefix}_00000000000000000000000000"),
        );
    }
    (method, path)
}

async fn status(client: &TestClient, operation: &str) -> (u16, String) {
    let (method, path) = split(operation);
    let answer = if method == Method::GET || method == Method::DELETE {
        client.send(method, &path, Body::empty()).await.unwrap()
    } else {
        client.json(method, &path, &json!({})).await.unwrap()
    };
    (answer.status.as_u16(), code(&answer))
}

#[tokio::test]
async fn every_operation_stands_in_the_table() {
    let document = serde_json::to_value(http::openapi()).unwrap();
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{method} {path}"))
        })
        .collect();
    let listed: BTreeSet<String> = OPERATIONS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(documented, listed);
    let ids: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    let unique: BTreeSet<String> = ids.iter().map(|id| id.to_string()).collect();
    assert_eq!(unique.len(), ids.len(), "operation ids are unique");
}

#[tokio::test]
async fn nobody_gets_in_without_credentials() {
    let server = Server::new().await;
    for (operation, permission) in OPERATIONS {
        let (status, code) = status(&server.nobody(), operation).await;
        if permission.is_some() {
            assert_eq!(
                (status, code.as_str()),
                (401, "not_logged_in"),
                "{operation}"
            );
        } else {
            assert_ne!(status, 403, "{operation}");
        }
    }
}

#[tokio::test]
async fn each_role_does_what_it_may_and_no_more() {
    let server = Server::new().await;
    let mut clients: BTreeMap<&str, (TestClient, BTreeSet<&'static str>)> = BTreeMap::new();
    for role in Role::EVERY {
        let granted = role.permissions(false).as_ref().clone();
        clients.insert(role.as_str(), (server.staff(role).await, granted));
    }
    let plan = server.plan(|_| {}).await;
    let (customer, _) = server.contract(&plan, "One").await;
    let path = format!("/api/customers/{customer}/accesses");
    let access = post(&server.admin, &path, &json!({ "name": "Kim" }), 201).await;
    let portal = session(
        &server.router,
        "/api/session/portal",
        &json!({ "code": access["code"] }),
    )
    .await;
    clients.insert(
        "portal",
        (portal, BTreeSet::from(["session.own", "portal.use"])),
    );

    for (operation, permission) in OPERATIONS {
        let Some(permission) = permission else {
            continue;
        };
        assert!(ALL.contains(permission), "{permission} is none");
        // Signing out would end the clients' sessions.
        if *operation == "delete /api/session" {
            continue;
        }
        for (name, (client, granted)) in &clients {
            let (status, code) = status(client, operation).await;
            let refused = (status, code.as_str()) == (403, "permission_missing");
            assert_eq!(
                refused,
                !granted.contains(permission),
                "{name}: {operation}: {status} {code}"
            );
            assert!(status < 500, "{name}: {operation}: {status} {code}");
        }
    }
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let server = Server::new().await;
    let input = json!({ "name": "reader", "scopes": ["licences.read"] });
    let key = post(&server.admin, "/api/api-keys", &input, 201).await;
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let client = server.nobody().with_header(
        axum::http::header::AUTHORIZATION,
        axum::http::HeaderValue::try_from(bearer).unwrap(),
    );
    assert_eq!(client.get("/api/licences").await.unwrap().status, 200);
    assert_eq!(client.get("/api/customers").await.unwrap().status, 403);
    let path = format!("/api/api-keys/{}", id(&key));
    server
        .admin
        .send(Method::DELETE, &path, Body::empty())
        .await
        .unwrap();
    assert_eq!(client.get("/api/licences").await.unwrap().status, 401);
}

#[tokio::test]
async fn a_temporary_password_opens_nothing_and_a_cookie_alone_changes_nothing() {
    let server = Server::new().await;
    let input = json!({ "email": "new@example.com", "display_name": "New", "role": "admin" });
    let made = post(&server.admin, "/api/staff", &input, 201).await;
    let temporary = made["temporary_password"].as_str().unwrap();
    let client = crate::server::sign_in(&server.router, "new@example.com", temporary).await;
    assert_eq!(client.get("/api/licences").await.unwrap().status, 403);

    let wrong = axum::http::HeaderValue::from_static("wrong");
    let name = axum::http::HeaderName::from_static("x-csrf-token");
    let forged = server.admin.clone().with_header(name, wrong);
    let answer = forged
        .json(Method::POST, "/api/webhooks/test", &json!({}))
        .await
        .unwrap();
    assert_eq!(code(&answer), "csrf_token_wrong");
}

#[tokio::test]
async fn every_change_leaves_an_entry_and_an_idempotent_one_leaves_one() {
    let server = Server::new().await;
    let entries = async || {
        let list = crate::server::get(&server.admin, "/api/audit?limit=100").await;
        list["items"].as_array().unwrap().clone()
    };
    let before = entries().await.len();
    let name = axum::http::HeaderName::from_static("idempotency-key");
    let once = server
        .admin
        .clone()
        .with_header(name, axum::http::HeaderValue::from_static("k1"));
    let input = json!({ "name": "Example GmbH" });
    let first = post(&once, "/api/customers", &input, 201).await;
    let second = post(&once, "/api/customers", &input, 201).await;
    assert_eq!(id(&first), id(&second));
    let other = once
        .json(Method::POST, "/api/customers", &json!({ "name": "B" }))
        .await
        .unwrap();
    assert_eq!(code(&other), "idempotency_key_reused");
    let after = entries().await;
    assert_eq!(after.len(), before + 1);
    assert_eq!(after[0]["action"], "customer.created");
    assert_eq!(after[0]["subject"], first["id"]);

    let key = json!({ "name": "k", "scopes": ["licences.read"] });
    let secret = once
        .json(Method::POST, "/api/api-keys", &key)
        .await
        .unwrap();
    assert_eq!(code(&secret), "idempotency_key_reused");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let server = Server::new().await;
    let staff = crate::server::get(&server.admin, "/api/staff").await;
    let own = id(&staff["items"][0]);
    for change in [json!({ "disabled": true }), json!({ "role": "sales" })] {
        let path = format!("/api/staff/{own}");
        let answer = server
            .admin
            .json(Method::PATCH, &path, &change)
            .await
            .unwrap();
        assert_eq!(code(&answer), "last_administrator");
    }
}
