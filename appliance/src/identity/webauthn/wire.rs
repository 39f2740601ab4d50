//! What browsers send: `PublicKeyCredential.toJSON()` (WebAuthn 5.1.8) and the client data (5.8.1). Fields
//! that are not needed are not looked at: the format is not ours to close.

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;

use super::{CREDENTIAL_ID_BYTES_MAX, Checked, Refusal, cose};

const TRANSPORTS_MAX: usize = 8;
const TRANSPORT_CHARACTERS_MAX: usize = 20;

const BROKEN: Refusal = Refusal("the browser's answer does not read");

/// The answer to a registration.
pub(super) struct Registration {
    pub(super) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) transports: Vec<String>,
}

/// The answer to a login.
pub(super) struct Assertion {
    pub(super) id: Vec<u8>,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
}

/// What the browser says it did, where.
#[derive(Deserialize)]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) challenge: String,
    pub(super) origin: String,
    #[serde(rename = "crossOrigin", default)]
    pub(super) cross_origin: bool,
}

#[derive(Deserialize)]
struct Credential<R> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    response: R,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    #[serde(default)]
    transports: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

impl ClientData {
    pub(super) fn read(bytes: &[u8]) -> Checked<Self> {
        serde_json::from_slice(bytes).map_err(|_| BROKEN)
    }
}

impl Registration {
    pub(super) fn read(credential: &Value) -> Checked<Self> {
        let (id, response) = credential_of::<AttestationResponse>(credential)?;
        let transports = response
            .transports
            .into_iter()
            .filter(|name| is_transport(name));
        Ok(Self {
            id,
            client_data: decoded(&response.client_data)?,
            authenticator_data: attested(&decoded(&response.attestation_object)?)?,
            transports: transports.take(TRANSPORTS_MAX).collect(),
        })
    }
}

impl Assertion {
    pub(super) fn read(credential: &Value) -> Checked<Self> {
        let (id, response) = credential_of::<AssertionResponse>(credential)?;
        let user_handle = response.user_handle.as_deref().map(decoded).transpose()?;
        Ok(Self {
            id,
            client_data: decoded(&response.client_data)?,
            authenticator_data: decoded(&response.authenticator_data)?,
            signature: decoded(&response.signature)?,
            user_handle,
        })
    }
}

fn credential_of<R: for<'de> Deserialize<'de>>(credential: &Value) -> Checked<(Vec<u8>, R)> {
    let credential = Credential::<R>::deserialize(credential).map_err(|_| BROKEN)?;
    if credential.kind != "public-key" {
        return Err(BROKEN);
    }
    let id = decoded(&credential.id)?;
    if id.is_empty() || id.len() > CREDENTIAL_ID_BYTES_MAX {
        return Err(BROKEN);
    }
    Ok((id, credential.response))
}

/// The authenticator data of an attestation object (6.5.4), whatever its statement says.
fn attested(object: &[u8]) -> Checked<Vec<u8>> {
    let mut rest = object;
    let Cbor::Map(map) = cose::item(&mut rest)? else {
        return Err(BROKEN);
    };
    let data = map
        .iter()
        .find(|(key, _)| key.as_text() == Some("authData"))
        .and_then(|(_, value)| value.as_bytes());
    data.filter(|_| rest.is_empty()).cloned().ok_or(BROKEN)
}

fn decoded(text: &str) -> Checked<Vec<u8>> {
    let plain = text.trim_end_matches('=').as_bytes();
    BASE64URL_NOPAD.decode(plain).map_err(|_| BROKEN)
}

fn is_transport(name: &str) -> bool {
    name.len() <= TRANSPORT_CHARACTERS_MAX
        && name
            .bytes()
            .all(|letter| letter.is_ascii_lowercase() || letter == b'-')
}
