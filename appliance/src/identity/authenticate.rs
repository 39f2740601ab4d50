//! From a request's cookie or bearer key to a [`Ctx`].

use std::sync::Arc;

use axum::http::request::Parts;
use guildhall_db::Reader;
use guildhall_kernel::{ApiKeyId, Ctx, OrgId, PersonId, Principal, Result, SessionId, Timestamp};
use guildhall_web::{Authenticator, csrf, guard};

use super::{
    credential_store::{self, SessionRow},
    login::SESSION_SECONDS,
    permission, store, token_hash,
};
use crate::app::App;

/// How often a session's or key's last use is written down.
const TOUCH_SECONDS: i64 = 60;

/// What a credential says, before its membership is read.
enum Credential {
    Session(SessionRow),
    ApiKey {
        id: ApiKeyId,
        person: PersonId,
        organisation: OrgId,
        last_used_at: Option<Timestamp>,
    },
}

impl Authenticator for App {
    async fn authenticate(&self, parts: &Parts) -> Result<Ctx> {
        let bearer = guard::bearer_token(&parts.headers);
        let is_bearer = bearer.is_some();
        let token = bearer.or_else(|| self.session_cookie.read(&parts.headers));
        let token = token.ok_or_else(guard::not_logged_in)?;
        let now = self.clock.now();
        let hash = token_hash(token);
        let looked_up = self
            .db
            .read(move |reader| look_up(reader, is_bearer, &hash, now))
            .await?;
        let (credential, membership) = looked_up.ok_or_else(guard::not_logged_in)?;
        if !is_bearer {
            csrf::check(parts, token.as_bytes())?;
        }
        touch(self, &credential, now);
        let (person, organisation, principal) = match &credential {
            Credential::Session(row) => (row.person, row.organisation, Principal::Session(row.id)),
            Credential::ApiKey {
                id,
                person,
                organisation,
                ..
            } => (*person, *organisation, Principal::ApiKey(*id)),
        };
        Ok(Ctx {
            person,
            organisation,
            role: membership.role,
            permissions: permission::granted(
                membership.role,
                membership.is_platform_administrator,
                membership.must_change_password && matches!(principal, Principal::Session(_)),
            ),
            principal,
            request_id: guildhall_web::request_id(),
            idempotency: parts.extensions.get().cloned(),
            clock: Arc::clone(&self.clock),
        })
    }
}

fn look_up(
    reader: &Reader<'_>,
    is_bearer: bool,
    hash: &str,
    now: Timestamp,
) -> Result<Option<(Credential, store::Membership)>> {
    let credential = if is_bearer {
        credential_store::find_api_key(reader, hash)?
            .filter(|row| row.expires_at.is_none_or(|end| end > now))
            .map(|row| Credential::ApiKey {
                id: row.id,
                person: row.person,
                organisation: row.organisation,
                last_used_at: row.last_used_at,
            })
    } else {
        let row = credential_store::find_session(reader, hash)?;
        row.filter(|row| row.expires_at > now)
            .map(Credential::Session)
    };
    let Some(credential) = credential else {
        return Ok(None);
    };
    let (person, organisation) = match &credential {
        Credential::Session(row) => (row.person, row.organisation),
        Credential::ApiKey {
            person,
            organisation,
            ..
        } => (*person, *organisation),
    };
    let membership = store::find_membership(reader, organisation, person)?;
    Ok(membership.map(|membership| (credential, membership)))
}

/// Notes the use in the background: a request never waits for it, and a lost note costs nothing.
fn touch(app: &App, credential: &Credential, now: Timestamp) {
    enum Touched {
        Session(SessionId, PersonId),
        ApiKey(ApiKeyId),
    }
    let is_stale = |last: Timestamp| last.plus_seconds(TOUCH_SECONDS) <= now;
    let touched = match credential {
        Credential::Session(row) if is_stale(row.last_seen_at) => {
            Touched::Session(row.id, row.person)
        }
        Credential::ApiKey {
            id, last_used_at, ..
        } if last_used_at.is_none_or(is_stale) => Touched::ApiKey(*id),
        _ => return,
    };
    let app = app.clone();
    tokio::spawn(async move {
        let written = app.db.write(move |tx| match touched {
            Touched::Session(id, person) => {
                store::touch_person(tx, person, now)?;
                credential_store::touch_session(tx, id, now, now.plus_seconds(SESSION_SECONDS))
            }
            Touched::ApiKey(id) => credential_store::touch_api_key(tx, id, now),
        });
        if let Err(error) = written.await {
            tracing::warn!(error = %error.chain(), "the last use of a credential was not noted");
        }
    });
}
