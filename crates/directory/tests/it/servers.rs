//! Reaching servers: encrypted, trusted, and the next one when the first is gone.

use std::time::Duration;

use guildhall_directory::{Security, ServerUrl, Settings, authenticate};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::slapd::{Options, Slapd, directory, free_port, secret};

/// The code of the refusal; nothing when Ana gets in.
async fn refused(
    server: &Slapd,
    change: impl FnOnce(&mut Settings),
) -> Option<(&'static str, String)> {
    let directory = server.directory(change);
    match authenticate(&directory, "ana", &secret("ana-password")).await {
        Ok(Some(_)) => None,
        Ok(None) => Some(("nobody", String::new())),
        Err(error) => Some((error.code(), error.message().to_owned())),
    }
}

fn start_tls(server: &Slapd) -> impl FnOnce(&mut Settings) + use<> {
    let url = server.plain_url();
    move |it| {
        it.security = Security::StartTls;
        it.urls = vec![url];
    }
}

#[tokio::test]
async fn both_ways_of_encryption_work_and_trust_only_what_was_entered() {
    let server = Slapd::start();
    assert_eq!(refused(&server, |_| {}).await, None);
    assert_eq!(refused(&server, start_tls(&server)).await, None);
    let (code, message) = refused(&server, |it| it.ca_pem = None).await.unwrap();
    assert_eq!(code, "directory_tls_unknown_issuer");
    for fact in [
        "authority under test",
        "directory under test",
        "localhost",
        "SHA-256",
    ] {
        assert!(message.contains(fact), "{message}");
    }
    let other = Slapd::start();
    let foreign = other.ca_pem.clone();
    let (code, _) = refused(&server, |it| it.ca_pem = Some(foreign))
        .await
        .unwrap();
    assert_eq!(code, "directory_tls_unknown_issuer");
    let (code, _) = refused(&server, |it| {
        start_tls(&server)(it);
        it.ca_pem = None;
    })
    .await
    .unwrap();
    assert_eq!(code, "directory_tls_unknown_issuer");
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_for_another_name_is_refused() {
    let expired = Slapd::with(Options {
        is_expired: true,
        ..Options::default()
    });
    let (code, message) = refused(&expired, |_| {}).await.unwrap();
    assert_eq!(code, "directory_tls_expired");
    assert!(message.contains("to 2020-01-01"), "{message}");
    let elsewhere = Slapd::with(Options {
        names: &["ldap.example.org"],
        ..Options::default()
    });
    let (code, message) = refused(&elsewhere, |_| {}).await.unwrap();
    assert_eq!(code, "directory_tls_wrong_name");
    assert!(message.contains("ldap.example.org"), "{message}");
}

#[tokio::test]
async fn a_certificate_that_nobody_issued_can_be_entered_itself() {
    let server = Slapd::with(Options {
        is_self_made: true,
        ..Options::default()
    });
    assert_eq!(refused(&server, |_| {}).await, None);
    let (code, _) = refused(&server, |it| it.ca_pem = None).await.unwrap();
    assert!(code.starts_with("directory_tls_"), "{code}");
    let expired = Slapd::with(Options {
        is_self_made: true,
        is_expired: true,
        ..Options::default()
    });
    assert_eq!(
        refused(&expired, |_| {}).await.unwrap().0,
        "directory_tls_expired"
    );
}

#[tokio::test]
async fn passwords_cross_an_unencrypted_connection_only_when_that_is_allowed() {
    let server = Slapd::start();
    let url = server.plain_url();
    let plain = |allow: bool| {
        let url = url.clone();
        move |it: &mut Settings| {
            it.security = Security::Plain;
            it.allow_plain = allow;
            it.urls = vec![url];
        }
    };
    assert_eq!(
        refused(&server, plain(false)).await.unwrap().0,
        "plain_refused"
    );
    assert_eq!(refused(&server, plain(true)).await, None);
}

#[tokio::test]
async fn a_server_that_demands_encryption_is_understood() {
    let server = Slapd::with(Options {
        global: "security tls=1",
        ..Options::default()
    });
    assert_eq!(refused(&server, start_tls(&server)).await, None);
    let url = server.plain_url();
    let plain = move |it: &mut Settings| {
        it.security = Security::Plain;
        it.allow_plain = true;
        it.urls = vec![url];
    };
    let (code, message) = refused(&server, plain).await.unwrap();
    assert_eq!(code, "directory_encryption_demanded");
    assert!(message.contains("confidentialityRequired"), "{message}");
}

#[tokio::test]
async fn the_next_server_is_asked_when_the_first_is_gone() {
    let mut first = Slapd::start();
    let second = Slapd::start();
    let both = format!("{}\n{}", first.ca_pem, second.ca_pem);
    let urls = vec![first.tls_url(), second.tls_url()];
    let change = |it: &mut Settings| {
        it.ca_pem = Some(both.clone());
        it.urls = urls.clone();
    };
    assert_eq!(refused(&first, change).await, None);
    first.kill();
    assert_eq!(refused(&first, change).await, None);
    drop(second);
    let (code, message) = refused(&first, change).await.unwrap();
    assert_eq!(code, "directory_unreachable", "{message}");
    // A server that nobody can trust is passed over too.
    let third = Slapd::start();
    let stranger = Slapd::start();
    let mixed = |it: &mut Settings| it.urls = vec![stranger.tls_url(), third.tls_url()];
    assert_eq!(refused(&third, mixed).await, None);
}

#[tokio::test]
async fn the_wrong_port_is_understood() {
    let server = Slapd::start();
    let port = server.plain_port;
    let crossed = |it: &mut Settings| {
        it.urls = vec![ServerUrl::parse(&format!("ldaps://127.0.0.1:{port}")).unwrap()];
    };
    let (code, message) = refused(&server, crossed).await.unwrap();
    assert_eq!(code, "directory_tls_no_tls", "{message}");
    let port = server.tls_port;
    let crossed = |it: &mut Settings| {
        it.security = Security::StartTls;
        it.urls = vec![ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap()];
    };
    let (code, message) = refused(&server, crossed).await.unwrap();
    let known = [
        "directory_start_tls_refused",
        "directory_malformed",
        "directory_cut",
    ];
    assert!(known.contains(&code), "{code} {message}");
    let closed = free_port();
    let nobody = |it: &mut Settings| {
        it.urls = vec![ServerUrl::parse(&format!("ldaps://127.0.0.1:{closed}")).unwrap()];
    };
    assert_eq!(
        refused(&server, nobody).await.unwrap().0,
        "directory_unreachable"
    );
}

/// A server that answers every first message with these bytes and then says nothing more.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_hostile_server_fails_its_own_conversation_only() {
    let server = Slapd::start();
    let mut deep = Vec::new();
    for level in (0_u8..60).rev() {
        deep.extend_from_slice(&[0x30, level * 2]);
    }
    // An answer to the bind whose result is no number, and one that is none at all.
    let no_number = vec![0x30, 12, 2, 1, 1, 0x61, 7, 4, 1, 0, 4, 0, 4, 0];
    let no_text = vec![0x30, 14, 2, 1, 1, 0x61, 9, 10, 1, 0, 4, 2, 0xff, 0xff, 4, 0];
    for (bytes, codes) in [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
            "directory_malformed",
        ),
        (
            vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
            "directory_too_large",
        ),
        (deep, "directory_malformed"),
        (no_number, "directory_malformed"),
        (no_text, "directory_malformed"),
        (Vec::new(), "directory_timeout"),
    ] {
        let port = answering(bytes.clone()).await;
        let change = |it: &mut Settings| {
            it.security = Security::Plain;
            it.allow_plain = true;
            it.urls = vec![ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap()];
            it.limits.operation = Duration::from_millis(300);
        };
        let (code, message) = refused(&server, change).await.unwrap();
        assert_eq!(code, codes, "{bytes:?}: {message}");
    }
}

#[tokio::test]
async fn what_is_slipped_in_behind_start_tls_is_not_believed() {
    let server = Slapd::start();
    // The answer to StartTLS and, in the clear, one that would let anybody in.
    let mut bytes = vec![0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
    bytes.extend_from_slice(&[0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0]);
    let port = answering(bytes).await;
    let mut settings = server.settings();
    settings.security = Security::StartTls;
    settings.urls = vec![ServerUrl::parse(&format!("ldap://127.0.0.1:{port}")).unwrap()];
    let refused = authenticate(&directory(settings), "ana", &secret("ana-password"))
        .await
        .unwrap_err();
    assert!(
        refused.code().starts_with("directory_tls_"),
        "{}",
        refused.code()
    );
}
