//! Ending a token (RFC 7009), and telling what one is good for (RFC 7662).

use guildhall_db::Reader;
use guildhall_kernel::Result as KernelResult;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    form::OauthTokenQuery,
    jwt,
    model::{ClientRow, GrantRow, OauthClientKind},
    problem::{Problem, ProblemCode},
    store,
    token::{Turn, missing},
    token_hash,
};
use crate::{app::App, identity};

/// What a token is good for. Of one that is good for nothing only that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct OauthIntrospection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// `access_token` or `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

/// A token that is good right now.
struct Good {
    grant: GrantRow,
    says: OauthIntrospection,
}

/// Ends whatever a token came of: the token, and every other one of the same permission. What is not this
/// application's is left alone, and the answer is the same (RFC 7009, 2.2).
///
/// # Errors
/// `invalid_request`.
pub(super) async fn revoke(
    app: &App,
    client: ClientRow,
    query: OauthTokenQuery,
) -> Result<(), Problem> {
    let token = query.token.ok_or_else(|| missing("token"))?;
    let Some(good) = find(app, token).await? else {
        return Ok(());
    };
    if good.grant.client != client.client.id {
        return Ok(());
    }
    let turn = Turn::new(app, client);
    let grant = (good.grant.id, good.grant.person);
    let written = app
        .db
        .write(move |tx| turn.end_grant(tx, grant, "oauth.token_revoked"));
    Ok(written.await?)
}

/// Tells an application with a secret what a token of its organisation is good for.
///
/// # Errors
/// `unauthorized_client` for a public client, `invalid_request`.
pub(super) async fn introspect(
    app: &App,
    client: ClientRow,
    query: OauthTokenQuery,
) -> Result<OauthIntrospection, Problem> {
    if client.client.kind == OauthClientKind::Public {
        let message = "only an application with a secret may look at tokens";
        return Err(Problem::new(ProblemCode::UnauthorizedClient, message));
    }
    let token = query.token.ok_or_else(|| missing("token"))?;
    let found = find(app, token).await?;
    let found = found.filter(|good| good.grant.organisation == client.organisation);
    Ok(found.map(|good| good.says).unwrap_or_default())
}

async fn find(app: &App, token: String) -> KernelResult<Option<Good>> {
    let now = app.clock.now();
    if let Some(claims) = jwt::read(&app.oauth.keys, &token, &app.origin, now) {
        let read = app.db.read(move |reader| {
            let grant = store::find_grant(reader, claims.grant)?;
            let Some(grant) = grant.filter(|grant| grant.expires_at > now) else {
                return Ok(None);
            };
            Ok(live(reader, grant)?.map(|grant| Good {
                grant,
                says: of_claims(claims),
            }))
        });
        return read.await;
    }
    let (hash, issuer) = (token_hash(&token), app.origin.clone());
    let read = app.db.read(move |reader| {
        let Some(row) = store::find_refresh(reader, &hash)? else {
            return Ok(None);
        };
        if row.is_used || row.expires_at <= now {
            return Ok(None);
        }
        let Some(grant) = store::find_grant(reader, row.grant)? else {
            return Ok(None);
        };
        Ok(live(reader, grant)?.map(|grant| Good {
            says: OauthIntrospection {
                active: true,
                scope: Some(grant.scopes.join(" ")),
                client_id: Some(grant.client.to_string()),
                token_type: Some("refresh_token"),
                exp: Some(row.expires_at.as_millis().div_euclid(1000)),
                sub: Some(grant.person.to_string()),
                iss: Some(issuer),
                ..OauthIntrospection::default()
            },
            grant,
        }))
    });
    read.await
}

/// The grant, if its person still belongs to the organisation.
fn live(reader: &Reader<'_>, grant: GrantRow) -> KernelResult<Option<GrantRow>> {
    let is_in = identity::is_member(reader, grant.organisation, grant.person)?;
    Ok(is_in.then_some(grant))
}

fn of_claims(claims: jwt::Claims) -> OauthIntrospection {
    OauthIntrospection {
        active: true,
        scope: Some(claims.scope),
        client_id: Some(claims.client_id.to_string()),
        token_type: Some("access_token"),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub.to_string()),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
    }
}
