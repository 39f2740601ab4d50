//! A node with a network, and a licence server on a port of this machine that answers with the vendor's files.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use guildhall_license::{License, UsageReport, activation_request, verify_by_install_key};
use serde_json::json;

use super::vendor;
use crate::harness::TestApp;

#[derive(Clone)]
struct Server {
    license: License,
    public_key: Vec<u8>,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn lease(server: Server, path: &str, body: Bytes) -> Result<Vec<u8>, StatusCode> {
    let request = activation_request(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let mut asked = server.asked.lock().unwrap();
    asked.push(format!("{path} {}", request.value.license_id));
    let counter = u64::try_from(asked.len()).unwrap();
    Ok(vendor::file(&vendor::lease(
        &server.license,
        &request,
        (counter, 30),
    )))
}

/// Starts the server; gives its address and what it was asked.
async fn serve(test: &TestApp, license: &License) -> (String, Arc<Mutex<Vec<String>>>) {
    let server = Server {
        license: license.clone(),
        public_key: test.app.keys.install().verifying_key().to_bytes().to_vec(),
        asked: Arc::default(),
    };
    let asked = Arc::clone(&server.asked);
    let router = Router::new()
        .route(
            "/v1/crl",
            get(|State(server): State<Server>| async move {
                server.asked.lock().unwrap().push("crl".to_owned());
                vendor::file(&vendor::crl(3, None))
            }),
        )
        .route(
            "/v1/activate",
            post(|State(server): State<Server>, body: Bytes| lease(server, "activate", body)),
        )
        .route(
            "/v1/lease",
            post(|State(server): State<Server>, body: Bytes| lease(server, "lease", body)),
        )
        .route(
            "/v1/validate",
            post(|| async { r#"{"standing":"superseded","serial":2}"# }),
        )
        .route(
            "/v1/reports",
            post(|State(server): State<Server>, body: Bytes| async move {
                let Ok(report) = verify_by_install_key::<UsageReport>(&body, &server.public_key)
                else {
                    return StatusCode::BAD_REQUEST;
                };
                server
                    .asked
                    .lock()
                    .unwrap()
                    .push(format!("report {}", report.value.seq));
                StatusCode::OK
            }),
        )
        .with_state(server);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, asked)
}

#[tokio::test]
async fn a_connected_node_renews_by_itself_and_an_air_gapped_one_is_silent() {
    let test = TestApp::new().await;
    let mut license = vendor::license();
    license.lease.required = true;
    test.import(&vendor::text(&license)).await;
    let (address, asked) = serve(&test, &license).await;
    let admin = test.admin();
    let contact = async || admin.post("/api/license/server/contact", json!(null)).await;
    assert_eq!(contact().await.code(), "no_license_server");

    let set = json!({ "base_url": address, "local_network": true, "enabled": true });
    let set = admin
        .send("PUT", "/api/license/server", Some(set), &[])
        .await;
    assert_eq!(set.status, 200, "{}", set.text);
    let silent = contact().await.json();
    assert!(
        silent["server"]["failure"]
            .as_str()
            .unwrap()
            .contains("air-gapped"),
        "{silent}"
    );
    assert!(asked.lock().unwrap().is_empty(), "nothing left the node");

    let open = json!({ "mode": "local_network", "confirm": "local_network" });
    assert_eq!(
        admin
            .send("PUT", "/api/admin/egress", Some(open), &[])
            .await
            .status,
        200
    );
    test.pass_days(1).await;
    test.pass_days(1).await;
    let answered = contact().await.json();
    assert_eq!(answered["server"]["failure"], json!(null), "{answered}");
    let status = test.license().await;
    assert_eq!(status["crl"]["version"], 3);
    assert!(status["license"]["lease"]["valid_until"].is_string());
    assert_eq!(status["notices"][0]["code"], "newer_license", "{status}");
    assert_eq!(
        *asked.lock().unwrap(),
        ["crl", "activate lic_1", "report 1"]
    );
    assert_eq!(contact().await.json()["server"]["failure"], json!(null));
    assert_eq!(asked.lock().unwrap()[3..], ["crl", "lease lic_1"]);

    let calls = admin.get("/api/admin/egress").await.json();
    assert!(
        calls["destinations"].to_string().contains("license-server"),
        "{calls}"
    );
}

#[tokio::test]
async fn addresses_that_cannot_be_used_are_refused() {
    let test = TestApp::new().await;
    for (address, local) in [
        ("http://licences.example.com", false),
        ("ftp://x", false),
        ("https://127.0.0.1", false),
        ("", true),
    ] {
        let set = json!({ "base_url": address, "local_network": local, "enabled": true });
        let refused = test
            .admin()
            .send("PUT", "/api/license/server", Some(set), &[])
            .await;
        assert_eq!(
            refused.code(),
            "invalid_base_url",
            "{address}: {}",
            refused.text
        );
    }
    assert_eq!(
        test.admin().get("/api/license/server").await.json(),
        json!({ "server": null })
    );
}
