//! The crate's behaviour as its users see it: through a router, and over real sockets where the
//! wire matters.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub
)]

mod assets;
mod client_certificates;
mod cookie_and_csrf;
mod guard;
mod json;
mod layers;
mod openapi;
mod rate_limit;
mod running;
mod server;
mod sse;
mod tls;
