//! Sending one mail, step by step.

use std::{future::Future, time::Instant};

use guildhall_kernel::{Error, Result};
use guildhall_trust::{Certificate, Step, Steps, Stream};

use crate::{Failure, Message, Security, Server, hint_for, session::Session};

const SETTINGS: &str = "settings";
const CONNECT: &str = "connect";
const GREETING: &str = "greeting";
const START_TLS: &str = "start_tls";
const TLS: &str = "tls";
const LOGIN: &str = "login";
const SENDER: &str = "sender";
const RECIPIENT: &str = "recipient";
const MESSAGE: &str = "message";
/// Characters of the server's own words that are shown.
const WORDS_MAX: usize = 120;

/// What opens the connection to the server.
pub trait Dialling: Future<Output = Result<Box<dyn Stream>>> + Send {}

impl<F: Future<Output = Result<Box<dyn Stream>>> + Send> Dialling for F {}

/// How sending a mail went.
#[derive(Debug)]
pub struct Sent {
    /// What was tried, in its order.
    pub steps: Vec<Step>,
    /// Whether the server took the mail.
    pub outcome: std::result::Result<(), Failure>,
}

/// Sends a mail over the connection that `dialling` opens.
pub async fn send(server: &Server, message: &Message, dialling: impl Dialling) -> Sent {
    let steps = Steps::new(hint_for);
    let limit = server.limits.whole;
    let conversation = Box::pin(converse(server, message, dialling, &steps));
    let outcome = match tokio::time::timeout(limit, conversation).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let text = format!("the mail server took longer than {} s", limit.as_secs());
            let error = Error::unavailable("mail_timeout", text, 30);
            Err(Box::new(Failed {
                step: next_step(server, &steps),
                failure: error.into(),
                began: Instant::now(),
            }))
        }
    };
    let outcome = outcome.map_err(|failed| {
        let took = elapsed_ms(failed.began);
        steps.failed(failed.step, &failed.failure.error, took);
        failed.failure
    });
    let mut steps_taken = steps.taken();
    skip_rest(server, &mut steps_taken);
    Sent {
        steps: steps_taken,
        outcome,
    }
}

/// The step that failed, and why.
struct Failed {
    step: &'static str,
    failure: Failure,
    began: Instant,
}

/// Says of a step's outcome which step it was.
fn at<T>(
    step: &'static str,
    began: Instant,
    outcome: std::result::Result<T, impl Into<Failure>>,
) -> std::result::Result<T, Box<Failed>> {
    outcome.map_err(|failure| {
        Box::new(Failed {
            step,
            failure: failure.into(),
            began,
        })
    })
}

async fn converse(
    server: &Server,
    message: &Message,
    dialling: impl Dialling,
    steps: &Steps,
) -> std::result::Result<(), Box<Failed>> {
    let began = Instant::now();
    let wire = message.check().and_then(|()| message.to_wire(server.now));
    let wire = wire.map_err(|error| Failure {
        error,
        is_final: true,
    });
    let wire = at(SETTINGS, began, wire)?;
    let stream = at(CONNECT, began, dialling.await)?;
    let reached = format!("{}:{} takes connections", server.host, server.port);
    steps.ok(CONNECT, reached, elapsed_ms(began));
    let mut session = Box::pin(open(server, stream, steps)).await?;
    match &server.login {
        None => steps.skipped(LOGIN, "no user is entered, so the node does not log in"),
        Some(login) => {
            let began = Instant::now();
            let way = at(LOGIN, began, session.log_in(login).await)?;
            let detail = format!("as `{}` ({way})", login.user);
            steps.ok(LOGIN, detail, elapsed_ms(began));
        }
    }
    let began = Instant::now();
    at(SENDER, began, session.sender(message).await)?;
    steps.ok(SENDER, message.sender.as_str(), elapsed_ms(began));
    let began = Instant::now();
    at(RECIPIENT, began, session.recipient(message).await)?;
    steps.ok(RECIPIENT, message.recipient.as_str(), elapsed_ms(began));
    let began = Instant::now();
    let words = at(MESSAGE, began, session.message(&wire).await)?;
    let words = guildhall_trust::shown(&words.chars().take(WORDS_MAX).collect::<String>());
    steps.ok(
        MESSAGE,
        format!("the server took it: {words}"),
        elapsed_ms(began),
    );
    session.quit().await;
    Ok(())
}

/// Greets and encrypts, in the order that the settings say.
async fn open(
    server: &Server,
    stream: Box<dyn Stream>,
    steps: &Steps,
) -> std::result::Result<Session, Box<Failed>> {
    let mut session = Session::new(stream, server);
    if server.security == Security::Tls {
        session = encrypted(session, server, steps).await?;
    }
    let began = Instant::now();
    let words = at(GREETING, began, session.greet(&server.own_name).await)?;
    let words = guildhall_trust::shown(&words.chars().take(WORDS_MAX).collect::<String>());
    steps.ok(GREETING, words, elapsed_ms(began));
    match server.security {
        Security::Tls => {}
        Security::Plain => steps.skipped(TLS, "the connection stays on this machine"),
        Security::StartTls => {
            let began = Instant::now();
            at(START_TLS, began, session.start_tls().await)?;
            steps.ok(START_TLS, "the server goes on encrypted", elapsed_ms(began));
            session = encrypted(session, server, steps).await?;
            let began = Instant::now();
            at(TLS, began, session.greet_again(&server.own_name).await)?;
        }
    }
    Ok(session)
}

async fn encrypted(
    session: Session,
    server: &Server,
    steps: &Steps,
) -> std::result::Result<Session, Box<Failed>> {
    let (began, mut seen) = (Instant::now(), None);
    let session = at(TLS, began, session.encrypted(server, &mut seen).await)?;
    let facts = seen.as_ref().map(Certificate::describe);
    let facts = facts.unwrap_or_else(|| "encrypted".to_owned());
    steps.ok(TLS, facts, elapsed_ms(began));
    Ok(session)
}

/// The steps of a conversation with this server, in their order.
fn names(server: &Server) -> Vec<&'static str> {
    let first: &[&str] = match server.security {
        Security::Tls => &[CONNECT, TLS, GREETING],
        Security::StartTls => &[CONNECT, GREETING, START_TLS, TLS],
        Security::Plain => &[CONNECT, GREETING, TLS],
    };
    let rest = [LOGIN, SENDER, RECIPIENT, MESSAGE];
    first.iter().copied().chain(rest).collect()
}

/// The step that a conversation was in when its time was over.
fn next_step(server: &Server, steps: &Steps) -> &'static str {
    let taken = steps.count();
    names(server).get(taken).copied().unwrap_or(MESSAGE)
}

/// Tells of the steps that did not come about that they were not tried.
fn skip_rest(server: &Server, steps: &mut Vec<Step>) {
    let told: Vec<&str> = steps.iter().map(|step| step.name).collect();
    let missing = names(server)
        .into_iter()
        .filter(|name| !told.contains(name));
    let missing: Vec<Step> = missing
        .map(|name| Step::skipped(name, "an earlier step failed"))
        .collect();
    steps.extend(missing);
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
