//! The node's side of time: marks in two places, and what is told.

use guildhall_db::{Db, DbOptions, params};

use super::{DAY, vendor};
use crate::harness::TestApp;

fn kinds(history: &serde_json::Value) -> Vec<String> {
    let events = history["items"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["kind"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_clock_that_was_set_back_is_told_once_counted_and_believed() {
    let mut test = TestApp::new().await;
    test.import(&vendor::text(&vendor::license())).await;
    test.pass_days(40).await;
    test.clock.advance_seconds(-20 * DAY);
    guildhall::licensing::tick(&test.app, true).await;
    for _ in 0..2 {
        let status = test.license().await;
        assert_eq!(status["state"], "active");
        assert_eq!(status["anomalies"][0]["kind"], "behind_mark");
        assert_eq!(status["clock_anomalies_total"], 1);
        assert!(status["effective_time"].as_str().unwrap() < "2026-02-14");
        assert_eq!(status["notices"][0]["code"], "clock_set_back");
        // The marks survive a start.
        test.restart().await;
    }
    let history = test.admin().get("/api/license/history").await.json();
    assert_eq!(
        kinds(&history)
            .iter()
            .filter(|kind| *kind == "clock_anomaly")
            .count(),
        1
    );
    let usage = test.admin().get("/api/license/usage").await.json();
    assert_eq!(usage["preview"]["clock_anomalies"], 1);
    test.clock.advance_seconds(21 * DAY);
    assert_eq!(test.license().await["clock_anomalies_total"], 1);
}

#[tokio::test]
async fn marks_lie_in_two_places_and_either_one_is_enough() {
    for lost in ["file", "database"] {
        let mut test = TestApp::new().await;
        test.pass_days(40).await;
        assert_eq!(test.license().await["state"], "restrict_new");
        assert!(test.app.path("license/clock.json").exists());
        test.clock.advance_seconds(-40 * DAY);
        let lose = |place: &std::path::Path| {
            if lost == "file" {
                std::fs::remove_file(place.join("license/clock.json")).unwrap();
                return;
            }
            let options = DbOptions::new(place.join("guildhall.db"), guildhall::app::MIGRATIONS);
            let db = Db::open(options).unwrap();
            // A thread of its own: this one drives the test.
            let deleted = std::thread::spawn(move || {
                db.write_blocking(|tx| tx.execute("DELETE FROM license_memory", params![]))
                    .unwrap();
                db.close();
            });
            deleted.join().unwrap();
        };
        test.restart_after(lose).await;
        let status = test.license().await;
        assert_eq!(
            status["anomalies"][0]["kind"], "behind_mark",
            "the {lost} was lost"
        );
        // Whoever puts a clock right that was ahead is not punished for it.
        assert_eq!(status["state"], "trial");
    }
}

#[tokio::test]
async fn states_and_near_ends_are_told_once_each() {
    let test = TestApp::new().await;
    let mut news = test.app.events.subscribe(Some(0)).1;
    test.pass_days(0).await;
    guildhall::licensing::tick(&test.app, true).await;
    for _ in 0..31 {
        test.pass_days(1).await;
        guildhall::licensing::tick(&test.app, false).await;
    }
    let history = test
        .admin()
        .get("/api/license/history?limit=100")
        .await
        .json();
    let told: Vec<String> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .filter(|event| event["kind"] != "imported")
        .map(|event| match event["kind"].as_str().unwrap() {
            "state_changed" => event["details"]["to"].as_str().unwrap().to_owned(),
            kind => format!("{kind} {}", event["details"]["days"]),
        })
        .collect();
    assert_eq!(
        told,
        [
            "trial",
            "notice 30",
            "notice 14",
            "expiring_soon",
            "notice 7",
            "notice 1",
            "restrict_new"
        ]
    );
    let mut heard = 0;
    while let Ok(event) = news.try_recv() {
        heard += usize::from(event.event.name() == "license.changed");
    }
    assert!(heard >= 5, "open tabs heard {heard} times");
}
