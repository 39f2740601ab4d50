//! What the product is built from. `cargo deny` checks more when it is installed; this needs nothing but
//! cargo, and reads the same `deny.toml`.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::Result;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Dependencies of a member whose version does not stand in the root `Cargo.toml`.
pub(super) fn check_versions(file: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut in_dependencies = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_dependencies = line.trim_matches(['[', ']']).ends_with("dependencies");
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
            let compact = line.replace(' ', "");
            // A crate that tests itself with a feature of its own names its own folder.
            if !compact.contains("workspace=true") && !compact.contains("path=\".\"") {
                findings.push(format!(
                    "{file}: `{line}` states a version; put it into the root Cargo.toml"
                ));
            }
        }
    }
    findings
}

/// The node can verify and not sign: the feature `sign` of the licence library is off in everything that the program is made of.
pub(super) fn check_no_signing(root: &Path) -> Result<Vec<String>> {
    let mut cargo = Command::new("cargo");
    cargo.args([
        "tree",
        "--locked",
        "--offline",
        "-p",
        "guildhall",
        "-e",
        "normal,build,features",
    ]);
    cargo.args(["--prefix", "none", "--format", "{p} {f}"]);
    let output = cargo.current_dir(root).output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo does not list the node's features: {}", words.trim()).into());
    }
    Ok(signing_crates(&String::from_utf8(output.stdout)?))
}

/// Lines of `cargo tree` that turn signing on: the crate with its features behind it, or the feature by itself.
fn signing_crates(tree: &str) -> Vec<String> {
    let signs = |line: &&str| {
        let (package, rest) = line.split_once(' ').unwrap_or((line, ""));
        let features = rest.rsplit(' ').next().unwrap_or_default();
        package == "guildhall-license"
            && (rest.contains("feature \"sign\"") || features.split(',').any(|one| one == "sign"))
    };
    let is_found = tree.lines().any(|line| signs(&line));
    let finding = || {
        "the node is built with the feature `sign` of guildhall-license; find who turns it on with `cargo tree -p guildhall -e features -i guildhall-license`".to_owned()
    };
    is_found.then(finding).into_iter().collect()
}

/// Crates that come from elsewhere than crates.io, are banned, or have a licence that is not allowed.
pub(super) fn check_origins(root: &Path) -> Result<Vec<String>> {
    let rules = fs::read_to_string(root.join("deny.toml"))?;
    let (allowed, banned) = (quoted(&rules, "allow = ["), quoted(&rules, "deny = ["));
    let mut findings = Vec::new();
    for package in packages(root)? {
        let text = |field: &str| {
            package
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let name = text("name");
        if package.get("source").is_none_or(Value::is_null) {
            continue;
        }
        if text("source") != REGISTRY {
            findings.push(format!(
                "{name} comes from {}; take it from crates.io",
                text("source")
            ));
        }
        if banned.contains(&name) {
            findings.push(format!("{name} is banned by deny.toml, which says why"));
        }
        if !is_permitted(text("license"), &allowed) {
            let license = text("license");
            findings.push(format!(
                "{name} is under `{license}`, which deny.toml does not allow"
            ));
        }
    }
    Ok(findings)
}

fn packages(root: &Path) -> Result<Vec<Value>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--locked", "--format-version", "1"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(root).output()?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("cargo does not list the dependencies: {}", words.trim()).into());
    }
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    match metadata.get_mut("packages").map(Value::take) {
        Some(Value::Array(packages)) => Ok(packages),
        _ => Err("cargo lists no packages".into()),
    }
}

/// The quoted words of a list in `deny.toml`: of an entry with fields, the first one.
fn quoted<'a>(rules: &'a str, opening: &str) -> Vec<&'a str> {
    let list = rules
        .split(opening)
        .nth(1)
        .and_then(|rest| rest.split("\n]").next());
    let lines = list.unwrap_or_default().lines();
    lines.filter_map(|line| line.split('"').nth(1)).collect()
}

/// Whether a licence expression can be met with the allowed licences. Old manifests write `/` for `OR`.
fn is_permitted(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // The expressions in use bind each OR inside brackets tighter than the AND around it, or have no
    // brackets at all: every part between ANDs must offer one allowed licence.
    !expression.trim().is_empty()
        && expression.split(" AND ").all(|part| {
            part.split(" OR ").any(|license| {
                let words: Vec<&str> = license.split_whitespace().collect();
                allowed.contains(&words.join(" ").as_str())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_read() {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ];
        for good in [
            "MIT",
            "Apache-2.0 / GPL-3.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(is_permitted(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND GPL-3.0",
        ] {
            assert!(!is_permitted(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn stated_versions_are_found() {
        let text = "[package]\nversion = \"1\"\n[dependencies]\na.workspace = true\nb = { workspace = true }\nc = \"1\"\nx = { path = \".\" }\n";
        assert_eq!(check_versions("x/Cargo.toml", text).len(), 1);
    }

    #[test]
    fn signing_is_found_in_a_tree() {
        let without = "guildhall v0.1.0 (/x/appliance) \nguildhall-license v0.1.0 (/x/crates/license) \nguildhall-license v0.1.0 (/x/crates/license) default\nsignature v3.0.0 sign";
        assert!(signing_crates(without).is_empty());
        let listed = "guildhall-license v0.1.0 (/x/crates/license) default,sign";
        assert_eq!(signing_crates(listed).len(), 1);
        assert_eq!(
            signing_crates("guildhall-license feature \"sign\"").len(),
            1
        );
    }

    #[test]
    fn lists_of_rules_are_read() {
        let rules = "allow = [\n    \"MIT\",\n    \"ISC\",\n]\ndeny = [\n    { crate = \"x\", reason = \"y\" },\n]\n";
        assert_eq!(quoted(rules, "allow = ["), ["MIT", "ISC"]);
        assert_eq!(quoted(rules, "deny = ["), ["x"]);
    }
}
