//! Which keys may sign what, and how that changes: a chain of keyrings like TUF's roots.

use std::collections::{BTreeMap, HashSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Algorithm, Envelope, PublicKey, Refusal, fingerprint, json,
    verify::{check_kind, check_payload, signers},
};

const KIND: &str = "keyring";
const FIELDS: &[&str] = &["version", "expires", "keys", "thresholds"];
/// Keys of one ring; more is a mistake.
const KEYS_MAX: usize = 64;

/// What a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Keyrings; offline.
    Root,
    /// Licences; a file or hardware of the vendor.
    License,
    /// Leases within a licence; held by the licence server.
    Lease,
    /// Revocation lists; held by the licence server.
    Crl,
    /// Bundles and packs.
    Release,
}

impl Role {
    /// As it stands in a keyring.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::License => "license",
            Self::Lease => "lease",
            Self::Crl => "crl",
            Self::Release => "release",
        }
    }
}

/// One key of a ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyringKey {
    /// [`fingerprint`] of the public bytes.
    pub id: String,
    /// How it signs.
    pub alg: Algorithm,
    /// What it may sign.
    pub role: Role,
    /// Public bytes in base 64: 32 bytes for Ed25519, DER for RSA.
    pub public: String,
    /// Nothing that was issued before this counts.
    pub not_before: Timestamp,
    /// Nothing that was issued after this counts.
    pub not_after: Timestamp,
    /// Set once the key is revoked. Dates can be backdated, so nothing but what `genuine` lists counts from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_after: Option<Timestamp>,
    /// SHA-256 of the payloads that the key really signed before it was lost, in hexadecimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genuine: Vec<String>,
}

/// The keys that are trusted now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    /// Rises by one.
    pub version: u64,
    /// When the vendor meant to renew it. A keyring past it is used on, with a warning.
    pub expires: Timestamp,
    /// Every key there ever was, revoked ones too.
    pub keys: Vec<KeyringKey>,
    /// How many distinct keys of a role must sign; one where a role is not named.
    pub thresholds: BTreeMap<Role, usize>,
    #[serde(skip)]
    read: BTreeMap<String, PublicKey>,
}

impl Keyring {
    /// A ring to be signed.
    ///
    /// # Errors
    /// `keyring_malformed` or `key_malformed` for keys that do not fit their description.
    pub fn new(
        version: u64,
        expires: Timestamp,
        keys: Vec<KeyringKey>,
        thresholds: BTreeMap<Role, usize>,
    ) -> Result<Self, Refusal> {
        let ring = Self {
            version,
            expires,
            keys,
            thresholds,
            read: BTreeMap::new(),
        };
        ring.prepared()
    }

    /// The first ring of a chain: one that its own root keys signed, and that is trusted because it came with the program.
    ///
    /// # Errors
    /// The refusals of [`Envelope::read`], `keyring_malformed`, `keyring_threshold`.
    pub fn first(envelope: &[u8]) -> Result<Self, Refusal> {
        let envelope = Envelope::read(envelope)?;
        check_kind(&envelope, KIND)?;
        let ring = Self::read(&envelope)?.prepared()?;
        ring.require_roots(&envelope)?;
        Ok(ring)
    }

    /// The ring that follows this one: version N+1, signed by enough root keys of N **and** of N+1.
    ///
    /// # Errors
    /// `keyring_step` when it is not the next version, `keyring_threshold` when too few root keys signed, and those of [`Self::first`].
    pub fn followed_by(&self, envelope: &[u8]) -> Result<Self, Refusal> {
        let envelope = Envelope::read(envelope)?;
        check_kind(&envelope, KIND)?;
        self.require_roots(&envelope)?;
        let next = Self::read(&envelope)?;
        if next.version != self.version + 1 {
            let message = format!(
                "the keyring has version {} and this node has {}; import the versions between them in order",
                next.version, self.version
            );
            return Err(Refusal::new("keyring_step", message));
        }
        let next = next.prepared()?;
        next.require_roots(&envelope)?;
        Ok(next)
    }

    /// How many distinct keys must sign for `role`.
    pub fn threshold(&self, role: Role) -> usize {
        self.thresholds.get(&role).copied().unwrap_or(1).max(1)
    }

    /// The key of that id, with what checks its signatures.
    pub fn key(&self, id: &str) -> Option<(&KeyringKey, &PublicKey)> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        Some((key, self.read.get(id)?))
    }

    /// Whether the vendor meant to renew it by now.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    fn read(envelope: &Envelope) -> Result<Self, Refusal> {
        check_payload(KIND, FIELDS, envelope.payload())?;
        json::parse(KIND, envelope.payload())
    }

    fn require_roots(&self, envelope: &Envelope) -> Result<(), Refusal> {
        let roots = |id: &str| {
            let (key, public) = self.key(id)?;
            (key.role == Role::Root && key.revoked_after.is_none()).then_some(public)
        };
        let (signed, needed) = (signers(envelope, roots)?.len(), self.threshold(Role::Root));
        if signed >= needed {
            return Ok(());
        }
        let message = format!(
            "{signed} of the root keys of keyring {} signed and {needed} must; add the missing signatures",
            self.version
        );
        Err(Refusal::new("keyring_threshold", message))
    }

    /// Reads every key once, so that verifying does not.
    fn prepared(mut self) -> Result<Self, Refusal> {
        let refuse = |why: String| {
            Refusal::new(
                "keyring_malformed",
                format!("the keyring cannot be used: {why}"),
            )
        };
        if self.keys.len() > KEYS_MAX {
            return Err(refuse(format!("it has more than {KEYS_MAX} keys")));
        }
        let mut seen = HashSet::new();
        for key in &self.keys {
            let bytes = STANDARD
                .decode(&key.public)
                .map_err(|_| refuse(format!("key {} is not base 64", key.id)))?;
            if fingerprint(&bytes) != key.id || !seen.insert(key.id.clone()) {
                return Err(refuse(format!(
                    "key {} has another id, or stands twice",
                    key.id
                )));
            }
            let public = PublicKey::read(key.alg, &bytes)?;
            self.read.insert(key.id.clone(), public);
        }
        let roots = self
            .keys
            .iter()
            .filter(|key| key.role == Role::Root && key.revoked_after.is_none())
            .count();
        if roots < self.threshold(Role::Root) {
            return Err(refuse(format!(
                "it has {roots} root keys, fewer than must sign"
            )));
        }
        Ok(self)
    }
}
