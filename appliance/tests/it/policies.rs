//! Who may use which employee, model and collection, and the organisation's own authoriser.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Caller, TestApp},
    providers::stub::{Reply, Stub},
};

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.code())
}

async fn set(test: &TestApp, resource: &str, people: &[&str], roles: &[&str]) -> Answer {
    let path = format!("/api/admin/policies/{resource}");
    let named = json!({ "people": people, "roles": roles });
    test.admin().send("PUT", &path, Some(named), &[]).await
}

async fn id_of(caller: &Caller) -> String {
    let session = caller.get("/api/session").await.json();
    session["person"]["id"].as_str().unwrap().to_owned()
}

async fn ask(caller: &Caller, ve: &str) -> Answer {
    let path = format!("/api/ves/{ve}/chat");
    caller.post(&path, json!({ "message": "Hello" })).await
}

#[tokio::test]
async fn an_employee_is_there_for_whom_its_policy_names() {
    let test = TestApp::new().await;
    let (kept, open) = (test.hire().await, test.hire().await);
    let (normal, staff) = (test.role(Role::Normal), test.role(Role::Staff));
    assert_eq!(ask(&normal, &kept).await.status, StatusCode::OK);
    let made = set(
        &test,
        &format!("ve/{kept}"),
        &[&id_of(&test.admin()).await],
        &[],
    )
    .await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert_eq!(made.json()["people"][0]["display_name"], "Ada Admin");

    // For who does not manage the team it is not there.
    let listed = normal.get("/api/ves").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], open);
    assert_eq!(ask(&normal, &kept).await.status, StatusCode::NOT_FOUND);
    for path in ["", "/conversations", "/messages"] {
        let read = normal.get(&format!("/api/ves/{kept}{path}")).await;
        assert_eq!(read.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!normal.get("/v1/models").await.text.contains(&kept));
    let completion = json!({ "model": kept, "messages": [{ "role": "user", "content": "Hello" }] });
    let completion = normal.post("/v1/chat/completions", completion).await;
    assert_eq!(
        completion.status,
        StatusCode::NOT_FOUND,
        "{}",
        completion.text
    );
    assert!(!normal.get("/api/overview").await.text.contains(&kept));

    // Who does sees it, and may not use it either.
    assert_eq!(
        staff.get(&format!("/api/ves/{kept}")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        refusal(&ask(&staff, &kept).await),
        (403, "not_in_policy".into())
    );
    assert_eq!(ask(&test.admin(), &kept).await.status, StatusCode::OK);

    let roles = set(&test, &format!("ve/{kept}"), &[], &["normal"]).await;
    assert_eq!(roles.status, StatusCode::OK, "{}", roles.text);
    assert_eq!(ask(&normal, &kept).await.status, StatusCode::OK);
    assert_eq!(
        refusal(&ask(&test.admin(), &kept).await),
        (403, "not_in_policy".into())
    );
    let path = format!("/api/admin/policies/ve/{kept}");
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(ask(&staff, &kept).await.status, StatusCode::OK);
    assert_eq!(
        test.admin().get("/api/admin/policies").await.json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_model_is_called_and_chosen_by_whom_its_policy_names() {
    let mut test = TestApp::new().await;
    let made = set(&test, "model/starter", &[], &["developer"]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert_ne!(
        made.json()["resource_name"],
        "starter",
        "a title for people"
    );
    // Policies outlive a restart.
    test.restart().await;
    let (normal, staff) = (test.role(Role::Normal), test.role(Role::Staff));
    let has_starter = |answer: &Answer| answer.text.contains("\"starter\"");
    assert!(!has_starter(&normal.get("/v1/models").await));
    assert_eq!(
        normal.get("/v1/models/starter").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!has_starter(&normal.get("/api/models").await));
    assert!(
        has_starter(&test.admin().get("/api/models").await),
        "who sets policies sees it"
    );
    let completion =
        json!({ "model": "starter", "messages": [{ "role": "user", "content": "Hello" }] });
    let called = normal.post("/v1/chat/completions", completion).await;
    assert_eq!(
        refusal(&called),
        (404, "model_not_found".into()),
        "{}",
        called.text
    );
    let hire = "/api/marketplace/agents/invoice-clerk/hire";
    let hired = staff.post(hire, json!({ "model": "starter" })).await;
    assert_eq!(refusal(&hired), (403, "not_in_policy".into()));
    let columns = json!([{ "model": "starter" }, { "model": "starter" }]);
    let run = json!({ "messages": [{ "role": "user", "content": "Hello" }], "columns": columns });
    assert_eq!(
        refusal(&staff.post("/api/playground/runs", run).await),
        (400, "unknown_model".into())
    );
    let developer = test.service("developer", json!({})).await;
    assert!(has_starter(&developer.get("/v1/models").await));
}

#[tokio::test]
async fn a_collection_is_searched_for_whom_its_policy_names() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let question = json!({ "message": "What must an invoice contain?" });
    let path = format!("/api/ves/{ve}/chat");
    let quoted = |answer: &Answer| !answer.json()["citations"].as_array().unwrap().is_empty();
    assert!(quoted(
        &test.role(Role::Normal).post(&path, question.clone()).await
    ));
    let made = set(&test, "collection/handbook", &[], &["staff"]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(!quoted(
        &test.role(Role::Normal).post(&path, question.clone()).await
    ));
    assert!(quoted(&test.role(Role::Staff).post(&path, question).await));
}

#[tokio::test]
async fn a_policy_is_about_something_and_names_somebody_there() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let resource = format!("ve/{ve}");
    for unknown in [
        "ve/ve_00000000000000000000000000",
        "ve/nonsense",
        "model/no-such-model",
        "collection/attic",
        "planet/mars",
    ] {
        let answer = set(&test, unknown, &[], &[]).await;
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{unknown}: {}",
            answer.text
        );
    }
    let nobody = set(&test, &resource, &["per_00000000000000000000000000"], &[]).await;
    assert_eq!(refusal(&nobody), (400, "unknown_person".into()));
    let nothing = set(&test, &resource, &[], &["role_00000000000000000000000000"]).await;
    assert_eq!(refusal(&nothing), (400, "unknown_role".into()));
    let stranger = test.stranger().await;
    let path = format!("/api/admin/policies/{resource}");
    let theirs = stranger
        .send(
            "PUT",
            &path,
            Some(json!({ "people": [], "roles": [] })),
            &[],
        )
        .await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    set(&test, &resource, &[], &["staff"]).await;
    assert_eq!(
        stranger.get("/api/admin/policies").await.json()["items"],
        json!([])
    );
    assert_eq!(
        stranger.send("DELETE", &path, None, &[]).await.status,
        StatusCode::NOT_FOUND
    );
}

async fn put_authoriser(caller: &Caller, url: &str, more: Value) -> Answer {
    let mut body = json!({ "url": url, "timeout_ms": 500, "on_failure": "deny", "enabled": true });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    caller
        .send("PUT", "/api/admin/authoriser", Some(body), &[])
        .await
}

/// Refuses whatever is asked about a model.
fn no_models(question: &Value) -> Reply {
    let is_model = question["action"] == "models.use";
    let verdict = json!({ "allow": !is_model, "reason": "not on a Friday", "more": 1 });
    Reply::json(200, &verdict)
}

#[tokio::test]
async fn an_authoriser_is_asked_after_the_nodes_own_rules_and_can_only_refuse() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let stub = Stub::answering(no_models).await;
    let set = put_authoriser(&test.admin(), &format!("{}/decide", stub.url()), json!({})).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text);

    let staff = test.role(Role::Staff);
    assert_eq!(ask(&staff, &ve).await.status, StatusCode::OK);
    let question = stub.asked().pop().unwrap();
    assert_eq!(question.path, "/decide");
    assert_eq!(question.body["action"], "chat.use");
    assert_eq!(question.body["resource"], format!("/api/ves/{ve}/chat"));
    assert_eq!(question.body["subject"]["id"], id_of(&staff).await);
    assert_eq!(question.body["subject"]["role"], "staff");
    assert!(
        !question.body.to_string().contains("Hello"),
        "never what is said"
    );

    let completion =
        json!({ "model": "starter", "messages": [{ "role": "user", "content": "Hello" }] });
    let refused = staff.post("/v1/chat/completions", completion).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert!(refused.text.contains("not on a Friday"), "{}", refused.text);
    assert_eq!(
        stub.asked().pop().unwrap().body["resource"],
        "model/starter"
    );

    // What the node refuses itself, nobody is asked about; and reading is nobody's business.
    let before = stub.asked().len();
    let viewer = test.role(Role::Normal);
    let forbidden = viewer
        .post("/api/admin/organisations", json!({ "name": "X" }))
        .await;
    assert_eq!(refusal(&forbidden), (403, "permission_missing".into()));
    assert_eq!(viewer.get("/api/ves").await.status, StatusCode::OK);
    assert_eq!(stub.asked().len(), before);
    // An answer counts for a few seconds.
    ask(&staff, &ve).await;
    assert_eq!(stub.asked().len(), before);
    test.clock.advance_seconds(6);
    ask(&staff, &ve).await;
    assert_eq!(stub.asked().len(), before + 1);

    let tried = test
        .admin()
        .post("/api/admin/authoriser/test", Value::Null)
        .await
        .json();
    assert_eq!(
        (&tried["ok"], &tried["allow"]),
        (&json!(true), &json!(true)),
        "{tried}"
    );
    let stranger = test.stranger().await;
    assert_eq!(
        stranger.get("/api/admin/authoriser").await.status,
        StatusCode::NOT_FOUND
    );
    let egress = test.admin().get("/api/admin/egress").await;
    assert_eq!(
        egress.json()["mode"],
        "air_gapped",
        "it is a service of one's own network"
    );
}

#[tokio::test]
async fn no_answer_is_a_refusal_unless_chosen_otherwise() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let (admin, staff) = (test.admin(), test.role(Role::Staff));
    let silent = Stub::start(vec![Reply::silence()]).await;
    let broken = Stub::start(vec![Reply::json(500, &json!({ "allow": true }))]).await;
    let odd = Stub::start(vec![Reply::json(200, &json!({ "yes": true }))]).await;
    let unavailable = (503, "authoriser_unavailable".to_owned());
    for stub in [&silent, &broken, &odd] {
        let set = put_authoriser(&admin, &stub.url(), json!({})).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
        assert_eq!(refusal(&ask(&staff, &ve).await), unavailable);
        let tried = admin
            .post("/api/admin/authoriser/test", Value::Null)
            .await
            .json();
        assert_eq!(
            (&tried["ok"], &tried["allow"]),
            (&json!(false), &Value::Null)
        );
        assert!(tried["error"].is_string(), "{tried}");
    }
    // Its own switch is never out of reach, nor is one's own account.
    let renamed = json!({ "display_name": "Ada" });
    assert_eq!(
        admin
            .send("PATCH", "/api/account", Some(renamed), &[])
            .await
            .status,
        StatusCode::OK
    );
    put_authoriser(&admin, &odd.url(), json!({ "on_failure": "allow" })).await;
    assert_eq!(ask(&staff, &ve).await.status, StatusCode::OK);
    put_authoriser(&admin, &odd.url(), json!({ "enabled": false })).await;
    let before = odd.asked().len();
    assert_eq!(ask(&staff, &ve).await.status, StatusCode::OK);
    assert_eq!(odd.asked().len(), before);
    let removed = admin
        .send("DELETE", "/api/admin/authoriser", None, &[])
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(
        admin.get("/api/admin/authoriser").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn where_the_node_connects_to_is_for_who_administers_it() {
    let test = TestApp::new().await;
    let admin = test.admin();
    for url in ["ftp://x.example", "nonsense", "https://user@x.example/", ""] {
        let answer = put_authoriser(&admin, url, json!({})).await;
        assert_eq!(refusal(&answer), (400, "invalid_base_url".into()), "{url}");
    }
    let answer = put_authoriser(&admin, "https://x.example", json!({ "timeout_ms": 1 })).await;
    assert_eq!(refusal(&answer), (400, "invalid_timeout".into()));
    let url = "https://policy.first.example/decide";
    put_authoriser(&admin, url, json!({ "enabled": false })).await;
    let other = test.service("admin", json!({})).await;
    let same = put_authoriser(&other, url, json!({ "enabled": false, "timeout_ms": 900 })).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.text);
    let elsewhere = put_authoriser(&other, "http://127.0.0.1:1", json!({})).await;
    assert_eq!(refusal(&elsewhere), (403, "permission_missing".into()));
}
