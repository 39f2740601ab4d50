//! Clients that prove themselves with a certificate.

use std::{fs, sync::Arc};

use axum::{Extension, Router, routing::get};
use guildhall_kernel::{Clock, FixedClock, SystemClock};
use guildhall_web::{
    server::ServerLimits,
    tls::{ClientCertificate, Clients, Identity},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    version::TLS13,
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::running::{PATIENCE, Running};

/// An authority and a certificate from it for a client.
struct Authority {
    pem: String,
    client: (CertificateDer<'static>, PrivateKeyDer<'static>),
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
            .distinguished_name
            .push(DnType::CommonName, "Authority of the test");
        let certificate = parameters.self_signed(&key).unwrap();
        let pem = certificate.pem();
        let issuer = Issuer::new(parameters, key);
        let client_key = KeyPair::generate().unwrap();
        let mut client = CertificateParams::new(Vec::new()).unwrap();
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = client.signed_by(&client_key, &issuer).unwrap();
        let client_key = PrivateKeyDer::try_from(client_key.serialize_der()).unwrap();
        Self {
            pem,
            client: (client.der().clone(), client_key),
        }
    }
}

struct Secure {
    running: Running,
    certificate: CertificateDer<'static>,
}

async fn start(
    clients: impl FnOnce(std::path::PathBuf) -> Clients,
    authority: &Authority,
) -> Secure {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clients.pem");
    fs::write(&path, &authority.pem).unwrap();
    let present = FixedClock::at_millis(SystemClock.now().as_millis());
    let identity = Identity::self_made(directory.path(), &[], &present).unwrap();
    let config = identity.server_config_with(&clients(path)).unwrap();
    let who = async |certificate: Option<Extension<ClientCertificate>>| {
        certificate.map_or("nobody".to_owned(), |Extension(found)| found.fingerprint)
    };
    let router = Router::new().route("/who", get(who));
    Secure {
        running: Running::start_with(router, ServerLimits::default(), Some(config)).await,
        certificate: identity.chain()[0].clone(),
    }
}

/// The body of the answer, or nothing when the server does not take the connection.
async fn ask(server: &Secure, shown: Option<&Authority>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(server.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        Some(authority) => {
            let (certificate, key) = &authority.client;
            let chain = vec![certificate.clone()];
            config
                .with_client_auth_cert(chain, key.clone_key())
                .unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let stream = server.running.connect().await;
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await.ok()?;
    let request = b"GET /who HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = String::new();
    // With TLS 1.3 a client learns of a refusal from the first read.
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .ok()?;
    answer.split("\r\n\r\n").nth(1).map(str::to_owned)
}

fn fingerprint(authority: &Authority) -> String {
    let digest = Sha256::digest(authority.client.0.as_ref());
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[tokio::test]
async fn an_optional_certificate_is_told_and_a_strange_one_refused() {
    let (known, strange) = (Authority::new(), Authority::new());
    let server = start(Clients::Optional, &known).await;
    assert_eq!(ask(&server, None).await.as_deref(), Some("nobody"));
    assert_eq!(ask(&server, Some(&known)).await, Some(fingerprint(&known)));
    assert_eq!(ask(&server, Some(&strange)).await, None);
}

#[tokio::test]
async fn a_required_certificate_is_required() {
    let (known, strange) = (Authority::new(), Authority::new());
    let server = start(Clients::Required, &known).await;
    assert_eq!(ask(&server, None).await, None);
    assert_eq!(ask(&server, Some(&strange)).await, None);
    assert_eq!(ask(&server, Some(&known)).await, Some(fingerprint(&known)));
}

#[tokio::test]
async fn nobody_is_asked_by_default_and_a_missing_authority_is_named() {
    let authority = Authority::new();
    let server = start(|_| Clients::None, &authority).await;
    assert_eq!(
        ask(&server, Some(&authority)).await.as_deref(),
        Some("nobody")
    );
    let directory = tempfile::tempdir().unwrap();
    let present = FixedClock::at_millis(SystemClock.now().as_millis());
    let identity = Identity::self_made(directory.path(), &[], &present).unwrap();
    let empty = directory.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    for path in [empty, directory.path().join("missing.pem")] {
        let refused = identity
            .server_config_with(&Clients::Required(path))
            .unwrap_err();
        assert_eq!(refused.code(), "client_ca_unreadable");
    }
}
