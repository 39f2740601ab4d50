//! What a certificate says.

use guildhall_kernel::{Error, Result, Timestamp};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::shown;

/// What a server's certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// SHA-256 of it, in upper-case hex with colons.
    pub fingerprint: String,
}

impl Certificate {
    /// Reads a certificate; nothing when it does not read.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let at = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_millis(time.timestamp().saturating_mul(1000))
        };
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|extension| {
            extension
                .value
                .general_names
                .iter()
                .filter_map(name)
                .take(20)
                .collect()
        });
        let digest = Sha256::digest(der);
        let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        Some(Self {
            subject: shown(&certificate.subject().to_string()),
            issuer: shown(&certificate.issuer().to_string()),
            names: names.unwrap_or_default(),
            not_before: at(certificate.validity().not_before),
            not_after: at(certificate.validity().not_after),
            fingerprint: pairs.join(":"),
        })
    }

    /// All of it in one sentence.
    pub fn describe(&self) -> String {
        let day = |at: Timestamp| at.to_rfc3339().chars().take(10).collect::<String>();
        format!(
            "certificate of `{}` for {}, issued by `{}`, valid from {} to {}, SHA-256 {}",
            self.subject,
            if self.names.is_empty() {
                "no name".to_owned()
            } else {
                self.names.join(", ")
            },
            self.issuer,
            day(self.not_before),
            day(self.not_after),
            self.fingerprint
        )
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(shown(name)),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let six = <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from);
            four.or(six).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The certificates of a PEM text.
///
/// # Errors
/// `invalid_ca`.
pub fn read_certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = || {
        let message = "the certificates do not read; give them in PEM form, `-----BEGIN CERTIFICATE-----` and so on";
        Error::invalid_field("ca_pem", "invalid_ca", message)
    };
    let read: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let read = read.map_err(|_| wrong())?;
    if read.is_empty() || read.iter().any(|der| Certificate::read(der).is_none()) {
        return Err(wrong());
    }
    Ok(read)
}
