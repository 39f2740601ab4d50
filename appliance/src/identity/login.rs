//! The session that follows a login, and logging out.

use std::sync::Arc;

use guildhall_db::Tx;
use guildhall_kernel::{
    Clock, Ctx, Entitlements, Error, OrgId, Principal, Reach, RequestId, Result, SessionId,
    Timestamp, random_token,
};
use guildhall_web::csrf;

use super::{
    credential_store::{self, SessionRow},
    model::{Organisation, Person, SessionView},
    permission, roles, settings, settings_store, store, token_hash,
};
use crate::{app::App, audit};

const TOKEN_BYTES: usize = 32;
const USER_AGENT_CHARACTERS_MAX: usize = 200;

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
    /// When the session ends however much it is used.
    pub(super) end: Timestamp,
    /// Who acts in it.
    pub(super) ctx: Ctx,
}

/// With what and when somebody proved who they are.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    /// The directory or identity provider that vouched; nothing for what the node checks itself.
    pub(super) source: Option<String>,
    pub(super) logged_in_at: Timestamp,
}

impl Proof {
    /// A password or a passkey of the node's own.
    pub(super) fn of_node(now: Timestamp) -> Self {
        Self {
            source: None,
            logged_in_at: now,
        }
    }

    /// A directory or an identity provider has vouched.
    pub(super) fn of_source(source: &str, now: Timestamp) -> Self {
        Self {
            source: Some(source.to_owned()),
            logged_in_at: now,
        }
    }
}

/// Makes a session in the person's first organisation.
///
/// # Errors
/// `no_organisation` when there is none.
pub(super) fn open_first(
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
    open_session(tx, clock, (person, first.id), origin)
}

/// Makes a session for a person who has just proven to the node itself who they are.
///
/// # Errors
/// Those of the database.
pub(super) fn open_session(
    tx: &Tx<'_>,
    clock: Arc<dyn Clock>,
    who: (&Person, OrgId),
    origin: &Origin,
) -> Result<OpenedSession> {
    let proof = Proof::of_node(clock.now());
    open_session_with(tx, clock, who, origin, proof)
}

/// Makes a session for the person in the organisation and records it.
///
/// # Errors
/// Those of the database.
pub(super) fn open_session_with(
    tx: &Tx<'_>,
    clock: Arc<dyn Clock>,
    (person, organisation): (&Person, OrgId),
    origin: &Origin,
    proof: Proof,
) -> Result<OpenedSession> {
    let now = clock.now();
    let token = random_token(TOKEN_BYTES);
    let settings = settings_store::read_security(tx)?;
    let row = SessionRow {
        id: SessionId::new(clock.as_ref()),
        person: person.id,
        organisation,
        created_at: now,
        last_seen_at: now,
        expires_at: settings.session_end(now, proof.logged_in_at),
        source: proof.source,
        logged_in_at: proof.logged_in_at,
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
    Ok(OpenedSession {
        token,
        view,
        end: settings.session_end_max(row.logged_in_at),
        ctx,
    })
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
            &membership.role_permissions,
            membership.is_platform_administrator,
            membership.must_change_password
                || settings::must_set_up(tx, &membership, row.source.as_deref())?,
        ),
        reach: Reach::default(),
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
    let source = source_of(reader, ctx)?;
    // Keys go on working without a second factor.
    let must_set_up_second_factor = matches!(ctx.principal, Principal::Session(_))
        && settings::must_set_up(reader, &membership, source.as_deref())?;
    Ok(SessionView {
        person: membership.person,
        organisation: membership.organisation,
        organisations: store::organisations_of(reader, ctx.person)?,
        role: membership.role,
        role_title: roles::role_title(reader, ctx.organisation, membership.role)?,
        permissions: organisation.into_iter().map(str::to_owned).collect(),
        node_permissions: node.into_iter().map(str::to_owned).collect(),
        csrf_token,
        must_change_password: membership.must_change_password,
        must_set_up_second_factor,
        expires_at,
        source,
    })
}

/// The directory or identity provider that opened the session, if one did.
fn source_of(reader: &guildhall_db::Reader<'_>, ctx: &Ctx) -> Result<Option<String>> {
    let Principal::Session(id) = ctx.principal else {
        return Ok(None);
    };
    Ok(credential_store::find_session_by_id(reader, id)?.and_then(|row| row.source))
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
            _ => None,
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
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        credential_store::delete_session(tx, caller.person, id)?;
        live.end_session_after(tx, id);
        audit::record(tx, &caller, "session.closed", id)
    });
    written.await
}

/// Ends the session of a browser by its token, for those who log out by a change of page: at an identity
/// provider, too. A token of no session is none to end.
///
/// # Errors
/// Those of the database.
pub async fn end_session(app: &App, token: &str) -> Result<()> {
    let (hash, live, clock) = (token_hash(token), app.live.clone(), Arc::clone(&app.clock));
    let request_id = guildhall_web::request_id();
    let written = app.db.write(move |tx| {
        let Some(row) = credential_store::find_session(tx, &hash)? else {
            return Ok(());
        };
        let ctx = context(tx, clock, &row, request_id)?;
        credential_store::delete_session(tx, row.person, row.id)?;
        live.end_session_after(tx, row.id);
        audit::record(tx, &ctx, "session.closed", row.id)
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
    let (caller, live) = (ctx.clone(), app.live.clone());
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
        let session = credential_store::find_session_by_id(tx, current)?;
        let session = session.ok_or_else(|| Error::not_found("session"))?;
        credential_store::delete_session(tx, caller.person, current)?;
        live.end_session_after(tx, current);
        let proof = Proof {
            source: session.source,
            logged_in_at: session.logged_in_at,
        };
        let clock = Arc::clone(&caller.clock);
        open_session_with(tx, clock, (&person, target), &origin, proof)
    });
    written.await
}
