//! From a request's cookie, key or token to a [`Ctx`].

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::http::request::Parts;
use guildhall_db::Reader;
use guildhall_kernel::{Ctx, Error, Principal, Reach, Result, Timestamp, VeId};
use guildhall_web::{Authenticator, csrf, guard};

use super::{
    api_keys::API_KEY_MARK,
    authoriser,
    bearer::TokenCaller,
    certificates,
    credential_store::{self, SessionRow},
    known_keys::KnownKey,
    permission, settings, settings_store,
    store::{self, Membership},
    token_hash,
};
use crate::app::App;

/// How often a session's or key's last use is written down.
const TOUCH_SECONDS: i64 = 60;

impl Authenticator for App {
    type Caller = Ctx;

    async fn authenticate(&self, parts: &Parts) -> Result<Ctx> {
        match guard::api_key(&parts.headers) {
            Some(key) if key.starts_with(API_KEY_MARK) => with_key(self, parts, key).await,
            Some(token) => with_token(self, parts, token).await,
            None => match self.session_cookie.read(&parts.headers) {
                Some(token) => with_session(self, parts, token).await,
                None => with_certificate(self, parts).await,
            },
        }
    }

    async fn authorise(&self, ctx: &Ctx, parts: &Parts, permission: &'static str) -> Result<()> {
        authoriser::ask_about_request(self, ctx, parts, permission).await
    }
}

async fn with_key(app: &App, parts: &Parts, key: &str) -> Result<Ctx> {
    let (hash, now) = (token_hash(key), app.clock.now());
    let known = match app.known_keys.find(&hash, now) {
        Some(known) => known,
        None => look_up_key(app, hash, now).await?,
    };
    touch_key(app, &known, now);
    let ctx = Ctx {
        person: known.person,
        organisation: known.organisation,
        role: known.role,
        permissions: Arc::clone(&known.permissions),
        reach: Reach::default(),
        principal: Principal::ApiKey(known.id),
        request_id: guildhall_web::request_id(),
        idempotency: parts.extensions.get().cloned(),
        entitlements: app.licensing.entitlements(),
        clock: Arc::clone(&app.clock),
    };
    Ok(with_reach(app, ctx, known.ves.clone()))
}

async fn look_up_key(app: &App, hash: String, now: Timestamp) -> Result<Arc<KnownKey>> {
    let seen = app.known_keys.changes();
    let wanted = hash.clone();
    let found = app.db.read(move |reader| {
        let key = credential_store::find_api_key(reader, &wanted)?
            .filter(|row| row.expires_at.is_none_or(|end| end > now));
        let Some(key) = key else {
            return Ok(None);
        };
        let membership = store::find_membership(reader, key.organisation, key.person)?;
        Ok(membership.map(|membership| (key, membership)))
    });
    let (key, membership) = found.await?.ok_or_else(guard::not_logged_in)?;
    let last_used = key.last_used_at.map_or(i64::MIN, Timestamp::as_millis);
    let granted = permission::granted(
        &membership.role_permissions,
        membership.is_platform_administrator,
        false,
    );
    let known = Arc::new(KnownKey {
        id: key.id,
        person: key.person,
        organisation: key.organisation,
        role: membership.role,
        permissions: permission::narrowed(granted, key.scopes.as_deref(), key.ves.is_some()),
        ves: key.ves.map(Arc::from),
        expires_at: key.expires_at,
        touched_at: AtomicI64::new(last_used),
        seen,
    });
    app.known_keys.remember(hash, Arc::clone(&known));
    Ok(known)
}

async fn with_token(app: &App, parts: &Parts, token: &str) -> Result<Ctx> {
    let now = app.clock.now();
    let mut found = None;
    for source in app.bearer_sources {
        found = source.authenticate(app, token).await?;
        if found.is_some() {
            break;
        }
    }
    let caller = found
        .filter(|caller| caller.expires_at > now)
        .ok_or_else(guard::not_logged_in)?;
    with_caller(app, parts, caller).await
}

/// Without a key, a token or a login, the certificate of the connection speaks.
async fn with_certificate(app: &App, parts: &Parts) -> Result<Ctx> {
    let caller = certificates::caller(app, parts).await?;
    with_caller(app, parts, caller.ok_or_else(guard::not_logged_in)?).await
}

async fn with_caller(app: &App, parts: &Parts, caller: TokenCaller) -> Result<Ctx> {
    let (organisation, person) = (caller.organisation, caller.person);
    let read = app
        .db
        .read(move |reader| store::find_membership(reader, organisation, person));
    let membership = read.await?.ok_or_else(guard::not_logged_in)?;
    Ok(speaking_for(app, parts, caller, &membership))
}

fn speaking_for(app: &App, parts: &Parts, caller: TokenCaller, membership: &Membership) -> Ctx {
    let granted = permission::granted(
        &membership.role_permissions,
        membership.is_platform_administrator,
        false,
    );
    let permissions = permission::narrowed(
        granted,
        Some(caller.scopes.as_slice()),
        caller.ves.is_some(),
    );
    let ctx = Ctx {
        person: caller.person,
        organisation: caller.organisation,
        role: membership.role,
        permissions,
        reach: Reach::default(),
        principal: Principal::Token(Arc::from(caller.token)),
        request_id: guildhall_web::request_id(),
        idempotency: parts.extensions.get().cloned(),
        entitlements: app.licensing.entitlements(),
        clock: Arc::clone(&app.clock),
    };
    with_reach(app, ctx, caller.ves.map(Arc::from))
}

async fn with_session(app: &App, parts: &Parts, token: &str) -> Result<Ctx> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let found = app.db.read(move |reader| live_session(reader, &hash, now));
    let (session, membership, must_set_up) = found.await?.ok_or_else(guard::not_logged_in)?;
    csrf::check(parts, token.as_bytes())?;
    if must_set_up && !is_for_setting_up(parts.uri.path()) {
        return Err(Error::forbidden(
            "second_factor_setup_required",
            "this node requires a second factor of you; set one up under Account first",
        ));
    }
    if is_stale(session.last_seen_at, now) {
        let (id, person) = (session.id, session.person);
        note_use(app, move |tx| {
            store::touch_person(tx, person, now)?;
            let settings = settings_store::read_security(tx)?;
            let end = settings.session_end(now, session.logged_in_at);
            credential_store::touch_session(tx, id, now, end)
        });
    }
    let ctx = Ctx {
        person: session.person,
        organisation: session.organisation,
        role: membership.role,
        permissions: permission::granted(
            &membership.role_permissions,
            membership.is_platform_administrator,
            membership.must_change_password || must_set_up,
        ),
        reach: Reach::default(),
        principal: Principal::Session(session.id),
        request_id: guildhall_web::request_id(),
        idempotency: parts.extensions.get().cloned(),
        entitlements: app.licensing.entitlements(),
        clock: Arc::clone(&app.clock),
    };
    Ok(with_reach(app, ctx, None))
}

/// The session with this token as long as it may live by the present rules, what its person may do, and
/// whether they must set up a second factor first.
fn live_session(
    reader: &Reader<'_>,
    hash: &str,
    now: Timestamp,
) -> Result<Option<(SessionRow, Membership, bool)>> {
    let Some(session) = credential_store::find_session(reader, hash)? else {
        return Ok(None);
    };
    let settings = settings_store::read_security(reader)?;
    // Rules may have become stricter since the end was written down.
    let end = settings.session_end(session.last_seen_at, session.logged_in_at);
    let slack = end.plus_seconds(TOUCH_SECONDS);
    if session.expires_at <= now || slack <= now {
        return Ok(None);
    }
    let membership = store::find_membership(reader, session.organisation, session.person)?;
    let Some(membership) = membership else {
        return Ok(None);
    };
    let must_set_up = settings::must_set_up(reader, &membership, session.source.as_deref())?;
    Ok(Some((session, membership, must_set_up)))
}

/// Whether somebody who must set up a second factor needs this path for it. Keys and applications' grants are
/// left out: they would outlive the demand.
fn is_for_setting_up(path: &str) -> bool {
    let leads_around = ["/api/account/api-keys", "/api/account/grants"];
    ["/api/session", "/api/account"]
        .iter()
        .any(|begin| path.starts_with(begin))
        && !leads_around.iter().any(|begin| path.starts_with(begin))
}

/// The same caller, with what the policies of the moment and the key's own list leave to use.
fn with_reach(app: &App, ctx: Ctx, ves: Option<Arc<[VeId]>>) -> Ctx {
    let denied = app.policies.denied(ctx.organisation, ctx.person, ctx.role);
    Ctx {
        reach: Reach { ves, denied },
        ..ctx
    }
}

fn is_stale(last: Timestamp, now: Timestamp) -> bool {
    last.plus_seconds(TOUCH_SECONDS) <= now
}

/// Notes a key's use, once a minute; of requests at the same time one does it.
fn touch_key(app: &App, known: &KnownKey, now: Timestamp) {
    let last = known.touched_at.load(Ordering::Relaxed);
    let is_mine = is_stale(Timestamp::from_millis(last), now)
        && known
            .touched_at
            .compare_exchange(last, now.as_millis(), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
    if is_mine {
        let id = known.id;
        note_use(app, move |tx| credential_store::touch_api_key(tx, id, now));
    }
}

/// Writes a use down in the background: a request never waits for it, and a lost note costs nothing.
fn note_use(app: &App, note: impl FnOnce(&guildhall_db::Tx<'_>) -> Result<()> + Send + 'static) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = app.db.write(note).await {
            tracing::warn!(error = %error.chain(), "the last use of a credential was not noted");
        }
    });
}
