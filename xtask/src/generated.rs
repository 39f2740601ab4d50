//! Files that the program writes about itself and that are committed, so that a change shows in review.

use std::{fs, path::Path, process::Command};

use crate::{Result, program};

/// A committed file, and the program and command that print it.
struct Generated {
    file: &'static str,
    program: &'static str,
    command: &'static [&'static str],
    task: &'static str,
}

const NODE: &str = "guildhall";
const LICENSE_SERVER: &str = "guildhall-license-server";

const APIS: [Generated; 2] = [
    Generated {
        file: "docs/openapi.json",
        program: NODE,
        command: &["openapi"],
        task: "openapi",
    },
    Generated {
        file: "docs/openapi-license-server.json",
        program: LICENSE_SERVER,
        command: &["openapi"],
        task: "openapi",
    },
];
const SCHEMAS: [Generated; 2] = [
    Generated {
        file: "docs/config.schema.json",
        program: NODE,
        command: &["config", "schema"],
        task: "schemas",
    },
    Generated {
        file: "docs/manifest.schema.json",
        program: NODE,
        command: &["agents", "schema"],
        task: "schemas",
    },
];

/// Writes the descriptions of both APIs and, from them, the types of the interfaces.
pub(crate) fn write_api(root: &Path) -> Result<()> {
    let program = program()?;
    APIS.iter()
        .try_for_each(|generated| write(root, &program, generated))?;
    run_in_interface(root, "generate")?;
    println!("wrote ui/src/api/schema.d.ts and ui/src/portal/api/schema.d.ts");
    Ok(())
}

/// Writes the JSON Schemas of the configuration and of manifests.
pub(crate) fn write_schemas(root: &Path) -> Result<()> {
    let program = program()?;
    SCHEMAS
        .iter()
        .try_for_each(|generated| write(root, &program, generated))
}

/// What is out of date, one sentence each.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>> {
    let program = program()?;
    let mut findings = Vec::new();
    for generated in SCHEMAS.iter().chain(&APIS) {
        let stored = fs::read_to_string(root.join(generated.file)).unwrap_or_default();
        if stored != print(&program, generated)? {
            findings.push(format!(
                "{} is out of date; run `cargo xtask {}` and commit it",
                generated.file, generated.task
            ));
        }
    }
    if findings.is_empty() && run_in_interface(root, "generate:check").is_err() {
        findings.push(
            "the API types of ui/ are out of date; run `cargo xtask openapi` and commit them"
                .to_owned(),
        );
    }
    Ok(findings)
}

fn write(root: &Path, program: &Path, generated: &Generated) -> Result<()> {
    let path = root.join(generated.file);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, print(program, generated)?)?;
    println!("wrote {}", generated.file);
    Ok(())
}

/// The programs lie beside each other.
fn print(program: &Path, generated: &Generated) -> Result<String> {
    let program = program.with_file_name(generated.program);
    let output = Command::new(&program)
        .args(generated.command)
        .output()
        .map_err(|error| {
            format!(
                "{} cannot be started: {error}; name another with GUILDHALL_BIN",
                program.display()
            )
        })?;
    if !output.status.success() {
        let command = generated.command.join(" ");
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{} {command}` failed: {}", generated.program, words.trim()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn run_in_interface(root: &Path, script: &str) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script])
        .current_dir(root.join("ui"));
    if npm.status()?.success() {
        Ok(())
    } else {
        Err(format!("`npm run {script}` failed in ui/").into())
    }
}
