use guildhall_license::{UsageReport, verify_by_install_key};
use serde_json::json;

use super::vendor;
use crate::harness::TestApp;

/// The reports of an export, each verified with the node's own key.
fn reports(test: &TestApp, text: &str) -> Vec<guildhall_license::Verified<UsageReport>> {
    let public = test.app.keys.install().verifying_key();
    let end = "-----END GUILDHALL USAGE REPORT-----";
    let parts = text.split_inclusive(end).filter(|part| part.contains(end));
    parts
        .map(|part| verify_by_install_key(part.as_bytes(), public.as_bytes()).unwrap())
        .collect()
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
async fn reports_are_made_daily_and_each_names_the_one_before() {
    let test = TestApp::new().await;
    test.hire().await;
    test.pass_days(2).await;
    let usage = test.admin().get("/api/license/usage").await.json();
    assert_eq!(
        usage["reports"],
        json!([]),
        "a trial is counted and not reported on by itself"
    );
    assert!(!usage["days"].as_array().unwrap().is_empty());

    test.import(&vendor::text(&vendor::license())).await;
    for _ in 0..5 {
        test.pass_days(1).await;
    }
    let second = test.hire().await;
    test.pass_days(1).await;
    test.admin()
        .send("DELETE", &format!("/api/ves/{second}"), None, &[])
        .await;
    test.pass_days(1).await;

    let exported = test
        .admin()
        .post("/api/license/usage/export", json!({}))
        .await
        .json();
    let found = reports(&test, exported["text"].as_str().unwrap());
    assert_eq!(exported["reports"], found.len());
    assert!(found.len() >= 5, "{} reports", found.len());
    let mut before: Option<&guildhall_license::Verified<UsageReport>> = None;
    for report in &found {
        let value = &report.value;
        assert_eq!(value.license_id.as_deref(), Some("lic_1"));
        assert_eq!(
            value.prev_sha256.as_ref(),
            before.map(|before| &before.sha256)
        );
        assert_eq!(value.seq, before.map_or(1, |before| before.value.seq + 1));
        if let Some(before) = before {
            assert!(before.value.period.to < value.period.from, "no day twice");
        }
        before = Some(report);
    }
    let peaks: Vec<u64> = found
        .iter()
        .flat_map(|report| &report.value.daily)
        .map(|day| day.ves_peak)
        .collect();
    assert!(peaks.contains(&2), "{peaks:?}");
    let text = serde_json::to_string(&found.iter().map(|report| &report.value).collect::<Vec<_>>())
        .unwrap();
    for personal in [
        "Ada Admin",
        "ada@",
        "first.example",
        "First Organisation",
        "per_",
        "org_",
    ] {
        assert!(!text.contains(personal), "{personal} stands in a report");
    }

    // Exported once; again only from a number on.
    let rest = test
        .admin()
        .post("/api/license/usage/export", json!({}))
        .await
        .json();
    let rest = reports(&test, rest["text"].as_str().unwrap());
    assert_eq!(rest.len(), 1, "the day that is not over");
    assert_eq!(
        rest[0].value.prev_sha256.as_ref(),
        before.map(|before| &before.sha256)
    );
    let again = test
        .admin()
        .post("/api/license/usage/export", json!({ "from": 1 }))
        .await
        .json();
    assert_eq!(again["reports"], found.len() + 1);
    let none = test
        .admin()
        .post("/api/license/usage/export", json!({ "from": 99 }))
        .await;
    assert_eq!(none.code(), "no_reports");
}

#[tokio::test]
async fn the_preview_is_what_is_signed_and_changes_nothing() {
    let test = TestApp::new().await;
    test.hire().await;
    let first = test.admin().get("/api/license/usage").await.json();
    let second = test.admin().get("/api/license/usage").await.json();
    assert_eq!(first["preview"], second["preview"]);
    assert_eq!(
        first["preview"]["daily"][0],
        json!({
            "date": "2026-01-05", "seats": 3, "active_30d": first["days"][0]["active_30d"], "ves_peak": 1, "answers": 0,
        })
    );
    let exported = test
        .admin()
        .post("/api/license/usage/export", json!({}))
        .await
        .json();
    let report = &reports(&test, exported["text"].as_str().unwrap())[0].value;
    assert_eq!(serde_json::to_value(report).unwrap(), first["preview"]);
}

#[tokio::test]
async fn reports_are_kept_for_more_than_400_days() {
    let test = TestApp::new().await;
    let mut license = vendor::license();
    license.term_end = None;
    test.import(&vendor::text(&license)).await;
    for _ in 0..15 {
        test.pass_days(60).await;
    }
    let all = test
        .admin()
        .post("/api/license/usage/export", json!({ "from": 1 }))
        .await;
    // 900 days: the oldest are gone, more than 400 days are there.
    let found = reports(&test, all.json()["text"].as_str().unwrap());
    let oldest = &found[0].value.period.from;
    assert!(
        oldest.as_str() > "2026-01-05" && oldest.as_str() < "2027-05-01",
        "{oldest}"
    );
}
