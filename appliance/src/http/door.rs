//! How often one caller may ask: limits by what a caller proves themselves with, and by address.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use guildhall_kernel::Result;
use guildhall_web::{
    guard,
    rate_limit::{RequestLimiter, RequestRate, Standing, address_key},
};

use crate::{app::App, config::LimitsConfig};

/// Callers and addresses that are remembered.
const KEYS_MAX: usize = 50_000;
/// What watches the node asks often and costs nothing.
const FREE: [&str; 2] = ["/healthz", "/readyz"];

/// The limits of a node.
pub(super) struct Door {
    by_principal: Option<RequestLimiter<u64>>,
    by_address: Option<RequestLimiter<IpAddr>>,
    loopback: bool,
    /// Turns secrets into keys that mean nothing to anybody else.
    hasher: RandomState,
    app: App,
}

impl Door {
    pub(super) fn new(app: &App) -> Self {
        let config: &LimitsConfig = &app.config.limits;
        let clock = || Arc::clone(&app.clock);
        let rate = |per_second, burst| RequestRate { per_second, burst };
        let principal = rate(config.principal_per_second, config.principal_burst);
        let address = rate(config.address_per_second, config.address_burst);
        Self {
            by_principal: (principal.per_second > 0)
                .then(|| RequestLimiter::new(principal, KEYS_MAX, clock())),
            by_address: (address.per_second > 0)
                .then(|| RequestLimiter::new(address, KEYS_MAX, clock())),
            loopback: config.loopback,
            hasher: RandomState::new(),
            app: app.clone(),
        }
    }

    /// Counts a request; says where the caller stands that is nearer to its limit.
    fn take(&self, address: Option<IpAddr>, headers: &HeaderMap) -> Result<Option<Standing>> {
        let by_address = match (&self.by_address, address) {
            (Some(limiter), Some(address)) => Some(limiter.take(&address_key(address))?),
            _ => None,
        };
        let by_principal = match (&self.by_principal, self.principal(headers)) {
            (Some(limiter), Some(principal)) => Some(limiter.take(&principal)?),
            _ => None,
        };
        Ok([by_principal, by_address]
            .into_iter()
            .flatten()
            .min_by_key(|standing| standing.left))
    }

    /// What stands for the session, key or token of a request, whether it is a valid one or not.
    fn principal(&self, headers: &HeaderMap) -> Option<u64> {
        let secret = guard::api_key(headers).or_else(|| self.app.session_cookie.read(headers))?;
        Some(self.hasher.hash_one(secret))
    }

    /// Lets a request through or refuses it with 429; says where its caller stands, if anybody counts. A stream counts
    /// once, however long it lasts.
    ///
    /// # Errors
    /// Those of the limits.
    pub(super) fn admit(&self, request: &Request) -> Result<Option<Standing>> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
        // Without an address the request came from inside this process.
        let is_here = address.is_none_or(|address| address.is_loopback());
        if is_here && !self.loopback || FREE.contains(&request.uri().path()) {
            return Ok(None);
        }
        self.take(address, request.headers())
    }
}

/// The headers that clients slow themselves down by.
pub(super) fn tell(headers: &mut HeaderMap, standing: &Standing) {
    let told = [
        ("ratelimit-limit", standing.burst),
        ("ratelimit-remaining", standing.left),
        ("ratelimit-reset", standing.full_in_seconds),
    ];
    for (name, value) in told {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}
