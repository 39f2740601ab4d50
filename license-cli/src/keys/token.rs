//! Keys in hardware, through PKCS #11. The private half never leaves the token; it is named as RFC 7512 has it:
//! `pkcs11:token=Vendor;object=license`, with the driver in `?module-path=…` or in GUILDHALL_PKCS11_MODULE.

use std::{fmt, path::PathBuf, str::FromStr};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::{
        Mechanism, MechanismType,
        eddsa::{EddsaParams, EddsaSignatureScheme},
        rsa::{PkcsMgfType, PkcsPssParams},
    },
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use guildhall_license::{Algorithm, PublicKey, Refusal, Role, fingerprint, sign::Signer};
use rsa::pkcs8::EncodePublicKey;

use super::{PublicFile, passphrase::Supply};
use crate::Result;

const SCHEME: &str = "pkcs11:";
const VARIABLE: &str = "GUILDHALL_PKCS11_MODULE";
/// The name `edwards25519` as a PrintableString, which is how tokens name the curve (PKCS #11 v3, section 2.3.5).
const EDWARDS25519: &[u8] = b"\x13\x0cedwards25519";
/// 65537.
const RSA_EXPONENT: &[u8] = &[1, 0, 1];
const RSA_BITS: u64 = 3072;
/// An OCTET STRING of 32 bytes in DER, which is how tokens give the point.
const POINT_HEAD: &[u8] = &[4, 32];

/// Names a key in a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenKey {
    token: String,
    object: String,
    module: Option<PathBuf>,
}

/// A session in which the key can be used.
struct TokenSigner {
    session: Session,
    private: ObjectHandle,
    algorithm: Algorithm,
    id: String,
}

impl TokenKey {
    pub(crate) fn is_named_by(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Opens the key.
    ///
    /// # Errors
    /// `token_unusable`, `passphrase_missing`.
    pub(super) fn open(&self, passphrases: &mut Supply) -> Result<Box<dyn Signer>> {
        let session = self.session(passphrases)?;
        let private = self.find(&session, ObjectClass::PRIVATE_KEY)?;
        let public = self.find(&session, ObjectClass::PUBLIC_KEY)?;
        let (algorithm, public) = self.read_public(&session, public)?;
        Ok(Box::new(TokenSigner {
            session,
            private,
            algorithm,
            id: fingerprint(&public),
        }))
    }

    /// Makes a key pair in the token; its private half cannot be taken out.
    ///
    /// # Errors
    /// `token_unusable`, `key_present`, `passphrase_missing`.
    pub(crate) fn make(
        &self,
        algorithm: Algorithm,
        role: Role,
        passphrases: &mut Supply,
    ) -> Result<PublicFile> {
        let session = self.session(passphrases)?;
        let label = Attribute::Label(self.object.clone().into_bytes());
        let found = session.find_objects(std::slice::from_ref(&label));
        if !found
            .map_err(|error| self.unusable(&error.to_string()))?
            .is_empty()
        {
            let message = format!(
                "the token has an object `{}` already; choose another name",
                self.object
            );
            return Err(Refusal::new("key_present", message));
        }
        let mut public = vec![
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            label.clone(),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label,
        ];
        let mechanism = match algorithm {
            Algorithm::Ed25519 => {
                public.push(Attribute::EcParams(EDWARDS25519.to_vec()));
                Mechanism::EccEdwardsKeyPairGen
            }
            Algorithm::RsaPss3072Sha256 => {
                public.push(Attribute::ModulusBits(RSA_BITS.into()));
                public.push(Attribute::PublicExponent(RSA_EXPONENT.to_vec()));
                Mechanism::RsaPkcsKeyPairGen
            }
        };
        let (public, _) = session
            .generate_key_pair(&mechanism, &public, &private)
            .map_err(|error| self.unusable(&error.to_string()))?;
        let (algorithm, bytes) = self.read_public(&session, public)?;
        Ok(PublicFile::new(algorithm, role, &bytes))
    }

    fn session(&self, passphrases: &mut Supply) -> Result<Session> {
        let module = self
            .module
            .clone()
            .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from));
        let module = module.ok_or_else(|| {
            self.unusable(&format!(
                "no driver is named; set {VARIABLE}, or add ?module-path=… to the key's name"
            ))
        })?;
        let refuse = |error: cryptoki::error::Error| self.unusable(&error.to_string());
        let driver = Pkcs11::new(module).map_err(refuse)?;
        driver
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(refuse)?;
        let mut slots = driver.get_slots_with_token().map_err(refuse)?.into_iter();
        let is_ours = |slot: &cryptoki::slot::Slot| {
            driver
                .get_token_info(*slot)
                .is_ok_and(|info| info.label().trim_end() == self.token)
        };
        let slot = slots
            .find(is_ours)
            .ok_or_else(|| self.unusable("it is not plugged in"))?;
        let session = driver.open_rw_session(slot).map_err(refuse)?;
        let pin = passphrases.next(&format!("the token {}", self.token))?;
        let pin = AuthPin::new(pin.as_str().into());
        session.login(UserType::User, Some(&pin)).map_err(refuse)?;
        Ok(session)
    }

    fn find(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle> {
        let template = [
            Attribute::Class(class),
            Attribute::Label(self.object.clone().into_bytes()),
        ];
        let found = session
            .find_objects(&template)
            .map_err(|error| self.unusable(&error.to_string()))?;
        match found.as_slice() {
            [one] => Ok(*one),
            _ => Err(self.unusable(&format!(
                "it does not hold exactly one key pair `{}`",
                self.object
            ))),
        }
    }

    /// The algorithm, and the public bytes as keyrings have them.
    fn read_public(&self, session: &Session, key: ObjectHandle) -> Result<(Algorithm, Vec<u8>)> {
        let wanted = [
            AttributeType::EcPoint,
            AttributeType::Modulus,
            AttributeType::PublicExponent,
        ];
        let attributes = session
            .get_attributes(key, &wanted)
            .map_err(|error| self.unusable(&error.to_string()))?;
        let (mut modulus, mut exponent) = (None, None);
        for attribute in attributes {
            match attribute {
                Attribute::EcPoint(point) => {
                    let bytes = point.strip_prefix(POINT_HEAD).unwrap_or(&point).to_vec();
                    PublicKey::read(Algorithm::Ed25519, &bytes)?;
                    return Ok((Algorithm::Ed25519, bytes));
                }
                Attribute::Modulus(bytes) => modulus = Some(rsa::BigUint::from_bytes_be(&bytes)),
                Attribute::PublicExponent(bytes) => {
                    exponent = Some(rsa::BigUint::from_bytes_be(&bytes))
                }
                _ => {}
            }
        }
        let key = modulus
            .zip(exponent)
            .and_then(|(modulus, exponent)| rsa::RsaPublicKey::new(modulus, exponent).ok());
        let der = key.and_then(|key| key.to_public_key_der().ok());
        let der = der
            .ok_or_else(|| self.unusable("the key is neither Ed25519 nor RSA"))?
            .into_vec();
        PublicKey::read(Algorithm::RsaPss3072Sha256, &der)?;
        Ok((Algorithm::RsaPss3072Sha256, der))
    }

    fn unusable(&self, why: &str) -> Refusal {
        let message = format!("the key {self} cannot be used: {}", why.replace('\n', " "));
        Refusal::new("token_unusable", message)
    }
}

impl Signer for TokenSigner {
    fn key_id(&self) -> String {
        self.id.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mechanism = match self.algorithm {
            Algorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure)),
            Algorithm::RsaPss3072Sha256 => Mechanism::Sha256RsaPkcsPss(PkcsPssParams {
                hash_alg: MechanismType::SHA256,
                mgf: PkcsMgfType::MGF1_SHA256,
                s_len: 32.into(),
            }),
        };
        self.session
            .sign(&mechanism, self.private, message)
            .map_err(|error| {
                let message = format!("the token could not sign: {error}");
                Refusal::new("signing_failed", message.replace('\n', " "))
            })
    }
}

impl FromStr for TokenKey {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            let message =
                format!("`{text}` names no key in a token; write `pkcs11:token=NAME;object=NAME`");
            Refusal::new("token_unusable", message)
        };
        let (path, query) = text
            .strip_prefix(SCHEME)
            .map(|rest| rest.split_once('?').unwrap_or((rest, "")))
            .ok_or_else(malformed)?;
        let attribute = |list: &str, separator: char, name: &str| {
            let mut pairs = list
                .split(separator)
                .filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| decode(value))
        };
        Ok(Self {
            token: attribute(path, ';', "token").ok_or_else(malformed)?,
            object: attribute(path, ';', "object").ok_or_else(malformed)?,
            module: attribute(query, '&', "module-path").map(PathBuf::from),
        })
    }
}

/// Undoes percent-encoding; none for text that is broken.
fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` in the token `{}`", self.object, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let key: TokenKey = "pkcs11:token=The%20Vendor;object=root-1?module-path=/usr/lib/x.so"
            .parse()
            .unwrap();
        assert_eq!(
            (key.token.as_str(), key.object.as_str()),
            ("The Vendor", "root-1")
        );
        assert_eq!(key.module, Some("/usr/lib/x.so".into()));
        for broken in [
            "pkcs11:",
            "pkcs11:token=x",
            "pkcs11:token=%2;object=y",
            "pkcs11:token=%ff;object=y",
        ] {
            assert_eq!(
                broken.parse::<TokenKey>().unwrap_err().code,
                "token_unusable",
                "{broken}"
            );
        }
    }
}
