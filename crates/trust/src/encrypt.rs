//! Encrypting a connection and checking whom it leads to.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guildhall_kernel::{Error, Result, Timestamp};
use rustls::{
    CertificateError, ClientConfig, Error as TlsError,
    pki_types::{ServerName, UnixTime},
    time_provider::TimeProvider,
};
use tokio_rustls::TlsConnector;

use crate::{Certificate, Stream, read_certificates, verify};

/// A server to be trusted or not.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// The name or address that its certificate must be for.
    pub host: &'a str,
    /// What it is called where it is written of, such as `ldaps://ldap.example.org`.
    pub shown: &'a str,
    /// Certificates (PEM) to trust instead of the public authorities.
    pub ca_pem: Option<&'a str>,
    /// The present: what certificates are judged by.
    pub now: Timestamp,
}

/// Why a server is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It does not speak TLS.
    NoTls,
    /// Its certificate has expired.
    Expired,
    /// Its certificate is not valid yet.
    NotYet,
    /// Nobody who is trusted issued its certificate.
    UnknownIssuer,
    /// Its certificate is for another name.
    WrongName,
    /// Something else is wrong.
    Other,
}

/// A server that was reached but is not trusted.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The reason, to branch on.
    pub why: Why,
    /// The reason as an administrator reads it, with the facts of the certificate that came.
    pub message: String,
}

/// The present as the node tells it, for the verification of certificates.
#[derive(Debug)]
struct Present(Timestamp);

impl TimeProvider for Present {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.as_millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// Encrypts a connection and checks whom it leads to. What certificate came is noted in `seen` also when it is refused.
///
/// # Errors
/// `invalid_ca`.
pub async fn encrypt(
    server: Server<'_>,
    stream: Box<dyn Stream>,
    seen: &mut Option<Certificate>,
) -> Result<std::result::Result<Box<dyn Stream>, Refusal>> {
    let noted = Arc::<Mutex<Option<Certificate>>>::default();
    let config = config(server, &noted)?;
    let Ok(name) = ServerName::try_from(server.host.to_owned()) else {
        return Ok(Err(Refusal {
            why: Why::WrongName,
            message: format!("`{}` cannot stand in a certificate", server.host),
        }));
    };
    let outcome = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    seen.clone_from(&noted.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(match outcome {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(refused(&error, server, seen.as_ref())),
    })
}

fn config(server: Server<'_>, noted: &Arc<Mutex<Option<Certificate>>>) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusted = server.ca_pem.map(read_certificates).transpose()?;
    let verifier = verify::Verifier::new(trusted, &provider, Arc::clone(noted))?;
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Present(server.now)));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("TLS cannot be set up").with_source(error))?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn refused(error: &std::io::Error, server: Server<'_>, seen: Option<&Certificate>) -> Refusal {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    let (why, what) = match inner {
        Some(TlsError::InvalidCertificate(reason)) => reason_of(reason),
        Some(TlsError::InvalidMessage(_)) => {
            (Why::NoTls, "it does not speak TLS on this port".to_owned())
        }
        Some(other) => (Why::Other, other.to_string()),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => (
            Why::NoTls,
            "it ended the connection instead of speaking TLS".to_owned(),
        ),
        None => (Why::Other, error.to_string()),
    };
    let facts = seen
        .map(|certificate| format!("; {}", certificate.describe()))
        .unwrap_or_default();
    Refusal {
        why,
        message: format!(
            "{} was reached but not trusted: {what}{facts}",
            server.shown
        ),
    }
}

fn reason_of(reason: &CertificateError) -> (Why, String) {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (Why::Expired, "its certificate has expired".to_owned())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (Why::NotYet, "its certificate is not valid yet".to_owned())
        }
        CertificateError::BadSignature => (
            Why::UnknownIssuer,
            "an authority of the issuer's name is trusted here, but with another key".to_owned(),
        ),
        CertificateError::UnknownIssuer => (
            Why::UnknownIssuer,
            "nobody who is trusted here issued its certificate".to_owned(),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            Why::WrongName,
            "its certificate is for another name".to_owned(),
        ),
        other => (Why::Other, other.to_string()),
    }
}
