//! Answers by grammar, through `/v1`.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::TestApp;

const CHAT: &str = "/v1/chat/completions";

pub(crate) fn hello(model: &str, more: Value) -> Value {
    let mut body = json!({ "model": model, "max_tokens": 12, "temperature": 0,
                           "messages": [{ "role": "user", "content": "Hello, who are you?" }] });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    body
}

#[tokio::test]
async fn an_answer_follows_the_grammar_in_whichever_field_it_comes() {
    let test = TestApp::new().await;
    let gbnf = "root ::= \"maybe \" (\"yes\" | \"no\")";
    let forms = [
        json!({ "grammar": gbnf }),
        json!({ "guided_grammar": gbnf }),
        json!({ "guided_grammar": "start: \"maybe \" (\"yes\" | \"no\")" }),
    ];
    for form in forms {
        let said = test
            .admin()
            .post(CHAT, hello("starter", form.clone()))
            .await;
        assert_eq!(said.status, StatusCode::OK, "{form}: {}", said.text);
        let text = said.json()["choices"][0]["message"]["content"].clone();
        assert!(text == "maybe yes" || text == "maybe no", "{form}: {text}");
        let mut body = form.clone();
        body["model"] = json!("starter");
        body["prompt"] = json!("Will it rain?");
        let said = test.admin().post("/v1/completions", body).await;
        let text = said.json()["choices"][0]["text"].clone();
        assert!(text == "maybe yes" || text == "maybe no", "{}", said.text);
    }
    let schema = json!({ "guided_json": { "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "enum": [1] } } } });
    let said = test.admin().post(CHAT, hello("starter", schema)).await;
    let text = said.json()["choices"][0]["message"]["content"].clone();
    let value: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(value, json!({ "a": 1 }), "{}", said.text);

    let broken = json!({ "grammar": "root ::= (" });
    let refused = test.admin().post(CHAT, hello("starter", broken)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    assert_eq!(refused.code(), "constraint_invalid");
}
