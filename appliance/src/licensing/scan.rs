//! What lies in the folder and in the database: adopted at the start, and looked at again every minute.

use std::collections::BTreeMap;

use guildhall_kernel::Error;
use guildhall_license::{Envelope, Refusal};
use serde_json::json;

use super::{
    Actor, Known, Licensing,
    files::{Found, digest},
    held::{Held, Judgement, Verifications},
    model::LicenseFile,
    store::{self, ArtefactRow},
};

/// Files that were looked at, so that nothing is verified twice for nothing.
#[derive(Default)]
pub(super) struct Seen {
    files: BTreeMap<String, Look>,
    /// What was stored and no longer verifies.
    dropped: Vec<LicenseFile>,
    /// Counts what was taken: a file that was refused may fit afterwards.
    taken: u64,
}

struct Look {
    digest: Option<[u8; 32]>,
    taken: u64,
    file: LicenseFile,
}

impl Seen {
    /// Everything to be listed.
    pub(super) fn list(&self) -> Vec<LicenseFile> {
        let files = self.files.values().map(|look| look.file.clone());
        files.chain(self.dropped.iter().cloned()).collect()
    }

    /// The node wrote this file itself.
    pub(super) fn note_own(&mut self, name: &str, bytes: &[u8]) {
        let file = LicenseFile {
            name: name.to_owned(),
            outcome: "used".to_owned(),
            reason: None,
        };
        self.note(name, Some(digest(bytes)), file);
    }

    /// Something that was in use is so no longer.
    pub(super) fn note_dropped(&mut self, refusal: &Refusal) {
        self.dropped.push(LicenseFile {
            name: "imported before".to_owned(),
            outcome: "refused".to_owned(),
            reason: Some(refusal.message.clone()),
        });
    }

    pub(super) fn note_taken(&mut self) {
        self.taken += 1;
    }

    fn note(&mut self, name: &str, digest: Option<[u8; 32]>, file: LicenseFile) {
        let look = Look {
            digest,
            taken: self.taken,
            file,
        };
        self.files.insert(name.to_owned(), look);
    }

    /// Whether looking at these bytes again could come to something else.
    fn is_news(&self, name: &str, digest: [u8; 32]) -> bool {
        self.files.get(name).is_none_or(|look| {
            let may_fit_now = look.file.outcome == "refused" && look.taken != self.taken;
            look.digest != Some(digest) || may_fit_now
        })
    }

    fn forget_all_but(&mut self, names: &[String]) {
        self.files.retain(|name, _| names.contains(name));
    }
}

/// In which order kinds depend on each other.
fn rank(kind: Option<&str>) -> u8 {
    match kind {
        Some("keyring") => 0,
        Some("crl") => 1,
        Some("license") => 2,
        _ => 3,
    }
}

/// Takes what is stored in the database back into use.
pub(super) fn adopt_stored(
    known: &mut Known,
    mut rows: Vec<ArtefactRow>,
    (install_key_fp, verifications): (&str, &Verifications),
) {
    rows.sort_by_key(|row| (rank(Some(&row.kind)), row.number));
    for row in rows {
        let signed = known.held.read(&row.envelope, verifications);
        let judged =
            signed.and_then(|signed| Ok((known.held.judge(&signed, install_key_fp)?, signed)));
        match judged {
            Ok((Judgement::New, signed)) => {
                if let Some(proven) = Held::proves(&signed) {
                    known.watch.raise_floor(proven);
                }
                known
                    .held
                    .take(signed, (&row.envelope, row.imported_at), verifications);
            }
            Ok((Judgement::Known, _)) => {}
            Err(error) if is_older(&error) => {}
            Err(error) => {
                tracing::warn!(error = %error.chain(), kind = row.kind, "something that was imported cannot be used");
                known.files.dropped.push(LicenseFile {
                    name: format!("{} {} {}", row.kind, row.subject, row.number),
                    outcome: "refused".to_owned(),
                    reason: Some(error.message().to_owned()),
                });
            }
        }
    }
}

/// Whether the refusal only says that something newer is in use.
pub(super) fn is_older(error: &Error) -> bool {
    error.code().ends_with("_older") || error.code() == "lease_other_serial"
}

impl Licensing {
    /// Looks at the folder and imports what is new there. Says whether anything was.
    pub(super) async fn scan(&self) -> bool {
        let folder = self.0.folder.clone();
        let Ok(mut found) = tokio::task::spawn_blocking(move || folder.scan()).await else {
            return false;
        };
        found.sort_by_key(|file| {
            let envelope = file
                .content
                .as_ref()
                .ok()
                .and_then(|bytes| Envelope::read(bytes).ok());
            (
                rank(envelope.as_ref().and_then(Envelope::kind)),
                file.name.clone(),
            )
        });
        let names: Vec<String> = found.iter().map(|file| file.name.clone()).collect();
        let mut is_changed = false;
        for file in found {
            is_changed |= self.look_at(file).await;
        }
        self.known().files.forget_all_but(&names);
        is_changed
    }

    async fn look_at(&self, Found { name, content }: Found) -> bool {
        let (outcome, digest, is_new) = match content {
            Err(reason) => (Err(reason), None, false),
            Ok(bytes) => {
                let digest = digest(&bytes);
                if !self.known().files.is_news(&name, digest) {
                    return false;
                }
                let actor = Actor::Node(std::sync::Arc::clone(&self.0.clock));
                match self.import(actor, &bytes, Some(&name)).await {
                    Ok((_, judgement)) => (Ok("used"), Some(digest), judgement == Judgement::New),
                    Err(error) if is_older(&error) => (Ok("older"), Some(digest), false),
                    Err(error) => {
                        self.tell_refused(&name, &error).await;
                        (Err(error.message().to_owned()), Some(digest), false)
                    }
                }
            }
        };
        let file = LicenseFile {
            name: name.clone(),
            outcome: outcome
                .as_ref()
                .map_or("refused", |outcome| outcome)
                .to_owned(),
            reason: outcome.err(),
        };
        self.known().files.note(&name, digest, file);
        is_new
    }

    async fn tell_refused(&self, name: &str, error: &Error) {
        tracing::warn!(
            file = name,
            code = error.code(),
            reason = error.message(),
            "a file in the folder of licences cannot be used"
        );
        let details = json!({ "file": name, "code": error.code(), "reason": error.message() });
        let at = self.0.clock.now();
        let written = self
            .0
            .db
            .write(move |tx| store::insert_event(tx, at, "file_refused", &details));
        if let Err(error) = written.await {
            tracing::warn!(error = %error.chain(), "a refused file was not noted in the history");
        }
    }
}
