//! Tests that cover every operation of the OpenAPI document: who may do it, that a change leaves one audit
//! entry, and (in `isolation`) that another organisation neither sees nor changes anything. A new operation
//! fails them until it stands in the table.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, PASSWORD, TestApp};

mod accounts;
mod directories;
mod federation;
mod isolation;
mod lab;
mod license;
mod models;
mod oauth;
mod outside;
mod removal;
mod roles;
mod scim;

/// Who may carry an operation out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    /// Open without credentials: reviewed, one by one.
    Everyone,
    Normal,
    Staff,
    Admin,
}
use Who::{Admin, Everyone, Normal, Staff};

/// An operation, who may do it, and whether it changes something (and so leaves an audit entry).
struct Operation {
    method: &'static str,
    path: &'static str,
    who: Who,
    audited: bool,
    body: fn() -> Value,
}

const fn read(path: &'static str, who: Who) -> Operation {
    Operation {
        method: "GET",
        path,
        who,
        audited: false,
        body: || Value::Null,
    }
}

const fn change(
    method: &'static str,
    path: &'static str,
    who: Who,
    body: fn() -> Value,
) -> Operation {
    Operation {
        method,
        path,
        who,
        audited: true,
        body,
    }
}

/// Every operation. The platform administrator is the first organisation's administrator here.
const OPERATIONS: &[Operation] = &[
    read("/healthz", Everyone),
    read("/readyz", Everyone),
    read("/.well-known/security.txt", Everyone),
    read("/api/setup", Everyone),
    Operation {
        method: "POST",
        path: "/api/setup/check",
        who: Everyone,
        audited: false,
        body: || json!({ "token": "x" }),
    },
    Operation {
        method: "POST",
        path: "/api/setup",
        who: Everyone,
        audited: false,
        body: || json!({ "token": "x", "organisation_name": "x", "admin_name": "x", "admin_email": "x@y.z", "admin_password": "x" }),
    },
    change(
        "POST",
        "/api/session",
        Everyone,
        || json!({ "email": "ada@first.example", "password": "wrong" }),
    ),
    read("/metrics", Admin),
    read("/api/session", Normal),
    // An API key has no session to end.
    Operation {
        method: "DELETE",
        path: "/api/session",
        who: Normal,
        audited: false,
        body: || Value::Null,
    },
    Operation {
        method: "POST",
        path: "/api/session/organisation",
        who: Normal,
        audited: false,
        body: || json!({ "organisation_id": "org_00000000000000000000000000" }),
    },
    change(
        "PATCH",
        "/api/account",
        Normal,
        || json!({ "display_name": "New Name" }),
    ),
    // Passwords are changed from a browser only.
    Operation {
        method: "POST",
        path: "/api/account/password",
        who: Normal,
        audited: false,
        body: || json!({ "current_password": "a", "new_password": "b" }),
    },
    read("/api/account/sessions", Normal),
    change("DELETE", "/api/account/sessions/{id}", Normal, || {
        Value::Null
    }),
    change("DELETE", "/api/account/sessions", Normal, || Value::Null),
    read("/api/account/api-keys", Normal),
    change(
        "POST",
        "/api/account/api-keys",
        Normal,
        || json!({ "name": "mine" }),
    ),
    change("DELETE", "/api/account/api-keys/{id}", Normal, || {
        Value::Null
    }),
    read("/api/admin/people", Staff),
    change(
        "POST",
        "/api/admin/people",
        Admin,
        || json!({ "email": "new@elsewhere.example", "display_name": "New", "role": "normal" }),
    ),
    change(
        "PATCH",
        "/api/admin/people/{id}",
        Admin,
        || json!({ "role": "normal" }),
    ),
    change(
        "POST",
        "/api/admin/people/{id}/reset-password",
        Admin,
        || Value::Null,
    ),
    change("DELETE", "/api/admin/people/{id}", Admin, || Value::Null),
    read("/api/admin/organisations", Admin),
    change(
        "POST",
        "/api/admin/organisations",
        Admin,
        || json!({ "name": "Third", "join": true }),
    ),
    read("/api/admin/node", Admin),
    read("/api/marketplace/agents", Normal),
    read("/api/marketplace/agents/{id}", Normal),
    read("/api/marketplace/agents/{id}/handbook/{passage}", Normal),
    change("POST", "/api/marketplace/agents/{id}/hire", Staff, || {
        json!({})
    }),
    read("/api/ves", Normal),
    read("/api/ves/{id}", Normal),
    change(
        "PATCH",
        "/api/ves/{id}",
        Staff,
        || json!({ "persona_name": "Other" }),
    ),
    change(
        "POST",
        "/api/ves/{id}/chat",
        Normal,
        || json!({ "message": "Hello" }),
    ),
    read("/api/ves/{id}/conversations", Normal),
    read("/api/ves/{id}/messages", Normal),
    read("/api/ves/{id}/messages/{message}/versions", Normal),
    read("/api/ves/{id}/messages/{message}/stream", Normal),
    change(
        "POST",
        "/api/ves/{id}/messages/{message}/rating",
        Normal,
        || json!({ "verdict": "up" }),
    ),
    change(
        "DELETE",
        "/api/ves/{id}/messages/{message}/rating",
        Normal,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/ves/{id}/messages/{message}/stop",
        Normal,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/ves/{id}/messages/{message}/regenerate",
        Normal,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/ves/{id}/messages/{question}/edit",
        Normal,
        || json!({ "message": "Hello again" }),
    ),
    change(
        "PATCH",
        "/api/ves/{id}/conversations/{conversation}",
        Normal,
        || json!({ "title": "Other" }),
    ),
    change(
        "DELETE",
        "/api/ves/{id}/conversations/{conversation}",
        Normal,
        || Value::Null,
    ),
    change("DELETE", "/api/ves/{id}", Staff, || Value::Null),
    change("POST", "/api/ves/{id}/rehire", Staff, || Value::Null),
    read("/api/billing/usage", Normal),
    read("/api/overview", Normal),
    read("/api/events", Normal),
];

/// The table, and the part of it that stands in a file of its own.
fn operations() -> impl Iterator<Item = &'static Operation> {
    let parts = [
        accounts::OPERATIONS,
        directories::OPERATIONS,
        federation::OPERATIONS,
        roles::OPERATIONS,
        OPERATIONS,
        models::OPERATIONS,
        outside::OPERATIONS,
        lab::OPERATIONS,
        license::OPERATIONS,
        oauth::OPERATIONS,
        scim::OPERATIONS,
    ];
    parts.into_iter().flatten()
}

/// Ids of things that belong to the first organisation's administrator.
struct Things {
    ve: String,
    message: String,
    question: String,
    conversation: String,
    person: String,
    model: String,
    upload: String,
    prompt: String,
    run: String,
    answer: String,
    provider: String,
    residency_rule: String,
    directory: String,
    identity_provider: federation::Thing,
    session: String,
    api_key: String,
    role: String,
    account: String,
    account_key: String,
    provisioned: scim::Provisioned,
    waiting: accounts::Waiting,
    application: String,
    permission: String,
}

/// A session of the administrator's.
async fn log_in(test: &TestApp) {
    let login = json!({ "email": "ada@first.example", "password": PASSWORD });
    let login = test.nobody().post("/api/session", login).await;
    assert_eq!(login.status, StatusCode::CREATED, "{}", login.text);
}

impl Things {
    async fn make(test: &TestApp) -> Self {
        let admin = test.admin();
        let ve = test.hire().await;
        let said = admin
            .post(
                &format!("/api/ves/{ve}/chat"),
                json!({ "message": "Hello" }),
            )
            .await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.text);
        let said = said.json();
        let messages = admin.get(&format!("/api/ves/{ve}/messages")).await.json();
        let added =
            json!({ "email": "extra@first.example", "display_name": "Extra", "role": "staff" });
        let added = admin.post("/api/admin/people", added).await.json();
        let models = admin.get("/api/admin/models").await.json();
        models::drop_broken(test).await;
        let upload = json!({ "file_name": "some.gguf", "size_bytes": 1000 });
        let upload = admin.post("/api/admin/models/uploads", upload).await.json();
        let template = json!({
            "name": "Greeting", "body": "Hello {{name}}", "variables": [{ "name": "name", "type": "text" }],
        });
        let template = admin.post("/api/prompts", template).await.json();
        let run = admin.post("/api/playground/runs", lab::run()).await.json();
        let provider = json!({ "kind": "openai", "models": [{ "name": "gpt-9" }] });
        let provider = admin.post("/api/admin/providers", provider).await.json();
        let rule = json!({ "applies_to": { "kind": "organisation" }, "keep_within": "node" });
        let rule = admin.post("/api/admin/residency", rule).await.json();
        log_in(test).await;
        let sessions = admin.get("/api/account/sessions").await.json();
        let key = admin.post("/api/account/api-keys", json!({ "name": "another" }));
        let key = key.await.json();
        let (role, account, account_key) = roles::make(admin.clone()).await;
        let (application, permission) = oauth::make(test).await;
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("no text: {value}"))
                .to_owned()
        };
        let things = Self {
            ve,
            message: text(&said["message"]["id"]),
            question: text(&messages["items"][1]["id"]),
            conversation: text(&said["conversation_id"]),
            person: text(&added["member"]["id"]),
            model: text(&models["items"][0]["id"]),
            provider: text(&provider["id"]),
            residency_rule: text(&rule["id"]),
            directory: directories::make(&admin).await,
            identity_provider: federation::make(&admin).await,
            session: text(&sessions["items"][0]["id"]),
            api_key: text(&key["id"]),
            role,
            account,
            account_key,
            provisioned: scim::Provisioned::make(test).await,
            application,
            permission,
            waiting: accounts::Waiting::make(test).await,
            upload: text(&upload["id"]),
            prompt: text(&template["id"]),
            run: text(&run["id"]),
            answer: text(&run["answers"][0]["id"]),
        };
        // Read to its end, so that the answers can be judged.
        let stream = format!("/api/playground/runs/{}/stream", things.run);
        assert_eq!(admin.get(&stream).await.status, StatusCode::OK);
        things
    }

    fn fill(&self, path: &str) -> String {
        let of_kind = [
            ("/api/ves/", self.ve.as_str()),
            ("/api/admin/people/", &self.person),
            ("/api/admin/models/uploads/", &self.upload),
            ("/api/admin/models/", &self.model),
            ("/v1/models/", "starter"),
            ("/api/prompts/", &self.prompt),
            ("/api/playground/runs/", &self.run),
            ("/api/admin/providers/", &self.provider),
            ("/api/admin/residency/", &self.residency_rule),
            ("/api/admin/directories/", &self.directory),
            ("/api/admin/identity-providers/", &self.identity_provider.id),
            ("/saml/", &self.identity_provider.id),
            ("/oidc/", &self.identity_provider.id),
            ("/api/marketplace/", "invoice-clerk"),
            ("/api/account/sessions/", &self.session),
            ("/api/account/api-keys/", &self.api_key),
            ("/api/admin/roles/", &self.role),
            ("/api/admin/invitations/", &self.waiting.invitation),
            ("/api/admin/sign-ups/", &self.waiting.sign_up),
            ("/api/account/passkeys/", &self.waiting.passkey),
            ("/api/admin/policies/", &self.ve),
            ("/api/admin/service-accounts/", &self.account),
            ("/scim/v2/Users/", &self.provisioned.user),
            ("/scim/v2/Groups/", &self.provisioned.group),
            ("/api/admin/scim-tokens/", &self.provisioned.token),
            ("/api/admin/oauth-clients/", &self.application),
            ("/api/account/grants/", &self.permission),
        ];
        let id = of_kind
            .iter()
            .find(|(prefix, _)| path.starts_with(prefix))
            .map_or("", |(_, id)| id);
        path.replace("{id}", id)
            .replace("{message}", &self.message)
            .replace("{question}", &self.question)
            .replace("{conversation}", &self.conversation)
            .replace("{name}", "smart")
            .replace("{passage}", "mandatory-details")
            .replace("{alias}", "small")
            .replace("{file}", "broken.gguf")
            .replace("{collection}", "files")
            .replace("{scope}", "ve")
            .replace("{subject}", &self.ve)
            .replace("{version}", "1")
            .replace("{type}", "ve")
            .replace("{key}", &self.account_key)
            .replace("{answer}", &self.answer)
            .replace("{test}", &self.identity_provider.test)
            .replace("{resource_type}", "User")
            .replace("{schema}", "urn:ietf:params:scim:schemas:core:2.0:User")
    }
}

impl Things {
    /// What is sent with an operation, with the ids of real things in it.
    fn body_of(&self, operation: &Operation) -> String {
        (operation.body)().to_string().replace("{ve}", &self.ve)
    }
}

async fn call(caller: &Caller, things: &Things, operation: &Operation) -> crate::harness::Answer {
    let body: Value = serde_json::from_str(&things.body_of(operation)).unwrap();
    let body = Some(body).filter(|body| !body.is_null());
    caller
        .send(operation.method, &things.fill(operation.path), body, &[])
        .await
}

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(guildhall::http::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let methods = |(path, item): (String, Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |method| {
            (
                method.to_uppercase(),
                path.replace("{question}", "{message}"),
            )
        })
    };
    paths.into_iter().flat_map(methods).collect()
}

#[test]
fn every_operation_stands_in_the_table_once() {
    let listed: Vec<(String, String)> = operations()
        .map(|operation| {
            (
                operation.method.to_owned(),
                operation.path.replace("{question}", "{message}"),
            )
        })
        .collect();
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "an operation is listed twice");
    assert_eq!(unique, documented());
}

#[test]
fn only_the_reviewed_operations_are_open() {
    let document = serde_json::to_value(guildhall::http::openapi()).unwrap();
    for operation in operations() {
        let path = operation.path.replace("{question}", "{message}");
        let declared = &document["paths"][&path][operation.method.to_lowercase()]["security"];
        let is_open = declared.as_array().is_some_and(Vec::is_empty);
        assert_eq!(
            is_open,
            operation.who == Everyone,
            "{} {path}",
            operation.method
        );
    }
}

/// Operations in which one proves who one is, with a wrong password here.
const PROVING: &[&str] = &[
    "/api/session",
    "/api/session/second-factor",
    "/api/session/passkey",
    "/api/account/password",
    "/api/account/organisation",
    "/oauth/device_authorization",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/token",
];

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_nobody_else_anything() {
    for role in [
        None,
        Some(Role::Normal),
        Some(Role::Staff),
        Some(Role::Admin),
    ] {
        let test = TestApp::new().await;
        let things = Things::make(&test).await;
        for operation in operations() {
            let caller = role.map_or_else(|| test.nobody(), |role| test.role(role));
            let status = call(&caller, &things, operation).await.status;
            let what = format!(
                "{} {} as {role:?}: {status}",
                operation.method, operation.path
            );
            let allowed = match role {
                None => operation.who == Everyone,
                Some(Role::Normal) => operation.who <= Normal,
                Some(Role::Staff) => operation.who <= Staff,
                Some(_) => true,
            };
            match role {
                None if !allowed => assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}"),
                _ if !allowed => assert_eq!(status, StatusCode::FORBIDDEN, "{what}"),
                _ => assert!(!status.is_server_error(), "{what}"),
            }
            if allowed && role.is_some() && !PROVING.contains(&operation.path) {
                assert_ne!(status, StatusCode::UNAUTHORIZED, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn every_change_leaves_one_audit_entry_and_reading_none() {
    let test = TestApp::new().await;
    let things = Things::make(&test).await;
    for operation in operations() {
        let before = test.audit_count().await;
        let answer = call(&test.admin(), &things, operation).await;
        let written = test.audit_count().await - before;
        let what = format!(
            "{} {}: {} {}",
            operation.method, operation.path, answer.status, answer.text
        );
        assert_eq!(written, i64::from(operation.audited), "{what}");
        if operation.audited && operation.path != "/api/session" {
            // Addresses of browsers answer with a page to go to.
            let is_done = answer.status.is_success() || answer.status.is_redirection();
            assert!(is_done, "{what}");
        }
        settle(&test, &things).await;
    }
}

/// Waits for answers that an operation began, so that the next one finds a quiet conversation.
async fn settle(test: &TestApp, things: &Things) {
    let path = format!("/api/ves/{}/conversations", things.ve);
    for _ in 0..1000 {
        let listed = test.admin().get(&path).await.json();
        let is_busy = |entry: &Value| entry["busy"] == Value::Bool(true);
        if !listed["items"]
            .as_array()
            .is_some_and(|items| items.iter().any(is_busy))
        {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_colleague_cannot_read_somebody_elses_conversation() {
    let test = TestApp::new().await;
    let things = Things::make(&test).await;
    let colleague = test.role(Role::Staff);
    for path in [
        format!(
            "/api/ves/{}/messages?conversation_id={}",
            things.ve, things.conversation
        ),
        format!("/api/ves/{}/messages/{}/stream", things.ve, things.message),
        format!(
            "/api/ves/{}/messages/{}/versions",
            things.ve, things.message
        ),
    ] {
        assert_eq!(
            colleague.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let mine = colleague
        .get(&format!("/api/ves/{}/conversations", things.ve))
        .await
        .json();
    assert_eq!(mine["items"], json!([]));
}
