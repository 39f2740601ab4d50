//! Bearer tokens that are no API keys: who knows them is asked one after the other.

use futures::future::BoxFuture;
use guildhall_kernel::{OrgId, PersonId, Result, Timestamp, VeId};

use crate::app::App;

/// For whom a token speaks. It never holds more than its person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenCaller {
    /// The person, or service account, that it speaks for.
    pub person: PersonId,
    /// In which organisation.
    pub organisation: OrgId,
    /// Names of permissions or of groups of them.
    pub scopes: Vec<String>,
    /// The only employees it is for; all when left out.
    pub ves: Option<Vec<VeId>>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its id, for the audit log; never the token itself.
    pub token: String,
}

/// A feature that gives tokens to programs. Registered in `app.rs`.
pub trait BearerSource: Send + Sync {
    /// For whom the token speaks; nothing when it is not one of this source's, or no longer good.
    fn authenticate<'a>(
        &'a self,
        app: &'a App,
        token: &'a str,
    ) -> BoxFuture<'a, Result<Option<TokenCaller>>>;
}
