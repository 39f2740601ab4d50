use guildhall_kernel::Role;
use serde_json::json;

use super::vendor;
use crate::harness::TestApp;

#[tokio::test]
async fn a_cap_stops_only_the_next_employee() {
    let test = TestApp::new().await;
    let first = test.hire().await;
    for _ in 0..3 {
        test.hire().await;
    }
    // Four work here when a licence for three comes: nobody is taken away.
    assert_eq!(
        test.import(&vendor::text(&vendor::license())).await.status,
        200
    );
    let status = test.license().await;
    assert_eq!(
        status["employees"],
        json!({ "used": 4, "max": 3, "ceiling": 3 })
    );
    let chat = json!({ "message": "Who are you?" });
    let said = test
        .admin()
        .post(&format!("/api/ves/{first}/chat"), chat)
        .await;
    assert_eq!(said.status, 200, "{}", said.text);

    let refused = test.try_hire().await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (403, "license_restricted")
    );
    let details = &refused.json()["error"]["details"];
    assert_eq!(details["feature"], "agents.max");
    assert_eq!(details["state"], "active");
    assert_eq!(details["since"], "2026-01-05T00:00:00.000Z");

    // Two leave, so one may come; who was dismissed comes back as long as there is room.
    let listed = test.admin().get("/api/ves").await.json();
    let id = |index: usize| listed["items"][index]["id"].as_str().unwrap().to_owned();
    for index in [0, 1] {
        let gone = test
            .admin()
            .send("DELETE", &format!("/api/ves/{}", id(index)), None, &[])
            .await;
        assert_eq!(gone.status, 204);
    }
    assert_eq!(test.try_hire().await.status, 201);
    let back = test
        .admin()
        .post(&format!("/api/ves/{}/rehire", id(0)), json!(null))
        .await;
    assert_eq!(back.code(), "license_restricted", "{}", back.text);
}

#[tokio::test]
async fn seats_are_people_and_only_a_new_one_is_refused() {
    let test = TestApp::new().await;
    let mut license = vendor::license();
    license.entitlements =
        vendor::entitlements(r#"{"feature.organisations": true, "seats.named": 3}"#);
    test.import(&vendor::text(&license)).await;
    assert_eq!(
        test.license().await["seats"],
        json!({ "used": 3, "max": 3, "ceiling": 3 })
    );

    let person = |email: &str| json!({ "email": email, "display_name": "New", "role": "normal" });
    let refused = test
        .admin()
        .post("/api/admin/people", person("new@first.example"))
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (403, "license_restricted")
    );
    assert_eq!(refused.json()["error"]["details"]["feature"], "seats.named");

    // Somebody with a seat may belong to another organisation too: a seat is a person.
    let made = test
        .admin()
        .post(
            "/api/admin/organisations",
            json!({ "name": "Second", "join": true }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(test.license().await["seats"]["used"], 3);

    // A disabled person frees the seat; coming back needs one.
    let people = test.admin().get("/api/admin/people").await.json();
    let sam = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["email"] == "sam@first.example")
        .unwrap();
    let sam = format!("/api/admin/people/{}", sam["id"].as_str().unwrap());
    let disabled = test
        .admin()
        .send("PATCH", &sam, Some(json!({ "disabled": true })), &[])
        .await;
    assert_eq!(disabled.status, 200);
    let added = test
        .admin()
        .post("/api/admin/people", person("new@first.example"))
        .await;
    assert_eq!(added.status, 201, "{}", added.text);
    let back = test
        .admin()
        .send("PATCH", &sam, Some(json!({ "disabled": false })), &[])
        .await;
    assert_eq!(back.code(), "license_restricted", "{}", back.text);
    assert_eq!(
        test.role(Role::Normal).get("/api/session").await.status,
        200
    );
}

#[tokio::test]
async fn a_licence_may_tolerate_more_than_its_number() {
    let test = TestApp::new().await;
    let mut license = vendor::license();
    license.entitlements = vendor::entitlements(r#"{"agents.max": 2}"#);
    license.overage.policy = guildhall_license::OveragePolicy::Pct;
    license.overage.pct = 50;
    test.import(&vendor::text(&license)).await;
    for _ in 0..3 {
        test.hire().await;
    }
    assert_eq!(test.try_hire().await.code(), "license_restricted");
    let usage = test.admin().get("/api/license/usage").await.json();
    assert_eq!(usage["preview"]["overage"], json!({ "agents.max": 1 }));
}

#[tokio::test]
async fn features_that_are_not_in_the_licence_cannot_be_set_up() {
    let test = TestApp::new().await;
    let provider = json!({ "kind": "openai", "models": [{ "name": "gpt-9" }] });
    let before = test
        .admin()
        .post("/api/admin/providers", provider.clone())
        .await;
    assert_eq!(before.status, 201, "{}", before.text);
    let mut license = vendor::license();
    license.entitlements = vendor::entitlements(r#"{"feature.organisations": false}"#);
    test.import(&vendor::text(&license)).await;
    let mut other = provider;
    other["slug"] = json!("other");
    let refused = test.admin().post("/api/admin/providers", other).await;
    assert_eq!(
        refused.json()["error"]["details"]["feature"],
        "feature.providers"
    );
    let refused = test
        .admin()
        .post(
            "/api/admin/organisations",
            json!({ "name": "Second", "join": true }),
        )
        .await;
    assert_eq!(refused.code(), "license_restricted");
    // What was set up before goes on.
    assert_eq!(
        test.admin().get("/api/admin/providers").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn no_request_checks_a_signature() {
    let test = TestApp::new().await;
    test.import(&vendor::text(&vendor::license())).await;
    test.hire().await;
    let before = test.app.licensing.verifications();
    assert!(before > 0, "an import checks signatures");
    for _ in 0..20 {
        assert_eq!(test.admin().get("/api/ves").await.status, 200);
        test.license().await;
        test.try_hire().await;
    }
    test.pass_days(3).await;
    test.try_hire().await;
    assert_eq!(test.app.licensing.verifications(), before);
}
