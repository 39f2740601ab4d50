//! Rules of STYLE.md about files as such. Rules about code are clippy's; those about the node's modules
//! are a test of the node.

mod dependencies;
mod links;

use std::{fs, path::Path, process::Command};

use crate::Result;

const LINES_MAX: usize = 600;
/// Sources that people write. Generated files and data have no limit.
const SOURCES: [&str; 8] = ["rs", "ts", "tsx", "mjs", "css", "py", "sh", "sql"];
const GENERATED: [&str; 2] = ["ui/src/api/schema.d.ts", "ui/src/portal/api/schema.d.ts"];
/// Names that say nothing about what is inside.
const VAGUE_NAMES: [&str; 8] = [
    "common", "helper", "helpers", "manager", "misc", "util", "utils", "shared",
];
/// Marks of unfinished work, written so that this file does not contain them.
const UNFINISHED: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];

/// Everything that breaks a rule, one sentence each.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let files = tracked_files(root)?;
    let mut findings = Vec::new();
    for file in &files {
        findings.extend(check_name(file));
        // Binary files have no lines, and a deleted one that is still tracked has nothing to check.
        let Ok(text) = fs::read_to_string(root.join(file)) else {
            continue;
        };
        findings.extend(check_text(file, &text));
        if file.ends_with(".md") {
            findings.extend(links::check(root, file, &text));
        }
        // Fuzz targets stand outside the workspace, so they state versions of their own.
        let is_member = file.ends_with("Cargo.toml") && !file.ends_with("/fuzz/Cargo.toml");
        if is_member && file != "Cargo.toml" {
            findings.extend(dependencies::check_versions(file, &text));
        }
    }
    findings.extend(dependencies::check_origins(root)?);
    findings.extend(dependencies::check_no_signing(root)?);
    Ok(findings)
}

/// What git knows or would take: everything but ignored files.
fn tracked_files(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(root).output()?;
    if !output.status.success() {
        return Err("git does not list the files; run this in a clone".into());
    }
    let listed = String::from_utf8(output.stdout)?;
    Ok(listed.lines().map(str::to_owned).collect())
}

fn check_name(file: &str) -> Option<String> {
    let vague = file.split('/').find(|part| {
        let name = part.split('.').next().unwrap_or(part);
        VAGUE_NAMES.contains(&name)
    });
    vague
        .map(|part| format!("{file}: `{part}` says nothing about what is inside; name the subject"))
}

fn check_text(file: &str, text: &str) -> Vec<String> {
    let extension = file.rsplit('.').next().unwrap_or_default();
    if !SOURCES.contains(&extension) || GENERATED.contains(&file) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        findings.push(format!(
            "{file} has {lines} lines; split it, {LINES_MAX} is the most"
        ));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let word = line
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .find(|word| UNFINISHED.contains(word));
        if let Some(word) = word {
            findings.push(format!(
                "{file}:{number}: `{word}` marks unfinished work; do it or file an issue"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_unfinished_sources_are_found() {
        let long = "fn a() {}\n".repeat(LINES_MAX + 1);
        assert_eq!(check_text("a.rs", &long).len(), 1);
        assert_eq!(check_text("a.json", &long).len(), 0);
        let unfinished = format!("// {}: later\n", UNFINISHED.concat());
        assert_eq!(check_text("a.rs", &unfinished).len(), 0);
        for mark in UNFINISHED {
            assert_eq!(
                check_text("a.rs", &format!("fn a() {{}} // {mark}: later")).len(),
                1
            );
        }
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert!(check_name("crates/x/src/utils.rs").is_some());
        assert!(check_name("ui/src/helpers/a.ts").is_some());
        assert!(check_name("ui/src/lib/utilisation.ts").is_none());
    }
}
