//! Service accounts that prove themselves with a client certificate in place of a key.
//!
//! The connection has checked that the certificate comes from the configured authority and that the other end
//! holds its key; what is left is whose it is. A browser may show a certificate without being asked by its
//! user, so a change needs the browser's word that it comes from this site.

use axum::http::request::Parts;
use guildhall_kernel::{Ctx, Error, PersonId, Result, Timestamp};
use guildhall_web::{csrf, tls::ClientCertificate};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{bearer::TokenCaller, certificate_store, roles, service_store};
use crate::{app::App, audit};

/// Which certificate to bind.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BindCertificate {
    /// SHA-256 of the certificate, as `openssl x509 -noout -fingerprint -sha256` shows it; `null` takes the certificate away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, pattern = r"^\s*(.*=)?:*([0-9A-Fa-f]:*){64}\s*$")]
    fingerprint: Option<Option<String>>,
    /// The certificate itself in PEM form, in place of its fingerprint.
    #[schema(max_length = 100_000)]
    pem: Option<String>,
}

/// Tells a field that is `null` from one that is left out.
fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The certificate that a service account is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) struct BoundCertificate {
    /// SHA-256 of the certificate; `null` where none is bound.
    #[schema(required)]
    pub(super) fingerprint: Option<String>,
    /// Whom the certificate names; `null` for one that is known by its fingerprint alone.
    #[schema(required)]
    pub(super) subject: Option<String>,
    /// When it ends; `null` for one that is known by its fingerprint alone.
    #[schema(required)]
    pub(super) expires_at: Option<Timestamp>,
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
        certificate_store::find(reader, organisation, id)
    });
    Ok(read.await?.unwrap_or_default())
}

/// Binds a certificate to a service account, in place of the one before, or takes it away.
///
/// # Errors
/// `not_found`, `role_above_yours`, `missing_field`, `invalid_fingerprint`, `invalid_certificate`, `certificate_ended`,
/// `certificate_taken`.
pub(super) async fn bind(
    app: &App,
    ctx: &Ctx,
    id: PersonId,
    input: BindCertificate,
) -> Result<BoundCertificate> {
    let bound = meant(input, ctx.now())?;
    let (caller, live) = (ctx.clone(), app.live.clone());
    let written = app.write(ctx, move |tx| {
        let account = service_store::find(tx, caller.organisation, id)?.ok_or_else(not_found)?;
        roles::check_over(tx, &caller, account.role)?;
        if let Some(fingerprint) = &bound.fingerprint
            && certificate_store::find_holder(tx, fingerprint)?
                .is_some_and(|(holder, _)| holder != id)
        {
            let message = "this certificate cannot be used here; make another one";
            return Err(Error::conflict("certificate_taken", message));
        }
        certificate_store::put(tx, (caller.organisation, id), &bound, caller.now())?;
        live.end_person_after(tx, id, Some(caller.organisation));
        let facts = json!({ "fingerprint": bound.fingerprint, "subject": bound.subject });
        audit::record_with(
            tx,
            &caller,
            "service_account.certificate_changed",
            id,
            facts,
        )?;
        Ok(bound)
    });
    written.await
}

/// The certificate that is meant, with what it says of itself where it was given whole.
fn meant(input: BindCertificate, now: Timestamp) -> Result<BoundCertificate> {
    match (input.pem, input.fingerprint) {
        (Some(pem), None) => certificate_in(&pem, now),
        (None, Some(None)) => Ok(BoundCertificate::default()),
        (None, Some(Some(text))) => Ok(BoundCertificate {
            fingerprint: Some(checked(&text)?),
            ..BoundCertificate::default()
        }),
        _ => Err(Error::invalid_field(
            "pem",
            "missing_field",
            "give either the certificate or its fingerprint",
        )),
    }
}

/// The one certificate of a PEM text.
fn certificate_in(pem: &str, now: Timestamp) -> Result<BoundCertificate> {
    let wrong =
        |code: &'static str, message: String| Err(Error::invalid_field("pem", code, message));
    if pem.contains("PRIVATE KEY-----") {
        let message = "this holds a private key, which nobody but the program may have; give the certificate alone";
        return wrong("invalid_certificate", message.to_owned());
    }
    let read = guildhall_trust::read_certificates(pem).unwrap_or_default();
    let [der] = read.as_slice() else {
        let message =
            "give one certificate in PEM form, `-----BEGIN CERTIFICATE-----` and so on".to_owned();
        return wrong("invalid_certificate", message);
    };
    let Some(certificate) = guildhall_trust::Certificate::read(der) else {
        return wrong(
            "invalid_certificate",
            "the certificate does not read".to_owned(),
        );
    };
    if certificate.not_after <= now {
        let end = certificate.not_after.to_rfc3339();
        return wrong(
            "certificate_ended",
            format!("this certificate ended at {end}; make another one"),
        );
    }
    Ok(BoundCertificate {
        fingerprint: Some(certificate.fingerprint),
        subject: Some(certificate.subject),
        expires_at: Some(certificate.not_after),
    })
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
