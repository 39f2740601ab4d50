//! A map that forgets the keys used longest ago, in constant time: two halves, of which the older
//! is dropped when the younger is full; a key that is used moves to the younger.

use std::{collections::HashMap, hash::Hash};

pub(super) struct Generations<K, V> {
    half: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V> Generations<K, V> {
    /// Holds at most `keys_max` keys (two at least).
    pub(super) fn new(keys_max: usize) -> Self {
        Self {
            half: (keys_max / 2).max(1),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// The key's value, made by `make` when the key is new or forgotten.
    pub(super) fn entry(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        let moved = self.old.remove(key);
        if self.young.len() >= self.half && !self.young.contains_key(key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young
            .entry(key.clone())
            .or_insert_with(|| moved.unwrap_or_else(make))
    }

    /// The key's value, which counts as no use of it.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_within_the_bound_and_busy_keys_stay() {
        let mut map = Generations::new(10);
        for key in 0..1_000 {
            *map.entry(&key, || 0) += 1;
            *map.entry(&-1, || 0) += 1;
            assert!(map.young.len() + map.old.len() <= 10);
        }
        assert_eq!(*map.entry(&-1, || 0), 1_000);
        assert_eq!(*map.entry(&0, || 0), 0);
    }

    #[test]
    fn a_removed_key_starts_anew() {
        let mut map = Generations::new(2);
        *map.entry(&1, || 0) = 7;
        *map.entry(&2, || 0) = 8;
        map.remove(&1);
        assert_eq!(*map.entry(&1, || 0), 0);
    }
}
