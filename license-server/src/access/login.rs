//! Signing in and out.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{Clock, Error, Result, SessionId, random_token};
use guildhall_web::{
    password,
    rate_limit::{BackOff, Penalty},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    authenticate::context_of,
    model::checked_password,
    store::{self, SessionRow},
    token_hash,
};
use crate::{
    app::App,
    audit,
    ctx::{Actor, Ctx},
    ids::{PortalAccessId, StaffId},
};

/// How long a session lives without being used.
pub(super) const SESSION_SECONDS: i64 = 12 * 3600;
/// How many accounts and addresses are remembered.
const KEYS_MAX: usize = 50_000;
const TOKEN_BYTES: usize = 32;

/// Failed sign-ins, counted by account and by address.
pub struct LoginLimits {
    by_account: BackOff<String>,
    by_address: BackOff<String>,
}

impl LoginLimits {
    /// Five free attempts an account and twenty an address, then a wait that doubles up to 15 minutes.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let by_address = Penalty {
            free_failures: 20,
            ..Penalty::default()
        };
        Self {
            by_account: BackOff::new(Penalty::default(), KEYS_MAX, Arc::clone(&clock)),
            by_address: BackOff::new(by_address, KEYS_MAX, clock),
        }
    }
}

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The peer's address, without port.
    pub(super) address: String,
    /// What attempts from there count under: an IPv6 caller owns a whole network.
    pub(super) limit_key: String,
}

/// A session that was just made.
pub(super) struct Opened {
    /// The secret for the cookie.
    pub(super) token: String,
    /// Who acts in it.
    pub(super) ctx: Ctx,
}

/// Signs a member of the staff in.
///
/// # Errors
/// `wrong_credentials` for whichever part is wrong; `too_many_attempts`.
pub(super) async fn sign_in(
    app: &App,
    email: &str,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<Opened> {
    let email = email.trim().to_lowercase();
    app.login_limits.by_account.attempt(&email)?;
    app.login_limits.by_address.attempt(&origin.limit_key)?;
    let wanted = email.clone();
    let found = app
        .db
        .read(move |reader| store::find_staff_by_email(reader, &wanted))
        .await?
        .filter(|(member, _)| !member.disabled);
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    let is_right = password::verify(password, hash).await?;
    let Some((member, _)) = found.filter(|_| is_right) else {
        return Err(refused(app, &origin, "the e-mail address or the password is wrong").await);
    };
    app.login_limits.by_account.succeeded(&email);
    app.login_limits.by_address.succeeded(&origin.limit_key);
    open(app, Owner::Staff(member.id), origin).await
}

/// Signs a customer's person in with a portal code.
///
/// # Errors
/// `wrong_credentials`; `too_many_attempts`.
pub(super) async fn sign_in_to_portal(app: &App, code: &str, origin: Origin) -> Result<Opened> {
    app.login_limits.by_address.attempt(&origin.limit_key)?;
    let (hash, now) = (token_hash(code.trim()), app.clock.now());
    let found = app
        .db
        .read(move |reader| store::find_access_by_code(reader, &hash, now))
        .await?;
    let Some(access) = found else {
        let message = "this access code opens nothing; check it, or ask your vendor for a new one";
        return Err(refused(app, &origin, message).await);
    };
    app.login_limits.by_address.succeeded(&origin.limit_key);
    open(app, Owner::Access(access.id), origin).await
}

enum Owner {
    Staff(StaffId),
    Access(PortalAccessId),
}

async fn open(app: &App, owner: Owner, origin: Origin) -> Result<Opened> {
    let blank = Ctx::outside(Actor::Operator, Arc::clone(&app.clock));
    let written = app
        .db
        .write(move |tx| open_session(tx, blank, &owner, &origin));
    written.await
}

fn open_session(tx: &Tx<'_>, blank: Ctx, owner: &Owner, origin: &Origin) -> Result<Opened> {
    let now = blank.now();
    store::delete_expired_sessions(tx, now)?;
    let token = random_token(TOKEN_BYTES);
    let row = SessionRow {
        id: SessionId::new(blank.clock.as_ref()),
        staff: match owner {
            Owner::Staff(id) => Some(*id),
            Owner::Access(_) => None,
        },
        access: match owner {
            Owner::Access(id) => Some(*id),
            Owner::Staff(_) => None,
        },
        last_seen_at: now,
        expires_at: now.plus_seconds(SESSION_SECONDS),
    };
    store::insert_session(tx, &token_hash(&token), &row, &origin.address)?;
    match owner {
        Owner::Staff(id) => store::touch_staff(tx, *id, now)?,
        Owner::Access(id) => store::touch_access(tx, *id, now)?,
    }
    let ctx = context_of(tx, &row, blank)?.ok_or_else(guildhall_web::guard::not_logged_in)?;
    audit::record(tx, &ctx, "session.opened", row.id)?;
    Ok(Opened { token, ctx })
}

async fn refused(app: &App, origin: &Origin, message: &str) -> Error {
    let ctx = Ctx::outside(Actor::Node("unknown".to_owned()), Arc::clone(&app.clock));
    let facts = json!({ "address": origin.address });
    let recorded = app
        .db
        .write(move |tx| audit::record_with(tx, &ctx, "session.refused", "sign-in", facts));
    match recorded.await {
        Ok(()) => Error::unauthenticated("wrong_credentials", message),
        Err(error) => error,
    }
}

/// Ends the session that asks. An API key has nothing to end.
///
/// # Errors
/// Those of the database.
pub(super) async fn sign_out(app: &App, ctx: &Ctx) -> Result<()> {
    let (Actor::Staff { session, .. } | Actor::Portal { session, .. }) = ctx.actor else {
        return Ok(());
    };
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        store::delete_session(tx, session)?;
        audit::record(tx, &caller, "session.closed", session)
    });
    written.await
}

/// Changes the caller's own password and ends their other sessions.
///
/// # Errors
/// `not_a_person`, `wrong_password`, `weak_password`, `too_many_attempts`.
pub(super) async fn change_password(
    app: &App,
    ctx: &Ctx,
    current: Zeroizing<String>,
    new: Zeroizing<String>,
) -> Result<()> {
    let Actor::Staff { id, session, .. } = ctx.actor else {
        return Err(Error::conflict(
            "not_a_person",
            "only a member of the staff has a password",
        ));
    };
    app.login_limits.by_account.attempt(&id.to_string())?;
    let (member, hash) = app
        .db
        .read(move |reader| {
            Ok((
                store::find_staff(reader, id)?,
                store::find_password_hash(reader, id)?,
            ))
        })
        .await?;
    let member = member.ok_or_else(|| Error::not_found("member of the staff"))?;
    if !password::verify(current, hash).await? {
        return Err(Error::invalid_field(
            "current_password",
            "wrong_password",
            "the current password is wrong",
        ));
    }
    app.login_limits.by_account.succeeded(&id.to_string());
    let new = checked_password("new_password", &new, &member.email)?;
    let hash = password::hash(new).await?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        store::update_password(tx, id, &hash, false)?;
        store::delete_other_sessions(tx, id, Some(session))?;
        audit::record(tx, &caller, "staff.password_changed", id)
    });
    written.await
}
