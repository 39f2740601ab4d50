//! Who vouches for a model pack: an Ed25519 signature of its manifest, which lists the hash of every file.
//!
//! A node signs the packs it writes with its install key. It trusts its own signature and those of publishers
//! whose public keys an operator brought in; what nobody vouches for is taken in by an explicit choice only,
//! and a signature that does not fit its manifest never.

use std::{
    fs,
    path::{Path, PathBuf},
};

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is signed begins with this, so that a signature means this and nothing else.
const CONTEXT: &[u8] = b"guildhall model pack 1\n";
const PUBLISHERS_MAX: usize = 100;
const NAME_CHARACTERS_MAX: usize = 60;

/// The `manifest.sig` of a pack.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    /// The signer's public key in base64.
    key: String,
    /// The signature in base64.
    signature: String,
}

/// Who signed a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signed {
    /// This node, or a publisher it knows by this name.
    By(String),
    /// A key that is not known here, by its fingerprint.
    ByStranger(String),
    /// Nobody.
    Not,
}

/// The keys of a node that packs are signed and checked with.
pub(super) struct PackKeys {
    own: SigningKey,
    publishers: PathBuf,
}

/// A publisher whose packs are trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Publisher {
    pub name: String,
    /// The public key in base64.
    pub key: String,
    pub fingerprint: String,
}

impl PackKeys {
    /// `keys` is the directory of the node's keys.
    pub(super) fn new(own: &SigningKey, keys: &Path) -> Self {
        Self {
            own: own.clone(),
            publishers: keys.join("publishers"),
        }
    }

    /// This node as a publisher of packs.
    pub(super) fn own(&self) -> Publisher {
        publisher("this node".to_owned(), &self.own.verifying_key())
    }

    /// The text of `manifest.sig`.
    pub(super) fn sign(&self, manifest: &str) -> Result<String> {
        let signature = self.own.sign(&message(manifest));
        let file = SignatureFile {
            key: BASE64.encode(self.own.verifying_key().as_bytes()),
            signature: BASE64.encode(&signature.to_bytes()),
        };
        toml::to_string(&file)
            .map_err(|error| Error::internal("writing a signature").with_source(error))
    }

    /// Who signed a manifest; the reason when the signature does not fit it.
    pub(super) fn check(
        &self,
        manifest: &str,
        signature: Option<&str>,
    ) -> std::result::Result<Signed, String> {
        let Some(text) = signature else {
            return Ok(Signed::Not);
        };
        let wrong = || "has a signature that does not fit its manifest: it was changed".to_owned();
        let file: SignatureFile = toml::from_str(text).map_err(|_| wrong())?;
        let key = read_key(&file.key).ok_or_else(wrong)?;
        let bytes = BASE64
            .decode(file.signature.as_bytes())
            .map_err(|_| wrong())?;
        let signature = Signature::from_slice(&bytes).map_err(|_| wrong())?;
        key.verify_strict(&message(manifest), &signature)
            .map_err(|_| wrong())?;
        if key == self.own.verifying_key() {
            return Ok(Signed::By("this node".to_owned()));
        }
        let publishers = self
            .publishers()
            .map_err(|error| error.message().to_owned())?;
        let known = publishers.into_iter().find(|known| known.key == file.key);
        Ok(match known {
            Some(publisher) => Signed::By(publisher.name),
            None => Signed::ByStranger(fingerprint(&key)),
        })
    }

    /// The publishers that are trusted here, by name. A file that holds no key is left out.
    pub(super) fn publishers(&self) -> Result<Vec<Publisher>> {
        let entries = match fs::read_dir(&self.publishers) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries.take(PUBLISHERS_MAX) {
            let path = entry?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_key = path.extension().is_some_and(|extension| extension == "pub");
            if let Some(key) = fs::read_to_string(&path).ok().filter(|_| is_key)
                && let Some(key) = read_key(key.trim())
            {
                found.push(publisher(name.into_owned(), &key));
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Trusts a publisher's packs from now on.
    ///
    /// # Errors
    /// `invalid_name`, `invalid_key`, `publisher_exists`; those of the disk.
    pub(super) fn trust(&self, name: &str, key: &str) -> Result<Publisher> {
        let is_name = (1..=NAME_CHARACTERS_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            let message = "a publisher's name holds 1 to 60 letters, digits, `-` and `_`";
            return Err(Error::invalid_field("name", "invalid_name", message));
        }
        let Some(key) = read_key(key.trim()) else {
            let message =
                "a publisher's key is 32 bytes in base64, as `guildhall models keys` prints it";
            return Err(Error::invalid_field("key", "invalid_key", message));
        };
        fs::create_dir_all(&self.publishers)?;
        let path = self.publishers.join(format!("{name}.pub"));
        if path.exists() {
            let message = format!(
                "there is a publisher {name} already; remove {} first",
                path.display()
            );
            return Err(Error::conflict("publisher_exists", message));
        }
        fs::write(&path, format!("{}\n", BASE64.encode(key.as_bytes())))?;
        Ok(publisher(name.to_owned(), &key))
    }
}

/// Refuses a pack that nobody vouches for, unless whoever brings it says that this is meant.
///
/// # Errors
/// `pack_unsigned`, `pack_signer_unknown`.
pub(super) fn check_choice(shown: &str, signed: &Signed, allows_unsigned: bool) -> Result<()> {
    let (code, what) = match signed {
        Signed::By(_) => return Ok(()),
        _ if allows_unsigned => return Ok(()),
        Signed::ByStranger(fingerprint) => (
            "pack_signer_unknown",
            format!(
                "is signed with the key {fingerprint}, which this node does not know; trust it with `guildhall models trust`"
            ),
        ),
        Signed::Not => (
            "pack_unsigned",
            "is not signed, so nobody vouches for it; get a signed one".to_owned(),
        ),
    };
    let message =
        format!("{shown} {what}, or choose to take it in all the same (`--allow-unsigned`)");
    Err(Error::conflict(code, message))
}

fn message(manifest: &str) -> Vec<u8> {
    [CONTEXT, manifest.as_bytes()].concat()
}

fn read_key(text: &str) -> Option<VerifyingKey> {
    let bytes: [u8; 32] = BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes)
        .ok()
        .filter(|key| !key.is_weak())
}

fn publisher(name: String, key: &VerifyingKey) -> Publisher {
    Publisher {
        name,
        key: BASE64.encode(key.as_bytes()),
        fingerprint: fingerprint(key),
    }
}

/// The first 8 bytes of the SHA-256 of the key, in four groups of hex digits, as nodes show their own.
fn fingerprint(key: &VerifyingKey) -> String {
    let digest = Sha256::digest(key.as_bytes());
    let hex = HEXLOWER.encode(digest.get(..8).unwrap_or_default());
    let groups = hex.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn keys(directory: &Path, seed: u8) -> PackKeys {
        PackKeys::new(&SigningKey::from_bytes(&[seed; 32]), directory)
    }

    #[test]
    fn a_signature_names_its_signer_and_a_changed_manifest_never_passes() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (mine, theirs) = (keys(here.path(), 1), keys(there.path(), 2));
        let signature = theirs.sign("format = 1\n").unwrap();
        let check = |text: &str| mine.check(text, Some(&signature));
        let stranger = Signed::ByStranger(theirs.own().fingerprint);
        assert_eq!(check("format = 1\n"), Ok(stranger.clone()));
        assert!(
            check("format = 2\n")
                .unwrap_err()
                .contains("it was changed")
        );
        assert!(mine.check("format = 1\n", Some("nonsense")).is_err());
        assert_eq!(mine.check("format = 1\n", None), Ok(Signed::Not));
        assert_eq!(
            check_choice("x", &stranger, false).unwrap_err().code(),
            "pack_signer_unknown"
        );
        assert_eq!(
            check_choice("x", &Signed::Not, false).unwrap_err().code(),
            "pack_unsigned"
        );
        check_choice("x", &Signed::Not, true).unwrap();

        mine.trust("acme", &theirs.own().key).unwrap();
        assert_eq!(check("format = 1\n"), Ok(Signed::By("acme".to_owned())));
        assert_eq!(
            mine.publishers().unwrap()[0].fingerprint,
            theirs.own().fingerprint
        );
        let own = mine.sign("format = 1\n").unwrap();
        assert_eq!(
            mine.check("format = 1\n", Some(&own)),
            Ok(Signed::By("this node".to_owned()))
        );
        assert_eq!(
            mine.trust("acme", &theirs.own().key).unwrap_err().code(),
            "publisher_exists"
        );
        assert_eq!(
            mine.trust("../x", &theirs.own().key).unwrap_err().code(),
            "invalid_name"
        );
        assert_eq!(mine.trust("b", "AAAA").unwrap_err().code(), "invalid_key");
    }
}
