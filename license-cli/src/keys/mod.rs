//! Private keys: sealed files, the plain files of the development root, and hardware.

mod file;
mod passphrase;
mod token;

use std::{path::PathBuf, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use guildhall_license::{Algorithm, PublicKey, Refusal, Role, fingerprint, sign::Signer};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    file::{make, write},
    passphrase::Passphrases,
    token::TokenKey,
};
use crate::Result;

/// A private key that an option names.
#[derive(Clone, Debug)]
pub(crate) enum KeyPlace {
    File(PathBuf),
    Token(TokenKey),
}

/// The keys to sign with, and what opens them.
#[derive(Args)]
pub(crate) struct KeyArguments {
    /// Private key to sign with: a key file, or `pkcs11:token=NAME;object=NAME` for one in hardware. Give it again for another signature.
    #[arg(long = "key", required = true, value_name = "KEY")]
    pub(crate) keys: Vec<KeyPlace>,
    #[command(flatten)]
    pub(crate) passphrases: Passphrases,
}

/// What a keyring says of a key, before it has a time: the content of a `.pub.json` file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PublicFile {
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) alg: Algorithm,
    pub(crate) role: Role,
    pub(crate) public: String,
}

impl KeyArguments {
    /// Opens every key.
    ///
    /// # Errors
    /// `key_unreadable`, `passphrase_wrong`, `passphrase_missing`.
    pub(crate) fn open(&self) -> Result<Vec<Box<dyn Signer>>> {
        let mut passphrases = self.passphrases.supply();
        let open = |place: &KeyPlace| match place {
            KeyPlace::File(path) => file::open(path, &mut passphrases),
            KeyPlace::Token(key) => key.open(&mut passphrases),
        };
        self.keys.iter().map(open).collect()
    }
}

/// The signers as the library takes them.
pub(crate) fn borrowed(signers: &[Box<dyn Signer>]) -> Vec<&dyn Signer> {
    signers.iter().map(AsRef::as_ref).collect()
}

impl PublicFile {
    /// Describes a key by its public bytes.
    pub(crate) fn new(alg: Algorithm, role: Role, public: &[u8]) -> Self {
        Self {
            id: fingerprint(public),
            alg,
            role,
            public: STANDARD.encode(public),
        }
    }

    /// Reads a `.pub.json` file, or the public part of a key file.
    ///
    /// # Errors
    /// `key_unreadable`, `key_malformed`.
    pub(crate) fn read(path: &std::path::Path) -> Result<Self> {
        let mut key: Self =
            serde_json::from_str(&crate::files::read_text(path)?).map_err(|error| {
                let message = format!("{} is no key file: {error}", path.display());
                Refusal::new("key_unreadable", message)
            })?;
        let public = STANDARD.decode(&key.public).map_err(|_| {
            let message = format!("the public key in {} is not base 64", path.display());
            Refusal::new("key_malformed", message)
        })?;
        PublicKey::read(key.alg, &public)?;
        key.id = fingerprint(&public);
        Ok(key)
    }
}

impl FromStr for KeyPlace {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self> {
        if TokenKey::is_named_by(text) {
            return Ok(Self::Token(text.parse()?));
        }
        Ok(Self::File(text.into()))
    }
}
