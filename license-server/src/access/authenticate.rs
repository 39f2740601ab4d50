//! From a request's cookie or key to a [`Ctx`].

use std::sync::Arc;

use axum::http::request::Parts;
use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Result, Timestamp};
use guildhall_web::{Authenticator, csrf, guard};

use super::{
    login::SESSION_SECONDS,
    permission,
    store::{self, SessionRow},
    token_hash,
};
use crate::{
    app::App,
    ctx::{Actor, Ctx},
};

/// How often a session's or key's last use is written down.
const TOUCH_SECONDS: i64 = 60;

impl Authenticator for App {
    type Caller = Ctx;

    async fn authenticate(&self, parts: &Parts) -> Result<Ctx> {
        let mut ctx = match guard::bearer_token(&parts.headers) {
            Some(key) => with_key(self, key).await?,
            None => {
                let token = self.session_cookie.read(&parts.headers);
                with_session(self, parts, token.ok_or_else(guard::not_logged_in)?).await?
            }
        };
        ctx.idempotency = parts.extensions.get().cloned();
        Ok(ctx)
    }
}

async fn with_key(app: &App, key: &str) -> Result<Ctx> {
    let (hash, now) = (token_hash(key), app.clock.now());
    let found = app
        .db
        .read(move |reader| store::find_api_key(reader, &hash, now));
    let key = found.await?.ok_or_else(guard::not_logged_in)?;
    if key.last_used_at.is_none_or(|last| is_stale(last, now)) {
        let id = key.id;
        note_use(app, move |tx| store::touch_api_key(tx, id, now));
    }
    let mut ctx = Ctx::outside(Actor::Key(key.id), Arc::clone(&app.clock));
    ctx.permissions = permission::of_scopes(&key.scopes);
    Ok(ctx)
}

async fn with_session(app: &App, parts: &Parts, token: &str) -> Result<Ctx> {
    let (hash, clock) = (token_hash(token), Arc::clone(&app.clock));
    let found = app.db.read(move |reader| {
        let now = clock.now();
        let session = store::find_session(reader, &hash)?.filter(|row| row.expires_at > now);
        let Some(session) = session else {
            return Ok(None);
        };
        let ctx = context_of(reader, &session, Ctx::outside(Actor::Operator, clock))?;
        Ok(ctx.map(|ctx| (session, ctx)))
    });
    let (session, ctx) = found.await?.ok_or_else(guard::not_logged_in)?;
    csrf::check(parts, token.as_bytes())?;
    let now = ctx.now();
    if is_stale(session.last_seen_at, now) {
        note_use(app, move |tx| {
            if let Some(staff) = session.staff {
                store::touch_staff(tx, staff, now)?;
            }
            if let Some(access) = session.access {
                store::touch_access(tx, access, now)?;
            }
            store::touch_session(tx, session.id, now, now.plus_seconds(SESSION_SECONDS))
        });
    }
    Ok(ctx)
}

/// The session's context, from `blank`; nothing when its owner may not come in any more.
pub(super) fn context_of(
    reader: &Reader<'_>,
    session: &SessionRow,
    blank: Ctx,
) -> Result<Option<Ctx>> {
    if let Some(id) = session.staff {
        let member = store::find_staff(reader, id)?.filter(|member| !member.disabled);
        return Ok(member.map(|member| Ctx {
            actor: Actor::Staff {
                id,
                session: session.id,
                role: member.role,
            },
            permissions: member.role.permissions(member.must_change_password),
            ..blank
        }));
    }
    let Some(id) = session.access else {
        return Ok(None);
    };
    let access = store::find_access(reader, id, blank.now())?;
    Ok(access.map(|access| Ctx {
        actor: Actor::Portal {
            access: id,
            session: session.id,
        },
        customer: Some(access.customer_id),
        permissions: permission::portal(),
        ..blank
    }))
}

fn is_stale(last: Timestamp, now: Timestamp) -> bool {
    last.plus_seconds(TOUCH_SECONDS) <= now
}

/// Writes a use down in the background: a request never waits for it, and a lost note costs nothing.
fn note_use(app: &App, note: impl FnOnce(&Tx<'_>) -> Result<()> + Send + 'static) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = app.db.write(note).await {
            tracing::warn!(error = %error.chain(), "the last use of a credential was not noted");
        }
    });
}
