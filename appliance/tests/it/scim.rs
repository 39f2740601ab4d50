//! Provisioning: what a directory sends, and what people may do for it.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Caller, TestApp};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A directory of the first organisation.
async fn directory(test: &TestApp) -> Caller {
    test.with_key(&token(&test.admin()).await)
}

async fn token(admin: &Caller) -> String {
    let made = admin
        .post("/api/admin/scim-tokens", json!({ "name": "Entra" }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(
        made.json()["base_url"]
            .as_str()
            .unwrap()
            .ends_with("/scim/v2")
    );
    made.json()["secret"].as_str().unwrap().to_owned()
}

async fn map(test: &TestApp, default_role: Value, group_roles: Value) {
    let settings = json!({ "default_role": default_role, "group_roles": group_roles });
    let set = test
        .admin()
        .send("PUT", "/api/admin/scim", Some(settings), &[])
        .await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);
}

fn ada() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "0a21f0f2", "userName": "grace@first.example", "active": true, "displayName": "Grace Hopper",
        "emails": [{ "primary": true, "type": "work", "value": "grace@first.example" }],
        "name": { "familyName": "Hopper", "givenName": "Grace" },
        ENTERPRISE: { "department": "Navy" },
    })
}

async fn create(directory: &Caller, path: &str, body: Value) -> String {
    let made = directory.post(path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn patch(directory: &Caller, path: &str, operations: Value) -> Answer {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    directory.send("PATCH", path, Some(body), &[]).await
}

/// The role of a person in the first organisation; nothing when they are not in it.
async fn role_of(test: &TestApp, email: &str) -> Option<String> {
    let people = test.admin().get("/api/admin/people").await.json();
    let people = people["items"].as_array().unwrap().clone();
    let found = people.into_iter().find(|person| person["email"] == email)?;
    Some(found["role"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_directory_gives_and_takes_access() {
    let test = TestApp::new().await;
    let directory = directory(&test).await;
    map(
        &test,
        json!("normal"),
        json!([{ "group": "Guildhall Staff", "role": "staff" }]),
    )
    .await;
    let user = create(&directory, "/scim/v2/Users", ada()).await;
    assert_eq!(
        role_of(&test, "grace@first.example").await.as_deref(),
        Some("normal")
    );

    let members = json!({ "displayName": "guildhall staff", "members": [{ "value": user }] });
    let group = create(&directory, "/scim/v2/Groups", members).await;
    assert_eq!(
        role_of(&test, "grace@first.example").await.as_deref(),
        Some("staff")
    );
    let shown = directory
        .get(&format!("/scim/v2/Users/{user}"))
        .await
        .json();
    assert_eq!(shown["groups"][0]["value"], json!(group));

    let gone = json!([{ "op": "Remove", "path": "members", "value": [{ "value": user }] }]);
    let answer = patch(&directory, &format!("/scim/v2/Groups/{group}"), gone).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        role_of(&test, "grace@first.example").await.as_deref(),
        Some("normal")
    );

    let path = format!("/scim/v2/Users/{user}");
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    assert_eq!(
        patch(&directory, &path, off).await.json()["active"],
        json!(false)
    );
    assert_eq!(role_of(&test, "grace@first.example").await, None);
    let on = json!([{ "op": "replace", "value": { "active": true } }]);
    assert_eq!(
        patch(&directory, &path, on).await.json()["active"],
        json!(true)
    );
    assert_eq!(
        role_of(&test, "grace@first.example").await.as_deref(),
        Some("normal")
    );

    let deleted = directory.send("DELETE", &path, None, &[]).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(role_of(&test, "grace@first.example").await, None);
    assert_eq!(directory.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_rules_hold_for_everybody_at_once() {
    let test = TestApp::new().await;
    let directory = directory(&test).await;
    let user = create(&directory, "/scim/v2/Users", ada()).await;
    create(
        &directory,
        "/scim/v2/Groups",
        json!({ "displayName": "Clerks", "members": [{ "value": user }] }),
    )
    .await;
    map(&test, Value::Null, json!([])).await;
    assert_eq!(role_of(&test, "grace@first.example").await, None);
    map(
        &test,
        Value::Null,
        json!([{ "group": "CLERKS", "role": "viewer" }]),
    )
    .await;
    assert_eq!(
        role_of(&test, "grace@first.example").await.as_deref(),
        Some("viewer")
    );
}

#[tokio::test]
async fn who_may_not_give_a_role_cannot_make_a_token_that_does() {
    let test = TestApp::new().await;
    for role in [Role::Staff, Role::Normal] {
        let refused = test
            .role(role)
            .post("/api/admin/scim-tokens", json!({ "name": "x" }))
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let settings = json!({ "default_role": "role_7zzzzzzzzzzzzzzzzzzzzzzzzz", "group_roles": [] });
    let refused = test
        .admin()
        .send("PUT", "/api/admin/scim", Some(settings), &[])
        .await;
    assert_eq!(refused.code(), "unknown_role", "{}", refused.text);
}

#[tokio::test]
async fn lists_are_found_filtered_sorted_and_paged() {
    let test = TestApp::new().await;
    let directory = directory(&test).await;
    for name in ["carol", "alice", "bob"] {
        let user = json!({ "userName": name, "externalId": format!("id-{name}"), "active": name != "bob" });
        create(&directory, "/scim/v2/Users", user).await;
    }
    let names = async |query: &str| {
        let answer = directory.get(&format!("/scim/v2/Users?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let body = answer.json();
        let names = body["Resources"].as_array().unwrap().iter();
        let names: Vec<String> = names
            .map(|user| user["userName"].as_str().unwrap().to_owned())
            .collect();
        (body["totalResults"].as_u64().unwrap(), names.join(" "))
    };
    assert_eq!(
        names("filter=userName%20eq%20%22ALICE%22").await,
        (1, "alice".to_owned())
    );
    assert_eq!(
        names("filter=externalId+eq+%22id-bob%22").await,
        (1, "bob".to_owned())
    );
    assert_eq!(
        names("filter=externalId+eq+%22ID-bob%22").await,
        (0, String::new())
    );
    assert_eq!(
        names("filter=active+eq+true&sortBy=userName").await,
        (2, "alice carol".to_owned())
    );
    assert_eq!(
        names("sortBy=userName&sortOrder=descending&startIndex=2&count=1").await,
        (3, "bob".to_owned())
    );
    assert_eq!(names("count=0").await, (3, String::new()));
    let bad = directory
        .get("/scim/v2/Users?filter=userName%20is%20x")
        .await;
    assert_eq!(
        (bad.status, bad.json()["scimType"].clone()),
        (StatusCode::BAD_REQUEST, json!("invalidFilter"))
    );

    let only = directory
        .get("/scim/v2/Users?attributes=userName&filter=userName+eq+%22bob%22")
        .await
        .json();
    let mut shown: Vec<&String> = only["Resources"][0].as_object().unwrap().keys().collect();
    shown.sort();
    assert_eq!(shown, ["id", "schemas", "userName"]);
    let search = json!({ "filter": "displayName pr or userName sw \"a\"" });
    let found = directory.post("/scim/v2/.search", search).await.json();
    assert_eq!(found["totalResults"], json!(1));
}

#[tokio::test]
async fn versions_and_names_keep_writers_apart() {
    let test = TestApp::new().await;
    let directory = directory(&test).await;
    let made = directory
        .post("/scim/v2/Users", json!({ "userName": "alice" }))
        .await;
    let version = made.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(made.headers["content-type"], "application/scim+json");
    assert_eq!(
        made.headers["location"].to_str().unwrap(),
        made.json()["meta"]["location"]
    );
    let path = format!("/scim/v2/Users/{}", made.json()["id"].as_str().unwrap());
    let same = directory
        .send("GET", &path, None, &[("if-none-match", &version)])
        .await;
    assert_eq!(
        (same.status, same.text.as_str()),
        (StatusCode::NOT_MODIFIED, "")
    );
    let put = |name: &str| Some(json!({ "userName": name }));
    let changed = directory
        .send("PUT", &path, put("alicia"), &[("if-match", &version)])
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let stale = directory
        .send("PUT", &path, put("other"), &[("if-match", &version)])
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.json()["status"], json!("412"));

    let taken = directory
        .post("/scim/v2/Users", json!({ "userName": "ALICIA" }))
        .await;
    assert_eq!(
        (taken.status, taken.json()["scimType"].clone()),
        (StatusCode::CONFLICT, json!("uniqueness"))
    );
    let stranger =
        json!({ "displayName": "g", "members": [{ "value": "scr_7zzzzzzzzzzzzzzzzzzzzzzzzz" }] });
    let refused = directory.post("/scim/v2/Groups", stranger).await;
    assert_eq!(
        (refused.status, refused.json()["scimType"].clone()),
        (StatusCode::BAD_REQUEST, json!("invalidValue"))
    );
}

#[tokio::test]
async fn refusals_have_the_shape_of_the_protocol() {
    let test = TestApp::new().await;
    let directory = directory(&test).await;
    let shape = |answer: &Answer| {
        assert_eq!(
            answer.headers["content-type"], "application/scim+json",
            "{}",
            answer.text
        );
        assert_eq!(
            answer.json()["schemas"][0],
            "urn:ietf:params:scim:api:messages:2.0:Error"
        );
        assert_eq!(
            answer.json()["status"],
            json!(answer.status.as_u16().to_string())
        );
        answer.status.as_u16()
    };
    assert_eq!(shape(&test.nobody().get("/scim/v2/Users").await), 401);
    assert_eq!(
        shape(&test.with_key("ghscim_wrong").get("/scim/v2/Users").await),
        401
    );
    assert_eq!(
        shape(&test.role(Role::Normal).get("/scim/v2/Users").await),
        403
    );
    assert_eq!(shape(&directory.get("/scim/v2/Nothing").await), 404);
    assert_eq!(shape(&directory.get("/scim/v2/Users/nobody").await), 404);
    assert_eq!(
        shape(&directory.post("/scim/v2/Schemas", json!({})).await),
        405
    );
    let malformed = directory
        .send_text("POST", "/scim/v2/Users", "{", "application/scim+json")
        .await;
    assert_eq!(shape(&malformed), 400);
    assert_eq!(malformed.json()["scimType"], json!("invalidSyntax"));
    // A token of provisioning opens nothing else.
    assert_eq!(
        directory.get("/api/ves").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_token_ends_when_it_is_deleted_or_over() {
    let test = TestApp::new().await;
    let made = test
        .admin()
        .post(
            "/api/admin/scim-tokens",
            json!({ "name": "x", "expires_in_days": 1 }),
        )
        .await
        .json();
    let directory = test.with_key(made["secret"].as_str().unwrap());
    assert_eq!(directory.get("/scim/v2/Users").await.status, StatusCode::OK);
    let listed = test.admin().get("/api/admin/scim-tokens").await;
    assert!(!listed.text.contains(made["secret"].as_str().unwrap()));
    test.clock.advance_seconds(86_401);
    assert_eq!(
        directory.get("/scim/v2/Users").await.status,
        StatusCode::UNAUTHORIZED
    );
    let again = directory_token(&test).await;
    let path = format!("/api/admin/scim-tokens/{}", again.0);
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        again.1.get("/scim/v2/Users").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn other_administrators_hear_of_what_provisions_and_how() {
    let test = TestApp::new().await;
    let mut news = test.app.events.subscribe(None).1;
    let mut heard = || {
        let mut names = Vec::new();
        while let Ok(published) = news.try_recv() {
            names.push(published.event.name());
        }
        names.contains(&"applications.changed")
    };
    assert!(!heard());
    let (id, _) = directory_token(&test).await;
    assert!(heard(), "a token was made");
    map(&test, json!("normal"), json!([])).await;
    assert!(heard(), "the rules changed");
    let path = format!("/api/admin/scim-tokens/{id}");
    test.admin().send("DELETE", &path, None, &[]).await;
    assert!(heard(), "the token was deleted");
}

async fn directory_token(test: &TestApp) -> (String, Caller) {
    let made = test
        .admin()
        .post("/api/admin/scim-tokens", json!({ "name": "y" }))
        .await
        .json();
    let directory = test.with_key(made["secret"].as_str().unwrap());
    assert_eq!(directory.get("/scim/v2/Users").await.status, StatusCode::OK);
    (made["token"]["id"].as_str().unwrap().to_owned(), directory)
}

#[tokio::test]
async fn the_directory_of_one_organisation_knows_nothing_of_another() {
    let test = TestApp::new().await;
    let first = directory(&test).await;
    let user = create(&first, "/scim/v2/Users", ada()).await;
    let group = create(
        &first,
        "/scim/v2/Groups",
        json!({ "displayName": "g", "members": [{ "value": user }] }),
    )
    .await;
    let stranger = test.stranger().await;
    let second = test.with_key(&token(&stranger).await);
    for path in [
        format!("/scim/v2/Users/{user}"),
        format!("/scim/v2/Groups/{group}"),
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = json!({ "userName": "x", "displayName": "x", "Operations": [{ "op": "add", "value": {} }] });
            let body = Some(body).filter(|_| method.starts_with('P'));
            let answer = second.send(method, &path, body, &[]).await;
            assert_eq!(
                answer.status,
                StatusCode::NOT_FOUND,
                "{method} {path}: {}",
                answer.text
            );
        }
    }
    let everything = second
        .post("/scim/v2/.search", json!({ "filter": "id pr" }))
        .await
        .json();
    assert_eq!(everything["totalResults"], json!(0));
    let stolen = json!({ "displayName": "theirs", "members": [{ "value": user }] });
    assert_eq!(
        second.post("/scim/v2/Groups", stolen).await.status,
        StatusCode::BAD_REQUEST
    );
    assert!(
        !stranger
            .get("/api/admin/people")
            .await
            .text
            .contains("grace")
    );
    // The same name in both is two users, and neither says that the other is there.
    let same = second
        .post(
            "/scim/v2/Users",
            json!({ "userName": "grace@first.example", "active": false }),
        )
        .await;
    assert_eq!(same.status, StatusCode::CREATED, "{}", same.text);
    assert!(
        first
            .get(&format!("/scim/v2/Users/{user}"))
            .await
            .text
            .contains("Hopper")
    );
}
