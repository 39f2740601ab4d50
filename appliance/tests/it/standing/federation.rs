//! Operations on identity providers, and the addresses that browsers and SAML providers use.

use serde_json::{Value, json};

use super::{
    Operation,
    Who::{Admin, Everyone},
    change, read,
};
use crate::{federation::saml_provider, harness::Caller};

/// An identity provider and a test of it.
pub(super) struct Thing {
    pub(super) id: String,
    pub(super) test: String,
}

pub(super) async fn make(admin: &Caller) -> Thing {
    let session = admin.get("/api/session").await.json();
    let organisation = session["organisation"]["id"].as_str().unwrap();
    let provider = saml_provider(organisation);
    let made = admin
        .post("/api/admin/identity-providers", provider)
        .await
        .json();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/admin/identity-providers/{id}/test");
    let begun = admin.send("POST", &path, None, &[]).await.json();
    let test = begun["test"].as_str().unwrap().to_owned();
    Thing { id, test }
}

/// Open to everybody: a refused login is written down all the same.
const fn open(method: &'static str, path: &'static str, audited: bool) -> Operation {
    Operation {
        method,
        path,
        who: Everyone,
        audited,
        body: || Value::Null,
    }
}

pub(super) const OPERATIONS: &[Operation] = &[
    open("GET", "/saml/{id}/metadata", false),
    open("GET", "/saml/{id}/login", false),
    open("GET", "/saml/{id}/logout", false),
    open("POST", "/saml/{id}/logout", true),
    open("POST", "/saml/{id}/acs", true),
    // The provider here speaks SAML, so that these are refused, which is written down.
    open("GET", "/oidc/{id}/login", true),
    open("GET", "/oidc/{id}/callback", true),
    open("GET", "/oidc/{id}/logout", false),
    read("/api/admin/identity-providers", Admin),
    change(
        "POST",
        "/api/admin/identity-providers",
        Admin,
        || json!({ "kind": "oidc", "name": "Login", "oidc": { "issuer": "https://idp.example", "client_id": "guildhall" } }),
    ),
    read("/api/admin/identity-providers/{id}", Admin),
    read("/api/admin/identity-providers/{id}/refusals", Admin),
    change(
        "PATCH",
        "/api/admin/identity-providers/{id}",
        Admin,
        || json!({ "name": "Other" }),
    ),
    Operation {
        method: "POST",
        path: "/api/admin/identity-providers/saml/parse-metadata",
        who: Admin,
        audited: false,
        body: || json!({ "xml": "<x/>" }),
    },
    change(
        "POST",
        "/api/admin/identity-providers/{id}/test",
        Admin,
        || Value::Null,
    ),
    read("/api/admin/identity-providers/{id}/tests/{test}", Admin),
    change(
        "POST",
        "/api/admin/identity-providers/{id}/rotate-key",
        Admin,
        || Value::Null,
    ),
    change(
        "POST",
        "/api/admin/identity-providers/{id}/activate-key",
        Admin,
        || Value::Null,
    ),
    change(
        "DELETE",
        "/api/admin/identity-providers/{id}",
        Admin,
        || Value::Null,
    ),
];
