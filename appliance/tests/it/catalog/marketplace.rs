//! The marketplace over HTTP.

use guildhall_kernel::Role;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn the_marketplace_counts_who_is_hired_and_shows_the_handbook() {
    let test = TestApp::new().await;
    test.hire().await;
    let normal = test.role(Role::Normal);
    let list = normal
        .get("/api/marketplace/agents?q=invioce&category=finance&limit=1")
        .await
        .json();
    let clerk = &list["items"][0];
    assert_eq!(clerk["slug"], "invoice-clerk");
    assert_eq!(clerk["hired"], 1);
    assert_eq!(clerk["rating"], json!(null));
    assert_eq!(
        clerk["price"],
        json!({"model": "subscription", "amount_minor": 4900, "currency": "EUR", "unit": "month"})
    );

    let path = format!("/api/marketplace/agents/{}", clerk["id"].as_str().unwrap());
    let detail = normal.get(&path).await.json();
    assert_eq!(
        detail,
        normal
            .get("/api/marketplace/agents/invoice-clerk")
            .await
            .json()
    );
    assert_eq!(
        (&detail["hired"], &detail["slug"]),
        (&json!(1), &json!("invoice-clerk"))
    );
    assert!(
        detail["instructions"]
            .as_str()
            .unwrap()
            .contains("{persona}")
    );
    assert!(
        detail["manifest_yaml"]
            .as_str()
            .unwrap()
            .starts_with("manifest: guildhall/v1")
    );
    let title = &detail["handbook"][0]["passages"][0];
    let passage = normal
        .get(&format!(
            "{path}/handbook/{}",
            title["id"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(passage["title"], title["title"]);
    assert_eq!(passage["section"], detail["handbook"][0]["title"]);
    assert!(passage["text"].as_str().unwrap().ends_with('.'));
    // Another organisation has hired nobody.
    assert_eq!(test.stranger().await.get(&path).await.json()["hired"], 0);
}

#[tokio::test]
async fn marketplace_requests_that_cannot_be_are_refused_with_the_way_out() {
    let test = TestApp::new().await;
    let admin = test.admin();
    let refusals = [
        ("?color=red", 400, "unknown_field"),
        ("?category=finanze", 400, "invalid_field"),
        ("?limit=many", 400, "invalid_field"),
        ("?cursor=%C2%A7", 400, "invalid_cursor"),
        ("/no-such-agent", 404, "not_found"),
        ("/invoice-clerk/handbook/no-such-passage", 404, "not_found"),
        ("/no-such-agent/handbook/duplicate-checks", 404, "not_found"),
    ];
    for (rest, status, code) in refusals {
        let answer = admin.get(&format!("/api/marketplace/agents{rest}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, code),
            "{rest}: {}",
            answer.text
        );
    }
    assert_eq!(
        test.nobody()
            .get("/api/marketplace/agents")
            .await
            .status
            .as_u16(),
        401
    );
}
