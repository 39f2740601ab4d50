//! From a request's cookie or key to a [`Ctx`].

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::http::request::Parts;
use guildhall_kernel::{Ctx, Principal, Result, Timestamp};
use guildhall_web::{Authenticator, csrf, guard};

use super::{
    credential_store, known_keys::KnownKey, login::SESSION_SECONDS, permission, store, token_hash,
};
use crate::app::App;

/// How often a session's or key's last use is written down.
const TOUCH_SECONDS: i64 = 60;

impl Authenticator for App {
    type Caller = Ctx;

    async fn authenticate(&self, parts: &Parts) -> Result<Ctx> {
        if let Some(key) = guard::api_key(&parts.headers) {
            return with_key(self, parts, key).await;
        }
        let token = self.session_cookie.read(&parts.headers);
        with_session(self, parts, token.ok_or_else(guard::not_logged_in)?).await
    }
}

async fn with_key(app: &App, parts: &Parts, key: &str) -> Result<Ctx> {
    let (hash, now) = (token_hash(key), app.clock.now());
    let known = match app.known_keys.find(&hash, now) {
        Some(known) => known,
        None => look_up_key(app, hash, now).await?,
    };
    touch_key(app, &known, now);
    Ok(Ctx {
        person: known.person,
        organisation: known.organisation,
        role: known.role,
        permissions: Arc::clone(&known.permissions),
        principal: Principal::ApiKey(known.id),
        request_id: guildhall_web::request_id(),
        idempotency: parts.extensions.get().cloned(),
        entitlements: app.licensing.entitlements(),
        clock: Arc::clone(&app.clock),
    })
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
    let known = Arc::new(KnownKey {
        id: key.id,
        person: key.person,
        organisation: key.organisation,
        role: membership.role,
        permissions: permission::granted(
            membership.role,
            membership.is_platform_administrator,
            false,
        ),
        expires_at: key.expires_at,
        touched_at: AtomicI64::new(last_used),
        seen,
    });
    app.known_keys.remember(hash, Arc::clone(&known));
    Ok(known)
}

async fn with_session(app: &App, parts: &Parts, token: &str) -> Result<Ctx> {
    let (hash, now) = (token_hash(token), app.clock.now());
    let found = app.db.read(move |reader| {
        let session = credential_store::find_session(reader, &hash)?;
        let Some(session) = session.filter(|row| row.expires_at > now) else {
            return Ok(None);
        };
        let membership = store::find_membership(reader, session.organisation, session.person)?;
        Ok(membership.map(|membership| (session, membership)))
    });
    let (session, membership) = found.await?.ok_or_else(guard::not_logged_in)?;
    csrf::check(parts, token.as_bytes())?;
    if is_stale(session.last_seen_at, now) {
        let (id, person) = (session.id, session.person);
        note_use(app, move |tx| {
            store::touch_person(tx, person, now)?;
            credential_store::touch_session(tx, id, now, now.plus_seconds(SESSION_SECONDS))
        });
    }
    Ok(Ctx {
        person: session.person,
        organisation: session.organisation,
        role: membership.role,
        permissions: permission::granted(
            membership.role,
            membership.is_platform_administrator,
            membership.must_change_password,
        ),
        principal: Principal::Session(session.id),
        request_id: guildhall_web::request_id(),
        idempotency: parts.extensions.get().cloned(),
        entitlements: app.licensing.entitlements(),
        clock: Arc::clone(&app.clock),
    })
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
