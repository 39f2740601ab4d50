//! The challenge of answers that ask for credentials (RFC 9110, 11.6.1; RFC 6750, 3; RFC 9728, 5.1): where programs learn
//! who gives tokens for this node, and whether the one they sent is to blame.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use crate::{app::App, oauth::PROTECTED_RESOURCE_PATH};

/// Has an answer that asks for a bearer token name the metadata of the node as a protected resource.
pub(super) fn name_metadata(app: &App, brought_token: bool, response: &mut Response) {
    let asks_for_one = response
        .headers()
        .get(header::WWW_AUTHENTICATE)
        .is_some_and(|challenge| challenge == "Bearer");
    if response.status() != StatusCode::UNAUTHORIZED || !asks_for_one {
        return;
    }
    let mut challenge = format!(
        "Bearer resource_metadata=\"{}{PROTECTED_RESOURCE_PATH}\"",
        app.origin
    );
    if brought_token {
        challenge.push_str(", error=\"invalid_token\"");
    }
    // An origin that is no header value, which the configuration does not let through, leaves the bare challenge.
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
}
