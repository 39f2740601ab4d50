//! The whole way of a licence.

use axum::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD};
use guildhall_license::{License, LicenseKind, sign, verify};
use serde_json::{Value, json};

use crate::{
    node::{self, Node},
    server::{Server, Signer, code, get, id, post, upload},
};

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn from_plan_to_revocation() {
    let server = Server::with(Signer::Queue).await;
    let plan = server.plan(|_| {}).await;
    let quote = post(
        &server.admin,
        &format!("/api/plans/{plan}/quote"),
        &json!({ "quantity": 25 }),
        200,
    )
    .await;
    assert_eq!(quote["amount_minor"], 235_125, "25 seats at 5 % off");
    let (_, contract) = server.contract(&plan, "Example GmbH").await;

    // Issued: it waits, and a licence that waits has no file.
    let licence = post(
        &server.admin,
        "/api/licences",
        &json!({ "contract_id": contract }),
        201,
    )
    .await;
    assert_eq!(licence["state"], "requested");
    let licence_id = id(&licence);
    let file = format!("/api/licences/{licence_id}/file");
    assert_eq!(
        code(&server.admin.get(&file).await.unwrap()),
        "not_signed_yet"
    );

    // Signed elsewhere, over exactly the bytes asked for.
    sign_waiting(&server).await;
    let bytes = server.admin.get(&file).await.unwrap().body;
    let signed = verify::<License>(&bytes, &server.ring).unwrap();
    assert_eq!(signed.value.license_id, licence_id);
    assert_eq!(
        (signed.value.serial, signed.value.kind),
        (1, LicenseKind::Subscription)
    );
    assert_eq!(signed.value.entitlements.seats_named(), Some(25));
    assert_eq!(signed.value.contract_ref.as_deref(), Some("C-Example GmbH"));
    assert!(!String::from_utf8_lossy(&bytes).contains("9900"));

    // Activated.
    let mut node = Node::new(7);
    let answer = upload(&server.nobody(), "/v1/activate", &node.request(&licence_id)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let lease = node::lease(&answer.body, &server.ring);
    assert_eq!(lease.value.license_sha256, signed.sha256);
    assert_eq!(lease.value.install_key_fp, node.fingerprint());
    let crl = server.nobody().get("/v1/crl").await.unwrap();
    let list = node::crl(&crl.body, &server.ring);
    let named = lease.value.crl.unwrap();
    assert_eq!(
        (named.version, named.sha256),
        (list.value.version, list.sha256)
    );

    // Validated; renewed; superseded for who holds the old serial.
    assert_eq!(
        validate(&server, &licence_id, 1, &node).await["standing"],
        "valid"
    );
    let renewed = post(
        &server.admin,
        &format!("/api/licences/{licence_id}/renew"),
        &json!({}),
        200,
    )
    .await;
    assert!(renewed["waiting_request"].is_string());
    sign_waiting(&server).await;
    assert_eq!(
        validate(&server, &licence_id, 1, &node).await["standing"],
        "superseded"
    );
    let second = server.admin.get(&file).await.unwrap().body;
    let second = verify::<License>(&second, &server.ring).unwrap().value;
    assert_eq!(second.serial, 2);
    let days = second.term_end.unwrap().as_millis() - signed.value.term_end.unwrap().as_millis();
    assert_eq!(days, 365 * 86_400_000, "a renewal joins the running term");
    let old = server
        .admin
        .get(&format!("{file}?serial=1"))
        .await
        .unwrap()
        .body;
    assert_eq!(old, bytes, "the old serial stays as it was");

    // Leased again within the new serial.
    let again = upload(&server.nobody(), "/v1/lease", &node.request(&licence_id)).await;
    let again = node::lease(&again.body, &server.ring).value;
    assert_eq!(again.license_serial, 2);
    assert!(again.counter > lease.value.counter);

    // Revoked: list, validation and lease agree at once.
    let revoke = json!({ "reason": "contract cancelled", "effect": "restrict_new", "message": "Ask sales." });
    post(
        &server.admin,
        &format!("/api/licences/{licence_id}/revoke"),
        &revoke,
        200,
    )
    .await;
    let list = server.nobody().get("/v1/crl").await.unwrap();
    let list = node::crl(&list.body, &server.ring).value;
    assert!(list.version > named.version);
    assert_eq!(list.revoked.len(), 1);
    assert_eq!(
        validate(&server, &licence_id, 2, &node).await["standing"],
        "revoked"
    );
    let refused = upload(&server.nobody(), "/v1/lease", &node.request(&licence_id)).await;
    assert_eq!(
        (refused.status.as_u16(), code(&refused).as_str()),
        (403, "licence_revoked")
    );

    let detail = get(&server.admin, &format!("/api/licences/{licence_id}")).await;
    let kinds: Vec<&str> = detail["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "licence.revoked",
            "lease.issued",
            "licence.renewed",
            "licence.requested",
            "lease.issued",
            "install.activated",
            "licence.issued",
            "licence.requested"
        ]
    );
}

async fn validate(server: &Server, licence: &str, serial: u32, node: &Node) -> Value {
    let asked = json!({
        "license_id": licence, "serial": serial, "install_key_fp": node.fingerprint(), "more": true,
    });
    post(&server.nobody(), "/v1/validate", &asked, 200).await
}

/// Fetches what waits, signs it with the key this server does not hold, hands it in.
async fn sign_waiting(server: &Server) {
    let waiting = get(&server.admin, "/api/signing-requests").await;
    let request = &waiting["items"][0];
    let payload = request["payload"].as_str().unwrap().as_bytes().to_vec();
    let envelope = sign::sign_payload("license", payload, &[&server.license_key]).unwrap();
    let path = format!("/api/signing-requests/{}/answer", id(request));
    let input = json!({ "envelope": guildhall_license::armour(&envelope) });
    post(&server.admin, &path, &input, 204).await;
    let twice = server
        .admin
        .json(Method::POST, &path, &input)
        .await
        .unwrap();
    assert_eq!(code(&twice), "request_settled");
}

#[tokio::test]
async fn what_was_signed_must_be_what_was_asked_for() {
    let server = Server::with(Signer::Queue).await;
    let plan = server.plan(|_| {}).await;
    let (_, contract) = server.contract(&plan, "Example GmbH").await;
    post(
        &server.admin,
        "/api/licences",
        &json!({ "contract_id": contract }),
        201,
    )
    .await;
    let waiting = get(&server.admin, "/api/signing-requests").await;
    let request = &waiting["items"][0];
    let path = format!("/api/signing-requests/{}/answer", id(request));
    let mut payload: Value = serde_json::from_str(request["payload"].as_str().unwrap()).unwrap();
    payload["entitlements"]["seats.named"] = json!(9999);
    let changed = serde_json::to_vec(&payload).unwrap();
    let envelope = sign::sign_payload("license", changed, &[&server.license_key]).unwrap();
    let input = json!({ "envelope": String::from_utf8(envelope.to_bytes()).unwrap() });
    let refused = server
        .admin
        .json(Method::POST, &path, &input)
        .await
        .unwrap();
    assert_eq!(
        (refused.status.as_u16(), code(&refused).as_str()),
        (409, "payload_differs")
    );

    // A key of another role signs nothing.
    let payload = request["payload"].as_str().unwrap().as_bytes().to_vec();
    let lease_key = server.app.keys.lease();
    let envelope = sign::sign_payload("license", payload, &[&*lease_key]).unwrap();
    let input = json!({ "envelope": String::from_utf8(envelope.to_bytes()).unwrap() });
    let refused = server
        .admin
        .json(Method::POST, &path, &input)
        .await
        .unwrap();
    assert_eq!(code(&refused), "artefact_wrong_key");
}

#[tokio::test]
async fn an_attached_signer_signs_at_once_and_its_failure_loses_nothing() {
    let server = Server::with(Signer::Queue).await;
    let payload = br#"{"a":1}"#;
    let envelope = sign::sign_payload("license", payload.to_vec(), &[&server.license_key]).unwrap();
    let answer = server.directory.path().join("answer.json");
    std::fs::write(&answer, envelope.to_bytes()).unwrap();
    let signing = guildhall_license_server::signing::Signing::new(
        Some(format!("cat {}", answer.display())),
        None,
    );
    let kind = guildhall_license_server::artefact::LICENCE_TYPE;
    let signed = signing.sign(kind, payload).await.unwrap();
    assert_eq!(signed, envelope.to_bytes());

    let echo = guildhall_license_server::signing::Signing::new(Some("cat".to_owned()), None);
    let question: Value = serde_json::from_slice(&echo.sign(kind, payload).await.unwrap()).unwrap();
    assert_eq!(question["payload"], STANDARD.encode(payload));
    let broken = guildhall_license_server::signing::Signing::new(Some("false".to_owned()), None);
    assert_eq!(
        broken.sign(kind, payload).await.unwrap_err().code(),
        "signer_failed"
    );
}
