//! How far the signing of a keyring is.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use guildhall_license::{Envelope, Keyring, KeyringKey, PublicKey, Refusal, Role};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Result,
    artefacts::{Draft, about},
    dates,
    output::Answer,
};

pub(super) const KIND: &str = "keyring";

/// A keyring and how far its signing is.
pub(super) struct Ceremony {
    pub(super) path: PathBuf,
    pub(super) draft: Draft,
    pub(super) ring: Keyring,
    pub(super) previous: Option<Keyring>,
}

impl Ceremony {
    pub(super) fn open(path: &Path, previous: Option<&Path>) -> Result<Self> {
        let draft = Draft::read(path)?;
        let ring = unverified(&draft.envelope).map_err(|refusal| about(path, refusal))?;
        let previous = previous
            .map(|path| {
                unverified(&Draft::read(path)?.envelope).map_err(|refusal| about(path, refusal))
            })
            .transpose()?;
        let is_chain = match &previous {
            Some(previous) => ring.version == previous.version + 1,
            None => ring.version == 1,
        };
        if !is_chain {
            let message = format!(
                "{} has version {}: name the keyring of the version before it with --previous, and none for version 1",
                path.display(),
                ring.version
            );
            return Err(Refusal::new("keyring_step", message));
        }
        Ok(Self {
            path: path.to_owned(),
            draft,
            ring,
            previous,
        })
    }

    pub(super) fn is_root(&self, id: &str) -> bool {
        self.rings().any(|ring| roots(ring).any(|key| key.id == id))
    }

    fn rings(&self) -> impl Iterator<Item = &Keyring> {
        std::iter::once(&self.ring).chain(&self.previous)
    }

    /// Root keys whose signature is there and right.
    fn signed(&self) -> BTreeSet<&str> {
        let message = self.draft.envelope.signed_bytes();
        let is_right = |signature: &&guildhall_license::Signature| {
            let key: Option<&PublicKey> = self
                .rings()
                .find_map(|ring| ring.key(&signature.key_id).map(|(_, public)| public));
            key.is_some_and(|key| key.accepts(&message, &signature.bytes))
        };
        let signatures = self.draft.envelope.signatures().iter();
        signatures
            .filter(is_right)
            .map(|signature| signature.key_id.as_str())
            .filter(|id| self.is_root(id))
            .collect()
    }

    /// Signatures that the ring, or the one before it, still needs: the larger of the two numbers.
    pub(super) fn missing(&self) -> usize {
        let signed = self.signed();
        let missing = |ring: &Keyring| {
            let have = roots(ring)
                .filter(|key| signed.contains(key.id.as_str()))
                .count();
            ring.threshold(Role::Root).saturating_sub(have)
        };
        self.rings().map(missing).max().unwrap_or_default()
    }

    pub(super) fn answer(&self) -> Answer {
        let (signed, missing) = (self.signed(), self.missing());
        let value = json!({
            "file": self.path, "version": self.ring.version, "expires": self.ring.expires,
            "keys": self.ring.keys, "signed": signed, "missing": missing, "complete": missing == 0,
        });
        let mut lines = vec![format!(
            "keyring {} ({}), due to be renewed by {}",
            self.ring.version,
            self.path.display(),
            dates::day(self.ring.expires)
        )];
        let mut seen = BTreeSet::new();
        for key in self.rings().flat_map(|ring| &ring.keys) {
            if seen.insert(&key.id) {
                lines.push(describe(key, signed.contains(key.id.as_str())));
            }
        }
        lines.push(match missing {
            0 => "complete: enough root keys signed".to_owned(),
            1 => "one signature is missing".to_owned(),
            more => format!("{more} signatures are missing"),
        });
        Answer::new(value, lines)
    }
}

fn describe(key: &KeyringKey, signed: bool) -> String {
    let revoked = key.revoked_after.map(|after| {
        format!(
            ", revoked after {}, {} payloads stay good",
            dates::day(after),
            key.genuine.len()
        )
    });
    format!(
        "  {:<7} {}  until {}{}{}",
        key.role.name(),
        key.id,
        dates::day(key.not_after),
        revoked.unwrap_or_default(),
        if signed { "  SIGNED" } else { "" }
    )
}

fn roots(ring: &Keyring) -> impl Iterator<Item = &KeyringKey> {
    ring.keys
        .iter()
        .filter(|key| key.role == Role::Root && key.revoked_after.is_none())
}

/// A ring as it stands in a file whose signatures are not complete yet; a complete one is checked before it is written.
pub(super) fn unverified(envelope: &Envelope) -> Result<Keyring> {
    if envelope.kind() != Some(KIND) {
        let message = "this is no keyring; choose the other file";
        return Err(Refusal::new("artefact_wrong_type", message));
    }
    let ring = Keyring::deserialize(&mut serde_json::Deserializer::from_slice(
        envelope.payload(),
    ))
    .map_err(|error| {
        let message = format!("the keyring cannot be read: {error}; fetch it again");
        Refusal::new("keyring_malformed", message)
    })?;
    Keyring::new(ring.version, ring.expires, ring.keys, ring.thresholds)
}
