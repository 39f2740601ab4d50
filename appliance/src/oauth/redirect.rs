//! Where people may be sent back to (RFC 9700, 4.1; RFC 8252, 7).

use guildhall_kernel::{Error, Result};

const CHARACTERS_MAX: usize = 2000;

/// Checks an address that an administrator enters: https, http on this machine's loopback, or a scheme of the
/// application's own with a dot in it.
///
/// # Errors
/// `invalid_redirect_uri`.
pub(super) fn check(uri: &str) -> Result<()> {
    let wrong = |what: &str| {
        let shown: String = uri.chars().take(120).collect();
        let message = format!("`{shown}` {what}");
        Err(Error::invalid_field(
            "redirect_uris",
            "invalid_redirect_uri",
            message,
        ))
    };
    if uri.is_empty() || uri.len() > CHARACTERS_MAX || !uri.bytes().all(is_plain) {
        return wrong("is empty, too long or holds characters that no address has");
    }
    if uri.contains('#') {
        return wrong("holds a fragment; leave it out");
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return wrong("is no whole address");
    };
    match scheme {
        "https" if authority(rest).is_some_and(|host| !host.is_empty() && !host.contains('@')) => {
            Ok(())
        }
        "https" => wrong("names no host, or a user name with it"),
        "http" if loopback(uri).is_some() => Ok(()),
        "http" => wrong("is not encrypted; use https, or http on 127.0.0.1, [::1] or localhost"),
        own if is_own_scheme(own) && !rest.is_empty() => Ok(()),
        _ => wrong("has a scheme that is not allowed; use https, or one such as org.example.app"),
    }
}

/// Whether `asked` is the registered address: character by character, but for the port of a loopback address,
/// which the application chooses when it starts (RFC 8252, 7.3).
pub(super) fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (loopback(registered), loopback(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

/// The address with the answer's parameters added to its query.
pub(super) fn with_parameters(uri: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{}", query.finish())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(byte, b'\\' | b'<' | b'>' | b'"' | b'`' | b'{' | b'}' | b'*')
}

fn authority(after_scheme: &str) -> Option<&str> {
    let rest = after_scheme.strip_prefix("//")?;
    rest.split(['/', '?']).next()
}

/// A reversed domain name, as RFC 8252, 7.1 wants it.
fn is_own_scheme(scheme: &str) -> bool {
    scheme.contains('.')
        && scheme.starts_with(|letter: char| letter.is_ascii_lowercase())
        && scheme.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "+-.".contains(letter)
        })
}

/// Host and path of an http address on this machine's loopback, without its port.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| authority.starts_with(host))?;
    let port = authority.strip_prefix(host)?;
    let digits = port.strip_prefix(':').unwrap_or(port);
    let is_port = port.is_empty()
        || (port.starts_with(':') && digits.parse::<u16>().is_ok() && !digits.starts_with('+'));
    is_port.then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_addresses_are_registered() {
        for good in [
            "https://app.example/back?x=1",
            "http://127.0.0.1/back",
            "http://[::1]:8000/",
            "http://localhost:1",
            "org.example.app:/back",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "/back",
            "http://app.example/back",
            "https://",
            "https://user@app.example/",
            "https://app.example/#x",
            "https://app.example/*",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/back",
            "http://127.0.0.1.example/back",
            "http://localhost@evil.example/",
            "http://localhost:80@evil.example/",
            "https://app.example/ x",
            "https:app.example",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_the_registered_one_but_for_a_loopback_port() {
        assert!(matches("https://a.example/b", "https://a.example/b"));
        assert!(matches("http://127.0.0.1/b", "http://127.0.0.1:51004/b"));
        assert!(matches("http://127.0.0.1:1/b", "http://127.0.0.1:2/b"));
        for other in [
            "https://a.example/b/",
            "https://a.example/b?x",
            "https://a.example:444/b",
            "https://A.example/b",
            "http://a.example/b",
        ] {
            assert!(!matches("https://a.example/b", other), "{other}");
        }
        assert!(!matches("http://127.0.0.1/b", "http://127.0.0.1:5/c"));
        assert!(!matches("http://127.0.0.1/b", "http://localhost/b"));
        assert!(!matches(
            "http://127.0.0.1/b",
            "http://127.0.0.1:5@evil.example/b"
        ));
    }

    #[test]
    fn parameters_join_a_query_that_is_there() {
        assert_eq!(
            with_parameters(
                "https://a.example/b?c=d",
                &[("code", "a&b"), ("state", "x y")]
            ),
            "https://a.example/b?c=d&code=a%26b&state=x+y"
        );
    }
}
