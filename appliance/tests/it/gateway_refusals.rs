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

/// What is added to a good request, and the field that the refusal names.
const ABSURD: &[(&str, &str)] = &[
    (r#"{ "max_tokens": 0 }"#, "max_tokens"),
    (
        r#"{ "max_completion_tokens": -5 }"#,
        "max_completion_tokens",
    ),
    (r#"{ "n": 0 }"#, "n"),
    (r#"{ "n": 1000000000000 }"#, "n"),
    (r#"{ "temperature": 9 }"#, "temperature"),
    (r#"{ "top_p": 0 }"#, "top_p"),
    (r#"{ "frequency_penalty": -3 }"#, "frequency_penalty"),
    (r#"{ "logit_bias": { "x": 1 } }"#, "logit_bias"),
    (r#"{ "logit_bias": { "5": 1000 } }"#, "logit_bias"),
    (r#"{ "top_logprobs": 3 }"#, "top_logprobs"),
    (
        r#"{ "logprobs": true, "top_logprobs": 21 }"#,
        "top_logprobs",
    ),
    (
        r#"{ "stop": ["1","2","3","4","5","6","7","8","9","a","b","c","d","e","f","g","h"] }"#,
        "stop",
    ),
    (r#"{ "stop": "" }"#, "stop"),
    (r#"{ "messages": [] }"#, "messages"),
    (
        r#"{ "messages": [{ "role": "robot", "content": "x" }] }"#,
        "messages[0].role",
    ),
    (
        r#"{ "messages": [{ "role": "tool", "content": "x" }] }"#,
        "messages[0].tool_call_id",
    ),
    (
        r#"{ "messages": [{ "role": "user", "content": [{ "type": "image_url" }] }] }"#,
        "messages[0].content",
    ),
    (r#"{ "messages": null }"#, "messages"),
    (r#"{ "tools": [{ "type": "web_search" }] }"#, "tools[0]"),
    (
        r#"{ "tools": [{ "type": "function", "function": { "name": "a b" } }] }"#,
        "tools[0].function.name",
    ),
    (
        r#"{ "tools": [{ "type": "function", "function": { "name": "f" } }, { "type": "function", "function": { "name": "f" } }] }"#,
        "tools[1]",
    ),
    (r#"{ "tool_choice": "required" }"#, "tool_choice"),
    (r#"{ "tool_choice": "sometimes" }"#, "tool_choice"),
    (
        r#"{ "response_format": { "type": "xml" } }"#,
        "response_format",
    ),
    (
        r#"{ "response_format": { "type": "json_schema" } }"#,
        "response_format",
    ),
    (r#"{ "functions": [{ "name": "f" }] }"#, "functions"),
    (r#"{ "guided_regex": "[0-9]+" }"#, "guided_regex"),
    (r#"{ "adapter": "tone" }"#, "adapter"),
    (r#"{ "guided_json": "{" }"#, "guided_json"),
    (
        r#"{ "response_format": { "type": "json_object" }, "grammar": "root ::= \"a\"" }"#,
        "grammar",
    ),
    (r#"{ "model": "" }"#, "model"),
];

#[tokio::test]
async fn absurd_parameters_are_refused_by_name_before_any_model_works() {
    let test = TestApp::new().await;
    for (more, param) in ABSURD {
        let refused = test.admin().post(CHAT, chat(parsed(more))).await;
        let error = &refused.json()["error"];
        let status = refused.status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{more}: {}", refused.text);
        assert_eq!(error["param"], *param, "{more}: {}", refused.text);
        assert_eq!(error["type"], "invalid_request_error");
        assert!(error["code"].is_string() && error["message"].is_string());
    }
    let loaded = test.app.inference.ready_count();
    assert_eq!(loaded, 0, "nothing was loaded for them");
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
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
    let embedding = json!({ "model": "gpt-9", "input": "x" });
    let refused = test.admin().post("/v1/embeddings", embedding).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", refused.text);
}

#[tokio::test]
async fn a_model_of_the_other_kind_is_refused_as_what_it_is() {
    let test = TestApp::new().await;
    let texts = json!({ "model": "starter", "input": "x" });
    for (path, body, says) in [
        ("/v1/embeddings", texts, "starter writes text"),
        (CHAT, chat(json!({ "model": "minilm" })), "/v1/embeddings"),
        (
            CHAT,
            chat(json!({ "model": "embedding" })),
            "/v1/embeddings",
        ),
        (
            "/v1/messages",
            chat(json!({ "model": "minilm" })),
            "/v1/embeddings",
        ),
    ] {
        let refused = test.admin().post(path, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert!(refused.text.contains(says), "{}", refused.text);
        if path != "/v1/messages" {
            assert_eq!(refused.code(), "wrong_kind", "{}", refused.text);
        }
    }
    // Whoever may talk to one employee only is not told what other models are.
    let ve = test.hire().await;
    let narrow = json!({ "name": "narrow", "ves": [ve] });
    let narrow = test.admin().post("/api/account/api-keys", narrow).await;
    let narrow = test.with_key(narrow.json()["key"].as_str().unwrap());
    let refused = narrow.post(CHAT, chat(json!({ "model": "minilm" }))).await;
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

/// Where something is asked for that could only be pretended, and the field that the refusal names.
const PRETENDED: &[(&str, &str, &str)] = &[
    (
        "/v1/responses",
        r#"{ "input": "x", "store": true }"#,
        "store",
    ),
    (
        "/v1/responses",
        r#"{ "input": "x", "previous_response_id": "r" }"#,
        "previous_response_id",
    ),
    (
        "/v1/responses",
        r#"{ "input": "x", "conversation": "c" }"#,
        "conversation",
    ),
    (
        "/v1/responses",
        r#"{ "input": "x", "background": true }"#,
        "background",
    ),
    (
        "/v1/responses",
        r#"{ "input": "x", "tools": [{ "type": "web_search" }] }"#,
        "tools[0]",
    ),
    (
        "/v1/responses",
        r#"{ "input": [{ "type": "item_reference", "id": "x" }] }"#,
        "input[0]",
    ),
    (
        "/v1/responses",
        r#"{ "input": "x", "truncation": "some" }"#,
        "truncation",
    ),
    ("/v1/completions", r#"{ "prompt": [1, 2] }"#, "prompt"),
    (
        "/v1/completions",
        r#"{ "prompt": "x", "suffix": "y" }"#,
        "suffix",
    ),
    (
        "/v1/completions",
        r#"{ "prompt": "x", "best_of": 3 }"#,
        "best_of",
    ),
    (
        "/v1/completions",
        r#"{ "prompt": "x", "n": 5, "logprobs": 9 }"#,
        "logprobs",
    ),
    (
        "/v1/completions",
        r#"{ "prompt": ["1", "2", "3"], "n": 8 }"#,
        "n",
    ),
    (
        "/v1/embeddings",
        r#"{ "model": "minilm", "input": [[1, 2]] }"#,
        "input",
    ),
    (
        "/v1/embeddings",
        r#"{ "model": "minilm", "input": [] }"#,
        "input",
    ),
    (
        "/v1/embeddings",
        r#"{ "model": "minilm", "input": "" }"#,
        "input",
    ),
    (
        "/v1/embeddings",
        r#"{ "model": "minilm", "input": "x", "encoding_format": "hex" }"#,
        "encoding_format",
    ),
];

#[tokio::test]
async fn what_could_only_be_pretended_is_refused() {
    let test = TestApp::new().await;
    for (path, body, param) in PRETENDED {
        let mut whole = parsed(body);
        if whole["model"].is_null() {
            whole["model"] = json!("starter");
        }
        let refused = test.admin().post(path, whole).await;
        let status = refused.status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {}", refused.text);
        let error = &refused.json()["error"];
        assert_eq!(error["param"], *param, "{body}: {}", refused.text);
    }
    let begun = json!({ "model": "starter", "max_tokens": 2, "messages": [
        { "role": "user", "content": "Hello" }, { "role": "assistant", "content": "Good" }] });
    let mut endless = chat(json!({}));
    endless.as_object_mut().unwrap().remove("max_tokens");
    let hot = chat(json!({ "temperature": 1.5 }));
    for (body, named) in [
        (begun, "the user"),
        (endless, "max_tokens"),
        (hot, "temperature"),
    ] {
        let refused = test.admin().post("/v1/messages", body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        let message = refused.json()["error"]["message"].clone();
        assert!(message.as_str().unwrap().contains(named), "{message}");
    }
}

#[tokio::test]
async fn an_employee_who_quotes_can_give_no_json_and_answers_no_silence() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let silence = json!([{ "role": "system", "content": "x" }]);
    let cases = [
        (
            json!({ "response_format": { "type": "json_object" } }),
            "model",
        ),
        (json!({ "messages": silence }), "messages"),
    ];
    for (more, param) in cases {
        let mut body = chat(more);
        body["model"] = json!(ve);
        let refused = test.admin().post(CHAT, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(refused.json()["error"]["param"], param);
    }
}
