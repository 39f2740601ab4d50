//! What the node signs with its install key: requests for a lease, and usage reports.

use std::collections::BTreeMap;

use ed25519_dalek::Signer;
use guildhall_db::Tx;
use guildhall_kernel::{Error, Result, random_token};
use guildhall_license::{ActivationRequest, Artefact, Envelope, Signature, armour};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;

use super::{Actor, Licensing, model::LicenseRequest, store, usage_store};
use crate::{app::App, audit};

const NONCE_BYTES: usize = 20;

/// Makes a request for a lease of a licence: the named one, or the one that decides.
///
/// # Errors
/// `no_license` when there is none to ask for; those of the database.
pub async fn make_request(
    app: &App,
    actor: Actor,
    license_id: Option<&str>,
) -> Result<LicenseRequest> {
    let (envelope, request) = app.licensing.request(actor, license_id).await?;
    Ok(LicenseRequest {
        file_name: format!("{}-{}.request", app.licensing.0.install.id, request.counter),
        text: armour(&envelope),
        says: serde_json::to_value(request)?,
    })
}

impl Licensing {
    pub(super) async fn request(
        &self,
        actor: Actor,
        license_id: Option<&str>,
    ) -> Result<(Envelope, ActivationRequest)> {
        let current = self.current();
        let license_id = match license_id {
            Some(id) => self
                .known()
                .held
                .newest_license(id)
                .map(|license| license.value.license_id.clone()),
            None => current.node.deciding.and_then(|index| {
                current
                    .holdings
                    .get(index)
                    .map(|holding| holding.license.value.license_id.clone())
            }),
        };
        let license_id = license_id.ok_or_else(|| {
            let message =
                "this node has no such licence to make a request for; import the licence first";
            Error::conflict("no_license", message)
        })?;
        let mut request = ActivationRequest {
            install_id: self.0.install.id.clone(),
            install_public_key: self.0.install.public_key.clone(),
            license_id,
            nonce: random_token(NONCE_BYTES),
            counter: 0,
            product_version: env!("CARGO_PKG_VERSION").to_owned(),
            build_date: self.0.built,
            fingerprints: fingerprints(self.0.install_key.as_bytes()),
            audit_head: None,
            last_report_seq: 0,
            wall_time: self.0.clock.now(),
            time_floor: self.known().watch.memory.floor,
            clock_anomalies: current.time.marks.anomalies,
        };
        let write = move |tx: &Tx<'_>| {
            let (id, now) = (request.license_id.as_str(), request.wall_time);
            request.audit_head = audit::head(tx)?;
            request.last_report_seq = usage_store::last(tx)?.map_or(0, |last| last.seq);
            request.counter = store::insert_request(tx, &request.nonce, id, now)?;
            let details = json!({ "license_id": id, "counter": request.counter });
            store::insert_event(tx, now, "request_made", &details)?;
            actor.record(tx, "license.requested", id, details)?;
            Ok(request)
        };
        let request = self.0.db.write(write).await?;
        Ok((self.sign(&request)?, request))
    }

    /// Signs an artefact with the install key.
    pub(super) fn sign<T: Artefact + Serialize>(&self, value: &T) -> Result<Envelope> {
        let mut envelope = Envelope::new(T::KIND, serde_json::to_vec(value)?, Vec::new());
        let signature = self.0.install_key.sign(&envelope.signed_bytes());
        envelope.add(Signature {
            key_id: self.0.install.key_fingerprint.clone(),
            bytes: signature.to_bytes().to_vec(),
        });
        Ok(envelope)
    }
}

/// Marks of the machine, hashed under the node's own secret: they tell whether it is the same one, and nothing else.
fn fingerprints(secret: &[u8; 32]) -> BTreeMap<String, String> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let processor = read("/proc/cpuinfo").and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.to_owned())
    });
    let marks = [
        ("machine", read("/etc/machine-id")),
        ("board", read("/sys/class/dmi/id/product_uuid")),
        ("processor", processor),
        ("host", read("/proc/sys/kernel/hostname")),
    ];
    let hashed = marks.into_iter().filter_map(|(name, mark)| {
        let mark = mark.filter(|mark| !mark.trim().is_empty())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        mac.update(name.as_bytes());
        mac.update(mark.trim().as_bytes());
        let hash = mac.finalize().into_bytes();
        Some((name.to_owned(), data_encoding::HEXLOWER.encode(&hash)))
    });
    hashed.collect()
}
