//! Issuing, renewing and revoking.

use guildhall_license::{Envelope, License};
use serde_json::{Value, json};

use crate::vendor::{Vendor, refusal};

const PLAN: &str = r#"
name = "Business"
[terms]
edition = "business"
term_days = 365
agents = 10
[terms.entitlements]
"feature.sso" = true
models = ["a", "b"]
[trial]
kind = "trial"
term_days = 30
grace_days = 0
[price]
currency = "EUR"
unit = "seat"
unit_amount_minor = 12000
tiers = [{ quantity_min = 50, discount_basis_points = 500 }, { quantity_min = 500, discount_basis_points = 1500 }]
"#;

const SIGN: &str = "--key license.key.json --keyring keyring.json --ledger ledger.jsonl";

fn payload(vendor: &Vendor, file: &str) -> License {
    let envelope = Envelope::read(&vendor.read(file)).unwrap();
    serde_json::from_slice(envelope.payload()).unwrap()
}

#[test]
fn a_plan_a_request_and_options_make_a_licence() {
    let vendor = Vendor::with_keyring();
    vendor.write("plan.toml", PLAN);
    vendor.write("request.toml", "customer_id = 'cus_9'\ncustomer_name = 'Linden & Vale'\nseats = 40\ncontract_ref = 'C-7'\nmaintenance_end = '2028-01-31'\n");
    let issued = vendor.ok(&format!(
        "issue --plan plan.toml --request request.toml --seats 60 {SIGN} --out a.license"
    ));
    assert_eq!(issued["quote"]["amount_minor"], 684_000);
    assert_eq!(issued["quote"]["discount_basis_points"], 500);
    let license = payload(&vendor, "a.license");
    assert_eq!(
        (license.customer.name.as_str(), license.serial),
        ("Linden & Vale", 1)
    );
    assert_eq!(
        (
            license.entitlements.seats_named(),
            license.entitlements.agents_max()
        ),
        (Some(60), Some(10))
    );
    assert!(license.entitlements.feature("sso") && !license.entitlements.feature("bus"));
    let days = license.term_end.unwrap().as_millis() - license.not_before.as_millis();
    assert_eq!(days, 365 * 86_400_000);
    let text = String::from_utf8(vendor.read("a.license")).unwrap()
        + &serde_json::to_string(&license).unwrap();
    for word in ["price", "amount", "discount", "EUR", "12000"] {
        assert!(!text.contains(word), "{word} is in the file");
    }

    let trial = vendor.ok(&format!(
        "issue --plan plan.toml --trial --request request.toml {SIGN} --out trial.license"
    ));
    assert!(trial["quote"].is_null());
    let trial = payload(&vendor, "trial.license");
    assert_eq!(serde_json::to_value(trial.kind).unwrap(), "trial");
    assert_eq!(
        trial.term_end.unwrap().as_millis() - trial.not_before.as_millis(),
        30 * 86_400_000
    );
}

#[test]
fn renewals_go_on_from_where_the_last_one_ends() {
    let vendor = Vendor::with_keyring();
    let id = vendor.issue("one.license", "--armour")["license_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        vendor
            .read("one.license")
            .starts_with(b"-----BEGIN GUILDHALL LICENSE-----")
    );
    vendor.ok("verify one.license --keyring keyring.json");
    assert_eq!(vendor.refused("verify one.license"), "artefact_wrong_key");
    let seen = vendor.ok("inspect one.license --keyring keyring.json");
    assert_eq!(
        (&seen["valid"], &seen["payload"]["serial"]),
        (&true.into(), &1.into())
    );

    assert_eq!(
        vendor.refused(&format!("renew one.license {SIGN} --out two.license")),
        "terms_incomplete"
    );
    vendor.ok(&format!(
        "renew one.license --term-days 365 --seats 80 --supersedes lic_old {SIGN} --out two.license"
    ));
    vendor.ok(&format!(
        "renew {id} --term-days 365 {SIGN} --out three.license"
    ));
    let (one, two, three) = (
        payload(&vendor, "one.license"),
        payload(&vendor, "two.license"),
        payload(&vendor, "three.license"),
    );
    assert_eq!(
        (two.license_id.as_str(), two.serial, three.serial),
        (id.as_str(), 2, 3)
    );
    assert_eq!(
        (
            two.entitlements.seats_named(),
            three.entitlements.seats_named()
        ),
        (Some(80), Some(80))
    );
    assert_eq!(two.supersedes, ["lic_old"]);
    let year = 365 * 86_400_000;
    let end = |license: &License| license.term_end.unwrap().as_millis();
    assert_eq!(
        (end(&two) - end(&one), end(&three) - end(&two)),
        (year, year)
    );
    assert!(two.not_before <= two.issued_at, "a renewal counts at once");
}

#[test]
fn lists_rise_and_keep_what_they_say() {
    let vendor = Vendor::with_keyring();
    let issued = vendor.issue("one.license", "");
    let id = issued["license_id"].as_str().unwrap();
    vendor.ok(&format!(
        "revoke --license-id {id} --reason refunded --ledger ledger.jsonl"
    ));
    assert_eq!(
        vendor.refused("revoke --license-id lic_none --reason refunded --ledger ledger.jsonl"),
        "license_unknown"
    );
    let crl = "crl --key crl.key.json --keyring keyring.json --ledger ledger.jsonl";
    assert_eq!(vendor.ok(&format!("{crl} --out 1.crl"))["version"], 1);
    vendor.ok("revoke --lease-id lse_1 --reason lost --effect warn --ledger ledger.jsonl");
    let second = vendor.ok(&format!("{crl} --out 2.crl --min-version guildhall=1.2.0"));
    assert_eq!(
        (&second["version"], &second["revoked"]),
        (&2.into(), &2.into())
    );
    let list = vendor.ok("inspect 2.crl --keyring keyring.json");
    assert_eq!(list["payload"]["revoked"][0]["license_id"], id);
    assert_eq!(
        list["payload"]["min_versions"],
        json!({ "guildhall": "1.2.0" })
    );
    // A list is signed by the key for lists only, and a wrong try uses up no version.
    let wrong =
        "crl --key license.key.json --keyring keyring.json --ledger ledger.jsonl --out 3.crl";
    assert_eq!(vendor.refused(wrong), "artefact_wrong_key");
    assert_eq!(vendor.ok(&format!("{crl} --out 3.crl"))["version"], 3);
    // A ledger that knows nothing goes on from the list that is out there.
    let elsewhere = vendor.ok("crl --previous 3.crl --key crl.key.json --keyring keyring.json --ledger new.jsonl --out 4.crl");
    assert_eq!(
        (&elsewhere["version"], &elsewhere["revoked"]),
        (&4.into(), &2.into())
    );
}

#[test]
fn a_changed_file_is_refused() {
    let vendor = Vendor::with_keyring();
    vendor.issue("a.license", "");
    let text = String::from_utf8(vendor.read("a.license")).unwrap();
    let envelope: Value = serde_json::from_str(&text).unwrap();
    let mut license = serde_json::to_value(payload(&vendor, "a.license")).unwrap();
    license["entitlements"]["seats.named"] = 6000.into();
    let encoded = data_encoding::BASE64.encode(license.to_string().as_bytes());
    let more_seats = text.replace(envelope["payload"].as_str().unwrap(), &encoded);
    let cases = [
        (more_seats, "artefact_bad_signature"),
        (text.replace("license.v1", "crl.v1"), "artefact_wrong_key"),
        (format!("{text}x"), "artefact_malformed"),
        (format!("\u{feff}{text}"), "artefact_malformed"),
        (
            text.replacen('{', "{\"payload\":\"\",", 1),
            "artefact_duplicate_key",
        ),
        (" ".repeat(70_000), "artefact_too_large"),
        (String::new(), "artefact_malformed"),
    ];
    for (changed, code) in cases {
        vendor.write("changed.license", &changed);
        assert_eq!(
            vendor.refused("verify changed.license --keyring keyring.json"),
            code
        );
    }
    let seen = vendor.ok("inspect a.license");
    assert_eq!(
        (&seen["valid"], &seen["error"]["code"]),
        (&false.into(), &"artefact_wrong_key".into())
    );
}

#[test]
fn terms_that_do_not_fit_are_not_signed() {
    let vendor = Vendor::with_keyring();
    let base = "issue --customer-id c --customer-name n --edition e --feature sso";
    for (more, code) in [
        ("", "terms_incomplete"),
        ("--term-end 2020-01-01", "terms_contradict"),
        ("--term-days 3 --binding install_key", "terms_contradict"),
        ("--term-days 3 --overage pct", "terms_contradict"),
        ("--term-days 3 --lease-required true", "terms_incomplete"),
        ("--term-days 3 --crit teleport", "artefact_unknown_crit"),
    ] {
        let line = format!("{base} {more} {SIGN} --out no.license");
        assert_eq!(vendor.refused(&line), code, "{more}");
        assert!(!vendor.path("no.license").exists());
    }
    vendor.write("request.toml", "customer_id = 'c'\nprice = 3\n");
    assert_eq!(
        vendor.refused(&format!(
            "issue --request request.toml {SIGN} --out no.license"
        )),
        "request_malformed"
    );
    for usage in [
        "issue",
        "issue --kind gift --out x",
        "crl --frobnicate",
        "revoke --reason x --ledger l",
    ] {
        assert_eq!(vendor.run(usage).status.code(), Some(2), "{usage}");
    }
    vendor.issue("a.license", "");
    assert_eq!(
        vendor.refused(&format!("{base} --term-days 3 {SIGN} --out a.license")),
        "file_exists"
    );
}

#[test]
fn the_licence_servers_requests_are_answered() {
    let vendor = Vendor::with_keyring();
    vendor.issue("a.license", "");
    let mut license = payload(&vendor, "a.license");
    license.serial = 7;
    let text = serde_json::to_string(&license).unwrap();
    let payload_type = "application/vnd.guildhall.license.v1+json";
    // As it waits in the server's queue.
    let queued = json!({ "id": "sgn_1", "licence_id": license.license_id, "serial": 7, "payload_type": payload_type, "payload": text, "state": "waiting" });
    vendor.write("request.json", queued.to_string());
    assert_eq!(
        vendor.ok("inspect request.json --keyring keyring.json")["error"]["code"],
        "artefact_unsigned"
    );
    vendor.ok(&format!(
        "issue --signing-request request.json {SIGN} --out signed.license"
    ));
    let signed = Envelope::read(&vendor.read("signed.license")).unwrap();
    assert_eq!(
        signed.payload(),
        text.as_bytes(),
        "exactly the bytes that were asked for"
    );
    vendor.ok("verify signed.license --keyring keyring.json");
    // As an attached signer gets it; the same once more is no harm.
    let attached = json!({ "payload_type": payload_type, "payload": data_encoding::BASE64.encode(text.as_bytes()) });
    let answered = vendor.piped(
        &format!("issue --signing-request - {SIGN} --out -"),
        format!("{attached}\n").as_bytes(),
    );
    assert!(
        answered.status.success(),
        "{}",
        String::from_utf8_lossy(&answered.stderr)
    );
    assert_eq!(
        Envelope::read(&answered.stdout).unwrap().payload(),
        text.as_bytes()
    );
    // Other terms under a serial that is taken.
    license.grace_days = 999;
    let other = json!({ "payload_type": payload_type, "payload": serde_json::to_string(&license).unwrap() });
    let refused = vendor.piped(
        &format!("issue --signing-request - {SIGN} --out - --json"),
        other.to_string().as_bytes(),
    );
    assert_eq!(refusal(&refused), "serial_reused");
    let crl = json!({ "payload_type": "application/vnd.guildhall.crl.v1+json", "payload": "{}" });
    let refused = vendor.piped(
        &format!("issue --signing-request - {SIGN} --out - --json"),
        crl.to_string().as_bytes(),
    );
    assert_eq!(refusal(&refused), "artefact_wrong_type");
}

#[test]
fn a_ledger_that_was_changed_is_refused() {
    let vendor = Vendor::with_keyring();
    vendor.issue("a.license", "");
    vendor.issue("b.license", "");
    vendor.issue("c.license", "");
    let text = String::from_utf8(vendor.read("ledger.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_second = format!("{}\n{}\n", lines[0], lines[2]);
    let changed = text.replacen("license", "licence", 1);
    let cut = text[..text.len() - 9].to_owned();
    for broken in [without_second, changed, cut] {
        vendor.write("ledger.jsonl", broken);
        assert_eq!(
            vendor.refused("revoke --lease-id l --reason r --ledger ledger.jsonl"),
            "ledger_damaged"
        );
    }
    vendor.write("ledger.jsonl", &text);
    vendor.ok("revoke --lease-id l --reason r --ledger ledger.jsonl");
}

#[test]
fn the_ledger_gives_a_lost_file_back() {
    let vendor = Vendor::with_keyring();
    let issued = vendor.issue("a.license", "");
    vendor.ok("revoke --lease-id l --reason r --ledger ledger.jsonl");
    let shown = vendor.ok("ledger show --ledger ledger.jsonl");
    let items = shown["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["payload_sha256"], &items[1]["event"]),
        (2, &issued["payload_sha256"], &"revoked".into())
    );
    let hash = &issued["payload_sha256"].as_str().unwrap()[..10];
    vendor.ok(&format!(
        "ledger export {hash} --ledger ledger.jsonl --out again.license"
    ));
    assert_eq!(vendor.read("again.license"), vendor.read("a.license"));
    assert_eq!(
        vendor.refused("ledger export ffff --ledger ledger.jsonl --out x"),
        "artefact_unknown"
    );
    // A name that is taken is noticed before anything is signed.
    let renew = format!("renew a.license --term-days 9 {SIGN} --out a.license");
    assert_eq!(vendor.refused(&renew), "file_exists");
    assert_eq!(vendor.ok("ledger show --ledger ledger.jsonl"), shown);
}

#[test]
fn manuals_and_completions_are_written() {
    let vendor = Vendor::new();
    std::fs::create_dir(vendor.path("man")).unwrap();
    vendor.ok("man man");
    let page = String::from_utf8(vendor.read("man/guildhall-license-keyring-sign.1")).unwrap();
    assert!(page.contains("previous"));
    let script = String::from_utf8(vendor.run("completions bash").stdout).unwrap();
    assert!(script.contains("keygen") && vendor.folder().exists());
}
