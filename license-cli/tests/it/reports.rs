//! Usage reports: the chain, gaps and forks.

use guildhall_license::{Envelope, armour};

use crate::vendor::{Node, Vendor};

#[test]
fn the_chain_shows_gaps_and_forks() {
    let (vendor, node) = (Vendor::new(), Node::new(5));
    vendor.write("request", node.request("lic_1", "n", 1));
    let import = |bytes: &[u8]| {
        vendor.write("report", bytes);
        "report import report --request request --ledger ledger.jsonl".to_owned()
    };
    let (first, first_hash) = node.report(1, None, 0);
    let (second, second_hash) = node.report(2, Some(first_hash.clone()), 0);
    let (third, _) = node.report(3, Some(second_hash), 0);
    let (copy, _) = node.report(2, Some(first_hash), 3);
    let (wrong, _) = node.report(4, Some("00".repeat(32)), 0);

    assert_eq!(vendor.ok(&import(&first))["outcome"], "taken");
    assert_eq!(vendor.ok(&import(&third))["outcome"], "gap");
    assert_eq!(vendor.ok(&import(&second))["outcome"], "taken");
    assert_eq!(vendor.ok(&import(&second))["outcome"], "known");
    assert_eq!(vendor.refused(&import(&copy)), "report_fork");
    assert_eq!(vendor.refused(&import(&wrong)), "report_fork");

    let shown = vendor.ok("report show --ledger ledger.jsonl");
    let reports = shown["items"][0]["reports"].as_array().unwrap();
    assert_eq!(shown["items"][0]["install_id"], node.id);
    assert_eq!(
        reports
            .iter()
            .filter(|report| report["fork"] == true)
            .count(),
        2
    );
    assert_eq!(reports.len(), 5, "both of a fork are kept");
    let people = String::from_utf8(vendor.run("report show --ledger ledger.jsonl").stdout).unwrap();
    assert!(people.contains("FORK"), "{people}");
}

#[test]
fn a_file_of_several_reports_is_taken_whole() {
    let (vendor, node) = (Vendor::new(), Node::new(5));
    vendor.write("request", node.request("lic_1", "n", 1));
    let (first, first_hash) = node.report(1, None, 0);
    let (second, _) = node.report(2, Some(first_hash), 0);
    let armoured = [first, second].map(|bytes| armour(&Envelope::read(&bytes).unwrap()));
    vendor.write("reports", armoured.concat());
    let taken = vendor.ok("report import reports --request request --ledger ledger.jsonl");
    let outcomes: Vec<_> = taken["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["outcome"])
        .collect();
    assert_eq!(outcomes, ["taken", "taken"]);
}

#[test]
fn a_report_is_checked_with_its_nodes_key() {
    let (vendor, node, other) = (Vendor::new(), Node::new(5), Node::new(6));
    vendor.write("report", node.report(1, None, 0).0);
    assert_eq!(
        vendor.refused("report import report --ledger ledger.jsonl"),
        "install_unknown"
    );
    vendor.write("request", other.request("lic_1", "n", 1));
    assert_eq!(
        vendor.refused("report import report --request request --ledger ledger.jsonl"),
        "artefact_wrong_key"
    );
    assert_eq!(vendor.refused("verify report"), "install_unknown");
    vendor.write("request", node.request("lic_1", "n", 1));
    vendor.ok("verify report --request request");
    vendor.ok("verify request");
}
