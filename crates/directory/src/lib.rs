//! Login and lookup in LDAP directories: OpenLDAP, Active Directory and what speaks like them.
//!
//! Invariants: this crate opens no connection of its own, whoever uses it says how ([`Dial`]); nothing secret crosses a
//! connection that is not encrypted, unless the settings allow it in so many words; an empty password is refused before
//! anything is sent, since a server takes such a bind for an anonymous one; what people type never becomes part of a filter
//! or a name unescaped; referrals are not followed; every answer, list and nesting has a bound; a server that answers
//! nonsense fails its own conversation and nothing else. Deliberately absent: writing to a directory, SASL, certificates of
//! the client.

mod account;
mod answer;
mod authenticate;
mod connect;
mod diagnose;
mod dn;
mod down;
mod failure;
mod filter;
mod graph;
mod groups;
mod people;
mod person;
mod relay;
mod search;
mod session;
mod settings;
mod tls;
mod url;

use std::sync::Arc;

use futures::future::BoxFuture;
use guildhall_kernel::{Result, Timestamp};
pub use guildhall_trust::{Certificate, Step, StepState, Stream};

pub use account::Inactive;
pub use authenticate::authenticate;
pub use diagnose::{Tried, test};
pub use dn::{group_matches, normalise};
pub use down::Down;
pub use failure::hint_for;
pub use people::{People, list_people};
pub use person::Entry;
pub use settings::{Attributes, Bind, Kind, LOGIN_PLACE, Limits, Security, Settings};
pub use url::ServerUrl;

/// What opens connections for this crate.
pub trait Dial: Send + Sync {
    /// Connects to a server; nothing has been sent over the connection yet, and it is not encrypted.
    ///
    /// # Errors
    /// What kept it from connecting, as the administrator should read it.
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, Result<Box<dyn Stream>>>;
}

/// A directory that can be asked: how it is set up, how it is reached, and what time it is. A cheap clone.
#[derive(Clone)]
pub struct Directory {
    /// How it is set up.
    pub settings: Arc<Settings>,
    /// How it is reached.
    pub dial: Arc<dyn Dial>,
    /// Which servers could not be used a moment ago; kept from one conversation to the next.
    pub down: Arc<Down>,
    /// The present: what certificates and the ends of accounts are judged by.
    pub now: Timestamp,
}
