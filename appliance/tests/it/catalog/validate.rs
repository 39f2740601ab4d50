//! `agents validate`: what is wrong with an agent's files, in words.

use std::{fs, path::Path};

use guildhall::catalog::{built_in_agents, validate_file};
use tempfile::TempDir;

fn write(directory: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = directory.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_manifest_is_checked_with_the_handbook_beside_it() {
    let directory = TempDir::new().unwrap();
    let clerk = built_in_agents()
        .iter()
        .find(|files| files.slug == "invoice-clerk")
        .unwrap();
    let path = write(directory.path(), "agent.yaml", &clerk.manifest_yaml);
    let report = validate_file(&path).unwrap();
    assert!(report.valid && report.agent.as_ref().unwrap().passages.is_none());
    assert_eq!(
        report.notes,
        ["there is no handbook.md beside it; extractive answers quote one"]
    );

    write(directory.path(), "handbook.md", &clerk.handbook_md);
    let report = validate_file(&path).unwrap();
    let text = report
        .to_string()
        .replace(directory.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(text, @"DIR/agent.yaml: Invoice clerk (invoice-clerk 1.0.0) is valid, with 36 handbook passages");

    write(
        directory.path(),
        "handbook.md",
        "# Handbook\n## Section\n### No id\n",
    );
    write(
        directory.path(),
        "agent.yaml",
        &clerk
            .manifest_yaml
            .replace("category: finance", "category: finanze"),
    );
    let report = validate_file(&path).unwrap();
    assert!(!report.valid);
    let text = report
        .to_string()
        .replace(directory.path().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(text, @"
    category: is `finanze`; known values are finance, people, support, sales, legal, operations (did you mean `finance`?) [line 6]
    handbook.md section `Section`: has no passage [line 2]
    handbook.md passage `No id`: has no id; end its heading with `{#some-id}` [line 3]
    DIR/agent.yaml: 3 problems
    ");
    insta::assert_json_snapshot!(report.problems[0], @r#"
    {
      "line": 6,
      "path": "category",
      "message": "is `finanze`; known values are finance, people, support, sales, legal, operations",
      "suggestion": "finance"
    }
    "#);
}

#[test]
fn files_that_cannot_be_read_are_refused_with_the_way_out() {
    let directory = TempDir::new().unwrap();
    let missing = validate_file(&directory.path().join("missing.yaml")).unwrap_err();
    assert_eq!(missing.code(), "file_not_found");
    let is_directory = validate_file(directory.path()).unwrap_err();
    assert_eq!(is_directory.code(), "file_unreadable");
    assert!(
        is_directory
            .message()
            .ends_with("is a directory; name the manifest.yaml in it")
    );
    let path = directory.path().join("latin1.yaml");
    fs::write(&path, b"name: \xe9").unwrap();
    assert_eq!(
        validate_file(&path).unwrap().problems[0].to_string(),
        "file: is not UTF-8 text; save it as UTF-8"
    );
    let large = write(directory.path(), "large.yaml", &"#".repeat(70_000));
    assert_eq!(
        validate_file(&large).unwrap().problems[0].to_string(),
        "file: is 70000 bytes long; at most 65536 allowed"
    );
}
