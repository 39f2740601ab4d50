use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    routing::get,
};
use guildhall_kernel::{
    ApiKeyId, Ctx, Entitlements, FixedClock, OrgId, PersonId, Principal, Reach, RequestId, Result,
    Role,
};
use guildhall_web::{
    Auth, Authenticator, Permission, Public,
    guard::{bearer_token, not_logged_in},
    layers::{LayerOptions, stack},
    testing::{TestClient, TestResponse},
};
use serde_json::Value;

struct Read;
impl Permission for Read {
    const NAME: &'static str = "things.read";
}
struct Write;
impl Permission for Write {
    const NAME: &'static str = "things.write";
}

/// Lets in who sends the key `reader`, with the permission to read.
#[derive(Clone)]
struct State;

impl Authenticator for State {
    type Caller = Ctx;

    async fn authenticate(&self, parts: &Parts) -> Result<Ctx> {
        if bearer_token(&parts.headers) != Some("reader") {
            return Err(not_logged_in());
        }
        let clock = Arc::new(FixedClock::at_millis(1_000));
        Ok(Ctx {
            person: PersonId::new(&*clock),
            organisation: OrgId::new(&*clock),
            role: Role::Normal,
            permissions: Arc::new(BTreeSet::from(["things.read"])),
            reach: Reach::default(),
            principal: Principal::ApiKey(ApiKeyId::new(&*clock)),
            request_id: RequestId::new(),
            idempotency: None,
            entitlements: Arc::new(Entitlements::unlimited()),
            clock,
        })
    }
}

fn client() -> TestClient {
    let router = Router::new()
        .route("/open", get(|_: Public| async { "open" }))
        .route(
            "/read",
            get(|Auth { ctx, .. }: Auth<Read>| async move { ctx.role.to_string() }),
        )
        .route("/write", get(|_: Auth<Write>| async { "written" }))
        .with_state(State);
    TestClient::new(stack(router, LayerOptions::default()))
}

fn with_key(key: &str) -> TestClient {
    let value = HeaderValue::try_from(format!("Bearer {key}")).unwrap();
    client().with_header(header::AUTHORIZATION, value)
}

fn error(response: &TestResponse) -> (u16, String, String) {
    let body: Value = response.json().unwrap();
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (response.status.as_u16(), text("code"), text("message"))
}

#[tokio::test]
async fn who_is_not_logged_in_gets_401_and_a_challenge() {
    for client in [client(), with_key("stranger")] {
        let response = client.get("/read").await.unwrap();
        let (status, code, _) = error(&response);
        assert_eq!((status, code.as_str()), (401, "not_logged_in"));
        assert_eq!(response.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn who_lacks_the_permission_gets_403_that_names_it() {
    let (status, code, message) = error(&with_key("reader").get("/write").await.unwrap());
    assert_eq!((status, code.as_str()), (403, "permission_missing"));
    assert!(message.contains("`things.write`"), "{message}");
}

#[tokio::test]
async fn who_holds_the_permission_comes_in_and_the_public_is_open() {
    assert_eq!(
        with_key("reader").get("/read").await.unwrap().text(),
        "normal"
    );
    assert_eq!(client().get("/open").await.unwrap().text(), "open");
}

#[test]
fn bearer_tokens_are_read_whatever_the_case_of_the_scheme() {
    for (value, token) in [
        ("Bearer abc", Some("abc")),
        ("bearer  abc ", Some("abc")),
        ("Bearer ", None),
        ("Bearer", None),
        ("Basic abc", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        assert_eq!(bearer_token(&headers), token, "{value}");
    }
}
