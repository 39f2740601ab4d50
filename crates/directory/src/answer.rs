//! Entries as a server sends them, read without trusting that they are well made.

use std::collections::BTreeMap;

use ldap3::{ResultEntry, asn1::PL, asn1::StructureTag};

/// Bytes of one value at most; a longer one is left out.
const VALUE_BYTES_MAX: usize = 64 * 1024;

/// An entry as sent.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) dn: String,
    pub(crate) values: Values,
}

/// Attributes with their values; names compare without regard to case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values(BTreeMap<String, Vec<Vec<u8>>>);

impl Values {
    /// The first value as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.all(name)
            .first()
            .and_then(|value| String::from_utf8(value.clone()).ok())
    }

    /// Every value that is text.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let values = self.all(name).iter();
        values
            .filter_map(|value| String::from_utf8(value.clone()).ok())
            .collect()
    }

    /// Every value.
    pub(crate) fn all(&self, name: &str) -> &[Vec<u8>] {
        self.0
            .get(&name.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    fn insert(&mut self, name: &str, values: Vec<Vec<u8>>) {
        self.0
            .entry(name.to_ascii_lowercase())
            .or_default()
            .extend(values);
    }

    #[cfg(test)]
    pub(crate) fn of_one(name: &str, value: &str) -> Self {
        let mut values = Self::default();
        values.insert(name, vec![value.as_bytes().to_vec()]);
        values
    }
}

/// Reads a `SearchResultEntry` (RFC 4511, 4.5.2); nothing when it is none.
pub(crate) fn read(entry: ResultEntry) -> Option<Found> {
    let mut parts = constructed(entry.0)?.into_iter();
    let dn = String::from_utf8(primitive(parts.next()?)?).ok()?;
    let mut values = Values::default();
    for attribute in constructed(parts.next()?)? {
        let mut parts = constructed(attribute)?.into_iter();
        let name = String::from_utf8(primitive(parts.next()?)?).ok()?;
        let found: Option<Vec<Vec<u8>>> = constructed(parts.next()?)?
            .into_iter()
            .map(primitive)
            .collect();
        let mut found = found?;
        found.retain(|value| value.len() <= VALUE_BYTES_MAX);
        values.insert(&name, found);
    }
    Some(Found { dn, values })
}

fn constructed(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn primitive(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}
