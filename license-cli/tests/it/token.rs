//! Keys in hardware, with SoftHSM in its place (Debian's `softhsm2`, which `scripts/setup.sh` installs).

use std::process::{Command, Output};

use crate::vendor::{Vendor, refusal};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "pin-of-the-token";

/// A vendor with a token named `The Vendor`.
struct Holder {
    vendor: Vendor,
}

impl Holder {
    fn new() -> Self {
        let holder = Self {
            vendor: Vendor::new(),
        };
        let folder = holder.vendor.folder().display();
        std::fs::create_dir(holder.vendor.path("tokens")).unwrap();
        holder.vendor.write(
            "softhsm.conf",
            format!("directories.tokendir = {folder}/tokens\nlog.level = ERROR\n"),
        );
        let mut tool = Command::new("softhsm2-util");
        tool.args([
            "--init-token",
            "--free",
            "--label",
            "The Vendor",
            "--pin",
            PIN,
            "--so-pin",
            PIN,
        ]);
        tool.env("SOFTHSM2_CONF", holder.vendor.path("softhsm.conf"));
        let made = tool
            .output()
            .expect("softhsm2-util is there: run scripts/setup.sh");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        holder
    }

    fn run(&self, line: &str, pin: &str) -> Output {
        let mut command = self.vendor.command();
        command.args(line.split_whitespace()).arg("--json");
        command.env("SOFTHSM2_CONF", self.vendor.path("softhsm.conf"));
        command
            .env("GUILDHALL_PKCS11_MODULE", MODULE)
            .env("GUILDHALL_LICENSE_PASSPHRASE", pin);
        command.output().unwrap()
    }

    fn ok(&self, line: &str) {
        let output = self.run(line, PIN);
        assert!(
            output.status.success(),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_token_signs_keyrings_licences_and_lists() {
    let holder = Holder::new();
    for (name, role, more) in [
        ("root-1", "root", ""),
        ("license", "license", ""),
        ("license-rsa", "license", "--alg rsa-3072"),
        ("crl", "crl", ""),
    ] {
        holder.ok(&format!("keygen --role {role} {more} --token pkcs11:token=The%20Vendor;object={name} --out {name}.pub.json"));
        assert!(!holder.vendor.path(&format!("{name}.key.json")).exists());
    }
    holder
        .vendor
        .ok("keygen --role root --no-passphrase --out root-2.key.json");
    holder.ok("keyring new root-1.pub.json root-2.pub.json license.pub.json license-rsa.pub.json crl.pub.json --out keyring.json");
    // One root key in hardware, one in a file.
    holder.ok("keyring sign keyring.json --key pkcs11:token=The%20Vendor;object=root-1");
    holder
        .vendor
        .ok("keyring sign keyring.json --key root-2.key.json");
    let common = "--keyring keyring.json --ledger ledger.jsonl";
    let (ed25519, rsa) = (
        "pkcs11:token=The%20Vendor;object=license",
        format!("pkcs11:token=The%20Vendor;object=license-rsa?module-path={MODULE}"),
    );
    let issue = "issue --customer-id c --customer-name n --edition e --term-days 9 --feature sso";
    holder.ok(&format!(
        "{issue} {common} --key {ed25519} --out one.license"
    ));
    holder.ok(&format!("{issue} {common} --key {rsa} --out two.license"));
    holder.ok(&format!(
        "crl {common} --key pkcs11:token=The%20Vendor;object=crl --out list.crl"
    ));
    // Whoever checks needs no token.
    for file in ["one.license", "two.license", "list.crl"] {
        holder
            .vendor
            .ok(&format!("verify {file} --keyring keyring.json"));
    }

    let sign = format!("{issue} {common} --out no.license --key");
    for (key, pin) in [
        (ed25519, "wrong pin"),
        ("pkcs11:token=The%20Vendor;object=absent", PIN),
        ("pkcs11:token=Nobody;object=license", PIN),
        (
            "pkcs11:token=The%20Vendor;object=license?module-path=/absent.so",
            PIN,
        ),
    ] {
        assert_eq!(
            refusal(&holder.run(&format!("{sign} {key}"), pin)),
            "token_unusable",
            "{key}"
        );
    }
    let again = holder.run(
        "keygen --role crl --token pkcs11:token=The%20Vendor;object=crl --out other.pub.json",
        PIN,
    );
    assert_eq!(refusal(&again), "key_present");
}
