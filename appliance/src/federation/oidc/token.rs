//! Tokens of an identity provider (OpenID Connect Core 1.0, 3.1.3.7; RFC 7515; RFC 7518). Four algorithms with public
//! keys are known and nothing else is: neither `none` nor one with a shared secret can be asked for.

use data_encoding::BASE64URL_NOPAD;
use guildhall_kernel::{Error, Result, Timestamp};
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the clocks of node and provider may be apart.
const SKEW_SECONDS: i64 = 300;
const TOKEN_CHARACTERS_MAX: usize = 64 * 1024;
const KEYS_MAX: usize = 100;
const SUBJECT_CHARACTERS_MAX: usize = 255;

/// The provider's keys (RFC 7517).
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Whether the key is of the kind that this algorithm takes, and not kept for another one.
    fn takes(self, key: &Key) -> bool {
        let curve = key.crv.as_deref();
        let is_kind = match self {
            Self::Rs256 | Self::Ps256 => key.kty == "RSA",
            Self::Es256 => key.kty == "EC" && curve == Some("P-256"),
            Self::EdDsa => key.kty == "OKP" && curve == Some("Ed25519"),
        };
        let is_for = key
            .alg
            .as_deref()
            .is_none_or(|name| Self::named(name) == Some(self));
        is_kind && is_for && key.usage.as_deref().is_none_or(|usage| usage == "sig")
    }

    fn verifies(self, key: &Key, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256, key, message, signature),
            Self::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256, key, message, signature),
            Self::Es256 => {
                let (Some(x), Some(y)) = (part(key.x.as_ref()), part(key.y.as_ref())) else {
                    return false;
                };
                // SEC 1, 2.3.3: an uncompressed point.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                fits(&ECDSA_P256_SHA256_FIXED, &point, message, signature)
            }
            Self::EdDsa => {
                part(key.x.as_ref()).is_some_and(|x| fits(&ED25519, &x, message, signature))
            }
        }
    }
}

fn fits(
    algorithm: &'static dyn signature::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

/// Keys below 2048 bits are refused by the parameters.
fn rsa(parameters: &'static RsaParameters, key: &Key, message: &[u8], signature: &[u8]) -> bool {
    let (Some(n), Some(e)) = (part(key.n.as_ref()), part(key.e.as_ref())) else {
        return false;
    };
    let key = RsaPublicKeyComponents {
        n: without_zeros(&n),
        e: without_zeros(&e),
    };
    key.verify(parameters, message, signature).is_ok()
}

/// Some providers write a leading zero, as in ASN.1.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn part(text: Option<&String>) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text?.as_bytes()).ok()
}

/// What a login expects of its token.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// The claims of a token that one of the provider's keys signed for this login.
///
/// # Errors
/// What is wrong with it, in words for an administrator.
pub(super) fn read(
    keys: &KeySet,
    token: &str,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>> {
    let claims = verify(keys, token)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn verify(keys: &KeySet, token: &str) -> Result<Map<String, Value>> {
    let unread = || Error::forbidden("token_unreadable", "the ID token is no signed JWT");
    if token.len() > TOKEN_CHARACTERS_MAX {
        return Err(Error::forbidden(
            "token_unreadable",
            "the ID token is longer than 64 kB",
        ));
    }
    let (message, signature) = token.rsplit_once('.').ok_or_else(unread)?;
    let (header, payload) = message.split_once('.').ok_or_else(unread)?;
    let header: Header = decode(header).ok_or_else(unread)?;
    let Some(algorithm) = Algorithm::named(&header.alg) else {
        let shown: String = header.alg.chars().take(20).collect();
        let detail = format!(
            "the ID token says it is signed with `{shown}`, but only RS256, PS256, ES256 and EdDSA are accepted; let the provider sign ID tokens for this client with RS256"
        );
        return Err(Error::forbidden("algorithm_refused", detail));
    };
    if header.crit.is_some() {
        let detail = "the ID token demands extensions that are not known here";
        return Err(Error::forbidden("token_unreadable", detail));
    }
    let signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .map_err(|_| unread())?;
    let named = |key: &&Key| header.kid.is_none() || key.kid == header.kid;
    let mut fitting = keys
        .keys
        .iter()
        .take(KEYS_MAX)
        .filter(named)
        .filter(|key| algorithm.takes(key))
        .peekable();
    if fitting.peek().is_none() {
        let kid = header.kid.as_deref().unwrap_or("without a name");
        let shown: String = kid.chars().take(80).collect();
        let detail = format!(
            "the provider publishes no key `{shown}` for {}; it may have changed its keys a moment ago, so try again",
            header.alg
        );
        return Err(Error::forbidden("key_unknown", detail));
    }
    if !fitting.any(|key| algorithm.verifies(key, message.as_bytes(), &signature)) {
        let detail = "the signature of the ID token does not fit the provider's key";
        return Err(Error::forbidden("signature_wrong", detail));
    }
    decode(payload).ok_or_else(unread)
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let refused = |code, detail: String| Err(Error::forbidden(code, detail));
    let issuer = text("iss").unwrap_or_default();
    if issuer != expected.issuer {
        let shown: String = issuer.chars().take(120).collect();
        return refused(
            "issuer_wrong",
            format!("the ID token is of `{shown}` and not of the provider"),
        );
    }
    check_audience(claims, expected.client_id)?;
    let now = expected.now.as_millis().div_euclid(1000);
    let seconds = |name: &str| claims.get(name).and_then(seconds_of);
    match seconds("exp") {
        Some(exp) if exp.saturating_add(SKEW_SECONDS) > now => {}
        Some(exp) => return refused("token_expired", apart("ended", now - exp)),
        None => return refused("token_unreadable", "the ID token says no end".to_owned()),
    }
    match seconds("iat") {
        Some(iat) if (now - iat).abs() <= SKEW_SECONDS => {}
        Some(iat) => return refused("clock_skew", apart("was made", now - iat)),
        None => {
            return refused(
                "token_unreadable",
                "the ID token does not say when it was made".to_owned(),
            );
        }
    }
    if seconds("nbf").is_some_and(|nbf| nbf.saturating_sub(SKEW_SECONDS) > now) {
        return refused("clock_skew", "the ID token is not good yet".to_owned());
    }
    if text("nonce") != Some(expected.nonce) {
        let detail = "the ID token is not the answer to this login: its nonce is another one";
        return refused("nonce_wrong", detail.to_owned());
    }
    let subject = text("sub").unwrap_or_default();
    if subject.is_empty() || subject.chars().count() > SUBJECT_CHARACTERS_MAX {
        return refused(
            "token_unreadable",
            "the ID token names nobody in `sub`".to_owned(),
        );
    }
    Ok(())
}

fn apart(what: &str, seconds: i64) -> String {
    let side = if seconds >= 0 { "ago" } else { "in the future" };
    format!(
        "by this node's clock the ID token {what} {} seconds {side}; more than {SKEW_SECONDS} are refused, so compare the clocks of both",
        seconds.abs()
    )
}

/// Whole seconds; some providers write fractions.
fn seconds_of(value: &Value) -> Option<i64> {
    let digits = value.to_string();
    let whole = digits.split('.').next().unwrap_or_default();
    value.is_number().then(|| whole.parse().ok()).flatten()
}

/// OpenID Connect Core 1.0, 3.1.3.7, points 3 to 5.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<()> {
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let party = claims
        .get("azp")
        .map(|azp| azp.as_str().unwrap_or_default());
    let is_for_us = audiences.contains(&client_id);
    let is_ours = match party {
        Some(party) => party == client_id,
        None => audiences.len() == 1,
    };
    if is_for_us && is_ours {
        return Ok(());
    }
    let detail = format!(
        "the ID token is for {audiences:?} and not for the client `{client_id}` alone; compare the client ID here and at the provider"
    );
    Err(Error::forbidden("audience_wrong", detail))
}

fn decode<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = BASE64URL_NOPAD.decode(part.as_bytes()).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
