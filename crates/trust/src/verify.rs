//! Whether a server's certificate is trusted: by the rules of the web, or because it is the very certificate that the
//! administrator entered. Small servers often have one that nobody issued; such a one has no other way to be trusted.

use std::sync::{Arc, Mutex, PoisonError};

use guildhall_kernel::{Error, Result};
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::Certificate;

/// Trusts what the administrator entered, or the public authorities when nothing was entered, and notes what came.
#[derive(Debug)]
pub(crate) struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    entered: Vec<CertificateDer<'static>>,
    noted: Arc<Mutex<Option<Certificate>>>,
}

impl Verifier {
    /// # Errors
    /// `invalid_ca` when an entered certificate cannot be an authority's.
    pub(crate) fn new(
        entered: Option<Vec<CertificateDer<'static>>>,
        provider: &Arc<CryptoProvider>,
        noted: Arc<Mutex<Option<Certificate>>>,
    ) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let unusable = |error: TlsError| {
            Error::invalid_field(
                "ca_pem",
                "invalid_ca",
                "a certificate cannot be used as an authority's",
            )
            .with_source(error)
        };
        match &entered {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(entered) => {
                for certificate in entered {
                    roots.add(certificate.clone()).map_err(unusable)?;
                }
            }
        }
        let inner =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|error| {
                    Error::internal("the verification of certificates cannot be set up")
                        .with_source(error)
                })?;
        Ok(Self {
            inner,
            entered: entered.unwrap_or_default(),
            noted,
        })
    }

    /// Judges the very certificate that was entered, by its time only: which server it stands for was said by entering
    /// it, and small servers' certificates often hold no name that could be compared.
    fn check_entered(
        &self,
        presented: &CertificateDer<'_>,
        now: UnixTime,
    ) -> Option<std::result::Result<(), CertificateError>> {
        self.entered
            .iter()
            .find(|entered| entered.as_ref() == presented.as_ref())?;
        let facts = Certificate::read(presented)?;
        let now = i64::try_from(now.as_secs()).ok()?.saturating_mul(1000);
        Some(if now > facts.not_after.as_millis() {
            Err(CertificateError::Expired)
        } else if now < facts.not_before.as_millis() {
            Err(CertificateError::NotValidYet)
        } else {
            Ok(())
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        presented: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Certificate::read(presented);
        let judged = self
            .inner
            .verify_server_cert(presented, intermediates, name, ocsp, now);
        let Err(error) = judged else {
            return judged;
        };
        match self.check_entered(presented, now) {
            Some(Ok(())) => Ok(ServerCertVerified::assertion()),
            Some(Err(reason)) => Err(TlsError::InvalidCertificate(reason)),
            None => Err(error),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
