//! The session cookie.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use guildhall_kernel::{Error, Result};

/// How a session is carried in a cookie: `HttpOnly`, `SameSite=Strict`, `Path=/`; over TLS also
/// `Secure` and bound to the host by the `__Host-` prefix (RFC 6265bis).
#[derive(Clone, Debug)]
pub struct SessionCookie {
    name: String,
    secure: bool,
}

impl SessionCookie {
    /// The cookie `__Host-{name}` over TLS, `{name}` otherwise.
    pub fn new(name: &str, tls: bool) -> Self {
        let prefix = if tls { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}{name}"),
            secure: tls,
        }
    }

    /// The cookie's full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `Set-Cookie` value that gives `token` to the browser; without `max_age` it forgets the
    /// token when it closes.
    ///
    /// # Errors
    /// Internal when the token has characters that a cookie cannot carry.
    pub fn set(&self, token: &str, max_age: Option<Duration>) -> Result<HeaderValue> {
        if !token.bytes().all(is_cookie_octet) {
            return Err(Error::internal("the session token does not fit a cookie"));
        }
        let age = max_age.map_or(String::new(), |age| format!("; Max-Age={}", age.as_secs()));
        self.header(token, &age)
    }

    /// The `Set-Cookie` value that makes the browser forget the token.
    ///
    /// # Errors
    /// Internal when the cookie's name is not one a header can carry.
    pub fn clear(&self) -> Result<HeaderValue> {
        self.header("", "; Max-Age=0")
    }

    /// The token that the browser sent.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        find(headers, &self.name).filter(|token| !token.is_empty())
    }

    fn header(&self, token: &str, age: &str) -> Result<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{}={token}; Path=/{age}; HttpOnly; SameSite=Strict{secure}",
            self.name
        );
        secret_value(text)
    }
}

/// What the browser sent as the cookie of that name.
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // HTTP/2 may send one field per cookie (RFC 9113, 8.2.3).
    let fields = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// A `Set-Cookie` value that holds a secret, so that no log shows it.
///
/// # Errors
/// Internal when it has characters that a header cannot carry.
pub fn secret_value(text: String) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|error| Error::internal("building a cookie").with_source(error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 6265, 4.1.1: `cookie-octet`.
fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}
