//! Defence against requests that another site makes a browser send.
//!
//! Three walls: the cookie is `SameSite=Strict`, the browser's own words about the origin are
//! heeded, and a token that only same-origin script can read must come back in a header.

use axum::http::{HeaderMap, Method, header, request::Parts};
use data_encoding::BASE64URL_NOPAD;
use guildhall_kernel::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that carries the token.
pub const HEADER: &str = "x-csrf-token";

/// The token that belongs to a session, derived from its secret (HMAC-SHA-256), so that nothing
/// needs to be stored and knowing the token does not give the session.
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub fn token(session_secret: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(session_secret)
        .map_err(|error| Error::internal("deriving a CSRF token").with_source(error))?;
    mac.update(b"csrf token v1");
    Ok(BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

/// Checks a request that carries session credentials in a cookie: reading is free, anything else
/// needs the right origin and the token.
///
/// # Errors
/// 403 `cross_site_request`, `csrf_token_missing` or `csrf_token_wrong`.
pub fn check(parts: &Parts, session_secret: &[u8]) -> Result<()> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    check_origin(parts)?;
    check_token(&parts.headers, session_secret)
}

/// Checks what the browser says about where a request comes from. Requests that say nothing come
/// from programs, which no other site can steer, and pass.
///
/// # Errors
/// 403 `cross_site_request`.
pub fn check_origin(parts: &Parts) -> Result<()> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    let text = |name| {
        parts
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("null"))
    };
    let allowed = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => same_host(origin, host(parts)),
        (None, None) => true,
    };
    if allowed {
        return Ok(());
    }
    Err(Error::forbidden(
        "cross_site_request",
        "the request came from another site; open this node's own address and try again there",
    ))
}

/// Compares the token in the header with the session's, in constant time.
///
/// # Errors
/// 403 `csrf_token_missing` or `csrf_token_wrong`.
pub fn check_token(headers: &HeaderMap, session_secret: &[u8]) -> Result<()> {
    let Some(given) = headers.get(HEADER) else {
        return Err(Error::forbidden(
            "csrf_token_missing",
            "the header X-CSRF-Token is missing; send the `csrf_token` of the session",
        ));
    };
    let expected = token(session_secret)?;
    if bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
        return Ok(());
    }
    Err(Error::forbidden(
        "csrf_token_wrong",
        "the header X-CSRF-Token does not belong to this session; reload the page",
    ))
}

/// RFC 9110, 9.2.1.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// The host and port the caller addressed: `:authority` in HTTP/2, `Host` in HTTP/1.
fn host(parts: &Parts) -> Option<&str> {
    let authority = parts
        .uri
        .authority()
        .map(axum::http::uri::Authority::as_str);
    authority.or_else(|| parts.headers.get(header::HOST)?.to_str().ok())
}

fn same_host(origin: &str, host: Option<&str>) -> bool {
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    matches!((origin_host, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}
