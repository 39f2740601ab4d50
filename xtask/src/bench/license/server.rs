//! A licence server of its own on the development root, with one licence; deleted afterwards.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_license::{ActivationRequest, Envelope, fingerprint, sign};
use serde_json::{Value, json};

use super::super::client::{Connection, request};
use crate::Result;

const PATIENCE: Duration = Duration::from_secs(20);
const SCOPES: [&str; 6] = [
    "catalogue.manage",
    "catalogue.read",
    "customers.manage",
    "licences.issue",
    "licences.read",
    "installs.manage",
];

/// A running server; dropping it stops it and deletes its data.
pub(super) struct Vendor {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
    key: String,
    licence: String,
    /// Every node that was made so far.
    nodes: AtomicU64,
}

impl Vendor {
    /// Sets a server up with the program's own commands and starts it.
    pub(super) fn set_up(program: &Path) -> Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("guildhall-license-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let password = folder.join("password");
        fs::write(&password, "a password for measuring\n")?;
        let password = password.to_string_lossy().into_owned();
        let data = folder.join("data");
        let init = [
            "init",
            "--development",
            "--admin",
            "bench@example.test",
            "--password-file",
        ];
        command(program, &data, &[init.as_slice(), &[&password]].concat())?;
        let mut create = vec!["apikey", "create", "--name", "bench", "--json"];
        for scope in SCOPES {
            create.extend(["--scope", scope]);
        }
        let created: Value = serde_json::from_str(&command(program, &data, &create)?)?;
        let key = created.get("key").and_then(Value::as_str);
        let key = key.ok_or("`apikey create` printed no key")?.to_owned();
        let (child, address) = serve(program, &data, &folder)?;
        let mut vendor = Self {
            child,
            folder,
            address,
            key,
            licence: String::new(),
            nodes: AtomicU64::new(0),
        };
        vendor.licence = vendor.issue()?;
        Ok(vendor)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn issue(&self) -> Result<String> {
        let product = self.post(
            "/api/products",
            &json!({ "code": "guildhall", "name": "Guildhall" }),
        )?;
        let plan = self.post("/api/plans", &plan(&product))?;
        let customer = self.post("/api/customers", &json!({ "name": "Example GmbH" }))?;
        let contract =
            json!({ "customer_id": customer, "plan_id": plan, "reference": "C-1", "quantity": 25 });
        let contract = self.post("/api/contracts", &contract)?;
        let installs = json!({ "contract_id": contract, "max_installs": 100_000 });
        self.post("/api/licences", &installs)
    }

    /// Posts JSON and gives the id of what was made.
    fn post(&self, path: &str, body: &Value) -> Result<String> {
        let mut connection = Connection::open(self.address, PATIENCE)?;
        let asked = request("POST", path, &self.key, Some(&body.to_string()));
        let answer = connection.send(&asked)?;
        let text = String::from_utf8_lossy(&answer.body);
        if answer.status != 201 {
            return Err(format!("{path}: {} {text}", answer.status).into());
        }
        let made: Value = serde_json::from_str(&text)?;
        let id = made.get("id").and_then(Value::as_str);
        Ok(id.ok_or("an answer without id")?.to_owned())
    }

    /// The signed licence.
    pub(super) fn licence_file(&self) -> Result<Vec<u8>> {
        let path = format!("/api/licences/{}/file", self.licence);
        let mut connection = Connection::open(self.address, PATIENCE)?;
        let answer = connection.send(&request("GET", &path, &self.key, None))?;
        if answer.status != 200 {
            return Err(format!("{path}: {}", String::from_utf8_lossy(&answer.body)).into());
        }
        Ok(answer.body)
    }

    /// A validation by a node that has its place and its lease, as the bytes of its request.
    pub(super) fn validation(&self) -> Result<Vec<u8>> {
        let node = self.node();
        let mut connection = Connection::open(self.address, PATIENCE)?;
        send(&mut connection, &self.activation(&node)?)?;
        let install = fingerprint(node.verifying_key().as_bytes());
        let body = json!({ "license_id": self.licence, "serial": 1, "install_key_fp": install });
        Ok(request(
            "POST",
            "/v1/validate",
            &self.key,
            Some(&body.to_string()),
        ))
    }

    /// Activates this many new nodes one after the other on one connection: activations per second, and
    /// the time in milliseconds within which 99 of 100 were answered.
    pub(super) fn activate(&self, count: usize) -> Result<(f64, f64)> {
        let requests = (0..count)
            .map(|_| self.activation(&self.node()))
            .collect::<Result<Vec<_>>>()?;
        let mut connection = Connection::open(self.address, PATIENCE)?;
        let mut times = Vec::with_capacity(count);
        let began = Instant::now();
        for asked in &requests {
            let sent = Instant::now();
            send(&mut connection, asked)?;
            times.push(sent.elapsed().as_secs_f64() * 1000.0);
        }
        let per_second = f64::from(u32::try_from(count)?) / began.elapsed().as_secs_f64();
        times.sort_by(f64::total_cmp);
        let p99 = times.get(count * 99 / 100).copied().unwrap_or(f64::NAN);
        Ok((per_second, p99))
    }

    fn node(&self) -> SigningKey {
        let number = self.nodes.fetch_add(1, Ordering::Relaxed) + 1;
        let mut seed = [7_u8; 32];
        for (place, byte) in seed.iter_mut().zip(number.to_le_bytes()) {
            *place = byte;
        }
        SigningKey::from_bytes(&seed)
    }

    fn activation(&self, node: &SigningKey) -> Result<Vec<u8>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        let public = STANDARD.encode(node.verifying_key().as_bytes());
        let moment = "2026-11-01T00:00:00.000Z";
        let asked: ActivationRequest = serde_json::from_value(json!({
            "install_id": "bench", "install_public_key": public, "license_id": self.licence,
            "nonce": format!("{now}-{public}"), "counter": 1, "product_version": "1.0.0", "build_date": moment,
            "wall_time": moment, "time_floor": moment,
        }))?;
        let envelope: Envelope = sign::sign(&asked, &[node])?;
        let body = String::from_utf8(envelope.to_bytes())?;
        Ok(request("POST", "/v1/activate", &self.key, Some(&body)))
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        // It is gone already when this fails, and a folder that stays behind is of no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn send(connection: &mut Connection, asked: &[u8]) -> Result<()> {
    let answer = connection.send(asked)?;
    if answer.status == 200 {
        return Ok(());
    }
    Err(format!("activation: {}", String::from_utf8_lossy(&answer.body)).into())
}

fn serve(program: &Path, data: &Path, folder: &Path) -> Result<(Child, SocketAddr)> {
    let log = fs::File::create(folder.join("log"))?;
    let mut child = Command::new(program)
        .args([
            "serve",
            "--insecure-http",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("the server has no output")?).lines();
    let ready = lines.map_while(std::result::Result::ok).find_map(|line| {
        let start = "guildhall-license-server ready on http://localhost:";
        Some(line.strip_prefix(start)?.to_owned())
    });
    let Some(port) = ready else {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        return Err(format!("the licence server did not become ready: {log}").into());
    };
    Ok((child, SocketAddr::from(([127, 0, 0, 1], port.parse()?))))
}

fn command(program: &Path, data: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let arguments = arguments.join(" ");
    Err(format!(
        "`guildhall-license-server {arguments}` failed: {}",
        words.trim()
    )
    .into())
}

fn plan(product: &str) -> Value {
    json!({
        "product_id": product, "code": "business", "name": "Business",
        "terms": {
            "kind": "subscription", "edition": "business", "term_days": 365, "grace_days": 30,
            "binding": { "mode": "site", "max_installs": 1 },
            "lease": { "required": true, "max_days": 90, "first_use_days": 14 },
            "entitlements": { "feature.sso": true, "agents.max": 50, "models": ["starter"] },
            "overage": { "policy": "none", "pct": 0, "true_up": false },
            "expiry_behavior": "restrict_new", "report": { "required": false, "every_days": 30 }
        },
        "price": { "currency": "EUR", "unit": "seat", "unit_amount_minor": 9900, "tiers": [] }
    })
}
