//! Importing: verify, judge, write down, take.

use guildhall_db::Tx;
use guildhall_kernel::{Result, Timestamp};
use guildhall_license::{Envelope, fingerprint, state::Holding};
use serde_json::json;

use super::{
    Actor, Known, Licensing,
    files::file_name,
    held::{Held, Judgement, Signed, refused},
    model::ImportedArtefact,
    store::{self, ArtefactRow},
    verdict, view,
};
use crate::{
    app::App,
    events::{Audience, Event},
};

/// Imports a licence, lease, revocation list or keyring, armoured or bare. What the node has already is not an error.
///
/// # Errors
/// The refusals of the licence crate, and those that keep what is newer: `license_older`, `license_differs`,
/// `license_too_many`, `lease_older`, `lease_other_node`, `lease_other_serial`, `lease_without_license`, `crl_older`,
/// `keyring_step`.
pub async fn import(app: &App, actor: Actor, bytes: &[u8]) -> Result<ImportedArtefact> {
    let (imported, _) = app.licensing.import(actor, bytes, None).await?;
    app.events.publish(Audience::Node, Event::LicenseChanged {});
    Ok(imported)
}

/// Says what importing would come to, and changes nothing.
///
/// # Errors
/// As [`import`].
pub fn check(app: &App, bytes: &[u8]) -> Result<ImportedArtefact> {
    let licensing = &app.licensing;
    let now = licensing.current().time.now;
    let known = licensing.known();
    let signed = known.held.read(bytes, &licensing.0.verifications)?;
    let judgement = known
        .held
        .judge(&signed, &licensing.0.install.key_fingerprint)?;
    Ok(told(
        (&known, &licensing.0.install.key_fingerprint),
        &signed,
        judgement,
        now,
    ))
}

impl Licensing {
    /// Imports from wherever; `file` names the file of the folder that it came from.
    pub(super) async fn import(
        &self,
        actor: Actor,
        bytes: &[u8],
        file: Option<&str>,
    ) -> Result<(ImportedArtefact, Judgement)> {
        let _importing = self.0.importing.lock().await;
        let now = self.current().time.now;
        let (signed, judgement, imported) = {
            let known = self.known();
            let signed = known.held.read(bytes, &self.0.verifications)?;
            let judgement = known.held.judge(&signed, &self.0.install.key_fingerprint)?;
            let imported = told(
                (&known, &self.0.install.key_fingerprint),
                &signed,
                judgement,
                now,
            );
            (signed, judgement, imported)
        };
        if judgement == Judgement::Known {
            return Ok((imported, judgement));
        }
        let envelope = Envelope::read(bytes).map_err(refused)?;
        let row = row_of(&signed, &envelope, now);
        if file.is_none() {
            self.keep_file(&row);
        }
        let nonce = match &signed {
            Signed::Lease(lease) => Some(lease.value.request_nonce.clone()),
            _ => None,
        };
        let source = file.map(str::to_owned);
        let write =
            move |tx: &Tx<'_>| write_down(tx, &actor, &row, (nonce.as_deref(), source.as_deref()));
        self.0.db.write(write).await?;
        self.take(signed, (&envelope.to_bytes(), now));
        let imported = ImportedArtefact {
            state: self.look_again().node.verdict.state.name().to_owned(),
            ..imported
        };
        Ok((imported, judgement))
    }

    /// The file beside the database is a second copy: when it cannot be written, the import stands all the same.
    fn keep_file(&self, row: &ArtefactRow) {
        let name = file_name(&row.kind, &row.subject, row.number);
        match self.0.folder.write(&name, &row.envelope) {
            Ok(()) => self.known().files.note_own(&name, &row.envelope),
            Err(error) => {
                tracing::warn!(error = %error.chain(), file = name, "an imported file was kept in the database only")
            }
        }
    }

    fn take(&self, signed: Signed, (bytes, at): (&[u8], Timestamp)) {
        let mut known = self.known();
        if let Some(proven) = Held::proves(&signed) {
            known.watch.raise_floor(proven);
        }
        known.watch.touch();
        known.files.note_taken();
        let dropped = known.held.take(signed, (bytes, at), &self.0.verifications);
        for refusal in dropped {
            tracing::warn!(
                code = refusal.code,
                reason = refusal.message,
                "the new keyring does not vouch for something that was imported"
            );
            known.files.note_dropped(&refusal);
        }
    }
}

fn row_of(signed: &Signed, envelope: &Envelope, at: Timestamp) -> ArtefactRow {
    ArtefactRow {
        sha256: fingerprint(envelope.payload()),
        kind: signed.kind().to_owned(),
        subject: signed.subject().to_owned(),
        number: signed.number(),
        envelope: envelope.to_bytes(),
        imported_at: at,
    }
}

fn write_down(
    tx: &Tx<'_>,
    actor: &Actor,
    row: &ArtefactRow,
    (nonce, file): (Option<&str>, Option<&str>),
) -> Result<()> {
    store::insert_artefact(tx, row)?;
    if let Some(nonce) = nonce {
        store::answer_request(tx, nonce, row.imported_at)?;
    }
    let details = json!({
        "kind": row.kind, "license_id": row.subject, "number": row.number, "sha256": row.sha256, "file": file,
    });
    store::insert_event(tx, row.imported_at, "imported", &details)?;
    actor.record(tx, "license.imported", &row.kind, details)
}

/// What an import comes to, told before it happens.
fn told(
    (known, install_key_fp): (&Known, &str),
    signed: &Signed,
    judgement: Judgement,
    now: Timestamp,
) -> ImportedArtefact {
    let mut holdings = known.held.holdings(&known.watch.memory);
    if let (Signed::License(license), Judgement::New) = (signed, judgement) {
        holdings.push(Holding {
            license: license.clone(),
            imported_at: now,
            lease: None,
            lease_running_hours: 0,
        });
    }
    let node = verdict::climb(
        &holdings,
        (&known.held, &known.watch),
        (now, install_key_fp),
    );
    let license = match signed {
        Signed::License(license) => {
            view::license_of((&holdings, &node), &license.sha256, install_key_fp)
        }
        _ => None,
    };
    ImportedArtefact {
        kind: signed.kind().to_owned(),
        outcome: match judgement {
            Judgement::New => "imported",
            Judgement::Known => "already_there",
        }
        .to_owned(),
        license_id: Some(signed.subject().to_owned()).filter(|subject| !subject.is_empty()),
        number: signed.number(),
        license,
        state: node.verdict.state.name().to_owned(),
    }
}
