use base64::{Engine as _, engine::general_purpose::STANDARD};
use guildhall_kernel::Timestamp;

use crate::{
    ActivationRequest, Algorithm, Artefact, Envelope, Keyring, PublicKey, Refusal,
    dsse::payload_type, fingerprint, json, key::sha256_hex,
};

/// Something whose signatures were checked before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    /// What was signed.
    pub value: T,
    /// SHA-256 of the payload, in hexadecimal: how other artefacts name this one.
    pub sha256: String,
    /// Ids of the keys that signed: those whose signatures were checked and which may sign it.
    pub signers: Vec<String>,
}

/// Checks an artefact against the keyring and reads it. Signatures of keys that are not in the ring are passed over; one of a key that
/// is in it must be right. Enough distinct keys of the artefact's role must have signed.
///
/// # Errors
/// `artefact_wrong_type`, `artefact_wrong_key`, `artefact_bad_signature`, `artefact_threshold`, `artefact_key_period`,
/// `artefact_key_revoked`, `artefact_unknown_crit` and the refusals of [`Envelope::read`].
pub fn verify<T: Artefact>(bytes: &[u8], keyring: &Keyring) -> Result<Verified<T>, Refusal> {
    let envelope = Envelope::read(bytes)?;
    check_kind(&envelope, T::KIND)?;
    let role = T::ROLE.ok_or_else(|| wrong_key(T::KIND))?;
    let known = |id: &str| {
        let (key, public) = keyring.key(id)?;
        (key.role == role).then_some(public)
    };
    let signers = signers(&envelope, known)?;
    if signers.is_empty() {
        return Err(wrong_key(T::KIND));
    }
    let mut verified: Verified<T> = read_verified(&envelope, signers)?;
    let mut refusal = None;
    // A key that may no longer sign takes nothing from the signature of one that may.
    let (issued, sha256) = (verified.value.issued_at(), &verified.sha256);
    verified.signers.retain(|signer| {
        let checked = check_key_use(keyring, signer, (T::KIND, issued, sha256));
        checked.map_err(|error| refusal = Some(error)).is_ok()
    });
    let (signed, needed) = (verified.signers.len(), keyring.threshold(role));
    if signed >= needed {
        return Ok(verified);
    }
    Err(refusal.unwrap_or_else(|| {
        let message = format!(
            "the {} carries {signed} of the {needed} signatures that it needs; ask the vendor for one that is complete",
            T::KIND
        );
        Refusal::new("artefact_threshold", message)
    }))
}

/// Checks an artefact that a node signed with its install key.
///
/// # Errors
/// Those of [`verify`] but for what concerns the keyring.
pub fn verify_by_install_key<T: Artefact>(
    bytes: &[u8],
    install_public_key: &[u8],
) -> Result<Verified<T>, Refusal> {
    let envelope = Envelope::read(bytes)?;
    check_kind(&envelope, T::KIND)?;
    let key = PublicKey::read(Algorithm::Ed25519, install_public_key)?;
    let id = fingerprint(install_public_key);
    let signers = signers(&envelope, |signer| (signer == id).then_some(&key))?;
    if signers.is_empty() {
        return Err(wrong_key(T::KIND));
    }
    read_verified(&envelope, signers)
}

/// Checks an activation request with the key that it brings: it proves that whoever made it holds that key, no more.
///
/// # Errors
/// Those of [`verify_by_install_key`].
pub fn activation_request(bytes: &[u8]) -> Result<Verified<ActivationRequest>, Refusal> {
    /// The one thing that must be read before the signature can be checked.
    #[derive(serde::Deserialize)]
    struct Key {
        install_public_key: String,
    }
    let envelope = Envelope::read(bytes)?;
    check_kind(&envelope, ActivationRequest::KIND)?;
    let Key { install_public_key } = json::read(ActivationRequest::KIND, envelope.payload())?;
    let key = STANDARD
        .decode(install_public_key)
        .map_err(|_| wrong_key(ActivationRequest::KIND))?;
    verify_by_install_key(bytes, &key)
}

/// Ids of the distinct keys that signed, each checked. `known` gives the key of an id that counts here; others are passed over.
pub(crate) fn signers<'a>(
    envelope: &Envelope,
    known: impl Fn(&str) -> Option<&'a PublicKey>,
) -> Result<Vec<String>, Refusal> {
    let message = envelope.signed_bytes();
    let mut signers: Vec<String> = Vec::new();
    for signature in envelope.signatures() {
        let Some(key) = known(&signature.key_id) else {
            continue;
        };
        if !key.accepts(&message, &signature.bytes) {
            let message = format!(
                "the signature of key {} does not fit what was signed: the file was changed or is damaged; ask for it again",
                signature.key_id
            );
            return Err(Refusal::new("artefact_bad_signature", message));
        }
        if !signers.contains(&signature.key_id) {
            signers.push(signature.key_id.clone());
        }
    }
    Ok(signers)
}

pub(crate) fn check_kind(envelope: &Envelope, kind: &str) -> Result<(), Refusal> {
    if envelope.kind() == Some(kind) {
        return Ok(());
    }
    let found = envelope.kind().unwrap_or("something else");
    let message = format!("this is a {found} and a {kind} is wanted; choose the other file");
    Err(Refusal::new("artefact_wrong_type", message))
}

fn read_verified<T: Artefact>(
    envelope: &Envelope,
    signers: Vec<String>,
) -> Result<Verified<T>, Refusal> {
    debug_assert_eq!(
        envelope.kind().map(payload_type),
        Some(payload_type(T::KIND))
    );
    check_payload(T::KIND, T::FIELDS, envelope.payload())?;
    let value: T = json::parse(T::KIND, envelope.payload())?;
    Ok(Verified {
        value,
        sha256: sha256_hex(envelope.payload()),
        signers,
    })
}

/// A payload can be read in one way only, and what the vendor marks as not to be passed over is known here.
pub(crate) fn check_payload(kind: &str, known: &[&str], payload: &[u8]) -> Result<(), Refusal> {
    #[derive(serde::Deserialize)]
    struct Critical {
        crit: Vec<String>,
    }
    if !json::names_crit(kind, payload)? {
        return Ok(());
    }
    let Critical { crit } = json::parse(kind, payload)?;
    let Some(unknown) = crit.iter().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let message = format!(
        "the {kind} needs `{unknown}`, which this version does not know; upgrade, then import it again"
    );
    Err(Refusal::new("artefact_unknown_crit", message))
}

/// A key counts for what was issued in its time; a revoked one for what it is known to have signed.
fn check_key_use(
    keyring: &Keyring,
    signer: &str,
    (kind, issued, sha256): (&str, Timestamp, &String),
) -> Result<(), Refusal> {
    let Some((key, _)) = keyring.key(signer) else {
        return Ok(());
    };
    if key.revoked_after.is_some() && !key.genuine.contains(sha256) {
        let message = format!(
            "the {kind} is signed by a key that was revoked and is not among what that key really signed; ask the vendor for a new one"
        );
        return Err(Refusal::new("artefact_key_revoked", message));
    }
    if issued < key.not_before || issued > key.not_after {
        let message = format!(
            "the {kind} was issued outside the time in which its key may sign; ask the vendor for a new one"
        );
        return Err(Refusal::new("artefact_key_period", message));
    }
    Ok(())
}

fn wrong_key(kind: &str) -> Refusal {
    let message = format!(
        "the {kind} is not signed by a key that this installation trusts for it; import the newest keyring, or ask for the right file"
    );
    Refusal::new("artefact_wrong_key", message)
}
