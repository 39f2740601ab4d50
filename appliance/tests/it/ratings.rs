//! Judging answers: thumbs in chat and playground, comparisons, results by agent and model.

use axum::http::StatusCode;
use guildhall_kernel::Role;
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp};

async fn ask(caller: &Caller, ve: &str) -> Value {
    let path = format!("/api/ves/{ve}/chat");
    let said = caller.post(&path, json!({ "message": "Hello" })).await;
    assert_eq!(said.status, StatusCode::OK, "{}", said.text);
    said.json()
}

fn rating_path(ve: &str, said: &Value) -> String {
    let message = said["message"]["id"].as_str().unwrap();
    format!("/api/ves/{ve}/messages/{message}/rating")
}

async fn shown(caller: &Caller, ve: &str) -> Value {
    let messages = caller.get(&format!("/api/ves/{ve}/messages")).await.json();
    messages["items"][0]["rating"].clone()
}

async fn results(test: &TestApp) -> Vec<Value> {
    let results = test.role(Role::Staff).get("/api/ratings/results").await;
    assert_eq!(results.status, StatusCode::OK, "{}", results.text);
    results.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_thumb_can_be_given_changed_and_taken_back() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let member = test.role(Role::Normal);
    let said = ask(&member, &ve).await;
    let path = rating_path(&ve, &said);
    assert_eq!(shown(&member, &ve).await, Value::Null);
    let down = json!({ "verdict": "down", "reason": "  Too long  " });
    let given = member.post(&path, down).await.json();
    assert_eq!(
        (given["verdict"].clone(), given["reason"].clone()),
        (json!("down"), json!("Too long"))
    );
    assert_eq!(shown(&member, &ve).await["verdict"], "down");
    assert_eq!(results(&test).await[0]["up"], 0);

    let reasons = format!(
        "/api/ratings/reasons?model=extractive&agent_id={}",
        results(&test).await[0]["agent"]["id"].as_str().unwrap()
    );
    let listed = test.role(Role::Staff).get(&reasons).await.json();
    assert_eq!(listed["items"][0]["reason"], "Too long");
    assert!(
        !listed.to_string().contains("nora"),
        "a reason names a person: {listed}"
    );

    member.post(&path, json!({ "verdict": "up" })).await;
    assert_eq!(shown(&member, &ve).await["reason"], "");
    let counted = results(&test).await;
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (counted[0]["ratings"].clone(), counted[0]["up"].clone()),
        (json!(1), json!(1))
    );

    let removed = member.send("DELETE", &path, None, &[]).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(shown(&member, &ve).await, Value::Null);
    assert!(results(&test).await.is_empty());
}

#[tokio::test]
async fn only_ones_own_written_answers_can_be_judged() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let said = ask(&test.admin(), &ve).await;
    let up = json!({ "verdict": "up" });
    let others = test
        .role(Role::Staff)
        .post(&rating_path(&ve, &said), up.clone())
        .await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    let messages = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    let question = json!({ "message": { "id": messages["items"][1]["id"] } });
    let refused = test.admin().post(&rating_path(&ve, &question), up).await;
    assert_eq!(refused.code(), "not_rateable");
    let long = json!({ "verdict": "up", "reason": "x".repeat(501) });
    let refused = test.admin().post(&rating_path(&ve, &said), long).await;
    assert_eq!(refused.code(), "reason_too_long");
    let unknown = json!({ "verdict": "sideways" });
    let refused = test.admin().post(&rating_path(&ve, &said), unknown).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn results_go_by_agent_and_model_and_outlive_what_was_said() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let admin = test.admin();
    let mut conversations = Vec::new();
    for verdict in ["up", "up", "up", "down"] {
        let said = ask(&admin, &ve).await;
        let body = json!({ "verdict": verdict, "reason": "As it is" });
        let given = admin.post(&rating_path(&ve, &said), body).await;
        assert_eq!(given.status, StatusCode::OK, "{}", given.text);
        conversations.push(said["conversation_id"].as_str().unwrap().to_owned());
    }
    let counted = results(&test).await;
    assert_eq!(counted.len(), 1);
    let row = &counted[0];
    assert_eq!(
        (row["agent"]["slug"].clone(), row["model"].clone()),
        (json!("invoice-clerk"), json!("extractive"))
    );
    assert_eq!(
        (row["up_share"].clone(), row["reasons"].clone()),
        (json!(0.75), json!(4))
    );
    let bound = |name: &str| (row[name].as_f64().unwrap() * 1000.0).round();
    // Wilson's interval of 3 in 4, computed by hand.
    assert_eq!(
        (bound("up_share_low"), bound("up_share_high")),
        (301.0, 954.0)
    );
    assert_eq!(row["tokens_per_second"], Value::Null);

    for conversation in conversations {
        let path = format!("/api/ves/{ve}/conversations/{conversation}");
        admin.send("DELETE", &path, None, &[]).await;
    }
    let counted = results(&test).await;
    assert_eq!(
        (counted[0]["ratings"].clone(), counted[0]["reasons"].clone()),
        (json!(4), json!(0))
    );

    test.clock.advance_seconds(91 * 86_400);
    assert!(results(&test).await.is_empty());
    let longer = test
        .admin()
        .get("/api/ratings/results?days=92")
        .await
        .json();
    assert_eq!(longer["items"].as_array().unwrap().len(), 1);
    let refused = test.admin().get("/api/ratings/results?days=0").await;
    assert_eq!(refused.code(), "invalid_period");
}

#[tokio::test]
async fn the_best_of_several_is_counted_for_every_model_compared() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let column = json!({ "model": "starter", "parameters": { "max_tokens": 8 } });
    let body = json!({ "messages": [{ "role": "user", "content": "Hello" }], "columns": [column, column, column] });
    let run = admin.post("/api/playground/runs", body).await.json();
    let run_path = format!("/api/playground/runs/{}", run["id"].as_str().unwrap());
    admin.get(&format!("{run_path}/stream")).await;
    let best = format!("{run_path}/best");
    let winner = run["answers"][1]["id"].clone();
    let chosen = admin
        .post(&best, json!({ "answer_id": winner }))
        .await
        .json();
    assert_eq!(chosen["best_answer_id"], winner);
    let rated = format!("{run_path}/answers/{}/rating", winner.as_str().unwrap());
    admin
        .post(&rated, json!({ "verdict": "up", "reason": "Short" }))
        .await;
    let counted = results(&test).await;
    let row = &counted[0];
    assert_eq!((counted.len(), row["agent"].clone()), (1, Value::Null));
    assert_eq!(
        (
            row["compared"].clone(),
            row["best"].clone(),
            row["ratings"].clone()
        ),
        (json!(3), json!(1), json!(1))
    );
    assert!(row["tokens_per_second"].as_f64().unwrap() > 0.0, "{row}");
    let reasons = test
        .admin()
        .get("/api/ratings/reasons?model=starter")
        .await
        .json();
    assert_eq!(reasons["items"][0]["reason"], "Short");

    let undone = admin.post(&best, json!({ "answer_id": null })).await.json();
    assert_eq!(undone["best_answer_id"], Value::Null);
    admin.send("DELETE", &rated, None, &[]).await;
    assert!(results(&test).await.is_empty());
    let nothing = admin
        .post(
            &best,
            json!({ "answer_id": "pla_00000000000000000000000000" }),
        )
        .await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
}
