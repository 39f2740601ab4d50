//! What an administrator does about how a member of the organisation logs in.

use guildhall_kernel::{Ctx, Error, PersonId, Result};

use super::{credential_store, factors, people, roles};
use crate::{app::App, audit};

/// Removes every second factor of a member who has lost them, ends the member's sessions and forgets failed
/// attempts.
///
/// # Errors
/// `not_found`, `role_above_yours`, `belongs_elsewhere`; `not_yourself`, since one's own are removed with
/// one's password.
pub(super) async fn reset_second_factors(app: &App, ctx: &Ctx, id: PersonId) -> Result<()> {
    let (caller, live, secrets) = (ctx.clone(), app.live.clone(), app.secrets.clone());
    let node = app.clone();
    let written = app.write(ctx, move |tx| {
        let member = people::find(tx, &caller, id)?;
        if id == caller.person {
            return Err(Error::conflict(
                "not_yourself",
                "you remove your own second factors under Account, with your password",
            ));
        }
        roles::check_over(tx, &caller, member.role)?;
        people::check_is_ours(&caller, &member)?;
        factors::remove_all(tx, &secrets, id)?;
        credential_store::delete_other_sessions(tx, id, None)?;
        live.end_sessions_after(tx, id, None);
        tx.after_commit(move || node.login_limits.unlock(id, &member.email));
        audit::record(tx, &caller, "person.second_factors_reset", id)
    });
    written.await
}

/// Ends a member's sessions in this organisation; the member can log in again.
///
/// # Errors
/// `not_found`, `role_above_yours`.
pub(super) async fn end_sessions(app: &App, ctx: &Ctx, id: PersonId) -> Result<()> {
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        let member = people::find(tx, &caller, id)?;
        roles::check_over(tx, &caller, member.role)?;
        credential_store::delete_sessions_in(tx, caller.organisation, id)?;
        live.changed_after(tx, caller.organisation, Some(id));
        audit::record(tx, &caller, "person.sessions_ended", id)
    });
    written.await
}
