//! Revoking: everything or nothing, and versions that only rise.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::{
    node,
    server::{Server, code, get, id, post},
};

async fn version(server: &Server) -> u64 {
    let crl = server.nobody().get("/v1/crl").await.unwrap();
    node::crl(&crl.body, &server.ring).value.version
}

#[tokio::test]
async fn a_list_that_gets_too_large_takes_nothing_and_loses_nothing() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut refused = None;
    for number in 0..200 {
        let entry = json!({
            "kind": "lease_id", "subject": format!("lse_{number}"), "reason": "r".repeat(120),
            "effect": "warn", "message": "m".repeat(500),
        });
        let answer = server
            .admin
            .json(Method::POST, "/api/crl", &entry)
            .await
            .unwrap();
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a list has an end");
    assert_eq!(
        (refused.status.as_u16(), code(&refused).as_str()),
        (409, "crl_full")
    );
    let before = version(&server).await;
    let revoke = json!({ "reason": "r".repeat(120), "effect": "warn", "message": "m".repeat(500) });
    let path = format!("/api/licences/{licence}/revoke");
    let answer = server
        .admin
        .json(Method::POST, &path, &revoke)
        .await
        .unwrap();
    assert_eq!(code(&answer), "crl_full");
    let shown = get(&server.admin, &format!("/api/licences/{licence}")).await;
    assert_eq!(
        shown["licence"]["state"], "active",
        "not revoked without its list"
    );
    assert_eq!(version(&server).await, before);
}

#[tokio::test]
async fn a_withdrawn_revocation_brings_a_licence_back() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let first = version(&server).await;
    let revoke = json!({ "reason": "a mistake", "effect": "restrict_new", "message": "" });
    let path = format!("/api/licences/{licence}/revoke");
    post(&server.admin, &path, &revoke, 200).await;
    let twice = server
        .admin
        .json(Method::POST, &path, &revoke)
        .await
        .unwrap();
    assert_eq!(code(&twice), "already_revoked");
    let second = version(&server).await;
    let list = get(&server.admin, "/api/crl").await;
    let entry = list["entries"][0]["id"].as_i64().unwrap();
    let answer = server
        .admin
        .send(Method::DELETE, &format!("/api/crl/{entry}"), Body::empty())
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(first < second && second < version(&server).await);
    let shown = get(&server.admin, &format!("/api/licences/{licence}")).await;
    assert_eq!(shown["licence"]["state"], "active");
}

#[tokio::test]
async fn a_list_is_published_anew_before_it_is_old() {
    let server = Server::new().await;
    let first = version(&server).await;
    guildhall_license_server::crl::refresh(&server.app)
        .await
        .unwrap();
    assert_eq!(version(&server).await, first, "a young one stays");
    server.clock.advance_seconds(8 * 86_400);
    guildhall_license_server::crl::refresh(&server.app)
        .await
        .unwrap();
    assert!(version(&server).await > first);
}

#[tokio::test]
async fn a_trial_is_had_once_and_an_ended_contract_issues_nothing() {
    let server = Server::new().await;
    let plan = server
        .plan(|plan| {
            plan["terms"]["kind"] = json!("trial");
            plan["terms"]["trial"] = json!({ "days": 30, "per_customer_max": 1 });
        })
        .await;
    let (customer, contract) = server.contract(&plan, "Example GmbH").await;
    let again =
        json!({ "customer_id": customer, "plan_id": plan, "reference": "C-2", "quantity": 1 });
    let refused = server
        .admin
        .json(Method::POST, "/api/contracts", &again)
        .await
        .unwrap();
    assert_eq!(code(&refused), "trial_used");
    post(
        &server.admin,
        &format!("/api/contracts/{contract}/end"),
        &json!({}),
        204,
    )
    .await;
    let input = json!({ "contract_id": contract });
    let refused = server
        .admin
        .json(Method::POST, "/api/licences", &input)
        .await
        .unwrap();
    assert_eq!(code(&refused), "contract_ended");
}

#[tokio::test]
async fn a_plan_for_one_key_asks_for_the_key_and_a_request_of_another_is_refused() {
    let server = Server::new().await;
    let plan = server
        .plan(|plan| plan["terms"]["binding"]["mode"] = json!("install_key"))
        .await;
    let (_, contract) = server.contract(&plan, "Example GmbH").await;
    let input = json!({ "contract_id": contract });
    let refused = server
        .admin
        .json(Method::POST, "/api/licences", &input)
        .await
        .unwrap();
    assert_eq!(code(&refused), "install_key_needed");
    let mut bound = node::Node::new(8);
    let input = json!({ "contract_id": contract, "install_key_fp": bound.fingerprint() });
    let licence = id(&post(&server.admin, "/api/licences", &input, 201).await);
    let other = node::Node::new(9).request(&licence);
    let refused = crate::server::upload(&server.nobody(), "/v1/activate", &other).await;
    assert_eq!(code(&refused), "bound_to_other_install");
    let own =
        crate::server::upload(&server.nobody(), "/v1/activate", &bound.request(&licence)).await;
    assert_eq!(own.status, 200);
}
