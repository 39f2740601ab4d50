//! Mails that wait, and how they are sent.

use std::time::Duration;

use guildhall_db::Tx;
use guildhall_kernel::{Error, MailId, RequestId, Result, Timestamp};
use guildhall_smtp::{Failure, Limits, Message, Sent, Server, StepState, send};
use serde_json::json;

use super::{
    model::{Content, Letter, MailFailure, MailRow, OutboxRow},
    reach,
    settings::{password, tell},
    store,
};
use crate::{
    app::App,
    audit,
    egress::Origin,
    events::{Audience, Event},
};

/// Mails that wait at most.
const WAITING_MAX: u32 = 5_000;
/// Mails opened at a time.
const BATCH: u32 = 20;
/// How often it is looked for mails whose time to be tried again has come.
const TICK: Duration = Duration::from_secs(15);
/// Seconds until the next try, by how many there were; the last one repeats.
const PAUSES: &[i64] = &[60, 300, 900, 3_600];

/// Queues a mail in the caller's transaction. It is sent after that is durable.
///
/// # Errors
/// `mail_queue_full`; those of the database.
pub fn queue(tx: &Tx<'_>, app: &App, letter: &Letter) -> Result<()> {
    if store::count(tx)? >= WAITING_MAX {
        return Err(Error::unavailable(
            "mail_queue_full",
            "too many mails wait for the mail server; try again later, or have an administrator look at it",
            300,
        ));
    }
    let (id, now) = (MailId::new(app.clock.as_ref()), app.clock.now());
    let content = Content {
        recipient: letter.recipient.clone(),
        subject: letter.subject.clone(),
        text: letter.text.clone(),
    };
    let content = serde_json::to_vec(&content)?;
    let row = OutboxRow {
        id,
        kind: letter.kind.as_str().to_owned(),
        secret: app.secrets.put(tx, &id.to_string(), &content)?,
        attempts: 0,
        created_at: now,
        next_at: now,
        expires_at: letter.expires_at,
    };
    store::insert(tx, &row)?;
    tell(tx, app);
    Ok(())
}

/// Sends what waits, as soon as it is queued and again when that failed, until the node stops.
pub fn start(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let shutdown = app.shutdown.clone();
        let mail = app.mail.clone();
        loop {
            let next = async {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = mail.0.wake.notified() => {}
                }
            };
            if shutdown.run_until_cancelled(next).await.is_none() {
                return;
            }
            if let Err(error) = Box::pin(deliver_due(&app)).await {
                tracing::warn!(error = %error.chain(), "mails were not sent");
            }
        }
    });
}

/// Sends every mail whose time has come, one after the other.
///
/// # Errors
/// Those of the database. A mail that cannot be sent is none: it waits, and the settings tell why.
pub async fn deliver_due(app: &App) -> Result<()> {
    let _alone = app.mail.0.sending.lock().await;
    loop {
        let now = app.clock.now();
        if !app
            .db
            .read(move |reader| store::has_due(reader, now))
            .await?
        {
            return Ok(());
        }
        let node = app.clone();
        let Some(batch) = app.db.write(move |tx| open(tx, &node, now)).await? else {
            return Ok(());
        };
        for (row, content) in batch.mails {
            let sending = Box::pin(send_one(app, &batch.row, (&batch.server, content)));
            if !settle(app, row, sending.await).await? {
                break;
            }
        }
    }
}

/// Mails to be sent now, and the server to send them to.
struct Batch {
    row: MailRow,
    server: Server,
    mails: Vec<(OutboxRow, Content)>,
}

/// Drops what is of no use any more and opens what is due. Nothing while no mail is sent, or nothing is left.
fn open(tx: &Tx<'_>, app: &App, now: Timestamp) -> Result<Option<Batch>> {
    for row in store::list_expired(tx, now)? {
        let message = "a mail was dropped: it could not be sent while its link was of use";
        drop_mail(tx, app, &row, ("mail_expired", message.to_owned()))?;
    }
    let Some(row) = store::find(tx)?.filter(|row| row.settings.enabled) else {
        // Looked at again when mail is switched on, which hastens them.
        store::postpone_due(tx, now, now.plus_seconds(pause_after(u32::MAX)))?;
        return Ok(None);
    };
    let mut mails = Vec::new();
    for due in store::list_due(tx, now, BATCH)? {
        match read_content(tx, app, &due) {
            Ok(content) => mails.push((due, content)),
            Err(error) if error.code() == "secret_unreadable" => {
                drop_mail(tx, app, &due, (error.code(), error.message().to_owned()))?;
            }
            Err(error) => return Err(error),
        }
    }
    let password = password(tx, app, &row)?;
    let server = reach::server(app, &row.settings, password, Limits::default());
    Ok((!mails.is_empty()).then_some(Batch { row, server, mails }))
}

fn read_content(tx: &Tx<'_>, app: &App, row: &OutboxRow) -> Result<Content> {
    let bytes = app.secrets.open_in(tx, row.secret, &row.id.to_string())?;
    Ok(serde_json::from_slice(&bytes)?)
}

async fn send_one(app: &App, row: &MailRow, (server, content): (&Server, Content)) -> Sent {
    let message = Message {
        sender: row.settings.sender.clone(),
        sender_name: row.settings.sender_name.clone(),
        recipient: content.recipient,
        subject: content.subject,
        text: content.text,
    };
    let dialling = reach::dial(app, server, Origin::default());
    Box::pin(send(server, &message, dialling)).await
}

/// Writes down how sending a mail went. Whether the next one should be tried: not when the server itself fails.
async fn settle(app: &App, row: OutboxRow, sent: Sent) -> Result<bool> {
    let is_about_server = concerns_server(&sent);
    let node = app.clone();
    let written = app.db.write(move |tx| {
        let now = node.clock.now();
        match sent.outcome {
            Ok(()) => {
                node.secrets.delete(tx, row.secret)?;
                store::delete(tx, row.id)?;
                store::note_sent(tx, now)?;
                record(tx, &node, ("mail.sent", &row), None)?;
            }
            Err(Failure {
                error,
                is_final: true,
            }) => {
                drop_mail(tx, &node, &row, (error.code(), error.message().to_owned()))?;
            }
            Err(Failure { error, .. }) => {
                let next = now.plus_seconds(pause_after(row.attempts));
                store::postpone(tx, row.id, next)?;
                if is_about_server {
                    store::postpone_due(tx, now, next)?;
                }
                note_failure(tx, now, error.message().to_owned())?;
                tracing::warn!(mail.id = %row.id, code = error.code(), "a mail was not sent and waits");
            }
        }
        node.events
            .publish_after(tx, Audience::Node, Event::MailChanged {});
        Ok(())
    });
    written.await?;
    Ok(!is_about_server)
}

/// Whether sending failed at something that every other mail would fail at too.
fn concerns_server(sent: &Sent) -> bool {
    let failed = sent
        .steps
        .iter()
        .find(|step| step.state == StepState::Failed);
    failed.is_some_and(|step| !["settings", "recipient", "message"].contains(&step.name))
}

fn drop_mail(
    tx: &Tx<'_>,
    app: &App,
    row: &OutboxRow,
    (code, message): (&str, String),
) -> Result<()> {
    app.secrets.delete(tx, row.secret)?;
    store::delete(tx, row.id)?;
    note_failure(tx, app.clock.now(), message)?;
    record(tx, app, ("mail.dropped", row), Some(code))
}

fn note_failure(tx: &Tx<'_>, at: Timestamp, message: String) -> Result<()> {
    store::note_failure(tx, &MailFailure { at, message })
}

fn record(
    tx: &Tx<'_>,
    app: &App,
    (action, row): (&str, &OutboxRow),
    code: Option<&str>,
) -> Result<()> {
    let id = row.id.to_string();
    let facts = json!({ "kind": row.kind, "code": code });
    let clock = app.clock.as_ref();
    audit::record_node(tx, clock, &RequestId::new(), (action, &id), facts)
}

fn pause_after(attempts: u32) -> i64 {
    let place = usize::try_from(attempts).unwrap_or(usize::MAX);
    let last = PAUSES.last().copied().unwrap_or(3_600);
    PAUSES.get(place).copied().unwrap_or(last)
}
