//! The HTTP-Redirect binding (SAML bindings, section 3.4): messages in addresses, deflated, signed over
//! the query string exactly as it was sent.

use form_urlencoded::byte_serialize;
use guildhall_kernel::Timestamp;
use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};

use crate::{
    algorithm::RSA_SHA256,
    certificate::Certificate,
    encoding::{base64_decode, base64_encode},
    key::SpKey,
    refusal::{Refusal, Result},
    signature::check_bytes,
};

/// Largest message in an address, in bytes of XML.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Longest query string that is looked at.
const QUERY_BYTES_MAX: usize = 32 * 1024;
const COMPRESSION: u8 = 6;

/// Whether a message asks or answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Direction {
    /// The parameter that carries the message.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// The address that brings a message to `endpoint`, signed with RSA-SHA256 when there is a key.
///
/// # Errors
/// `saml_key_unusable`.
pub fn redirect_url(
    endpoint: &str,
    (direction, xml): (Direction, &str),
    relay_state: Option<&str>,
    key: Option<&SpKey>,
) -> Result<String> {
    let message = base64_encode(&compress_to_vec(xml.as_bytes(), COMPRESSION));
    let mut query = format!("{}={}", direction.parameter(), encoded(&message));
    if let Some(state) = relay_state {
        query.push_str("&RelayState=");
        query.push_str(&encoded(state));
    }
    if let Some(key) = key {
        query.push_str("&SigAlg=");
        query.push_str(&encoded(RSA_SHA256));
        let value = base64_encode(&key.sign(query.as_bytes())?);
        query.push_str("&Signature=");
        query.push_str(&encoded(&value));
    }
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    Ok(format!("{endpoint}{joint}{query}"))
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// A message that came in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectMessage {
    /// Whether it asks or answers.
    pub direction: Direction,
    /// The message.
    pub xml: String,
    /// What the sender wants back.
    pub relay_state: Option<String>,
    signature: Option<QuerySignature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct QuerySignature {
    method: String,
    value: Vec<u8>,
    /// The part of the query string that is signed, as sent.
    octets: String,
}

impl RedirectMessage {
    /// Reads a query string.
    ///
    /// # Errors
    /// `saml_not_a_message`, `saml_too_large`, `saml_not_base64`.
    pub fn read(query: &str) -> Result<Self> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(too_large());
        }
        let raw = |name: &str| raw_parameter(query, name);
        let (direction, message) = match (raw("SAMLRequest")?, raw("SAMLResponse")?) {
            (Some(message), None) => (Direction::Request, message),
            (None, Some(message)) => (Direction::Response, message),
            _ => return Err(not_a_message()),
        };
        let state = raw("RelayState")?;
        let signature = match (raw("SigAlg")?, raw("Signature")?) {
            (Some(method), Some(value)) => {
                let mut octets = format!("{}={message}", direction.parameter());
                if let Some(state) = state {
                    octets.push_str("&RelayState=");
                    octets.push_str(state);
                }
                octets.push_str("&SigAlg=");
                octets.push_str(method);
                Some(QuerySignature {
                    method: decoded(method),
                    value: base64_decode(&decoded(value))?,
                    octets,
                })
            }
            (None, None) => None,
            _ => return Err(not_a_message()),
        };
        Ok(Self {
            direction,
            xml: inflate(&base64_decode(&decoded(message))?)?,
            relay_state: state.map(decoded),
            signature,
        })
    }

    /// Whether it is signed by one of the certificates; `false` when it carries no signature.
    ///
    /// # Errors
    /// `saml_weak_algorithm`, `saml_signature_wrong`, `saml_certificate_expired`.
    pub fn is_signed(&self, certificates: &[Certificate], now: Timestamp) -> Result<bool> {
        let Some(signature) = &self.signature else {
            return Ok(false);
        };
        let octets = signature.octets.as_bytes();
        check_bytes(
            &signature.method,
            octets,
            &signature.value,
            (certificates, now),
        )?;
        Ok(true)
    }
}

/// The value of a parameter as sent; one that comes twice is refused, since it could be read two ways.
fn raw_parameter<'a>(query: &'a str, name: &str) -> Result<Option<&'a str>> {
    let mut found = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = found.next();
    if found.next().is_some() {
        return Err(not_a_message());
    }
    Ok(first)
}

fn decoded(value: &str) -> String {
    let pair = format!("v={value}");
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

fn inflate(deflated: &[u8]) -> Result<String> {
    let bytes =
        decompress_to_vec_with_limit(deflated, MESSAGE_BYTES_MAX).map_err(|_| not_a_message())?;
    String::from_utf8(bytes).map_err(|_| not_a_message())
}

fn not_a_message() -> Refusal {
    Refusal::new(
        "saml_not_a_message",
        "the address holds no SAML message; the identity provider must send one by the HTTP-Redirect binding",
    )
}

fn too_large() -> Refusal {
    let message = format!("the address is longer than {} KiB", QUERY_BYTES_MAX / 1024);
    Refusal::new("saml_too_large", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_goes_out_comes_back() {
        let url = redirect_url(
            "https://idp.example/sso?tenant=1",
            (Direction::Request, "<a>ü</a>"),
            Some("state & more"),
            None,
        )
        .unwrap();
        let (_, query) = url.split_once("?tenant=1&").unwrap();
        let read = RedirectMessage::read(query).unwrap();
        assert_eq!(read.xml, "<a>ü</a>");
        assert_eq!(read.relay_state.as_deref(), Some("state & more"));
        assert_eq!(read.direction, Direction::Request);
        assert!(!read.is_signed(&[], Timestamp::from_millis(0)).unwrap());
    }

    #[test]
    fn what_swells_or_comes_twice_is_refused() {
        let swelling = base64_encode(&compress_to_vec(
            &vec![b'a'; MESSAGE_BYTES_MAX + 1],
            COMPRESSION,
        ));
        let query = format!("SAMLRequest={}", encoded(&swelling));
        for query in [
            query.as_str(),
            "SAMLRequest=a&SAMLRequest=b",
            "SAMLRequest=a&SAMLResponse=b",
            "x=1",
        ] {
            assert_eq!(
                RedirectMessage::read(query).unwrap_err().code(),
                "saml_not_a_message"
            );
        }
    }
}
