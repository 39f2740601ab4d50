//! A server of its own for each test: temporary directory, a clock that stands still, a keyring signed
//! by the development roots.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Method, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_db::{Db, DbOptions};
use guildhall_kernel::{Clock, FixedClock, Timestamp};
use guildhall_license::{Algorithm, Keyring, KeyringKey, Role as KeyRole, compiled_in, sign};
use guildhall_license_server::{
    access::{self, NewStaff, Role},
    app::{App, AppOptions, DATABASE, MIGRATIONS},
    ctx::{Actor, Ctx},
    http,
    keys::Keys,
    trust,
};
use guildhall_web::testing::{TestClient, TestResponse};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const PASSWORD: &str = "a password of the tests";
/// 2027-03-01T00:00:00Z.
pub const START: i64 = 1_803_859_200_000;

/// A server in this process.
pub struct Server {
    pub directory: Arc<TempDir>,
    pub clock: Arc<FixedClock>,
    pub app: App,
    pub router: Router,
    pub ring: Keyring,
    pub license_key: SigningKey,
    pub admin: TestClient,
}

/// How licences are signed in a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    Local,
    Queue,
}

impl Server {
    pub async fn new() -> Self {
        Self::with(Signer::Local).await
    }

    pub async fn with(signer: Signer) -> Self {
        let directory = Arc::new(TempDir::new().unwrap());
        let license_key = SigningKey::from_bytes(&[41; 32]);
        let keys_dir = directory.path().join("keys");
        Keys::make(&keys_dir).unwrap();
        if signer == Signer::Local {
            Keys::enable_local_license_key(&keys_dir, &license_key.to_bytes()).unwrap();
        }
        let clock = Arc::new(FixedClock::at_millis(START));
        let (path, held) = (directory.path().join(DATABASE), Arc::clone(&clock));
        let keys = Keys::open(&keys_dir).unwrap();
        let ring = keyring(&keys, &license_key);
        let envelope = ring.1.clone();
        tokio::task::spawn_blocking(move || prepare(path, held, &envelope))
            .await
            .unwrap();
        Self::open(directory, clock, (ring.0, license_key)).await
    }

    /// Opens a data directory that is set up.
    pub async fn open(
        directory: Arc<TempDir>,
        clock: Arc<FixedClock>,
        (ring, license_key): (Keyring, SigningKey),
    ) -> Self {
        let app = App::open(AppOptions {
            clock: clock.clone(),
            tls: false,
            ..AppOptions::new(directory.path())
        })
        .await
        .unwrap();
        guildhall_license_server::crl::refresh(&app).await.unwrap();
        let router = http::router(&app).unwrap();
        let admin = sign_in(&router, "admin@example.com", PASSWORD).await;
        Self {
            directory,
            clock,
            app,
            router,
            ring,
            license_key,
            admin,
        }
    }

    /// A client without credentials.
    pub fn nobody(&self) -> TestClient {
        TestClient::new(self.router.clone())
    }

    /// A member of the staff with this role, signed in.
    pub async fn staff(&self, role: Role) -> TestClient {
        let email = format!("{}@staff.example.com", role.as_str());
        let input = json!({ "email": email, "display_name": "Somebody", "role": role });
        let created = post(&self.admin, "/api/staff", &input, 201).await;
        let temporary = created["temporary_password"].as_str().unwrap().to_owned();
        let first = sign_in(&self.router, &email, &temporary).await;
        let change = json!({ "current_password": temporary, "new_password": PASSWORD });
        let changed = first
            .json(Method::POST, "/api/session/password", &change)
            .await
            .unwrap();
        assert_eq!(changed.status, 204);
        sign_in(&self.router, &email, PASSWORD).await
    }

    /// Product and plan; the plan's id.
    pub async fn plan(&self, change: impl FnOnce(&mut Value)) -> String {
        let products = self.admin.get("/api/products").await.unwrap();
        let products: Value = products.json().unwrap();
        let product = match products["items"][0]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let input = json!({ "code": "guildhall", "name": "Guildhall" });
                id(&post(&self.admin, "/api/products", &input, 201).await)
            }
        };
        let mut plan = plan_input(&product);
        change(&mut plan);
        id(&post(&self.admin, "/api/plans", &plan, 201).await)
    }

    /// A customer with a contract on the plan: both ids.
    pub async fn contract(&self, plan: &str, name: &str) -> (String, String) {
        let customer =
            id(&post(&self.admin, "/api/customers", &json!({ "name": name }), 201).await);
        let contract = json!({
            "customer_id": customer, "plan_id": plan, "reference": format!("C-{name}"), "quantity": 25,
        });
        let contract = id(&post(&self.admin, "/api/contracts", &contract, 201).await);
        (customer, contract)
    }

    /// A signed licence on a plan with this many installs; its id.
    pub async fn licence(&self, installs: u32) -> String {
        let plan = self
            .plan(|plan| plan["terms"]["binding"]["max_installs"] = json!(installs))
            .await;
        let (_, contract) = self.contract(&plan, "Example GmbH").await;
        let input = json!({ "contract_id": contract });
        let licence = post(&self.admin, "/api/licences", &input, 201).await;
        assert_eq!(licence["state"], "active", "{licence}");
        id(&licence)
    }

    /// Stops as the program does.
    pub async fn close(self) -> (Arc<TempDir>, Arc<FixedClock>, (Keyring, SigningKey)) {
        let Self {
            directory,
            clock,
            app,
            ring,
            license_key,
            ..
        } = self;
        app.close().await.unwrap();
        (directory, clock, (ring, license_key))
    }
}

fn prepare(path: PathBuf, clock: Arc<FixedClock>, keyring: &[u8]) {
    let db = Db::open(DbOptions::new(path, MIGRATIONS)).unwrap();
    let ctx = Ctx::outside(Actor::Operator, clock);
    let admin = NewStaff {
        email: "admin@example.com".to_owned(),
        display_name: "Ada".to_owned(),
        role: Role::Admin,
    };
    access::create_staff_blocking(&db, &ctx, &admin, PASSWORD).unwrap();
    trust::import_blocking(&db, keyring).unwrap();
    db.close();
}

/// The development roots, whose private keys lie in the repository on purpose.
pub fn development_roots() -> Vec<SigningKey> {
    crate::node::development_keys("root")
}

/// The keyring after the compiled-in one, with this server's keys: as read, and as signed.
pub fn keyring(keys: &Keys, license_key: &SigningKey) -> (Keyring, Vec<u8>) {
    let (first, _) = compiled_in().unwrap();
    let mut all = first.keys.clone();
    for (role, key) in [
        (KeyRole::License, license_key),
        (KeyRole::Lease, &*keys.lease()),
        (KeyRole::Crl, &*keys.crl()),
    ] {
        let public = key.verifying_key().to_bytes();
        all.push(KeyringKey {
            id: guildhall_license::fingerprint(&public),
            alg: Algorithm::Ed25519,
            role,
            public: STANDARD.encode(public),
            not_before: Timestamp::from_millis(0),
            not_after: Timestamp::from_millis(START).plus_seconds(3650 * 86_400),
            revoked_after: None,
            genuine: Vec::new(),
        });
    }
    let thresholds: BTreeMap<KeyRole, usize> = first.thresholds.clone();
    let expires = Timestamp::from_millis(START).plus_seconds(365 * 86_400);
    let ring = Keyring::new(first.version + 1, expires, all, thresholds).unwrap();
    let roots = development_roots();
    let signers: Vec<&dyn sign::Signer> =
        roots.iter().map(|root| root as &dyn sign::Signer).collect();
    let envelope = sign::sign_keyring(&ring, &signers).unwrap().to_bytes();
    (ring, envelope)
}

fn plan_input(product: &str) -> Value {
    let code = format!("plan-{}", guildhall_kernel::random_token(5));
    json!({
        "product_id": product, "code": code, "name": "Business",
        "terms": {
            "kind": "subscription", "edition": "business", "term_days": 365, "grace_days": 14,
            "maintenance_days": null,
            "binding": { "mode": "site", "max_installs": 1 },
            "lease": { "required": true, "max_days": 30, "first_use_days": 7 },
            "entitlements": { "feature.sso": true, "agents.max": 50, "models": ["starter"] },
            "overage": { "policy": "none", "pct": 0, "true_up": false },
            "expiry_behavior": "restrict_new",
            "report": { "required": false, "every_days": 30 },
            "trial": null
        },
        "price": {
            "currency": "EUR", "unit": "seat", "unit_amount_minor": 9900,
            "tiers": [{ "quantity_min": 10, "discount_basis_points": 500 }]
        }
    })
}

/// A client with the cookie and the CSRF token of a new session.
pub async fn sign_in(router: &Router, email: &str, password: &str) -> TestClient {
    let input = json!({ "email": email, "password": password });
    session(router, "/api/session", &input).await
}

/// A client with a session from either door.
pub async fn session(router: &Router, path: &str, input: &Value) -> TestClient {
    let client = TestClient::new(router.clone());
    let answer = client.json(Method::POST, path, input).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header(header::SET_COOKIE).unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let view: Value = answer.json().unwrap();
    let token = view["csrf_token"].as_str().unwrap();
    client
        .with_header(header::COOKIE, HeaderValue::try_from(cookie).unwrap())
        .with_header(
            header::HeaderName::from_static("x-csrf-token"),
            HeaderValue::try_from(token).unwrap(),
        )
}

/// Posts JSON and expects a status.
pub async fn post(client: &TestClient, path: &str, input: &Value, status: u16) -> Value {
    let answer = client.json(Method::POST, path, input).await.unwrap();
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
    answer.json().unwrap_or(Value::Null)
}

/// Reads JSON.
pub async fn get(client: &TestClient, path: &str) -> Value {
    let answer = client.get(path).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json().unwrap()
}

/// Posts a file.
pub async fn upload(client: &TestClient, path: &str, file: &[u8]) -> TestResponse {
    client
        .send(Method::POST, path, Body::from(file.to_vec()))
        .await
        .unwrap()
}

/// The code of a refusal.
pub fn code(answer: &TestResponse) -> String {
    let body: Value = answer.json().unwrap_or(Value::Null);
    body["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

pub fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Now, by the test's clock.
pub fn now(server: &Server) -> Timestamp {
    server.clock.now()
}
