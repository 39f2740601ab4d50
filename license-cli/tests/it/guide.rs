//! The vendor's guide, run as it is written.

use std::process::Command;

use guildhall_license::{Envelope, License};

use crate::vendor::{Node, PASSPHRASE, Vendor};

const GUIDE: &str = include_str!("../../../docs/licensing/vendor-guide.md");

/// The blocks that are meant for a shell.
fn blocks() -> impl Iterator<Item = &'static str> {
    GUIDE
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
}

fn run(vendor: &Vendor, block: &str) {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_guildhall-license"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", block])
        .current_dir(vendor.folder());
    shell
        .env("PATH", path)
        .env("GUILDHALL_LICENSE_PASSPHRASE", PASSPHRASE);
    let output = shell.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{block}\n{words}");
}

#[test]
fn every_command_of_the_guide_works_as_written() {
    let (vendor, node) = (Vendor::new(), Node::new(3));
    let mut count = 0;
    for block in blocks() {
        // What the node of the customer sends.
        if block.contains("activation-request.json") {
            let envelope = Envelope::read(&vendor.read("linden.license")).unwrap();
            let license: License = serde_json::from_slice(envelope.payload()).unwrap();
            vendor.write(
                "activation-request.json",
                node.request(&license.license_id, "nonce", 1),
            );
        }
        if block.contains("usage-report.json") {
            vendor.write("usage-report.json", node.report(1, None, 0).0);
        }
        run(&vendor, block);
        count += 1;
    }
    assert_eq!(count, 10, "blocks of the guide");
    assert!(vendor.path("keyring-2.json").exists());
}
