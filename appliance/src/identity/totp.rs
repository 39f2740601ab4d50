//! Codes of an authenticator app: TOTP (RFC 6238) over HMAC-SHA-1 (RFC 4226), six digits, 30 seconds, which
//! is what every app knows.

use guildhall_kernel::{Error, Result, Timestamp};
use qrcode::{QrCode, render::svg};
use ring::hmac;

/// Bytes of a secret: the length of SHA-1's output, as RFC 4226 recommends.
pub(super) const SECRET_BYTES: usize = 20;
const STEP_MILLIS: i64 = 30_000;
const DIGITS: usize = 6;
/// Steps before and after the present one whose codes count too: clocks differ, and typing takes time.
const WINDOW: i64 = 1;

/// A new secret.
///
/// # Errors
/// `internal` when the random source does not answer.
pub(super) fn new_secret() -> Result<[u8; SECRET_BYTES]> {
    let mut secret = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| {
        Error::internal("the system's random source does not answer").with_source(error)
    })?;
    Ok(secret)
}

/// The secret as people type it: base32.
pub(super) fn secret_text(secret: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(secret)
}

/// The step a code belongs to when it is right at `now` and no code of that step or a later one was used
/// (`last_step`): each code opens once.
pub(super) fn matching_step(
    secret: &[u8],
    code: &str,
    now: Timestamp,
    last_step: i64,
) -> Option<i64> {
    let given: String = code
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    if given.len() != DIGITS || !given.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let present = now.as_millis().div_euclid(STEP_MILLIS);
    let mut found = None;
    for step in (present - WINDOW)..=(present + WINDOW) {
        // Every step is computed, so that time tells nothing of which one fits.
        let is_right = code_at(secret, step) == given;
        if is_right && step > last_step {
            found = Some(step);
        }
    }
    found
}

/// RFC 4226, 5.3: HMAC, dynamic truncation, decimal digits.
fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let word = bytes
        .get(offset..offset + 4)
        .and_then(|four| <[u8; 4]>::try_from(four).ok())
        .map_or(0, u32::from_be_bytes);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The address that an authenticator app reads (`otpauth`, Key URI Format).
pub(super) fn uri(secret: &[u8], issuer: &str, email: &str) -> String {
    let (issuer, account) = (percent_encoded(issuer), percent_encoded(email));
    let secret = secret_text(secret);
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    )
}

/// RFC 3986: everything but the unreserved letters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The address as a QR code.
///
/// # Errors
/// `internal` when it does not fit one.
pub(super) fn qr_svg(uri: &str) -> Result<String> {
    let code = QrCode::new(uri.as_bytes())
        .map_err(|error| Error::internal("drawing a QR code").with_source(error))?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(200, 200)
        .build();
    // A page takes the element, not a document of its own.
    Ok(drawn
        .find("<svg")
        .and_then(|start| drawn.get(start..))
        .unwrap_or(&drawn)
        .to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1, last six digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, seconds / 30), code);
        }
    }

    #[test]
    fn a_code_counts_one_step_around_and_once() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let step = 59 / 30;
        assert_eq!(matching_step(SECRET, "287 082", at(59), 0), Some(step));
        assert_eq!(matching_step(SECRET, "287082", at(59 + 30), 0), Some(step));
        assert_eq!(
            matching_step(SECRET, "287082", at(59 + 60), 0),
            None,
            "too late"
        );
        assert_eq!(matching_step(SECRET, "287082", at(59), step), None, "used");
        for wrong in ["", "28708", "2870822", "28708x", "٢٨٧٠٨٢"] {
            assert_eq!(matching_step(SECRET, wrong, at(59), 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_address_survives_odd_names() {
        let uri = uri(SECRET, "Müller & Co: Node", "ana+x@example.org");
        assert!(uri.starts_with("otpauth://totp/M%C3%BCller%20%26%20Co%3A%20Node:ana%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&"));
        let svg = qr_svg(&uri).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
    }
}
