//! The cookie that ties a login under way to the browser that began it.
//!
//! The response comes as a form that the provider's page posts: a request from another site, to which
//! browsers give neither `Strict` nor `Lax` cookies. So this one cookie is `SameSite=None; Secure`. It
//! opens nothing: it is worth something only together with a login under way that was begun with it, for
//! ten minutes, and the session's own cookie stays `Strict`. Browsers keep `Secure` cookies of this
//! machine's own plain addresses too, so that a node without TLS can be tried out on `localhost`.

use axum::http::{HeaderMap, HeaderValue};
use guildhall_kernel::Result;
use guildhall_web::cookie;

const NAME: &str = "__Host-guildhall-login";
const SECONDS: u32 = 900;

/// The `Set-Cookie` value.
///
/// # Errors
/// Internal, when the token cannot stand in a header; tokens can.
pub(super) fn set(token: &str) -> Result<HeaderValue> {
    cookie::secret_value(format!(
        "{NAME}={token}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=None; Secure"
    ))
}

/// What the browser sent.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    cookie::find(headers, NAME).map(str::to_owned)
}
