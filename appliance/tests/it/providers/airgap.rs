//! The switch: with it closed nothing leaves, whatever is configured and asked for.

use guildhall::{
    app::{App, AppOptions},
    config::{Config, EgressPolicy},
    egress::EgressMode,
};
use serde_json::{Value, json};

use super::{
    ask, caller, enter, open, openai_answer, question,
    stub::{Reply, Stub, Then},
    text_of,
};
use crate::harness::TestApp;

const KINDS: [&str; 8] = [
    "openai",
    "anthropic",
    "gemini",
    "azure_openai",
    "bedrock",
    "amazon_q",
    "ollama",
    "openai_compatible",
];

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one walk along every path")]
async fn no_code_path_reaches_a_provider_while_the_node_is_air_gapped() {
    let test = TestApp::new().await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("leaked"))]).await;
    let settings =
        json!({ "region": "eu-west-1", "application_id": "0a1b2c3d-0000-1111-2222-333344445555" });
    let mut providers = Vec::new();
    for kind in KINDS {
        let models = json!([{ "name": "m-1" }, { "name": "e-1", "kind": "embedding" }]);
        let credentials = json!({ "kind": "none" });
        let more = json!({ "settings": settings, "models": models, "credentials": credentials });
        providers.push(enter(&test, &stub, kind, more).await);
    }
    let me = caller(&test).await;
    for provider in &providers {
        let slug = provider["slug"].as_str().unwrap();
        let (_, error) = ask(&test, me.clone(), &format!("{slug}/m-1"), question("Hi")).await;
        let error = error.unwrap();
        assert_eq!(error.code(), "egress_denied", "{slug}");
        assert!(
            error.message().contains("air-gapped")
                && error.message().contains("platform administrator"),
            "{error}"
        );
        let embedded = test
            .app
            .inference
            .providers()
            .embed_with(&me, &format!("{slug}/e-1"), &["a".into()])
            .await;
        let code = embedded.unwrap_err().code();
        let no_vectors = ["anthropic", "gemini", "amazon-q"].contains(&slug);
        assert_eq!(
            code,
            if no_vectors {
                "provider_unsupported"
            } else {
                "egress_denied"
            }
        );
        let path = format!(
            "/api/admin/providers/{}/test",
            provider["id"].as_str().unwrap()
        );
        let report = test.admin().post(&path, json!({})).await.json();
        assert_eq!(
            (&report["passed"], &report["steps"][0]["outcome"]),
            (&json!(false), &json!("failed"))
        );
    }
    let steps = json!({ "steps": ["openai/m-1", "ollama/m-1"] });
    test.admin()
        .send("PUT", "/api/admin/fallbacks/all", Some(steps), &[])
        .await;
    let (_, error) = ask(&test, me, "fallback/all", question("Hi")).await;
    assert_eq!(error.unwrap().code(), "fallback_exhausted");
    let choices = test.admin().get("/api/models").await.json();
    let outside = |choice: &&Value| choice["model"].as_str().unwrap().ends_with("/m-1");
    assert!(
        choices["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(outside)
            .all(|choice| choice["available"] == false)
    );
    assert_eq!(stub.connections(), 0, "nothing was connected to");

    let view = recorded(&test, 8 + 5 + 8 + 2).await;
    assert_eq!(view["mode"], "air_gapped");
    let outcomes = view["recent"].as_array().unwrap();
    assert!(
        outcomes
            .iter()
            .all(|call| call["outcome"] == "denied" && call["bytes_in"] == 0)
    );
}

/// The switch as shown, once that many calls are written down.
async fn recorded(test: &TestApp, calls: usize) -> Value {
    let view = async {
        loop {
            let view = test.admin().get("/api/admin/egress").await.json();
            if view["recent"].as_array().unwrap().len() >= calls {
                return view;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), view)
        .await
        .unwrap()
}

#[tokio::test]
async fn opening_needs_confirmation_and_closing_ends_what_is_under_way() {
    let test = TestApp::new().await;
    let put = async |body: Value| {
        test.admin()
            .send("PUT", "/api/admin/egress", Some(body), &[])
            .await
    };
    assert_eq!(
        put(json!({ "mode": "allowed" })).await.code(),
        "confirmation_needed"
    );
    assert_eq!(
        put(json!({ "mode": "allowed", "confirm": "yes" }))
            .await
            .code(),
        "confirmation_needed"
    );
    assert_eq!(test.app.egress.mode(), EgressMode::AirGapped);
    open(&test, "local_network").await;

    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let stub = Stub::start(vec![Reply::events(text).then(Then::Hang)]).await;
    enter(
        &test,
        &stub,
        "openai",
        json!({ "settings": { "idle_timeout_ms": 600_000 } }),
    )
    .await;
    let mut generation = test
        .app
        .inference
        .generate(caller(&test).await, "openai/m-1", question("Hi"))
        .await
        .unwrap();
    generation.next().await.unwrap().unwrap();
    generation.next().await.unwrap().unwrap();
    assert_eq!(
        put(json!({ "mode": "air_gapped" })).await.json()["mode"],
        "air_gapped"
    );
    let error = generation.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "egress_denied");
    assert!(generation.next().await.is_none());
}

#[tokio::test]
async fn the_local_network_mode_lets_nothing_out_to_the_internet() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("near"))]).await;
    enter(&test, &stub, "openai", json!({ "slug": "near" })).await;
    // A documentation name that is never looked up.
    let far = json!({ "kind": "openai", "slug": "far", "base_url": "https://far.example.invalid", "models": [{ "name": "m-1" }] });
    test.admin().post("/api/admin/providers", far).await;
    let me = caller(&test).await;
    let (events, _) = ask(&test, me.clone(), "near/m-1", question("Hi")).await;
    assert_eq!(text_of(&events), "near");
    let (_, error) = ask(&test, me, "far/m-1", question("Hi")).await;
    let error = error.unwrap();
    assert_eq!(error.code(), "egress_denied");
    assert!(error.message().contains("local network only"), "{error}");
}

#[tokio::test]
async fn a_name_that_leads_into_the_house_is_not_connected_to() {
    let test = TestApp::new().await;
    open(&test, "allowed").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("inside"))]).await;
    // Declared as a provider on the internet, and its name leads to this machine.
    let base_url = format!("https://localhost:{}", stub.address.port());
    let body = json!({ "kind": "openai", "base_url": base_url, "models": [{ "name": "m-1" }] });
    let made = test.admin().post("/api/admin/providers", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (_, error) = ask(&test, caller(&test).await, "openai/m-1", question("Hi")).await;
    assert_eq!(error.unwrap().code(), "egress_address_refused");
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn calls_are_counted_without_their_content() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let stub = Stub::start(vec![Reply::events(&openai_answer("secret answer"))]).await;
    let provider = enter(&test, &stub, "openai", json!({})).await;
    let (_, error) = ask(
        &test,
        caller(&test).await,
        "openai/m-1",
        question("secret question"),
    )
    .await;
    assert!(error.is_none(), "{error:?}");
    let view = recorded(&test, 1).await;
    let call = &view["recent"][0];
    assert_eq!(
        (&call["outcome"], &call["status"], &call["provider_id"]),
        (&json!("complete"), &json!(200), &provider["id"])
    );
    assert!(call["bytes_out"].as_u64().unwrap() > 50 && call["bytes_in"].as_u64().unwrap() > 50);
    assert_eq!(
        (&view["totals"][0]["calls"], &view["totals"][0]["failed"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(view["destinations"][0]["port"], stub.address.port());
    assert!(!view.to_string().contains("secret"));
}

#[tokio::test]
async fn a_configuration_that_says_never_cannot_be_overridden() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config {
        insecure_http: true,
        egress: EgressPolicy::Never,
        ..Config::default()
    };
    let app = App::open(AppOptions::new(config, directory.path()))
        .await
        .unwrap();
    let organisation = guildhall_kernel::OrgId::new(app.clock.as_ref());
    let person = guildhall_kernel::PersonId::new(app.clock.as_ref());
    let ctx = guildhall::identity::operator_context(
        &app,
        organisation,
        person,
        guildhall_kernel::RequestId::new(),
    );
    let refused = app
        .egress
        .set_mode(&ctx, EgressMode::Allowed)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "egress_locked");
    let view = app
        .egress
        .view(guildhall::identity::display_name)
        .await
        .unwrap();
    assert_eq!((view.mode, view.locked), (EgressMode::AirGapped, true));
    app.close().await;
}

#[tokio::test]
async fn a_certificate_is_trusted_when_its_authority_is_and_never_otherwise() {
    let test = TestApp::new().await;
    open(&test, "local_network").await;
    let (stub, certificate) =
        Stub::start_tls(vec![Reply::events(&openai_answer("encrypted"))]).await;
    let port = stub.address.port();
    let settings = |ca: Option<&str>| json!({ "ca_pem": ca, "retries_max": 0 });
    let enter = async |slug: &str, host: &str, ca: Option<&str>| {
        let base_url = format!("https://{host}:{port}");
        let more = json!({ "slug": slug, "base_url": base_url, "settings": settings(ca) });
        enter(&test, &stub, "openai", more).await
    };
    let trusted = enter("trusted", "localhost", Some(&certificate)).await;
    enter("unknown", "localhost", None).await;
    enter("misnamed", "127.0.0.1", Some(&certificate)).await;
    let me = caller(&test).await;
    let (events, error) = ask(&test, me.clone(), "trusted/m-1", question("Hi")).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text_of(&events), "encrypted");
    for model in ["unknown/m-1", "misnamed/m-1"] {
        let (_, error) = ask(&test, me.clone(), model, question("Hi")).await;
        assert_eq!(error.unwrap().code(), "egress_tls_failed", "{model}");
    }
    assert_eq!(
        stub.asked().len(),
        1,
        "nothing was sent over a connection that is not trusted"
    );
    let path = format!(
        "/api/admin/providers/{}/test",
        trusted["id"].as_str().unwrap()
    );
    let report = test.admin().post(&path, json!({})).await.json();
    let encrypted = &report["steps"][3];
    assert_eq!(
        (&encrypted["step"], &encrypted["outcome"]),
        (&json!("encrypted"), &json!("passed"))
    );
    assert_eq!(
        (&encrypted["detail"], &report["passed"]),
        (&json!("TLSv1_3"), &json!(true)),
        "{report}"
    );
}

#[tokio::test]
async fn who_turned_the_switch_is_shown_and_open_pages_hear_of_it() {
    let mut test = TestApp::new().await;
    let (_, mut heard) = test.app.events.subscribe(None);
    let before = test.admin().get("/api/admin/egress").await.json();
    assert_eq!(before["changed_by"], Value::Null);
    open(&test, "local_network").await;
    assert_eq!(heard.try_recv().unwrap().event.name(), "egress.changed");
    let stub = Stub::start(Vec::new()).await;
    enter(&test, &stub, "openai", json!({})).await;
    assert_eq!(heard.try_recv().unwrap().event.name(), "providers.changed");
    test.restart().await;
    let after = test.admin().get("/api/admin/egress").await.json();
    assert_eq!(after["changed_by"]["name"], "Ada Admin");
}
