//! Encrypted assertions.

use aes::cipher::{BlockEncryptMut, KeyIvInit, block_padding::NoPadding};
use ring::aead;
use rsa::{Oaep, RsaPrivateKey, pkcs8::DecodePrivateKey, rand_core::OsRng};

use super::idp::{Draft, IDP_KEY, OTHER_KEY, SP_KEY, code, decide, decide_with};
use crate::{SpKey, encoding::base64_encode, xml::ns};

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const CONTENT_KEY: [u8; 32] = [7; 32];

fn encrypted(assertion: &str, method: &str, to: &SpKey) -> String {
    let content = if method == GCM {
        seal_gcm(assertion)
    } else {
        seal_cbc(assertion)
    };
    let key = RsaPrivateKey::from_pkcs8_der(to.pkcs8())
        .unwrap()
        .to_public_key();
    let wrapped = key
        .encrypt(&mut OsRng, Oaep::new::<sha1::Sha1>(), &CONTENT_KEY)
        .unwrap();
    format!(
        "<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc=\"{xenc}\" Type=\"{xenc}Element\"><xenc:EncryptionMethod Algorithm=\"{method}\"/>\
         <ds:KeyInfo xmlns:ds=\"{ds}\"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"{xenc}rsa-oaep-mgf1p\">\
         <ds:DigestMethod Algorithm=\"{ds}sha1\"/></xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue>\
         </xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>\
         </xenc:EncryptedData></saml:EncryptedAssertion>",
        base64_encode(&wrapped),
        base64_encode(&content),
        xenc = ns::ENCRYPTION,
        ds = ns::SIGNATURE,
    )
}

fn seal_gcm(text: &str) -> Vec<u8> {
    let key =
        aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &CONTENT_KEY).unwrap());
    let mut bytes = text.as_bytes().to_vec();
    let nonce = aead::Nonce::assume_unique_for_key([3; 12]);
    key.seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut bytes)
        .unwrap();
    [&[3; 12], bytes.as_slice()].concat()
}

fn seal_cbc(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let padding = 16 - bytes.len() % 16;
    bytes.extend(std::iter::repeat_n(9, padding - 1));
    bytes.push(u8::try_from(padding).unwrap());
    let length = bytes.len();
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&CONTENT_KEY.into(), &[5; 16].into());
    cipher
        .encrypt_padded_mut::<NoPadding>(&mut bytes, length)
        .unwrap();
    [&[5; 16], bytes.as_slice()].concat()
}

#[test]
fn signed_and_encrypted_assertions_are_taken() {
    let draft = Draft::default();
    let signed = draft.signed_assertion(&IDP_KEY);
    let inner = draft.unsigned_response(&encrypted(&signed, GCM, &SP_KEY));
    assert!(decide(&inner).unwrap().encrypted);
    let bare = draft.unsigned_assertion();
    let outer = draft.signed_response(&encrypted(&bare, GCM, &SP_KEY), &IDP_KEY);
    assert_eq!(decide(&outer).unwrap().name_id.value, "ana@example.org");
    let cbc = draft.signed_response(&encrypted(&signed, CBC, &SP_KEY), &IDP_KEY);
    assert!(decide(&cbc).unwrap().encrypted);
}

#[test]
fn encryption_alone_says_nothing() {
    // Everybody knows the key that opens here: who encrypted is not who signed.
    let draft = Draft::default();
    let bare = draft.unsigned_assertion();
    assert_eq!(
        code(&draft.unsigned_response(&encrypted(&bare, GCM, &SP_KEY))),
        "saml_unsigned"
    );
    let by_other = draft.signed_assertion(&OTHER_KEY);
    assert_eq!(
        code(&draft.unsigned_response(&encrypted(&by_other, GCM, &SP_KEY))),
        "saml_signature_wrong"
    );
}

#[test]
fn cbc_needs_a_signature_around_it() {
    let draft = Draft::default();
    let signed = draft.signed_assertion(&IDP_KEY);
    let xml = draft.unsigned_response(&encrypted(&signed, CBC, &SP_KEY));
    assert_eq!(code(&xml), "saml_encryption_unsigned");
}

#[test]
fn whatever_does_not_open_fails_alike() {
    let draft = Draft::default();
    let signed = draft.signed_assertion(&IDP_KEY);
    let to_other = draft.unsigned_response(&encrypted(&signed, GCM, &OTHER_KEY));
    let ours = draft.unsigned_response(&encrypted(&signed, GCM, &SP_KEY));
    let last = ours.rfind("</xenc:CipherValue>").unwrap();
    let broken = format!("{}AAAA{}", &ours[..last - 4], &ours[last..]);
    let message = |xml: &str| decide(xml).unwrap_err();
    assert_eq!(message(&to_other).code(), "saml_decryption_failed");
    assert_eq!(message(&to_other), message(&broken));
    let pkcs1 = ours.replace("rsa-oaep-mgf1p", "rsa-1_5");
    assert_eq!(code(&pkcs1), "saml_weak_algorithm");
    let des = ours.replace(GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc");
    assert_eq!(code(&des), "saml_weak_algorithm");
}

#[test]
fn what_comes_out_is_looked_at_like_what_comes_in() {
    let draft = Draft::default();
    let signed = draft.signed_assertion(&IDP_KEY);
    let refused = |inner: &str| code(&draft.unsigned_response(&encrypted(inner, GCM, &SP_KEY)));
    assert_eq!(
        refused(&format!("{signed}{signed}")),
        "saml_decryption_failed"
    );
    assert_eq!(refused("</opened><opened>"), "saml_not_xml");
    assert_eq!(
        refused(&signed.replace("staff", "<!-- -->staff")),
        "saml_forbidden_markup"
    );
    let evil = draft
        .unsigned_assertion()
        .replace("_assertion-1", "_evil-1");
    let wrapped = evil.replace("</saml:Assertion>", &format!("{signed}</saml:Assertion>"));
    assert_eq!(refused(&wrapped), "saml_not_one_assertion");
}

#[test]
fn encryption_can_be_demanded() {
    let usual = Draft::default().usual();
    let demanded = decide_with(&usual, |expected| crate::Expectations {
        want_encrypted: true,
        ..expected
    });
    assert_eq!(demanded.unwrap_err().code(), "saml_not_encrypted");
}
