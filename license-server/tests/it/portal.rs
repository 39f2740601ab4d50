//! The customer's side: one's own, and nothing of others.

use axum::{body::Body, http::Method};
use guildhall_web::testing::TestClient;
use serde_json::{Value, json};

use crate::{
    node::{self, Node},
    server::{Server, code, get, id, post, session, upload},
};

/// A customer's person in the portal, and the customer's licence.
async fn customer(server: &Server, plan: &str, name: &str) -> (TestClient, String, String) {
    let (customer, contract) = server.contract(plan, name).await;
    let licence = post(
        &server.admin,
        "/api/licences",
        &json!({ "contract_id": contract }),
        201,
    )
    .await;
    let path = format!("/api/customers/{customer}/accesses");
    let access = post(&server.admin, &path, &json!({ "name": "Kim" }), 201).await;
    let input = json!({ "code": access["code"] });
    let client = session(&server.router, "/api/session/portal", &input).await;
    (client, id(&licence), id(&access))
}

#[tokio::test]
async fn a_customer_downloads_activates_and_reports_by_file() {
    let server = Server::new().await;
    let plan = server.plan(|_| {}).await;
    let (client, licence, _) = customer(&server, &plan, "Example GmbH").await;
    let view = get(&client, "/api/session").await;
    assert_eq!(
        (&view["kind"], &view["customer_name"]),
        (&json!("portal"), &json!("Example GmbH"))
    );
    let list = get(&client, "/api/portal/licences").await;
    assert_eq!(id(&list["items"][0]), licence);

    let own = client
        .get(&format!("/api/portal/licences/{licence}/file"))
        .await
        .unwrap();
    let staffs = server
        .admin
        .get(&format!("/api/licences/{licence}/file"))
        .await
        .unwrap();
    assert_eq!(own.body, staffs.body, "the same bytes everywhere");
    assert!(
        own.header("content-disposition")
            .unwrap()
            .contains(&licence)
    );

    let mut node = Node::new(3);
    let answer = upload(
        &client,
        "/api/portal/activation-requests",
        &node.request(&licence),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    node::lease(&answer.body, &server.ring);
    let places = get(&client, &format!("/api/portal/licences/{licence}/installs")).await;
    let install = id(&places["installs"][0]);
    let again = client
        .get(&format!("/api/portal/installs/{install}/lease"))
        .await
        .unwrap();
    assert_eq!(again.body, answer.body);
    let crl = client.get("/api/portal/crl").await.unwrap();
    assert_eq!(crl.body, server.nobody().get("/v1/crl").await.unwrap().body);

    let (report, _) = node.report(Some(&licence), 1, None);
    assert_eq!(
        upload(&client, "/api/portal/reports", &report).await.status,
        200
    );
    let reports = get(&client, "/api/portal/reports").await;
    assert_eq!(reports["items"].as_array().unwrap().len(), 1);
    let released = format!("/api/portal/installs/{install}/release");
    post(&client, &released, &json!({}), 204).await;
}

#[tokio::test]
async fn another_customers_things_are_not_there() {
    let server = Server::new().await;
    let plan = server.plan(|_| {}).await;
    let (one, licence, _) = customer(&server, &plan, "One").await;
    let (other, others, _) = customer(&server, &plan, "Other").await;
    let mut node = Node::new(3);
    let request = node.request(&licence);
    assert_eq!(
        upload(&one, "/api/portal/activation-requests", &request)
            .await
            .status,
        200
    );
    let (report, _) = node.report(Some(&licence), 1, None);
    assert_eq!(
        upload(&one, "/api/portal/reports", &report).await.status,
        200
    );
    let places = get(&one, &format!("/api/portal/licences/{licence}/installs")).await;
    let install = id(&places["installs"][0]);

    for path in [
        format!("/api/portal/licences/{licence}"),
        format!("/api/portal/licences/{licence}/file"),
        format!("/api/portal/licences/{licence}/installs"),
        format!("/api/portal/installs/{install}/lease"),
    ] {
        assert_eq!(other.get(&path).await.unwrap().status, 404, "{path}");
    }
    let release = format!("/api/portal/installs/{install}/release");
    let answer = other
        .json(Method::POST, &release, &json!({}))
        .await
        .unwrap();
    assert_eq!(answer.status, 404);
    let request = node.request(&licence);
    let refused = upload(&other, "/api/portal/activation-requests", &request).await;
    assert_eq!(code(&refused), "licence_unknown");
    let (report, _) = node.report(Some(&licence), 2, None);
    assert_eq!(
        code(&upload(&other, "/api/portal/reports", &report).await),
        "install_unknown"
    );
    let list = get(&other, "/api/portal/licences").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(id(&list["items"][0]), others);
    let reports = get(&other, "/api/portal/reports").await;
    assert_eq!(reports["items"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_revoked_access_is_signed_out_at_once_and_codes_cannot_be_guessed_quickly() {
    let server = Server::new().await;
    let plan = server.plan(|_| {}).await;
    let (client, _, access) = customer(&server, &plan, "One").await;
    let path = format!("/api/accesses/{access}");
    let answer = server
        .admin
        .send(Method::DELETE, &path, Body::empty())
        .await
        .unwrap();
    assert_eq!(answer.status, 204);
    assert_eq!(
        client.get("/api/portal/licences").await.unwrap().status,
        401
    );

    let mut last = 0;
    for number in 0..25 {
        let input = json!({ "code": format!("gpa_{number}") });
        let answer = server
            .nobody()
            .json(Method::POST, "/api/session/portal", &input)
            .await;
        last = answer.unwrap().status.as_u16();
    }
    assert_eq!(last, 429);
}
