//! The root ceremony, one run for each step.

use crate::vendor::Vendor;

#[test]
fn two_of_three_root_keys_make_a_keyring() {
    let vendor = Vendor::new();
    vendor.make_keys();
    let begun = vendor.ok("keyring new root-1.pub.json root-2.pub.json root-3.pub.json license.pub.json --out keyring.json");
    assert_eq!(
        (&begun["version"], &begun["missing"]),
        (&1.into(), &2.into())
    );
    assert_eq!(
        vendor.refused("verify keyring.json --keyring keyring.json"),
        "artefact_malformed"
    );

    let first = vendor.ok("keyring sign keyring.json --key root-3.key.json");
    assert_eq!(
        (&first["missing"], &first["complete"]),
        (&1.into(), &false.into())
    );
    assert_eq!(
        vendor.refused("verify keyring.json --keyring keyring.json"),
        "keyring_threshold"
    );
    // One key twice is one key.
    assert_eq!(
        vendor.ok("keyring sign keyring.json --key root-3.key.json")["missing"],
        1
    );
    assert_eq!(
        vendor.refused("keyring sign keyring.json --key license.key.json"),
        "artefact_wrong_key"
    );

    let second = vendor.ok("keyring sign keyring.json --key root-1.key.json");
    assert_eq!(second["complete"], true);
    assert_eq!(second["signed"].as_array().unwrap().len(), 2);
    vendor.ok("verify keyring.json --keyring keyring.json");
    let people = String::from_utf8(vendor.run("keyring show keyring.json").stdout).unwrap();
    assert!(
        people.contains("complete: enough root keys signed"),
        "{people}"
    );
    // The compiled-in root does not know this keyring.
    assert_eq!(vendor.refused("verify keyring.json"), "keyring_threshold");
}

#[test]
fn a_rotation_needs_the_old_roots_and_the_new() {
    let vendor = Vendor::with_keyring();
    vendor.ok("keygen --role root --no-passphrase --out root-4.key.json");
    let root_1 = vendor.ok("keyring show keyring.json")["signed"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let added = vendor.ok("keyring add --from keyring.json root-4.pub.json --out step.json");
    assert_eq!(
        (&added["version"], &added["missing"]),
        (&2.into(), &2.into())
    );
    // A step that waits for signatures keeps its version.
    let next = vendor.ok(&format!(
        "keyring revoke --from step.json --key-id {root_1} --out keyring-2.json --json"
    )
    .replace(" --json", ""));
    assert_eq!(next["version"], 2);
    assert_eq!(
        vendor.refused("keyring sign keyring-2.json --key root-2.key.json"),
        "keyring_step"
    );

    let sign = |key: &str| {
        vendor.ok(&format!(
            "keyring sign keyring-2.json --previous keyring.json --key {key}.key.json"
        ))
    };
    assert_eq!(
        sign("root-4")["missing"],
        2,
        "the ring before does not know the new key"
    );
    let signed = vendor.ok("keyring show keyring.json")["signed"]
        .as_array()
        .unwrap()
        .clone();
    assert!(signed.iter().any(|id| *id == root_1.as_str()));
    let names = ["root-1", "root-2", "root-3"];
    let missing: Vec<_> = names
        .iter()
        .map(|name| sign(name)["missing"].as_u64().unwrap())
        .collect();
    assert_eq!(*missing.last().unwrap(), 0, "{missing:?}");
    vendor.ok("verify keyring-2.json --keyring keyring.json");
    vendor.ok("verify keyring-2.json --keyring keyring.json --keyring keyring-2.json");
    // Version 3 stands on version 2; one that skipped it is told so.
    vendor.ok("keygen --role crl --no-passphrase --out crl-2.key.json");
    vendor.ok("keyring add --from keyring-2.json crl-2.pub.json --out keyring-3.json");
    vendor.ok("keyring sign keyring-3.json --previous keyring-2.json --key root-2.key.json --key root-4.key.json");
    vendor.ok("verify keyring-3.json --keyring keyring.json --keyring keyring-2.json");
    let skipped = vendor.refused("verify keyring-3.json --keyring keyring.json");
    assert!(
        ["keyring_step", "keyring_threshold"].contains(&skipped.as_str()),
        "{skipped}"
    );
}

#[test]
fn what_a_lost_key_really_signed_stays_good() {
    let vendor = Vendor::with_keyring();
    vendor.issue("genuine.license", "");
    let lost = vendor.ok("inspect genuine.license --keyring keyring.json")["signers"][0]
        .as_str()
        .unwrap()
        .to_owned();
    vendor.ok(&format!(
        "keyring revoke --from keyring.json --key-id {} --ledger ledger.jsonl --out keyring-2.json",
        &lost[..12]
    ));
    vendor.ok("keyring sign keyring-2.json --previous keyring.json --key root-1.key.json");
    vendor.ok("keyring sign keyring-2.json --previous keyring.json --key root-2.key.json");
    // The thief signs with the old keyring and another ledger.
    vendor.ok("issue --customer-id x --customer-name Thief --edition business --term-days 9 --feature * --key license.key.json --keyring keyring.json --ledger thief.jsonl --out stolen.license");
    vendor.ok("verify genuine.license --keyring keyring.json --keyring keyring-2.json");
    assert_eq!(
        vendor.refused("verify stolen.license --keyring keyring.json --keyring keyring-2.json"),
        "artefact_key_revoked"
    );
    // Nor can the vendor sign with it by mistake.
    let again = vendor.refused("renew genuine.license --term-days 5 --key license.key.json --keyring keyring.json --keyring keyring-2.json --ledger ledger.jsonl --out again.license");
    assert_eq!(again, "artefact_key_revoked");
    assert!(!vendor.path("again.license").exists());
}

#[test]
fn a_keyring_that_no_node_could_read_is_not_written() {
    let vendor = Vendor::with_keyring();
    let crl: serde_json::Value = serde_json::from_slice(&vendor.read("crl.pub.json")).unwrap();
    let revoke = |count: usize| {
        let genuine: Vec<String> = (0..count)
            .map(|number| format!("--genuine {number:064x}"))
            .collect();
        format!(
            "keyring revoke --from keyring.json --key-id {} {} --out keyring-2-{count}.json",
            crl["id"].as_str().unwrap(),
            genuine.join(" ")
        )
    };
    assert_eq!(vendor.refused(&revoke(700)), "keyring_too_large");
    vendor.ok(&revoke(650));
    vendor.ok("keyring sign keyring-2-650.json --previous keyring.json --key root-1.key.json --key root-2.key.json");
    vendor.ok("verify keyring-2-650.json --keyring keyring.json");
}
