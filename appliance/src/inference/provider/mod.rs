//! Models outside the node: providers, the wire formats they speak, and the rules for using them.
//!
//! Invariants: every call goes through `egress`, so nothing here works while the switch is closed; keys
//! are sealed and only opened for a call; what a provider says in words is never passed on, since it may
//! quote keys or prompts; a call is tried again only while no token of it was sent on; an organisation's
//! residency rules are looked at before every call. Deliberately absent: choosing a provider by itself
//! (`auto` never leaves the node), and content of any kind in logs and records.

mod admin;
mod admin_policy;
mod breaker;
mod choose;
mod credentials;
mod embed;
mod exchange;
mod fit;
mod kind;
mod model;
mod outlet;
mod policy;
mod price;
mod residency;
mod routes;
mod routes_policy;
mod rule;
mod serve;
mod settle;
mod store;
mod test_call;
mod view;
mod wire;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use guildhall_db::{Db, Reader};
use guildhall_kernel::{Clock, Error, OrgId, ProviderId, Result, Timestamp};
use tokio::sync::OnceCell;
use utoipa_axum::router::OpenApiRouter;

pub use breaker::{CircuitState, Health};
pub use credentials::Credentials;
pub use kind::{ProviderKind, ProviderSettings};
pub use model::{NewProvider, ProviderChange};
pub use price::{Price, ProviderModel};
pub use rule::{AppliesTo, DataClass, FallbackChain, KeepWithin, ResidencyRule};
pub use settle::{Billed, UsageSource};
pub use view::{Provider, ProviderModelView, TestOutcome, TestReport, TestStep, TestStepName};

pub(super) use fit::estimate;
pub(super) use serve::serve;

use self::{breaker::Breaker, model::ProviderRow};
use super::{ModelUsers, model::ModelKind};
use crate::{
    app::App,
    egress::Egress,
    events::{Audience, Event, Events},
    secrets::Secrets,
};

/// Every route of providers.
pub(super) fn router() -> OpenApiRouter<App> {
    routes::router().merge(routes_policy::router())
}

/// Whether any provider was entered.
///
/// # Errors
/// Those of the database.
pub fn has_providers(reader: &Reader<'_>) -> Result<bool> {
    Ok(!store::list_providers(reader)?.is_empty())
}

/// The providers of the node. A cheap clone.
#[derive(Clone)]
pub struct Providers(Arc<Inner>);

struct Inner {
    db: Db,
    egress: Egress,
    secrets: Secrets,
    events: Events,
    clock: Arc<dyn Clock>,
    users: ModelUsers,
    known: RwLock<Arc<Known>>,
    /// Held while what is known is read anew, so that the newest reading stays.
    reading: tokio::sync::Mutex<()>,
}

/// What is known of providers, chains and rules; replaced as a whole.
#[derive(Default)]
struct Known {
    providers: BTreeMap<String, Arc<Live>>,
    chains: BTreeMap<String, Vec<String>>,
    rules: HashMap<OrgId, Vec<ResidencyRule>>,
}

/// A provider and how it is doing.
struct Live {
    row: ProviderRow,
    breaker: Breaker,
    /// Opened with the first call, kept in memory from then on.
    credentials: OnceCell<Credentials>,
}

/// What a model's name leads to outside the node.
pub(super) enum Route {
    Provider(ProviderRoute),
    Chain { name: String, steps: Vec<String> },
}

/// A model of a provider.
#[derive(Clone)]
pub(super) struct ProviderRoute {
    live: Arc<Live>,
    model: ProviderModel,
}

impl ProviderRoute {
    pub(super) fn kind(&self) -> ModelKind {
        self.model.kind
    }

    /// Tells the model from every other one, also of a provider that had the same short name before.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.live.row.id, self.model.name)
    }
}

impl Providers {
    /// Reads what is configured; connects to nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(
        db: &Db,
        (egress, secrets, events): (&Egress, &Secrets, &Events),
        clock: Arc<dyn Clock>,
        users: ModelUsers,
    ) -> Result<Self> {
        let providers = Self(Arc::new(Inner {
            db: db.clone(),
            egress: egress.clone(),
            secrets: secrets.clone(),
            events: events.clone(),
            clock,
            users,
            known: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }));
        providers.read_anew().await?;
        Ok(providers)
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Something was changed: reads it anew and tells open pages.
    async fn changed(&self) -> Result<()> {
        self.read_anew().await?;
        self.tell_pages();
        Ok(())
    }

    fn tell_pages(&self) {
        let event = Event::ProvidersChanged {};
        self.0.events.publish(Audience::Node, event);
    }

    /// Reads everything from the database and tells egress where calls may go.
    async fn read_anew(&self) -> Result<()> {
        let _reading = self.0.reading.lock().await;
        let (rows, chains, rules) = self
            .0
            .db
            .read(|reader| {
                Ok((
                    store::list_providers(reader)?,
                    store::list_chains(reader)?,
                    store::all_rules(reader)?,
                ))
            })
            .await?;
        let before = self.known();
        let providers: BTreeMap<String, Arc<Live>> = rows
            .into_iter()
            .map(|row| (row.slug.clone(), self.live(&before, row)))
            .collect();
        for gone in before.providers.values() {
            if !providers.values().any(|live| live.row.id == gone.row.id) {
                self.0.egress.forbid(gone.row.id);
            }
        }
        let mut by_organisation: HashMap<OrgId, Vec<ResidencyRule>> = HashMap::new();
        for rule in rules {
            by_organisation
                .entry(rule.organisation)
                .or_default()
                .push(rule);
        }
        let known = Known {
            providers,
            chains: chains.into_iter().collect(),
            rules: by_organisation,
        };
        *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    /// A provider as it is stored now; an unchanged one keeps its connections and its circuit.
    fn live(&self, before: &Known, row: ProviderRow) -> Arc<Live> {
        let is_unchanged = |old: &&Arc<Live>| {
            // What a test found changes nothing about the provider.
            let tested = row.tested.clone();
            ProviderRow {
                tested,
                ..old.row.clone()
            } == row
        };
        if let Some(same) = before.providers.get(&row.slug).filter(is_unchanged) {
            return Arc::clone(same);
        }
        let allowed = row.destination().and_then(|destination| {
            let timeout = row.settings.timeouts().connect;
            self.0.egress.allow(row.id, &row.slug, destination, timeout)
        });
        if let Err(error) = allowed {
            tracing::warn!(provider.slug = row.slug, error = %error.chain(), "a stored provider cannot be used");
            self.0.egress.forbid(row.id);
        }
        Arc::new(Live {
            row,
            breaker: Breaker::new(),
            credentials: OnceCell::new(),
        })
    }

    fn find(&self, id: ProviderId) -> Result<Arc<Live>> {
        let known = self.known();
        let mut all = known.providers.values();
        all.find(|live| live.row.id == id)
            .cloned()
            .ok_or_else(|| Error::not_found("provider"))
    }

    /// Where a model's name leads; nothing when it names no provider's model and no chain.
    ///
    /// # Errors
    /// `unknown_model`, `provider_disabled`.
    pub(super) fn route(&self, name: &str) -> Result<Option<Route>> {
        let Some((first, rest)) = name.split_once('/') else {
            return Ok(None);
        };
        let known = self.known();
        if first == rule::FALLBACK {
            let steps = known.chains.get(rest).cloned();
            return Ok(steps.map(|steps| Route::Chain {
                name: rest.to_owned(),
                steps,
            }));
        }
        let Some(live) = known.providers.get(first) else {
            return Ok(None);
        };
        if !live.row.enabled {
            let message = format!(
                "the provider {} is switched off; a platform administrator can switch it on under Administration",
                live.row.title
            );
            return Err(Error::conflict("provider_disabled", message));
        }
        let model = live.row.model(rest).cloned().ok_or_else(|| {
            let message = format!("the provider {first} has no model `{rest}` entered here");
            Error::invalid("unknown_model", message)
        })?;
        let live = Arc::clone(live);
        Ok(Some(Route::Provider(ProviderRoute { live, model })))
    }

    /// The provider's credentials, opened once.
    async fn credentials<'a>(&self, live: &'a Live) -> Result<&'a Credentials> {
        let open = async || match live.row.secret {
            None => Ok(Credentials::None {}),
            Some(id) => {
                let owner = live.row.id.to_string();
                let sealed = self.0.secrets.reveal(id, &owner).await?;
                serde_json::from_slice(&sealed)
                    .map_err(|_| Error::internal("sealed credentials do not read"))
            }
        };
        live.credentials.get_or_try_init(open).await
    }
}
