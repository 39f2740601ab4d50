//! A person of a directory, as the node needs one.

use std::collections::BTreeSet;

use guildhall_kernel::Timestamp;

use crate::{Inactive, Settings, account, answer::Found};

const SUBJECT_BYTES_MAX: usize = 256;
const TEXT_CHARACTERS_MAX: usize = 320;

/// A person of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's name.
    pub dn: String,
    /// What stays when everything else changes; empty when the entry has no such value.
    pub subject: String,
    /// What the person types to log in, as the first login attribute holds it.
    pub login: String,
    /// The e-mail address; empty when the entry has none.
    pub email: String,
    /// The shown name; the login where the entry has none.
    pub display_name: String,
    /// DNs of the groups the person is in, as the server writes them, sorted.
    pub groups: Vec<String>,
    /// Why the account may not be used, if so.
    pub inactive: Option<Inactive>,
}

impl Entry {
    /// Reads an entry without its groups.
    pub(crate) fn read(settings: &Settings, found: &Found, now: Timestamp) -> Self {
        let names = &settings.attributes;
        let text = |name: &str| {
            found
                .values
                .text(name)
                .map(|text| tidy(&text))
                .unwrap_or_default()
        };
        let mut logins = settings.login_attributes.iter().map(|name| text(name));
        let login = logins.find(|login| !login.is_empty()).unwrap_or_default();
        let display_name = Some(text(&names.display_name)).filter(|name| !name.is_empty());
        Self {
            dn: found.dn.clone(),
            subject: subject(found, &names.subject),
            email: text(&names.email),
            display_name: display_name.unwrap_or_else(|| login.clone()),
            login,
            groups: Vec::new(),
            inactive: account::inactive(&found.values, now),
        }
    }

    pub(crate) fn with_groups(mut self, groups: BTreeSet<String>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }
}

/// The attributes that are read of a person.
pub(crate) fn attributes(settings: &Settings) -> Vec<String> {
    let names = &settings.attributes;
    let mut wanted = vec![
        names.subject.clone(),
        names.email.clone(),
        names.display_name.clone(),
        "uid".into(),
    ];
    wanted.extend(settings.login_attributes.iter().cloned());
    if !names.member_of.is_empty() {
        wanted.push(names.member_of.clone());
    }
    wanted.extend(account::ATTRIBUTES.map(str::to_owned));
    let mut seen = BTreeSet::new();
    wanted.retain(|name| seen.insert(name.to_ascii_lowercase()));
    wanted
}

fn tidy(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    plain
        .take(TEXT_CHARACTERS_MAX)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Text as it is, sixteen bytes under the name `objectGUID` as Windows writes such an id, other bytes in hex.
fn subject(found: &Found, name: &str) -> String {
    let Some(value) = found
        .values
        .all(name)
        .first()
        .filter(|value| value.len() <= SUBJECT_BYTES_MAX)
    else {
        return String::new();
    };
    if name.eq_ignore_ascii_case("objectGUID") {
        return guid(value).unwrap_or_else(|| data_encoding::HEXLOWER.encode(value));
    }
    match std::str::from_utf8(value) {
        Ok(text) if !text.chars().any(char::is_control) => text.trim().to_owned(),
        _ => data_encoding::HEXLOWER.encode(value),
    }
}

/// The text of a GUID: its first three parts are stored least byte first (MS-DTYP, 2.3.4.2).
fn guid(value: &[u8]) -> Option<String> {
    let [a, b, c, d, e, f, g, h, rest @ ..] = <&[u8; 16]>::try_from(value).ok()?;
    let (fourth, fifth) = rest.split_at_checked(2)?;
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    Some(format!(
        "{}-{}-{}-{}-{}",
        hex(&[*d, *c, *b, *a]),
        hex(&[*f, *e]),
        hex(&[*h, *g]),
        hex(fourth),
        hex(fifth)
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{answer::Values, settings::tests_support::settings};

    #[test]
    fn windows_ids_read_as_windows_writes_them() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(
            guid(&bytes).unwrap(),
            "03020100-0504-0706-0809-0a0b0c0d0e0f"
        );
        assert_eq!(guid(&bytes[..15]), None);
    }

    #[test]
    fn an_entry_without_much_is_still_read() {
        let found = Found {
            dn: "uid=ana,dc=example,dc=org".into(),
            values: Values::of_one("UID", "ana\u{7}"),
        };
        let entry = Entry::read(&settings(), &found, Timestamp::from_millis(0));
        assert_eq!(
            (entry.login.as_str(), entry.display_name.as_str()),
            ("ana", "ana")
        );
        assert_eq!((entry.subject.as_str(), entry.email.as_str()), ("", ""));
        assert!(entry.inactive.is_none());
    }
}
