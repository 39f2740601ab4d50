//! Whom to tell about weaknesses (RFC 9116).

use std::fmt::Write as _;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorBody, Timestamp};
use guildhall_web::{HttpResult, Public};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, config::SecurityConfig};

/// How long what the file says is good for: RFC 9116 wants less than a year.
const GOOD_FOR_SECONDS: i64 = 180 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(security_txt))
}

/// Whom to tell about weaknesses (RFC 9116); nothing where the configuration names nobody.
#[utoipa::path(get, path = "/.well-known/security.txt", tag = "node", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = ErrorBody)))]
async fn security_txt(_: Public, State(app): State<App>) -> HttpResult<Response> {
    let config = &app.config.security;
    if config.contact.is_empty() {
        return Err(Error::not_found("security contact").into());
    }
    let text = written(config, &app.origin, app.clock.now());
    let typed = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((typed, text).into_response())
}

fn written(config: &SecurityConfig, origin: &str, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{name}: {value}");
    };
    for contact in &config.contact {
        line("Contact", contact);
    }
    // The same all day, so that the file does not change with every look at it.
    let today = now.as_millis() / 1000 / DAY_SECONDS * DAY_SECONDS;
    let expires = Timestamp::from_millis((today + GOOD_FOR_SECONDS) * 1000);
    line("Expires", &expires.to_rfc3339());
    if let Some(languages) = &config.preferred_languages {
        line("Preferred-Languages", languages);
    }
    if let Some(policy) = &config.policy {
        line("Policy", policy);
    }
    if origin.starts_with("https://") {
        line("Canonical", &format!("{origin}/.well-known/security.txt"));
    }
    text
}
