//! Vectors that were computed once, by text. Bounded: the least recently used go first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sha2::{Digest, Sha256};

/// What an entry costs besides its numbers: keys and pointers in both maps, in bytes.
const ENTRY_BYTES: usize = 160;

/// SHA-256 of a text.
type Key = [u8; 32];

/// A bounded store of vectors.
pub(super) struct VectorCache {
    bytes_max: usize,
    bytes: usize,
    entries: HashMap<Key, (u64, Arc<[f32]>)>,
    /// Keys by when they were last used.
    order: BTreeMap<u64, Key>,
    uses: u64,
}

impl VectorCache {
    /// An empty store that keeps to `bytes_max`.
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            entries: HashMap::new(),
            order: BTreeMap::new(),
            uses: 0,
        }
    }

    /// The vector of `text`, if it is remembered.
    pub(super) fn get(&mut self, text: &str) -> Option<Arc<[f32]>> {
        let key = key(text);
        let (used, vector) = self.entries.get_mut(&key)?;
        self.order.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.order.insert(self.uses, key);
        Some(Arc::clone(vector))
    }

    /// Remembers the vector of `text`.
    pub(super) fn insert(&mut self, text: &str, vector: Arc<[f32]>) {
        let key = key(text);
        self.uses += 1;
        self.bytes += cost(&vector);
        if let Some((used, old)) = self.entries.insert(key, (self.uses, vector)) {
            self.order.remove(&used);
            self.bytes -= cost(&old);
        }
        self.order.insert(self.uses, key);
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            if let Some((_, vector)) = self.entries.remove(&oldest) {
                self.bytes -= cost(&vector);
            }
        }
    }
}

fn cost(vector: &[f32]) -> usize {
    size_of_val(vector) + ENTRY_BYTES
}

fn key(text: &str) -> Key {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(value: f32) -> Arc<[f32]> {
        vec![value; 384].into()
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut cache = VectorCache::new(2 * cost(&vector(0.0)));
        cache.insert("a", vector(1.0));
        cache.insert("b", vector(2.0));
        assert!(cache.get("a").is_some());
        cache.insert("c", vector(3.0));
        assert!(cache.get("a").is_some() && cache.get("b").is_none() && cache.get("c").is_some());
    }

    #[test]
    fn writing_a_text_again_does_not_grow_the_store() {
        let mut cache = VectorCache::new(3 * cost(&vector(0.0)));
        for _ in 0..10 {
            cache.insert("a", vector(1.0));
        }
        assert_eq!(cache.bytes, cost(&vector(0.0)));
        assert_eq!(cache.order.len(), 1);
    }
}
