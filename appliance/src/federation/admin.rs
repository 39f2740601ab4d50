//! Entering, changing and removing identity providers.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Error, IdentityProviderId, Result};
use guildhall_saml::parse_metadata;
use serde_json::json;

use super::{
    keys,
    model::{
        IdentityProvider, IdentityProviderChange, IdentityProviderKind, NewIdentityProvider,
        ProviderRow, Settings,
    },
    oidc_settings::{OidcInput, OidcView},
    saml_settings::{SamlInput, SamlMetadata, SamlView, SpAddresses},
    store,
};
use crate::{
    app::App,
    audit,
    identity::{self, ExternalContext, ExternalIdentity},
    secrets::{SecretText, Secrets},
};

const PROVIDERS_MAX: usize = 50;

/// Every provider.
///
/// # Errors
/// Those of the database.
pub(super) async fn list(app: &App) -> Result<Vec<IdentityProvider>> {
    let origin = app.origin.clone();
    let read = app.db.read(move |reader| {
        let rows = store::list_providers(reader)?;
        rows.into_iter()
            .map(|row| view(reader, &origin, row))
            .collect()
    });
    read.await
}

/// One provider.
///
/// # Errors
/// `not_found`.
pub(super) async fn read(app: &App, id: IdentityProviderId) -> Result<IdentityProvider> {
    let origin = app.origin.clone();
    let read = app.db.read(move |reader| {
        let row = store::read_provider(reader, id)?;
        view(reader, &origin, row)
    });
    read.await
}

fn view(reader: &Reader<'_>, origin: &str, row: ProviderRow) -> Result<IdentityProvider> {
    let (kind, id) = (row.kind(), row.id);
    let (saml, oidc) = match &row.settings {
        Settings::Saml(settings) => {
            let keys = store::list_keys(reader, id)?;
            let view = SamlView::new(settings, SpAddresses::new(origin, id), &keys)?;
            (Some(view), None)
        }
        Settings::Oidc(settings) => {
            let view = OidcView {
                issuer: settings.issuer.clone(),
                client_id: settings.client_id.clone(),
                has_client_secret: row.secret.is_some(),
                scopes: settings.scopes.clone(),
                ca_pem: settings.ca_pem.clone(),
                redirect_uri: format!("{origin}/oidc/{id}/callback"),
            };
            (None, Some(view))
        }
    };
    Ok(IdentityProvider {
        id,
        kind,
        name: row.name,
        enabled: row.enabled,
        saml,
        oidc,
        attributes: row.attributes,
        group_map: row.group_map,
        default_grant: row.default_grant,
        recent_failures: store::list_failures(reader, id)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Enters a provider. Nothing is sent to it.
///
/// # Errors
/// What is wrong with it; `license_restricted`; `too_many`.
pub(super) async fn create(
    app: &App,
    ctx: &Ctx,
    input: NewIdentityProvider,
) -> Result<IdentityProvider> {
    ctx.entitlements.admit_feature("sso")?;
    let (settings, secret) = settings_of(input.kind, input.saml.as_ref(), input.oidc)?;
    let now = ctx.now();
    let row = ProviderRow {
        id: IdentityProviderId::new(ctx.clock.as_ref()),
        name: input.name,
        enabled: input.enabled.unwrap_or(true),
        settings,
        attributes: input.attributes,
        group_map: input.group_map,
        default_grant: input.default_grant,
        secret: None,
        created_at: now,
        updated_at: now,
    };
    let row = row.checked()?;
    let key = match row.kind() {
        IdentityProviderKind::Saml => Some(keys::make(app).await?),
        IdentityProviderKind::Oidc => None,
    };
    let (caller, secrets, federation) = (ctx.clone(), app.secrets.clone(), app.federation.clone());
    let written = app.write(ctx, move |tx| {
        if store::list_providers(tx)?.len() >= PROVIDERS_MAX {
            let message =
                format!("there are {PROVIDERS_MAX} identity providers already; remove one first");
            return Err(Error::conflict("too_many", message));
        }
        let row = sealed(tx, &secrets, row, secret)?;
        save(tx, &caller, &row, "identity_provider.created")?;
        if let Some(key) = key {
            keys::keep(tx, (&secrets, &federation), row.id, (&key, true), now)?;
        }
        Ok(row.id)
    });
    let id = written.await?;
    read(app, id).await
}

/// The settings of the kind that is named, and an OpenID client's secret.
fn settings_of(
    kind: IdentityProviderKind,
    saml: Option<&SamlInput>,
    oidc: Option<OidcInput>,
) -> Result<(Settings, Option<SecretText>)> {
    match (kind, saml, oidc) {
        (IdentityProviderKind::Saml, Some(saml), None) => {
            Ok((Settings::Saml(saml.settings()?), None))
        }
        (IdentityProviderKind::Oidc, None, Some(oidc)) => {
            Ok((Settings::Oidc(oidc.settings()?), oidc.client_secret))
        }
        _ => Err(Error::invalid_field(
            kind.as_str(),
            "invalid_provider",
            "give the settings of the provider's kind, and of no other",
        )),
    }
}

/// Puts a new secret in the place of the present one.
fn sealed(
    tx: &Tx<'_>,
    secrets: &Secrets,
    mut row: ProviderRow,
    secret: Option<SecretText>,
) -> Result<ProviderRow> {
    let Some(secret) = secret else {
        return Ok(row);
    };
    if let Some(old) = row.secret.take() {
        secrets.delete(tx, old)?;
    }
    if !secret.reveal().is_empty() {
        row.secret = Some(secrets.put(tx, &row.id.to_string(), secret.reveal().as_bytes())?);
    }
    Ok(row)
}

/// Checks what the provider would give, writes it and records who did it.
fn save(tx: &Tx<'_>, ctx: &Ctx, row: &ProviderRow, action: &str) -> Result<()> {
    for (organisation, role) in row.grants() {
        identity::organisation_name(tx, organisation).map_err(|_| {
            let message = format!("there is no organisation {organisation}; choose another one");
            Error::invalid_field("group_map", "unknown_organisation", message)
        })?;
        identity::check_role_exists(tx, organisation, role)?;
    }
    store::save_provider(tx, row)?;
    let facts = json!({
        "kind": row.kind().as_str(), "name": row.name, "enabled": row.enabled,
        "rules": row.group_map.len(), "has_default": row.default_grant.is_some(),
    });
    audit::record_with(tx, ctx, action, row.id, facts)
}

/// Changes a provider. Another issuer needs its client secret anew, so that nobody can have a secret
/// sent somewhere else.
///
/// # Errors
/// `not_found`, `credentials_needed`, and what is wrong with the change.
pub(super) async fn update(
    app: &App,
    ctx: &Ctx,
    id: IdentityProviderId,
    change: IdentityProviderChange,
) -> Result<IdentityProvider> {
    let (caller, secrets) = (ctx.clone(), app.secrets.clone());
    let written = app.write(ctx, move |tx| {
        let before = store::read_provider(tx, id)?;
        let (row, secret) = changed(before, change)?;
        let mut row = sealed(tx, &secrets, row.checked()?, secret)?;
        row.updated_at = caller.now();
        save(tx, &caller, &row, "identity_provider.updated")
    });
    written.await?;
    read(app, id).await
}

fn changed(
    mut row: ProviderRow,
    change: IdentityProviderChange,
) -> Result<(ProviderRow, Option<SecretText>)> {
    let mut secret = None;
    if change.saml.is_some() || change.oidc.is_some() {
        let (settings, given) = settings_of(row.kind(), change.saml.as_ref(), change.oidc)?;
        let issuer = |settings: &Settings| match settings {
            Settings::Oidc(oidc) => oidc.issuer.clone(),
            Settings::Saml(_) => String::new(),
        };
        let moves = issuer(&settings) != issuer(&row.settings);
        if moves && row.secret.is_some() && given.is_none() {
            return Err(Error::invalid_field(
                "oidc.client_secret",
                "credentials_needed",
                "another issuer needs the client secret entered again, so that it is never sent where it was not meant to go",
            ));
        }
        row.settings = settings;
        secret = given;
    }
    row.name = change.name.unwrap_or(row.name);
    row.enabled = change.enabled.unwrap_or(row.enabled);
    row.attributes = change.attributes.unwrap_or(row.attributes);
    row.group_map = change.group_map.unwrap_or(row.group_map);
    row.default_grant = change.default_grant.unwrap_or(row.default_grant);
    Ok((row, secret))
}

/// Removes a provider, its keys and secrets, and the access that it gave.
///
/// # Errors
/// `not_found`.
pub(super) async fn delete(app: &App, ctx: &Ctx, id: IdentityProviderId) -> Result<()> {
    let (caller, parts) = (ctx.clone(), identity::external_context(app));
    let (secrets, federation) = (app.secrets.clone(), app.federation.clone());
    let written = app.write(ctx, move |tx| {
        let row = store::read_provider(tx, id)?;
        withdraw_all(tx, &parts, &row)?;
        for key in store::list_keys(tx, id)? {
            keys::forget(tx, (&secrets, &federation), id, &key)?;
        }
        if let Some(secret) = row.secret {
            secrets.delete(tx, secret)?;
        }
        store::delete_provider(tx, id)?;
        identity::forget_refusals(tx, &id.to_string())?;
        audit::record_with(
            tx,
            &caller,
            "identity_provider.deleted",
            id,
            json!({ "name": row.name }),
        )
    });
    written.await
}

/// Takes away what the provider gave, from everybody.
fn withdraw_all(tx: &Tx<'_>, parts: &ExternalContext, row: &ProviderRow) -> Result<()> {
    let source = row.id.to_string();
    let organisations: Vec<_> = row.grants().map(|(organisation, _)| organisation).collect();
    for (subject, person) in identity::external_subjects(tx, &source)? {
        let Some(person) = identity::find_person(tx, person)? else {
            continue;
        };
        let gone = ExternalIdentity {
            source: source.clone(),
            subject,
            email: person.email,
            display_name: person.display_name,
            grants: Vec::new(),
            organisations: organisations.clone(),
            active: false,
        };
        identity::apply_external(tx, parts, &gone)?;
    }
    Ok(())
}

/// Reads the metadata that a SAML provider hands out, so that nobody needs to type them.
///
/// # Errors
/// What is wrong with them, on the field `xml`.
pub(super) fn read_metadata(app: &App, xml: &str) -> Result<SamlMetadata> {
    parse_metadata(xml, app.clock.now())
        .map(SamlMetadata::from)
        .map_err(|refusal| Error::invalid_field("xml", refusal.code(), refusal.message()))
}
