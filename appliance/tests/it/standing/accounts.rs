//! Operations on how people log in, come in and are let in.

use serde_json::{Value, json};

use super::{
    Operation,
    Who::{self, Admin, Everyone, Normal},
    change, read,
};
use crate::harness::{PASSWORD, TestApp};

/// An operation that changes nothing here: for a stranger without a right to it, or for a key, which may not
/// change how its owner logs in.
const fn refused(
    method: &'static str,
    path: &'static str,
    who: Who,
    body: fn() -> Value,
) -> Operation {
    Operation {
        method,
        path,
        who,
        audited: false,
        body,
    }
}

/// Ids of what is waiting for somebody, and of a passkey.
pub(super) struct Waiting {
    pub(super) invitation: String,
    pub(super) sign_up: String,
    /// Somebody else's, in the same organisation.
    pub(super) passkey: String,
}

impl Waiting {
    pub(super) async fn make(test: &TestApp) -> Self {
        let admin = test.admin();
        let invited = json!({ "role": "normal", "email": "guest@elsewhere.example" });
        let invited = admin.post("/api/admin/invitations", invited).await.json();
        let rules = |mode: &str| {
            Some(json!({ "mode": mode, "allowed_domains": [], "blocked_domains": [] }))
        };
        let path = "/api/admin/sign-up";
        admin.send("PUT", path, rules("approval"), &[]).await;
        let asked = json!({
            "email": "olga@elsewhere.example", "display_name": "Olga", "password": PASSWORD, "organisation": "Bakery",
        });
        test.nobody().post("/api/sign-up", asked).await;
        admin.send("PUT", path, rules("off"), &[]).await;
        let waiting = admin.get("/api/admin/sign-ups").await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            invitation: text(&invited["invitation"]["id"]),
            sign_up: text(&waiting["items"][0]["id"]),
            passkey: crate::accounts::registered_passkey(test).await,
        }
    }
}

fn mail_server() -> Value {
    json!({ "host": "127.0.0.1", "port": 1, "sender": "guildhall@first.example" })
}

fn password() -> Value {
    json!({ "password": "wrong" })
}

pub(super) const OPERATIONS: &[Operation] = &[
    read("/api/sign-in", Everyone),
    refused(
        "POST",
        "/api/session/second-factor",
        Everyone,
        || json!({ "challenge": "x", "code": "123456" }),
    ),
    refused("POST", "/api/session/passkey/options", Everyone, || {
        json!({})
    }),
    refused(
        "POST",
        "/api/session/passkey",
        Everyone,
        || json!({ "challenge": "x", "credential": {} }),
    ),
    refused(
        "POST",
        "/api/invitations/check",
        Everyone,
        || json!({ "token": "x" }),
    ),
    refused(
        "POST",
        "/api/invitations/accept",
        Everyone,
        || json!({ "token": "x", "password": "x" }),
    ),
    read("/api/sign-up", Everyone),
    refused(
        "POST",
        "/api/sign-up",
        Everyone,
        || json!({ "email": "a@b.c", "display_name": "A", "password": PASSWORD, "organisation": "A" }),
    ),
    refused(
        "POST",
        "/api/sign-up/verify",
        Everyone,
        || json!({ "token": "x", "password": "x" }),
    ),
    // No mail server is entered yet.
    refused(
        "POST",
        "/api/password-reset",
        Everyone,
        || json!({ "email": "ada@first.example" }),
    ),
    refused(
        "POST",
        "/api/password-reset/check",
        Everyone,
        || json!({ "token": "x" }),
    ),
    refused(
        "POST",
        "/api/password-reset/confirm",
        Everyone,
        || json!({ "token": "x", "password": PASSWORD }),
    ),
    read("/api/account/security", Normal),
    refused("POST", "/api/account/totp", Normal, password),
    refused(
        "POST",
        "/api/account/totp/confirm",
        Normal,
        || json!({ "code": "123456" }),
    ),
    refused("POST", "/api/account/totp/remove", Normal, password),
    refused("POST", "/api/account/passkeys/options", Normal, password),
    refused(
        "POST",
        "/api/account/passkeys",
        Normal,
        || json!({ "challenge": "x", "name": "x", "credential": {} }),
    ),
    refused(
        "PATCH",
        "/api/account/passkeys/{id}",
        Normal,
        || json!({ "name": "x" }),
    ),
    refused("DELETE", "/api/account/passkeys/{id}", Normal, || {
        Value::Null
    }),
    refused("POST", "/api/account/recovery-codes", Normal, password),
    // A key has no session to join by.
    refused(
        "POST",
        "/api/account/invitation",
        Normal,
        || json!({ "token": "x" }),
    ),
    read("/api/admin/awaited-people", Admin),
    read("/api/admin/invitations", Admin),
    change(
        "POST",
        "/api/admin/invitations",
        Admin,
        || json!({ "role": "normal" }),
    ),
    change("DELETE", "/api/admin/invitations/{id}", Admin, || {
        Value::Null
    }),
    change("POST", "/api/admin/people/{id}/end-sessions", Admin, || {
        Value::Null
    }),
    change(
        "POST",
        "/api/admin/people/{id}/reset-second-factors",
        Admin,
        || Value::Null,
    ),
    read("/api/admin/security", Admin),
    change("PUT", "/api/admin/security", Admin, || {
        json!({
            "password_length_min": 10, "second_factor": "optional", "session_idle_minutes": 720,
            "session_max_hours": 168,
        })
    }),
    read("/api/admin/sign-up", Admin),
    change(
        "PUT",
        "/api/admin/sign-up",
        Admin,
        || json!({ "mode": "off", "allowed_domains": [], "blocked_domains": ["x.example"] }),
    ),
    read("/api/admin/sign-ups", Admin),
    change("POST", "/api/admin/sign-ups/{id}/approve", Admin, || {
        Value::Null
    }),
    // Who was let in is not refused any more.
    refused("POST", "/api/admin/sign-ups/{id}/refuse", Admin, || {
        Value::Null
    }),
    read("/api/admin/mail", Admin),
    // Nobody answers there, and trying says so.
    change("POST", "/api/admin/mail/test", Admin, mail_server),
    change("PUT", "/api/admin/mail", Admin, mail_server),
    change("DELETE", "/api/admin/mail", Admin, || Value::Null),
];
