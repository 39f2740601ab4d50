//! The mail server as the node's administrator enters it.

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, Result, SecretId};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    input::MailInput,
    model::{MailRow, MailState, StoredSettings},
    store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

/// What the server's password is sealed for.
const OWNER: &str = "mail server";

/// The mail server and how sending goes.
///
/// # Errors
/// Those of the database.
pub async fn read(app: &App) -> Result<MailState> {
    let read = app
        .db
        .read(|reader| Ok(MailState::of(store::find(reader)?, store::count(reader)?)));
    read.await
}

/// Enters a mail server in the place of the one before. What waits is tried at once.
///
/// # Errors
/// The refusals of single fields; `password_needed` when there is none, or when the kept one would go to a server that it
/// was not entered for.
pub async fn update(app: &App, ctx: &Ctx, input: MailInput) -> Result<MailState> {
    let settings = input.checked()?;
    let entered = input.entered();
    let (node, caller) = (app.clone(), ctx.clone());
    let written = app.write(ctx, move |tx| {
        let old = store::find(tx)?;
        let secret = kept_or_sealed(tx, &node, (old.as_ref(), &settings), entered)?;
        let row = MailRow {
            settings,
            secret,
            updated_at: caller.now(),
            last_sent_at: old.and_then(|old| old.last_sent_at),
            last_failure: None,
        };
        store::save(tx, &row)?;
        store::hasten(tx, caller.now())?;
        let facts = json!({
            "enabled": row.settings.enabled,
            "host": row.settings.host,
            "port": row.settings.port,
            "security": row.settings.security,
            "sender": row.settings.sender,
        });
        audit::record_with(tx, &caller, "mail.changed", "node", facts)?;
        tell(tx, &node);
        Ok(MailState::of(Some(row), store::count(tx)?))
    });
    written.await
}

/// Forgets the mail server, its password and the mails that wait.
///
/// # Errors
/// Those of the database.
pub async fn remove(app: &App, ctx: &Ctx) -> Result<()> {
    let (node, caller) = (app.clone(), ctx.clone());
    let written = app.write(ctx, move |tx| {
        if let Some(secret) = store::find(tx)?.and_then(|row| row.secret) {
            node.secrets.delete(tx, secret)?;
        }
        let dropped = store::list(tx)?;
        for row in &dropped {
            node.secrets.delete(tx, row.secret)?;
            store::delete(tx, row.id)?;
        }
        store::delete_settings(tx)?;
        let facts = json!({ "dropped": dropped.len() });
        audit::record_with(tx, &caller, "mail.removed", "node", facts)?;
        tell(tx, &node);
        Ok(())
    });
    written.await
}

/// Lets open pages hear of it, and whoever sends mails.
pub(super) fn tell(tx: &Tx<'_>, app: &App) {
    app.events
        .publish_after(tx, Audience::Node, Event::MailChanged {});
    let mail = app.mail.clone();
    tx.after_commit(move || mail.0.wake.notify_one());
}

/// The sealed password that goes with new settings: the entered one, or the kept one where it may stay.
fn kept_or_sealed(
    tx: &Tx<'_>,
    app: &App,
    (old, new): (Option<&MailRow>, &StoredSettings),
    entered: Option<Zeroizing<String>>,
) -> Result<Option<SecretId>> {
    let kept = old.and_then(|old| old.secret);
    if new.user.is_some() && entered.is_none() {
        check_keeps_password(old, new)?;
        return Ok(kept);
    }
    if let Some(gone) = kept {
        app.secrets.delete(tx, gone)?;
    }
    entered
        .map(|password| app.secrets.put(tx, OWNER, password.as_bytes()))
        .transpose()
}

/// Refuses to send a kept password where it was not entered for: whoever may change settings could otherwise have it sent to
/// themselves.
///
/// # Errors
/// `password_needed`.
pub(super) fn check_keeps_password(old: Option<&MailRow>, new: &StoredSettings) -> Result<()> {
    let needed = |message: &str| Err(Error::invalid_field("password", "password_needed", message));
    let Some(old) = old.filter(|old| old.secret.is_some()) else {
        return needed("enter the password that goes with the user");
    };
    let before = &old.settings;
    let is_same = (&before.host, before.port, before.security)
        == (&new.host, new.port, new.security)
        && (&before.ca_pem, &before.user) == (&new.ca_pem, &new.user);
    if is_same {
        return Ok(());
    }
    needed("enter the password once more: server, encryption, certificates or user were changed")
}

/// The password of these settings, opened.
///
/// # Errors
/// `secret_unreadable`; those of the database.
pub(super) fn password(tx: &Tx<'_>, app: &App, row: &MailRow) -> Result<Option<Zeroizing<String>>> {
    let Some(secret) = row.secret else {
        return Ok(None);
    };
    let bytes = app.secrets.open_in(tx, secret, OWNER)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Error::internal("a password that is no text").with_source(error))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}
