//! Logging in and out, and the session that follows.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{
    Clock, Ctx, Entitlements, Error, OrgId, Principal, RequestId, Result, SessionId, Timestamp,
    random_token,
};
use guildhall_web::{
    csrf,
    rate_limit::{BackOff, Penalty},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    credential_store::{self, SessionRow},
    model::{Organisation, Person, SessionView},
    password, permission, store, token_hash,
};
use crate::{app::App, audit};

/// How long a session lives without being used.
pub(super) const SESSION_SECONDS: i64 = 12 * 3600;
/// How many accounts and addresses are remembered.
const KEYS_MAX: usize = 50_000;
const TOKEN_BYTES: usize = 32;
const USER_AGENT_CHARACTERS_MAX: usize = 200;

/// Failed logins, counted by account and by address.
pub struct LoginLimits {
    by_account: BackOff<String>,
    by_address: BackOff<String>,
}

impl LoginLimits {
    /// Five free attempts an account and twenty an address, then a wait that doubles up to 15 minutes.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            by_account: BackOff::new(Penalty::default(), KEYS_MAX, Arc::clone(&clock)),
            by_address: BackOff::new(
                Penalty {
                    free_failures: 20,
                    ..Penalty::default()
                },
                KEYS_MAX,
                clock,
            ),
        }
    }

    /// Begins an attempt, which counts as failed until [`LoginLimits::succeeded`].
    pub(super) fn attempt(&self, email: &str, address: &str) -> Result<()> {
        self.by_account.attempt(&email.to_owned())?;
        self.by_address.attempt(&address.to_owned())
    }

    pub(super) fn succeeded(&self, email: &str, address: &str) {
        self.by_account.succeeded(&email.to_owned());
        self.by_address.succeeded(&address.to_owned());
    }
}

/// Where a login comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The peer's address, without port.
    pub address: String,
    /// What attempts from there count under: an IPv6 caller owns a whole network.
    pub limit_key: String,
    /// The browser's name for itself.
    pub user_agent: String,
    /// The request.
    pub request_id: RequestId,
}

/// A session that was just made: what the browser gets.
pub struct OpenedSession {
    /// The secret for the cookie.
    pub token: String,
    /// What the page shows.
    pub view: SessionView,
}

/// Logs a person in with e-mail address and password.
///
/// # Errors
/// `wrong_credentials` for whichever part is wrong; `too_many_attempts`; `no_organisation` when the
/// person belongs to none.
pub(super) async fn log_in(
    app: &App,
    email: &str,
    password: Zeroizing<String>,
    origin: Origin,
) -> Result<OpenedSession> {
    let email = email.trim().to_lowercase();
    app.login_limits.attempt(&email, &origin.limit_key)?;
    let lookup = email.clone();
    let found = app
        .db
        .read(move |reader| store::find_credentials(reader, &lookup))
        .await?;
    let hash = found.as_ref().map(|found| found.password_hash.clone());
    let is_right = password::verify(password, hash).await?;
    let Some(found) = found.filter(|_| is_right) else {
        return Err(record_failure(app, origin).await);
    };
    app.login_limits.succeeded(&email, &origin.limit_key);
    let clock = Arc::clone(&app.clock);
    app.db
        .write(move |tx| open_first(tx, clock, &found.person, &origin))
        .await
}

async fn record_failure(app: &App, origin: Origin) -> Error {
    let clock = Arc::clone(&app.clock);
    let recorded = app.db.write(move |tx| {
        let facts = json!({ "address": origin.address });
        audit::record_anonymous(
            tx,
            clock.as_ref(),
            &origin.request_id,
            ("session.refused", "login"),
            facts,
        )
    });
    match recorded.await {
        Ok(()) => Error::unauthenticated(
            "wrong_credentials",
            "the e-mail address or the password is wrong",
        ),
        Err(error) => error,
    }
}

fn open_first(
    tx: &Tx<'_>,
    clock: Arc<dyn Clock>,
    person: &Person,
    origin: &Origin,
) -> Result<OpenedSession> {
    let organisations = store::organisations_of(tx, person.id)?;
    let first = organisations.first().ok_or_else(|| {
        Error::forbidden(
            "no_organisation",
            "you belong to no organisation on this node; ask an administrator to add you",
        )
    })?;
    credential_store::delete_expired(tx, clock.now())?;
    let opened = open_session(tx, clock, (person, first.id), origin)?;
    Ok(opened)
}

/// Makes a session for the person in the organisation and records it.
///
/// # Errors
/// Those of the database.
pub(super) fn open_session(
    tx: &Tx<'_>,
    clock: Arc<dyn Clock>,
    (person, organisation): (&Person, OrgId),
    origin: &Origin,
) -> Result<OpenedSession> {
    let now = clock.now();
    let token = random_token(TOKEN_BYTES);
    let row = SessionRow {
        id: SessionId::new(clock.as_ref()),
        person: person.id,
        organisation,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_seconds(SESSION_SECONDS),
        address: origin.address.clone(),
        user_agent: origin
            .user_agent
            .chars()
            .take(USER_AGENT_CHARACTERS_MAX)
            .collect(),
    };
    credential_store::insert_session(tx, &token_hash(&token), &row)?;
    store::touch_person(tx, person.id, now)?;
    let ctx = context(tx, clock, &row, origin.request_id.clone())?;
    audit::record(tx, &ctx, "session.opened", row.id)?;
    let view = view(
        tx,
        &ctx,
        Some((csrf::token(token.as_bytes())?, row.expires_at)),
    )?;
    Ok(OpenedSession { token, view })
}

fn context(
    tx: &Tx<'_>,
    clock: Arc<dyn Clock>,
    row: &SessionRow,
    request_id: RequestId,
) -> Result<Ctx> {
    let membership = store::find_membership(tx, row.organisation, row.person)?;
    let membership = membership.ok_or_else(|| Error::not_found("membership"))?;
    Ok(Ctx {
        person: row.person,
        organisation: row.organisation,
        role: membership.role,
        permissions: permission::granted(
            membership.role,
            membership.is_platform_administrator,
            membership.must_change_password,
        ),
        principal: Principal::Session(row.id),
        request_id,
        idempotency: None,
        // Logging in is never bounded by a licence.
        entitlements: Arc::new(Entitlements::unlimited()),
        clock,
    })
}

/// What `GET /api/session` answers; `session` holds the CSRF token and the end of a browser session.
///
/// # Errors
/// Those of the database.
pub(super) fn view(
    reader: &guildhall_db::Reader<'_>,
    ctx: &Ctx,
    session: Option<(String, Timestamp)>,
) -> Result<SessionView> {
    let membership = store::find_membership(reader, ctx.organisation, ctx.person)?;
    let membership = membership.ok_or_else(|| Error::not_found("membership"))?;
    let (node, organisation): (Vec<&str>, Vec<&str>) = ctx
        .permissions
        .iter()
        .copied()
        .partition(|name| permission::is_node_permission(name));
    let (csrf_token, expires_at) = session.unzip();
    Ok(SessionView {
        person: membership.person,
        organisation: membership.organisation,
        organisations: store::organisations_of(reader, ctx.person)?,
        role: membership.role,
        permissions: organisation.into_iter().map(str::to_owned).collect(),
        node_permissions: node.into_iter().map(str::to_owned).collect(),
        csrf_token,
        must_change_password: membership.must_change_password,
        expires_at,
    })
}

/// The session or key's own view of itself.
///
/// # Errors
/// Those of the database.
pub(super) async fn current(
    app: &App,
    ctx: &Ctx,
    csrf_token: Option<String>,
) -> Result<SessionView> {
    let ctx = ctx.clone();
    let read = app.db.read(move |reader| {
        let session = match ctx.principal {
            Principal::Session(id) => credential_store::find_session_by_id(reader, id)?,
            Principal::ApiKey(_) | Principal::Operator => None,
        };
        view(
            reader,
            &ctx,
            csrf_token.zip(session.map(|row| row.expires_at)),
        )
    });
    read.await
}

/// Ends the session that asks. An API key has nothing to end.
///
/// # Errors
/// Those of the database.
pub(super) async fn log_out(app: &App, ctx: &Ctx) -> Result<()> {
    let Principal::Session(id) = ctx.principal else {
        return Ok(());
    };
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        credential_store::delete_session(tx, caller.person, id)?;
        audit::record(tx, &caller, "session.closed", id)
    });
    written.await
}

/// Goes on in another organisation of the same person, in a new session.
///
/// # Errors
/// `not_found` when the person does not belong to it.
pub(super) async fn switch_organisation(
    app: &App,
    ctx: &Ctx,
    target: OrgId,
    origin: Origin,
) -> Result<OpenedSession> {
    let Principal::Session(current) = ctx.principal else {
        return Err(Error::conflict(
            "not_a_session",
            "an API key belongs to one organisation; make a key in the other one",
        ));
    };
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        let is_member = |organisation: &Organisation| organisation.id == target;
        if !store::organisations_of(tx, caller.person)?
            .iter()
            .any(is_member)
        {
            return Err(Error::not_found("organisation"));
        }
        let person =
            store::find_person(tx, caller.person)?.ok_or_else(|| Error::not_found("person"))?;
        credential_store::delete_session(tx, caller.person, current)?;
        open_session(tx, Arc::clone(&caller.clock), (&person, target), &origin)
    });
    written.await
}
