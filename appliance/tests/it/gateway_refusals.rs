//! What the foreign protocols refuse, and in whose words.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::TestApp;

const CHAT: &str = "/v1/chat/completions";

fn chat(more: Value) -> Value {
    let mut body = json!({ "model": "starter", "max_tokens": 2, "messages": [{ "role": "user", "content": "Hello" }] });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn absurd_parameters_are_refused_by_name_before_any_model_works() {
    let test = TestApp::new().await;
    let image = json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "x" } }] }]);
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let cases = [
        (chat(json!({ "max_tokens": 0 })), "max_completion_tokens"),
        (
            chat(json!({ "max_completion_tokens": -5 })),
            "max_completion_tokens",
        ),
        (chat(json!({ "n": 0 })), "n"),
        (chat(json!({ "n": 1_000_000_000_000_i64 })), "n"),
        (chat(json!({ "temperature": 9 })), "temperature"),
        (chat(json!({ "top_p": 0 })), "top_p"),
        (
            chat(json!({ "frequency_penalty": -3 })),
            "frequency_penalty",
        ),
        (chat(json!({ "logit_bias": { "x": 1 } })), "logit_bias"),
        (chat(json!({ "logit_bias": { "5": 1000 } })), "logit_bias"),
        (chat(json!({ "top_logprobs": 3 })), "top_logprobs"),
        (
            chat(json!({ "logprobs": true, "top_logprobs": 21 })),
            "top_logprobs",
        ),
        (chat(json!({ "stop": vec!["x"; 17] })), "stop"),
        (chat(json!({ "stop": "" })), "stop"),
        (chat(json!({ "messages": [] })), "messages"),
        (
            chat(json!({ "messages": [{ "role": "robot", "content": "x" }] })),
            "messages[0].role",
        ),
        (
            chat(json!({ "messages": [{ "role": "tool", "content": "x" }] })),
            "messages[0].tool_call_id",
        ),
        (chat(json!({ "messages": image })), "messages[0].content"),
        (
            chat(json!({ "tools": [{ "type": "web_search" }] })),
            "tools[0]",
        ),
        (chat(json!({ "tools": [tool, tool] })), "tools[1]"),
        (chat(json!({ "tool_choice": "required" })), "tool_choice"),
        (chat(json!({ "tool_choice": "sometimes" })), "tool_choice"),
        (
            chat(json!({ "response_format": { "type": "xml" } })),
            "response_format",
        ),
        (
            chat(json!({ "response_format": { "type": "json_schema" } })),
            "response_format",
        ),
        (chat(json!({ "functions": [{ "name": "f" }] })), "functions"),
        (chat(json!({ "model": "" })), "model"),
        (json!({ "model": "starter" }), "messages"),
    ];
    for (body, param) in cases {
        let refused = test.admin().post(CHAT, body.clone()).await;
        let error = &refused.json()["error"];
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            refused.text
        );
        assert_eq!(error["param"], param, "{body}: {}", refused.text);
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["code"].is_string() && error["message"].is_string());
    }
    assert_eq!(
        test.app.inference.ready_count(),
        0,
        "nothing was loaded for them"
    );
}

#[tokio::test]
async fn unknown_fields_and_absent_ones_are_no_mistake() {
    let test = TestApp::new().await;
    let newer = chat(
        json!({ "service_tier": "auto", "verbosity": "low", "user": "u", "stop": null, "seed": -1 }),
    );
    let answer = test.admin().post(CHAT, newer).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn a_model_that_is_not_there_is_404_in_both_shapes() {
    let test = TestApp::new().await;
    let refused = test
        .admin()
        .post(CHAT, chat(json!({ "model": "gpt-9" })))
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let error = &refused.json()["error"];
    assert_eq!(
        (&error["code"], &error["param"]),
        (&json!("model_not_found"), &json!("model"))
    );
    assert!(error["message"].as_str().unwrap().contains("`gpt-9`"));
    let auto = test
        .admin()
        .post(CHAT, chat(json!({ "model": "auto" })))
        .await;
    assert_eq!(
        auto.status,
        StatusCode::NOT_FOUND,
        "no model answers by default here: {}",
        auto.text
    );
    let refused = test
        .admin()
        .post("/v1/messages", chat(json!({ "model": "gpt-9" })))
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let body = refused.json();
    assert_eq!(
        (&body["type"], &body["error"]["type"]),
        (&json!("error"), &json!("not_found_error"))
    );
    let embedding = json!({ "model": "starter", "input": "x" });
    let refused = test.admin().post("/v1/embeddings", embedding).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
}

#[tokio::test]
async fn guards_limits_and_readers_speak_the_callers_protocol_too() {
    let test = TestApp::new().await;
    for (path, is_anthropic) in [(CHAT, false), ("/v1/messages", true)] {
        let shape = |answer: &crate::harness::Answer, status: u16, kind: &str| {
            let body = answer.json();
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
            assert_eq!(body["error"]["type"], kind, "{path}: {}", answer.text);
            assert_eq!(
                body["type"] == "error",
                is_anthropic,
                "{path}: {}",
                answer.text
            );
            assert!(
                body["error"].get("request_id").is_none(),
                "the node's own shape"
            );
        };
        shape(
            &test.nobody().post(path, chat(json!({}))).await,
            401,
            "authentication_error",
        );
        let huge = json!({ "model": "x".repeat(17 << 20) });
        let kind = if is_anthropic {
            "request_too_large"
        } else {
            "invalid_request_error"
        };
        shape(&test.admin().post(path, huge).await, 413, kind);
        let text = [("content-type", "text/plain")];
        shape(
            &test.admin().send("POST", path, None, &text).await,
            415,
            "invalid_request_error",
        );
        shape(
            &test.admin().post(path, json!([1])).await,
            400,
            "invalid_request_error",
        );
        shape(&test.admin().get(path).await, 405, "invalid_request_error");
    }
    let nowhere = test.admin().get("/v1/nowhere").await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert_eq!(nowhere.json()["error"]["code"], "not_found");
    let own = test.admin().get("/api/nowhere").await;
    assert!(
        own.json()["error"]["request_id"].is_string(),
        "the node's own shape stays"
    );
}

#[tokio::test]
async fn a_key_is_taken_as_bearer_and_as_x_api_key() {
    let test = TestApp::new().await;
    let made = test
        .admin()
        .post("/api/account/api-keys", json!({ "name": "sdk" }))
        .await
        .json();
    let key = made["key"].as_str().unwrap();
    let by_header = test
        .nobody()
        .send("GET", "/v1/models", None, &[("x-api-key", key)])
        .await;
    assert_eq!(by_header.status, StatusCode::OK);
    let wrong = test
        .nobody()
        .send("GET", "/v1/models", None, &[("x-api-key", "ghk_wrong")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.json()["error"]["code"], "invalid_api_key");
}

#[tokio::test]
async fn a_remembered_key_ends_the_moment_it_is_revoked_or_its_owner_changes() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let make = async || {
        let made = admin
            .post("/api/account/api-keys", json!({ "name": "short" }))
            .await;
        let made = made.json();
        (
            made["id"].as_str().unwrap().to_owned(),
            made["key"].as_str().unwrap().to_owned(),
        )
    };
    let status = async |key: &str| {
        let bearer = format!("Bearer {key}");
        test.nobody()
            .send("GET", "/v1/models", None, &[("authorization", &bearer)])
            .await
            .status
    };
    let (id, key) = make().await;
    assert_eq!(
        (status(&key).await, status(&key).await),
        (StatusCode::OK, StatusCode::OK)
    );
    admin
        .send("DELETE", &format!("/api/account/api-keys/{id}"), None, &[])
        .await;
    assert_eq!(status(&key).await, StatusCode::UNAUTHORIZED);

    let short = json!({ "name": "short", "expires_in_days": 1 });
    let short = admin.post("/api/account/api-keys", short).await.json();
    let short = short["key"].as_str().unwrap().to_owned();
    assert_eq!(status(&short).await, StatusCode::OK);
    test.clock.advance_seconds(86_401);
    assert_eq!(status(&short).await, StatusCode::UNAUTHORIZED);

    let staff = test.role(guildhall_kernel::Role::Staff);
    let id = staff.get("/api/session").await.json()["person"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(staff.get("/api/admin/people").await.status, StatusCode::OK);
    let person = format!("/api/admin/people/{id}");
    admin
        .send("PATCH", &person, Some(json!({ "role": "normal" })), &[])
        .await;
    assert_eq!(
        staff.get("/api/admin/people").await.status,
        StatusCode::FORBIDDEN
    );
    admin.send("DELETE", &person, None, &[]).await;
    assert_eq!(
        staff.get("/v1/models").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_the_callers_to_mend() {
    let test = TestApp::new().await;
    let long = "word ".repeat(20_000);
    for (path, is_stream) in [(CHAT, false), (CHAT, true), ("/v1/messages", true)] {
        let body =
            chat(json!({ "stream": is_stream, "messages": [{ "role": "user", "content": long }] }));
        let refused = test.admin().post(path, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        let error = refused.json()["error"].clone();
        assert_eq!(error["type"], "invalid_request_error");
        if path == CHAT {
            assert_eq!(error["code"], "context_length_exceeded");
        }
    }
}

#[tokio::test]
async fn what_could_only_be_pretended_is_refused() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let response = |more: Value| {
        let mut body = json!({ "model": "starter", "input": "Hello" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let cases = [
        ("/v1/responses", response(json!({ "store": true })), "store"),
        (
            "/v1/responses",
            response(json!({ "previous_response_id": "resp_1" })),
            "previous_response_id",
        ),
        (
            "/v1/responses",
            response(json!({ "background": true })),
            "background",
        ),
        (
            "/v1/responses",
            response(json!({ "tools": [{ "type": "web_search" }] })),
            "tools[0]",
        ),
        (
            "/v1/responses",
            response(json!({ "input": [{ "type": "item_reference", "id": "x" }] })),
            "input[0]",
        ),
        (
            "/v1/responses",
            response(json!({ "truncation": "some" })),
            "truncation",
        ),
        (
            "/v1/completions",
            json!({ "model": "starter", "prompt": [1, 2] }),
            "prompt",
        ),
        (
            "/v1/completions",
            json!({ "model": "starter", "prompt": "x", "suffix": "y" }),
            "suffix",
        ),
        (
            "/v1/completions",
            json!({ "model": "starter", "prompt": "x", "best_of": 3 }),
            "best_of",
        ),
        (
            "/v1/completions",
            json!({ "model": "starter", "prompt": vec!["x"; 17] }),
            "n",
        ),
        (
            "/v1/embeddings",
            json!({ "model": "minilm", "input": [[1, 2]] }),
            "input",
        ),
        (
            "/v1/embeddings",
            json!({ "model": "minilm", "input": [] }),
            "input",
        ),
        (
            "/v1/embeddings",
            json!({ "model": "minilm", "input": "" }),
            "input",
        ),
        (
            "/v1/embeddings",
            json!({ "model": "minilm", "input": "x", "encoding_format": "hex" }),
            "encoding_format",
        ),
        (
            CHAT,
            chat(json!({ "model": ve, "response_format": { "type": "json_object" } })),
            "model",
        ),
        (
            CHAT,
            chat(json!({ "model": ve, "messages": [{ "role": "system", "content": "x" }] })),
            "messages",
        ),
    ];
    for (path, body, param) in cases {
        let refused = test.admin().post(path, body.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{body}: {}",
            refused.text
        );
        assert_eq!(
            refused.json()["error"]["param"],
            param,
            "{body}: {}",
            refused.text
        );
    }
    let begun = json!({ "model": "starter", "max_tokens": 2, "messages": [
        { "role": "user", "content": "Hello" }, { "role": "assistant", "content": "Good" }] });
    let no_limit =
        json!({ "model": "starter", "messages": [{ "role": "user", "content": "Hello" }] });
    let hot = chat(json!({ "temperature": 1.5 }));
    for (body, named) in [
        (begun, "the user"),
        (no_limit, "max_tokens"),
        (hot, "temperature"),
    ] {
        let refused = test.admin().post("/v1/messages", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        let message = refused.json()["error"]["message"].clone();
        assert!(message.as_str().unwrap().contains(named), "{message}");
    }
}
