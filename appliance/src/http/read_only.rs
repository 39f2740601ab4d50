//! The last rung of the licence's ladder, which a licence must name to be reached: nothing changes any more. What gives the
//! data back, lets people in or brings a new licence is never refused.

use axum::http::Method;
use guildhall_kernel::Result;

use crate::app::App;

/// Changes that no licence bounds, by how their path begins.
const NEVER_GATED: [&str; 11] = [
    "/api/session",
    "/api/account",
    "/api/license",
    "/api/setup",
    "/api/password-reset",
    "/api/oauth/",
    "/saml/",
    "/oidc/",
    "/oauth/",
    "/api/admin/egress",
    // A directory that takes access away must be heard; a seat is bounded where it is given.
    "/scim/v2",
];
/// The same, by how their path ends.
const NEVER_GATED_ENDS: [&str; 4] = [
    "/stop",
    "/reset-password",
    "/reset-second-factors",
    "/end-sessions",
];

/// Refuses a change that the licence does not let through any more.
///
/// # Errors
/// That of the licence.
pub(super) fn check(app: &App, method: &Method, path: &str) -> Result<()> {
    if is_gated(method, path) {
        app.licensing.entitlements().admit_change()?;
    }
    Ok(())
}

fn is_gated(method: &Method, path: &str) -> bool {
    if method.is_safe() || *method == Method::DELETE {
        return false;
    }
    // Taking somebody's access away is a change of a person; giving it is bounded where it is done.
    let is_person = *method == Method::PATCH && path.starts_with("/api/admin/people/");
    let is_open = NEVER_GATED.iter().any(|begin| path.starts_with(begin))
        || NEVER_GATED_ENDS.iter().any(|end| path.ends_with(end));
    !(is_person || is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_stays_open() {
        for (method, path) in [
            (Method::GET, "/api/ves"),
            (Method::DELETE, "/api/prompts/tpl_1"),
            (Method::POST, "/api/session"),
            (Method::POST, "/api/license/import"),
            (Method::PATCH, "/api/admin/people/per_1"),
            (Method::POST, "/api/ves/ve_1/messages/msg_1/stop"),
        ] {
            assert!(!is_gated(&method, path), "{method} {path}");
        }
        for path in ["/api/ves/ve_1/chat", "/v1/chat/completions", "/api/prompts"] {
            assert!(is_gated(&Method::POST, path), "{path}");
        }
    }
}
