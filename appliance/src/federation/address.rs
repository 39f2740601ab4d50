//! Addresses that administrators enter, and addresses that people come back to.

use guildhall_kernel::{Error, Result};

const ADDRESS_BYTES_MAX: usize = 2000;
const NEXT_BYTES_MAX: usize = 1000;

/// Refuses an address that is not HTTPS; without TLS only this machine itself may be named.
///
/// # Errors
/// `invalid_address` on the field.
pub(super) fn check(field: &str, address: &str) -> Result<()> {
    let is_plain = address.chars().all(|letter| {
        letter.is_ascii_graphic()
            && !matches!(letter, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    });
    let host = |rest: &str| {
        let authority = rest
            .split(['/', '?', '#'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let has_user = authority.contains('@');
        (!authority.is_empty() && !has_user).then_some(authority)
    };
    let secure = address.strip_prefix("https://").and_then(host).is_some();
    let loopback = address
        .strip_prefix("http://")
        .and_then(host)
        .is_some_and(|authority| {
            let name = authority
                .rsplit_once(':')
                .map_or(authority.as_str(), |(name, _)| name);
            ["localhost", "127.0.0.1", "[::1]"].contains(&name)
        });
    if is_plain && address.len() <= ADDRESS_BYTES_MAX && (secure || loopback) {
        return Ok(());
    }
    Err(Error::invalid_field(
        field,
        "invalid_address",
        "give an address that begins with https://",
    ))
}

/// Where to go after a login: a page of this node, never another site (open redirect), and in letters that a header carries.
pub(super) fn safe_next(next: Option<&str>) -> &str {
    let next = guildhall_web::safe_next(next);
    let is_page = !["/api/", "/saml/", "/oidc/", "/oauth/token"]
        .iter()
        .any(|begin| next.starts_with(begin));
    let fits = next.len() <= NEXT_BYTES_MAX && next.is_ascii();
    if is_page && fits { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for next in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "\t//evil",
            "/a\r\nb",
            "/api/session",
            "team",
            "",
        ] {
            assert_eq!(safe_next(Some(next)), "/", "{next:?}");
        }
        assert_eq!(safe_next(Some("/team?tab=1#x")), "/team?tab=1#x");
        assert_eq!(safe_next(None), "/");
    }

    #[test]
    fn addresses_are_encrypted_or_on_this_machine() {
        for good in [
            "https://idp.example/sso?x=1",
            "http://127.0.0.1:8088/sso",
            "http://localhost/x",
        ] {
            assert!(check("x", good).is_ok(), "{good}");
        }
        for bad in [
            "http://idp.example/sso",
            "javascript:alert(1)",
            "https://",
            "https://a@b/c",
            "http://localhost.evil.example/",
            "https://x/\"y",
        ] {
            assert_eq!(
                check("x", bad).err().map(|error| error.code()),
                Some("invalid_address"),
                "{bad}"
            );
        }
    }
}
