//! Servers that could not be used a moment ago: asked last, so that one that is gone does not slow every login down.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use guildhall_kernel::Timestamp;

use crate::ServerUrl;

/// How long a server that could not be used comes last.
const REST_SECONDS: i64 = 60;
/// Servers remembered at most.
const SERVERS_MAX: usize = 1000;

/// Servers that could not be used a moment ago.
#[derive(Debug, Default)]
pub struct Down(Mutex<BTreeMap<String, Timestamp>>);

impl Down {
    /// The servers in their order, those that could not be used lately behind the others.
    pub(crate) fn sorted<'a>(&self, urls: &'a [ServerUrl], now: Timestamp) -> Vec<&'a ServerUrl> {
        let since = self.since();
        let is_down = |url: &ServerUrl| {
            let failed = since.get(&url.to_string());
            failed.is_some_and(|failed| failed.plus_seconds(REST_SECONDS) > now)
        };
        let (down, mut sorted): (Vec<_>, Vec<_>) = urls.iter().partition(|url| is_down(url));
        sorted.extend(down);
        sorted
    }

    pub(crate) fn failed(&self, url: &ServerUrl, now: Timestamp) {
        let mut since = self.since();
        if since.len() >= SERVERS_MAX {
            since.clear();
        }
        since.insert(url.to_string(), now);
    }

    pub(crate) fn worked(&self, url: &ServerUrl) {
        self.since().remove(&url.to_string());
    }

    fn since(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_that_failed_comes_last_for_a_while() {
        let urls =
            ["ldaps://a.example", "ldaps://b.example"].map(|url| ServerUrl::parse(url).unwrap());
        let down = Down::default();
        let at = |seconds| Timestamp::from_millis(0).plus_seconds(seconds);
        let first = |seconds| down.sorted(&urls, at(seconds))[0].host.clone();
        assert_eq!(first(0), "a.example");
        down.failed(&urls[0], at(0));
        assert_eq!(first(59), "b.example");
        assert_eq!(first(61), "a.example");
        down.failed(&urls[0], at(0));
        down.worked(&urls[0]);
        assert_eq!(first(1), "a.example");
    }
}
