//! The one place that opens outgoing connections.
//!
//! Invariants: while the switch says air-gapped, which it does until a platform administrator turns it,
//! every call is refused before a name is looked up or a socket exists; calls go only to the host and
//! port of an enabled provider, which callers name and cannot choose; every address is checked against
//! the network the provider was declared for and then connected to as checked; closing the switch ends
//! calls under way; every call, also a refused one, is counted and recorded without its content. Services of
//! the organisation's own network, which an administrator entered (identity providers and the like), are
//! called while the node is air-gapped too, and then at addresses of the local network only.
//! Deliberately absent: proxies from the environment, redirections, cookies, compression.

mod address;
mod call;
mod connect;
mod model;
mod pool;
mod records;
mod service;
mod store;
mod stream;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use guildhall_db::{Db, Reader, Tx};
use guildhall_kernel::{Clock, Ctx, Error, PersonId, ProviderId, Result, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use call::{Call, Reply};
pub use connect::ConnectSteps;
pub use model::{
    AllowedDestination, CallOutcome, CallTimeouts, Destination, EgressCall, EgressMode,
    EgressTotals, EgressView, Origin, SwitchedBy,
};
pub use service::{ServiceCall, service_id};
pub use stream::{ServiceAddress, ServiceStream};

use self::{connect::Connector, pool::Pool};
use crate::{
    audit,
    config::EgressPolicy,
    events::{Audience, Event, Events},
};

/// Calls shown.
const RECENT: u32 = 100;

/// Outgoing connections. A cheap clone.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    events: Events,
    policy: EgressPolicy,
    state: RwLock<State>,
    /// Held while the switch is turned, so that what is stored is what holds.
    turning: tokio::sync::Mutex<()>,
    waiting: Mutex<Vec<EgressCall>>,
}

struct State {
    mode: EgressMode,
    changed: Option<Turned>,
    routes: BTreeMap<ProviderId, Route>,
    /// Cancelled when the switch is turned: ends calls of services under way.
    services: CancellationToken,
}

/// Who turned the switch last, and when.
#[derive(Clone, Copy)]
struct Turned {
    by: Option<PersonId>,
    at: Timestamp,
}

/// Where one provider's calls go.
#[derive(Clone)]
struct Route {
    slug: String,
    destination: Arc<Destination>,
    connector: Connector,
    pool: Arc<Pool>,
    /// Cancelled when the switch or the provider changes: ends what is under way.
    open: CancellationToken,
}

impl Route {
    fn new(slug: &str, destination: Arc<Destination>, connector: &Connector) -> Self {
        let open = CancellationToken::new();
        let connector = connector.until(&open);
        let pool = Pool::new(connector.clone());
        Self {
            slug: slug.to_owned(),
            destination,
            connector,
            pool,
            open,
        }
    }

    /// The same destination with no connection left of before.
    fn renewed(&self) -> Self {
        self.open.cancel();
        Self::new(&self.slug, Arc::clone(&self.destination), &self.connector)
    }
}

impl Egress {
    /// Reads the switch; opens nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(
        policy: EgressPolicy,
        db: &Db,
        (events, clock): (&Events, Arc<dyn Clock>),
    ) -> Result<Self> {
        let stored = db.read(store::read_switch).await?;
        let mode = match (policy, stored) {
            (EgressPolicy::Switchable, Some((mode, ..))) => mode,
            _ => EgressMode::AirGapped,
        };
        Ok(Self(Arc::new(Inner {
            db: db.clone(),
            clock,
            events: events.clone(),
            policy,
            state: RwLock::new(State {
                mode,
                changed: stored.map(|(_, by, at)| Turned { by, at }),
                routes: BTreeMap::new(),
                services: CancellationToken::new(),
            }),
            turning: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
        })))
    }

    /// How far calls may go right now.
    pub fn mode(&self) -> EgressMode {
        self.state().mode
    }

    /// Whether calls of this provider may go out right now.
    pub fn admits(&self, provider: ProviderId) -> bool {
        self.admit(provider).is_ok()
    }

    /// Whether calls of this provider may go out right now.
    ///
    /// # Errors
    /// `egress_denied`, with who can change it.
    pub fn check_open(&self, provider: ProviderId) -> Result<()> {
        self.admit(provider).map(|_| ())
    }

    /// Lets a provider's calls go to its destination and nowhere else, as far as the switch does.
    ///
    /// # Errors
    /// `invalid_ca`.
    pub fn allow(
        &self,
        provider: ProviderId,
        slug: &str,
        destination: Destination,
        connect_timeout: Duration,
    ) -> Result<()> {
        let destination = Arc::new(destination);
        let connector = Connector::new(Arc::clone(&destination), connect_timeout)?;
        let route = Route::new(slug, destination, &connector);
        let mut state = self.state_mut();
        if let Some(old) = state.routes.insert(provider, route) {
            old.open.cancel();
        }
        Ok(())
    }

    /// Lets none of a provider's calls go out, and ends those under way.
    pub fn forbid(&self, provider: ProviderId) {
        if let Some(old) = self.state_mut().routes.remove(&provider) {
            old.open.cancel();
        }
    }

    /// Checks that a destination could be used, without using it.
    ///
    /// # Errors
    /// `invalid_ca`.
    pub fn check(destination: &Destination) -> Result<()> {
        Connector::new(Arc::new(destination.clone()), Duration::from_secs(1)).map(|_| ())
    }

    fn admit(&self, provider: ProviderId) -> Result<Route> {
        let state = self.state();
        let Some(route) = state.routes.get(&provider) else {
            let message = "no enabled provider has this destination, so nothing was sent; enable the provider first";
            return Err(Error::forbidden("egress_denied", message));
        };
        if state.mode.admits(&route.destination) {
            return Ok(route.clone());
        }
        drop(state);
        Err(self.denied(&self.slug_of(provider)))
    }

    fn slug_of(&self, provider: ProviderId) -> String {
        let state = self.state();
        let route = state.routes.get(&provider);
        route.map_or_else(|| provider.to_string(), |route| route.slug.clone())
    }

    /// The refusal: names the switch and who can turn it.
    fn denied(&self, target: &str) -> Error {
        let message = match (self.0.policy, self.mode()) {
            (EgressPolicy::Never, _) => format!(
                "this node never connects outwards, so nothing was sent to {target}: its configuration says `egress = \"never\"`, which only whoever runs the machine can change"
            ),
            (EgressPolicy::Switchable, EgressMode::AirGapped) => format!(
                "this node is air-gapped, so nothing was sent to {target}; a platform administrator can turn the egress switch under Administration or with `guildhall egress set`"
            ),
            (EgressPolicy::Switchable, EgressMode::LocalNetwork) => format!(
                "this node connects to the local network only, so nothing was sent to {target}; a platform administrator can turn the egress switch under Administration or with `guildhall egress set`"
            ),
            (EgressPolicy::Switchable, EgressMode::Allowed) => format!(
                "the egress switch or the provider {target} was changed in the middle of the call; try again"
            ),
        };
        Error::forbidden("egress_denied", message)
    }

    /// Turns the switch.
    ///
    /// # Errors
    /// `egress_locked` when the configuration forbids it; those of the database.
    pub async fn set_mode(&self, ctx: &Ctx, mode: EgressMode) -> Result<()> {
        if self.0.policy == EgressPolicy::Never && mode != EgressMode::AirGapped {
            let message = "the configuration says `egress = \"never\"`; whoever runs the machine can change it there and restart the node";
            return Err(Error::conflict("egress_locked", message));
        }
        let _turning = self.0.turning.lock().await;
        let before = self.mode();
        if mode == EgressMode::AirGapped {
            // Closed first and written down afterwards: a full disk must not keep the switch open.
            self.turn(mode, ctx);
        }
        let caller = ctx.clone();
        self.0
            .db
            .write(move |tx| switch(tx, &caller, before, mode))
            .await?;
        self.turn(mode, ctx);
        self.0
            .events
            .publish(Audience::Node, Event::EgressChanged {});
        tracing::warn!(egress.mode = mode.as_str(), "the egress switch was turned");
        Ok(())
    }

    fn turn(&self, mode: EgressMode, ctx: &Ctx) {
        let mut state = self.state_mut();
        state.mode = mode;
        state.changed = Some(Turned {
            by: Some(ctx.person),
            at: ctx.now(),
        });
        for route in state.routes.values_mut() {
            *route = route.renewed();
        }
        std::mem::take(&mut state.services).cancel();
    }

    /// The switch, where calls may go and what was called. People's names are another module's to know.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn view(
        &self,
        name_of: fn(&Reader<'_>, PersonId) -> Result<Option<String>>,
    ) -> Result<EgressView> {
        let changed = self.state().changed;
        let by = changed.and_then(|changed| changed.by);
        let read = move |reader: &Reader<'_>| {
            let name = by.map(|person| name_of(reader, person)).transpose()?;
            Ok((
                name.flatten(),
                store::totals(reader)?,
                store::recent(reader, RECENT)?,
            ))
        };
        let (name, totals, recent) = self.0.db.read(read).await?;
        let state = self.state();
        let destinations = state.routes.iter().map(|(provider, route)| {
            let destination = &route.destination;
            AllowedDestination {
                provider_id: *provider,
                provider: route.slug.clone(),
                host: destination.host.clone(),
                port: destination.port,
                tls: destination.tls,
                local_network: destination.local_network,
                open: state.mode.admits(destination),
            }
        });
        Ok(EgressView {
            mode: state.mode,
            locked: self.0.policy == EgressPolicy::Never,
            changed_at: changed.map(|changed| changed.at),
            changed_by: by.map(|person_id| SwitchedBy { person_id, name }),
            destinations: destinations.collect(),
            totals,
            recent,
        })
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.0.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn switch(tx: &Tx<'_>, ctx: &Ctx, before: EgressMode, mode: EgressMode) -> Result<()> {
    let by = ctx.person.to_string();
    store::save_switch(tx, mode, Some(&by), ctx.now())?;
    let details = json!({ "from": before.as_str(), "to": mode.as_str() });
    audit::record_with(tx, ctx, "egress.switched", "node", details)
}
