//! Logging in with a password: the node's own, else one that a registered source knows.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Clock, Error, ErrorKind, Result};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    external::log_in_external,
    login::{OpenedSession, Origin},
    password,
    second_step::{self, FirstStep},
    site::Site,
    store,
};
use crate::{app::App, audit};

/// An e-mail address (RFC 5321) and every login name that directories are searched for are shorter.
const LOGIN_BYTES_MAX: usize = 320;

/// Logs a person in with login name and password. The node's own password goes first, so that a local
/// administrator comes in whatever the registered sources do.
///
/// # Errors
/// `wrong_credentials` for whichever part is wrong; `second_factor_required` with how to go on;
/// `too_many_attempts`; `no_organisation` when the person belongs to none; what a source that cannot answer
/// says, and what [`log_in_external`] does.
pub(super) async fn log_in(
    app: &App,
    login: &str,
    password: Zeroizing<String>,
    (origin, site): (Origin, &Site),
) -> Result<OpenedSession> {
    let login = login.trim();
    let email = login.to_lowercase();
    app.login_limits.attempt(&email, &origin.limit_key)?;
    // Longer than any name here or in a directory: nothing is looked up by it.
    if login.len() > LOGIN_BYTES_MAX {
        return Err(wrong_credentials());
    }
    let lookup = email.clone();
    let found = app
        .db
        .read(move |reader| store::find_credentials(reader, &lookup))
        .await?;
    // Who has no password here costs as much time as who does not exist.
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let hash = hash.filter(|hash| !hash.is_empty());
    let is_right = password::verify(password.clone(), hash).await?;
    let Some(found) = found.filter(|_| is_right) else {
        return ask_sources(app, (login, &email), password, origin).await;
    };
    app.login_limits.succeeded(&email, &origin.limit_key);
    let first = FirstStep {
        person: found.person,
        password_hash: found.password_hash,
        invitation: None,
    };
    second_step::go_on(app, first, (origin, site)).await
}

/// Asks who checks passwords that the node does not have.
async fn ask_sources(
    app: &App,
    (login, email): (&str, &str),
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<OpenedSession> {
    let mut silent = None;
    for source in app.password_sources {
        match source.check(app, login, &password).await {
            Ok(Some(identity)) => {
                app.login_limits.succeeded(email, &origin.limit_key);
                return log_in_external(app, identity, origin).await;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(error = %error.chain(), "a password source did not answer");
                silent = silent.or(Some(error));
            }
        }
    }
    let refused = record_failure(app, origin).await;
    // The same for every name, so it tells nothing of who exists.
    match silent {
        Some(error) if error.kind() == ErrorKind::Unavailable => Err(error),
        _ => Err(refused),
    }
}

async fn record_failure(app: &App, origin: Origin) -> Error {
    let clock = Arc::clone(&app.clock);
    let recorded = app
        .db
        .write(move |tx| note_refusal(tx, clock.as_ref(), &origin, "password"));
    match recorded.await {
        Ok(()) => wrong_credentials(),
        Err(error) => error,
    }
}

/// The answer to whichever part of a login is wrong.
pub(super) fn wrong_credentials() -> Error {
    Error::unauthenticated(
        "wrong_credentials",
        "the e-mail address or the password is wrong",
    )
}

/// Records a login that was refused, and at which step.
///
/// # Errors
/// Those of the database.
pub(super) fn note_refusal(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    origin: &Origin,
    step: &str,
) -> Result<()> {
    let facts = json!({ "address": origin.address, "step": step });
    let what = ("session.refused", "login");
    audit::record_anonymous(tx, clock, &origin.request_id, what, facts)
}
