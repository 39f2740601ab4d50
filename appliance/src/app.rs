//! The composition root: everything the node is made of, built once, for production and tests alike.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use guildhall_db::{Db, DbOptions, Migration, Reader, Tx};
use guildhall_kernel::{Clock, Ctx, Error, Result, SystemClock, Timestamp};
use guildhall_web::cookie::SessionCookie;
use serde::{Serialize, de::DeserializeOwned};
use tokio_util::sync::CancellationToken;

use crate::{
    billing::Meter,
    catalog::Catalog,
    chat::Turns,
    config::Config,
    directory::{self, Directories, DirectorySignIn},
    egress::Egress,
    events::Events,
    federation::{self, Federation, ProviderOptions},
    idempotency,
    identity::{
        self, Authorisers, BearerSource, Ceremonies, KnownKeys, Live, LoginLimits, PasswordSource,
        Policies, Resources, Revoker, RoleUses, SignInOptions,
    },
    inference::{self, Inference, Providers},
    keys::Keys,
    knowledge::Knowledge,
    licensing::{self, Counted, Licensing},
    mail::Mail,
    oauth::{self, Oauth},
    playground::Playground,
    scim,
    secrets::Secrets,
    team::{self, Presence},
};

/// The schema of `guildhall.db`, oldest first. A released migration never changes.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "identity",
        sql: include_str!("../migrations/0001_identity.sql"),
    },
    Migration {
        version: 2,
        name: "catalog",
        sql: include_str!("../migrations/0002_catalog.sql"),
    },
    Migration {
        version: 3,
        name: "models",
        sql: include_str!("../migrations/0003_models.sql"),
    },
    Migration {
        version: 4,
        name: "team",
        sql: include_str!("../migrations/0004_team.sql"),
    },
    Migration {
        version: 5,
        name: "usage",
        sql: include_str!("../migrations/0005_usage.sql"),
    },
    Migration {
        version: 6,
        name: "metering",
        sql: include_str!("../migrations/0006_metering.sql"),
    },
    Migration {
        version: 7,
        name: "model_registry",
        sql: include_str!("../migrations/0007_model_registry.sql"),
    },
    Migration {
        version: 8,
        name: "providers",
        sql: include_str!("../migrations/0008_providers.sql"),
    },
    Migration {
        version: 9,
        name: "prompt_templates",
        sql: include_str!("../migrations/0009_prompt_templates.sql"),
    },
    Migration {
        version: 10,
        name: "licensing",
        sql: include_str!("../migrations/0010_licensing.sql"),
    },
    Migration {
        version: 11,
        name: "data_class",
        sql: include_str!("../migrations/0011_data_class.sql"),
    },
    Migration {
        version: 12,
        name: "collections",
        sql: include_str!("../migrations/0012_collections.sql"),
    },
    Migration {
        version: 13,
        name: "accounts",
        sql: include_str!("../migrations/0013_accounts.sql"),
    },
    Migration {
        version: 14,
        name: "roles",
        sql: include_str!("../migrations/0014_roles.sql"),
    },
    Migration {
        version: 15,
        name: "directory",
        sql: include_str!("../migrations/0015_directory.sql"),
    },
    Migration {
        version: 16,
        name: "federation",
        sql: include_str!("../migrations/0016_federation.sql"),
    },
    Migration {
        version: 17,
        name: "oauth",
        sql: include_str!("../migrations/0017_oauth.sql"),
    },
    Migration {
        version: 18,
        name: "scim",
        sql: include_str!("../migrations/0018_scim.sql"),
    },
    Migration {
        version: 19,
        name: "mail",
        sql: include_str!("../migrations/0019_mail.sql"),
    },
    Migration {
        version: 20,
        name: "sign_in_flows",
        sql: include_str!("../migrations/0020_sign_in_flows.sql"),
    },
    Migration {
        version: 21,
        name: "refused_model_files",
        sql: include_str!("../migrations/0021_refused_model_files.sql"),
    },
    Migration {
        version: 22,
        name: "awaited_people",
        sql: include_str!("../migrations/0022_awaited_people.sql"),
    },
];

/// What other features end for somebody who loses their access.
const REVOKERS: &[Revoker] = &[oauth::revoke_person];

/// What other features give custom roles by.
const ROLE_USES: &[RoleUses] = &[
    directory::uses_of_role,
    federation::uses_of_role,
    scim::uses_of_role,
];

/// Who knows bearer tokens that are no API keys.
const BEARER_SOURCES: &[&dyn BearerSource] = &[&oauth::AccessTokens];

/// Who checks passwords that the node does not have, in the order in which they are asked.
const PASSWORD_SOURCES: &[&dyn PasswordSource] = &[&DirectorySignIn];

/// What features add to the sign-in page.
const SIGN_IN_OPTIONS: &[&dyn SignInOptions] = &[&DirectorySignIn, &ProviderOptions];

/// What keys and policies name, and who knows it.
const RESOURCES: Resources = Resources {
    ve: team::persona_name,
    model: inference::title_of,
    collection: crate::knowledge::collection_title,
};

/// What licences bound, and who knows it.
const COUNTED: Counted = Counted {
    employees: team::count_active,
    features: features_in_use,
};

fn features_in_use(reader: &Reader<'_>) -> Result<Vec<String>> {
    let used = [
        (
            "organisations",
            identity::has_several_organisations(reader)?,
        ),
        ("providers", inference::has_providers(reader)?),
        ("sso", federation::has_providers(reader)?),
    ];
    let used = used.into_iter().filter(|(_, is_used)| *is_used);
    Ok(used.map(|(name, _)| name.to_owned()).collect())
}

/// The node. A cheap clone of one shared value.
#[derive(Clone)]
pub struct App(Arc<Node>);

/// What the node is made of.
pub struct Node {
    /// The configuration it runs with.
    pub config: Config,
    /// Where people reach the node: scheme, host and port, without a final slash.
    pub origin: String,
    /// Where its data lies.
    pub data_dir: PathBuf,
    /// The system of record.
    pub db: Db,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// The node's own keys.
    pub keys: Keys,
    /// Secrets of others, sealed with these keys.
    pub secrets: Secrets,
    /// The one place that opens outgoing connections.
    pub egress: Egress,
    /// Mails to people, and what sends them.
    pub mail: Mail,
    /// What the vendor allows.
    pub licensing: Licensing,
    /// Live news for open tabs.
    pub events: Events,
    /// Login attempts, counted.
    pub login_limits: LoginLimits,
    /// Logins and registrations of passkeys that are half done.
    pub ceremonies: Ceremonies,
    /// Who checks passwords that the node does not have.
    pub password_sources: &'static [&'static dyn PasswordSource],
    /// What features add to the sign-in page.
    pub sign_in_options: &'static [&'static dyn SignInOptions],
    /// Directories that people log in with.
    pub directories: Directories,
    /// The node's own keys towards identity providers.
    pub federation: Federation,
    /// API keys that were looked up before.
    pub known_keys: KnownKeys,
    /// What runs for people right now and ends with their access.
    pub live: Live,
    /// Who may use which employee, model and collection.
    pub policies: Policies,
    /// Whom organisations ask beside the node's own rules.
    pub authorisers: Authorisers,
    /// What other features end for somebody who loses their access.
    pub revokers: &'static [Revoker],
    /// What other features give custom roles by.
    pub role_uses: &'static [RoleUses],
    /// Who knows bearer tokens that are no API keys.
    pub bearer_sources: &'static [&'static dyn BearerSource],
    /// Keys and counters of the authorisation server.
    pub oauth: Oauth,
    /// What keys and policies name, and who knows it.
    pub resources: Resources,
    /// Writes down calls of models.
    pub meter: Meter,
    /// The catalogue with its search index.
    pub catalog: Catalog,
    /// Models and the engine processes that run them.
    pub inference: Inference,
    /// Sentence vectors, computed once per text.
    pub knowledge: Knowledge,
    /// Who is writing an answer right now.
    pub presence: Presence,
    /// The answers being written right now.
    pub turns: Turns,
    /// The playground's runs being answered right now.
    pub playground: Playground,
    /// How a session travels in a browser.
    pub session_cookie: SessionCookie,
    /// Cancelled when the node stops.
    pub shutdown: CancellationToken,
    /// When this process started.
    pub started_at: Timestamp,
}

impl Deref for App {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.0
    }
}

/// What differs between production and a test.
pub struct AppOptions {
    /// The configuration.
    pub config: Config,
    /// The data directory; it exists and is locked by the caller.
    pub data_dir: PathBuf,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// When the program was built: no time before it can be true.
    pub built: Timestamp,
    /// Where people reach the node; made of the configuration when left out.
    pub origin: Option<String>,
}

impl AppOptions {
    /// Production: the system's clock.
    pub fn new(config: Config, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            config,
            data_dir: data_dir.into(),
            clock: Arc::new(SystemClock),
            built: licensing::build_date(),
            origin: None,
        }
    }
}

async fn open_database(path: PathBuf) -> Result<Db> {
    let opened =
        tokio::task::spawn_blocking(move || Db::open(DbOptions::new(path, MIGRATIONS))).await;
    opened.map_err(|error| Error::internal("opening the database stopped").with_source(error))?
}

impl App {
    /// Opens the data directory's database, brings it up to date and builds the node on it.
    ///
    /// # Errors
    /// What opening reports: newer schema, network file system, no permission, full disk.
    pub async fn open(options: AppOptions) -> Result<Self> {
        let AppOptions {
            config,
            data_dir,
            clock,
            built,
            origin,
        } = options;
        let origin = origin.unwrap_or_else(|| config.origin(config.listen));
        let keys_dir = data_dir.join("keys");
        let keys = Keys::open(&keys_dir)?;
        let db = open_database(data_dir.join("guildhall.db")).await?;
        let started_at = clock.now();
        let catalog = Catalog::open(&data_dir, &db, started_at).await?;
        let events = Events::new();
        let secrets = Secrets::open((&keys, &keys_dir), &db, Arc::clone(&clock)).await?;
        let egress = Egress::open(config.egress, &db, (&events, Arc::clone(&clock))).await?;
        let times = (Arc::clone(&clock), built);
        let licensing = Licensing::open((&data_dir, &keys), (&db, &egress), times, COUNTED).await?;
        let outside = (&egress, &secrets, &events);
        let providers =
            Providers::open(&db, outside, Arc::clone(&clock), team::MODEL_USERS).await?;
        let places = (&config, &*data_dir, &keys);
        let users = (team::MODEL_USERS, providers);
        let inference = Inference::open(places, &db, &events, Arc::clone(&clock), users).await?;
        let policies = Policies::open(&db).await?;
        let authorisers = Authorisers::open(&db).await?;
        let oauth = Oauth::open(&keys, &db, Arc::clone(&clock)).await?;
        let meter = Meter::start(db.clone());
        let app = Self(Arc::new(Node {
            login_limits: LoginLimits::new(Arc::clone(&clock)),
            ceremonies: Ceremonies::new(&clock),
            password_sources: PASSWORD_SOURCES,
            sign_in_options: SIGN_IN_OPTIONS,
            federation: Federation::default(),
            directories: Directories::default(),
            mail: Mail::default(),
            known_keys: KnownKeys::default(),
            live: Live::default(),
            policies,
            authorisers,
            revokers: REVOKERS,
            role_uses: ROLE_USES,
            bearer_sources: BEARER_SOURCES,
            oauth,
            resources: RESOURCES,
            knowledge: Knowledge::new(inference.clone(), &db, Arc::clone(&clock), meter.clone()),
            meter,
            presence: Presence::default(),
            turns: Turns::default(),
            playground: Playground::default(),
            session_cookie: SessionCookie::new("guildhall", config.is_tls()),
            shutdown: CancellationToken::new(),
            config,
            origin,
            data_dir,
            db,
            clock,
            keys,
            secrets,
            egress,
            licensing,
            events,
            catalog,
            inference,
            started_at,
        }));
        app.take_up().await?;
        Ok(app)
    }

    /// Takes up what the last stop of the node left in the middle.
    async fn take_up(&self) -> Result<()> {
        crate::chat::recover(self).await?;
        crate::playground::recover(self).await?;
        crate::knowledge::resume(self).await
    }

    /// Runs a mutation for `ctx` in one transaction. With an `Idempotency-Key`, its answer is
    /// committed with the change, and the same request later gets that answer without a second change.
    ///
    /// # Errors
    /// Those of `change`; `idempotency_key_reused` when the key came with another request before.
    pub async fn write<T>(
        &self,
        ctx: &Ctx,
        change: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let caller = ctx.clone();
        let outcome = self
            .db
            .write(move |tx| idempotency::once(tx, &caller, || change(tx)));
        outcome.await
    }

    /// Like [`App::write`] for an answer that holds a secret: it is not stored, so a repeated request
    /// is refused rather than answered.
    ///
    /// # Errors
    /// As [`App::write`], and `already_done` for a repeated request.
    pub async fn write_secret<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        change: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let caller = ctx.clone();
        let outcome = self
            .db
            .write(move |tx| idempotency::once_secret(tx, &caller, || change(tx)));
        outcome.await
    }

    /// Stops the engines and closes the database: the last thing a process does with the node.
    pub async fn close(&self) {
        self.shutdown.cancel();
        self.inference.shutdown().await;
        self.meter.flush().await;
        self.egress.flush().await;
        // The last mark of the clock is the best one.
        self.licensing.remember(true).await;
        self.db.clone().close();
    }

    /// Path of something in the data directory.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.data_dir.join(relative)
    }
}
