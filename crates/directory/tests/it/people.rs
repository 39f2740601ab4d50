//! Lists of everyone.

use std::fmt::Write as _;

use guildhall_directory::{Bind, list_people};

use crate::slapd::{Options, PEOPLE, Slapd};

#[tokio::test]
async fn everyone_is_listed_with_groups_and_references_elsewhere_are_left_out() {
    let server = Slapd::start();
    let directory = server.directory(|it| it.nested_groups = true);
    let people = list_people(&directory, &[], 100).await.unwrap();
    assert!(!people.truncated);
    let logins: Vec<&str> = people
        .entries
        .iter()
        .map(|entry| entry.login.as_str())
        .collect();
    assert_eq!(
        logins,
        ["ana", "ben", "cleo", "dora", "emil", "fay", "gil", "gus"]
    );
    let groups = |login: &str| {
        people
            .entries
            .iter()
            .find(|entry| entry.login == login)
            .unwrap()
            .groups
            .len()
    };
    assert_eq!((groups("ana"), groups("ben"), groups("fay")), (4, 2, 0));
    assert!(people.entries.iter().all(|entry| entry.subject.len() == 36));
    let few = list_people(&directory, &[], 3).await.unwrap();
    assert_eq!((few.entries.len(), few.truncated), (3, true));
}

#[tokio::test]
async fn a_group_of_ten_thousand_is_read_page_by_page() {
    let mut entries = PEOPLE.to_owned();
    let mut group =
        "dn: cn=crowd,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: crowd\n"
            .to_owned();
    for number in 0..10_000 {
        let dn = format!("uid=p{number},ou=people,dc=example,dc=org");
        write!(
            entries,
            "dn: {dn}\nobjectClass: inetOrgPerson\nuid: p{number}\ncn: Person {number}\nsn: {number}\nmail: p{number}@example.org\n\n"
        )
        .unwrap();
        writeln!(group, "member: {dn}").unwrap();
    }
    let entries = format!("{entries}{group}\n");
    let server = Slapd::with(Options {
        entries,
        ..Options::default()
    });
    let directory = server.directory(|_| {});
    let people = list_people(&directory, &[], 100_000).await.unwrap();
    assert_eq!((people.entries.len(), people.truncated), (10_008, false));
    let in_crowd = people
        .entries
        .iter()
        .filter(|entry| !entry.groups.is_empty())
        .count();
    assert_eq!(in_crowd, 10_000);

    // Whom the server gives only a part, knows that it is a part.
    server.change("dn: uid=ben,ou=people,dc=example,dc=org\nchangetype: modify\nreplace: userPassword\nuserPassword: ben-password\n");
    let limited = server.directory(|it| {
        it.bind = Bind::Account {
            dn: "cn=admin,dc=example,dc=org".into(),
            password: crate::slapd::secret("admin-password"),
        };
        it.limits.people = 1_000;
    });
    let part = list_people(&limited, &[], 100_000).await.unwrap();
    assert_eq!((part.entries.len(), part.truncated), (1_000, true));
}

#[tokio::test]
async fn a_server_that_gives_a_part_only_is_noticed() {
    let server = Slapd::with(Options {
        database: "sizelimit size.soft=5 size.hard=5 size.pr=2 size.prtotal=5",
        entries: format!("{PEOPLE}{}", crate::slapd::GROUPS),
        ..Options::default()
    });
    server.add("dn: cn=limited,ou=services,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: limited\nuserPassword: limited-password\n");
    let directory = server.directory(|it| {
        it.bind = Bind::Account {
            dn: "uid=ana,ou=people,dc=example,dc=org".into(),
            password: crate::slapd::secret("ana-password"),
        };
        it.base_dn = "ou=groups,dc=example,dc=org".into();
        it.user_filter = "(objectClass=*)".into();
        it.page_size = 2;
    });
    let people = list_people(&directory, &[], 100).await.unwrap();
    assert!(people.truncated && !people.entries.is_empty(), "{people:?}");
}

#[tokio::test]
async fn without_a_service_account_nobody_is_listed() {
    let server = Slapd::start();
    let directory = server.directory(|it| {
        it.bind = Bind::Person {
            template: "uid={login},ou=people,dc=example,dc=org".into(),
        };
    });
    let refused = list_people(&directory, &[], 100).await.unwrap_err();
    assert_eq!(refused.code(), "directory_needs_account");
}

#[tokio::test]
async fn a_base_on_another_server_is_told_and_not_followed() {
    let server = Slapd::start();
    for base in [
        "ou=elsewhere,dc=example,dc=org",
        "ou=circle,dc=example,dc=org",
    ] {
        let directory = server.directory(|it| it.base_dn = base.into());
        let refused = list_people(&directory, &[], 100).await.unwrap_err();
        assert_eq!(
            refused.code(),
            "directory_referral",
            "{}",
            refused.message()
        );
    }
    let missing = server.directory(|it| it.base_dn = "dc=nowhere,dc=org".into());
    let refused = list_people(&missing, &[], 100).await.unwrap_err();
    assert!(
        ["directory_no_such_base", "directory_referral"].contains(&refused.code()),
        "{}",
        refused.code()
    );
}
