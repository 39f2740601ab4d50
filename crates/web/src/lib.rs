//! What a server needs of HTTP and nothing of what it is about: listening, TLS, limits, security
//! headers, errors, cookies, guards, rate limits, event streams and embedded assets.
//!
//! A server is put together as `Server::bind(…)` and `serve(layers::stack(router, …), shutdown)`.
//! [`layers::stack`] sets up the request scope that [`error`], [`sse`] and [`limits`] rely on.

pub mod assets;
pub mod cookie;
pub mod csrf;
pub mod error;
pub mod guard;
pub mod json;
pub mod layers;
pub mod limits;
pub mod network;
mod next_page;
pub mod openapi;
pub mod password;
pub mod path;
pub mod rate_limit;
mod scope;
pub mod server;
pub mod sse;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
mod token;

pub use error::{HttpError, HttpResult, Refused};
pub use guard::{Auth, Authenticator, Caller, Permission, Public};
pub use json::Json;
pub use next_page::safe_next;
pub use path::{Path, Query};
pub use scope::request_id;
pub use token::token_hash;
pub use tokio_util::sync::CancellationToken;
