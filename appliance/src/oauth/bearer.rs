//! Access tokens as credentials of requests. A token's signature alone lets nobody in: what it came of must still
//! be there, which is looked up every time, so that ending it works at once.

use futures::future::BoxFuture;
use guildhall_kernel::{OauthGrantId, Result, Timestamp};

use super::{jwt, store};
use crate::{
    app::App,
    identity::{BearerSource, TokenCaller},
};

/// How often a grant's last use is written down.
const TOUCH_SECONDS: i64 = 60;

/// Knows the access tokens of this node.
pub struct AccessTokens;

impl BearerSource for AccessTokens {
    fn authenticate<'a>(
        &'a self,
        app: &'a App,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<TokenCaller>>> {
        Box::pin(find(app, token))
    }
}

async fn find(app: &App, token: &str) -> Result<Option<TokenCaller>> {
    let now = app.clock.now();
    let Some(claims) = jwt::read(&app.oauth.keys, token, &app.origin, now) else {
        return Ok(None);
    };
    let id = claims.grant;
    let found = app.db.read(move |reader| {
        let grant = store::find_grant(reader, id)?;
        let Some(grant) = grant.filter(|grant| grant.expires_at > now) else {
            return Ok(None);
        };
        let client = store::find_client(reader, grant.client)?;
        Ok(client.map(|client| (grant, client)))
    });
    let Some((grant, client)) = found.await? else {
        return Ok(None);
    };
    let is_same = grant.person == claims.sub
        && grant.organisation == claims.organisation
        && grant.client == claims.client_id;
    if !is_same {
        return Ok(None);
    }
    touch(app, id, grant.last_used_at, now);
    // An administrator may have taken a scope from the application since.
    let allowed = &client.client.scopes;
    let scopes = claims.scope.split(' ').filter(|scope| !scope.is_empty());
    Ok(Some(TokenCaller {
        person: grant.person,
        organisation: grant.organisation,
        scopes: scopes
            .filter(|scope| allowed.iter().any(|name| name == scope))
            .map(str::to_owned)
            .collect(),
        ves: None,
        expires_at: Timestamp::from_millis(claims.exp.saturating_mul(1000)),
        token: id.to_string(),
    }))
}

/// Writes a use down in the background, once a minute: a request never waits for it.
fn touch(app: &App, id: OauthGrantId, last: Option<Timestamp>, now: Timestamp) {
    if last.is_some_and(|last| now < last.plus_seconds(TOUCH_SECONDS)) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let written = app.db.write(move |tx| store::touch_grant(tx, id, now));
        if let Err(error) = written.await {
            tracing::warn!(error = %error.chain(), "the last use of a permission was not noted");
        }
    });
}
