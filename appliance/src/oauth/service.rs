//! Applications that act for a service account (RFC 6749, 4.4). One grant stands for all tokens of an application,
//! and ends with the service account.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Error, OauthGrantId, OrgId, PersonId, Result as KernelResult};
use serde_json::json;

use super::{
    form::OauthTokenForm,
    model::{ACCESS_SECONDS, GrantRow, OauthGrantType},
    problem::Problem,
    store,
    token::{Issued, Turn, asked_scopes, invalid_grant},
};
use crate::identity::{self, ServiceAccount};

/// The service account of the organisation; nothing for one that is gone or disabled.
///
/// # Errors
/// Those of the database.
pub(super) fn find(
    reader: &Reader<'_>,
    organisation: OrgId,
    account: &str,
) -> KernelResult<Option<ServiceAccount>> {
    let Ok(id) = account.parse::<PersonId>() else {
        return Ok(None);
    };
    identity::find_service_account(reader, organisation, id)
}

/// Refuses a service account that is not one of the organisation's, or that may do more than the caller: who has
/// the application's secret can act as the account.
///
/// # Errors
/// `invalid_service_account`, `permission_missing`, `role_above_yours`.
pub(super) fn check(reader: &Reader<'_>, ctx: &Ctx, account: &str) -> KernelResult<()> {
    if !ctx.may("service_accounts.manage") {
        let message = "you need the permission `service_accounts.manage` for an application that acts for a service account";
        return Err(Error::forbidden("permission_missing", message));
    }
    let Some(account) = find(reader, ctx.organisation, account)? else {
        let message = "there is no such service account, or it is disabled";
        return Err(Error::invalid_field(
            "service_account",
            "invalid_service_account",
            message,
        ));
    };
    identity::check_over(reader, ctx, account.role)
}

/// Gives an access token; there is no refresh token, since the secret does as well.
///
/// # Errors
/// Those of the database; a refusal is an answer.
pub(super) fn begin(
    tx: &Tx<'_>,
    turn: &Turn,
    form: &OauthTokenForm,
    resources: Vec<String>,
) -> KernelResult<Result<Issued, Problem>> {
    let client = &turn.client.client;
    let account = client.service_account.as_deref().unwrap_or_default();
    let Some(account) = find(tx, turn.client.organisation, account)? else {
        return Ok(Err(invalid_grant(
            "the service account is gone or disabled",
        )));
    };
    let person = account.id;
    let scopes = match asked_scopes(form, &client.scopes) {
        Ok(scopes) => scopes,
        Err(problem) => return Ok(Err(problem)),
    };
    let now = turn.now();
    let until = now.plus_seconds(ACCESS_SECONDS);
    let grant = match store::find_service_grant(tx, client.id, person)? {
        Some(grant) => grant,
        None => insert(tx, turn, person)?,
    };
    store::prolong_grant(tx, grant.id, (now, until))?;
    store::touch_client(tx, client.id, now)?;
    let subject = grant.id.to_string();
    let details = json!({ "grant_type": "client_credentials", "scopes": scopes });
    turn.note(tx, Some(person), ("oauth.granted", &subject), details)?;
    Ok(Ok(Issued {
        grant,
        scopes,
        resources,
        refresh_token: None,
    }))
}

fn insert(tx: &Tx<'_>, turn: &Turn, person: PersonId) -> KernelResult<GrantRow> {
    let now = turn.now();
    let grant = GrantRow {
        id: OauthGrantId::new(turn.clock.as_ref()),
        client: turn.client.client.id,
        organisation: turn.client.organisation,
        person,
        grant_type: OauthGrantType::ClientCredentials,
        scopes: turn.client.client.scopes.clone(),
        resources: Vec::new(),
        created_at: now,
        last_used_at: None,
        expires_at: now.plus_seconds(ACCESS_SECONDS),
    };
    store::insert_grant(tx, &grant)?;
    Ok(grant)
}
