//! A WebAuthn relying party (W3C, Web Authentication Level 3): options for the browser, and what its answers
//! must prove. Pure: no storage, no clock.
//!
//! Invariants: the caller's nonce, origin and relying party are each compared with what was signed; a key
//! of any other algorithm than ES256, EdDSA and RS256 is refused; a counter that does not grow is refused.
//! Deliberately absent: attestation (none is asked for, and a statement that comes all the same is not
//! looked at: which make an authenticator is says nothing here), extensions, cross-origin use.

mod authenticator;
mod cose;
mod wire;

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use self::{
    authenticator::AuthenticatorData,
    wire::{Assertion, ClientData, Registration},
};

/// Milliseconds that a browser waits for the person.
const TIMEOUT_MS: u32 = 300_000;
/// WebAuthn 5.8.3: ids have at most 1023 bytes.
pub(super) const CREDENTIAL_ID_BYTES_MAX: usize = 1023;

/// Why an answer is refused: for the log, and for the person who registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) &'static str);

type Checked<T> = Result<T, Refusal>;

/// What an answer must belong to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) nonce: &'a [u8],
    pub(super) origin: &'a str,
    pub(super) rp_id: &'a str,
    /// Whether the authenticator must have asked for a PIN, a finger or a face.
    pub(super) user_verification: bool,
}

/// A passkey that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewPasskey {
    pub(super) credential_id: Vec<u8>,
    /// The COSE key.
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) backup_eligible: bool,
    /// How browsers reach it, such as `internal` or `usb`.
    pub(super) transports: Vec<String>,
}

/// What of a stored passkey an answer is checked against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) public_key: &'a [u8],
    pub(super) sign_count: u32,
    pub(super) backup_eligible: bool,
    /// What was given as the user's handle at registration.
    pub(super) user_handle: &'a [u8],
}

/// Who a passkey is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct User<'a> {
    pub(super) handle: &'a [u8],
    pub(super) name: &'a str,
    pub(super) display_name: &'a str,
}

/// A passkey to offer or to leave out: its id and its transports.
pub(super) type Described = (Vec<u8>, Vec<String>);

/// `PublicKeyCredentialCreationOptionsJSON`.
pub(super) fn creation_options(
    (rp_id, rp_name): (&str, &str),
    user: User<'_>,
    nonce: &[u8],
    registered: &[Described],
) -> Value {
    let algorithms: Vec<Value> = cose::ALGORITHMS
        .iter()
        .map(|algorithm| json!({ "type": "public-key", "alg": algorithm }))
        .collect();
    json!({
        "rp": { "id": rp_id, "name": rp_name },
        "user": {
            "id": BASE64URL_NOPAD.encode(user.handle),
            "name": user.name,
            "displayName": user.display_name,
        },
        "challenge": BASE64URL_NOPAD.encode(nonce),
        "pubKeyCredParams": algorithms,
        "timeout": TIMEOUT_MS,
        "excludeCredentials": descriptors(registered),
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": false,
            "userVerification": "preferred",
        },
        "attestation": "none",
    })
}

/// `PublicKeyCredentialRequestOptionsJSON`; without passkeys to choose from, the authenticator offers what
/// it holds for this node.
pub(super) fn request_options(
    rp_id: &str,
    nonce: &[u8],
    registered: &[Described],
    user_verification: &str,
) -> Value {
    json!({
        "challenge": BASE64URL_NOPAD.encode(nonce),
        "timeout": TIMEOUT_MS,
        "rpId": rp_id,
        "allowCredentials": descriptors(registered),
        "userVerification": user_verification,
    })
}

fn descriptors(passkeys: &[Described]) -> Vec<Value> {
    let described = passkeys.iter().map(|(id, transports)| {
        json!({ "type": "public-key", "id": BASE64URL_NOPAD.encode(id), "transports": transports })
    });
    described.collect()
}

/// Checks the answer to [`creation_options`] (7.1).
pub(super) fn register(credential: &Value, expected: Expected<'_>) -> Checked<NewPasskey> {
    let answer = Registration::read(credential)?;
    check_client(&answer.client_data, "webauthn.create", expected)?;
    let data = AuthenticatorData::read(&answer.authenticator_data)?;
    check_authenticator(&data, expected)?;
    let backup_eligible = data.is_backup_eligible();
    let made = data
        .attested
        .ok_or(Refusal("the authenticator made no passkey"))?;
    if answer.id != made.credential_id {
        return Err(Refusal("the passkey's id is not the one that was made"));
    }
    cose::check(&made.public_key)?;
    Ok(NewPasskey {
        credential_id: made.credential_id,
        public_key: made.public_key,
        sign_count: data.sign_count,
        backup_eligible,
        transports: answer.transports,
    })
}

/// The id of the passkey that an answer to [`request_options`] comes from.
pub(super) fn credential_id(credential: &Value) -> Checked<Vec<u8>> {
    Ok(Assertion::read(credential)?.id)
}

/// Checks the answer to [`request_options`] (7.2); gives the counter to remember.
pub(super) fn verify(credential: &Value, expected: Expected<'_>, known: Known<'_>) -> Checked<u32> {
    let answer = Assertion::read(credential)?;
    let is_theirs = answer
        .user_handle
        .as_ref()
        .is_none_or(|handle| handle.is_empty() || handle == known.user_handle);
    if !is_theirs {
        return Err(Refusal("the passkey names another person"));
    }
    check_client(&answer.client_data, "webauthn.get", expected)?;
    let data = AuthenticatorData::read(&answer.authenticator_data)?;
    check_authenticator(&data, expected)?;
    if data.is_backup_eligible() != known.backup_eligible {
        return Err(Refusal(
            "the passkey says something else of its backups than before",
        ));
    }
    let client_hash = digest(&SHA256, &answer.client_data);
    let signed = [&answer.authenticator_data[..], client_hash.as_ref()].concat();
    cose::verify(known.public_key, &signed, &answer.signature)?;
    let counts = data.sign_count != 0 || known.sign_count != 0;
    if counts && data.sign_count <= known.sign_count {
        return Err(Refusal(
            "the passkey's counter went back: it may have been copied",
        ));
    }
    Ok(data.sign_count)
}

fn check_client(bytes: &[u8], kind: &str, expected: Expected<'_>) -> Checked<()> {
    let client = ClientData::read(bytes)?;
    if client.kind != kind {
        return Err(Refusal("the answer is for another step"));
    }
    if client.challenge != BASE64URL_NOPAD.encode(expected.nonce) {
        return Err(Refusal("the answer is to another challenge"));
    }
    if client.origin != expected.origin {
        return Err(Refusal("the answer comes from another address"));
    }
    if client.cross_origin {
        return Err(Refusal("the answer comes from a page inside another site"));
    }
    Ok(())
}

fn check_authenticator(data: &AuthenticatorData, expected: Expected<'_>) -> Checked<()> {
    if data.rp_id_hash != digest(&SHA256, expected.rp_id.as_bytes()).as_ref() {
        return Err(Refusal("the passkey belongs to another address"));
    }
    if !data.is_user_present() {
        return Err(Refusal("nobody touched the authenticator"));
    }
    if expected.user_verification && !data.is_user_verified() {
        return Err(Refusal("the authenticator did not check who you are"));
    }
    if data.is_backed_up() && !data.is_backup_eligible() {
        return Err(Refusal("the passkey is backed up without being able to be"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
