//! The keyring that says which key may sign what: the compiled-in root, and the keyrings that followed
//! on it, each signed by enough root keys of the one before. The root keys themselves never come here.

use guildhall_db::{Db, Reader, params};
use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_license::{Envelope, Keyring, License, Role, TrustRoot, compiled_in, verify};
use serde_json::{Value, json};

use crate::{
    artefact::{self, refused},
    audit,
    ctx::Ctx,
    keys::{Keys, Seeds},
};

/// Keyrings that may follow on the compiled-in one.
const CHAIN_MAX: u32 = 10_000;
/// A key that ends this soon deserves a word.
const SOON_SECONDS: i64 = 60 * 86_400;

/// The keyring in force.
pub struct Trust {
    ring: Keyring,
    root: TrustRoot,
}

impl Trust {
    /// Follows the chain that is stored.
    ///
    /// # Errors
    /// `trust_broken` when a stored keyring does not follow.
    pub async fn open(db: &Db) -> Result<Self> {
        db.read(follow).await
    }

    /// `development` or `production`.
    pub fn root_name(&self) -> &'static str {
        self.root.name()
    }

    /// The version in force.
    pub fn version(&self) -> u64 {
        self.ring.version
    }

    /// What an operator should know about keyring and keys.
    pub fn warnings(&self, keys: &Keys, now: Timestamp) -> Vec<String> {
        let mut found = Vec::new();
        if self.ring.is_expired(now) {
            found.push(format!(
                "keyring {} is past its date; sign and import the next one",
                self.ring.version
            ));
        }
        let mut held = vec![(Role::Lease, keys.lease()), (Role::Crl, keys.crl())];
        held.extend(keys.local_license_key().map(|key| (Role::License, key)));
        for (role, key) in held {
            let (id, _) = artefact::describe_key(&key);
            let known = self.ring.key(&id).filter(|(known, _)| known.role == role);
            let name = role.name();
            match known {
                None => found.push(format!(
                    "the `{name}` key {id} of this server is not in keyring {}: nodes refuse what it signs; put it into the next keyring",
                    self.ring.version
                )),
                Some((key, _)) if key.revoked_after.is_some() => {
                    found.push(format!("the `{name}` key {id} of this server is revoked; replace it"));
                }
                Some((key, _)) if key.not_after < now.plus_seconds(SOON_SECONDS) => {
                    found.push(format!(
                        "the `{name}` key {id} of this server may sign until {} only; rotate it",
                        key.not_after.to_rfc3339()
                    ));
                }
                Some(_) => {}
            }
        }
        found
    }

    /// The keyring for people and programs.
    pub fn describe(&self) -> Value {
        json!({
            "trust_root": self.root.name(),
            "version": self.ring.version,
            "expires": self.ring.expires,
            "keys": self.ring.keys,
        })
    }

    /// Checks a licence under the keyring; gives its payload and its bare envelope.
    ///
    /// # Errors
    /// Those of verification.
    pub fn verify_licence(&self, envelope: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        verify::<License>(envelope, &self.ring).map_err(refused)?;
        let envelope = Envelope::read(envelope).map_err(refused)?;
        Ok((envelope.payload().to_vec(), envelope.to_bytes()))
    }
}

fn follow(reader: &Reader<'_>) -> Result<Trust> {
    let (mut ring, root) = compiled_in().map_err(broken)?;
    let stored = reader.query_all(
        "SELECT value FROM settings WHERE name LIKE 'keyring/%' ORDER BY name LIMIT ?",
        params![CHAIN_MAX],
        |row| row.get::<String>("value"),
    )?;
    for envelope in stored {
        match ring.followed_by(envelope.as_bytes()) {
            Ok(next) => ring = next,
            // A newer release may have a newer keyring compiled in.
            Err(refusal) if refusal.code == "keyring_step" => {}
            Err(refusal) => return Err(broken(refusal)),
        }
    }
    Ok(Trust { ring, root })
}

fn broken(refusal: guildhall_license::Refusal) -> Error {
    Error::conflict(
        "trust_broken",
        format!("the chain of keyrings does not hold: {}", refusal.message),
    )
}

/// Takes the next keyring in and gives its version.
///
/// # Errors
/// Those of the artefact's library: not the next version, too few root signatures, malformed.
pub fn import_blocking(db: &Db, bytes: &[u8]) -> Result<u64> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    db.write_blocking(move |tx| {
        let present = follow(tx)?;
        let next = present.ring.followed_by(text.as_bytes()).map_err(refused)?;
        tx.execute(
            "INSERT INTO settings (name, value) VALUES (?, ?)",
            params![format!("keyring/{:010}", next.version), text],
        )?;
        audit::record(tx, &Ctx::operator(), "keyring.imported", next.version)?;
        Ok(next.version)
    })
}

/// The development root's keys of the roles that this server can hold. They are public on purpose.
const DEVELOPMENT: [&str; 3] = [
    include_str!("../../crates/license/development/lease.key.json"),
    include_str!("../../crates/license/development/crl.key.json"),
    include_str!("../../crates/license/development/license.key.json"),
];

/// The keys with which a server can be tried without a key ceremony.
///
/// # Errors
/// `production_root` when the program was built with the vendor's own root.
pub fn development_seeds() -> Result<Seeds> {
    let (_, root) = compiled_in().map_err(broken)?;
    if root != TrustRoot::Development {
        return Err(Error::conflict(
            "production_root",
            "this program is built with a production root; set up without --development and put the keys into the keyring",
        ));
    }
    let read = |text: &str| {
        let key: Value = serde_json::from_str(text)?;
        artefact::read_seed(key.get("seed").and_then(Value::as_str).unwrap_or_default())
    };
    let [lease, crl, license] = DEVELOPMENT;
    Ok(Seeds {
        lease: read(lease)?,
        crl: read(crl)?,
        license: read(license)?,
    })
}
