//! Encrypted assertions (XML Encryption 1.1, as far as SAML needs it): RSA-OAEP for the key, AES-GCM
//! for the assertion; AES-CBC only where a signature around it was verified before, since CBC alone
//! lets an attacker try out changes. Whatever fails while opening fails with one and the same error.

use aes::cipher::{BlockDecryptMut, KeyIvInit, block_padding::NoPadding};
use ring::{
    aead,
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::{
    encoding::base64_decode,
    key::{OaepHash, SpKey},
    refusal::{Refusal, Result, quoted},
    scan::Comments,
    xml::{Element, Node, escape, ns, parse},
};

const ENCRYPTION_11: &str = "http://www.w3.org/2009/xmlenc11#";
const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
/// Most keys of a message that are tried.
const KEYS_MAX: usize = 4;
const NONCE_BYTES: usize = 12;
const BLOCK_BYTES: usize = 16;

/// A cipher for content.
#[derive(Clone, Copy)]
enum Cipher {
    Gcm(&'static aead::Algorithm),
    /// AES-CBC with keys of so many bytes.
    Cbc(usize),
}

impl Cipher {
    fn find(uri: &str) -> Result<Self> {
        let old = uri.strip_prefix(ns::ENCRYPTION);
        let new = uri.strip_prefix(ENCRYPTION_11);
        match (old, new) {
            (_, Some("aes128-gcm")) => Ok(Self::Gcm(&aead::AES_128_GCM)),
            (_, Some("aes256-gcm")) => Ok(Self::Gcm(&aead::AES_256_GCM)),
            (Some("aes128-cbc"), _) => Ok(Self::Cbc(16)),
            (Some("aes256-cbc"), _) => Ok(Self::Cbc(32)),
            _ => Err(weak(uri)),
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Gcm(algorithm) => algorithm.key_len(),
            Self::Cbc(bytes) => bytes,
        }
    }

    fn open(self, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(algorithm) => open_gcm(algorithm, key, sealed),
            Self::Cbc(_) => open_cbc(key, sealed),
        }
    }
}

/// Opens the assertion in `encrypted`, an `EncryptedAssertion`. `is_signed` tells whether a verified
/// signature covers it.
///
/// # Errors
/// `saml_weak_algorithm`, `saml_encryption_unsigned`, `saml_decryption_failed`.
pub(crate) fn open(encrypted: &Element, keys: &[SpKey], is_signed: bool) -> Result<Element> {
    let data = encrypted.one(ns::ENCRYPTION, "EncryptedData")?;
    if data.attribute("Type").is_some_and(|kind| kind != ELEMENT) {
        return Err(failed());
    }
    let cipher = Cipher::find(method(data)?)?;
    if matches!(cipher, Cipher::Cbc(_)) && !is_signed {
        let message = "the assertion is encrypted with AES-CBC and the response around it is not signed; have the identity provider \
                       sign the response too, or encrypt with AES-GCM";
        return Err(Refusal::new("saml_encryption_unsigned", message));
    }
    let sealed = cipher_value(data)?;
    for wrapped in wrapped_keys(encrypted, data) {
        let hashes = oaep(wrapped)?;
        let wrapped = cipher_value(wrapped)?;
        for key in keys {
            let content_key = content_key(key, hashes, &wrapped, cipher.key_bytes())?;
            if let Some(opened) = cipher.open(&content_key, &sealed) {
                return read(&opened, encrypted);
            }
        }
    }
    Err(failed())
}

/// The key for the content; a random one when ours did not open it, so that this failure takes the
/// same way as a wrong tag.
fn content_key(
    key: &SpKey,
    (hash, mask): (OaepHash, OaepHash),
    wrapped: &[u8],
    bytes: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut substitute = Zeroizing::new(vec![0; bytes]);
    SystemRandom::new()
        .fill(&mut substitute)
        .map_err(|_| failed())?;
    let opened = key.open(hash, mask, wrapped);
    Ok(opened
        .filter(|opened| opened.len() == bytes)
        .unwrap_or(substitute))
}

fn method(of: &Element) -> Result<&str> {
    of.one(ns::ENCRYPTION, "EncryptionMethod")?
        .required("Algorithm")
}

fn cipher_value(of: &Element) -> Result<Vec<u8>> {
    let data = of.one(ns::ENCRYPTION, "CipherData")?;
    base64_decode(&data.one(ns::ENCRYPTION, "CipherValue")?.text()?)
}

/// Keys may stand in the data's `KeyInfo` or beside the data.
fn wrapped_keys<'a>(encrypted: &'a Element, data: &'a Element) -> Vec<&'a Element> {
    let infos = data.all(ns::SIGNATURE, "KeyInfo");
    let inside = infos.flat_map(|info| info.all(ns::ENCRYPTION, "EncryptedKey"));
    let beside = encrypted.all(ns::ENCRYPTION, "EncryptedKey");
    inside.chain(beside).take(KEYS_MAX).collect()
}

/// The hashes of RSA-OAEP: of the label and of the mask. SHA-1 is taken here, and only here: OAEP does
/// not rest on collision resistance, and `rsa-oaep-mgf1p` has no other mask.
fn oaep(key: &Element) -> Result<(OaepHash, OaepHash)> {
    let method = key.one(ns::ENCRYPTION, "EncryptionMethod")?;
    let uri = method.required("Algorithm")?;
    let has_label = method.all(ns::ENCRYPTION, "OAEPparams").next().is_some();
    let digest = method.only(ns::SIGNATURE, "DigestMethod")?;
    let hash = match digest.and_then(|digest| digest.attribute("Algorithm")) {
        None | Some("http://www.w3.org/2000/09/xmldsig#sha1") => OaepHash::Sha1,
        Some("http://www.w3.org/2001/04/xmlenc#sha256") => OaepHash::Sha256,
        Some("http://www.w3.org/2001/04/xmlenc#sha512") => OaepHash::Sha512,
        Some(other) => return Err(weak(other)),
    };
    let mask = method.only(ENCRYPTION_11, "MGF")?;
    let mask = mask.and_then(|mask| mask.attribute("Algorithm"));
    let mask = mask.map_or(Some("mgf1sha1"), |uri| uri.strip_prefix(ENCRYPTION_11));
    let is_old = uri.strip_prefix(ns::ENCRYPTION) == Some("rsa-oaep-mgf1p");
    let is_new = uri.strip_prefix(ENCRYPTION_11) == Some("rsa-oaep");
    match mask {
        _ if has_label || !(is_old || is_new) => Err(weak(uri)),
        _ if is_old => Ok((hash, OaepHash::Sha1)),
        Some("mgf1sha1") => Ok((hash, OaepHash::Sha1)),
        Some("mgf1sha256") => Ok((hash, OaepHash::Sha256)),
        Some("mgf1sha512") => Ok((hash, OaepHash::Sha512)),
        _ => Err(weak(uri)),
    }
}

/// XML Encryption 1.1, section 5.2.4: nonce, content, tag.
fn open_gcm(algorithm: &'static aead::Algorithm, key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, content) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).ok()?);
    let mut content = content.to_vec();
    let opened = key.open_in_place(nonce, aead::Aad::empty(), &mut content);
    opened.ok().map(|opened| opened.to_vec())
}

/// XML Encryption 1.1, section 5.2: the last byte says how many bytes of the last block are padding.
fn open_cbc(key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (vector, content) = sealed.split_at_checked(BLOCK_BYTES)?;
    let mut content = content.to_vec();
    let length = match key.len() {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(key, vector)
            .ok()?
            .decrypt_padded_mut::<NoPadding>(&mut content)
            .ok()?
            .len(),
        _ => cbc::Decryptor::<aes::Aes256>::new_from_slices(key, vector)
            .ok()?
            .decrypt_padded_mut::<NoPadding>(&mut content)
            .ok()?
            .len(),
    };
    content.truncate(length);
    let padding = usize::from(*content.last()?);
    if !(1..=BLOCK_BYTES).contains(&padding) {
        return None;
    }
    content.truncate(content.len().checked_sub(padding)?);
    Some(content)
}

/// What was opened is read where it stood: with the namespaces in scope there (XML Encryption, 4.4).
///
/// # Errors
/// `saml_decryption_failed`, `saml_not_xml`, `saml_forbidden_markup`.
pub(crate) fn read(opened: &[u8], encrypted: &Element) -> Result<Element> {
    let text = std::str::from_utf8(opened).map_err(|_| failed())?;
    let mut document = String::from("<opened");
    for (prefix, uri) in encrypted.scope.iter() {
        document.push_str(if prefix.is_empty() {
            " xmlns"
        } else {
            " xmlns:"
        });
        document.push_str(prefix);
        document.push_str("=\"");
        document.push_str(&escape(uri));
        document.push('"');
    }
    document.push('>');
    document.push_str(text);
    document.push_str("</opened>");
    let root = parse(&document, Comments::Refused)?;
    let mut found = root.children.into_iter().filter_map(|child| match child {
        Node::Element(element) => Some(element),
        Node::Text(_) => None,
    });
    match (found.next(), found.next()) {
        (Some(assertion), None) => Ok(assertion),
        _ => Err(failed()),
    }
}

fn weak(uri: &str) -> Refusal {
    let message = format!(
        "the encryption algorithm `{}` is not taken; have the identity provider encrypt with AES-GCM and RSA-OAEP",
        quoted(uri)
    );
    Refusal::new("saml_weak_algorithm", message)
}

fn failed() -> Refusal {
    let message = "the encrypted assertion does not open; give the identity provider this node's present certificate from its metadata";
    Refusal::new("saml_decryption_failed", message)
}
