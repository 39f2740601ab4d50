//! The algorithms that are taken: SHA-256 and stronger, RSA from 2048 bits, ECDSA on P-256 and P-384.
//! Everything else is refused by name, SHA-1 first.

use ring::{digest, signature};

use crate::{
    certificate::PublicKey,
    refusal::{Refusal, Result, quoted},
};

/// RSA with PKCS#1 v1.5 padding and SHA-256 (RFC 9231): what this service provider signs with.
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const MORE_2007: &str = "http://www.w3.org/2007/05/xmldsig-more#";
const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";

/// The digest of that name.
///
/// # Errors
/// `saml_weak_algorithm`.
pub(crate) fn digest(uri: &str) -> Result<&'static digest::Algorithm> {
    if uri == format!("{ENCRYPTION}sha256") {
        Ok(&digest::SHA256)
    } else if uri == format!("{MORE}sha384") {
        Ok(&digest::SHA384)
    } else if uri == format!("{ENCRYPTION}sha512") {
        Ok(&digest::SHA512)
    } else {
        Err(weak("digest", uri))
    }
}

/// Whether `key` made `signature` over `message` by the algorithm of that name.
///
/// # Errors
/// `saml_weak_algorithm` for an algorithm that is not taken from anybody.
pub(crate) fn verifies(uri: &str, key: &PublicKey, message: &[u8], value: &[u8]) -> Result<bool> {
    let method = Method::find(uri)?;
    let (algorithm, bytes): (&'static dyn signature::VerificationAlgorithm, &[u8]) =
        match (method, key) {
            (Method::Pkcs1(algorithm) | Method::Pss(algorithm), PublicKey::Rsa(bytes)) => {
                (algorithm, bytes)
            }
            (Method::EcdsaSha256, PublicKey::P256(bytes)) => {
                (&signature::ECDSA_P256_SHA256_FIXED, bytes)
            }
            (Method::EcdsaSha384, PublicKey::P384(bytes)) => {
                (&signature::ECDSA_P384_SHA384_FIXED, bytes)
            }
            _ => return Ok(false),
        };
    let key = signature::UnparsedPublicKey::new(algorithm, bytes);
    Ok(key.verify(message, value).is_ok())
}

#[derive(Clone, Copy)]
enum Method {
    Pkcs1(&'static signature::RsaParameters),
    Pss(&'static signature::RsaParameters),
    EcdsaSha256,
    EcdsaSha384,
}

impl Method {
    fn find(uri: &str) -> Result<Self> {
        if let Some(name) = uri.strip_prefix(MORE) {
            return match name {
                "rsa-sha256" => Ok(Self::Pkcs1(&signature::RSA_PKCS1_2048_8192_SHA256)),
                "rsa-sha384" => Ok(Self::Pkcs1(&signature::RSA_PKCS1_2048_8192_SHA384)),
                "rsa-sha512" => Ok(Self::Pkcs1(&signature::RSA_PKCS1_2048_8192_SHA512)),
                "ecdsa-sha256" => Ok(Self::EcdsaSha256),
                "ecdsa-sha384" => Ok(Self::EcdsaSha384),
                _ => Err(weak("signature", uri)),
            };
        }
        match uri.strip_prefix(MORE_2007) {
            Some("sha256-rsa-MGF1") => Ok(Self::Pss(&signature::RSA_PSS_2048_8192_SHA256)),
            Some("sha384-rsa-MGF1") => Ok(Self::Pss(&signature::RSA_PSS_2048_8192_SHA384)),
            Some("sha512-rsa-MGF1") => Ok(Self::Pss(&signature::RSA_PSS_2048_8192_SHA512)),
            _ => Err(weak("signature", uri)),
        }
    }
}

fn weak(what: &str, uri: &str) -> Refusal {
    let message = format!(
        "the {what} algorithm `{}` is not taken; have the identity provider sign with RSA-SHA256 or stronger",
        quoted(uri)
    );
    Refusal::new("saml_weak_algorithm", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sha1_and_hmac_are_refused_by_name() {
        for uri in [
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            "",
        ] {
            let refused = verifies(uri, &PublicKey::Rsa(Vec::new()), b"", b"").unwrap_err();
            assert_eq!(refused.code(), "saml_weak_algorithm", "{uri}");
        }
        let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
        assert_eq!(digest(sha1).unwrap_err().code(), "saml_weak_algorithm");
    }
}
