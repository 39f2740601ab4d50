//! The certificate a server makes for itself.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use guildhall_kernel::{Clock, Error, Result, Timestamp};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::Identity;

/// The longest life that Apple's clients accept of a certificate an operator trusts by hand.
const LIFE_DAYS: i64 = 825;
const RENEW_BEFORE_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 24 * 60 * 60;

pub(super) fn load_or_make(
    directory: &Path,
    more_names: &[String],
    clock: &dyn Clock,
) -> Result<Identity> {
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let names = names(more_names);
    if let Ok(identity) = Identity::from_pem_files(&certificate, &key)
        && is_good(
            &identity,
            &names,
            clock.now().plus_seconds(RENEW_BEFORE_DAYS * DAY_SECONDS),
        )
    {
        return Ok(identity);
    }
    let (certificate_pem, key_pem) = make(&names, clock.now())?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    replace(&key, &key_pem)?;
    replace(&certificate, &certificate_pem)?;
    tracing::info!(path = %certificate.display(), ?names, "made a TLS certificate");
    Identity::from_pem_files(&certificate, &key)
}

fn names(more: &[String]) -> Vec<String> {
    let machine = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let more = more.iter().cloned().chain([machine]);
    for name in more.filter(|name| ServerName::try_from(name.as_str()).is_ok()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Whether the certificate is for all `names` and still valid at `moment`. It vouches for itself,
/// so it is its own trust anchor here.
fn is_good(identity: &Identity, names: &[String], moment: Timestamp) -> bool {
    let Some(leaf) = identity.chain.first() else {
        return false;
    };
    let valid_then = verify_at(leaf, moment).is_ok();
    let for_all_names = EndEntityCert::try_from(leaf).is_ok_and(|certificate| {
        names.iter().all(|name| {
            ServerName::try_from(name.as_str())
                .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
        })
    });
    valid_then && for_all_names
}

fn verify_at(leaf: &CertificateDer<'_>, moment: Timestamp) -> Result<(), webpki::Error> {
    let anchors = [anchor_from_trusted_cert(leaf)?];
    let millis = u64::try_from(moment.as_millis()).unwrap_or_default();
    EndEntityCert::try_from(leaf)?
        .verify_for_usage(
            &[webpki::ring::ECDSA_P256_SHA256],
            &anchors,
            &[],
            UnixTime::since_unix_epoch(Duration::from_millis(millis)),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map(|_| ())
}

/// Makes certificate and key as PEM text.
fn make(names: &[String], now: Timestamp) -> Result<(String, String)> {
    let fail = |error: rcgen::Error| {
        Error::internal(format!("making a TLS certificate for {}", names.join(", ")))
            .with_source(error)
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(fail)?;
    let mut parameters = CertificateParams::new(names).map_err(fail)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, "Guildhall (made by this machine)");
    // A day of slack for clients whose clock is behind.
    parameters.not_before = moment(now.plus_seconds(-DAY_SECONDS))?;
    parameters.not_after = moment(now.plus_seconds((LIFE_DAYS - 1) * DAY_SECONDS))?;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.self_signed(&key).map_err(fail)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn moment(timestamp: Timestamp) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(timestamp.as_millis() / 1000)
        .map_err(|error| Error::internal("the clock's time is out of range").with_source(error))
}

/// Writes a file that only its owner reads, whole or not at all.
fn replace(path: &Path, text: &str) -> Result<()> {
    let fresh = path.with_extension("new");
    if let Err(error) = fs::remove_file(&fresh)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error.into());
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
