//! Every rung of the ladder, and every mishap: the node starts, its administrator logs in, and a new licence imports.

use std::{fs, sync::Arc};

use guildhall::{
    app::{App, AppOptions},
    http,
};
use guildhall_kernel::{FixedClock, Timestamp};
use guildhall_license::{Effect, ExpiryBehavior, License};
use serde_json::json;

use super::vendor;
use crate::harness::{PASSWORD, START_MILLIS, TestApp};

/// A rung, and how a node comes to stand on it: a licence, and days that pass.
fn rungs() -> Vec<(&'static str, Option<License>, i64)> {
    let mut read_only = vendor::license();
    read_only.expiry_behavior = ExpiryBehavior::ReadOnly;
    vec![
        ("trial", None, 0),
        ("expiring_soon", None, 25),
        ("restrict_new", None, 31),
        ("active", Some(vendor::license()), 0),
        ("expiring_soon", Some(vendor::license()), 350),
        ("grace", Some(vendor::license()), 370),
        ("restrict_new", Some(vendor::license()), 380),
        ("read_only", Some(read_only), 380),
    ]
}

async fn on_rung((state, license, days): (&str, Option<License>, i64)) -> TestApp {
    let test = TestApp::new().await;
    test.hire().await;
    if let Some(license) = license {
        test.import(&vendor::text(&license)).await;
    }
    test.pass_days(days).await;
    assert_eq!(test.license().await["state"], state);
    test
}

/// Logs in with a password and imports a licence that counts now.
async fn get_out(test: &TestApp, what: &str) {
    let login = json!({ "email": "ada@first.example", "password": PASSWORD });
    let logged_in = test.nobody().post("/api/session", login).await;
    assert_eq!(logged_in.status, 201, "{what}: {}", logged_in.text);
    let now = guildhall_kernel::Clock::now(test.clock.as_ref()).max(vendor::day(0));
    let mut license = vendor::license();
    license.license_id = "lic_way_out".to_owned();
    license.issued_at = now;
    license.not_before = now;
    // The wall clock may stand long before the time that counts.
    license.term_end = Some(now.plus_seconds(3 * 365 * super::DAY));
    license.supersedes = vec!["lic_1".to_owned()];
    let imported = test.import(&vendor::text(&license)).await;
    assert_eq!(imported.status, 200, "{what}: {}", imported.text);
    assert_eq!(
        imported.json()["state"],
        "active",
        "{what}: {}",
        imported.text
    );
    assert_eq!(test.try_hire().await.status, 201, "{what}");
}

#[tokio::test]
async fn every_rung_lets_start_log_in_and_import() {
    for rung in rungs() {
        let what = format!("{} after {} days", rung.0, rung.2);
        let mut test = on_rung(rung).await;
        test.restart().await;
        get_out(&test, &what).await;
    }
}

#[tokio::test]
async fn what_is_never_gated_works_on_the_last_rung() {
    let mut read_only = vendor::license();
    read_only.expiry_behavior = ExpiryBehavior::ReadOnly;
    let test = on_rung(("read_only", Some(read_only), 380)).await;
    let admin = test.admin();
    let ves = admin.get("/api/ves").await.json();
    let ve = format!("/api/ves/{}", ves["items"][0]["id"].as_str().unwrap());
    let refused = admin
        .post(&format!("{ve}/chat"), json!({ "message": "Hello" }))
        .await;
    assert_eq!(refused.code(), "license_restricted", "{}", refused.text);
    assert_eq!(refused.json()["error"]["details"]["state"], "read_only");
    let hired = test.try_hire().await;
    assert_eq!(hired.code(), "license_restricted");

    assert_eq!(
        admin
            .post("/api/license/usage/export", json!({}))
            .await
            .status,
        200
    );
    assert_eq!(
        admin.post("/api/license/request", json!({})).await.status,
        200
    );
    let people = admin.get("/api/admin/people").await.json();
    let sam = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["email"] == "sam@first.example")
        .unwrap();
    let sam = format!("/api/admin/people/{}", sam["id"].as_str().unwrap());
    assert_eq!(
        admin
            .send("PATCH", &sam, Some(json!({ "disabled": true })), &[])
            .await
            .status,
        200
    );
    assert_eq!(admin.send("DELETE", &sam, None, &[]).await.status, 204);
    assert_eq!(admin.send("DELETE", &ve, None, &[]).await.status, 204);
}

#[tokio::test]
async fn whoever_works_goes_on_when_nothing_new_may_begin() {
    let test = on_rung(("restrict_new", None, 31)).await;
    let admin = test.admin();
    let ves = admin.get("/api/ves").await.json();
    let id = ves["items"][0]["id"].as_str().unwrap();
    let said = admin
        .post(
            &format!("/api/ves/{id}/chat"),
            json!({ "message": "Who are you?" }),
        )
        .await;
    assert_eq!(said.status, 200, "{}", said.text);
    let refused = test.try_hire().await;
    assert_eq!(refused.json()["error"]["details"]["feature"], "agents.max");
    let person = json!({ "email": "new@first.example", "display_name": "New", "role": "normal" });
    assert_eq!(
        admin.post("/api/admin/people", person).await.code(),
        "license_restricted"
    );
}

#[tokio::test]
async fn broken_files_of_every_kind_lock_nobody_out() {
    for rung in rungs() {
        let what = format!("{} with broken files", rung.0);
        let mut test = on_rung(rung).await;
        let folder = test.app.path("license");
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs::read(&path).unwrap();
            bytes.truncate(bytes.len() / 2);
            fs::write(path, bytes).unwrap();
        }
        fs::write(folder.join("noise.lic"), [0xff_u8; 300]).unwrap();
        fs::write(folder.join("empty.lic"), "").unwrap();
        fs::write(folder.join("huge.lic"), vec![b'{'; 200_000]).unwrap();
        fs::write(folder.join("deep.lic"), "[".repeat(10_000)).unwrap();
        test.restart().await;
        let files = test.license().await["files"].clone();
        let refused = files
            .as_array()
            .unwrap()
            .iter()
            .filter(|file| file["outcome"] == "refused");
        assert!(refused.count() >= 4, "{what}: {files}");
        get_out(&test, &what).await;
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_costs_only_the_second_copy() {
    let mut test = TestApp::new().await;
    // A file where the folder should be: nothing can be written there, whoever the node runs as.
    let folder = test.app.path("license");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    test.restart().await;
    get_out(&test, "no folder").await;
    test.restart().await;
    assert_eq!(test.license().await["state"], "active");
}

#[tokio::test]
async fn a_full_disk_costs_only_the_second_copy() {
    let test = TestApp::new().await;
    // The copy is written through `.part`; here it leads to a device that is always full.
    let part = "license-lic_way_out-1.json.part";
    std::os::unix::fs::symlink("/dev/full", test.app.path("license").join(part)).unwrap();
    get_out(&test, "full disk").await;
}

#[tokio::test]
async fn a_clock_in_1970_locks_nobody_out() {
    for rung in rungs() {
        let (state, what) = (rung.0, format!("{} in 1970", rung.0));
        let mut test = on_rung(rung).await;
        let now = guildhall_kernel::Clock::now(test.clock.as_ref()).as_millis();
        test.clock.advance_seconds(-now / 1000);
        test.restart().await;
        let status = test.license().await;
        assert_eq!(status["anomalies"].as_array().unwrap().len(), 1, "{what}");
        assert_eq!(status["state"], state, "{what}: nothing is won");
        get_out(&test, &what).await;
    }
}

#[tokio::test]
async fn the_very_first_start_may_be_in_1970() {
    let place = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at_millis(0));
    let config = guildhall::config::Config {
        insecure_http: true,
        ..Default::default()
    };
    let mut options = AppOptions::new(config, place.path());
    options.clock = Arc::clone(&clock) as _;
    options.built = Timestamp::from_millis(START_MILLIS);
    let app = App::open(options).await.unwrap();
    assert!(http::router(&app).is_ok());
    let status = guildhall::licensing::status(&app).await.unwrap();
    assert_eq!(
        (status.state.as_str(), status.anomalies.len()),
        ("trial", 1)
    );
    // Set right half a year later than the program was built: the whole trial is left.
    clock.advance_seconds(START_MILLIS / 1000 + 180 * super::DAY);
    let status = guildhall::licensing::status(&app).await.unwrap();
    assert_eq!(
        (status.state.as_str(), status.anomalies.len()),
        ("trial", 0)
    );
}

#[tokio::test]
async fn a_database_of_the_version_before_is_brought_up_to_date() {
    let place = tempfile::tempdir().unwrap();
    let before = guildhall::app::MIGRATIONS.split_last().unwrap().1;
    let path = place.path().join("guildhall.db");
    let db = guildhall_db::Db::open(guildhall_db::DbOptions::new(path, before)).unwrap();
    db.close();
    fs::create_dir(place.path().join("license")).unwrap();
    fs::write(
        place.path().join("license/x.lic"),
        vendor::file(&vendor::license()),
    )
    .unwrap();
    let config = guildhall::config::Config {
        insecure_http: true,
        ..Default::default()
    };
    let mut options = AppOptions::new(config, place.path());
    options.clock = Arc::new(FixedClock::at_millis(START_MILLIS));
    options.built = Timestamp::from_millis(START_MILLIS);
    let app = App::open(options).await.unwrap();
    let status = guildhall::licensing::status(&app).await.unwrap();
    assert_eq!(status.state, "active");
    app.close().await;
}

#[tokio::test]
async fn a_revocation_does_what_it_says_and_no_more() {
    for (effect, state) in [
        (Effect::Warn, "grace"),
        (Effect::RestrictNew, "restrict_new"),
        (Effect::ReadOnly, "restrict_new"),
    ] {
        let test = TestApp::new().await;
        test.import(&vendor::text(&vendor::license())).await;
        test.import(&vendor::text(&vendor::crl(1, Some(("lic_1", effect)))))
            .await;
        let status = test.license().await;
        assert_eq!(
            (&status["state"], &status["reason"]),
            (&json!(state), &json!("revoked"))
        );
        get_out(&test, "revoked").await;
    }
}
