//! The licence server of a connected node: the same files as by hand, carried through the egress module. Off until somebody
//! configures it, and silent while the node is air-gapped. What comes back is verified like every file, so a wrong server
//! gains nothing.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue, Method, header};
use guildhall_kernel::{Error, ProviderId, Result, Timestamp};
use guildhall_license::state::{Holding, Reason, Verdict};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Actor, Licensing, model::LicenseServer, scan::is_older, store, usage_store};
use crate::{
    app::App,
    egress::{Call, CallTimeouts, Destination, Egress, EgressMode, Origin},
    events::{Audience, Event},
};

const TIMEOUTS: CallTimeouts = CallTimeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(30),
    idle: Duration::from_secs(10),
};
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Reports sent in one round.
const REPORTS_MAX: u32 = 100;
/// Between two rounds that went well, and after one that failed.
const PAUSE_MS: i64 = 24 * 3600 * 1000;
const RETRY_MS: i64 = 3600 * 1000;
/// The code of a refusal of the server.
const REFUSED: &str = "license_server_refused";
const REQUEST_TYPE: &str = "application/vnd.guildhall.activation-request.v1+json";
const REPORT_TYPE: &str = "application/vnd.guildhall.usage-report.v1+json";

/// The egress module names destinations by provider: the licence server is one that is not in the list of providers.
fn destination_id() -> ProviderId {
    let digest = Sha256::digest(b"guildhall licence server");
    let mut first = [0_u8; 16];
    first.copy_from_slice(digest.as_slice().get(..16).unwrap_or(&[0; 16]));
    ProviderId::from_digest(first)
}

/// Opens the way to the configured server, as far as the egress switch does.
pub(super) async fn open(licensing: &Licensing) -> Result<()> {
    let server = licensing.0.db.read(store::read_server).await?;
    if let Some(server) = server {
        let routed = route(&licensing.0.egress, &server);
        if let Err(error) = routed {
            tracing::warn!(error = %error.chain(), "the licence server cannot be used as it is configured");
        }
    }
    Ok(())
}

fn route(egress: &Egress, server: &LicenseServer) -> Result<()> {
    if !server.enabled {
        egress.forbid(destination_id());
        return Ok(());
    }
    let destination = Destination::parse(
        &server.base_url,
        server.local_network,
        server.ca_pem.clone(),
    )?;
    egress.allow(
        destination_id(),
        "license-server",
        destination,
        TIMEOUTS.connect,
    )
}

impl Licensing {
    /// The licence server, where one is configured.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn server(&self) -> Result<Option<LicenseServer>> {
        self.0.db.read(store::read_server).await
    }

    /// Configures the licence server. Nothing is sent by this.
    ///
    /// # Errors
    /// `invalid_base_url`, `invalid_ca`; those of the database.
    pub async fn set_server(&self, actor: Actor, server: LicenseServer) -> Result<LicenseServer> {
        let destination = Destination::parse(
            &server.base_url,
            server.local_network,
            server.ca_pem.clone(),
        )?;
        Egress::check(&destination)?;
        let now = self.0.clock.now();
        let row = server.clone();
        let written = self.0.db.write(move |tx| {
            store::save_server(tx, &row, now)?;
            let details = json!({ "base_url": row.base_url, "enabled": row.enabled });
            actor.record(tx, "license.server_set", "node", details)?;
            store::read_server(tx)
        });
        let saved = written
            .await?
            .ok_or_else(|| Error::internal("a licence server that was not saved"))?;
        route(&self.0.egress, &saved)?;
        Ok(saved)
    }
}

/// Asks the server when it is time to.
pub(super) async fn contact_when_due(app: &App) {
    let licensing = &app.licensing;
    let Ok(Some(server)) = licensing.server().await else {
        return;
    };
    if !server.enabled
        || app.egress.mode() == EgressMode::AirGapped
        || !is_due(&server, app.clock.now())
    {
        return;
    }
    if let Err(error) = contact(app, Actor::Node(Arc::clone(&app.clock))).await {
        tracing::warn!(error = %error.chain(), "asking the licence server was not written down");
    }
}

fn is_due(server: &LicenseServer, now: Timestamp) -> bool {
    let pause = if server.failure.is_some() {
        RETRY_MS
    } else {
        PAUSE_MS
    };
    let since = |at: Timestamp| now.as_millis().saturating_sub(at.as_millis());
    server
        .tried_at
        .is_none_or(|at| !(0..pause).contains(&since(at)))
}

/// One round with the licence server: the revocation list, leases, usage reports. How it went stands in the answer: that a
/// server does not answer is no failure of the node.
///
/// # Errors
/// `no_license_server`; those of the database.
pub async fn contact(app: &App, actor: Actor) -> Result<LicenseServer> {
    let licensing = &app.licensing;
    let configured = licensing.server().await?.filter(|server| server.enabled);
    if configured.is_none() {
        let message = "no licence server is configured and enabled; enter one, or exchange files";
        return Err(Error::conflict("no_license_server", message));
    }
    let outcome = round(app, &actor).await;
    let now = app.clock.now();
    let failure = outcome.err().map(|error| {
        tracing::warn!(error = %error.chain(), "the licence server was asked in vain; what is held goes on");
        error.message().to_owned()
    });
    let written = app.db.write(move |tx| {
        store::note_contact(tx, now, failure.as_deref())?;
        store::insert_event(tx, now, "server_contacted", &json!({ "failure": failure }))?;
        actor.record(
            tx,
            "license.server_contacted",
            "node",
            json!({ "failed": failure.is_some() }),
        )?;
        store::read_server(tx)
    });
    let server = written.await?;
    app.events.publish(Audience::Node, Event::LicenseChanged {});
    server.ok_or_else(|| Error::internal("a licence server that is gone"))
}

async fn round(app: &App, actor: &Actor) -> Result<()> {
    let licensing = &app.licensing;
    if let Some(crl) = licensing
        .exchange((Method::GET, "/v1/crl"), "", Vec::new())
        .await?
    {
        take(licensing, actor, &crl).await?;
    }
    // First, so that it is told that a lease will be for a newer file than the one that is here.
    licensing.ask_standing().await?;
    let mut refused = None;
    for (license_id, has_lease) in licensing.activated() {
        match renew(licensing, actor, (&license_id, has_lease)).await {
            // What the server refuses for one licence keeps back neither the others nor the reports.
            Err(error) if error.code() == REFUSED => refused = Some(error),
            outcome => outcome?,
        }
    }
    let waiting = app
        .db
        .read(|reader| usage_store::list_to_send(reader, REPORTS_MAX))
        .await?;
    for report in waiting {
        licensing
            .exchange((Method::POST, "/v1/reports"), REPORT_TYPE, report.envelope)
            .await?;
        let now = app.clock.now();
        app.db
            .write(move |tx| usage_store::note_sent(tx, report.seq, now))
            .await?;
    }
    refused.map_or(Ok(()), Err)
}

/// Asks for the next lease of a licence.
async fn renew(
    licensing: &Licensing,
    actor: &Actor,
    (license_id, has_lease): (&str, bool),
) -> Result<()> {
    let (envelope, _) = licensing.request(actor.clone(), Some(license_id)).await?;
    let path = if has_lease {
        "/v1/lease"
    } else {
        "/v1/activate"
    };
    let call = (Method::POST, path);
    match licensing
        .exchange(call, REQUEST_TYPE, envelope.to_bytes())
        .await?
    {
        Some(lease) => take(licensing, actor, &lease).await,
        None => Ok(()),
    }
}

/// What is not newer than what is held, or is for a newer licence than the one that is here, is no failure of the round.
async fn take(licensing: &Licensing, actor: &Actor, bytes: &[u8]) -> Result<()> {
    match licensing.import(actor.clone(), bytes, None).await {
        Err(error) if !is_older(&error) => Err(error),
        _ => Ok(()),
    }
}

impl Licensing {
    /// Licences that need a lease or want reports, which a server takes from nodes that are activated; and whether they have one.
    /// Nobody gives a lease of a revoked one.
    fn activated(&self) -> Vec<(String, bool)> {
        let current = self.current();
        let used = current.holdings.iter().zip(&current.node.verdicts);
        let wants = |holding: &Holding| {
            let license = &holding.license.value;
            license.lease.required || license.report.required
        };
        let counts = |verdict: &Option<Verdict>| {
            verdict.is_some_and(|verdict| verdict.reason != Reason::Revoked)
        };
        used.filter(|(holding, verdict)| counts(verdict) && wants(holding))
            .map(|(holding, _)| {
                (
                    holding.license.value.license_id.clone(),
                    holding.lease.is_some(),
                )
            })
            .collect()
    }

    /// Asks how the licences stand. The answer carries no signature, so it is told and nothing follows from it.
    async fn ask_standing(&self) -> Result<()> {
        let current = self.current();
        let mut hints = Vec::new();
        for holding in &current.holdings {
            let license = &holding.license.value;
            let mut others = current.holdings.iter().map(|other| &other.license.value);
            if others.any(|other| {
                other.license_id == license.license_id && other.serial > license.serial
            }) {
                continue;
            }
            let question = json!({
                "license_id": license.license_id, "serial": license.serial,
                "install_key_fp": self.0.install.key_fingerprint,
            });
            let body = serde_json::to_vec(&question)?;
            let path = (Method::POST, "/v1/validate");
            let answer = self.exchange(path, "application/json", body).await?;
            let answer: serde_json::Value =
                serde_json::from_slice(&answer.unwrap_or_default()).unwrap_or_default();
            let standing = answer.get("standing").and_then(serde_json::Value::as_str);
            if standing == Some("superseded") {
                hints.push(format!(
                    "the vendor has a newer file of licence {}; ask for it and import it",
                    license.license_id
                ));
            }
        }
        self.known().hints = hints;
        Ok(())
    }

    /// One call; nothing when the server has no such thing.
    async fn exchange(
        &self,
        (method, path): (Method, &str),
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Option<Vec<u8>>> {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let call = Call {
            origin: Origin::default(),
            provider: destination_id(),
            method,
            path: path.to_owned(),
            headers,
            body,
            timeouts: TIMEOUTS,
        };
        let mut reply = self.0.egress.call(call).await?;
        let bytes = reply.bytes(ANSWER_BYTES_MAX).await?;
        match reply.status {
            200..=299 => Ok(Some(bytes)),
            404 if path == "/v1/crl" => Ok(None),
            status => Err(server_refused(status, &bytes)),
        }
    }
}

/// The server's own sentence, where it gave one.
fn server_refused(status: u16, bytes: &[u8]) -> Error {
    let body: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    let said = body
        .pointer("/error/message")
        .and_then(serde_json::Value::as_str);
    let said: String = said
        .unwrap_or("it gave no reason")
        .chars()
        .take(300)
        .collect();
    let message = format!("the licence server answered {status}: {said}");
    Error::unavailable(REFUSED, message, 60)
}
