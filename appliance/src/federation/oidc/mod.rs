//! OpenID Connect: the code flow with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1; RFC 9700).
//!
//! Invariants: an answer counts only in the browser that began the login, once and within ten minutes; an ID token
//! counts only when one of the provider's own public keys signed it for this client and this login; keys are fetched
//! for every login, so a key that the provider changed is known at once; what went wrong is told to the
//! administrator, and to the person only that it did. Deliberately absent: implicit and hybrid flows, `none` and
//! shared-secret signatures, tokens of the provider kept after the login.

mod browser;
mod claims;
mod client;
mod flow;
mod routes;
mod token;

pub(super) use routes::router;
