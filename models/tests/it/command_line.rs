use std::process::{Command, Stdio};

fn engine() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall-engine"));
    command.stdin(Stdio::null());
    command
}

#[test]
fn it_says_its_version_and_that_the_node_starts_it() {
    let version = engine().arg("--version").output().unwrap();
    assert!(version.status.success());
    let expected = format!("guildhall-engine {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(version.stdout).unwrap(), expected);

    let help = engine().arg("--help").output().unwrap();
    assert!(help.status.success());
    assert!(
        String::from_utf8(help.stdout)
            .unwrap()
            .contains("guildhall serve")
    );
}

#[test]
fn run_by_hand_it_says_what_to_run_instead() {
    let by_hand = engine().output().unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
    let message = String::from_utf8(by_hand.stderr).unwrap();
    assert!(message.contains("run `guildhall serve`"), "{message}");

    let unknown = engine().arg("--serve").output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}
