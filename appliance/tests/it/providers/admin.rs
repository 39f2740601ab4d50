//! Entering, testing and using providers as an administrator does.

use serde_json::{Value, json};

use super::{
    KEY, caller, enter, open, openai_answer, question,
    stub::{Reply, Stub},
};
use crate::harness::TestApp;

fn steps(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = report["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (text(&step["step"]), text(&step["outcome"])))
        .collect()
}

fn named(steps: &[(&str, &str)]) -> Vec<(String, String)> {
    steps
        .iter()
        .map(|(step, outcome)| ((*step).to_owned(), (*outcome).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_test_tells_how_far_it_came() {
    let test = TestApp::new().await;
    let wrong_key = Reply::json(401, &json!({ "error": { "code": "invalid_api_key" } }));
    let no_model = Reply::json(404, &json!({ "error": { "code": "model_not_found" } }));
    let good = Reply::events(&openai_answer("ready"));
    let stub = Stub::start(vec![wrong_key, no_model, good]).await;
    let provider = enter(&test, &stub, "openai", json!({ "enabled": false })).await;
    let path = format!(
        "/api/admin/providers/{}/test",
        provider["id"].as_str().unwrap()
    );
    let run = async || test.admin().post(&path, json!({})).await.json();

    let report = run().await;
    let skipped = [
        "resolved",
        "connected",
        "encrypted",
        "authenticated",
        "model_there",
        "answered",
        "usage",
    ];
    let mut expected = named(&[("allowed", "failed")]);
    expected.extend(skipped.map(|step| (step.to_owned(), "skipped".to_owned())));
    assert_eq!(steps(&report), expected, "air-gapped");
    assert_eq!(stub.connections(), 0);

    open(&test, "local_network").await;
    let reached = [
        ("allowed", "passed"),
        ("resolved", "passed"),
        ("connected", "passed"),
        ("encrypted", "skipped"),
    ];
    let ends = [
        [
            ("authenticated", "failed"),
            ("model_there", "skipped"),
            ("answered", "skipped"),
            ("usage", "skipped"),
        ],
        [
            ("authenticated", "passed"),
            ("model_there", "failed"),
            ("answered", "skipped"),
            ("usage", "skipped"),
        ],
        [
            ("authenticated", "passed"),
            ("model_there", "passed"),
            ("answered", "passed"),
            ("usage", "passed"),
        ],
    ];
    for (number, end) in ends.iter().enumerate() {
        let report = run().await;
        assert_eq!(steps(&report), named(&[reached.as_slice(), end].concat()));
        assert_eq!(report["passed"], number == 2);
        assert!(!report.to_string().contains(KEY));
    }
    let path = format!("/api/admin/providers/{}", provider["id"].as_str().unwrap());
    let kept = test.admin().get(&path).await.json();
    assert_eq!(kept["tested"]["passed"], true);
}

#[tokio::test]
async fn a_test_names_an_unreachable_port_and_an_unknown_name() {
    let test = TestApp::new().await;
    open(&test, "allowed").await;
    // A port that was free a moment ago.
    let stub = Stub::start(vec![]).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = json!({ "base_url": format!("http://{free}"), "slug": "gone" });
    let nowhere = json!({ "base_url": "http://nowhere.invalid:9", "slug": "nowhere" });
    for (more, failed, word) in [
        (gone, "connected", "reached"),
        (nowhere, "resolved", "no address"),
    ] {
        let provider = enter(&test, &stub, "openai", more).await;
        let path = format!(
            "/api/admin/providers/{}/test",
            provider["id"].as_str().unwrap()
        );
        let report = test.admin().post(&path, json!({})).await.json();
        let step = report["steps"]
            .as_array()
            .unwrap()
            .iter()
            .find(|step| step["outcome"] == "failed");
        let step = step.unwrap_or_else(|| panic!("{report}"));
        assert_eq!(step["step"], failed, "{report}");
        assert!(step["detail"].as_str().unwrap().contains(word), "{step}");
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one table of cases")]
async fn what_is_entered_is_checked_field_by_field() {
    let test = TestApp::new().await;
    let refused = async |body: Value| {
        let answer = test.admin().post("/api/admin/providers", body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        let field = answer.json()["error"]["details"]["fields"][0]["field"].clone();
        field
            .as_str()
            .unwrap_or_else(|| panic!("{}", answer.text))
            .to_owned()
    };
    let cases = [
        (json!({ "kind": "openai", "slug": "A b" }), "slug"),
        (json!({ "kind": "openai", "slug": "fallback" }), "slug"),
        (json!({ "kind": "openai", "title": "" }), "title"),
        (
            json!({ "kind": "openai", "base_url": "http://api.openai.com" }),
            "base_url",
        ),
        (
            json!({ "kind": "openai", "base_url": "https://127.0.0.1" }),
            "base_url",
        ),
        (
            json!({ "kind": "openai", "base_url": "https://169.254.169.254", "local_network": true }),
            "base_url",
        ),
        (json!({ "kind": "openai_compatible" }), "base_url"),
        (json!({ "kind": "bedrock" }), "settings.region"),
        (
            json!({ "kind": "bedrock", "settings": { "region": "evil.example/" } }),
            "settings.region",
        ),
        (
            json!({ "kind": "amazon_q", "settings": { "region": "us-east-1" } }),
            "settings.application_id",
        ),
        (
            json!({ "kind": "openai", "settings": { "retries_max": 99 } }),
            "settings.retries_max",
        ),
        (
            json!({ "kind": "openai", "settings": { "ca_pem": "no certificate" } }),
            "ca_pem",
        ),
        (
            json!({ "kind": "openai", "credentials": { "kind": "api_key", "api_key": "a b" } }),
            "credentials",
        ),
        (
            json!({ "kind": "openai", "credentials": { "kind": "aws", "access_key_id": "A", "secret_access_key": "b" } }),
            "credentials",
        ),
        (
            json!({ "kind": "openai", "models": [{ "name": "" }] }),
            "models",
        ),
        (
            json!({ "kind": "openai", "models": [{ "name": "a" }, { "name": "a" }] }),
            "models",
        ),
        (
            json!({ "kind": "openai", "models": [{ "name": "a", "price": { "input": -1 } }] }),
            "models",
        ),
    ];
    for (body, field) in cases {
        assert_eq!(refused(body.clone()).await, field, "{body}");
    }
    let first = json!({ "kind": "openai" });
    assert_eq!(
        test.admin()
            .post("/api/admin/providers", first.clone())
            .await
            .status,
        201
    );
    assert_eq!(
        test.admin()
            .post("/api/admin/providers", first)
            .await
            .code(),
        "provider_exists"
    );
}

#[tokio::test]
async fn keys_are_sealed_never_shown_and_never_follow_to_another_address() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("ok"))]).await;
    let provider = enter(&test, &stub, "openai", json!({})).await;
    let path = format!("/api/admin/providers/{}", provider["id"].as_str().unwrap());
    for shown in ["/api/admin/providers", path.as_str(), "/api/admin/egress"] {
        assert!(!test.admin().get(shown).await.text.contains(KEY));
    }
    for mistaken in [
        json!(KEY),
        json!({ "kind": KEY }),
        json!({ "kind": "api_key", "key": KEY }),
        json!({ "kind": "api_key", "api_key": [KEY] }),
    ] {
        let body = json!({ "kind": "openai", "slug": "typo", "credentials": mistaken });
        let refused = test.admin().post("/api/admin/providers", body).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(!refused.text.contains(KEY), "{}", refused.text);
    }
    let moved = json!({ "base_url": "http://127.0.0.1:9" });
    let refused = test
        .admin()
        .send("PATCH", &path, Some(moved.clone()), &[])
        .await;
    assert_eq!(refused.code(), "credentials_needed");
    let with_key = json!({ "base_url": stub.url(), "title": "Renamed", "credentials": { "kind": "api_key", "api_key": "sk-other" } });
    let changed = test.admin().send("PATCH", &path, Some(with_key), &[]).await;
    assert_eq!(changed.json()["title"], "Renamed", "{}", changed.text);

    let (_, error) = super::ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(stub.asked()[0].headers["authorization"], "Bearer sk-other");

    // Nothing on disk holds either key, in the database, its log or anywhere else.
    let keys = [KEY.as_bytes(), b"sk-other"];
    let mut folders = vec![test.app.data_dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let leaks = keys
                    .iter()
                    .any(|key| bytes.windows(key.len()).any(|window| window == *key));
                assert!(!leaks, "{} holds a key", path.display());
            }
        }
    }
    // Rotating the node's key keeps them usable.
    let operator = guildhall::identity::operator_context(
        &test.app,
        caller(&test).await.organisation,
        caller(&test).await.person,
        guildhall_kernel::RequestId::new(),
    );
    assert_eq!(test.app.secrets.rotate(&operator).await.unwrap(), 1);
    let again = json!({ "settings": { "retries_max": 1 } });
    test.admin().send("PATCH", &path, Some(again), &[]).await;
    let (_, error) = super::ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
}

#[tokio::test]
async fn a_provider_is_chosen_for_an_employee_and_stays_while_it_is() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("Certainly."))]).await;
    let provider = enter(&test, &stub, "openai", json!({})).await;
    let choices = test.admin().get("/api/models").await.json();
    let offered = choices["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|choice| choice["model"] == "openai/m-1");
    assert_eq!(offered.unwrap()["available"], true);

    let hired = test
        .admin()
        .post(
            "/api/marketplace/agents/invoice-clerk/hire",
            json!({ "model": "openai/m-1" }),
        )
        .await;
    assert_eq!(hired.status, 201, "{}", hired.text);
    let ve = hired.json()["id"].as_str().unwrap().to_owned();
    let said = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    assert_eq!(
        (&said["model"], &said["message"]["text"]),
        (&json!("openai/m-1"), &json!("Certainly.")),
        "{said}"
    );
    assert_eq!(
        said["usage"],
        json!({ "input_tokens": 9, "cached_tokens": 0, "output_tokens": 3 })
    );

    let path = format!("/api/admin/providers/{}", provider["id"].as_str().unwrap());
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.code(),
        "provider_in_use"
    );
    let off = json!({ "enabled": false });
    test.admin().send("PATCH", &path, Some(off), &[]).await;
    let quoted = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    assert_eq!(quoted["mode"], "extractive", "{quoted}");
    test.admin()
        .send("DELETE", &format!("/api/ves/{ve}"), None, &[])
        .await;
    assert_eq!(
        test.admin().send("DELETE", &path, None, &[]).await.status,
        204
    );
    assert_eq!(test.admin().get(&path).await.status, 404);
}

#[tokio::test]
async fn models_and_prices_are_replaced_together() {
    let test = TestApp::new().await;
    let stub = Stub::start(vec![]).await;
    let provider = enter(&test, &stub, "openai", json!({})).await;
    let path = format!(
        "/api/admin/providers/{}/models",
        provider["id"].as_str().unwrap()
    );
    let models = json!({ "models": [
        { "name": "gpt-x", "title": "X", "context_length": 400_000, "price": { "input": 1, "output": 2 } },
        { "name": "embed", "kind": "embedding" },
    ] });
    let set = test.admin().send("PUT", &path, Some(models), &[]).await;
    let set = set.json();
    assert_eq!(set["models"][1]["model"], "openai/gpt-x", "{set}");
    assert_eq!(
        set["models"][1]["price"],
        json!({ "input": 1, "cached": 0, "output": 2 })
    );
    assert_eq!(set["models"][0]["title"], "embed");
}
