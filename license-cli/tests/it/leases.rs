//! Answers to activation requests.

use guildhall_license::{Envelope, Lease};

use crate::vendor::{Node, Vendor};

const SIGN: &str = "--key lease.key.json --keyring keyring.json --ledger ledger.jsonl";

fn license_id(vendor: &Vendor, file: &str, more: &str) -> String {
    vendor.issue(file, more)["license_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn payload(vendor: &Vendor, file: &str) -> Lease {
    serde_json::from_slice(Envelope::read(&vendor.read(file)).unwrap().payload()).unwrap()
}

#[test]
fn a_request_is_answered_once() {
    let (vendor, node) = (Vendor::with_keyring(), Node::new(1));
    let id = license_id(&vendor, "a.license", "");
    vendor.write("request", node.request(&id, "nonce-1", 1));
    let answer = vendor.ok(&format!("lease request {SIGN} --days 900 --out 1.lease"));
    assert_eq!(
        (&answer["counter"], &answer["runtime_budget_hours"]),
        (&1.into(), &(60 * 24).into())
    );
    vendor.ok("verify 1.lease --keyring keyring.json");
    let lease = payload(&vendor, "1.lease");
    assert_eq!(
        (lease.request_nonce.as_str(), lease.license_id.as_str()),
        ("nonce-1", id.as_str())
    );
    assert_eq!(lease.install_key_fp, node.fingerprint());
    assert_eq!(
        lease.valid_until.as_millis() - lease.issued_at.as_millis(),
        60 * 86_400_000,
        "no longer than the licence allows"
    );

    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 2.lease")),
        "nonce_reused"
    );
    vendor.write("request", node.request(&id, "nonce-2", 1));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 2.lease")),
        "request_counter_back"
    );
    assert!(!vendor.path("2.lease").exists());
    vendor.ok(&format!(
        "lease request {SIGN} --accept-restored --counter-min 40 --out 2.lease"
    ));
    vendor.write("request", node.request(&id, "nonce-3", 2));
    let third = vendor.ok(&format!(
        "lease request --license a.license {SIGN} --out 3.lease"
    ));
    assert_eq!(third["counter"], 41, "counters only rise");
}

#[test]
fn a_lease_stays_within_its_licence() {
    let vendor = Vendor::with_keyring();
    let (one, two) = (Node::new(1), Node::new(2));
    let short = license_id(
        &vendor,
        "short.license",
        "--grace-days 2 --lease-max-days 900",
    );
    vendor.write("request", one.request(&short, "n1", 1));
    vendor.ok(&format!("lease request {SIGN} --out 1.lease"));
    let lease = payload(&vendor, "1.lease");
    let days = (lease.valid_until.as_millis() - lease.issued_at.as_millis()) as f64 / 86_400_000.0;
    assert!((366.9..=367.0).contains(&days), "{days}");

    vendor.write("request", two.request(&short, "n2", 1));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 2.lease")),
        "installs_exhausted"
    );
    vendor.write("request", one.request(&short, "n3", 2));
    vendor.ok(&format!("lease request {SIGN} --out 2.lease"));

    let bound = format!(
        "--binding install_key --install-key-fp {}",
        two.fingerprint()
    );
    let bound = license_id(&vendor, "bound.license", &bound);
    vendor.write("request", one.request(&bound, "n4", 3));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 3.lease")),
        "license_other_install"
    );
    vendor.write("request", two.request(&bound, "n5", 2));
    vendor.ok(&format!("lease request {SIGN} --out 3.lease"));
    assert_eq!(
        vendor.refused(&format!(
            "lease request --license short.license {SIGN} --out 4.lease"
        )),
        "license_mismatch"
    );

    vendor.ok(&format!(
        "revoke --license-id {bound} --reason fraud --ledger ledger.jsonl"
    ));
    vendor.write("request", two.request(&bound, "n6", 3));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 4.lease")),
        "license_revoked"
    );
    vendor.write("request", two.request("lic_unknown", "n7", 4));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 4.lease")),
        "license_unknown"
    );
}

#[test]
fn a_request_must_be_signed_by_the_node_it_names() {
    let vendor = Vendor::with_keyring();
    let id = license_id(&vendor, "a.license", "");
    let request = Node::new(1).request(&id, "n1", 1);
    let text = String::from_utf8(request).unwrap();
    let envelope: serde_json::Value = serde_json::from_str(&text).unwrap();
    let payload = data_encoding::BASE64
        .decode(envelope["payload"].as_str().unwrap().as_bytes())
        .unwrap();
    let changed = String::from_utf8(payload)
        .unwrap()
        .replace("\"counter\":1", "\"counter\":2");
    let changed = data_encoding::BASE64.encode(changed.as_bytes());
    vendor.write(
        "request",
        text.replace(envelope["payload"].as_str().unwrap(), &changed),
    );
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 1.lease")),
        "artefact_bad_signature"
    );
    vendor.write("request", vendor.read("a.license"));
    assert_eq!(
        vendor.refused(&format!("lease request {SIGN} --out 1.lease")),
        "artefact_wrong_type"
    );
}
