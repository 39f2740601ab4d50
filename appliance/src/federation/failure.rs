//! What the administrator learns of a refused login, and what the person does.

use guildhall_kernel::{Error, ErrorKind, IdentityProviderId, Result};
use guildhall_saml::Refusal;
use serde_json::json;

use super::{model::SignInFailure, store};
use crate::{app::App, audit};

/// What a person may be told: it is about themselves, and helps nobody else.
const SHOWN: &[&str] = &[
    "account_disabled",
    "account_exists",
    "license_restricted",
    "no_grant",
];

/// A refused SAML message as an error.
pub(super) fn refused(refusal: &Refusal) -> Error {
    Error::new(ErrorKind::Forbidden, refusal.code(), refusal.message())
}

/// Keeps why a login was refused, for the administrator, and gives the page that tells the person that
/// it did not work: a neutral word and a reference.
pub(super) async fn page(app: &App, provider: IdentityProviderId, error: &Error) -> String {
    let request_id = guildhall_web::request_id();
    let reference = request_id.as_str().to_owned();
    if error.kind() == ErrorKind::Internal {
        tracing::error!(request.id = reference, error = %error.chain(), "a login through an identity provider broke");
    }
    if let Err(error) = keep(app, provider, error).await {
        tracing::warn!(error = %error.chain(), "a refused login was not written down");
    }
    let word = match error.code() {
        "account_disabled" => "disabled",
        code if SHOWN.contains(&code) => code,
        _ => "sign_in_failed",
    };
    format!("/signin?error={word}&reference={reference}")
}

async fn keep(app: &App, provider: IdentityProviderId, error: &Error) -> Result<()> {
    let request_id = guildhall_web::request_id();
    let failure = SignInFailure {
        at: app.clock.now(),
        request_id: request_id.as_str().to_owned(),
        code: error.code().to_owned(),
        reason: error.message().to_owned(),
    };
    let clock = app.clock.clone();
    let written = app.db.write(move |tx| {
        // Whoever makes up providers' ids fills nothing.
        if store::find_provider(tx, provider)?.is_none() {
            return Ok(());
        }
        store::insert_failure(tx, provider, &failure)?;
        let facts = json!({ "code": failure.code, "reason": failure.reason });
        let subject = provider.to_string();
        let what = ("session.refused", subject.as_str());
        audit::record_anonymous(tx, clock.as_ref(), &request_id, what, facts)
    });
    written.await
}
