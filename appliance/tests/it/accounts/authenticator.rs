//! An authenticator in software: makes passkeys and signs with them, as a browser would hand it on.

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaEncoding,
    },
};
use serde_json::{Value, json};

pub const PRESENT: u8 = 0x01;
pub const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    /// With the number that COSE has for the algorithm.
    Rsa(rsa::KeyPair, i64, &'static dyn RsaEncoding),
}

/// One authenticator that holds one passkey.
pub struct Authenticator {
    key: Key,
    id: Vec<u8>,
    user_handle: Vec<u8>,
    /// What the next signature counts; 0 for one that does not count.
    pub count: u32,
    pub flags: u8,
    /// Where the page lies that asks.
    pub origin: String,
    /// Whom it believes to be asked by, when that is not the options' word.
    pub rp_id: Option<String>,
}

impl Authenticator {
    pub fn es256() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self::new(Key::Es256(key))
    }

    pub fn ed_dsa() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::new(Key::EdDsa(
            Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap(),
        ))
    }

    /// As the TPMs of many notebooks do.
    pub fn rs256() -> Self {
        Self::new(Key::Rsa(rsa_key(), -257, &RSA_PKCS1_SHA256))
    }

    /// An algorithm that nobody asked for.
    pub fn ps256() -> Self {
        Self::new(Key::Rsa(rsa_key(), -37, &RSA_PSS_SHA256))
    }

    /// Signs otherwise from now on, under the same key.
    pub fn turn_to_pss(&mut self) {
        if let Key::Rsa(_, _, encoding) = &mut self.key {
            *encoding = &RSA_PSS_SHA256;
        }
    }

    fn new(key: Key) -> Self {
        Self {
            key,
            id: guildhall_kernel::random_token(16).into_bytes(),
            user_handle: Vec::new(),
            count: 1,
            flags: PRESENT | VERIFIED,
            origin: "http://localhost:8443".to_owned(),
            rp_id: None,
        }
    }

    /// Answers `PublicKeyCredentialCreationOptionsJSON`.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user_handle = decode(&options["user"]["id"]);
        let mut data = self.data(&options["rp"]["id"], ATTESTED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&self.public_key(), &mut data).unwrap();
        let text = |word: &str| Cbor::Text(word.to_owned());
        let object = Cbor::Map(vec![
            (text("fmt"), text("none")),
            (text("attStmt"), Cbor::Map(Vec::new())),
            (text("authData"), Cbor::Bytes(data)),
        ]);
        let mut attestation = Vec::new();
        ciborium::into_writer(&object, &mut attestation).unwrap();
        self.credential(json!({
            "clientDataJSON": self.client_data("webauthn.create", &options["challenge"]),
            "attestationObject": BASE64URL_NOPAD.encode(&attestation),
            "transports": ["internal"],
        }))
    }

    /// Answers `PublicKeyCredentialRequestOptionsJSON`.
    pub fn get(&mut self, options: &Value) -> Value {
        let data = self.data(&options["rpId"], 0);
        let client = self.client_data("webauthn.get", &options["challenge"]);
        let hash = digest(&SHA256, &BASE64URL_NOPAD.decode(client.as_bytes()).unwrap());
        let signed = [&data[..], hash.as_ref()].concat();
        let signature = match &self.key {
            Key::Es256(key) => key
                .sign(&SystemRandom::new(), &signed)
                .unwrap()
                .as_ref()
                .to_vec(),
            Key::EdDsa(key) => key.sign(&signed).as_ref().to_vec(),
            Key::Rsa(key, _, encoding) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), &signed, &mut signature)
                    .unwrap();
                signature
            }
        };
        self.credential(json!({
            "clientDataJSON": client,
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(&signature),
            "userHandle": BASE64URL_NOPAD.encode(&self.user_handle),
        }))
    }

    fn data(&mut self, rp_id: &Value, flag: u8) -> Vec<u8> {
        let rp_id = self
            .rp_id
            .clone()
            .unwrap_or_else(|| rp_id.as_str().unwrap().to_owned());
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags | flag);
        data.extend(self.count.to_be_bytes());
        self.count += u32::from(self.count > 0);
        data
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> String {
        let data = json!({
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        BASE64URL_NOPAD.encode(data.to_string().as_bytes())
    }

    fn credential(&self, response: Value) -> Value {
        let id = BASE64URL_NOPAD.encode(&self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        })
    }

    fn public_key(&self) -> Cbor {
        let number = |value: i64| Cbor::Integer(value.into());
        let bytes = |value: &[u8]| Cbor::Bytes(value.to_vec());
        match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                Cbor::Map(vec![
                    (number(1), number(2)),
                    (number(3), number(-7)),
                    (number(-1), number(1)),
                    (number(-2), bytes(&point[1..33])),
                    (number(-3), bytes(&point[33..])),
                ])
            }
            Key::EdDsa(key) => Cbor::Map(vec![
                (number(1), number(1)),
                (number(3), number(-8)),
                (number(-1), number(6)),
                (number(-2), bytes(key.public_key().as_ref())),
            ]),
            Key::Rsa(key, algorithm, _) => {
                let public = rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
                Cbor::Map(vec![
                    (number(1), number(3)),
                    (number(3), number(*algorithm)),
                    (number(-1), bytes(&public.n)),
                    (number(-2), bytes(&public.e)),
                ])
            }
        }
    }
}

/// 2048 bits, which are fewer than the product makes itself and as many as authenticators have.
fn rsa_key() -> rsa::KeyPair {
    let times = (
        guildhall_kernel::Timestamp::from_millis(0),
        guildhall_kernel::Timestamp::from_millis(4_000_000_000_000),
    );
    let made = guildhall_saml::SpKey::generate("authenticator", 2048, times).unwrap();
    rsa::KeyPair::from_pkcs8(made.pkcs8()).unwrap()
}

fn decode(text: &Value) -> Vec<u8> {
    BASE64URL_NOPAD
        .decode(text.as_str().unwrap().as_bytes())
        .unwrap()
}
