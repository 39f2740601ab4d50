//! Numbers are never given out twice, whatever happens to the database.

use std::{fs, sync::Arc};

use guildhall_kernel::Clock;
use guildhall_license_server::{app::DATABASE, backup};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    node::{self, Node},
    server::{Server, post, upload},
};

/// Gives out some numbers: the highest counter of a lease and version of a list.
async fn spend(server: &Server, licence: &str, node: &mut Node) -> (u64, u64) {
    let mut counter = 0;
    for _ in 0..3 {
        let answer = upload(&server.nobody(), "/v1/activate", &node.request(licence)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        counter = node::lease(&answer.body, &server.ring).value.counter;
    }
    let entry = json!({
        "kind": "lease_id", "subject": guildhall_kernel::random_token(6), "reason": "lost",
        "effect": "warn", "message": "",
    });
    post(&server.admin, "/api/crl", &entry, 201).await;
    let crl = server.nobody().get("/v1/crl").await.unwrap();
    (counter, node::crl(&crl.body, &server.ring).value.version)
}

#[tokio::test]
async fn a_clean_restart_leaves_no_gap() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(1);
    let (counter, _) = spend(&server, &licence, &mut node).await;
    let (directory, clock, keys) = server.close().await;
    let server = Server::open(directory, clock, keys).await;
    server.clock.advance_seconds(600);
    let answer = upload(&server.nobody(), "/v1/lease", &node.request(&licence)).await;
    assert_eq!(
        node::lease(&answer.body, &server.ring).value.counter,
        counter + 1
    );
}

#[tokio::test]
async fn a_database_put_back_by_hand_gives_no_number_twice() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(1);
    spend(&server, &licence, &mut node).await;
    let (directory, clock, keys) = server.close().await;
    let old = directory.path().join("old.db");
    fs::copy(directory.path().join(DATABASE), &old).unwrap();

    let server = Server::open(directory, clock, keys).await;
    server.clock.advance_seconds(600);
    let spent = spend(&server, &licence, &mut node).await;
    let (directory, clock, keys) = server.close().await;
    fs::copy(&old, directory.path().join(DATABASE)).unwrap();

    let server = Server::open(directory, clock, keys).await;
    server.clock.advance_seconds(600);
    let again = spend(&server, &licence, &mut node).await;
    assert!(
        again.0 > spent.0 && again.1 > spent.1,
        "{again:?} after {spent:?}"
    );
}

#[tokio::test]
async fn a_backup_restored_elsewhere_gives_no_number_twice() {
    let server = Server::new().await;
    let licence = server.licence(1).await;
    let mut node = Node::new(1);
    spend(&server, &licence, &mut node).await;
    let place = TempDir::new().unwrap();
    let folder = place.path().join("backup");
    // Made while the server runs.
    let made = backup::create(server.directory.path(), &folder, true, server.clock.now()).await;
    assert!(made.unwrap().files.len() >= 5);
    backup::verify(&folder).await.unwrap();
    server.clock.advance_seconds(600);
    let spent = spend(&server, &licence, &mut node).await;
    server.clock.advance_seconds(600);
    let (_gone, clock, keys) = server.close().await;

    let elsewhere = Arc::new(TempDir::new().unwrap());
    backup::restore(&folder, elsewhere.path(), clock.now())
        .await
        .unwrap();
    let server = Server::open(elsewhere, clock, keys).await;
    let again = spend(&server, &licence, &mut node).await;
    assert!(
        again.0 > spent.0 && again.1 > spent.1,
        "{again:?} after {spent:?}"
    );
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let server = Server::new().await;
    let place = TempDir::new().unwrap();
    let folder = place.path().join("backup");
    backup::create(server.directory.path(), &folder, false, server.clock.now())
        .await
        .unwrap();
    assert!(!folder.join("keys/encryption.key").exists());
    let again = backup::create(server.directory.path(), &folder, false, server.clock.now()).await;
    assert_eq!(again.unwrap_err().code(), "backup_exists");
    let path = folder.join("keys/lease.sealed");
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    let damaged = backup::restore(&folder, place.path(), server.clock.now()).await;
    assert_eq!(damaged.unwrap_err().code(), "backup_damaged");
    let nothing = backup::verify(place.path()).await;
    assert_eq!(nothing.unwrap_err().code(), "not_a_backup");
}
