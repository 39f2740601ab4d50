//! Entering, changing and removing providers, chains and rules.

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Error, ProviderId, Result};
use serde_json::json;

use super::{
    Credentials, NewProvider, Provider, ProviderChange, ProviderModel, ProviderModelView,
    Providers, TestReport, model::ProviderRow, price::check_models, rule::FALLBACK, store,
};
use crate::{audit, idempotency::once};

const PROVIDERS_MAX: usize = 100;

impl Providers {
    /// Every provider.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Provider>> {
        let rows = self.0.db.read(store::list_providers).await?;
        Ok(rows.into_iter().map(|row| self.view(row)).collect())
    }

    /// One provider.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn read(&self, id: ProviderId) -> Result<Provider> {
        let row = self
            .0
            .db
            .read(move |reader| store::find_provider(reader, id))
            .await?;
        row.map(|row| self.view(row))
            .ok_or_else(|| Error::not_found("provider"))
    }

    fn view(&self, row: ProviderRow) -> Provider {
        let health = self.find(row.id).map_or_else(
            |_| super::Breaker::new().health(),
            |live| live.breaker.health(),
        );
        let models = row.models.iter();
        let models = models.map(|model| ProviderModelView::of(row.route(model), model));
        Provider {
            models: models.collect(),
            reachable: self.0.egress.admits(row.id),
            has_credentials: row.secret.is_some(),
            health,
            id: row.id,
            slug: row.slug,
            title: row.title,
            kind: row.kind,
            base_url: row.base_url,
            local_network: row.local_network,
            enabled: row.enabled,
            settings: row.settings,
            tested: row.tested,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// Enters a provider. Nothing is sent to it.
    ///
    /// # Errors
    /// What is wrong with it; `provider_exists`.
    pub async fn create(&self, ctx: &Ctx, new: NewProvider) -> Result<Provider> {
        ctx.entitlements.admit_feature("providers")?;
        let id = ProviderId::new(ctx.clock.as_ref());
        let (row, credentials) = new.into_row(id, ctx.now());
        let row = row.completed(credentials.as_ref())?;
        let (providers, caller) = (self.clone(), ctx.clone());
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                providers.insert(tx, &caller, row, credentials)?;
                Ok(id)
            })
        });
        let id = written.await?;
        self.changed().await?;
        self.read(id).await
    }

    fn insert(
        &self,
        tx: &Tx<'_>,
        ctx: &Ctx,
        mut row: ProviderRow,
        credentials: Option<Credentials>,
    ) -> Result<()> {
        if store::slug_is_taken(tx, &row.slug)? {
            let message = format!(
                "there is a provider `{}` already; give this one another short name",
                row.slug
            );
            return Err(Error::conflict("provider_exists", message));
        }
        if store::list_providers(tx)?.len() >= PROVIDERS_MAX {
            return Err(too_many("providers", PROVIDERS_MAX));
        }
        self.seal(tx, &mut row, credentials)?;
        store::save_provider(tx, &row)?;
        let facts =
            json!({ "slug": row.slug, "kind": row.kind.as_str(), "base_url": row.base_url });
        audit::record_with(tx, ctx, "provider.created", row.id, facts)
    }

    /// Puts credentials in the place of the present ones.
    fn seal(
        &self,
        tx: &Tx<'_>,
        row: &mut ProviderRow,
        credentials: Option<Credentials>,
    ) -> Result<()> {
        let Some(credentials) = credentials else {
            return Ok(());
        };
        if let Some(old) = row.secret.take() {
            self.0.secrets.delete(tx, old)?;
        }
        if !matches!(credentials, Credentials::None {}) {
            let owner = row.id.to_string();
            let sealed = credentials.to_sealed();
            row.secret = Some(self.0.secrets.put(tx, &owner, sealed.as_bytes())?);
        }
        Ok(())
    }

    /// Changes a provider. Another address needs its credentials anew, so that nobody can have a key
    /// sent somewhere else.
    ///
    /// # Errors
    /// `not_found`, `credentials_needed`, and what is wrong with the change.
    pub async fn update(
        &self,
        ctx: &Ctx,
        id: ProviderId,
        change: ProviderChange,
    ) -> Result<Provider> {
        let (providers, caller) = (self.clone(), ctx.clone());
        let written = self
            .0
            .db
            .write(move |tx| once(tx, &caller, || providers.apply(tx, &caller, id, change)));
        written.await?;
        self.changed().await?;
        self.read(id).await
    }

    fn apply(&self, tx: &Tx<'_>, ctx: &Ctx, id: ProviderId, change: ProviderChange) -> Result<()> {
        let row = store::find_provider(tx, id)?;
        let row = row.ok_or_else(|| Error::not_found("provider"))?;
        let before = row.clone();
        let (row, credentials) = change.apply(row, ctx.now());
        let mut row = row.completed(credentials.as_ref())?;
        if row.secret.is_some() && credentials.is_none() && moves(&before, &row)? {
            let message = "another address needs the credentials entered again, so that a key is never sent where it was not meant to go";
            return Err(Error::invalid_field(
                "credentials",
                "credentials_needed",
                message,
            ));
        }
        let facts = json!({
            "slug": row.slug, "base_url": row.base_url, "enabled": row.enabled,
            "new_credentials": credentials.is_some(),
        });
        self.seal(tx, &mut row, credentials)?;
        store::save_provider(tx, &row)?;
        audit::record_with(tx, ctx, "provider.updated", id, facts)
    }

    /// Replaces a provider's models and their prices.
    ///
    /// # Errors
    /// `not_found`, `invalid_model`.
    pub async fn set_models(
        &self,
        ctx: &Ctx,
        id: ProviderId,
        models: Vec<ProviderModel>,
    ) -> Result<Provider> {
        let models = check_models(models)?;
        let caller = ctx.clone();
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                store::find_provider(tx, id)?.ok_or_else(|| Error::not_found("provider"))?;
                store::save_models(tx, id, &models)?;
                let facts = json!({ "models": models.len() });
                audit::record_with(tx, &caller, "provider.models_changed", id, facts)
            })
        });
        written.await?;
        self.changed().await?;
        self.read(id).await
    }

    pub(super) async fn save_test(
        &self,
        ctx: &Ctx,
        id: ProviderId,
        report: &TestReport,
    ) -> Result<()> {
        let (caller, passed) = (ctx.clone(), report.passed);
        let text = serde_json::to_string(report)?;
        self.0
            .db
            .write(move |tx| {
                store::save_test(tx, id, &text)?;
                let facts = json!({ "passed": passed });
                audit::record_with(tx, &caller, "provider.tested", id, facts)
            })
            .await?;
        self.tell_pages();
        Ok(())
    }

    /// Removes a provider and its credentials.
    ///
    /// # Errors
    /// `not_found`; `provider_in_use`, naming by what.
    pub async fn delete(&self, ctx: &Ctx, id: ProviderId) -> Result<()> {
        let (providers, caller) = (self.clone(), ctx.clone());
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                let row = store::find_provider(tx, id)?;
                let row = row.ok_or_else(|| Error::not_found("provider"))?;
                providers.check_unused(tx, &row)?;
                if let Some(secret) = row.secret {
                    providers.0.secrets.delete(tx, secret)?;
                }
                store::delete_provider(tx, id)?;
                let facts = json!({ "slug": row.slug });
                audit::record_with(tx, &caller, "provider.deleted", id, facts)
            })
        });
        written.await?;
        self.changed().await
    }

    fn check_unused(&self, reader: &Reader<'_>, row: &ProviderRow) -> Result<()> {
        let used = |by: String| {
            let message = format!("{} is used by {by}; change that first", row.title);
            Err(Error::conflict("provider_in_use", message))
        };
        for model in &row.models {
            let route = row.route(model);
            let users = (self.0.users.count)(reader, &route)?;
            if users > 0 {
                return used(format!("{users} employees, which chose {route}"));
            }
        }
        let prefix = format!("{}/", row.slug);
        for (name, steps) in store::list_chains(reader)? {
            if steps.iter().any(|step| step.starts_with(&prefix)) {
                return used(format!("the chain {FALLBACK}/{name}"));
            }
        }
        Ok(())
    }
}

/// Whether calls go to another host, port or network, or are no longer encrypted.
fn moves(before: &ProviderRow, after: &ProviderRow) -> Result<bool> {
    let place = |row: &ProviderRow| {
        let destination = row.destination()?;
        Ok::<_, Error>((
            destination.host,
            destination.port,
            destination.tls,
            row.settings.ca_pem.clone(),
        ))
    };
    // What was stored and no longer reads is another place.
    Ok(place(before).ok() != Some(place(after)?))
}

pub(super) fn too_many(what: &str, most: usize) -> Error {
    Error::conflict(
        "too_many",
        format!("there are {most} {what} already; remove one first"),
    )
}
