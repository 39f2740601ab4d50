//! Refresh tokens: each is good once, and one that comes again ends everything that came of the same permission,
//! since either its owner or a thief holds a newer one (RFC 9700, 4.14.2).

use guildhall_db::Tx;
use guildhall_kernel::{OauthGrantId, Result as KernelResult, Timestamp};

use super::{
    form::OauthTokenForm,
    model::{GrantRow, REFRESH_SECONDS},
    problem::Problem,
    store,
    token::{Issued, Turn, asked_scopes, invalid_grant, missing, narrowed, secret},
    token_hash,
};
use crate::identity;

/// Makes a refresh token of a grant and lets the grant live as long.
///
/// # Errors
/// Those of the database.
pub(super) fn issue(tx: &Tx<'_>, grant: OauthGrantId, now: Timestamp) -> KernelResult<String> {
    let (token, hash) = secret("ghr_");
    let until = now.plus_seconds(REFRESH_SECONDS);
    store::insert_refresh(tx, &hash, grant, (now, until))?;
    store::prolong_grant(tx, grant, (now, until))?;
    Ok(token)
}

/// Gives new tokens for a refresh token.
///
/// # Errors
/// Those of the database; a refusal is an answer, since what it ends must stay ended.
pub(super) fn renew(
    tx: &Tx<'_>,
    turn: &Turn,
    form: &OauthTokenForm,
    resources: Vec<String>,
) -> KernelResult<Result<Issued, Problem>> {
    let Some(token) = form.refresh_token.as_deref() else {
        return Ok(Err(missing("refresh_token")));
    };
    let now = turn.now();
    let hash = token_hash(token);
    let unknown = "the refresh token is not one that this application holds";
    let Some(row) = store::find_refresh(tx, &hash)? else {
        return Ok(Err(invalid_grant(unknown)));
    };
    let grant = store::find_grant(tx, row.grant)?;
    let Some(grant) = grant.filter(|grant| grant.client == turn.client.client.id) else {
        return Ok(Err(invalid_grant(unknown)));
    };
    if row.is_used {
        turn.end_grant(tx, (grant.id, grant.person), "oauth.refresh_replayed")?;
        let message = "the refresh token was used before, so everything that came of it has ended";
        return Ok(Err(invalid_grant(message)));
    }
    if row.expires_at <= now {
        return Ok(Err(invalid_grant(
            "the refresh token has ended; ask the person again",
        )));
    }
    if !identity::is_member(tx, grant.organisation, grant.person)? {
        return Ok(Err(invalid_grant(
            "the person is no longer in the organisation",
        )));
    }
    let wanted = asked_scopes(form, &grant.scopes)
        .and_then(|scopes| Ok((scopes, narrowed(&grant.resources, resources)?)));
    let (scopes, resources) = match wanted {
        Ok(wanted) => wanted,
        Err(problem) => return Ok(Err(problem)),
    };
    store::use_refresh(tx, &hash, now)?;
    next(tx, turn, grant, (scopes, resources)).map(Ok)
}

fn next(
    tx: &Tx<'_>,
    turn: &Turn,
    grant: GrantRow,
    (scopes, resources): (Vec<String>, Vec<String>),
) -> KernelResult<Issued> {
    let now = turn.now();
    let refresh_token = issue(tx, grant.id, now)?;
    store::touch_client(tx, grant.client, now)?;
    let subject = grant.id.to_string();
    let what = ("oauth.refreshed", subject.as_str());
    turn.note(tx, Some(grant.person), what, serde_json::Value::Null)?;
    Ok(Issued {
        grant,
        scopes,
        resources,
        refresh_token: Some(refresh_token),
    })
}
