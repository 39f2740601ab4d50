//! Who gets in, and who does not.

use guildhall_directory::{Bind, Directory, Inactive, Kind, authenticate};

use crate::slapd::{Options, Slapd, reader, secret};

async fn groups(directory: &Directory, login: &str, password: &str) -> Vec<String> {
    let entry = authenticate(directory, login, &secret(password))
        .await
        .unwrap()
        .unwrap();
    let names = entry
        .groups
        .iter()
        .map(|dn| dn.split([',', '=']).nth(1).unwrap().to_owned());
    names.collect()
}

async fn is_nobody(directory: &Directory, login: &str, password: &str) -> bool {
    authenticate(directory, login, &secret(password))
        .await
        .unwrap()
        .is_none()
}

#[tokio::test]
async fn a_person_gets_in_by_login_name_or_address_and_nobody_else_does() {
    let server = Slapd::start();
    let directory = server.directory(|_| {});
    let ana = authenticate(&directory, "ana", &secret("ana-password"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (ana.login.as_str(), ana.email.as_str()),
        ("ana", "Ana@Example.org")
    );
    assert_eq!(ana.display_name, "Ana Alvarez");
    assert_eq!(ana.subject.len(), 36, "{}", ana.subject);
    assert_eq!(ana.groups, ["cn=staff,ou=groups,dc=example,dc=org"]);
    assert_eq!(ana.inactive, None);
    let by_address = authenticate(&directory, " ANA@example.ORG ", &secret("ana-password")).await;
    assert_eq!(by_address.unwrap().unwrap(), ana);
    // A name that needs escaping in filters and in DNs.
    assert_eq!(groups(&directory, "cleo", "cleo-password").await, ["staff"]);

    for (login, password) in [
        ("ana", "ben-password"),
        ("ana", ""),
        ("", "ana-password"),
        ("nobody", "ana-password"),
        ("reader", "reader-password"),
        ("an\0a", "ana-password"),
    ] {
        assert!(
            is_nobody(&directory, login, password).await,
            "{login} {password}"
        );
    }
}

#[tokio::test]
async fn what_is_typed_is_never_part_of_a_filter() {
    let server = Slapd::start();
    let search = server.directory(|_| {});
    let person = server.directory(|it| {
        it.bind = Bind::Person {
            template: "uid={login},ou=people,dc=example,dc=org".into(),
        };
    });
    for login in [
        "*",
        "a*",
        "*)(uid=*",
        "ana)(uid=ana",
        "ana)(|(uid=*",
        "*))(|(uid=*",
        "ana)(objectClass=*)",
        "\\61na",
        "ana,ou=people,dc=example,dc=org",
        "ana+uid=ana",
        "uid=ana",
    ] {
        for directory in [&search, &person] {
            assert!(is_nobody(directory, login, "ana-password").await, "{login}");
        }
    }
    let long = "a".repeat(100_000);
    assert!(is_nobody(&search, &long, "ana-password").await);
    assert!(is_nobody(&search, "ana", &long).await);
}

#[tokio::test]
async fn people_may_log_in_under_their_own_name() {
    let server = Slapd::start();
    let directory = server.directory(|it| {
        it.bind = Bind::Person {
            template: "uid={login},ou=people,dc=example,dc=org".into(),
        };
    });
    assert_eq!(groups(&directory, "ana", "ana-password").await, ["staff"]);
    assert!(is_nobody(&directory, "ana", "wrong").await);
    assert!(is_nobody(&directory, "ana", "").await);
    // A template that means another person than the search finds lets neither in.
    let crossed = server.directory(|it| {
        it.bind = Bind::Person {
            template: "uid=ben,ou=people,dc=example,dc=org".into(),
        };
    });
    assert_eq!(crossed.settings.check().unwrap_err().code(), "invalid_bind");
    assert!(
        authenticate(&crossed, "ana", &secret("ben-password"))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn groups_in_groups_count_when_wanted_and_circles_end() {
    let server = Slapd::start();
    let flat = server.directory(|_| {});
    assert_eq!(
        groups(&flat, "ben", "ben-password").await,
        ["unique", "unix"]
    );
    let nested = server.directory(|it| it.nested_groups = true);
    let all = ["circle-one", "circle-two", "everyone", "staff"];
    assert_eq!(groups(&nested, "ana", "ana-password").await, all);
    let bounded = server.directory(|it| {
        it.nested_groups = true;
        it.limits.depth = 1;
    });
    assert_eq!(
        groups(&bounded, "ana", "ana-password").await,
        ["everyone", "staff"]
    );
}

#[tokio::test]
async fn groups_that_the_server_keeps_with_the_person_count() {
    let server = Slapd::with(Options {
        entries: crate::slapd::PEOPLE.to_owned(),
        added: crate::slapd::GROUPS,
        database: "overlay memberof\nmemberof-group-oc groupOfNames",
        ..Options::default()
    });
    let directory = server.directory(|it| {
        it.kind = Kind::ActiveDirectory;
        it.attributes.member_of = "memberOf".into();
        it.login_attributes = vec!["uid".into()];
    });
    assert_eq!(groups(&directory, "ana", "ana-password").await, ["staff"]);
}

#[tokio::test]
async fn accounts_that_ended_are_told_with_the_reason() {
    let server = Slapd::start();
    let directory = server.directory(|_| {});
    let inactive = async |login: &str| {
        let password = secret(&format!("{login}-password"));
        let entry = authenticate(&directory, login, &password)
            .await
            .unwrap()
            .unwrap();
        entry.inactive
    };
    assert_eq!(inactive("ana").await, None);
    assert_eq!(inactive("dora").await, Some(Inactive::Expired));
    assert_eq!(inactive("emil").await, Some(Inactive::Disabled));
    let windows = server.directory(|it| it.attributes.subject = "objectGUID".into());
    let emil = authenticate(&windows, "emil", &secret("emil-password"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(emil.subject, "03020100-0504-0706-0809-0a0b0c0d0e0f");
}

#[tokio::test]
async fn an_account_locked_by_policy_is_nobody() {
    let locked = "dn: uid=kim,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: kim\ncn: Kim\nsn: Kim\n\
        mail: kim@example.org\nuserPassword: kim-password\npwdAccountLockedTime: 000001010000Z\n\n";
    let policy = "dn: cn=policy,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: policy\n\
        pwdAttribute: userPassword\npwdLockout: TRUE\n\n";
    let server = Slapd::with(Options {
        entries: format!("{}{locked}{policy}", crate::slapd::PEOPLE),
        database: "overlay ppolicy\nppolicy_default \"cn=policy,dc=example,dc=org\"",
        ..Options::default()
    });
    let directory = server.directory(|_| {});
    assert!(is_nobody(&directory, "kim", "kim-password").await);
    let people = guildhall_directory::list_people(&directory, &[], 100)
        .await
        .unwrap();
    let kim = people
        .entries
        .iter()
        .find(|entry| entry.login == "kim")
        .unwrap();
    assert_eq!(kim.inactive, Some(Inactive::Locked));
}

#[tokio::test]
async fn a_login_that_means_two_people_is_nobodys() {
    let server = Slapd::start();
    let directory = server.directory(|_| {});
    let refused = authenticate(&directory, "twin@example.org", &secret("gil-password")).await;
    assert_eq!(refused.unwrap_err().code(), "directory_ambiguous_login");
    assert!(!is_nobody(&directory, "gil", "gil-password").await);
}

#[tokio::test]
async fn values_beyond_all_measure_do_no_harm() {
    let server = Slapd::start();
    let huge = "x".repeat(200_000);
    let long = "y".repeat(5_000);
    server.add(&format!(
        "dn: uid=hal,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: hal\ncn: {long}\nsn: Hal\n\
         mail: {huge}@example.org\nuserPassword: hal-password\n"
    ));
    let directory = server.directory(|it| it.login_attributes = vec!["uid".into()]);
    let hal = authenticate(&directory, "hal", &secret("hal-password"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(hal.email, "");
    assert_eq!(hal.display_name.len(), 320);
}

#[tokio::test]
async fn a_service_account_that_is_refused_is_the_administrators_trouble() {
    let server = Slapd::start();
    let directory = server.directory(|it| it.bind = reader("wrong"));
    let refused = authenticate(&directory, "ana", &secret("ana-password"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "directory_bind_refused");
    let stranger = server.directory(|it| it.bind = Bind::Anonymous);
    let refused = authenticate(&stranger, "ana", &secret("ana-password"))
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        "directory_no_such_base",
        "{}",
        refused.message()
    );
}
