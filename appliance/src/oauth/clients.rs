//! Applications as the organisation's administrator enters them, and what people let them do.

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, OauthClientId, OauthGrantId, Page, PageRequest, Result};
use serde_json::json;

use super::{
    model::{
        AccountGrant, ClientRow, CreatedOauthClient, NewOauthClient, OauthClient,
        OauthClientChange, OauthClientKind, check_client, checked_name,
    },
    service, store, token,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

const CLIENTS_MAX: u32 = 500;
const GRANTS_SHOWN: u32 = 1000;

/// One page of the organisation's applications.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, ctx: &Ctx, page: &PageRequest) -> Result<Page<OauthClient>> {
    let (organisation, after, limit) = (ctx.organisation, page.after()?, page.limit());
    let read = app
        .db
        .read(move |reader| store::list_clients(reader, organisation, after.as_deref(), limit + 1));
    let page = Page::cut(read.await?, limit, |row| row.client.id.to_string());
    Ok(page.map(|row| row.client))
}

/// Enters an application.
///
/// # Errors
/// What is wrong with it; `too_many_clients`.
pub(super) async fn create(
    app: &App,
    ctx: &Ctx,
    new: NewOauthClient,
) -> Result<CreatedOauthClient> {
    let client = OauthClient {
        id: OauthClientId::new(ctx.clock.as_ref()),
        name: checked_name(&new.name)?,
        kind: new.kind,
        redirect_uris: new.redirect_uris,
        grants: new.grants,
        scopes: new.scopes,
        service_account: new.service_account,
        has_secret: new.kind == OauthClientKind::Confidential,
        created_at: ctx.now(),
        last_used_at: None,
    };
    let client = checked(client)?;
    let secret = client.has_secret.then(|| token::secret("ghs_"));
    let (secret, secret_hash) = secret.unzip();
    let row = ClientRow {
        organisation: ctx.organisation,
        secret_hash,
        client,
    };
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write_secret(ctx, move |tx| {
        if store::count_clients(tx, caller.organisation)? >= CLIENTS_MAX {
            let message = format!("there are {CLIENTS_MAX} applications already; remove one first");
            return Err(Error::conflict("too_many_clients", message));
        }
        check_account(tx, &caller, &row)?;
        store::insert_client(tx, &row)?;
        note(tx, &caller, "oauth_client.created", &row)?;
        tell(tx, &caller, &events);
        Ok(CreatedOauthClient {
            client: row.client,
            secret,
        })
    });
    written.await
}

/// Changes an application. What it may no longer ask for is taken from the tokens that it has.
///
/// # Errors
/// `not_found`; what is wrong with the change.
pub(super) async fn update(
    app: &App,
    ctx: &Ctx,
    id: OauthClientId,
    change: OauthClientChange,
) -> Result<OauthClient> {
    let name = change.name.as_deref();
    let name = name.map(checked_name).transpose()?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let before = find(tx, &caller, id)?;
        let mut row = apply(before.clone(), name, change);
        row.client = checked(row.client)?;
        let is_other = row.client.service_account != before.client.service_account;
        // Wider scopes widen what the secret opens, too.
        if is_other || row.client.scopes != before.client.scopes {
            check_account(tx, &caller, &row)?;
        }
        if is_other {
            store::delete_service_grants(tx, id)?;
        }
        store::update_client(tx, &row)?;
        note(tx, &caller, "oauth_client.changed", &row)?;
        tell(tx, &caller, &events);
        Ok(row.client)
    });
    written.await
}

fn apply(mut row: ClientRow, name: Option<String>, change: OauthClientChange) -> ClientRow {
    let client = &mut row.client;
    if let Some(name) = name {
        client.name = name;
    }
    if let Some(redirect_uris) = change.redirect_uris {
        client.redirect_uris = redirect_uris;
    }
    if let Some(grants) = change.grants {
        client.grants = grants;
    }
    if let Some(scopes) = change.scopes {
        client.scopes = scopes;
    }
    if let Some(account) = change.service_account {
        client.service_account = account;
    }
    if let Some(kind) = change.kind {
        client.kind = kind;
    }
    if client.kind == OauthClientKind::Public {
        // One that became public has no secret to keep. One that became confidential gets its own first.
        row.secret_hash = None;
        client.has_secret = false;
    }
    row
}

/// Gives an application a new secret; the one before is good for nothing from now on.
///
/// # Errors
/// `not_found`; `public_client`.
pub(super) async fn renew_secret(app: &App, ctx: &Ctx, id: OauthClientId) -> Result<String> {
    let (secret, hash) = token::secret("ghs_");
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write_secret(ctx, move |tx| {
        let mut row = find(tx, &caller, id)?;
        if row.client.kind == OauthClientKind::Public {
            let message = "a public application has no secret; make it confidential first";
            return Err(Error::conflict("public_client", message));
        }
        check_account(tx, &caller, &row)?;
        row.secret_hash = Some(hash);
        store::update_client(tx, &row)?;
        note(tx, &caller, "oauth_client.secret_renewed", &row)?;
        tell(tx, &caller, &events);
        Ok(secret)
    });
    written.await
}

/// Removes an application; its tokens end at once.
///
/// # Errors
/// `not_found`.
pub(super) async fn delete(app: &App, ctx: &Ctx, id: OauthClientId) -> Result<()> {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let row = find(tx, &caller, id)?;
        store::delete_client(tx, caller.organisation, id)?;
        note(tx, &caller, "oauth_client.deleted", &row)?;
        tell(tx, &caller, &events);
        Ok(())
    });
    written.await
}

fn find(tx: &Tx<'_>, ctx: &Ctx, id: OauthClientId) -> Result<ClientRow> {
    store::find_client_of(tx, ctx.organisation, id)?.ok_or_else(|| Error::not_found("application"))
}

fn check_account(tx: &Tx<'_>, ctx: &Ctx, row: &ClientRow) -> Result<()> {
    match row.client.service_account.as_deref() {
        Some(account) => service::check(tx, ctx, account),
        None => Ok(()),
    }
}

fn note(tx: &Tx<'_>, ctx: &Ctx, action: &str, row: &ClientRow) -> Result<()> {
    let client = &row.client;
    let facts = json!({
        "name": client.name, "kind": client.kind, "grants": client.grants, "scopes": client.scopes,
        "redirect_uris": client.redirect_uris, "service_account": client.service_account,
    });
    audit::record_with(tx, ctx, action, client.id, facts)
}

fn tell(tx: &Tx<'_>, ctx: &Ctx, events: &crate::events::Events) {
    let audience = Audience::Organisation(ctx.organisation);
    events.publish_after(tx, audience, Event::ApplicationsChanged {});
}

/// A client that can work, with each grant and scope once. Lists are measured as they were sent.
///
/// # Errors
/// Those of [`check_client`].
fn checked(mut client: OauthClient) -> Result<OauthClient> {
    check_client(&client)?;
    client.grants = unique(client.grants);
    client.scopes = unique(client.scopes);
    Ok(client)
}

fn unique<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// What the caller let applications do in the active organisation, newest first.
///
/// # Errors
/// Those of the database.
pub(super) async fn list_grants(app: &App, ctx: &Ctx) -> Result<Page<AccountGrant>> {
    let (who, now) = ((ctx.organisation, ctx.person), ctx.now());
    let read = app
        .db
        .read(move |reader| store::list_grants(reader, who, now, GRANTS_SHOWN));
    Ok(Page::complete(read.await?))
}

/// Ends what the caller let an application do: its tokens end at once.
///
/// # Errors
/// `not_found`.
pub(super) async fn end_grant(app: &App, ctx: &Ctx, id: OauthGrantId) -> Result<()> {
    let (caller, events, live) = (ctx.clone(), app.events.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        let who = (caller.organisation, caller.person);
        if !store::delete_grant_of(tx, who, id)? {
            return Err(Error::not_found("permission"));
        }
        live.end_token_after(tx, &id.to_string());
        audit::record(tx, &caller, "oauth.grant_ended", id)?;
        let audience = Audience::Person(caller.organisation, caller.person);
        events.publish_after(tx, audience, Event::ApplicationsChanged {});
        Ok(())
    });
    written.await
}
