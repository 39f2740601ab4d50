//! The authorisation server: every way to tokens, and every refusal.

use axum::http::{StatusCode, header};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guildhall_kernel::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Answer, Caller, PASSWORD, TestApp};

mod clients;
mod code;
mod device;
mod refresh;
mod service;
mod tokens;

pub const REDIRECT: &str = "https://app.example/back";
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters-0123";

/// A person in a logged-in browser.
pub struct Browser {
    caller: Caller,
    cookie: String,
    csrf: String,
}

impl Browser {
    async fn with_password(test: &TestApp, email: &str, password: &str) -> Self {
        let login = json!({ "email": email, "password": password });
        let answer = test.nobody().post("/api/session", login).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        Self {
            caller: test.nobody(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: answer.json()["csrf_token"].as_str().unwrap().to_owned(),
        }
    }

    pub async fn admin(test: &TestApp) -> Self {
        Self::with_password(test, "ada@first.example", PASSWORD).await
    }

    /// A member of the administrator's organisation, who chose a password of their own.
    pub async fn member(test: &TestApp, admin: &Caller, email: &str) -> Self {
        let people = admin.get("/api/admin/people").await.json();
        let people = people["items"].as_array().unwrap();
        let person = people
            .iter()
            .find(|person| person["email"] == email)
            .unwrap();
        let path = format!(
            "/api/admin/people/{}/reset-password",
            person["id"].as_str().unwrap()
        );
        let reset = admin.send("POST", &path, None, &[]).await;
        let temporary = reset.json()["temporary_password"]
            .as_str()
            .unwrap()
            .to_owned();
        let first = Self::with_password(test, email, &temporary).await;
        let change = json!({ "current_password": temporary, "new_password": PASSWORD });
        let changed = first.post("/api/account/password", change).await;
        assert!(changed.status.is_success(), "{}", changed.text);
        Self::with_password(test, email, PASSWORD).await
    }

    /// The first organisation's person with that role.
    pub async fn role(test: &TestApp, role: Role) -> Self {
        let session = test.role(role).get("/api/session").await.json();
        let email = session["person"]["email"].as_str().unwrap().to_owned();
        Self::member(test, &test.admin(), &email).await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-csrf-token", &self.csrf),
        ];
        self.caller.send(method, path, body, &headers).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }
}

/// An application that was entered.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
}

pub fn public_client() -> Value {
    json!({
        "name": "Notebook", "kind": "public", "redirect_uris": [REDIRECT, "http://127.0.0.1/back"],
        "grants": ["authorization_code", "device"], "scopes": ["chat", "read"],
    })
}

pub async fn enter(test: &TestApp, client: Value) -> Client {
    let made = test.admin().post("/api/admin/oauth-clients", client).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = made.json();
    Client {
        id: made["client"]["id"].as_str().unwrap().to_owned(),
        secret: made["secret"].as_str().map(str::to_owned),
    }
}

pub fn challenge(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()))
}

/// What stands in the address of the consent page.
pub fn request(client: &Client) -> Value {
    json!({
        "client_id": client.id, "redirect_uri": REDIRECT, "scope": "chat", "state": "s t&1",
        "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256", "response_type": "code",
    })
}

/// The same with one field otherwise.
pub fn with(mut request: Value, field: &str, value: impl Into<Value>) -> Value {
    request[field] = value.into();
    request
}

/// The parameters of an address.
pub fn parameters(address: &str) -> std::collections::HashMap<String, String> {
    let (_, query) = address.split_once('?').unwrap();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// A code that a person agreed to.
pub async fn code(browser: &Browser, request: Value) -> String {
    let decided = browser
        .post("/api/oauth/authorize/decide", with(request, "allow", true))
        .await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text);
    let decided = decided.json();
    parameters(decided["redirect_to"].as_str().unwrap())["code"].clone()
}

pub fn basic(client: &Client) -> String {
    let pair = format!(
        "{}:{}",
        client.id,
        client.secret.as_deref().unwrap_or_default()
    );
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

/// Sends a form the way the application proves itself.
pub async fn form(test: &TestApp, client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    if client.secret.is_some() {
        let headers = [("authorization", &*basic(client))];
        return test.nobody().post_form(path, fields, &headers).await;
    }
    let fields: Vec<_> = fields
        .iter()
        .copied()
        .chain([("client_id", &*client.id)])
        .collect();
    test.nobody().post_form(path, &fields, &[]).await
}

pub async fn token(test: &TestApp, client: &Client, fields: &[(&str, &str)]) -> Answer {
    form(test, client, "/oauth/token", fields).await
}

pub async fn redeem(test: &TestApp, client: &Client, code: &str) -> Answer {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    token(test, client, &fields).await
}

pub async fn refresh(test: &TestApp, client: &Client, refresh_token: &str) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    token(test, client, &fields).await
}

/// Access and refresh token that a person agreed to.
pub async fn tokens(test: &TestApp, browser: &Browser, client: &Client) -> (String, String) {
    let code = code(browser, request(client)).await;
    let given = redeem(test, client, &code).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.text);
    both(&given)
}

pub fn both(answer: &Answer) -> (String, String) {
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

/// The code of a refusal in OAuth's own shape.
pub fn refusal(answer: &Answer) -> String {
    let body = answer.json();
    assert!(body["error_description"].is_string(), "{}", answer.text);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    body["error"].as_str().unwrap_or_default().to_owned()
}

/// How far an access token gets.
pub async fn status(test: &TestApp, token: &str, path: &str) -> StatusCode {
    test.with_key(token).get(path).await.status
}
