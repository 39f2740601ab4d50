//! The envelope: DSSE v1 (<https://github.com/secure-systems-lab/dsse>), and its armour for mail.

use std::borrow::Cow;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use serde::{Deserialize, Serialize};

use crate::{Refusal, json};

/// Bytes of the largest envelope that is read, armour included.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// More signatures than a licence can have a use for.
const SIGNATURES_MAX: usize = 8;
const TYPE_START: &str = "application/vnd.guildhall.";
const TYPE_END: &str = ".v1+json";

/// Base 64 as DSSE wants it read: the standard alphabet, padding optional, no stray bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A payload and who vouches for it. Nothing in it is to be believed before [`crate::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// One signature over [`pae`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// [`crate::PublicKey::id`] of the key.
    pub key_id: String,
    /// 64 bytes for Ed25519, the modulus' length for RSA.
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireEnvelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// An envelope around `payload` of `kind` (such as `lease`).
    pub fn new(kind: &str, payload: Vec<u8>, signatures: Vec<Signature>) -> Self {
        Self {
            payload_type: payload_type(kind),
            payload,
            signatures,
        }
    }

    /// Reads an envelope, armoured or bare, of at most [`ENVELOPE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// `artefact_too_large`, `artefact_malformed` and the other refusals of strict JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let bytes = unarmour(bytes)?;
        let wire: WireEnvelope = json::read("envelope", &bytes)?;
        if wire.signatures.is_empty() || wire.signatures.len() > SIGNATURES_MAX {
            return Err(malformed("it carries no signature, or more than eight"));
        }
        let signatures = wire.signatures.into_iter().map(|signature| {
            Ok(Signature {
                key_id: signature.keyid,
                bytes: decode(&signature.sig)?,
            })
        });
        Ok(Self {
            signatures: signatures.collect::<Result<_, Refusal>>()?,
            payload: decode(&wire.payload)?,
            payload_type: wire.payload_type,
        })
    }

    /// The bare JSON form, which every reader takes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|signature| WireSignature {
            keyid: signature.key_id.clone(),
            sig: STANDARD.encode(&signature.bytes),
        });
        let wire = WireEnvelope {
            payload_type: self.payload_type.clone(),
            payload: STANDARD.encode(&self.payload),
            signatures: signatures.collect(),
        };
        // Strings and lists always serialise.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// What kind of artefact it says it is: the middle of `application/vnd.guildhall.<kind>.v1+json`.
    pub fn kind(&self) -> Option<&str> {
        self.payload_type
            .strip_prefix(TYPE_START)?
            .strip_suffix(TYPE_END)
    }

    /// The signed bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Who vouches for it.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature; one of the same key is replaced.
    pub fn add(&mut self, signature: Signature) {
        self.signatures
            .retain(|present| present.key_id != signature.key_id);
        self.signatures.push(signature);
    }

    /// What is signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.payload)
    }
}

/// `application/vnd.guildhall.<kind>.v1+json`.
pub(crate) fn payload_type(kind: &str) -> String {
    format!("{TYPE_START}{kind}{TYPE_END}")
}

/// DSSE's pre-authentication encoding: type and payload with their lengths.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut encoded = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    encoded.extend_from_slice(payload);
    encoded
}

/// The envelope as text for mail: `-----BEGIN GUILDHALL LICENSE-----`, base 64 of its bytes in lines of 64, and the end line.
pub fn armour(envelope: &Envelope) -> String {
    let label = envelope
        .kind()
        .unwrap_or("artefact")
        .replace('-', " ")
        .to_uppercase();
    let body = STANDARD.encode(envelope.to_bytes());
    let mut text = format!("-----BEGIN GUILDHALL {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str(&format!("-----END GUILDHALL {label}-----\n"));
    text
}

/// The bytes inside the armour, or what was given where there is none. Mail may have added white space anywhere.
///
/// # Errors
/// `artefact_too_large`, or `artefact_malformed` where the armour is broken.
pub fn unarmour(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    if bytes.len() > ENVELOPE_BYTES_MAX {
        let message = format!(
            "the file is larger than the {ENVELOPE_BYTES_MAX} bytes that an artefact may have; choose the file that the vendor sent"
        );
        return Err(Refusal::new("artefact_too_large", message));
    }
    let trimmed = bytes.trim_ascii();
    if !trimmed.starts_with(b"-----BEGIN") {
        return Ok(Cow::Borrowed(trimmed));
    }
    let text = std::str::from_utf8(trimmed).map_err(|_| malformed("its armour is not text"))?;
    let body = text
        .strip_prefix("-----BEGIN GUILDHALL ")
        .and_then(|rest| rest.split_once("-----"))
        .and_then(|(label, rest)| {
            let (body, end) = rest.split_once("-----END GUILDHALL ")?;
            (end.strip_suffix("-----")? == label).then_some(body)
        })
        .ok_or_else(|| malformed("its first and last lines do not fit together"))?;
    let compact: String = body.split_whitespace().collect();
    decode(&compact).map(Cow::Owned)
}

/// The armoured artefacts that lie one behind the other in a file, such as a node's usage reports; a file that is not armour is
/// one artefact.
pub fn armoured_parts(bytes: &[u8]) -> Vec<&[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN GUILDHALL ";
    let is_begin = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(BEGIN));
    let begins: Vec<usize> = (0..bytes.len()).filter(is_begin).collect();
    if begins.len() < 2 {
        return vec![bytes];
    }
    let ends = begins.iter().skip(1).copied().chain([bytes.len()]);
    let parts = begins.iter().zip(ends);
    parts
        .filter_map(|(begin, end)| bytes.get(*begin..end))
        .collect()
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64
        .decode(text)
        .map_err(|_| malformed("a part of it is not base 64"))
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(
        "artefact_malformed",
        format!("the envelope cannot be read: {why}; ask for the file again"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn encoding_is_that_of_the_specification() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            encoded,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn armour_survives_mail() {
        let signature = Signature {
            key_id: "k".to_owned(),
            bytes: vec![7; 64],
        };
        let envelope = Envelope::new("usage-report", b"{}".to_vec(), vec![signature]);
        let text = armour(&envelope);
        assert!(text.starts_with("-----BEGIN GUILDHALL USAGE REPORT-----\n"));
        let mangled = format!("\r\n  {}", text.replace('\n', "\r\n \t"));
        assert_eq!(Envelope::read(mangled.as_bytes()).unwrap(), envelope);
        assert_eq!(Envelope::read(&envelope.to_bytes()).unwrap(), envelope);
        let wrong_end = text.replace("END GUILDHALL USAGE", "END GUILDHALL LICENSE");
        assert!(Envelope::read(wrong_end.as_bytes()).is_err());
    }
}
