//! TLS 1.3 with a certificate of the operator's, or one the server makes for itself.

mod clients;
mod self_made;

use std::{fmt::Write as _, path::Path, sync::Arc};

use guildhall_kernel::{Clock, Error, Result};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

pub use self::clients::{ClientCertificate, Clients};
use sha2::{Digest, Sha256};

/// A certificate chain and its private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The server's own certificate from `cert.pem` and `key.pem` in `directory` (made if need
    /// be). It is for `localhost`, `127.0.0.1`, `::1`, this machine's name and `more_names` (host
    /// names or addresses), lasts 825 days and is made anew when fewer than 30 are left or a name
    /// is missing.
    ///
    /// # Errors
    /// When the files cannot be written, or a name cannot stand in a certificate.
    pub fn self_made(directory: &Path, more_names: &[String], clock: &dyn Clock) -> Result<Self> {
        self_made::load_or_make(directory, more_names, clock)
    }

    /// The operator's certificate chain and private key from PEM files.
    ///
    /// # Errors
    /// `tls_certificate_unreadable`, `tls_key_unreadable` naming the file; `tls_key_mismatch` when
    /// the key is not the certificate's.
    pub fn from_pem_files(certificate: &Path, key: &Path) -> Result<Self> {
        let identity = Self::read(certificate, key)?;
        identity.server_config()?;
        Ok(identity)
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable("tls_certificate_unreadable", certificate, error))?;
        if chain.is_empty() {
            let nothing = rustls::pki_types::pem::Error::NoItemsFound;
            return Err(unreadable(
                "tls_certificate_unreadable",
                certificate,
                nothing,
            ));
        }
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unreadable("tls_key_unreadable", key, error))?;
        Ok(Self { chain, key })
    }

    /// TLS 1.3 only, offering HTTP/2 and HTTP/1.1 by ALPN, without asking clients for a certificate.
    ///
    /// # Errors
    /// `tls_key_mismatch` when the key is not the certificate's or not of a usable kind.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>> {
        self.server_config_with(&Clients::None)
    }

    /// The same, asking clients for a certificate as `clients` says.
    ///
    /// # Errors
    /// `tls_key_mismatch`; `client_ca_unreadable` when there is nothing to check certificates against.
    pub fn server_config_with(&self, clients: &Clients) -> Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| Error::internal("setting up TLS 1.3").with_source(error))?
            .with_client_cert_verifier(clients.verifier()?)
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| {
                Error::invalid(
                    "tls_key_mismatch",
                    "the TLS private key does not belong to the certificate; check both files",
                )
                .with_source(error)
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// SHA-256 of the certificate as browsers show it: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        let certificate = self.chain.first().map_or(&[][..], |leaf| leaf.as_ref());
        fingerprint_of(certificate)
    }

    /// The certificate chain, leaf first (DER).
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }
}

/// SHA-256 of a certificate (DER) as browsers show it: `AB:CD:…`.
fn fingerprint_of(certificate: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        let separator = if text.is_empty() { "" } else { ":" };
        // Writing to a `String` does not fail.
        let _ = write!(text, "{separator}{byte:02X}");
    }
    text
}

fn unreadable(code: &'static str, path: &Path, error: rustls::pki_types::pem::Error) -> Error {
    let message = format!(
        "{} does not read as PEM ({error}); check the path and the file",
        path.display()
    );
    Error::invalid(code, message).with_source(error)
}
