//! Distinguished names (RFC 4514), compared the way directories compare them.

/// One form for all spellings of a DN: lower case, no spaces around separators, one way to escape. What is no DN comes
/// back in lower case.
pub fn normalise(dn: &str) -> String {
    let Some(parts) = split(dn) else {
        return dn.trim().to_lowercase();
    };
    let mut text = String::with_capacity(dn.len());
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&part.name);
        text.push('=');
        text.push_str(&escape(&part.value));
    }
    text
}

/// Whether the group of a mapping is meant: a DN by its whole name, anything else by the group's own name, `*` by every
/// group there is.
pub fn group_matches(wanted: &str, group_dn: &str) -> bool {
    let wanted = wanted.trim();
    if is_dn(wanted) {
        return normalise(wanted) == normalise(group_dn);
    }
    !wanted.is_empty() && name_of(group_dn).is_some_and(|name| name == wanted.to_lowercase())
}

/// Whether the text reads as a DN.
pub(crate) fn is_dn(text: &str) -> bool {
    split(text).is_some()
}

/// The value of a DN's first part, in lower case.
fn name_of(dn: &str) -> Option<String> {
    split(dn)?.into_iter().next().map(|part| part.value)
}

/// A value for the place in a DN's template.
pub(crate) fn escaped_value(value: &str) -> String {
    ldap3::dn_escape(value).into_owned()
}

struct Part {
    name: String,
    value: String,
}

/// The parts of a DN, names and values in lower case. Parts with several names (`cn=a+uid=b`) are kept as one.
fn split(dn: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut letters = dn.chars().peekable();
    letters.peek()?;
    loop {
        let mut name = String::new();
        loop {
            match letters.next()? {
                '=' => break,
                letter if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | ' ') => {
                    name.push(letter);
                }
                _ => return None,
            }
        }
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() {
            return None;
        }
        let (value, is_last) = read_value(&mut letters)?;
        parts.push(Part { name, value });
        if is_last {
            return Some(parts);
        }
    }
}

/// A value up to the next separator, unescaped, and whether it was the last one.
fn read_value(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<(String, bool)> {
    let mut bytes: Vec<u8> = Vec::new();
    // Spaces at the ends mean nothing unless they are escaped.
    let mut kept = 0;
    let mut is_last = true;
    while let Some(letter) = letters.next() {
        match letter {
            ',' | ';' => {
                is_last = false;
                break;
            }
            '\\' => {
                let first = letters.next()?;
                let second = letters.peek().and_then(|letter| letter.to_digit(16));
                match first.to_digit(16).zip(second) {
                    Some((high, low)) => {
                        letters.next();
                        bytes.push(u8::try_from(high * 16 + low).ok()?);
                    }
                    None => push(&mut bytes, first),
                }
                kept = bytes.len();
            }
            ' ' if bytes.is_empty() => {}
            ' ' => bytes.push(b' '),
            letter => {
                push(&mut bytes, letter);
                kept = bytes.len();
            }
        }
    }
    bytes.truncate(kept);
    let value = String::from_utf8(bytes).ok()?.to_lowercase();
    Some((value, is_last))
}

fn push(bytes: &mut Vec<u8>, letter: char) {
    let mut buffer = [0; 4];
    bytes.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
}

fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (place, letter) in value.chars().enumerate() {
        let is_edge = place == 0 || place == last;
        if matches!(letter, ',' | ';' | '\\' | '=' | '"' | '<' | '>') || letter == ' ' && is_edge {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        let one = normalise("CN=Smith\\, Ana,OU=People, DC=Example,DC=org");
        for other in [
            "cn=smith\\2c ana,ou=people,dc=example,dc=org",
            " cn = Smith\\, Ana , ou=people;dc=example,dc=ORG ",
        ] {
            assert_eq!(normalise(other), one, "{other}");
        }
        assert_ne!(
            normalise("cn=smith,cn=ana,ou=people,dc=example,dc=org"),
            one
        );
        assert_eq!(normalise("cn=M\\C3\\BCller,o=x"), "cn=müller,o=x");
    }

    #[test]
    fn groups_are_meant_by_whole_name_or_own_name() {
        let group = "CN=Staff,OU=Groups,DC=example,DC=org";
        assert!(group_matches(
            "cn=staff, ou=groups, dc=example, dc=org",
            group
        ));
        assert!(group_matches("staff", group));
        assert!(!group_matches("cn=staff,ou=other,dc=example,dc=org", group));
        assert!(!group_matches("sta", group));
        assert!(!group_matches("", group));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for wrong in ["", "staff", "example.org", "=x", "ou=a,b", "ou=a\\", "o(=x"] {
            assert!(!is_dn(wrong), "{wrong}");
        }
        assert!(is_dn("dc=org"));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in any::<String>()) {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once.clone());
        }

        #[test]
        fn a_value_stays_within_its_part(value in "[^\u{0}]{1,20}") {
            let dn = format!("uid={},ou=people,dc=org", escaped_value(&value));
            if let Some(parts) = split(&dn) {
                prop_assert_eq!(parts.len(), 3, "{}", dn);
            }
        }
    }
}
