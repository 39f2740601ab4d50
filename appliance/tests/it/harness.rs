//! A node in a temporary directory, spoken to through its router.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, header},
};
use guildhall::{
    app::{App, AppOptions},
    config::Config,
    http,
    identity::{self, FirstAdministrator, NewApiKey, NewMember},
};
use guildhall_kernel::{Clock, Ctx, FixedClock, OrgId, RequestId, Role};
use guildhall_web::tls::ClientCertificate;
use serde_json::{Value, json};
use tower::ServiceExt;

/// 2026-01-05, a Monday.
pub const START_MILLIS: i64 = 1_767_571_200_000;
pub const PASSWORD: &str = "correct horse battery";

pub struct TestApp {
    pub app: App,
    pub clock: Arc<FixedClock>,
    router: Router,
    /// API keys of the first organisation's people, by role.
    keys: [(Role, String); 3],
    _directory: tempfile::TempDir,
}

/// One caller: somebody with an API key, or nobody.
#[derive(Clone)]
pub struct Caller {
    router: Router,
    key: Option<String>,
    /// Where requests come from; nowhere in particular when left out.
    peer: Option<SocketAddr>,
    /// The fingerprint of the certificate that the connection was opened with.
    certificate: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl TestApp {
    /// A node with one organisation and a person of each role in it.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, configured otherwise.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::at_millis(START_MILLIS));
        let mut config = Config {
            insecure_http: true,
            ..Config::default()
        };
        change(&mut config);
        let mut options = AppOptions::new(config, directory.path());
        options.clock = Arc::clone(&clock) as _;
        options.built = clock.now();
        let app = App::open(options).await.unwrap();
        let first = FirstAdministrator {
            organisation_name: "First Organisation".into(),
            admin_name: "Ada Admin".into(),
            admin_email: "ada@first.example".into(),
            admin_password: PASSWORD.to_owned().into(),
        };
        let (organisation, admin) = identity::setup_organisation(&app, first).await.unwrap();
        let operator = operator(&app, organisation.id, admin.id);
        let staff = add(&app, &operator, ("sam@first.example", Role::Staff)).await;
        let normal = add(&app, &operator, ("nora@first.example", Role::Normal)).await;
        let keys = [
            (Role::Admin, key_of(&app, &operator).await),
            (Role::Staff, key_of(&app, &staff).await),
            (Role::Normal, key_of(&app, &normal).await),
        ];
        let router = http::router(&app).unwrap();
        Self {
            app,
            clock,
            router,
            keys,
            _directory: directory,
        }
    }

    /// Stops the node and starts it again on the same data.
    pub async fn restart(&mut self) {
        self.restart_after(|_| {}).await;
    }

    /// The same, with something done to the data directory in between.
    pub async fn restart_after(&mut self, between: impl FnOnce(&std::path::Path)) {
        let config = self.app.config.clone();
        self.app.close().await;
        between(self._directory.path());
        let mut options = AppOptions::new(config, self._directory.path());
        options.clock = Arc::clone(&self.clock) as _;
        options.built = guildhall_kernel::Timestamp::from_millis(START_MILLIS);
        self.app = App::open(options).await.unwrap();
        self.router = http::router(&self.app).unwrap();
    }

    /// The person of the first organisation with that role, as who asks a model.
    pub async fn ctx(&self, role: Role) -> Ctx {
        let session = self.role(role).get("/api/session").await.json();
        let id = |pointer: &str| {
            session
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        let organisation = id("/organisation/id").parse().unwrap();
        operator(&self.app, organisation, id("/person/id").parse().unwrap())
    }

    /// A person of the first organisation with that role.
    pub fn role(&self, role: Role) -> Caller {
        let (_, key) = self.keys.iter().find(|(owner, _)| *owner == role).unwrap();
        Caller {
            router: self.router.clone(),
            key: Some(key.clone()),
            peer: None,
            certificate: None,
        }
    }

    /// Somebody with this key or token.
    pub fn with_key(&self, key: &str) -> Caller {
        Caller {
            router: self.router.clone(),
            key: Some(key.to_owned()),
            peer: None,
            certificate: None,
        }
    }

    pub fn admin(&self) -> Caller {
        self.role(Role::Admin)
    }

    pub fn nobody(&self) -> Caller {
        Caller {
            router: self.router.clone(),
            key: None,
            peer: None,
            certificate: None,
        }
    }

    /// A service account of the first organisation with this role, through a key that `bounds` may narrow.
    pub async fn service(&self, role: &str, bounds: Value) -> Caller {
        let made = json!({ "name": "A program", "role": role });
        let made = self.admin().post("/api/admin/service-accounts", made).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let mut key = bounds;
        key["name"] = json!("key");
        let path = format!("/api/admin/service-accounts/{id}/keys");
        let key = self.admin().post(&path, key).await;
        assert_eq!(key.status, StatusCode::CREATED, "{}", key.text);
        self.with_key(key.json()["key"].as_str().unwrap())
    }

    /// The administrator of a second organisation, who administers nothing else.
    pub async fn stranger(&self) -> Caller {
        let admin = self.admin();
        let made = admin
            .post(
                "/api/admin/organisations",
                json!({ "name": "Second Organisation", "join": true }),
            )
            .await;
        let organisation: OrgId = made.json()["id"].as_str().unwrap().parse().unwrap();
        let person: guildhall_kernel::PersonId =
            admin.get("/api/session").await.json()["person"]["id"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
        let operator = operator(&self.app, organisation, person);
        let stranger = add(&self.app, &operator, ("sten@second.example", Role::Admin)).await;
        let stranger = Caller {
            router: self.router.clone(),
            key: Some(key_of(&self.app, &stranger).await),
            peer: None,
            certificate: None,
        };
        // Who made the organisation belongs to it; from here on the two have nobody in common.
        let removed = stranger
            .send("DELETE", &format!("/api/admin/people/{person}"), None, &[])
            .await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
        stranger
    }

    /// Hires an agent that only quotes and returns the employee's id.
    pub async fn hire(&self) -> String {
        let hired = self
            .admin()
            .post(
                "/api/marketplace/agents/invoice-clerk/hire",
                json!({ "model": "extractive" }),
            )
            .await;
        assert_eq!(hired.status, StatusCode::CREATED, "{}", hired.text);
        hired.json()["id"].as_str().unwrap().to_owned()
    }

    /// How many audit entries there are once everything noted so far is written.
    pub async fn audit_count(&self) -> i64 {
        self.app.meter.flush().await;
        self.app.db.read(guildhall::audit::count).await.unwrap()
    }
}

impl Caller {
    /// The same caller at an address.
    pub fn at(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The same caller on a connection with a certificate.
    pub fn showing(mut self, fingerprint: &str) -> Self {
        self.certificate = Some(fingerprint.to_owned());
        self
    }

    /// Sends a text as it is.
    pub async fn send_text(&self, method: &str, path: &str, text: &str, kind: &str) -> Answer {
        let typed = [(header::CONTENT_TYPE.as_str(), kind)];
        self.send_body(method, path, Body::from(text.to_owned()), &typed)
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body), &[]).await
    }

    /// Sends bytes as they are, with the headers that the pages send.
    pub async fn send_bytes(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let octets = [
            (header::CONTENT_TYPE.as_str(), "application/octet-stream"),
            ("idempotency-key", "a key per piece"),
        ];
        self.send_body(method, path, body.into(), &octets).await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let json = (header::CONTENT_TYPE.as_str(), "application/json");
        let typed: Vec<_> = headers
            .iter()
            .copied()
            .chain(body.is_some().then_some(json))
            .collect();
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send_body(method, path, body, &typed).await
    }

    /// Sends a form.
    pub async fn post_form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let kind = (
            header::CONTENT_TYPE.as_str(),
            "application/x-www-form-urlencoded",
        );
        let headers: Vec<_> = headers.iter().copied().chain([kind]).collect();
        self.send_body("POST", path, Body::from(form.finish()), &headers)
            .await
    }

    /// Begins reading an answer that goes on.
    pub async fn open(
        &self,
        (method, path): (&str, &str),
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> axum::response::Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn send_body(
        &self,
        method: &str,
        path: &str,
        body: Body,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(peer) = self.peer {
            request = request.extension(ConnectInfo(peer));
        }
        if let Some(fingerprint) = self.certificate.clone() {
            request = request.extension(ClientCertificate { fingerprint });
        }
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let is_endless = path == "/api/events";
        let bytes = if is_endless {
            Vec::new()
        } else {
            axum::body::to_bytes(response.into_body(), 64 << 20)
                .await
                .unwrap()
                .to_vec()
        };
        Answer {
            status,
            headers,
            text: String::from_utf8(bytes).unwrap(),
        }
    }
}

fn operator(app: &App, organisation: OrgId, person: guildhall_kernel::PersonId) -> Ctx {
    identity::operator_context(app, organisation, person, RequestId::new())
}

async fn add(app: &App, ctx: &Ctx, (email, role): (&str, Role)) -> Ctx {
    let member = NewMember {
        email: email.into(),
        display_name: email.into(),
        role,
    };
    let created = identity::add_member(app, ctx, member).await.unwrap();
    operator(app, ctx.organisation, created.member.id)
}

async fn key_of(app: &App, ctx: &Ctx) -> String {
    let key = NewApiKey {
        name: "tests".into(),
        ..NewApiKey::default()
    };
    identity::create_api_key(app, ctx, key).await.unwrap().key
}
