//! The program itself: set up, served, stopped, backed up.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::PASSWORD;

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall-license-server"));
    command.arg("--data-dir").arg(data_dir);
    command
}

fn run(data_dir: &Path, arguments: &[&str]) -> Output {
    command(data_dir).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn error_code(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

fn set_up(place: &TempDir) -> std::path::PathBuf {
    let (data, password) = (place.path().join("data"), place.path().join("password"));
    fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let password = password.to_string_lossy().into_owned();
    let arguments = [
        "init",
        "--admin",
        "ada@example.com",
        "--password-file",
        &password,
        "--json",
    ];
    let made = json(&run(&data, &arguments));
    let roles: Vec<&str> = made["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["lease", "crl", "log"]);
    assert_eq!(error_code(&run(&data, &arguments)), "already_set_up");
    data
}

#[test]
fn it_is_set_up_served_and_stopped() {
    let place = TempDir::new().unwrap();
    let data = set_up(&place);
    let mut child = command(&data)
        .args([
            "serve",
            "--insecure-http",
            "--listen",
            "127.0.0.1:0",
            "--log-level",
            "error",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(
        line.starts_with("guildhall-license-server ready on http://localhost:"),
        "{line}"
    );
    assert_eq!(
        error_code(&run(&data, &["local-key", "disable", "--json"])),
        "data_dir_in_use"
    );
    let key = json(&run(
        &data,
        &[
            "apikey",
            "create",
            "--name",
            "ci",
            "--scope",
            "licences.read",
            "--json",
        ],
    ));
    assert!(key["key"].as_str().unwrap().starts_with("gls_"));
    let folder = place.path().join("backup").to_string_lossy().into_owned();
    json(&run(&data, &["backup", "create", &folder, "--json"]));
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success(), "it stops cleanly");
    json(&run(&data, &["backup", "verify", &folder, "--json"]));
    json(&run(&data, &["backup", "restore", &folder, "--json"]));
}

#[test]
fn doctor_says_out_loud_that_a_licence_key_is_here() {
    let place = TempDir::new().unwrap();
    let data = set_up(&place);
    let quiet = json(&run(&data, &["doctor", "--json"]));
    assert_eq!(quiet["signing"], "queue");
    assert!(
        !quiet["warnings"]
            .to_string()
            .contains("HOLDS A `license` KEY")
    );
    let missing = "is not in keyring";
    assert!(
        quiet["warnings"].to_string().contains(missing),
        "its keys are in no keyring yet"
    );
    let seed = place.path().join("seed");
    fs::write(&seed, "07".repeat(32)).unwrap();
    let seed = seed.to_string_lossy().into_owned();
    json(&run(
        &data,
        &["local-key", "enable", "--seed-file", &seed, "--json"],
    ));
    let loud = json(&run(&data, &["doctor", "--json"]));
    assert_eq!(loud["signing"], "local");
    assert!(
        loud["warnings"]
            .to_string()
            .contains("HOLDS A `license` KEY")
    );
    let again = run(
        &data,
        &["local-key", "enable", "--seed-file", &seed, "--json"],
    );
    assert_eq!(error_code(&again), "local_key_exists");
    json(&run(&data, &["local-key", "disable", "--json"]));
}

#[test]
fn a_wrong_input_makes_nothing() {
    let place = TempDir::new().unwrap();
    let (data, password) = (place.path().join("data"), place.path().join("password"));
    fs::write(&password, "short\n").unwrap();
    let password = password.to_string_lossy().into_owned();
    let arguments = [
        "init",
        "--admin",
        "ada@example.com",
        "--password-file",
        &password,
        "--json",
    ];
    assert_eq!(error_code(&run(&data, &arguments)), "weak_password");
    assert_eq!(error_code(&run(&data, &["doctor", "--json"])), "not_set_up");
    assert_eq!(run(&data, &["nonsense"]).status.code(), Some(2));
}
