//! Vectors that were computed once, by text. Bounded: the least recently used go first.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sha2::{Digest, Sha256};

/// What an entry costs besides its numbers: keys and pointers in both maps, in bytes.
const ENTRY_BYTES: usize = 160;

/// SHA-256 of a model's key and a text.
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

    /// The vector that the model of `model`'s key made of `text`, if it is remembered.
    pub(super) fn get(&mut self, model: &str, text: &str) -> Option<Arc<[f32]>> {
        let key = key(model, text);
        let (used, vector) = self.entries.get_mut(&key)?;
        self.order.remove(used);
        self.uses += 1;
        *used = self.uses;
        self.order.insert(self.uses, key);
        Some(Arc::clone(vector))
    }

    /// Remembers the vector that a model made of `text`.
    pub(super) fn insert(&mut self, (model, text): (&str, &str), vector: Arc<[f32]>) {
        let key = key(model, text);
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

fn key(model: &str, text: &str) -> Key {
    let mut digest = Sha256::new();
    digest.update(model);
    digest.update([0]);
    digest.update(text);
    digest.finalize().into()
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
        cache.insert(("m", "a"), vector(1.0));
        cache.insert(("m", "b"), vector(2.0));
        assert!(cache.get("m", "a").is_some());
        cache.insert(("m", "c"), vector(3.0));
        assert!(
            cache.get("m", "a").is_some()
                && cache.get("m", "b").is_none()
                && cache.get("m", "c").is_some()
        );
    }

    #[test]
    fn models_do_not_see_each_others_vectors() {
        let mut cache = VectorCache::new(3 * cost(&vector(0.0)));
        cache.insert(("one", "a"), vector(1.0));
        assert!(cache.get("two", "a").is_none() && cache.get("one", "a").is_some());
    }

    #[test]
    fn writing_a_text_again_does_not_grow_the_store() {
        let mut cache = VectorCache::new(3 * cost(&vector(0.0)));
        for _ in 0..10 {
            cache.insert(("m", "a"), vector(1.0));
        }
        assert_eq!(cache.bytes, cost(&vector(0.0)));
        assert_eq!(cache.order.len(), 1);
    }
}
