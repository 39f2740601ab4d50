//! Access tokens (RFC 9068): written and read here, and nothing else ever is. The algorithm is the one that this
//! module signs with; what a token says about it is compared and never followed.

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signature;
use guildhall_kernel::{Error, OauthClientId, OauthGrantId, OrgId, PersonId, Result, Timestamp};
use serde::{Deserialize, Serialize};

use super::signing::TokenKeys;

/// The longest token that is looked at.
const CHARACTERS_MAX: usize = 8192;

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
    kid: String,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: PersonId,
    pub(super) aud: Vec<String>,
    pub(super) client_id: OauthClientId,
    pub(super) scope: String,
    /// Seconds since 1970 (RFC 7519, 2).
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    /// The organisation that it acts in.
    pub(super) organisation: OrgId,
    /// What it came of: gone, and the token ends with it.
    pub(super) grant: OauthGrantId,
}

/// Writes and signs a token.
///
/// # Errors
/// None in practice.
pub(super) fn write(keys: &TokenKeys, claims: &Claims) -> Result<String> {
    let payload = BASE64URL_NOPAD.encode(&serde_json::to_vec(claims)?);
    let signed = keys.sign(|kid| {
        // Written by hand, in this order: ids of keys are hexadecimal.
        let header = format!("{{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"{kid}\"}}");
        format!("{}.{payload}", BASE64URL_NOPAD.encode(header.as_bytes()))
    });
    let (message, signature) = signed.ok_or_else(|| Error::internal("no key signs tokens"))?;
    Ok(format!(
        "{message}.{}",
        BASE64URL_NOPAD.encode(&signature.to_bytes())
    ))
}

/// Reads a token of this node for one of its resources; nothing for anything that is not one, or has ended.
pub(super) fn read(keys: &TokenKeys, token: &str, issuer: &str, now: Timestamp) -> Option<Claims> {
    if token.len() > CHARACTERS_MAX {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: Header = decode(header)?;
    if header.alg != "EdDSA" || !header.typ.eq_ignore_ascii_case("at+jwt") {
        return None;
    }
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
    let signature = Signature::from_slice(&signature).ok()?;
    if !keys.verify((&header.kid, now), message.as_bytes(), &signature) {
        return None;
    }
    let claims: Claims = decode(payload)?;
    let seconds = now.as_millis().div_euclid(1000);
    let is_here = claims.aud.iter().any(|aud| is_of_node(aud, issuer));
    (claims.iss == issuer && is_here && claims.exp > seconds).then_some(claims)
}

/// Whether a resource (RFC 8707) is this node or something on it.
pub(super) fn is_of_node(resource: &str, issuer: &str) -> bool {
    resource
        .strip_prefix(issuer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use guildhall_kernel::SystemClock;

    use super::*;
    use crate::keys::Keys;

    const ISSUER: &str = "https://node.example:8443";
    const NOW: Timestamp = Timestamp::from_millis(1_767_571_200_000);

    fn claims() -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            sub: PersonId::new(&SystemClock),
            aud: vec![format!("{ISSUER}/mcp")],
            client_id: OauthClientId::new(&SystemClock),
            scope: "chat".to_owned(),
            iat: 1_767_571_200,
            exp: 1_767_571_200 + 3600,
            jti: "a".to_owned(),
            organisation: OrgId::new(&SystemClock),
            grant: OauthGrantId::new(&SystemClock),
        }
    }

    fn node() -> (tempfile::TempDir, Keys, TokenKeys) {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::open(directory.path()).unwrap();
        let tokens = TokenKeys::new(&keys, &[]).unwrap();
        (directory, keys, tokens)
    }

    #[test]
    fn what_was_written_reads_until_its_end() {
        let (_directory, _, keys) = node();
        let claims = claims();
        let token = write(&keys, &claims).unwrap();
        assert_eq!(read(&keys, &token, ISSUER, NOW).unwrap(), claims);
        assert!(read(&keys, &token, ISSUER, NOW.plus_seconds(3600)).is_none());
        assert!(read(&keys, &token, "https://other.example", NOW).is_none());
    }

    #[test]
    fn a_token_that_was_touched_does_not_read() {
        let (_directory, _, keys) = node();
        let token = write(&keys, &claims()).unwrap();
        let mut parts: Vec<&str> = token.split('.').collect();
        let header = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let none = header(r#"{"typ":"at+jwt","alg":"none","kid":""}"#);
        let hmac = header(r#"{"typ":"at+jwt","alg":"HS256","kid":""}"#);
        for alg in [&none, &hmac] {
            parts[0] = alg;
            assert!(read(&keys, &parts.join("."), ISSUER, NOW).is_none());
            assert!(read(&keys, &format!("{}.{}.", parts[0], parts[1]), ISSUER, NOW).is_none());
        }
        for wrong in [
            "",
            ".",
            "..",
            "a.b.c",
            &token[..token.len() - 2],
            &format!("{token}x"),
        ] {
            assert!(read(&keys, wrong, ISSUER, NOW).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_for_something_else_does_not_read() {
        let (_directory, _, keys) = node();
        for aud in [
            "https://node.example:84430",
            "https://node.example:8443.evil.example/",
            "",
        ] {
            let claims = Claims {
                aud: vec![aud.to_owned()],
                ..claims()
            };
            let token = write(&keys, &claims).unwrap();
            assert!(read(&keys, &token, ISSUER, NOW).is_none(), "{aud}");
        }
    }

    #[test]
    fn a_key_that_was_changed_verifies_for_an_hour() {
        let (_directory, node_keys, keys) = node();
        let mut claims = claims();
        claims.exp += 7200;
        let token = write(&keys, &claims).unwrap();
        keys.renew(&node_keys, &[NOW]).unwrap();
        assert!(read(&keys, &token, ISSUER, NOW.plus_seconds(3599)).is_some());
        assert!(read(&keys, &token, ISSUER, NOW.plus_seconds(3601)).is_none());
        let newer = write(&keys, &claims).unwrap();
        assert!(read(&keys, &newer, ISSUER, NOW.plus_seconds(3601)).is_some());
        assert_eq!(
            serde_json::to_value(keys.public(NOW)).unwrap()["keys"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
    }
}
