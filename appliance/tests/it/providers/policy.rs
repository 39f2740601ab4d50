//! Trying again, resting, falling back, and where prompts may go.

use guildhall::inference::{DataClass, GenerationEvent};
use guildhall_kernel::VeId;
use serde_json::{Value, json};

use super::{
    ask, caller, enter, open, openai_answer, question,
    stub::{Reply, Stub, Then},
    text_of,
};
use crate::harness::TestApp;

fn down() -> Reply {
    Reply::json(503, &json!({ "error": { "type": "server_error" } }))
}

async fn health(test: &TestApp, id: &Value) -> Value {
    let path = format!("/api/admin/providers/{}", id.as_str().unwrap());
    test.admin().get(&path).await.json()["health"].clone()
}

#[tokio::test]
async fn a_try_without_a_token_is_repeated() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let busy = Reply::json(429, &json!({})).header("retry-after-ms", "10");
    let cut = Reply::events("").then(Then::Cut);
    let stub = Stub::start(vec![busy, cut, Reply::events(&openai_answer("third time"))]).await;
    let provider = enter(
        &test,
        &stub,
        "openai",
        json!({ "settings": { "retries_max": 2 } }),
    )
    .await;
    let (events, error) = ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        (text_of(&events).as_str(), stub.asked().len()),
        ("third time", 3)
    );
    let started = events
        .iter()
        .filter(|event| matches!(event, GenerationEvent::Started(_)));
    assert_eq!(started.count(), 1, "an answer starts once");
    let health = health(&test, &provider["id"]).await;
    assert_eq!(
        (&health["circuit"], &health["failures"]),
        (&json!("closed"), &json!(0))
    );
}

#[tokio::test]
async fn a_provider_that_keeps_failing_rests_and_comes_back() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let mut replies = vec![down(); 5];
    replies.push(Reply::events(&openai_answer("back")));
    let stub = Stub::start(replies).await;
    let provider = enter(&test, &stub, "openai", json!({})).await;
    let caller = caller(&test).await;
    for _ in 0..5 {
        let (_, error) = ask(&test, caller.clone(), "openai/m-1", question("Hi")).await;
        assert_eq!(error.unwrap().code(), "provider_unavailable");
    }
    let (_, error) = ask(&test, caller.clone(), "openai/m-1", question("Hi")).await;
    assert_eq!(error.unwrap().code(), "provider_circuit_open");
    assert_eq!(stub.asked().len(), 5, "a resting provider is not called");
    let seen = health(&test, &provider["id"]).await;
    assert_eq!(
        (&seen["circuit"], &seen["last_error"]),
        (&json!("open"), &json!("provider_unavailable"))
    );

    test.clock.advance_seconds(16);
    let (events, error) = ask(&test, caller, "openai/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text_of(&events), "back");
    assert_eq!(health(&test, &provider["id"]).await["circuit"], "closed");
}

#[tokio::test]
async fn a_chain_falls_back_from_provider_to_provider_to_this_node() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let first = Stub::start(vec![down()]).await;
    let second = Stub::start(vec![Reply::events(&openai_answer("second")), down()]).await;
    enter(&test, &first, "openai", json!({ "slug": "one" })).await;
    enter(&test, &second, "openai", json!({ "slug": "two" })).await;
    let steps = json!({ "steps": ["one/m-1", "two/m-1", "starter"] });
    let saved = test
        .admin()
        .send("PUT", "/api/admin/fallbacks/smart", Some(steps), &[])
        .await;
    assert_eq!(saved.json()["model"], "fallback/smart", "{}", saved.text);

    let caller = caller(&test).await;
    let (events, error) = ask(&test, caller.clone(), "fallback/smart", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text_of(&events), "second");
    let (events, error) = ask(&test, caller.clone(), "fallback/smart", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert!(matches!(events.last(), Some(GenerationEvent::Done(done)) if done.output_tokens > 0));
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, GenerationEvent::Billed(_))),
        "the starter answered"
    );

    let none = json!({ "steps": ["one/m-1", "two/m-1"] });
    test.admin()
        .send("PUT", "/api/admin/fallbacks/outside", Some(none), &[])
        .await;
    let (_, error) = ask(&test, caller, "fallback/outside", question("Hi")).await;
    let error = error.unwrap();
    assert_eq!(error.code(), "fallback_exhausted");
    assert!(
        error.message().contains("one/m-1: ") && error.message().contains("two/m-1: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_chain_does_not_fall_back_once_it_has_spoken() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let first = Stub::start(vec![Reply::events(text).then(Then::Cut)]).await;
    let second = Stub::start(vec![Reply::events(&openai_answer("second"))]).await;
    enter(&test, &first, "openai", json!({ "slug": "one" })).await;
    enter(&test, &second, "openai", json!({ "slug": "two" })).await;
    let steps = json!({ "steps": ["one/m-1", "two/m-1"] });
    test.admin()
        .send("PUT", "/api/admin/fallbacks/pair", Some(steps), &[])
        .await;
    let (events, error) = ask(&test, caller(&test).await, "fallback/pair", question("Hi")).await;
    assert_eq!(
        (text_of(&events).as_str(), error.unwrap().code()),
        ("Hel", "provider_stream_cut")
    );
    assert!(second.asked().is_empty());
}

#[tokio::test]
async fn chains_are_checked() {
    let test = TestApp::new().await;
    let stub = Stub::start(vec![down()]).await;
    enter(&test, &stub, "openai", json!({})).await;
    let save = async |name: &str, steps: Value| {
        let path = format!("/api/admin/fallbacks/{name}");
        let body = Some(json!({ "steps": steps }));
        test.admin().send("PUT", &path, body, &[]).await.code()
    };
    assert_eq!(save("a", json!([])).await, "invalid_chain");
    assert_eq!(save("A", json!(["starter"])).await, "invalid_chain");
    assert_eq!(save("a", json!(["gpt-9"])).await, "unknown_model");
    assert_eq!(save("a", json!(["openai/gpt-9"])).await, "unknown_model");
    assert_eq!(save("a", json!(["openai/m-1", "starter"])).await, "");
    assert_eq!(save("b", json!(["fallback/a"])).await, "invalid_chain");
    let deleted = test
        .admin()
        .send("DELETE", "/api/admin/fallbacks/none", None, &[])
        .await;
    assert_eq!(deleted.code(), "not_found");
}

#[tokio::test]
#[allow(
    clippy::too_many_lines,
    reason = "one story, each step on the one before"
)]
async fn residency_rules_keep_prompts_where_they_belong() {
    let test = TestApp::new().await;
    open(&test, "allowed").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("ok"))]).await;
    enter(&test, &stub, "openai_compatible", json!({ "slug": "lan" })).await;
    let outside = json!({ "kind": "openai", "slug": "cloud", "models": [{ "name": "m-1" }], "credentials": { "kind": "api_key", "api_key": "k" } });
    assert_eq!(
        test.admin()
            .post("/api/admin/providers", outside)
            .await
            .status,
        201
    );
    let me = caller(&test).await;
    let ve: VeId = test.hire().await.parse().unwrap();
    let (my_ve, my_data) = (
        me.clone().with_ve(ve),
        me.clone().with_data_class(DataClass::Personal),
    );
    let rule = async |applies_to: Value, keep_within: &str| {
        let body = json!({ "applies_to": applies_to, "keep_within": keep_within });
        let made = test.admin().post("/api/admin/residency", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["id"].as_str().unwrap().to_owned()
    };
    let code = async |caller: &guildhall::inference::Caller, model: &str| {
        let (_, error) = ask(&test, caller.clone(), model, question("Hi")).await;
        error.map(|error| (error.code(), error.message().to_owned()))
    };

    let ves = rule(json!({ "kind": "ve", "ve_id": ve.to_string() }), "node").await;
    let (refused, message) = code(&my_ve, "lan/m-1").await.unwrap();
    assert_eq!(refused, "residency_local_only");
    assert!(message.contains(&ves), "the rule is named: {message}");
    assert_eq!(code(&me, "lan/m-1").await, None);

    rule(
        json!({ "kind": "data_class", "data_class": "personal" }),
        "local_network",
    )
    .await;
    assert_eq!(code(&my_data, "lan/m-1").await, None);
    assert_eq!(
        code(&my_data, "cloud/m-1").await.unwrap().0,
        "residency_local_only"
    );

    rule(json!({ "kind": "organisation" }), "local_network").await;
    let everything = rule(json!({ "kind": "organisation" }), "node").await;
    assert_eq!(
        code(&me, "lan/m-1").await.unwrap().0,
        "residency_local_only"
    );
    assert_eq!(code(&me, "starter").await, None);
    let listed = test.admin().get("/api/admin/residency").await.json();
    assert_eq!(
        listed["items"].as_array().unwrap().len(),
        3,
        "the newer rule took the older one's place"
    );

    let stranger = test.stranger().await;
    assert_eq!(
        stranger.get("/api/admin/residency").await.json()["items"],
        json!([])
    );
    let path = format!("/api/admin/residency/{everything}");
    assert_eq!(
        stranger.send("DELETE", &path, None, &[]).await.code(),
        "not_found"
    );
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.status,
        204
    );
    assert_eq!(code(&me, "lan/m-1").await, None);
    assert!(stub.asked().len() >= 3);
}
