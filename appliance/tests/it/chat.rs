//! Conversations: asking, streaming, stopping, writing anew, editing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::TestApp;

/// The events of a stream as (name, data).
fn events(text: &str) -> Vec<(String, Value)> {
    let field = |frame: &str, name: &str| {
        frame
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|rest| rest.trim().to_owned())
    };
    text.split("\n\n")
        .filter_map(|frame| {
            Some((
                field(frame, "event:")?,
                serde_json::from_str(&field(frame, "data:")?).ok()?,
            ))
        })
        .collect()
}

async fn stream(test: &TestApp, path: &str, body: Option<Value>) -> Vec<(String, Value)> {
    let method = if body.is_some() || path.ends_with("regenerate") {
        "POST"
    } else {
        "GET"
    };
    let answer = test
        .admin()
        .send(method, path, body, &[("accept", "text/event-stream")])
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    events(&answer.text)
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names
}

#[tokio::test]
async fn an_answer_streams_in_pieces_and_quotes_its_sources_word_for_word() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let question = json!({ "message": "What should I check before I approve a supplier invoice?" });
    let heard = stream(&test, &format!("/api/ves/{ve}/chat"), Some(question)).await;
    let names = names(&heard);
    assert_eq!((names[0], *names.last().unwrap()), ("started", "done"));
    let pieces: Vec<&str> = heard
        .iter()
        .filter(|(name, _)| name == "delta")
        .map(|(_, data)| data["text"].as_str().unwrap())
        .collect();
    assert!(pieces.len() >= 5, "{pieces:?}");
    let (_, done) = heard.last().unwrap();
    assert_eq!(done["message"]["text"].as_str().unwrap(), pieces.concat());
    assert_eq!(
        (done["mode"].clone(), done["model"].clone()),
        (json!("extractive"), json!("extractive"))
    );
    assert!(done["usage"]["output_tokens"].as_u64().unwrap() > 0);
    let citations = done["citations"].as_array().unwrap();
    assert!(!citations.is_empty());
    for citation in citations {
        let (quote, passage) = (
            citation["quote"].as_str().unwrap(),
            citation["passage"].as_str().unwrap(),
        );
        assert!(passage.contains(quote), "{citation}");
        assert!(pieces.concat().contains(quote), "{citation}");
    }
}

#[tokio::test]
async fn a_finished_answer_can_be_followed_again_and_history_pages() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let path = format!("/api/ves/{ve}/chat");
    let first = test
        .admin()
        .post(&path, json!({ "message": "Hello" }))
        .await
        .json();
    let conversation = first["conversation_id"].clone();
    for number in 0..3 {
        let next =
            json!({ "message": format!("Question {number}"), "conversation_id": conversation });
        assert_eq!(test.admin().post(&path, next).await.status, StatusCode::OK);
    }
    let again = stream(
        &test,
        &format!(
            "/api/ves/{ve}/messages/{}/stream",
            first["message"]["id"].as_str().unwrap()
        ),
        None,
    )
    .await;
    assert_eq!(names(&again), ["started", "delta", "done"]);
    assert_eq!(
        again.last().unwrap().1["message"]["text"],
        first["message"]["text"]
    );

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = test
            .admin()
            .get(&format!("/api/ves/{ve}/messages?limit=3&cursor={cursor}"))
            .await
            .json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| message["text"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 8);
    assert_eq!(seen.last().map(String::as_str), Some("Hello"));
}

#[tokio::test]
async fn writing_anew_and_editing_keep_the_older_versions() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let first = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    let answer = first["message"]["id"].as_str().unwrap();
    let anew = stream(
        &test,
        &format!("/api/ves/{ve}/messages/{answer}/regenerate"),
        None,
    )
    .await;
    let (_, done) = anew.last().unwrap();
    assert_ne!(done["message"]["id"], first["message"]["id"]);
    let versions = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages/{answer}/versions"))
        .await
        .json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);

    let shown = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    let question = shown["items"][1].clone();
    assert_eq!(
        (
            question["text"].clone(),
            shown["items"].as_array().unwrap().len()
        ),
        (json!("Hello"), 2)
    );
    let path = format!(
        "/api/ves/{ve}/messages/{}/edit",
        question["id"].as_str().unwrap()
    );
    stream(&test, &path, Some(json!({ "message": "Good evening" }))).await;
    let shown = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    assert_eq!(shown["items"][1]["text"], "Good evening");
    assert_eq!(
        (
            shown["items"][1]["version"].clone(),
            shown["items"][1]["versions"].clone()
        ),
        (json!(2), json!(2))
    );
    let on_question = format!(
        "/api/ves/{ve}/messages/{}/regenerate",
        shown["items"][1]["id"].as_str().unwrap()
    );
    assert_eq!(
        test.admin().post(&on_question, Value::Null).await.code(),
        "not_an_answer"
    );
}

#[tokio::test]
async fn an_attached_file_is_read_and_cited() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let file = json!({ "name": "bill.txt", "text": "Invoice number: ZD-88213\nTotal due: EUR 1,482.75\nSupplier: Zaventem Office Depot\n" });
    let asked = json!({ "message": "What is the invoice number?", "attachments": [file] });
    let said = test
        .admin()
        .post(&format!("/api/ves/{ve}/chat"), asked)
        .await
        .json();
    assert!(
        said["message"]["text"]
            .as_str()
            .unwrap()
            .contains("ZD-88213"),
        "{said}"
    );
    assert_eq!(said["citations"][0]["source"], "attachment");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_and_nothing_is_stored() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let path = format!("/api/ves/{ve}/chat");
    let cases = [
        (json!({ "message": "   " }), "empty_message"),
        (
            json!({ "message": "x".repeat(100_001) }),
            "message_too_long",
        ),
        (
            json!({ "message": "hi", "attachments": [{ "name": "a.txt", "text": "x".repeat(300_000) }] }),
            "attachment_too_large",
        ),
        (
            json!({ "message": "hi", "conversation_id": "cnv_00000000000000000000000000" }),
            "not_found",
        ),
    ];
    for (body, code) in cases {
        assert_eq!(test.admin().post(&path, body).await.code(), code);
    }
    assert_eq!(
        test.admin()
            .get(&format!("/api/ves/{ve}/conversations"))
            .await
            .json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_dismissed_employee_answers_nothing_and_forgets_nothing() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    test.admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await;
    assert_eq!(
        test.admin()
            .send("DELETE", &format!("/api/ves/{ve}"), None, &[])
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    let refused = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await;
    assert_eq!(refused.code(), "dismissed");
    let kept = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    assert_eq!(kept["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        test.admin()
            .post(&format!("/api/ves/{ve}/rehire"), Value::Null)
            .await
            .status,
        StatusCode::OK
    );
    assert_eq!(
        test.admin()
            .post(
                &format!("/api/ves/{ve}/chat"),
                json!({ "message": "Hello" })
            )
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn usage_counts_each_answer() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let said = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    let usage = test.admin().get("/api/billing/usage").await.json();
    let row = &usage["items"][0];
    assert_eq!(
        (row["ve_id"].clone(), row["model"].clone()),
        (json!(ve), json!("extractive"))
    );
    assert_eq!(row["output_tokens"], said["usage"]["output_tokens"]);
    assert_eq!(usage["totals"]["messages"], 1);
}

#[tokio::test]
async fn an_answer_cut_off_by_a_stop_of_the_node_is_failed_and_can_be_written_anew() {
    let test = TestApp::new().await;
    let ve = test.hire().await;
    let said = test
        .admin()
        .post(
            &format!("/api/ves/{ve}/chat"),
            json!({ "message": "Hello" }),
        )
        .await
        .json();
    let id = said["message"]["id"].as_str().unwrap().to_owned();
    let running = id.clone();
    test.app
        .db
        .write(move |tx| {
            tx.execute(
                "UPDATE messages SET state = 'running' WHERE id = ?",
                guildhall_db::params![running],
            )
        })
        .await
        .unwrap();
    guildhall::chat::recover(&test.app).await.unwrap();
    let shown = test
        .admin()
        .get(&format!("/api/ves/{ve}/messages"))
        .await
        .json();
    assert_eq!(shown["items"][0]["state"], "failed");
    assert_eq!(shown["items"][0]["error"]["code"], "interrupted");
    let anew = stream(
        &test,
        &format!("/api/ves/{ve}/messages/{id}/regenerate"),
        None,
    )
    .await;
    assert_eq!(anew.last().unwrap().0, "done");
}
