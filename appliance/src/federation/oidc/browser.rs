//! What only the browser that began a login holds, and what is made of it.

use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64URL_NOPAD;
use guildhall_kernel::{Error, Result};
use guildhall_web::{cookie as cookies, token_hash};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::app::App;

/// How long a login may take at the provider.
pub(super) const FLOW_SECONDS: i64 = 600;
pub(super) const SECRET_BYTES: usize = 32;

fn cookie_name(app: &App) -> &'static str {
    // `__Host-` would need the path `/`.
    if app.config.is_tls() {
        "__Secure-guildhall-oidc"
    } else {
        "guildhall-oidc"
    }
}

/// Lax, not Strict: the provider sends the browser back across sites.
pub(super) fn cookie(app: &App, secret: &str) -> Result<HeaderValue> {
    let secure = if app.config.is_tls() { "; Secure" } else { "" };
    cookies::secret_value(format!(
        "{}={secret}; Path=/oidc/; Max-Age={FLOW_SECONDS}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(app)
    ))
}

pub(super) fn secret_in(app: &App, headers: &HeaderMap) -> Option<String> {
    let secret = cookies::find(headers, cookie_name(app))?;
    let is_ours =
        secret.len() == random_length() && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_ours.then(|| secret.to_owned())
}

/// Characters of a secret in base32.
fn random_length() -> usize {
    (SECRET_BYTES * 8).div_ceil(5)
}

/// What only this browser can know of one login. 256 bits, in the 43 letters that RFC 7636, 4.1 wants at least.
pub(super) fn derived(secret: &str, state: &str, purpose: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| Error::internal("deriving a value").with_source(error))?;
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(state.as_bytes());
    Ok(BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

pub(super) fn browser_hash(secret: &str, state: &str) -> String {
    token_hash(&format!("{secret}:{state}"))
}
