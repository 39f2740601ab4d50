//! Tokens that are read, and every one that is not.

use ed25519_dalek::{Signer, SigningKey};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: i64 = 1_767_571_200;

fn expected() -> Expected<'static> {
    Expected {
        issuer: "https://login.example",
        client_id: "guildhall",
        nonce: "n-1",
        now: Timestamp::from_millis(NOW * 1000),
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example", "sub": "u1", "aud": "guildhall", "nonce": "n-1",
        "exp": NOW + 60, "iat": NOW,
    })
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn set(keys: &[(&str, u8)]) -> KeySet {
    let keys: Vec<Value> = keys
        .iter()
        .map(|(kid, seed)| {
            let x = BASE64URL_NOPAD.encode(key(*seed).verifying_key().as_bytes());
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x })
        })
        .collect();
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn signed(header: &Value, claims: &Value, seed: u8) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key(seed).sign(message.as_bytes());
    format!(
        "{message}.{}",
        BASE64URL_NOPAD.encode(&signature.to_bytes())
    )
}

fn refusal(claims: &Value) -> &'static str {
    let token = signed(&json!({ "alg": "EdDSA", "kid": "a" }), claims, 1);
    let read = read(&set(&[("a", 1)]), &token, &expected());
    read.map_or_else(|refusal| refusal.code(), |_| "accepted")
}

fn with(change: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (name, value) in change {
        claims[*name] = value.clone();
    }
    claims
}

#[test]
fn a_token_for_this_login_is_read() {
    assert_eq!(refusal(&claims()), "accepted");
    assert_eq!(refusal(&with(&[("aud", json!(["guildhall"]))])), "accepted");
    let two = with(&[
        ("aud", json!(["guildhall", "x"])),
        ("azp", json!("guildhall")),
    ]);
    assert_eq!(refusal(&two), "accepted");
    assert_eq!(
        refusal(&with(&[("iat", json!(NOW as f64 + 0.5))])),
        "accepted"
    );
}

#[test]
fn every_other_token_is_refused() {
    for (change, code) in [
        (("iss", json!("https://login.example/")), "issuer_wrong"),
        (("aud", json!("other")), "audience_wrong"),
        (("aud", json!(["guildhall", "other"])), "audience_wrong"),
        (("aud", json!([])), "audience_wrong"),
        (("azp", json!("other")), "audience_wrong"),
        (("exp", json!(NOW - 301)), "token_expired"),
        (("exp", Value::Null), "token_unreadable"),
        (("iat", json!(NOW - 301)), "clock_skew"),
        (("iat", json!(NOW + 301)), "clock_skew"),
        (("iat", json!("now")), "token_unreadable"),
        (("nbf", json!(NOW + 301)), "clock_skew"),
        (("nonce", json!("n-2")), "nonce_wrong"),
        (("nonce", Value::Null), "nonce_wrong"),
        (("sub", json!("")), "token_unreadable"),
        (("sub", json!("x".repeat(256))), "token_unreadable"),
    ] {
        assert_eq!(
            refusal(&with(std::slice::from_ref(&change))),
            code,
            "{change:?}"
        );
    }
    for (name, edge) in [("exp", NOW - 299), ("iat", NOW - 300), ("iat", NOW + 300)] {
        assert_eq!(
            refusal(&with(&[(name, json!(edge))])),
            "accepted",
            "{name} {edge}"
        );
    }
}

#[test]
fn only_public_key_signatures_count() {
    let keys = set(&[("a", 1)]);
    let code = |token: &str| read(&keys, token, &expected()).unwrap_err().code();
    for alg in ["none", "None", "HS256", "HS512", "RS1", ""] {
        let header = json!({ "alg": alg, "kid": "a" });
        assert_eq!(
            code(&signed(&header, &claims(), 1)),
            "algorithm_refused",
            "{alg}"
        );
    }
    // A key of one kind verifies nothing of another.
    let rsa = json!({ "alg": "RS256", "kid": "a" });
    assert_eq!(code(&signed(&rsa, &claims(), 1)), "key_unknown");
    let other = json!({ "alg": "EdDSA", "kid": "a" });
    assert_eq!(code(&signed(&other, &claims(), 2)), "signature_wrong");
    let critical = json!({ "alg": "EdDSA", "kid": "a", "crit": ["x"] });
    assert_eq!(code(&signed(&critical, &claims(), 1)), "token_unreadable");
    let good = signed(&json!({ "alg": "EdDSA", "kid": "a" }), &claims(), 1);
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(code(&format!("{message}.")), "signature_wrong");
    assert_eq!(code(message), "token_unreadable");
}

#[test]
fn keys_are_changed_by_name() {
    let token = signed(&json!({ "alg": "EdDSA", "kid": "b" }), &claims(), 2);
    let old = read(&set(&[("a", 1)]), &token, &expected());
    assert_eq!(old.unwrap_err().code(), "key_unknown");
    assert!(read(&set(&[("a", 1), ("b", 2)]), &token, &expected()).is_ok());
    let nameless = signed(&json!({ "alg": "EdDSA" }), &claims(), 2);
    assert!(read(&set(&[("a", 1), ("b", 2)]), &nameless, &expected()).is_ok());
}

/// RFC 7515, A.2 and A.3: the examples of RS256 and ES256.
#[test]
fn the_examples_of_the_standard_verify() {
    let keys = json!({ "keys": [
        { "kty": "RSA", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ", "e": "AQAB" },
        { "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" },
    ] });
    let keys: KeySet = serde_json::from_value(keys).unwrap();
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = format!(
        "eyJhbGciOiJSUzI1NiJ9.{payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let ec = format!(
        "eyJhbGciOiJFUzI1NiJ9.{payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    for token in [rsa, ec] {
        assert!(verify(&keys, &token).is_ok());
        let touched = token.replacen("eyJpc3", "eyJpc4", 1);
        assert_eq!(
            verify(&keys, &touched).unwrap_err().code(),
            "signature_wrong"
        );
    }
}

/// A provider's RSA key and its public part, as it publishes it.
fn rsa_pair(alg: Option<&str>) -> (signature::RsaKeyPair, KeySet) {
    let times = (
        Timestamp::from_millis(0),
        Timestamp::from_millis(4_000_000_000_000),
    );
    let made = guildhall_saml::SpKey::generate("provider", 2048, times).unwrap();
    let pair = signature::RsaKeyPair::from_pkcs8(made.pkcs8()).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
    let encode = |number: &[u8]| BASE64URL_NOPAD.encode(number);
    let key = json!({ "kty": "RSA", "kid": "r", "use": "sig", "alg": alg, "n": encode(&public.n), "e": encode(&public.e) });
    (
        pair,
        serde_json::from_value(json!({ "keys": [key] })).unwrap(),
    )
}

fn rsa_signed(
    pair: &signature::RsaKeyPair,
    alg: &str,
    encoding: &'static dyn signature::RsaEncoding,
) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = json!({ "alg": alg, "kid": "r" });
    let message = format!("{}.{}", part(&header), part(&claims()));
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    pair.sign(encoding, &random, message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

#[test]
fn both_paddings_of_rsa_verify_and_neither_for_the_other() {
    let (pair, keys) = rsa_pair(None);
    let code = |keys: &KeySet, token: &str| {
        read(keys, token, &expected()).map_or_else(|error| error.code(), |_| "accepted")
    };
    let (pkcs1, pss) = (&signature::RSA_PKCS1_SHA256, &signature::RSA_PSS_SHA256);
    for (alg, encoding, outcome) in [
        (
            "RS256",
            pkcs1 as &'static dyn signature::RsaEncoding,
            "accepted",
        ),
        ("PS256", pss, "accepted"),
        ("RS256", pss, "signature_wrong"),
        ("PS256", pkcs1, "signature_wrong"),
        ("PS512", pss, "algorithm_refused"),
    ] {
        assert_eq!(
            code(&keys, &rsa_signed(&pair, alg, encoding)),
            outcome,
            "{alg}"
        );
    }
    // A key that its provider keeps for one of them is not used for the other.
    let (pair, keys) = rsa_pair(Some("PS256"));
    assert_eq!(code(&keys, &rsa_signed(&pair, "PS256", pss)), "accepted");
    assert_eq!(
        code(&keys, &rsa_signed(&pair, "RS256", pkcs1)),
        "key_unknown"
    );
    let (other, _) = rsa_pair(None);
    assert_eq!(
        code(&keys, &rsa_signed(&other, "PS256", pss)),
        "signature_wrong"
    );
}

proptest! {
    #[test]
    fn any_text_is_refused_and_nothing_panics(text in "[A-Za-z0-9_.-]{0,200}") {
        prop_assert!(read(&set(&[("a", 1)]), &text, &expected()).is_err());
    }
}
