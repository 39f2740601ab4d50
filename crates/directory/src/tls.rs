//! Encrypting a connection, and what can be said of a certificate.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guildhall_kernel::{Error, Result, Timestamp};
use rustls::{
    CertificateError, ClientConfig, Error as TlsError,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::{Directory, ServerUrl, Stream, failure, relay, verify};

/// Bytes of the answer to StartTLS at most.
const START_TLS_BYTES_MAX: usize = 16 * 1024;
/// An `ExtendedRequest` for StartTLS (RFC 4511, 4.14.1): message 1, `1.3.6.1.4.1.1466.20037`.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// `ExtendedResponse`.
const EXTENDED_RESPONSE: u8 = 0x78;
const ENUMERATED: u8 = 0x0a;

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
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
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
            subject: failure::shown(&certificate.subject().to_string()),
            issuer: failure::shown(&certificate.issuer().to_string()),
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
        GeneralName::DNSName(name) => Some(failure::shown(name)),
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
pub(crate) fn read_certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
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

/// Asks a server to go on encrypted. What it might have sent after its answer would come from before the encryption, so
/// nothing beyond the answer is read here.
///
/// # Errors
/// `directory_start_tls_refused`, `directory_cut`, `directory_malformed`.
pub(crate) async fn start_tls(stream: &mut Box<dyn Stream>) -> Result<()> {
    let refused = |what: String| {
        failure::failed(
            "directory_start_tls_refused",
            format!("the server does not go on encrypted: {what}"),
        )
    };
    let ended = |error| refused("it ended the connection".to_owned()).with_source(error);
    stream.write_all(START_TLS).await.map_err(ended)?;
    stream.flush().await.map_err(ended)?;
    let answer = relay::read_message(stream, START_TLS_BYTES_MAX).await?;
    let answer = answer.ok_or_else(|| refused("it ended the connection".to_owned()))?;
    match result_code(&answer).ok_or_else(relay::malformed)? {
        0 => Ok(()),
        code => Err(refused(format!("it answered StartTLS with code {code}"))),
    }
}

/// The result code of an `ExtendedResponse` of message 1.
fn result_code(message: &[u8]) -> Option<u8> {
    let after = |bytes: &[u8], tag: u8| -> Option<usize> {
        let length = *bytes.get(1)?;
        let head = if length < 0x80 {
            2
        } else {
            2 + usize::from(length & 0x7f)
        };
        (*bytes.first()? == tag).then_some(head)
    };
    let message = message.get(after(message, 0x30)?..)?;
    let response = message.strip_prefix(&[2, 1, 1])?;
    let result = response.get(after(response, EXTENDED_RESPONSE)?..)?;
    match result {
        [ENUMERATED, 1, code, ..] => Some(*code),
        _ => None,
    }
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

/// Encrypts a connection and checks whom it leads to. What certificate came is noted also when it is refused.
///
/// # Errors
/// `directory_tls_…`, with the certificate's facts.
pub(crate) async fn encrypt(
    directory: &Directory,
    url: &ServerUrl,
    stream: Box<dyn Stream>,
    seen: &mut Option<Certificate>,
) -> Result<Box<dyn Stream>> {
    let noted = Arc::<Mutex<Option<Certificate>>>::default();
    let config = config(directory, &noted)?;
    let name = ServerName::try_from(url.host.clone()).map_err(|error| {
        let message = format!("`{}` cannot stand in a certificate", url.host);
        failure::failed("directory_tls_wrong_name", message).with_source(error)
    })?;
    let outcome = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    seen.clone_from(&noted.lock().unwrap_or_else(PoisonError::into_inner));
    match outcome {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(refused(error, url, seen.as_ref())),
    }
}

fn config(directory: &Directory, noted: &Arc<Mutex<Option<Certificate>>>) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusted = directory
        .settings
        .ca_pem
        .as_deref()
        .map(read_certificates)
        .transpose()?;
    let verifier = verify::Verifier::new(trusted, &provider, Arc::clone(noted))?;
    let builder = ClientConfig::builder_with_details(provider, Arc::new(Present(directory.now)));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("TLS cannot be set up").with_source(error))?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

fn refused(error: std::io::Error, url: &ServerUrl, seen: Option<&Certificate>) -> Error {
    let (code, what) = match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TlsError>())
    {
        Some(TlsError::InvalidCertificate(reason)) => reason_of(reason),
        Some(TlsError::InvalidMessage(_)) => (
            "directory_tls_no_tls",
            "it does not speak TLS on this port".to_owned(),
        ),
        Some(other) => ("directory_tls_failed", other.to_string()),
        None if error.kind() == std::io::ErrorKind::UnexpectedEof => (
            "directory_tls_no_tls",
            "it ended the connection instead of speaking TLS".to_owned(),
        ),
        None => ("directory_tls_failed", error.to_string()),
    };
    let facts = seen
        .map(|certificate| format!("; {}", certificate.describe()))
        .unwrap_or_default();
    failure::failed(
        code,
        format!("{url} was reached but not trusted: {what}{facts}"),
    )
}

fn reason_of(reason: &CertificateError) -> (&'static str, String) {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "directory_tls_expired",
            "its certificate has expired".to_owned(),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "directory_tls_not_yet",
            "its certificate is not valid yet".to_owned(),
        ),
        CertificateError::BadSignature => (
            "directory_tls_unknown_issuer",
            "an authority of the issuer's name is trusted here, but with another key".to_owned(),
        ),
        CertificateError::UnknownIssuer => (
            "directory_tls_unknown_issuer",
            "nobody who is trusted here issued its certificate".to_owned(),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "directory_tls_wrong_name",
            "its certificate is for another name".to_owned(),
        ),
        other => ("directory_tls_failed", other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_for_start_tls_is_the_standard_one() {
        assert_eq!(START_TLS.len(), 31);
        assert_eq!(START_TLS.get(1).copied(), Some(29));
    }

    #[test]
    fn answers_to_start_tls_are_read_strictly() {
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]),
            Some(0)
        );
        assert_eq!(
            result_code(&[
                0x30, 0x84, 0, 0, 0, 12, 2, 1, 1, 0x78, 7, 10, 1, 52, 4, 0, 4, 0
            ]),
            Some(52)
        );
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 2, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]),
            None
        );
        assert_eq!(
            result_code(&[0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]),
            None
        );
        assert_eq!(result_code(b"0"), None);
    }
}
