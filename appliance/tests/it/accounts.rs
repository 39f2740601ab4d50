//! How people log in: second factors, passkeys, rules on passwords and sessions, invitations, sign-up, and
//! people whom a directory or an identity provider vouches for.

use axum::http::{StatusCode, header};
use guildhall::identity::{self, CreatedMember, NewMember};
use guildhall_kernel::{OrgId, PersonId, RequestId, Role};
use ring::hmac;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, PASSWORD, TestApp};

mod authenticator;
mod awaited;
mod external;
mod half_changed;
mod invitations;
mod joining;
mod last_one;
mod organisations;
mod passkeys;
mod refusals;
mod security;
mod several_organisations;
mod sign_up;
mod totp;

/// A logged-in browser.
struct Browser {
    caller: Caller,
    cookie: String,
    csrf: String,
}

impl Browser {
    /// The browser that a login's answer went to.
    fn of(test: &TestApp, login: &Answer) -> Self {
        assert!(login.status.is_success(), "{}", login.text);
        let cookie = login.headers[header::SET_COOKIE].to_str().unwrap();
        Self {
            caller: test.nobody(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
            csrf: login.json()["csrf_token"].as_str().unwrap().to_owned(),
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-csrf-token", &self.csrf),
        ];
        self.caller.send(method, path, body, &headers).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    async fn is_in(&self) -> bool {
        self.get("/api/session").await.status == StatusCode::OK
    }
}

async fn log_in(test: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    test.nobody().post("/api/session", body).await
}

/// The first organisation's administrator, who administers the node too.
async fn ada(test: &TestApp) -> Browser {
    Browser::of(test, &log_in(test, "ada@first.example", PASSWORD).await)
}

/// A new member of the first organisation, logged in with [`PASSWORD`].
async fn member(test: &TestApp, email: &str, role: &str) -> Browser {
    let person = json!({ "email": email, "display_name": email, "role": role });
    let added = test.admin().post("/api/admin/people", person).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let temporary = added.json()["temporary_password"]
        .as_str()
        .unwrap()
        .to_owned();
    let browser = Browser::of(test, &log_in(test, email, &temporary).await);
    let change = json!({ "current_password": temporary, "new_password": PASSWORD });
    let changed = browser.post("/api/account/password", change).await;
    Browser::of(test, &changed)
}

/// Has the operator at the machine add somebody to an organisation, whether they belong to another one or not.
async fn add_to(test: &TestApp, organisation: OrgId, (email, role): (&str, Role)) -> CreatedMember {
    let operator = PersonId::new(test.clock.as_ref());
    let ctx = identity::operator_context(&test.app, organisation, operator, RequestId::new());
    let member = NewMember {
        email: email.to_owned(),
        display_name: email.to_owned(),
        role,
    };
    identity::add_member(&test.app, &ctx, member).await.unwrap()
}

/// The id of the person who is logged in.
async fn id_of(browser: &Browser) -> String {
    let session = browser.get("/api/session").await.json();
    session["person"]["id"].as_str().unwrap().to_owned()
}

/// The entry of the person with this address in the list of people.
async fn listed(test: &TestApp, email: &str) -> Value {
    let people = test.admin().get("/api/admin/people").await.json();
    let items = people["items"].as_array().unwrap();
    let found = items.iter().find(|entry| entry["email"] == email);
    found.cloned().unwrap_or(Value::Null)
}

/// What an authenticator app shows: written apart from the node's own code.
fn code_of(test: &TestApp, secret: &str) -> String {
    use guildhall_kernel::Clock;
    let secret = data_encoding::BASE32_NOPAD
        .decode(secret.as_bytes())
        .unwrap();
    let step = test.clock.now().as_millis() / 30_000;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes[19] & 15);
    let word = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Sets an authenticator app up; gives its secret and the recovery codes. The clock moves on, so that the
/// next code is a fresh one.
async fn set_totp_up(test: &TestApp, browser: &Browser) -> (String, Vec<String>) {
    let begun = browser
        .post("/api/account/totp", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let code = json!({ "code": code_of(test, &secret) });
    let confirmed = browser.post("/api/account/totp/confirm", code).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.text);
    let codes = confirmed.json()["recovery_codes"]
        .as_array()
        .unwrap()
        .clone();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    test.clock.advance_seconds(30);
    (secret, codes.collect())
}

/// Logs in as far as the second step; gives what it needs.
async fn half_log_in(test: &TestApp, email: &str) -> Value {
    let half = log_in(test, email, PASSWORD).await;
    assert_eq!(
        (half.status, half.code().as_str()),
        (StatusCode::UNAUTHORIZED, "second_factor_required"),
        "{}",
        half.text
    );
    half.json()["error"]["details"].clone()
}

/// Does the second step with `answer` (`code`, `recovery_code` or `passkey`).
async fn second_step(test: &TestApp, half: &Value, mut answer: Value) -> Answer {
    answer["challenge"] = half["challenge"].clone();
    test.nobody()
        .post("/api/session/second-factor", answer)
        .await
}

/// The id of a passkey that a new member of the first organisation has.
pub async fn registered_passkey(test: &TestApp) -> String {
    let browser = member(test, "key@first.example", "normal").await;
    let asked = browser
        .post(
            "/api/account/passkeys/options",
            json!({ "password": PASSWORD }),
        )
        .await
        .json();
    let credential = authenticator::Authenticator::es256().create(&asked["options"]);
    let answer =
        json!({ "challenge": asked["challenge"], "name": "Key", "credential": credential });
    let made = browser.post("/api/account/passkeys", answer).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

/// Has the first organisation's administrator log in with an authenticator app from now on.
pub async fn second_factor(test: &TestApp) {
    let browser = ada(test).await;
    set_totp_up(test, &browser).await;
}
