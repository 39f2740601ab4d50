//! Usage reports and their chain.

use serde_json::Value;

use crate::{
    node::Node,
    server::{Server, code, get, upload},
};

async fn activated(server: &Server) -> (String, Node) {
    let licence = server.licence(1).await;
    let mut node = Node::new(5);
    let answer = upload(&server.nobody(), "/v1/activate", &node.request(&licence)).await;
    assert_eq!(answer.status, 200);
    (licence, node)
}

async fn hand_in(server: &Server, report: &[u8]) -> Value {
    let answer = upload(&server.nobody(), "/v1/reports", report).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().unwrap()
}

#[tokio::test]
async fn a_chain_is_taken_in_once_and_a_branch_is_marked() {
    let server = Server::new().await;
    let (licence, node) = activated(&server).await;
    let (first, first_hash) = node.report(Some(&licence), 1, None);
    let receipt = hand_in(&server, &first).await;
    assert_eq!(
        (&receipt["forked"], &receipt["known"]),
        (&Value::Bool(false), &Value::Bool(false))
    );
    assert_eq!(receipt["sha256"], first_hash.as_str());
    assert_eq!(hand_in(&server, &first).await["known"], true);

    let (second, second_hash) = node.report(Some(&licence), 2, Some(&first_hash));
    assert_eq!(hand_in(&server, &second).await["forked"], false);
    // The same number again, from a copy of the node.
    let (copied, _) = node.report(Some(&licence), 2, Some(&first_hash));
    assert_eq!(hand_in(&server, &copied).await["forked"], true);
    // Another predecessor than the one that is here.
    let (third, _) = node.report(Some(&licence), 3, Some(&"ab".repeat(32)));
    assert_eq!(hand_in(&server, &third).await["forked"], true);
    assert_ne!(first_hash, second_hash);

    let all = get(&server.admin, "/api/reports").await;
    assert_eq!(
        all["items"].as_array().unwrap().len(),
        4,
        "both branches are kept"
    );
    let forked = get(&server.admin, "/api/reports?forked=true").await;
    assert_eq!(forked["items"].as_array().unwrap().len(), 2);
    let detail = get(&server.admin, &format!("/api/licences/{licence}")).await;
    assert!(detail["timeline"].to_string().contains("report.forked"));
}

#[tokio::test]
async fn a_report_of_a_stranger_is_refused() {
    let server = Server::new().await;
    let (licence, _) = activated(&server).await;
    let (report, _) = Node::new(6).report(Some(&licence), 1, None);
    let refused = upload(&server.nobody(), "/v1/reports", &report).await;
    assert_eq!(
        (refused.status.as_u16(), code(&refused).as_str()),
        (404, "install_unknown")
    );
}

#[tokio::test]
async fn a_report_of_the_nodes_own_trial_belongs_to_what_it_activated() {
    let server = Server::new().await;
    let (licence, node) = activated(&server).await;
    let (report, _) = node.report(None, 1, None);
    hand_in(&server, &report).await;
    let all = get(&server.admin, &format!("/api/reports?licence={licence}")).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}
