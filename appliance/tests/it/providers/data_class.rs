//! Data classes: what an employee is told stays where the class's rule keeps it.

use serde_json::{Value, json};

use super::{
    enter, open, openai_answer,
    stub::{Reply, Stub},
};
use crate::harness::{Answer, TestApp};

/// A node with a provider that answers, an employee who uses it, and a rule for confidential data.
async fn office() -> (TestApp, Stub, String) {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("from outside"))]).await;
    enter(&test, &stub, "openai_compatible", json!({ "slug": "lan" })).await;
    let rule = json!({
        "applies_to": { "kind": "data_class", "data_class": "confidential" }, "keep_within": "node",
    });
    let made = test.admin().post("/api/admin/residency", rule).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let ve = test.hire().await;
    let chosen = test
        .admin()
        .send(
            "PATCH",
            &format!("/api/ves/{ve}"),
            Some(json!({ "model": "lan/m-1" })),
            &[],
        )
        .await;
    assert_eq!(chosen.json()["data_class"], "internal", "{}", chosen.text);
    (test, stub, ve)
}

async fn say(test: &TestApp, ve: &str, more: Value) -> Answer {
    let mut body = json!({ "message": "What do we pay for paper?" });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    test.admin()
        .post(&format!("/api/ves/{ve}/chat"), body)
        .await
}

fn assert_kept(refused: &Answer) {
    assert_eq!(refused.code(), "answer_failed", "{}", refused.text);
    let text = &refused.text;
    assert!(text.contains("residency_local_only"), "{text}");
    assert!(text.contains("confidential"), "{text}");
}

#[tokio::test]
async fn a_confidential_employee_keeps_to_this_node() {
    let (test, stub, ve) = office().await;
    let said = say(&test, &ve, json!({})).await;
    assert_eq!(
        said.json()["message"]["text"],
        "from outside",
        "{}",
        said.text
    );
    let path = format!("/api/ves/{ve}");
    for class in ["confidential", "personal"] {
        let change = json!({ "data_class": class });
        let changed = test.admin().send("PATCH", &path, Some(change), &[]).await;
        assert_eq!(changed.json()["data_class"], class);
        assert_kept(&say(&test, &ve, json!({})).await);
    }
    // A program that speaks to the employee is bound as well.
    let call = json!({ "model": ve, "messages": [{ "role": "user", "content": "Hi" }] });
    let refused = test.admin().post("/v1/chat/completions", call).await;
    assert_eq!(
        refused.json()["error"]["code"],
        "residency_local_only",
        "{}",
        refused.text
    );
    assert_eq!(stub.asked().len(), 1, "nothing else was sent");
}

#[tokio::test]
async fn a_conversation_can_be_more_secret_than_its_employee_and_not_less() {
    let (test, stub, ve) = office().await;
    assert_kept(&say(&test, &ve, json!({ "data_class": "confidential" })).await);

    let said = say(&test, &ve, json!({})).await.json();
    let conversation = said["conversation_id"].as_str().unwrap().to_owned();
    let path = format!("/api/ves/{ve}/conversations/{conversation}");
    let secret = json!({ "data_class": "confidential" });
    let changed = test.admin().send("PATCH", &path, Some(secret), &[]).await;
    assert_eq!(
        changed.json()["data_class"],
        "confidential",
        "{}",
        changed.text
    );
    assert_eq!(changed.json()["title"], "What do we pay for paper?");
    assert_kept(&say(&test, &ve, json!({ "conversation_id": conversation })).await);

    let change = json!({ "data_class": "confidential" });
    test.admin()
        .send("PATCH", &format!("/api/ves/{ve}"), Some(change), &[])
        .await;
    let public = json!({ "data_class": "public" });
    test.admin().send("PATCH", &path, Some(public), &[]).await;
    assert_kept(&say(&test, &ve, json!({ "conversation_id": conversation })).await);
    assert_eq!(stub.asked().len(), 1);
}
