//! Service accounts that prove themselves with a client certificate in place of a key.
//!
//! The connection has checked that the certificate comes from the configured authority and that the other end
//! holds its key; what is left is whose it is. A browser may show a certificate without being asked by its
//! user, so a change needs the browser's word that it comes from this site.

use axum::http::request::Parts;
use guildhall_kernel::{Ctx, Error, PersonId, Result};
use guildhall_web::{csrf, tls::ClientCertificate};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{bearer::TokenCaller, certificate_store, roles, service_store};
use crate::{app::App, audit};

/// The certificate of a service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BoundCertificate {
    /// SHA-256 of the certificate, as `openssl x509 -noout -fingerprint -sha256` shows it; `null` for none.
    #[schema(required)]
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(pattern = r"^\s*(.*=)?:*([0-9A-Fa-f]:*){64}\s*$")]
    pub(super) fingerprint: Option<String>,
}

/// For whom the certificate speaks that the connection was opened with, if it is anybody's.
///
/// # Errors
/// `cross_site_request` for a change that another site makes a browser send.
pub(super) async fn caller(app: &App, parts: &Parts) -> Result<Option<TokenCaller>> {
    let Some(certificate) = parts.extensions.get::<ClientCertificate>() else {
        return Ok(None);
    };
    csrf::check_origin(parts)?;
    let fingerprint = certificate.fingerprint.clone();
    let found = app
        .db
        .read(move |reader| certificate_store::find_holder(reader, &fingerprint));
    let speaking_for = |(person, organisation)| TokenCaller {
        person,
        organisation,
        // All that its role allows.
        scopes: vec!["manage".to_owned()],
        ves: None,
        // It was good when the connection was opened, and is asked for again with each request.
        expires_at: app.clock.now().plus_seconds(1),
        token: format!("certificate {}", certificate.fingerprint),
    };
    Ok(found.await?.map(speaking_for))
}

/// The certificate that a service account is bound to.
///
/// # Errors
/// `not_found`.
pub(super) async fn read(app: &App, ctx: &Ctx, id: PersonId) -> Result<BoundCertificate> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        service_store::find(reader, organisation, id)?.ok_or_else(not_found)?;
        certificate_store::find_fingerprint(reader, organisation, id)
    });
    Ok(BoundCertificate {
        fingerprint: read.await?,
    })
}

/// Binds a certificate to a service account, in place of the one before, or takes it away.
///
/// # Errors
/// `not_found`, `role_above_yours`, `invalid_fingerprint`, `certificate_taken`.
pub(super) async fn bind(
    app: &App,
    ctx: &Ctx,
    id: PersonId,
    input: BoundCertificate,
) -> Result<BoundCertificate> {
    let fingerprint = input.fingerprint.as_deref().map(checked).transpose()?;
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        let account = service_store::find(tx, caller.organisation, id)?.ok_or_else(not_found)?;
        roles::check_over(tx, &caller, account.role)?;
        if let Some(fingerprint) = &fingerprint
            && certificate_store::find_holder(tx, fingerprint)?
                .is_some_and(|(holder, _)| holder != id)
        {
            let message = "this certificate cannot be used here; make another one";
            return Err(Error::conflict("certificate_taken", message));
        }
        certificate_store::put(
            tx,
            (caller.organisation, id),
            fingerprint.as_deref(),
            caller.now(),
        )?;
        live.end_person_after(tx, id, Some(caller.organisation));
        let facts = json!({ "fingerprint": fingerprint });
        audit::record_with(
            tx,
            &caller,
            "service_account.certificate_changed",
            id,
            facts,
        )?;
        Ok(BoundCertificate { fingerprint })
    });
    written.await
}

fn not_found() -> Error {
    Error::not_found("service account")
}

/// 64 hexadecimal digits, with or without colons, in the form that connections are told apart by.
fn checked(text: &str) -> Result<String> {
    let plain = text.trim().rsplit('=').next().unwrap_or_default();
    let digits: Vec<char> = plain.chars().filter(|letter| *letter != ':').collect();
    if digits.len() != 64 || !digits.iter().all(char::is_ascii_hexdigit) {
        let message = "give the certificate's SHA-256 fingerprint: 64 hexadecimal digits";
        return Err(Error::invalid_field(
            "fingerprint",
            "invalid_fingerprint",
            message,
        ));
    }
    let pairs: Vec<String> = digits
        .chunks(2)
        .map(|pair| pair.iter().collect::<String>().to_uppercase())
        .collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fingerprints_are_brought_into_one_form() {
        let plain = "0a".repeat(32);
        let shown = ["0A"; 32].join(":");
        for text in [
            plain.clone(),
            shown.clone(),
            format!("sha256 Fingerprint={shown}\n"),
        ] {
            assert_eq!(checked(&text).unwrap(), shown);
        }
        for bad in [
            "",
            "0a",
            &plain[1..],
            &format!("{plain}0"),
            &plain.replace('0', "g"),
        ] {
            assert_eq!(
                checked(bad).unwrap_err().code(),
                "invalid_fingerprint",
                "{bad}"
            );
        }
    }
}
