//! Accounts that several organisations have: what one of them may do with them, and learn of them.

use axum::http::StatusCode;
use guildhall::identity::{self, ExternalIdentity, Grant, NewMember};
use guildhall_kernel::{RequestId, Role};
use serde_json::{Value, json};

use super::{
    Browser, add_to,
    external::{apply, browser, enter, iris, organisation_of},
    listed, log_in, member,
};
use crate::harness::{Answer, Caller, PASSWORD, TestApp};

const PEOPLE: &str = "/api/admin/people";
const DORA: &str = "dora@acme.test";

fn dora(role: &str) -> Value {
    json!({ "email": DORA, "display_name": "Dora of Acme", "role": role })
}

/// The directory that provisions an organisation, in which everybody gets a role.
pub(super) async fn provisioning(test: &TestApp, admin: &Caller) -> Caller {
    let rules = json!({ "default_role": "normal", "group_roles": [] });
    let set = admin.send("PUT", "/api/admin/scim", Some(rules), &[]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    let token = json!({ "name": "Directory" });
    let token = admin.post("/api/admin/scim-tokens", token).await.json();
    test.with_key(token["secret"].as_str().unwrap())
}

fn user(name: &str, email: &str, active: bool) -> Value {
    json!({ "userName": "dora", "displayName": name, "active": active, "emails": [{ "value": email }] })
}

pub(super) async fn provision(directory: &Caller, user: Value) -> String {
    let made = directory.post("/scim/v2/Users", user).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    format!("/scim/v2/Users/{}", made.json()["id"].as_str().unwrap())
}

fn problem(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json()["scimType"].clone())
}

/// What an identity provider of one organisation says of somebody whom it knows by this address.
async fn said(admin: &Caller, email: &str) -> ExternalIdentity {
    let organisation = organisation_of(admin).await;
    ExternalIdentity {
        source: "idp_beta".to_owned(),
        subject: email.to_owned(),
        email: email.to_owned(),
        display_name: "Evil".to_owned(),
        grants: vec![Grant {
            organisation,
            role: "normal".to_owned(),
        }],
        organisations: vec![organisation],
        active: true,
    }
}

#[tokio::test]
async fn one_organisation_s_directory_takes_no_account_that_another_has_too() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let directory = provisioning(&test, &beta).await;
    let path = provision(&directory, user("Dora", DORA, true)).await;

    // Who administers the organisation alone cannot have the account without its holder.
    let otto = member(&test, "otto@first.example", "admin").await;
    let refused = otto.post(PEOPLE, dora("admin")).await;
    assert_eq!(refused.code(), "invite_instead", "{}", refused.text);
    // Nor does the answer say that somebody has it: one that nobody has gets the same.
    let mut unknown = dora("admin");
    unknown["email"] = json!("nobody@nowhere.test");
    let unknown = otto.post(PEOPLE, unknown).await;
    assert_eq!(unknown.status, refused.status);
    let words = |answer: &Answer| answer.json()["error"]["message"].clone();
    assert_eq!(words(&unknown), words(&refused));
    let added = test.admin().post(PEOPLE, dora("admin")).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    assert_eq!(added.json()["temporary_password"], Value::Null);

    for renamed in [
        user("Dora", "evil@beta.test", true),
        user("Evil", DORA, true),
    ] {
        let put = directory.send("PUT", &path, Some(renamed), &[]).await;
        assert_eq!(problem(&put), (400, json!("mutability")), "{}", put.text);
    }
    // An end of access counts whatever comes with it, in the directory's own organisation.
    let gone = user("Evil", "evil@beta.test", false);
    let gone = directory.send("PUT", &path, Some(gone), &[]).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    assert!(!beta.get(PEOPLE).await.text.contains(DORA));
    let entry = listed(&test, DORA).await;
    assert_eq!(
        (&entry["role"], &entry["display_name"]),
        (&json!("admin"), &json!("Dora"))
    );

    let stranger = enter(&test, &said(&beta, "evil@beta.test").await).await;
    let stranger = browser(&test, &stranger.unwrap());
    let there = json!({ "organisation_id": organisation_of(&test.admin()).await });
    let there = stranger.post("/api/session/organisation", there).await;
    assert_eq!(there.status, StatusCode::NOT_FOUND, "{}", there.text);
    let as_dora = enter(&test, &said(&beta, DORA).await).await;
    assert_eq!(as_dora.err().unwrap().code(), "account_exists");
}

#[tokio::test]
async fn an_address_leads_no_source_to_somebody_of_another_organisation() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let directory = provisioning(&test, &beta).await;
    for (email, role) in [
        ("nell@first.example", "normal"),
        ("anna@first.example", "admin"),
    ] {
        member(&test, email, role).await;
        // The directory hears what it hears of an address that nobody has, and nobody is let in.
        let mine =
            json!({ "userName": email, "displayName": "Mine", "emails": [{ "value": email }] });
        provision(&directory, mine).await;
        assert!(!beta.get(PEOPLE).await.text.contains(email));
        let entered = enter(&test, &said(&beta, email).await).await;
        assert_eq!(entered.err().unwrap().code(), "account_exists");
    }
    // An administrator without a password is one, too.
    let mut lead = iris(&test, Some("admin")).await;
    apply(&test, &lead).await.unwrap();
    lead = ExternalIdentity {
        email: lead.email,
        ..said(&beta, "").await
    };
    assert_eq!(
        apply(&test, &lead).await.unwrap_err().code(),
        "account_exists"
    );
    assert!(!beta.get(PEOPLE).await.text.contains("iris"));
}

#[tokio::test]
async fn a_source_ends_what_it_vouched_for_and_leaves_the_rest_to_others() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let second = organisation_of(&beta).await;
    let mut identity = iris(&test, Some("normal")).await;
    let first = browser(&test, &enter(&test, &identity).await.unwrap());
    add_to(&test, second, ("iris@corp.example", Role::Staff)).await;
    let moved = json!({ "organisation_id": second });
    let moved = first.post("/api/session/organisation", moved).await;
    let inside = Browser::of(&test, &moved);
    let key = inside
        .post("/api/account/api-keys", json!({ "name": "script" }))
        .await;
    let key = test.with_key(key.json()["key"].as_str().unwrap());

    identity.display_name = "Somebody Else".to_owned();
    let change = apply(&test, &identity).await.unwrap();
    assert!(change.name_kept);
    assert_eq!(
        listed(&test, "iris@corp.example").await["display_name"],
        "Iris Intern"
    );
    identity.active = false;
    apply(&test, &identity).await.unwrap();
    assert!(!inside.is_in().await, "the source had opened this session");
    assert_eq!(
        key.get("/api/session").await.status,
        StatusCode::OK,
        "the key is the other organisation's"
    );
    // Alone again, the account is the source's to name and to end.
    let path = format!("{PEOPLE}/{}", change.person);
    beta.send("DELETE", &path, None, &[]).await;
    identity.active = true;
    assert!(!apply(&test, &identity).await.unwrap().name_kept);
    assert_eq!(
        listed(&test, "iris@corp.example").await["display_name"],
        "Somebody Else"
    );
}

#[tokio::test]
async fn who_is_let_in_again_brings_no_way_in_that_others_made() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let made = add_to(&test, organisation_of(&beta).await, (DORA, Role::Normal)).await;
    let path = format!("{PEOPLE}/{}", made.member.id);
    let known = made.temporary_password.unwrap();
    beta.send("DELETE", &path, None, &[]).await;

    let added = test.admin().post(PEOPLE, dora("staff")).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let old = log_in(&test, DORA, &known).await;
    assert_eq!(old.code(), "wrong_credentials", "{}", old.text);
    let new = added.json()["temporary_password"].clone();
    let new = log_in(&test, DORA, new.as_str().unwrap()).await;
    assert_eq!(new.status, StatusCode::CREATED, "{}", new.text);

    // The same through sources: what one knew ends when another lets the person in.
    let mut beta_s = said(&beta, "iris@corp.example").await;
    enter(&test, &beta_s).await.unwrap();
    beta_s.grants.clear();
    apply(&test, &beta_s).await.unwrap();
    apply(&test, &iris(&test, Some("staff")).await)
        .await
        .unwrap();
    let back = enter(&test, &said(&beta, "iris@corp.example").await).await;
    assert_eq!(back.err().unwrap().code(), "account_exists");
    let entry = listed(&test, "iris@corp.example").await;
    assert_eq!(entry["display_name"], "Iris Intern");
}

#[tokio::test]
async fn what_is_of_the_account_is_not_one_organisation_s_to_change_or_see() {
    let test = TestApp::new().await;
    let beta = test.stranger().await;
    let bo = member(&test, "bo@both.example", "normal").await;
    let id = super::id_of(&bo).await;
    add_to(
        &test,
        organisation_of(&beta).await,
        ("bo@both.example", Role::Normal),
    )
    .await;
    for _ in 0..6 {
        log_in(&test, "bo@both.example", "not the password").await;
    }
    let otto = member(&test, "otto@first.example", "admin").await;
    let path = format!("{PEOPLE}/{id}");
    let name = json!({ "display_name": "Nobody" });
    let renamed = otto.send("PATCH", &path, Some(name.clone())).await;
    assert_eq!(renamed.code(), "belongs_elsewhere", "{}", renamed.text);
    for what in ["reset-password", "reset-second-factors"] {
        let reset = otto.post(&format!("{path}/{what}"), Value::Null).await;
        assert_eq!(reset.code(), "belongs_elsewhere", "{what}: {}", reset.text);
    }
    // The role is the organisation's, and one's own name one's own.
    let role = json!({ "role": "staff", "display_name": "bo@both.example" });
    let role = otto.send("PATCH", &path, Some(role)).await;
    assert_eq!(role.json()["role"], "staff", "{}", role.text);
    assert!(bo.is_in().await);

    let people = otto.get(PEOPLE).await.json();
    let find = |people: &Value| {
        let items = people["items"].as_array().unwrap().clone();
        items
            .into_iter()
            .find(|one| one["id"] == id.as_str())
            .unwrap()
    };
    for seen in [find(&people), role.json()] {
        for hidden in ["second_factor", "locked_until", "last_seen_at"] {
            assert_eq!(seen[hidden], Value::Null, "{hidden}: {seen}");
        }
    }
    // Who administers the node knows, and an account of one organisation is that one's.
    let whole = find(&test.admin().get(PEOPLE).await.json());
    for shown in ["second_factor", "locked_until", "last_seen_at"] {
        assert_ne!(whole[shown], Value::Null, "{shown}: {whole}");
    }
    let renamed = test.admin().send("PATCH", &path, Some(name), &[]).await;
    assert_eq!(renamed.json()["display_name"], "Nobody", "{}", renamed.text);
    let own = listed(&test, "otto@first.example").await;
    let own = format!("{PEOPLE}/{}", own["id"].as_str().unwrap());
    let nell = member(&test, "nell@first.example", "normal").await;
    let nell = format!("{PEOPLE}/{}", super::id_of(&nell).await);
    for path in [own, nell] {
        let named = json!({ "display_name": "Renamed" });
        let named = otto.send("PATCH", &path, Some(named)).await;
        assert_eq!(named.json()["display_name"], "Renamed", "{}", named.text);
        assert_eq!(named.json()["second_factor"], false, "{}", named.text);
    }
}

#[tokio::test]
async fn an_account_that_administers_the_node_is_no_organisation_s_to_rename_or_let_in() {
    let test = TestApp::new().await;
    let otto = member(&test, "otto@first.example", "admin").await;
    let ada = listed(&test, "ada@first.example").await;
    let path = format!("{PEOPLE}/{}", ada["id"].as_str().unwrap());
    let name = json!({ "display_name": "Nobody" });
    let renamed = otto.send("PATCH", &path, Some(name)).await;
    assert_eq!(renamed.code(), "belongs_elsewhere", "{}", renamed.text);

    let beta = test.stranger().await;
    let known = json!({ "email": "ada@first.example", "display_name": "Ada", "role": "admin" });
    let known = beta.post(PEOPLE, known).await;
    assert_eq!(known.code(), "invite_instead", "{}", known.text);
    // A source that made the account of who administers the node now names it no more.
    let mut lead = iris(&test, Some("staff")).await;
    let id = apply(&test, &lead).await.unwrap().person;
    let platform = format!("{PEOPLE}/{id}/platform-administrator");
    test.admin().send("PUT", &platform, None, &[]).await;
    lead.email = "evil@corp.example".to_owned();
    assert!(apply(&test, &lead).await.unwrap().name_kept);
    assert_ne!(listed(&test, "iris@corp.example").await, Value::Null);

    // The operator adds anybody, and they keep the password they have.
    let second = organisation_of(&beta).await;
    let operator = identity::operator_context(&test.app, second, id, RequestId::new());
    let member = NewMember {
        email: "otto@first.example".to_owned(),
        display_name: "Otto".to_owned(),
        role: Role::Staff,
    };
    let added = identity::add_member(&test.app, &operator, member).await;
    assert_eq!(added.unwrap().temporary_password, None);
    let again = log_in(&test, "otto@first.example", PASSWORD).await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
}
