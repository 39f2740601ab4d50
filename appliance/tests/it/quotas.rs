//! Limits of use hold on every way to a model, over HTTP, and count what was metered.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Caller, TestApp},
    providers::{
        enter, open, openai_answer,
        stub::{Reply, Stub},
    },
};

/// A provider that writes and makes vectors.
fn answer(asked: &Value) -> Reply {
    let Some(texts) = asked["input"].as_array() else {
        return Reply::events(&openai_answer("Hello"));
    };
    let vector = |(index, _): (usize, &Value)| json!({ "object": "embedding", "index": index, "embedding": [1.0, 2.0] });
    let data: Vec<Value> = texts.iter().enumerate().map(vector).collect();
    let usage = json!({ "prompt_tokens": 7, "total_tokens": 7 });
    Reply::json(
        200,
        &json!({ "object": "list", "data": data, "usage": usage }),
    )
}

struct Office {
    test: TestApp,
    /// An employee that quotes.
    ve: String,
    key: Caller,
    key_id: String,
}

impl Office {
    async fn new() -> Self {
        let test = TestApp::new().await;
        open(&test, "local_network").await;
        let stub = Stub::answering(answer).await;
        let models = json!([{ "name": "m-1" }, { "name": "e-1", "kind": "embedding" }]);
        let more = json!({ "slug": "lan", "models": models });
        enter(&test, &stub, "openai_compatible", more).await;
        let steps = json!({ "steps": ["lan/m-1", "starter"] });
        let path = "/api/admin/fallbacks/pair";
        test.admin().send("PUT", path, Some(steps), &[]).await;
        let ve = test.hire().await;
        let made = json!({ "name": "limited" });
        let made = test.admin().post("/api/account/api-keys", made).await;
        let key = test.with_key(made.json()["key"].as_str().unwrap());
        let keys = test.admin().get("/api/account/api-keys").await.json();
        let keys = keys["items"].as_array().unwrap();
        let mine = keys.iter().find(|key| key["name"] == "limited").unwrap();
        let key_id = mine["id"].as_str().unwrap().to_owned();
        Self {
            test,
            ve,
            key,
            key_id,
        }
    }

    async fn limit(&self, subject: &str, limits: Value) {
        let path = format!("/api/admin/quotas/{subject}");
        let admin = self.test.admin();
        let set = admin.send("PUT", &path, Some(limits), &[]).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text);
    }

    async fn unlimit(&self, subject: &str) {
        let path = format!("/api/admin/quotas/{subject}");
        let removed = self.test.admin().send("DELETE", &path, None, &[]).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    }

    /// What the only limit there is has counted today.
    async fn counted(&self) -> u64 {
        let quotas = self.test.admin().get("/api/admin/quotas").await.json();
        quotas["items"][0]["tokens_today"].as_u64().unwrap()
    }

    /// Tokens of every row, newest first.
    async fn metered(&self) -> Vec<u64> {
        self.test.app.meter.flush().await;
        let report = self.test.admin().get("/api/billing/usage").await.json();
        let rows = report["items"].as_array().unwrap();
        let of = |row: &Value, field: &str| row[field].as_u64().unwrap();
        rows.iter()
            .map(|row| of(row, "input_tokens") + of(row, "output_tokens"))
            .collect()
    }
}

fn refused(answer: &Answer, limit: &str) {
    assert_eq!(
        answer.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        answer.text
    );
    assert!(answer.text.contains(limit), "{}", answer.text);
    let seconds = answer.headers["retry-after"].to_str().unwrap();
    assert!(seconds.parse::<u32>().unwrap() > 0, "{seconds}");
}

fn chat(model: &str) -> Value {
    json!({ "model": model, "max_tokens": 3, "messages": [{ "role": "user", "content": "Hello" }] })
}

#[tokio::test]
async fn every_way_to_answer_is_let_in_once_and_counted_as_metered() {
    let office = Office::new().await;
    let subject = format!("api_key/{}", office.key_id);
    let limits = json!({ "requests_per_minute": 1, "tokens_per_day": 100_000 });
    office.limit(&subject, limits).await;
    let several = json!({ "model": "starter", "prompt": "Hello", "n": 3, "max_tokens": 3 });
    let employee = format!("/api/ves/{}/chat", office.ve);
    let ways = [
        ("/v1/chat/completions", chat("starter")),
        ("/v1/completions", several),
        ("/v1/chat/completions", chat("lan/m-1")),
        ("/v1/messages", chat("lan/m-1")),
        ("/v1/chat/completions", chat("fallback/pair")),
        ("/v1/chat/completions", chat(&office.ve)),
        (
            "/v1/embeddings",
            json!({ "model": "minilm", "input": "Hello" }),
        ),
        (
            "/v1/embeddings",
            json!({ "model": "lan/e-1", "input": "Hello" }),
        ),
        (
            "/v1/responses",
            json!({ "model": office.ve, "input": "Hello" }),
        ),
        (employee.as_str(), json!({ "message": "Hello" })),
    ];
    let mut sum = 0;
    for (number, (path, body)) in ways.into_iter().enumerate() {
        let said = office.key.post(path, body.clone()).await;
        assert_eq!(said.status, StatusCode::OK, "{path} {body}: {}", said.text);
        let rows = office.metered().await;
        assert_eq!(rows.len(), number + 1, "{path} {body}");
        assert!(rows[0] > 0, "{path} {body}");
        sum = rows.iter().sum();
        assert_eq!(office.counted().await, sum, "{path} {body}");
        let again = office.key.post(path, body).await;
        refused(&again, "1 requests a minute");
        if path != "/v1/messages" {
            assert_eq!(again.code(), "quota_exceeded", "{}", again.text);
        }
        let rows = office.metered().await;
        assert_eq!(rows.len(), number + 1, "a refused request is no call");
        office.test.clock.advance_seconds(61);
    }
    // The day's tokens are used up for all of them.
    office
        .limit(&subject, json!({ "tokens_per_day": sum }))
        .await;
    for body in [chat("lan/m-1"), chat("starter"), chat(&office.ve)] {
        let over = office.key.post("/v1/chat/completions", body).await;
        refused(&over, "tokens a day");
    }
    let admin = office.test.admin();
    let other = admin.post("/v1/chat/completions", chat("lan/m-1")).await;
    assert_eq!(other.status, StatusCode::OK, "another key goes on");
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_and_counted_once() {
    let office = Office::new().await;
    let subject = format!("api_key/{}", office.key_id);
    let limits = json!({ "requests_per_minute": 2, "tokens_per_day": 100_000 });
    office.limit(&subject, limits).await;
    let path = format!("/api/ves/{}/chat", office.ve);
    let ask = async |key: &str| {
        let question = Some(json!({ "message": "Hello" }));
        let keyed = [("idempotency-key", key)];
        office.key.send("POST", &path, question, &keyed).await
    };
    let first = ask("one").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let used = office.counted().await;
    assert!(used > 0);
    for _ in 0..3 {
        let again = ask("one").await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text);
        let id = |answer: &Answer| answer.json()["message"]["id"].clone();
        assert_eq!(id(&again), id(&first), "{}", again.text);
    }
    assert_eq!(office.counted().await, used);
    assert_eq!(office.metered().await.len(), 1);
    assert_eq!(ask("two").await.status, StatusCode::OK);
    refused(&ask("three").await, "2 requests a minute");
    // What was answered once is answered still.
    assert_eq!(ask("two").await.status, StatusCode::OK);
}

#[tokio::test]
async fn organisation_person_employee_and_key_are_each_held_to_their_own() {
    let office = Office::new().await;
    let session = office.test.admin().get("/api/session").await.json();
    let id = |pointer: &str| session.pointer(pointer).unwrap().as_str().unwrap();
    let colleague = office.test.role(guildhall_kernel::Role::Normal);
    let hired = json!({ "model": "extractive" });
    let hire = "/api/marketplace/agents/invoice-clerk/hire";
    let other_ve = office.test.admin().post(hire, hired).await.json();
    let other_ve = other_ve["id"].as_str().unwrap();
    let (mine, ve) = (&office.key, office.ve.as_str());
    let admin = office.test.admin();
    let scopes = [
        (format!("organisation/{}", id("/organisation/id")), None),
        (
            format!("person/{}", id("/person/id")),
            Some((&colleague, ve)),
        ),
        (format!("ve/{ve}"), Some((mine, other_ve))),
        (format!("api_key/{}", office.key_id), Some((&admin, ve))),
    ];
    for (subject, unconcerned) in scopes {
        office.limit(&subject, json!({ "tokens_per_day": 1 })).await;
        let path = "/v1/chat/completions";
        let said = mine.post(path, chat(ve)).await;
        assert_eq!(said.status, StatusCode::OK, "{subject}: {}", said.text);
        let over = mine.post(path, chat(ve)).await;
        refused(&over, "1 tokens a day");
        assert_eq!(over.code(), "quota_exceeded", "{subject}");
        let question = json!({ "message": "Hello" });
        let asked = mine.post(&format!("/api/ves/{ve}/chat"), question).await;
        refused(&asked, "1 tokens a day");
        if let Some((caller, model)) = unconcerned {
            let said = caller.post(path, chat(model)).await;
            assert_eq!(said.status, StatusCode::OK, "{subject}: {}", said.text);
        }
        office.unlimit(&subject).await;
    }
}

#[tokio::test]
async fn columns_of_the_playground_are_let_in_one_by_one() {
    let office = Office::new().await;
    let subject = format!("api_key/{}", office.key_id);
    office
        .limit(&subject, json!({ "requests_per_minute": 1 }))
        .await;
    let column = json!({ "model": "lan/m-1" });
    let run = json!({ "messages": [{ "role": "user", "content": "Hi" }], "columns": [column, column], "in_turn": true });
    let run = office.key.post("/api/playground/runs", run).await;
    assert_eq!(run.status, StatusCode::CREATED, "{}", run.text);
    let path = format!(
        "/api/playground/runs/{}",
        run.json()["id"].as_str().unwrap()
    );
    office.key.get(&format!("{path}/stream")).await;
    let run = office.key.get(&path).await.json();
    let answers = run["answers"].as_array().unwrap();
    assert_eq!(answers[0]["state"], "complete", "{run}");
    assert_eq!(answers[1]["state"], "failed", "{run}");
    assert_eq!(answers[1]["error"]["code"], "quota_exceeded", "{run}");
    assert_eq!(office.counted().await, 12);
}
