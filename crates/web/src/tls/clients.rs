//! Certificates that clients prove themselves with.

use std::{path::PathBuf, sync::Arc};

use guildhall_kernel::{Error, Result};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{fingerprint_of, unreadable};

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clients {
    /// They are not.
    #[default]
    None,
    /// They may show one; it must come from this authority (PEM file).
    Optional(PathBuf),
    /// Without one from this authority (PEM file) there is no connection.
    Required(PathBuf),
}

impl Clients {
    /// What checks certificates.
    pub(super) fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>> {
        let (path, is_required) = match self {
            Self::None => return Ok(WebPkiClientVerifier::no_client_auth()),
            Self::Optional(path) => (path, false),
            Self::Required(path) => (path, true),
        };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable("client_ca_unreadable", path, error))?;
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            let nothing = rustls::pki_types::pem::Error::NoItemsFound;
            return Err(unreadable("client_ca_unreadable", path, nothing));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if is_required {
            builder
        } else {
            builder.allow_unauthenticated()
        };
        builder
            .build()
            .map_err(|error| Error::internal("setting up client certificates").with_source(error))
    }
}

/// The certificate that the other end of the connection proved to hold: an extension of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate as browsers show it: `AB:CD:…`.
    pub fingerprint: String,
}

impl ClientCertificate {
    /// The leaf of a verified chain.
    pub(crate) fn of(chain: Option<&[CertificateDer<'_>]>) -> Option<Self> {
        let leaf = chain?.first()?;
        Some(Self {
            fingerprint: fingerprint_of(leaf.as_ref()),
        })
    }
}
