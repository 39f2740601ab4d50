//! Applications that act for people: an OAuth 2.1 authorisation server.
//!
//! Invariants: codes, refresh tokens and secrets are stored as SHA-256 only; a code is good once, for a minute, for
//! the application and the address it was asked for, and only with the verifier of its challenge (S256); a refresh
//! token is good once, and a second use of either ends everything that came of it; an access token is signed, but
//! lets nobody in once its grant is gone; it never allows more than its person may do. Deliberately absent: implicit
//! and password grants, the plain challenge, redirect addresses by pattern, registration by strangers, requests from
//! other origins' pages.

mod authorize;
mod bearer;
mod clients;
mod code_store;
mod device;
mod form;
mod inspect;
mod jwt;
mod model;
mod problem;
mod redirect;
mod refresh;
mod routes;
mod routes_admin;
mod scope;
mod service;
mod signing;
mod store;
mod token;

use std::sync::Arc;

use guildhall_db::{Db, Tx};
use guildhall_kernel::{Clock, Ctx, Error, OrgId, PersonId, Result};
use guildhall_web::{
    rate_limit::{BackOff, Penalty},
    token_hash,
};
use utoipa_axum::router::OpenApiRouter;

pub use bearer::AccessTokens;
pub use model::{
    AccountGrant, CreatedOauthClient, GrantedClient, NewOauthClient, OauthClient,
    OauthClientChange, OauthClientKind, OauthGrantType,
};

pub use routes::PROTECTED_RESOURCE_PATH;

use self::{model::ACCESS_SECONDS, signing::TokenKeys};
use crate::{app::App, audit, keys::Keys};

/// How many people are remembered who typed wrong codes.
const PEOPLE_MAX: usize = 10_000;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router().merge(routes_admin::router())
}

/// What the authorisation server holds in memory.
pub struct Oauth {
    keys: TokenKeys,
    /// Wrong user codes, counted by who typed them.
    user_codes: BackOff<PersonId>,
}

impl Oauth {
    /// Takes the keys that sign tokens.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(keys: &Keys, db: &Db, clock: Arc<dyn Clock>) -> Result<Self> {
        let rotations = db.read(store::list_rotations).await?;
        Ok(Self {
            keys: TokenKeys::new(keys, &rotations)?,
            user_codes: BackOff::new(Penalty::default(), PEOPLE_MAX, clock),
        })
    }
}

/// Signs tokens with a new key from now on. Tokens that the one before signed stay good until they end.
///
/// # Errors
/// `rotated_already` within an hour of the last time.
pub async fn rotate_key(app: &App, ctx: &Ctx) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let mut rotations = store::list_rotations(tx)?;
        let last = rotations.last();
        if last.is_some_and(|last| caller.now() < last.plus_seconds(ACCESS_SECONDS)) {
            let message = "the key was changed less than an hour ago; tokens of the one before are still about";
            return Err(Error::conflict("rotated_already", message));
        }
        rotations.push(caller.now());
        store::insert_rotation(tx, rotations.len(), caller.now())?;
        audit::record(tx, &caller, "oauth.key_rotated", "node")?;
        Ok(rotations)
    });
    let rotations = written.await?;
    app.oauth.keys.renew(&app.keys, &rotations)
}

/// Ends everything that applications hold for a person, in one organisation or (without one) everywhere.
///
/// # Errors
/// Those of the database.
pub fn revoke_person(tx: &Tx<'_>, person: PersonId, organisation: Option<OrgId>) -> Result<()> {
    store::delete_of_person(tx, person, organisation)
}
