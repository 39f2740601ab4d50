//! Nested groups of Active Directory, whose server follows the chain itself.

use guildhall_directory::{authenticate, list_people};

use crate::{
    slapd::secret,
    windows::{BASE, Item, Windows},
};

/// Names with everything in them that means something in a filter, in a DN or in neither.
const ANA: &str = r"CN=Álvarez\, Ana (Küche) *,OU=Team\, Nord,DC=corp,DC=example";
const BEN: &str = "CN=Ben Berg,OU=Team,DC=corp,DC=example";
const COOKS: &str = r"CN=Köche (Nord)\, \\alle*,OU=Groups,DC=corp,DC=example";
const STAFF: &str = "CN=Staff,OU=Groups,DC=corp,DC=example";
const EVERYONE: &str = r"CN=Jeder\, (wirklich),OU=Groups,DC=corp,DC=example";
const OTHER: &str = "CN=Other,OU=Groups,DC=corp,DC=example";

/// Ana cooks, cooks are staff, staff is everyone and everyone staff again; Ben is in another group.
async fn server() -> Windows {
    let items = vec![
        Item::person(ANA, "ana"),
        Item::person(BEN, "ben"),
        Item::group(COOKS, r"Köche (Nord), \alle*", &[ANA]),
        Item::group(STAFF, "Staff", &[COOKS, EVERYONE]),
        Item::group(EVERYONE, "Jeder, (wirklich)", &[STAFF]),
        Item::group(OTHER, "Other", &[BEN]),
    ];
    Windows::start(items).await
}

async fn groups_at_login(server: &Windows, login: &str, nested: bool) -> Vec<String> {
    let directory = server.directory(|it| it.nested_groups = nested);
    let password = secret(&format!("{login}-password"));
    let entry = authenticate(&directory, login, &password).await.unwrap();
    entry.unwrap().groups
}

fn sorted(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names
}

#[tokio::test]
async fn who_logs_in_is_in_every_group_that_the_chain_leads_to() {
    let server = server().await;
    assert_eq!(groups_at_login(&server, "ana", false).await, [COOKS]);
    assert_eq!(server.asked(), [], "nobody wanted the chain");
    let all = sorted(vec![COOKS, STAFF, EVERYONE]);
    assert_eq!(groups_at_login(&server, "ana", true).await, all);
    // The server is asked for the very name that it gave.
    assert_eq!(server.asked(), [("member".to_owned(), ANA.to_owned())]);
    assert_eq!(groups_at_login(&server, "ben", true).await, [OTHER]);
    let wrong = authenticate(&server.directory(|_| {}), "ana", &secret("wrong")).await;
    assert_eq!(wrong.unwrap(), None);
}

/// The groups of Ana and of Ben in a list made for these groups of a mapping.
async fn listed(server: &Windows, wanted: &[&str]) -> [Vec<String>; 2] {
    let wanted: Vec<String> = wanted.iter().map(|group| (*group).to_owned()).collect();
    let directory = server.directory(|_| {});
    let people = list_people(&directory, &wanted, 100).await.unwrap();
    assert!(!people.truncated);
    let groups = people.entries.into_iter().map(|entry| entry.groups);
    <[Vec<String>; 2]>::try_from(groups.collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn a_list_holds_who_is_in_the_groups_that_matter_through_others() {
    let server = server().await;
    let asked = |group: &str| ("memberOf".to_owned(), group.to_owned());
    let nothing = listed(&server, &[]).await;
    assert_eq!(nothing, [[COOKS], [OTHER]]);
    assert_eq!(server.asked(), []);

    let by_dn = listed(&server, &[EVERYONE, "*", COOKS]).await;
    assert_eq!(by_dn[0], sorted(vec![COOKS, EVERYONE]));
    assert_eq!(by_dn[1], [OTHER]);
    assert_eq!(server.asked(), [asked(EVERYONE), asked(COOKS)]);

    // A group that is named by its own name is looked up first, and then asked for by its DN.
    let by_name = listed(&server, &["jeder, (wirklich)", "nobody's"]).await;
    assert_eq!(by_name, by_dn);
    assert_eq!(server.asked(), [asked(EVERYONE)]);
}

#[tokio::test]
async fn a_chain_below_another_base_leads_nowhere() {
    let server = server().await;
    let directory = server.directory(|it| {
        it.base_dn = format!("OU=Team,{BASE}");
        it.group_base_dn = Some(format!("OU=Groups,{BASE}"));
    });
    let people = list_people(&directory, &[EVERYONE.to_owned()], 100)
        .await
        .unwrap();
    let names: Vec<&str> = people
        .entries
        .iter()
        .map(|entry| entry.dn.as_str())
        .collect();
    assert_eq!(names, [BEN]);
    assert_eq!(people.entries[0].groups, [OTHER]);
}
