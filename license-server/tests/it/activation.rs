//! Places on a licence: who gets one, and who is told why not.

use axum::http::{HeaderName, HeaderValue};
use guildhall_kernel::{Clock, Timestamp};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    node::{self, Node},
    server::{Server, code, get, now, post, upload},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_nodes_for_one_place_one_wins() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut under_way = JoinSet::new();
    for number in 1..=50 {
        let (client, request) = (server.nobody(), Node::new(number).request(&licence));
        under_way.spawn(async move { upload(&client, "/v1/activate", &request).await });
    }
    let answers = under_way.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    node::lease(&won[0].body, &server.ring);
    assert!(
        lost.iter()
            .all(|answer| code(answer) == "installs_exhausted")
    );
    let places = get(&server.admin, &format!("/api/licences/{licence}/installs")).await;
    assert_eq!(places["installs"].as_array().unwrap().len(), 1);
    assert_eq!(places["leases"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn activating_again_is_no_error_and_takes_no_second_place() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(3);
    let mut counter = 0;
    for _ in 0..3 {
        let answer = upload(&server.nobody(), "/v1/activate", &node.request(&licence)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let lease = node::lease(&answer.body, &server.ring).value;
        assert!(lease.counter > counter);
        counter = lease.counter;
    }
    let shown = get(&server.admin, &format!("/api/licences/{licence}")).await;
    assert_eq!(shown["licence"]["active_installs"], 1);
}

#[tokio::test]
async fn a_nonce_counts_once() {
    let server = Server::new().await;
    let licence = server.licence(5).await;
    let request = Node::new(3).request(&licence);
    assert_eq!(
        upload(&server.nobody(), "/v1/activate", &request)
            .await
            .status,
        200
    );
    let again = upload(&server.nobody(), "/v1/activate", &request).await;
    assert_eq!(
        (again.status.as_u16(), code(&again).as_str()),
        (409, "nonce_replayed")
    );
    let by_staff = upload(&server.admin, "/api/activation-requests", &request).await;
    assert_eq!(
        code(&by_staff),
        "nonce_replayed",
        "whichever door it comes through"
    );
}

#[tokio::test]
async fn a_repeated_call_with_its_idempotency_key_gets_its_answer_again() {
    let server = Server::new().await;
    let licence = server.licence(5).await;
    let mut node = Node::new(3);
    let name = HeaderName::from_static("idempotency-key");
    let client = server
        .nobody()
        .with_header(name, HeaderValue::from_static("once"));
    let request = node.request(&licence);
    let first = upload(&client, "/v1/activate", &request).await;
    let second = upload(&client, "/v1/activate", &request).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_eq!(first.body, second.body);
    let other = upload(&client, "/v1/activate", &node.request(&licence)).await;
    assert_eq!(code(&other), "idempotency_key_reused");
    let another = upload(&client, "/v1/activate", &Node::new(4).request(&licence)).await;
    assert_eq!(another.status, 200, "another node's key is its own");
}

#[tokio::test]
async fn a_counter_that_went_back_is_marked_and_not_refused() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(3);
    node.counter = 9;
    upload(&server.nobody(), "/v1/activate", &node.request(&licence)).await;
    let copy = node.request_with(&licence, 4, "another nonce");
    assert_eq!(
        upload(&server.nobody(), "/v1/lease", &copy).await.status,
        200
    );
    let places = get(&server.admin, &format!("/api/licences/{licence}/installs")).await;
    assert!(places["installs"][0]["clone_suspected_at"].is_string());
    let detail = get(&server.admin, &format!("/api/licences/{licence}")).await;
    assert!(
        detail["timeline"]
            .to_string()
            .contains("install.clone_suspected")
    );
}

#[tokio::test]
async fn a_place_that_was_given_back_is_free_for_another() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let (mut first, mut second) = (Node::new(1), Node::new(2));
    upload(&server.nobody(), "/v1/activate", &first.request(&licence)).await;
    let places = get(&server.admin, &format!("/api/licences/{licence}/installs")).await;
    let install = places["installs"][0]["id"].as_str().unwrap().to_owned();
    post(
        &server.admin,
        &format!("/api/installs/{install}/release"),
        &json!({}),
        204,
    )
    .await;
    let refused = upload(&server.nobody(), "/v1/lease", &first.request(&licence)).await;
    assert_eq!(code(&refused), "not_activated");
    assert_eq!(
        upload(&server.nobody(), "/v1/activate", &second.request(&licence))
            .await
            .status,
        200
    );
    let back = upload(&server.nobody(), "/v1/activate", &first.request(&licence)).await;
    assert_eq!(code(&back), "installs_exhausted");
}

#[tokio::test]
async fn a_lease_ends_with_its_licence() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(3);
    let shown = get(&server.admin, &format!("/api/licences/{licence}")).await;
    let end: Timestamp = serde_json::from_value(shown["licence"]["term_end"].clone()).unwrap();
    server.clock.advance_seconds(360 * 86_400);
    let answer = upload(&server.nobody(), "/v1/activate", &node.request(&licence)).await;
    let lease = node::lease(&answer.body, &server.ring).value;
    assert_eq!(
        lease.valid_until,
        end.plus_seconds(14 * 86_400),
        "term and grace, no more"
    );
    server.clock.advance_seconds(20 * 86_400);
    let late = upload(&server.nobody(), "/v1/lease", &node.request(&licence)).await;
    assert_eq!(
        (late.status.as_u16(), code(&late).as_str()),
        (403, "licence_expired")
    );
    assert!(now(&server) > end);
    assert_eq!(server.clock.now(), now(&server));
}

#[tokio::test]
async fn what_is_not_a_request_is_refused_with_its_reason() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let client = server.nobody();
    let unknown = Node::new(1).request("lic_00000000000000000000000000");
    let refused = upload(&client, "/v1/activate", &unknown).await;
    assert_eq!(
        (refused.status.as_u16(), code(&refused).as_str()),
        (404, "licence_unknown")
    );
    let foreign = upload(&client, "/v1/activate", &Node::new(1).request("L-1")).await;
    assert_eq!(code(&foreign), "licence_unknown");
    for broken in [&b"{}"[..], b"", b"\xff\xfe", b"-----BEGIN GUILDHALL"] {
        let refused = upload(&client, "/v1/activate", broken).await;
        assert_eq!(
            (refused.status.as_u16(), code(&refused).as_str()),
            (400, "artefact_malformed")
        );
    }
    let large = upload(&client, "/v1/activate", &vec![b'x'; 65 * 1024]).await;
    assert_eq!(code(&large), "artefact_too_large");
    let (report, _) = Node::new(1).report(Some(&licence), 1, None);
    assert_eq!(
        code(&upload(&client, "/v1/activate", &report).await),
        "artefact_wrong_type"
    );
    let mut forged: serde_json::Value =
        serde_json::from_slice(&Node::new(1).request(&licence)).unwrap();
    let other: serde_json::Value = serde_json::from_slice(&Node::new(1).request(&licence)).unwrap();
    forged["signatures"][0]["sig"] = other["signatures"][0]["sig"].clone();
    let forged = serde_json::to_vec(&forged).unwrap();
    assert_eq!(
        code(&upload(&client, "/v1/activate", &forged).await),
        "artefact_bad_signature"
    );
}

#[tokio::test]
async fn a_node_that_asks_without_end_has_to_wait() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(3);
    let mut last = None;
    for _ in 0..21 {
        last = Some(upload(&server.nobody(), "/v1/activate", &node.request(&licence)).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some());
}
