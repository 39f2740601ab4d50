//! Proving the password again before what matters most changes.

use guildhall_kernel::{Ctx, Error, Principal, Result};
use zeroize::Zeroizing;

use super::{login::Origin, model::Person, password, store};
use crate::app::App;

/// Refuses whoever does not come from a logged-in browser: a key must not change how its owner logs in.
///
/// # Errors
/// `not_a_session`.
pub(super) fn require_session(ctx: &Ctx) -> Result<()> {
    if matches!(ctx.principal, Principal::Session(_)) {
        return Ok(());
    }
    Err(Error::forbidden(
        "not_a_session",
        "how you log in can only be changed from a logged-in browser",
    ))
}

/// Checks the caller's password, given as `field`.
///
/// # Errors
/// `not_a_session`; `wrong_password` on the field; `too_many_attempts`; `no_local_password` for who has none here.
pub(super) async fn prove_password(
    app: &App,
    ctx: &Ctx,
    (field, given): (&'static str, Zeroizing<String>),
    origin: &Origin,
) -> Result<Person> {
    require_session(ctx)?;
    let id = ctx.person;
    let read = app.db.read(move |reader| {
        Ok((
            store::find_person(reader, id)?,
            store::find_password_hash(reader, id)?,
        ))
    });
    let (person, hash) = read.await?;
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    let hash = hash
        .filter(|hash| !hash.is_empty())
        .ok_or_else(no_local_password)?;
    app.login_limits.attempt(&person.email, &origin.limit_key)?;
    if !password::verify(given, Some(hash)).await? {
        let message = "the password is wrong; give the one you log in with";
        return Err(Error::invalid_field(field, "wrong_password", message));
    }
    app.login_limits.succeeded(&person.email, &origin.limit_key);
    Ok(person)
}

/// The answer to whoever would change a password that is not here.
pub(super) fn no_local_password() -> Error {
    Error::conflict(
        "no_local_password",
        "this account logs in through its directory or identity provider; password and second factors are managed there",
    )
}
