//! Trying a mail server out: one mail, told step by step.

use std::time::Duration;

use guildhall_kernel::{Ctx, Result};
use guildhall_smtp::{Limits, Message, Step, StepState, check_address, send};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    input::{MailInput, MailTrial},
    model::StoredSettings,
    reach,
    settings::{check_keeps_password, password},
    store,
};
use crate::{app::App, audit, egress::Origin};

/// Somebody waits for it in front of a screen.
const LIMITS: Limits = Limits {
    answer: Duration::from_secs(10),
    whole: Duration::from_secs(25),
};
const SUBJECT: &str = "A mail from Guildhall, to try the mail server out";

/// Tries a mail server out with a real mail and says step by step how it went. `own_address` is the caller's.
///
/// # Errors
/// The refusals of single fields; `password_needed` as when the server is entered.
pub async fn test(
    app: &App,
    ctx: &Ctx,
    (trial, own_address): (MailTrial, String),
) -> Result<Vec<Step>> {
    let (input, to) = trial.into_parts();
    let settings = input.checked()?;
    let recipient = to.map_or(own_address, |to| to.trim().to_owned());
    check_address("to", &recipient)?;
    let password = password_on_trial(app, &input, &settings).await?;
    let server = reach::server(app, &settings, password, LIMITS);
    let origin = Origin {
        organisation: Some(ctx.organisation),
        person: Some(ctx.person),
    };
    let message = Message {
        sender: settings.sender,
        sender_name: settings.sender_name,
        recipient,
        subject: SUBJECT.to_owned(),
        text: format!(
            "This mail was sent from {} because an administrator tried the mail server out.\n\nNothing needs to be done.\n",
            app.origin
        ),
    };
    let sent = Box::pin(send(&server, &message, reach::dial(app, &server, origin))).await;
    let failed = sent
        .steps
        .iter()
        .find(|step| step.state == StepState::Failed);
    let facts = json!({ "host": server.host, "failed_step": failed.map(|step| step.name) });
    let caller = ctx.clone();
    let recorded = app
        .db
        .write(move |tx| audit::record_with(tx, &caller, "mail.tested", "node", facts));
    recorded.await?;
    Ok(sent.steps)
}

async fn password_on_trial(
    app: &App,
    input: &MailInput,
    settings: &StoredSettings,
) -> Result<Option<Zeroizing<String>>> {
    let entered = input.entered();
    if settings.user.is_none() || entered.is_some() {
        return Ok(entered);
    }
    let (node, settings) = (app.clone(), settings.clone());
    let opened = app.db.write(move |tx| {
        let kept = store::find(tx)?;
        check_keeps_password(kept.as_ref(), &settings)?;
        kept.map_or(Ok(None), |row| password(tx, &node, &row))
    });
    opened.await
}
