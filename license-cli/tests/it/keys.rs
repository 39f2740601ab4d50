//! Key files.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::vendor::{PASSPHRASE, Vendor, refusal};

#[test]
fn a_sealed_key_opens_with_its_passphrase_only() {
    let vendor = Vendor::new();
    vendor.make_keys();
    vendor.write("passphrase", format!("{PASSPHRASE}\n"));
    vendor.ok("keygen --role root --out sealed.key.json --passphrase-file passphrase");
    let mode = std::fs::metadata(vendor.path("sealed.key.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = String::from_utf8(vendor.read("sealed.key.json")).unwrap();
    assert!(text.contains("argon2id") && !text.contains("\"seed\""));
    vendor.ok("keyring new sealed.pub.json root-1.pub.json --out keyring.json");

    vendor.write("wrong", "correct horse battery stable");
    let sign = "keyring sign keyring.json --key sealed.key.json";
    assert_eq!(
        vendor.refused(&format!("{sign} --passphrase-file wrong")),
        "passphrase_wrong"
    );
    assert_eq!(vendor.refused(sign), "passphrase_missing");
    let by_variable = vendor
        .command()
        .args(sign.split(' '))
        .env("GUILDHALL_LICENSE_PASSPHRASE", PASSPHRASE)
        .output()
        .unwrap();
    assert!(by_variable.status.success());
    assert_eq!(vendor.ok("keyring show keyring.json")["missing"], 1);

    // What stands beside the sealed part is bound to it.
    for (from, to) in [
        ("\"role\": \"root\"", "\"role\": \"crl\""),
        ("\"passes\": 3", "\"passes\": 2"),
    ] {
        assert!(text.contains(from));
        vendor.write("changed.key.json", text.replace(from, to));
        let code = vendor.refused(
            "keyring sign keyring.json --key changed.key.json --passphrase-file passphrase",
        );
        assert_eq!(code, "passphrase_wrong", "{to}");
    }
    vendor.write(
        "changed.key.json",
        text.replace("\"memory_kib\": 65536", "\"memory_kib\": 4294967295"),
    );
    let bomb = vendor
        .refused("keyring sign keyring.json --key changed.key.json --passphrase-file passphrase");
    assert_eq!(bomb, "key_unreadable");
}

#[test]
fn keys_are_not_made_carelessly() {
    let vendor = Vendor::new();
    assert_eq!(
        vendor.refused("keygen --role root --out a.key.json"),
        "passphrase_missing"
    );
    vendor.write("short", "secret");
    assert_eq!(
        vendor.refused("keygen --role root --out a.key.json --passphrase-file short"),
        "passphrase_too_short"
    );
    assert_eq!(
        vendor.refused("keygen --role root --out a.json --no-passphrase"),
        "file_name_unfit"
    );
    assert!(!vendor.path("a.key.json").exists());
    vendor.ok("keygen --role root --out a.key.json --no-passphrase");
    let before = vendor.read("a.key.json");
    assert_eq!(
        vendor.refused("keygen --role root --out a.key.json --no-passphrase"),
        "file_exists"
    );
    assert_eq!(vendor.read("a.key.json"), before);
    assert_eq!(
        vendor
            .run("keygen --role emperor --out b.key.json")
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn halves_of_two_keys_are_refused() {
    let vendor = Vendor::with_keyring();
    let (mut one, two): (Value, Value) = (
        serde_json::from_slice(&vendor.read("root-1.key.json")).unwrap(),
        serde_json::from_slice(&vendor.read("root-2.key.json")).unwrap(),
    );
    one["seed"] = two["seed"].clone();
    vendor.write("mixed.key.json", one.to_string());
    assert_eq!(
        vendor.refused("keyring sign keyring.json --key mixed.key.json"),
        "key_unreadable"
    );
    assert_eq!(
        vendor.refused("keyring sign keyring.json --key root-1.pub.json"),
        "key_unreadable"
    );
    let output = vendor.run("keyring sign keyring.json --key absent.key.json --json");
    assert_eq!(refusal(&output), "file_unreadable");
}

#[test]
fn an_rsa_key_gives_the_second_signature() {
    let vendor = Vendor::new();
    vendor.make_keys();
    vendor.ok("keygen --role license --alg rsa-3072 --no-passphrase --out license-rsa.key.json");
    vendor.ok("keyring new root-1.pub.json root-2.pub.json license.pub.json license-rsa.pub.json --out keyring.json");
    vendor.ok("keyring sign keyring.json --key root-1.key.json --key root-2.key.json");
    let issued = vendor.issue("both.license", "--key license-rsa.key.json");
    assert_eq!(issued["signers"].as_array().unwrap().len(), 2);
    vendor.ok("verify both.license --keyring keyring.json");
    // A second signature that is wrong spoils the file, although the first would be enough.
    let text = String::from_utf8(vendor.read("both.license")).unwrap();
    let mut envelope: Value = serde_json::from_str(&text).unwrap();
    let signature = envelope["signatures"][1]["sig"]
        .as_str()
        .unwrap()
        .to_owned();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    envelope["signatures"][1]["sig"] = format!("{first}{}", &signature[1..]).into();
    vendor.write("changed.license", envelope.to_string());
    assert_eq!(
        vendor.refused("verify changed.license --keyring keyring.json"),
        "artefact_bad_signature"
    );
}
