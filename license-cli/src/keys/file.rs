//! Key files: JSON with the public part readable and the private part sealed under a passphrase (argon2id, then
//! XChaCha20-Poly1305 over it, bound to the public part). A file without a passphrase carries the private part as it is.

use std::path::Path;

use argon2::{Algorithm as Kdf, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use ed25519_dalek::SigningKey;
use guildhall_license::{
    Algorithm, Refusal, Role,
    sign::{RsaSigner, Signer},
};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{PublicFile, passphrase::Supply};
use crate::{Result, files};

const RSA_BITS: usize = 3072;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;
/// RFC 9106, second recommended setting: 64 MiB, three passes, four lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// What a file may ask for at most, so that a foreign one cannot exhaust this machine.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 32;
const LANES_MAX: u32 = 64;

/// A private key on its way into a file: the seed of Ed25519, or PKCS #8 in DER for RSA.
pub(crate) struct Made {
    pub(crate) public: PublicFile,
    private: Zeroizing<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(flatten)]
    public: PublicFile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pkcs8: Option<Zeroizing<String>>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    nonce: String,
    text: String,
}

/// Makes a key.
///
/// # Errors
/// `randomness_missing`, `signing_failed`.
pub(crate) fn make(alg: Algorithm, role: Role) -> Result<Made> {
    match alg {
        Algorithm::Ed25519 => {
            let seed = Zeroizing::new(random::<32>()?);
            let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
            Ok(Made {
                public: PublicFile::new(alg, role, &public),
                private: Zeroizing::new(seed.to_vec()),
            })
        }
        Algorithm::RsaPss3072Sha256 => {
            let refuse =
                |_| Refusal::new("signing_failed", "the RSA key could not be made; try again");
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, RSA_BITS)
                .map_err(|_| refuse(()))?;
            let public = key
                .to_public_key()
                .to_public_key_der()
                .map_err(|_| refuse(()))?;
            let private = key.to_pkcs8_der().map_err(|_| refuse(()))?;
            Ok(Made {
                public: PublicFile::new(alg, role, public.as_bytes()),
                private: Zeroizing::new(private.as_bytes().to_vec()),
            })
        }
    }
}

/// Writes a made key, sealed where there is a passphrase.
///
/// # Errors
/// `file_exists`, `file_unwritable`, `randomness_missing`.
pub(crate) fn write(path: &Path, made: &Made, passphrase: Option<&str>) -> Result<()> {
    let plain = || Zeroizing::new(STANDARD.encode(&*made.private));
    let is_seed = made.public.alg == Algorithm::Ed25519;
    let file = KeyFile {
        about: None,
        public: made.public.clone(),
        sealed: passphrase
            .map(|passphrase| seal(made, passphrase))
            .transpose()?,
        seed: (passphrase.is_none() && is_seed).then(plain),
        pkcs8: (passphrase.is_none() && !is_seed).then(plain),
    };
    let mut text = Zeroizing::new(serde_json::to_string_pretty(&file).unwrap_or_default());
    text.push('\n');
    files::create(path, text.as_bytes(), files::Access::Owner)
}

/// Opens a key file.
///
/// # Errors
/// `key_unreadable`, `passphrase_wrong`, `passphrase_missing`.
pub(super) fn open(path: &Path, passphrases: &mut Supply) -> Result<Box<dyn Signer>> {
    let text = Zeroizing::new(files::read_text(path)?);
    let file: KeyFile =
        serde_json::from_str(&text).map_err(|error| unreadable(path, &error.to_string()))?;
    let plain = file.seed.as_ref().or(file.pkcs8.as_ref());
    let private = match (&file.sealed, plain) {
        (Some(sealed), _) => {
            let passphrase = passphrases.next(&path.display().to_string())?;
            unseal(sealed, &file.public, &passphrase).map_err(|refusal| within(path, refusal))?
        }
        (None, Some(plain)) => STANDARD
            .decode(plain.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| unreadable(path, "its private part is not base 64"))?,
        (None, None) => {
            return Err(unreadable(
                path,
                "it holds a public key only; give the private one",
            ));
        }
    };
    let signer = signer(file.public.alg, &private).ok_or_else(|| {
        unreadable(
            path,
            "its private part does not fit its algorithm; restore it from a backup",
        )
    })?;
    let public = STANDARD.decode(&file.public.public).unwrap_or_default();
    if signer.key_id() != guildhall_license::fingerprint(&public) {
        return Err(unreadable(
            path,
            "its two halves do not belong together; restore it from a backup",
        ));
    }
    Ok(signer)
}

fn signer(alg: Algorithm, private: &[u8]) -> Option<Box<dyn Signer>> {
    match alg {
        Algorithm::Ed25519 => {
            let seed = Zeroizing::new(<[u8; 32]>::try_from(private).ok()?);
            Some(Box::new(SigningKey::from_bytes(&seed)))
        }
        Algorithm::RsaPss3072Sha256 => {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(private).ok()?;
            Some(Box::new(RsaSigner::new(key).ok()?))
        }
    }
}

fn seal(made: &Made, passphrase: &str) -> Result<Sealed> {
    let (salt, nonce) = (random::<SALT_BYTES>()?, random::<NONCE_BYTES>()?);
    let (memory_kib, passes, lanes) = (MEMORY_KIB, PASSES, LANES);
    let key = derive((memory_kib, passes, lanes), passphrase, &salt)?;
    let payload = Payload {
        msg: &made.private,
        aad: &bound_to(&made.public),
    };
    let text = XChaCha20Poly1305::new((&*key).into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Refusal::new("key_unsealable", "the key could not be sealed; try again"))?;
    Ok(Sealed {
        kdf: "argon2id".to_owned(),
        memory_kib,
        passes,
        lanes,
        salt: STANDARD.encode(salt),
        cipher: "xchacha20-poly1305".to_owned(),
        nonce: STANDARD.encode(nonce),
        text: STANDARD.encode(text),
    })
}

fn unseal(sealed: &Sealed, public: &PublicFile, passphrase: &str) -> Result<Zeroizing<Vec<u8>>> {
    let unknown = || {
        Refusal::new(
            "key_unreadable",
            "it is sealed in a way that this version does not know; upgrade",
        )
    };
    let is_known = sealed.kdf == "argon2id" && sealed.cipher == "xchacha20-poly1305";
    let is_bounded = sealed.memory_kib <= MEMORY_KIB_MAX
        && sealed.passes <= PASSES_MAX
        && sealed.lanes <= LANES_MAX;
    if !is_known || !is_bounded {
        return Err(unknown());
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|_| unknown());
    let nonce = <[u8; NONCE_BYTES]>::try_from(decode(&sealed.nonce)?).map_err(|_| unknown())?;
    let cost = (sealed.memory_kib, sealed.passes, sealed.lanes);
    let key = derive(cost, passphrase, &decode(&sealed.salt)?)?;
    let payload = Payload {
        msg: &decode(&sealed.text)?,
        aad: &bound_to(public),
    };
    XChaCha20Poly1305::new((&*key).into())
        .decrypt(&XNonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| {
            let message = "the passphrase does not open it, or the file was changed; try again, or restore it from a backup";
            Refusal::new("passphrase_wrong", message)
        })
}

fn derive(cost: (u32, u32, u32), passphrase: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>> {
    let refuse = |_| {
        Refusal::new(
            "key_unreadable",
            "its argon2id settings cannot be used; restore it from a backup",
        )
    };
    let params = Params::new(cost.0, cost.1, cost.2, Some(32)).map_err(refuse)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    Argon2::new(Kdf::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .map_err(refuse)?;
    Ok(key)
}

/// Role and algorithm cannot be exchanged without the passphrase.
fn bound_to(public: &PublicFile) -> Vec<u8> {
    serde_json::to_vec(&(public.alg, public.role, &public.public)).unwrap_or_default()
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| {
        let message = "the system's random source does not answer; nothing was made";
        Refusal::new("randomness_missing", message)
    })?;
    Ok(bytes)
}

fn unreadable(path: &Path, why: &str) -> Refusal {
    let message = format!("the key file {} cannot be used: {why}", path.display());
    Refusal::new("key_unreadable", message)
}

fn within(path: &Path, refusal: Refusal) -> Refusal {
    let message = format!(
        "the key file {} stays closed: {}",
        path.display(),
        refusal.message
    );
    Refusal::new(refusal.code, message)
}
