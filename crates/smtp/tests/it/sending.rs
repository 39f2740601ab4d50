//! One mail, to servers of every kind.

use std::time::Duration;

use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_smtp::{Limits, Login, Message, Security, Sent, Server, Step, StepState, send};
use guildhall_trust::Stream;
use tokio::net::TcpStream;

use crate::server::{MailServer, Options, Tls};

/// 2026-01-05.
const NOW: i64 = 1_767_571_200_000;

fn settings(server: &MailServer) -> Server {
    Server {
        host: "localhost".to_owned(),
        port: server.port,
        security: Security::StartTls,
        ca_pem: Some(server.ca_pem.clone()),
        login: None,
        own_name: "guildhall.under.test".to_owned(),
        now: Timestamp::from_millis(NOW),
        limits: Limits {
            answer: Duration::from_secs(10),
            whole: Duration::from_secs(20),
        },
    }
}

fn login(user: &str, password: &str) -> Option<Login> {
    Some(Login {
        user: user.to_owned(),
        password: password.to_owned().into(),
    })
}

fn message() -> Message {
    Message {
        sender: "guildhall@example.org".to_owned(),
        sender_name: "Guildhall".to_owned(),
        recipient: "ana@example.org".to_owned(),
        subject: "Grüße".to_owned(),
        text: "Hello Ana,\n.\n..\nhttps://guildhall.example/invitation#abc\n".to_owned(),
    }
}

async fn dial(port: u16) -> Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await;
    let stream = stream.map_err(|error| {
        Error::unavailable("egress_unreachable", "nobody is there", 5).with_source(error)
    })?;
    Ok(Box::new(stream))
}

async fn sent(settings: &Server, message: &Message) -> Sent {
    send(settings, message, dial(settings.port)).await
}

fn states(steps: &[Step]) -> Vec<(&'static str, StepState)> {
    steps.iter().map(|step| (step.name, step.state)).collect()
}

/// The step that failed, its code, and whether that is for good.
fn failure(sent: &Sent) -> (&'static str, &'static str, bool) {
    let failure = sent.outcome.as_ref().expect_err("the mail was taken");
    let failed: Vec<_> = sent
        .steps
        .iter()
        .filter(|step| step.state == StepState::Failed)
        .collect();
    assert_eq!(failed.len(), 1, "{:?}", sent.steps);
    assert_eq!(failed[0].detail, failure.error.message());
    assert!(failed[0].hint.is_some(), "no way out: {:?}", failed[0]);
    (failed[0].name, failure.error.code(), failure.is_final)
}

async fn failing(
    options: Options,
    change: impl FnOnce(&MailServer, &mut Server),
) -> (Sent, MailServer) {
    let server = MailServer::start(options).await;
    let mut settings = settings(&server);
    change(&server, &mut settings);
    let sent = sent(&settings, &message()).await;
    (sent, server)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written_by_every_way() {
    use StepState::{Ok as Went, Skipped};
    for (tls, security) in [
        (Tls::OnDemand, Security::StartTls),
        (Tls::Always, Security::Tls),
        (Tls::Never, Security::Plain),
    ] {
        for ways in ["PLAIN LOGIN", "LOGIN", "XOAUTH2 PLAIN"] {
            let mut server = MailServer::start(Options {
                tls,
                ways,
                login: Some(("guildhall", "pässword with = signs")),
                ..Options::default()
            })
            .await;
            let mut settings = settings(&server);
            settings.security = security;
            settings.login = login("guildhall", "pässword with = signs");
            let sent = sent(&settings, &message()).await;
            assert!(sent.outcome.is_ok(), "{:?}", sent.steps);
            let names = states(&sent.steps);
            let tls_state = if tls == Tls::Never { Skipped } else { Went };
            assert!(names.contains(&("tls", tls_state)), "{names:?}");
            for step in [
                "connect",
                "greeting",
                "login",
                "sender",
                "recipient",
                "message",
            ] {
                assert!(names.contains(&(step, Went)), "{names:?}");
            }
            let taken = server.next().await;
            assert_eq!(taken.from, "guildhall@example.org");
            assert_eq!(taken.to, "ana@example.org");
            assert_eq!(taken.text().replace("\r\n", "\n"), message().text);
            assert_eq!(taken.token(), "abc");
        }
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_is_not_trusted() {
    type Case = (Options, fn(&mut Server), &'static str);
    let cases: [Case; 5] = [
        (
            Options::default(),
            |it| it.ca_pem = None,
            "mail_tls_unknown_issuer",
        ),
        (
            Options {
                name: "mail.example.org",
                ..Options::default()
            },
            |_| {},
            "mail_tls_wrong_name",
        ),
        (
            Options {
                is_expired: true,
                ..Options::default()
            },
            |_| {},
            "mail_tls_expired",
        ),
        (
            Options {
                tls: Tls::Never,
                ..Options::default()
            },
            |_| {},
            "mail_start_tls_missing",
        ),
        (
            Options {
                tls: Tls::OnDemand,
                injected: "\r\n250 I was here before",
                ..Options::default()
            },
            |_| {},
            "mail_malformed",
        ),
    ];
    for (options, change, code) in cases {
        let (sent, server) = failing(options, |_, it| {
            it.login = login("guildhall", "secret");
            change(it);
        })
        .await;
        let (_, found, is_final) = failure(&sent);
        assert_eq!((found, is_final), (code, false));
        let said = server.commands();
        assert!(
            said.iter()
                .all(|line| line.starts_with("EHLO") || line == "STARTTLS"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn a_port_that_speaks_tls_from_the_first_byte_or_not_at_all_is_told_apart() {
    let (sent, _) = failing(
        Options {
            tls: Tls::OnDemand,
            ..Options::default()
        },
        |_, it| it.security = Security::Tls,
    )
    .await;
    assert_eq!(failure(&sent), ("tls", "mail_tls_no_tls", false));
    // A server of the other kind waits for us to begin.
    let (sent, _) = failing(
        Options {
            tls: Tls::Always,
            ..Options::default()
        },
        |_, it| it.limits.answer = Duration::from_millis(300),
    )
    .await;
    assert_eq!(failure(&sent), ("greeting", "mail_timeout", false));
}

#[tokio::test]
async fn a_refused_login_is_told_and_no_mail_is_tried() {
    let options = Options {
        login: Some(("guildhall", "right")),
        ..Options::default()
    };
    let (sent, server) = failing(options.clone(), |_, it| {
        it.login = login("guildhall", "wrong")
    })
    .await;
    assert_eq!(failure(&sent), ("login", "mail_login_refused", false));
    assert!(!format!("{:?}", sent.steps).contains("wrong"), "a password");
    assert!(
        !server
            .commands()
            .iter()
            .any(|line| line.starts_with("MAIL"))
    );
    let rest: Vec<_> = sent
        .steps
        .iter()
        .filter(|step| step.state == StepState::Skipped)
        .map(|step| step.name)
        .collect();
    assert_eq!(rest, ["sender", "recipient", "message"]);

    let (sent, _) = failing(options, |_, _| {}).await;
    assert_eq!(failure(&sent), ("sender", "mail_login_needed", false));
    let modern = Options {
        login: Some(("guildhall", "right")),
        ways: "XOAUTH2",
        ..Options::default()
    };
    let (sent, _) = failing(modern, |_, it| it.login = login("guildhall", "right")).await;
    assert_eq!(failure(&sent), ("login", "mail_login_missing", false));
}

#[tokio::test]
async fn refusals_for_good_and_for_now_are_told_apart() {
    for (verb, reply, expected) in [
        (
            "GREETING",
            "554 not you",
            ("greeting", "mail_greeting_refused", false),
        ),
        (
            "EHLO",
            "502 what",
            ("greeting", "mail_greeting_refused", false),
        ),
        (
            "STARTTLS",
            "454 no certificate",
            ("start_tls", "mail_start_tls_refused", false),
        ),
        (
            "MAIL",
            "550 not as him",
            ("sender", "mail_sender_refused", false),
        ),
        (
            "RCPT",
            "550 5.1.1 nobody of that name",
            ("recipient", "mail_recipient_refused", true),
        ),
        (
            "RCPT",
            "451 later",
            ("recipient", "mail_recipient_refused", false),
        ),
        (
            "DATA",
            "552 too large",
            ("message", "mail_message_refused", true),
        ),
        ("RCPT", "cut", ("recipient", "mail_cut", false)),
        (
            "EHLO",
            "HTTP/1.1 400 Bad Request",
            ("greeting", "mail_malformed", false),
        ),
    ] {
        let (sent, mut server) =
            failing(Options::default(), |server, _| server.answer(verb, reply)).await;
        assert_eq!(failure(&sent), expected, "{verb} {reply}");
        if reply.starts_with('5') {
            let words = reply.split_once(' ').unwrap().1;
            assert!(format!("{:?}", sent.steps).contains(words), "{reply}");
        }
        assert!(!server.has_more(), "{verb} {reply}");
        server.behave();
        let again = send(&settings(&server), &message(), dial(server.port)).await;
        assert!(again.outcome.is_ok(), "{:?}", again.steps);
        assert_eq!(server.next().await.to, "ana@example.org");
    }
}

#[tokio::test]
async fn silence_ends_at_the_step_where_it_began() {
    for (verb, step) in [
        ("GREETING", "greeting"),
        ("RCPT", "recipient"),
        ("DATA", "message"),
    ] {
        let (sent, _) = failing(Options::default(), |server, it| {
            server.answer(verb, "");
            it.limits.answer = Duration::from_millis(200);
        })
        .await;
        assert_eq!(failure(&sent), (step, "mail_timeout", false));
    }
    let (sent, _) = failing(Options::default(), |server, it| {
        server.answer("RCPT", "");
        it.limits.whole = Duration::from_millis(500);
    })
    .await;
    assert_eq!(failure(&sent), ("recipient", "mail_timeout", false));
}

#[tokio::test]
async fn an_address_that_would_become_a_command_is_never_sent() {
    let server = MailServer::start(Options::default()).await;
    let mut message = message();
    message.recipient = "ana@example.org>\r\nRCPT TO:<eve@example.org".to_owned();
    let sent = sent(&settings(&server), &message).await;
    let failure = sent.outcome.unwrap_err();
    assert_eq!(
        (failure.error.code(), failure.is_final),
        ("invalid_email", true)
    );
    assert_eq!(sent.steps[0].name, "settings");
    assert!(server.commands().is_empty());
    message.recipient = "jörg@example.org".to_owned();
    let sent = send(&settings(&server), &message, dial(server.port)).await;
    let failure = sent.outcome.unwrap_err();
    assert_eq!(failure.error.code(), "mail_address_unsupported");
}
