use std::fs;

use guildhall_license::{
    Effect, Envelope, Keyring, KeyringKey, Lease, Role as KeyRole, activation_request, compiled_in,
    sign,
};
use serde_json::{Value, json};

use super::vendor;
use crate::harness::{Answer, TestApp};

async fn request(
    test: &TestApp,
) -> guildhall_license::Verified<guildhall_license::ActivationRequest> {
    let made = test.admin().post("/api/license/request", json!({})).await;
    assert_eq!(made.status, 200, "{}", made.text);
    activation_request(made.json()["text"].as_str().unwrap().as_bytes()).unwrap()
}

fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.code(), code, "{}", answer.text);
    assert!(
        [400, 409].contains(&answer.status.as_u16()),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_node_begins_with_a_trial_of_everything() {
    let test = TestApp::new().await;
    let status = test.license().await;
    assert_eq!(status["state"], "trial");
    assert_eq!(status["trust_root"], "development");
    assert_eq!(status["license"], Value::Null);
    assert_eq!(status["entitlements"], json!({ "feature.*": true }));
    assert_eq!(
        status["seats"],
        json!({ "used": 3, "max": null, "ceiling": null })
    );
    assert_eq!(status["anomalies"], json!([]));
    assert_eq!(status["effective_time"], "2026-01-05T00:00:00.000Z");
    assert_eq!(status["trial"]["ends_at"], "2026-02-04T00:00:00.000Z");
}

#[tokio::test]
async fn checking_changes_nothing_and_importing_does() {
    let test = TestApp::new().await;
    let text = vendor::text(&vendor::license());
    let checked = test
        .admin()
        .post("/api/license/check", json!({ "text": text }))
        .await
        .json();
    assert_eq!(checked["license"]["customer"], "Linden & Vale");
    assert_eq!(
        (&checked["outcome"], &checked["state"]),
        (&json!("imported"), &json!("active"))
    );
    assert_eq!(test.license().await["state"], "trial");

    let imported = test.import(&text).await.json();
    assert_eq!(
        (&imported["outcome"], &imported["state"]),
        (&json!("imported"), &json!("active"))
    );
    let status = test.license().await;
    assert_eq!(status["license"]["license_id"], "lic_1");
    assert_eq!(status["license"]["deciding"], true);
    assert_eq!(status["until"], "2026-12-06T00:00:00.000Z");
    let again = test.import(&text).await;
    assert_eq!(again.json()["outcome"], "already_there", "{}", again.text);
    let history = test.admin().get("/api/license/history").await.json();
    assert_eq!(
        history["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["kind"] == "imported")
            .count(),
        1
    );
}

#[tokio::test]
async fn nothing_imported_replaces_something_newer() {
    let mut test = TestApp::new().await;
    let mut old = vendor::license();
    let mut new = vendor::license();
    new.serial = 2;
    new.entitlements = vendor::entitlements(r#"{"agents.max": 7}"#);
    test.import(&vendor::text(&new)).await;
    refused(&test.import(&vendor::text(&old)).await, "license_older");
    old.serial = 2;
    refused(&test.import(&vendor::text(&old)).await, "license_differs");
    test.import(&vendor::text(&vendor::crl(5, None))).await;
    refused(
        &test
            .import(&vendor::text(&vendor::crl(
                4,
                Some(("lic_1", Effect::RestrictNew)),
            )))
            .await,
        "crl_older",
    );

    new.lease.required = true;
    new.serial = 3;
    test.import(&vendor::text(&new)).await;
    let asked = request(&test).await;
    let second = vendor::text(&vendor::lease(&new, &asked, (2, 30)));
    assert_eq!(test.import(&second).await.status, 200);
    refused(
        &test
            .import(&vendor::text(&vendor::lease(&new, &asked, (1, 300))))
            .await,
        "lease_older",
    );
    assert_eq!(
        test.import(&second).await.json()["outcome"],
        "already_there"
    );

    // Neither does a start, nor a file that is dropped.
    fs::write(
        test.app.path("license/old.lic"),
        vendor::file(&vendor::license()),
    )
    .unwrap();
    test.restart().await;
    let status = test.license().await;
    assert_eq!(status["license"]["serial"], 3);
    assert_eq!(status["crl"]["version"], 5);
    assert_eq!(status["license"]["lease"]["lease_id"], "lse_2");
    let files = status["files"].as_array().unwrap();
    let dropped = files.iter().find(|file| file["name"] == "old.lic").unwrap();
    assert_eq!(dropped["outcome"], "older");
}

#[tokio::test]
async fn leases_are_for_one_node_and_one_serial() {
    let test = TestApp::new().await;
    let other = TestApp::new().await;
    let mut license = vendor::license();
    license.lease.required = true;
    for node in [&test, &other] {
        node.import(&vendor::text(&license)).await;
    }
    let (asked, elsewhere) = (request(&test).await, request(&other).await);
    assert_ne!(asked.value.install_id, elsewhere.value.install_id);
    assert_eq!(asked.value.license_id, "lic_1");
    refused(
        &test
            .import(&vendor::text(&vendor::lease(&license, &elsewhere, (1, 30))))
            .await,
        "lease_other_node",
    );
    let mut unknown: Lease = vendor::lease(&license, &asked, (1, 30));
    unknown.license_id = "lic_9".to_owned();
    refused(
        &test.import(&vendor::text(&unknown)).await,
        "lease_without_license",
    );
    let mut renewed = license.clone();
    renewed.serial = 2;
    test.import(&vendor::text(&renewed)).await;
    refused(
        &test
            .import(&vendor::text(&vendor::lease(&license, &asked, (1, 30))))
            .await,
        "lease_other_serial",
    );
    let fits = test
        .import(&vendor::text(&vendor::lease(&renewed, &asked, (1, 30))))
        .await;
    assert_eq!(fits.json()["outcome"], "imported", "{}", fits.text);

    // Without a new lease the ladder counts from its end.
    test.pass_days(29).await;
    assert_eq!(test.license().await["state"], "expiring_soon");
    test.pass_days(2).await;
    assert_eq!(test.license().await["state"], "grace");
    test.pass_days(10).await;
    let status = test.license().await;
    assert_eq!(
        (&status["state"], &status["reason"]),
        (&json!("restrict_new"), &json!("lease"))
    );
    let next = vendor::lease(&renewed, &request(&test).await, (2, 30));
    test.import(&vendor::text(&next)).await;
    assert_eq!(test.license().await["state"], "active");
}

#[tokio::test]
async fn files_that_were_changed_or_made_by_others_are_refused() {
    let test = TestApp::new().await;
    let license = vendor::license();
    let signed = sign::sign(&license, &[&vendor::key("license")]).unwrap();
    let mut changed = license.clone();
    changed.entitlements = vendor::entitlements(r#"{"feature.*": true}"#);
    let forged = Envelope::new(
        "license",
        serde_json::to_vec(&changed).unwrap(),
        signed.signatures().to_vec(),
    );
    let send = async |bytes: Vec<u8>| test.import(&String::from_utf8(bytes).unwrap()).await;
    refused(&send(forged.to_bytes()).await, "artefact_bad_signature");
    let wrong_role = sign::sign(&license, &[&vendor::key("lease")]).unwrap();
    refused(&send(wrong_role.to_bytes()).await, "artefact_wrong_key");
    refused(&test.import("hello").await, "artefact_malformed");
    let request = Envelope::new(
        "activation-request",
        b"{}".to_vec(),
        signed.signatures().to_vec(),
    );
    refused(&send(request.to_bytes()).await, "artefact_wrong_type");
    assert_eq!(test.license().await["state"], "trial");
}

#[tokio::test]
async fn several_licences_add_up_and_a_later_one_waits() {
    let test = TestApp::new().await;
    test.import(&vendor::text(&vendor::license())).await;
    let mut more = vendor::license();
    more.license_id = "lic_2".to_owned();
    test.import(&vendor::text(&more)).await;
    assert_eq!(test.license().await["employees"]["max"], 6);

    let mut renewal = vendor::license();
    renewal.serial = 2;
    renewal.not_before = vendor::day(30);
    renewal.entitlements = vendor::entitlements(r#"{"agents.max": 20}"#);
    test.import(&vendor::text(&renewal)).await;
    assert_eq!(
        test.license().await["employees"]["max"],
        6,
        "it waits silently"
    );
    test.pass_days(31).await;
    assert_eq!(test.license().await["employees"]["max"], 23);
}

#[tokio::test]
async fn dropped_files_are_taken_in_any_order_and_broken_ones_listed() {
    let mut test = TestApp::new().await;
    let folder = test.app.path("license");
    fs::write(folder.join("a.lic"), vendor::file(&vendor::license())).unwrap();
    fs::write(folder.join("b.txt"), "not a licence").unwrap();
    fs::write(folder.join("c.crl"), vendor::file(&vendor::crl(1, None))).unwrap();
    fs::create_dir(folder.join("d")).unwrap();
    guildhall::licensing::tick(&test.app, false).await;
    let status = test.license().await;
    assert_eq!(
        (&status["state"], &status["crl"]["version"]),
        (&json!("active"), &json!(1))
    );
    let outcomes: Vec<(String, String)> = status["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["name"].as_str().unwrap().to_owned(),
                file["outcome"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let pair = |name: &str, outcome: &str| (name.to_owned(), outcome.to_owned());
    assert_eq!(
        outcomes,
        [
            pair("a.lic", "used"),
            pair("b.txt", "refused"),
            pair("c.crl", "used"),
            pair("d", "refused")
        ]
    );

    // Looking again verifies nothing anew, and the database remembers what the folder loses.
    let before = test.app.licensing.verifications();
    guildhall::licensing::tick(&test.app, false).await;
    assert_eq!(test.app.licensing.verifications(), before);
    fs::remove_dir_all(&folder).unwrap();
    test.restart().await;
    assert_eq!(test.license().await["state"], "active");
}

#[tokio::test]
async fn the_folder_remembers_what_the_database_loses() {
    let mut test = TestApp::new().await;
    test.import(&vendor::text(&vendor::license())).await;
    let erased = test.app.db.write(|tx| {
        tx.execute("DELETE FROM license_artefacts", guildhall_db::params![])?;
        tx.execute("DELETE FROM license_memory", guildhall_db::params![])
    });
    erased.await.unwrap();
    test.restart().await;
    let status = test.license().await;
    assert_eq!(
        (&status["state"], &status["license"]["license_id"]),
        (&json!("active"), &json!("lic_1"))
    );
}

#[tokio::test]
async fn a_new_keyring_takes_away_what_it_does_not_vouch_for() {
    let mut test = TestApp::new().await;
    test.import(&vendor::text(&vendor::license())).await;
    let (ring, _) = compiled_in().unwrap();
    let keys: Vec<KeyringKey> = ring
        .keys
        .iter()
        .map(|key| KeyringKey {
            revoked_after: (key.role == KeyRole::License).then(|| vendor::day(0)),
            ..key.clone()
        })
        .collect();
    let next = |version| {
        Keyring::new(version, ring.expires, keys.clone(), ring.thresholds.clone()).unwrap()
    };
    let roots = [vendor::key("root-1"), vendor::key("root-2")];
    let signed = |version| {
        let envelope = sign::sign_keyring(&next(version), &[&roots[0], &roots[1]]).unwrap();
        String::from_utf8(envelope.to_bytes()).unwrap()
    };
    refused(&test.import(&signed(3)).await, "keyring_step");
    let one = sign::sign_keyring(&next(2), &[&roots[0]]).unwrap();
    refused(
        &test
            .import(&String::from_utf8(one.to_bytes()).unwrap())
            .await,
        "keyring_threshold",
    );
    assert_eq!(test.license().await["state"], "active");
    assert_eq!(test.import(&signed(2)).await.status, 200);
    for _ in 0..2 {
        let status = test.license().await;
        assert_eq!(
            (&status["keyring"]["version"], &status["state"]),
            (&json!(2), &json!("trial"))
        );
        let files = status["files"].to_string();
        assert!(files.contains("revoked"), "{files}");
        test.restart().await;
    }
}
