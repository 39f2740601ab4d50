//! Where a page sends people on to after a login, without sending them to somebody else's site.

/// Longest address that is followed, in bytes.
const NEXT_BYTES_MAX: usize = 2048;

/// The address when it is a path of this very server, else `/`.
///
/// Browsers take `//host`, `/\host` and the like for other sites, leave out tabs and line breaks wherever
/// they stand, and take a backslash for a slash (WHATWG URL, 4.4): none of these is followed. Neither is a
/// path that leads to another one with dots, since `/..//host` ends as `//host` in some programs.
pub fn safe_next(next: Option<&str>) -> &str {
    next.filter(|next| is_own_path(next)).unwrap_or("/")
}

fn is_own_path(next: &str) -> bool {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_odd = |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
    next.len() <= NEXT_BYTES_MAX
        && path.starts_with('/')
        && !path.contains("//")
        && !next.contains(is_odd)
        && path.split('/').all(|part| !is_dots(part))
}

/// `.` and `..`, also written as `%2e`.
fn is_dots(part: &str) -> bool {
    let plain = part.to_ascii_lowercase().replace("%2e", ".");
    plain == "." || plain == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_server_are_followed() {
        for next in [
            "/",
            "/team",
            "/ves/ve_1?tab=chat#last",
            "/a?next=//evil.example",
            "/a.b/.well-known",
        ] {
            assert_eq!(safe_next(Some(next)), next);
        }
    }

    #[test]
    fn nothing_else_is() {
        for next in [
            "",
            "team",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/..//evil.example",
            "/%2e%2E//evil.example",
            "/a/../b",
            "/a b",
            "/\u{85}x",
            "http:/evil.example",
            "?next=/",
        ] {
            assert_eq!(safe_next(Some(next)), "/", "{next:?}");
        }
        assert_eq!(safe_next(None), "/");
        assert_eq!(safe_next(Some(&format!("/{}", "a".repeat(3000)))), "/");
    }
}
