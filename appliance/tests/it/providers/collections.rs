//! Collections read by a provider's embedding model: chosen, made in the background, never mixed, and
//! replaced by the node's own model where the provider may not be asked.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    enter, open,
    stub::{Reply, Stub},
};
use crate::harness::{Answer, TestApp};

const MODEL: &str = "lan/e-1";
const QUESTION: &str = "What must an invoice show before it is approved?";

/// Vectors of eight numbers, made of a text's letters: enough for like texts to be alike.
fn embed(asked: &Value) -> Reply {
    let texts = asked["input"].as_array().unwrap();
    let data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let mut vector = [0.1_f32; 8];
            for byte in text.as_str().unwrap().bytes() {
                vector[usize::from(byte) % 8] += 1.0;
            }
            json!({ "object": "embedding", "index": index, "embedding": vector })
        })
        .collect();
    Reply::json(
        200,
        &json!({ "object": "list", "data": data, "usage": { "prompt_tokens": 1, "total_tokens": 1 } }),
    )
}

async fn office() -> (TestApp, Stub) {
    let test = TestApp::new().await;
    let stub = Stub::answering(embed).await;
    let models = json!([
        { "name": "e-1", "kind": "embedding", "price": { "input": 1_000_000 } }, { "name": "m-1" },
    ]);
    let more = json!({ "slug": "lan", "models": models });
    enter(&test, &stub, "openai_compatible", more).await;
    (test, stub)
}

async fn choose(test: &TestApp, collection: &str, model: &str) -> Answer {
    let path = format!("/api/admin/collections/{collection}");
    let body = json!({ "model": model });
    test.admin().send("PUT", &path, Some(body), &[]).await
}

async fn collection(test: &TestApp, at: usize) -> Value {
    let listed = test.admin().get("/api/admin/collections").await.json();
    listed["items"][at].clone()
}

/// Waits until the handbooks' vectors are made, and gives the collection as it is then.
async fn settled(test: &TestApp) -> Value {
    let (_, mut heard) = test.app.events.subscribe(None);
    loop {
        let now = collection(test, 0).await;
        if now["state"] != "rebuilding" {
            return now;
        }
        // The job tells of every step; one that was told before is seen by looking again.
        let _ = tokio::time::timeout(Duration::from_millis(200), heard.recv()).await;
    }
}

async fn ask(test: &TestApp, ve: &str, message: &str) -> Value {
    let body = json!({ "message": message });
    let said = test
        .admin()
        .post(&format!("/api/ves/{ve}/chat"), body)
        .await;
    assert_eq!(said.status, 200, "{}", said.text);
    said.json()["message"].clone()
}

fn asked_for(stub: &Stub, text: &str) -> bool {
    let asked = stub.asked();
    let mut inputs = asked
        .iter()
        .flat_map(|asked| asked.body["input"].as_array().cloned().unwrap_or_default());
    inputs.any(|input| input == text)
}

#[tokio::test]
#[allow(
    clippy::too_many_lines,
    reason = "one story, each step on the one before"
)]
async fn a_providers_model_reads_the_handbooks_once_all_vectors_are_there() {
    let (mut test, stub) = office().await;
    let before = collection(&test, 0).await;
    assert_eq!(
        (&before["chosen"], &before["state"]),
        (&json!("minilm"), &json!("ready"))
    );
    open(&test, "local_network").await;
    let chosen = choose(&test, "handbook", MODEL).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    let chosen = chosen.json();
    assert_eq!(
        (&chosen["chosen"], &chosen["active"], &chosen["state"]),
        (&json!(MODEL), &json!("minilm"), &json!("rebuilding")),
        "the former model answers until every vector is there"
    );
    let ready = settled(&test).await;
    assert_eq!(
        (&ready["active"], &ready["state"]),
        (&json!(MODEL), &json!("ready"))
    );
    assert_eq!(ready["dimension"], 8);
    let made = ready["vectors"].as_u64().unwrap();
    assert!(made > 1000, "{made} vectors of fifteen handbooks");
    let sent: usize = stub
        .asked()
        .iter()
        .map(|asked| asked.body["input"].as_array().unwrap().len())
        .sum();
    assert!(sent as u64 >= made);

    // A question is compared with that model's vectors only, and is not kept itself.
    let ve = test.hire().await;
    let calls = stub.asked().len();
    let answer = ask(&test, &ve, QUESTION).await;
    assert_eq!(answer["notes"], json!([]), "{answer}");
    assert!(asked_for(&stub, QUESTION));
    assert_eq!(
        stub.asked().len(),
        calls + 1,
        "the handbook's vectors are there already"
    );
    assert_eq!(collection(&test, 0).await["vectors"], made);
    test.app.meter.flush().await;
    let usage = test
        .admin()
        .get("/api/billing/usage?kind=embedding")
        .await
        .json();
    assert_eq!(usage["items"][0]["model"], MODEL, "{usage}");

    // What was paid for survives a restart.
    test.restart().await;
    let calls = stub.asked().len();
    ask(&test, &ve, "Who approves an invoice?").await;
    assert_eq!(stub.asked().len(), calls + 1, "only the question is new");

    // Back to the node's own model: nothing of the other is left.
    choose(&test, "handbook", "minilm").await;
    let back = settled(&test).await;
    assert_eq!(
        (&back["active"], &back["dimension"]),
        (&json!("minilm"), &json!(384))
    );
    let left = test.app.db.read(|reader| {
        reader.query_one(
            "SELECT COUNT(*) AS n FROM handbook_vectors WHERE dimension = 8",
            guildhall_db::params![],
            |row| row.get::<i64>("n"),
        )
    });
    assert_eq!(left.await.unwrap(), 0);
}

#[tokio::test]
async fn what_may_not_leave_is_searched_with_the_nodes_own_model() {
    let (test, stub) = office().await;
    let refused = choose(&test, "files", MODEL).await;
    assert_eq!(refused.code(), "egress_denied", "{}", refused.text);
    open(&test, "local_network").await;
    let chosen = choose(&test, "files", MODEL).await.json();
    assert_eq!(
        (&chosen["active"], &chosen["state"]),
        (&json!(MODEL), &json!("ready"))
    );

    let ve = test.hire().await;
    let file = json!([{ "name": "notes.txt", "text": "The garden party is on the ninth of June. Bring a chair and a hat." }]);
    let body = json!({ "message": "When is the garden party?", "attachments": file });
    let path = format!("/api/ves/{ve}/chat");
    let said = test.admin().post(&path, body).await.json();
    assert_eq!(said["message"]["notes"], json!([]), "{said}");
    assert!(asked_for(&stub, "When is the garden party?"));
    assert_eq!(
        collection(&test, 1).await["vectors"],
        0,
        "what people send is not kept"
    );

    // A confidential conversation keeps to the node, and says so.
    let rule = json!({ "applies_to": { "kind": "data_class", "data_class": "confidential" }, "keep_within": "node" });
    test.admin().post("/api/admin/residency", rule).await;
    let calls = stub.asked().len();
    // What was read before is remembered, and asks nobody: so other words.
    let other = |what: &str| {
        let text = format!("The {what} is on the ninth of June. Bring a chair and a hat.");
        json!({ "message": format!("When is the {what}?"), "attachments": [{ "name": "other.txt", "text": text }] })
    };
    let mut secret = other("board meeting");
    secret["data_class"] = json!("confidential");
    let said = test.admin().post(&path, secret).await.json();
    let note = said["message"]["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("This node's own model searched what you sent in place of lan/e-1:"),
        "{note}"
    );
    assert!(note.contains("confidential"), "{note}");
    assert!(
        said["message"]["text"]
            .as_str()
            .unwrap()
            .contains("ninth of June"),
        "{said}"
    );
    assert_eq!(stub.asked().len(), calls);

    // So does everything once the switch is closed.
    let closed = json!({ "mode": "air_gapped" });
    test.admin()
        .send("PUT", "/api/admin/egress", Some(closed), &[])
        .await;
    let said = test.admin().post(&path, other("fire drill")).await.json();
    let note = said["message"]["notes"][0].as_str().unwrap();
    assert!(note.contains("air-gapped"), "{note}");
    assert_eq!(stub.asked().len(), calls);
}

#[tokio::test]
async fn a_provider_that_fails_leaves_the_former_model_in_use() {
    let test = TestApp::new().await;
    let stub = Stub::start(vec![Reply::json(401, &json!({}))]).await;
    let models = json!([{ "name": "e-1", "kind": "embedding" }, { "name": "m-1" }]);
    enter(
        &test,
        &stub,
        "openai_compatible",
        json!({ "slug": "lan", "models": models }),
    )
    .await;
    open(&test, "local_network").await;
    assert_eq!(
        choose(&test, "handbook", "lan/m-1").await.code(),
        "wrong_kind"
    );
    assert_eq!(
        choose(&test, "handbook", "nobody").await.code(),
        "unknown_model"
    );
    choose(&test, "handbook", MODEL).await;
    let failed = settled(&test).await;
    assert_eq!(
        (&failed["state"], &failed["active"]),
        (&json!("failed"), &json!("minilm"))
    );
    assert!(
        failed["error"].as_str().unwrap().contains("key"),
        "{failed}"
    );
    let stranger = test
        .stranger()
        .await
        .get("/api/admin/collections")
        .await
        .json();
    assert_eq!(
        stranger["items"][0]["state"], "ready",
        "each organisation has its own choice"
    );
}
