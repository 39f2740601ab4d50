//! Roles: what each allows, who may give which, and who administers the node.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, TestApp};

async fn put(caller: &Caller, path: &str, body: Value) -> Answer {
    caller.send("PUT", path, Some(body), &[]).await
}

async fn patch(caller: &Caller, path: &str, body: Value) -> Answer {
    caller.send("PATCH", path, Some(body), &[]).await
}

async fn delete(caller: &Caller, path: &str) -> Answer {
    caller.send("DELETE", path, None, &[]).await
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

/// The id of whoever has this address.
async fn person(test: &TestApp, email: &str) -> String {
    let people = test.admin().get("/api/admin/people").await.json();
    let items = people["items"].as_array().unwrap().clone();
    let found = items.iter().find(|person| person["email"] == email);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn make_role(test: &TestApp, title: &str, permissions: &[&str]) -> String {
    let role = json!({ "title": title, "description": "For tests", "permissions": permissions });
    let made = test.admin().post("/api/admin/roles", role).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_built_in_role_is_listed_with_what_it_allows() {
    let test = TestApp::new().await;
    let listed = test.admin().get("/api/admin/roles").await.json();
    let roles = listed["items"].as_array().unwrap();
    let ids: Vec<&str> = roles
        .iter()
        .map(|role| role["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "admin",
            "staff",
            "normal",
            "developer",
            "operator",
            "approver",
            "viewer",
            "auditor"
        ]
    );
    assert!(roles.iter().all(|role| role["built_in"] == true));
    assert_eq!(roles[0]["members"], 1);
    let permissions = test.admin().get("/api/admin/permissions").await.json();
    let permissions = permissions["items"].as_array().unwrap();
    let node = permissions
        .iter()
        .find(|known| known["name"] == "node.organisations");
    assert_eq!(node.unwrap()["node"], true);
    for name in roles[0]["permissions"].as_array().unwrap() {
        let known = permissions.iter().find(|known| known["name"] == *name);
        assert_eq!(known.unwrap()["node"], false, "{name}");
    }
    assert!(
        permissions
            .iter()
            .all(|known| known["name"] != "account.manage")
    );
}

#[tokio::test]
async fn viewers_read_and_change_nothing_and_developers_build() {
    let test = TestApp::new().await;
    let viewer = test.service("viewer", json!({})).await;
    assert_eq!(viewer.get("/api/ves").await.status, StatusCode::OK);
    assert_eq!(viewer.get("/api/admin/people").await.status, StatusCode::OK);
    let hire = "/api/marketplace/agents/invoice-clerk/hire";
    for caller in [&viewer, &test.service("developer", json!({})).await] {
        let hired = caller.post(hire, json!({})).await;
        assert_eq!(refusal(&hired), (403, "permission_missing".into()));
    }
    let operator = test.service("operator", json!({})).await;
    let hired = operator.post(hire, json!({ "model": "extractive" })).await;
    assert_eq!(hired.status, StatusCode::CREATED, "{}", hired.text);
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let asked = viewer
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await;
    assert_eq!(refusal(&asked), (403, "permission_missing".into()));
}

#[tokio::test]
async fn a_custom_role_allows_what_it_names_and_changes_take_effect_at_once() {
    let test = TestApp::new().await;
    let role = make_role(&test, "Reader", &["team.read", "people.read"]).await;
    let reader = test.service(&role, json!({})).await;
    assert_eq!(reader.get("/api/ves").await.status, StatusCode::OK);
    assert_eq!(reader.get("/api/admin/people").await.status, StatusCode::OK);
    assert_eq!(
        reader.get("/api/prompts").await.status,
        StatusCode::FORBIDDEN
    );
    let session = reader.get("/api/session").await.json();
    assert_eq!(session["role"], role);

    let path = format!("/api/admin/roles/{role}");
    let less = patch(
        &test.admin(),
        &path,
        json!({ "permissions": ["team.read"] }),
    )
    .await;
    assert_eq!(less.json()["members"], 1, "{}", less.text);
    let refused = reader.get("/api/admin/people").await;
    assert_eq!(refusal(&refused), (403, "permission_missing".into()));

    let in_use = delete(&test.admin(), &path).await;
    assert_eq!(refusal(&in_use), (409, "role_in_use".into()));
    let account = session["person"]["id"].as_str().unwrap();
    delete(
        &test.admin(),
        &format!("/api/admin/service-accounts/{account}"),
    )
    .await;
    assert_eq!(
        delete(&test.admin(), &path).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        delete(&test.admin(), &path).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_role_is_well_formed() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let make = async |title: &str, permissions: &[&str]| {
        let role = json!({ "title": title, "permissions": permissions });
        refusal(&admin.post("/api/admin/roles", role).await)
    };
    assert_eq!(make("", &["team.read"]).await, (400, "invalid_name".into()));
    assert_eq!(
        make("X", &["team.fly"]).await,
        (400, "unknown_permission".into())
    );
    assert_eq!(
        make("X", &["egress.manage"]).await,
        (400, "unknown_permission".into())
    );
    assert_eq!(
        make("staff", &["team.read"]).await,
        (409, "title_taken".into())
    );
    make_role(&test, "Reader", &["team.read"]).await;
    assert_eq!(
        make("reader", &["team.read"]).await,
        (409, "title_taken".into())
    );
    let unknown = json!({ "email": "x@first.example", "display_name": "X", "role": "role_00000000000000000000000000" });
    let added = admin.post("/api/admin/people", unknown).await;
    assert_eq!(refusal(&added), (400, "unknown_role".into()));
}

#[tokio::test]
async fn a_delegated_administrator_stays_below_what_they_may_do_themselves() {
    let test = TestApp::new().await;
    let names = [
        "team.read",
        "people.read",
        "people.manage",
        "roles.read",
        "roles.manage",
        "service_accounts.manage",
    ];
    let desk = make_role(&test, "Help desk", &names).await;
    let small = make_role(&test, "Guest", &["team.read"]).await;
    let delegate = test.service(&desk, json!({})).await;
    let above = (403, "role_above_yours".to_owned());

    let add = async |role: &str, email: &str| {
        let person = json!({ "email": email, "display_name": "New", "role": role });
        delegate.post("/api/admin/people", person).await
    };
    assert_eq!(refusal(&add("admin", "a@first.example").await), above);
    assert_eq!(refusal(&add("normal", "b@first.example").await), above);
    let guest = add(&small, "guest@first.example").await;
    assert_eq!(guest.status, StatusCode::CREATED, "{}", guest.text);
    let guest = guest.json()["member"]["id"].as_str().unwrap().to_owned();

    let path = format!("/api/admin/people/{guest}");
    let raised = patch(&delegate, &path, json!({ "role": "admin" })).await;
    assert_eq!(refusal(&raised), above);
    let ada = person(&test, "ada@first.example").await;
    let ada = format!("/api/admin/people/{ada}");
    assert_eq!(
        refusal(&patch(&delegate, &ada, json!({ "disabled": true })).await),
        above
    );
    assert_eq!(refusal(&delete(&delegate, &ada).await), above);
    let reset = delegate
        .post(&format!("{ada}/reset-password"), Value::Null)
        .await;
    assert_eq!(refusal(&reset), above);

    let wider = json!({ "title": "Wider", "permissions": ["team.read", "team.hire"] });
    assert_eq!(
        refusal(&delegate.post("/api/admin/roles", wider).await),
        above
    );
    let own = format!("/api/admin/roles/{desk}");
    let raised = patch(
        &delegate,
        &own,
        json!({ "permissions": ["policies.manage"] }),
    )
    .await;
    assert_eq!(refusal(&raised), above);
    let program = json!({ "name": "Bot", "role": "admin" });
    let program = delegate.post("/api/admin/service-accounts", program).await;
    assert_eq!(refusal(&program), above);
    let strong = json!({ "name": "Strong", "role": "admin" });
    let strong = test
        .admin()
        .post("/api/admin/service-accounts", strong)
        .await
        .json();
    let keys = format!(
        "/api/admin/service-accounts/{}/keys",
        strong["id"].as_str().unwrap()
    );
    assert_eq!(
        refusal(&delegate.post(&keys, json!({ "name": "mine" })).await),
        above
    );
    assert_eq!(
        delete(&delegate, &path).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn roles_of_one_organisation_are_nothing_in_another() {
    let test = TestApp::new().await;
    let role = make_role(&test, "Reader", &["team.read"]).await;
    let stranger = test.stranger().await;
    let path = format!("/api/admin/roles/{role}");
    assert_eq!(delete(&stranger, &path).await.status, StatusCode::NOT_FOUND);
    let seen = patch(&stranger, &path, json!({ "title": "Mine" })).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
    let person = json!({ "email": "x@second.example", "display_name": "X", "role": role });
    let added = stranger.post("/api/admin/people", person).await;
    assert_eq!(refusal(&added), (400, "unknown_role".into()));
}

#[tokio::test]
async fn the_node_keeps_an_administrator_apart_from_organisations() {
    let test = TestApp::new().await;
    let (ada, sam) = (
        person(&test, "ada@first.example").await,
        person(&test, "sam@first.example").await,
    );
    let path = |id: &str| format!("/api/admin/people/{id}/platform-administrator");
    let last = delete(&test.admin(), &path(&ada)).await;
    assert_eq!(refusal(&last), (409, "last_platform_administrator".into()));
    let organisations = "/api/admin/organisations";
    let staff = test.role(Role::Staff);
    assert_eq!(staff.get(organisations).await.status, StatusCode::FORBIDDEN);
    let granted = put(&test.admin(), &path(&sam), Value::Null).await;
    assert_eq!(granted.status, StatusCode::NO_CONTENT, "{}", granted.text);
    assert_eq!(staff.get(organisations).await.status, StatusCode::OK);
    let hire = staff
        .post(
            "/api/admin/roles",
            json!({ "title": "X", "permissions": [] }),
        )
        .await;
    assert_eq!(
        hire.status,
        StatusCode::FORBIDDEN,
        "the node is not the organisation"
    );
    assert_eq!(
        delete(&staff, &path(&ada)).await.status,
        StatusCode::NO_CONTENT
    );
    let ousted = test.admin().get(organisations).await;
    assert_eq!(refusal(&ousted), (403, "permission_missing".into()));
    // The last one through whom anybody can administer the node cannot be shut out of it either.
    let shut_out = patch(
        &test.admin(),
        &format!("/api/admin/people/{sam}"),
        json!({ "disabled": true }),
    )
    .await;
    assert_eq!(
        refusal(&shut_out),
        (409, "last_platform_administrator".into())
    );
    let unknown = path("per_00000000000000000000000000");
    assert_eq!(
        put(&staff, &unknown, Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn who_belongs_to_no_organisation_can_have_one_alone_where_sign_up_is_open() {
    let test = TestApp::new().await;
    let nora = person(&test, "nora@first.example").await;
    let reset = format!("/api/admin/people/{nora}/reset-password");
    let reset = test.admin().post(&reset, Value::Null).await.json();
    let own = json!({ "email": "nora@first.example", "password": reset["temporary_password"] });
    let ask = async || {
        test.nobody()
            .post("/api/account/organisation", own.clone())
            .await
    };
    assert_eq!(refusal(&ask().await), (403, "sign_up_closed".into()));
    let open = json!({ "mode": "open", "allowed_domains": [], "blocked_domains": [] });
    let opened = put(&test.admin(), "/api/admin/sign-up", open).await;
    assert!(opened.status.is_success(), "{}", opened.text);
    assert_eq!(refusal(&ask().await), (409, "already_a_member".into()));
    delete(&test.admin(), &format!("/api/admin/people/{nora}")).await;
    let made = ask().await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let listed = test.admin().get("/api/admin/organisations").await;
    assert_eq!(
        listed.json()["items"].as_array().unwrap().len(),
        1,
        "it is nobody else's to see"
    );
    let login = test.nobody().post("/api/session", own.clone()).await;
    assert_eq!(
        login.json()["organisation"]["id"],
        made.json()["id"],
        "{}",
        login.text
    );
    assert_eq!(refusal(&ask().await), (409, "already_a_member".into()));
    let wrong = json!({ "email": "nora@first.example", "password": "wrong" });
    let wrong = test.nobody().post("/api/account/organisation", wrong).await;
    assert_eq!(refusal(&wrong), (401, "wrong_credentials".into()));
}

/// Makes a thing that gives the role, checks that the role stays for it, and takes it away again.
async fn held_by(test: &TestApp, role: &str, (what, made, undo): (&str, Answer, (&str, &str))) {
    assert!(made.status.is_success(), "{what}: {}", made.text);
    let path = format!("/api/admin/roles/{role}");
    let held = delete(&test.admin(), &path).await;
    assert_eq!(refusal(&held), (409, "role_in_use".into()), "{what}");
    assert!(held.text.contains(what), "{what}: {}", held.text);
    let (method, pointer) = undo;
    let undone = match method {
        "DELETE" => {
            let (path, pointer) = pointer.split_once(' ').unwrap();
            let id = made
                .json()
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned();
            delete(&test.admin(), &format!("{path}/{id}")).await
        }
        _ => {
            let settings = json!({ "default_role": "normal", "group_roles": [] });
            put(&test.admin(), pointer, settings).await
        }
    };
    assert!(undone.status.is_success(), "{what}: {}", undone.text);
}

#[tokio::test]
async fn a_role_that_something_is_to_give_is_not_removed() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let role = make_role(&test, "Reader", &["team.read"]).await;
    let session = admin.get("/api/session").await.json();
    let organisation = session["organisation"]["id"].clone();
    let group_map = json!([{ "group": "readers", "organisation_id": organisation, "role": role }]);

    let invited = admin
        .post("/api/admin/invitations", json!({ "role": role }))
        .await;
    let undo = ("DELETE", "/api/admin/invitations /invitation/id");
    held_by(&test, &role, ("open invitations", invited, undo)).await;
    let directory = json!({ "name": "Head office", "enabled": false, "urls": ["ldaps://127.0.0.1:1"],
        "base_dn": "dc=example,dc=org", "group_map": group_map });
    let directory = admin.post("/api/admin/directories", directory).await;
    let undo = ("DELETE", "/api/admin/directories /id");
    held_by(
        &test,
        &role,
        ("the directory `Head office`", directory, undo),
    )
    .await;
    for (field, given) in [
        ("group_map", group_map),
        (
            "default_grant",
            json!({ "organisation_id": organisation, "role": role }),
        ),
    ] {
        let mut provider = crate::federation::saml_provider(organisation.as_str().unwrap());
        for unset in ["group_map", "default_grant"] {
            provider.as_object_mut().unwrap().remove(unset);
        }
        provider[field] = given;
        let made = admin.post("/api/admin/identity-providers", provider).await;
        let undo = ("DELETE", "/api/admin/identity-providers /id");
        held_by(&test, &role, ("the identity provider", made, undo)).await;
    }
    admin
        .post("/api/admin/scim-tokens", json!({ "name": "Entra" }))
        .await;
    let settings =
        json!({ "default_role": null, "group_roles": [{ "group": "readers", "role": role }] });
    let provisioned = put(&admin, "/api/admin/scim", settings).await;
    held_by(
        &test,
        &role,
        ("SCIM", provisioned, ("PUT", "/api/admin/scim")),
    )
    .await;

    let elsewhere = json!({ "role": "normal" });
    admin.post("/api/admin/invitations", elsewhere).await;
    let path = format!("/api/admin/roles/{role}");
    assert_eq!(delete(&admin, &path).await.status, StatusCode::NO_CONTENT);
}
