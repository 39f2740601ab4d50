//! Trying a directory out: what an administrator reads.

use guildhall_directory::{Bind, Directory, Security, Step, StepState, Tried, test};

use crate::slapd::{Options, Slapd, free_port, reader, secret};

fn told(steps: &[Step]) -> Vec<String> {
    let state = |step: &Step| match step.state {
        StepState::Ok => "ok",
        StepState::Failed => "failed",
        StepState::Skipped => "skipped",
    };
    steps
        .iter()
        .map(|step| format!("{} {}", step.name, state(step)))
        .collect()
}

async fn tried(directory: &Directory, login: &str, password: &str) -> Vec<Step> {
    test(directory, Some(login), Some(&secret(password)))
        .await
        .steps
}

async fn steps_of(directory: &Directory) -> Vec<Step> {
    let Tried { steps, person } = test(directory, None, None).await;
    assert!(person.is_none());
    steps
}

fn step<'a>(steps: &'a [Step], name: &str) -> &'a Step {
    steps
        .iter()
        .find(|step| step.name == name)
        .unwrap_or_else(|| panic!("no step {name}: {steps:#?}"))
}

#[tokio::test]
async fn every_step_of_a_directory_that_works_says_what_it_found() {
    let server = Slapd::start();
    let directory = server.directory(|_| {});
    let steps = tried(&directory, "ana", "ana-password").await;
    assert_eq!(
        told(&steps),
        [
            "connect ok",
            "tls ok",
            "bind ok",
            "base_dn ok",
            "search ok",
            "groups ok",
            "find_person ok",
            "login ok",
            "person_groups ok",
        ]
    );
    assert!(step(&steps, "tls").detail.contains("authority under test"));
    assert!(
        step(&steps, "search").detail.starts_with("8 found"),
        "{steps:#?}"
    );
    assert!(
        step(&steps, "groups").detail.starts_with("6 found"),
        "{steps:#?}"
    );
    assert!(step(&steps, "person_groups").detail.contains("cn=staff"));
    let found = test(&directory, Some("ana"), None).await.person.unwrap();
    assert_eq!((found.login.as_str(), found.groups.len()), ("ana", 1));
    let start_tls = server.directory(|it| {
        it.security = Security::StartTls;
        it.urls = vec![server.plain_url()];
    });
    assert_eq!(
        told(&steps_of(&start_tls).await)[..4],
        ["connect ok", "start_tls ok", "tls ok", "bind ok"]
    );
}

#[tokio::test]
async fn what_fails_names_the_way_out() {
    let server = Slapd::start();
    let unknown = server.directory(|it| it.ca_pem = None);
    let steps = steps_of(&unknown).await;
    assert_eq!(told(&steps)[..2], ["connect ok", "tls failed"]);
    assert!(step(&steps, "tls").hint.as_deref().unwrap().contains("PEM"));

    let wrong = server.directory(|it| it.bind = reader("wrong"));
    let steps = steps_of(&wrong).await;
    assert_eq!(step(&steps, "bind").state, StepState::Failed);
    assert!(
        step(&steps, "bind")
            .hint
            .as_deref()
            .unwrap()
            .contains("password")
    );
    assert_eq!(step(&steps, "search").state, StepState::Skipped);

    let base = server.directory(|it| it.base_dn = "ou=nowhere,dc=example,dc=org".into());
    let steps = steps_of(&base).await;
    assert_eq!(step(&steps, "base_dn").state, StepState::Failed);

    let filter = server.directory(|it| it.user_filter = "(objectClass=computer)".into());
    let steps = steps_of(&filter).await;
    assert_eq!(step(&steps, "search").state, StepState::Failed);

    let groups = server.directory(|it| it.group_filter = "(objectClass=computer)".into());
    let steps = steps_of(&groups).await;
    assert_eq!(step(&steps, "groups").state, StepState::Skipped);

    let invalid = server.directory(|it| it.user_filter = "uid=x".into());
    assert_eq!(told(&steps_of(&invalid).await), ["settings failed"]);
}

#[tokio::test]
async fn a_demand_for_encryption_is_told_clearly() {
    let server = Slapd::with(Options {
        global: "security tls=1",
        ..Options::default()
    });
    let plain = server.directory(|it| {
        it.security = Security::Plain;
        it.allow_plain = true;
        it.urls = vec![server.plain_url()];
    });
    let steps = steps_of(&plain).await;
    assert_eq!(
        told(&steps)[..3],
        ["connect ok", "tls skipped", "bind failed"]
    );
    let bind = step(&steps, "bind");
    assert!(
        bind.detail.contains("demands an encrypted connection"),
        "{}",
        bind.detail
    );
    assert!(bind.hint.as_deref().unwrap().contains("StartTLS"));
}

#[tokio::test]
async fn every_server_is_tried_and_one_is_enough() {
    let server = Slapd::start();
    let closed = format!("ldaps://127.0.0.1:{}", free_port());
    let directory = server.directory(|it| {
        it.urls
            .insert(0, guildhall_directory::ServerUrl::parse(&closed).unwrap())
    });
    let steps = steps_of(&directory).await;
    assert_eq!(
        told(&steps)[..4],
        ["connect failed", "connect ok", "tls ok", "bind ok"]
    );
    assert_eq!(step(&steps, "search").state, StepState::Ok);
}

#[tokio::test]
async fn a_person_is_tried_without_telling_more_than_is_true() {
    let server = Slapd::start();
    let directory = server.directory(|_| {});
    let state = async |login: &str, password: &str, name: &str| {
        let steps = tried(&directory, login, password).await;
        step(&steps, name).state
    };
    assert_eq!(state("ana", "wrong", "login").await, StepState::Failed);
    assert_eq!(state("ana", "", "login").await, StepState::Skipped);
    assert_eq!(state("nobody", "x", "find_person").await, StepState::Failed);
    assert_eq!(
        state("fay", "fay-password", "find_person").await,
        StepState::Failed
    );
    assert_eq!(
        state("emil", "emil-password", "find_person").await,
        StepState::Failed
    );
    assert_eq!(state("*", "x", "find_person").await, StepState::Failed);
    let person = server.directory(|it| {
        it.bind = Bind::Person {
            template: "uid={login},ou=people,dc=example,dc=org".into(),
        };
    });
    assert_eq!(
        step(&steps_of(&person).await, "bind").state,
        StepState::Skipped
    );
    assert_eq!(
        step(&tried(&person, "ana", "ana-password").await, "login").state,
        StepState::Ok
    );
    assert_eq!(
        step(&tried(&person, "ana", "wrong").await, "bind").state,
        StepState::Failed
    );
}
