//! Base64 and instants as XML writes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use guildhall_kernel::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::refusal::{Refusal, Result, quoted};

/// Base64 in which lines may be broken (`xs:base64Binary`).
///
/// # Errors
/// `saml_not_base64`.
pub(crate) fn base64_decode(text: &str) -> Result<Vec<u8>> {
    let joined: String = text
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace())
        .collect();
    STANDARD.decode(joined).map_err(|_| {
        Refusal::new(
            "saml_not_base64",
            "a part of the message that must be base64 is not; check that the whole of it was sent",
        )
    })
}

pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `xs:dateTime` in UTC or with an offset.
///
/// # Errors
/// `saml_not_a_time`.
pub(crate) fn instant(text: &str) -> Result<Timestamp> {
    let moment = OffsetDateTime::parse(text.trim(), &Rfc3339).ok();
    let millis =
        moment.and_then(|moment| i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok());
    millis.map(Timestamp::from_millis).ok_or_else(|| {
        let message = format!(
            "`{}` is not an instant such as 2026-01-05T12:00:00Z",
            quoted(text)
        );
        Refusal::new("saml_not_a_time", message)
    })
}

/// An instant as SAML messages carry it.
pub(crate) fn written(instant: Timestamp) -> String {
    instant.to_rfc3339()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn instants_read_with_and_without_fractions() {
        for text in [
            "2026-01-05T00:00:00Z",
            "2026-01-05T00:00:00.000Z",
            " 2026-01-05T01:00:00+01:00 ",
        ] {
            assert_eq!(
                instant(text).unwrap().as_millis(),
                1_767_571_200_000,
                "{text}"
            );
        }
        assert_eq!(instant("yesterday").unwrap_err().code(), "saml_not_a_time");
    }
}
