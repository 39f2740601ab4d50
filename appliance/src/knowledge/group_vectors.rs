//! The vectors of one question.

use std::{collections::HashMap, sync::Arc};

use super::retrieve::Group;

/// Vectors by text, those of each group made by one model and compared with each other only.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    handbook: HashMap<String, Arc<[f32]>>,
    own: HashMap<String, Arc<[f32]>>,
}

impl Vectors {
    /// Remembers the unit vector of `text`, where one model serves both groups.
    pub fn insert(&mut self, text: String, vector: Arc<[f32]>) {
        self.own.insert(text.clone(), Arc::clone(&vector));
        self.handbook.insert(text, vector);
    }

    /// Remembers the unit vector of `text` in one group.
    pub(super) fn insert_for(&mut self, group: Group, text: String, vector: Arc<[f32]>) {
        self.of_mut(group).insert(text, vector);
    }

    /// Forgets what one group's model said.
    pub(super) fn clear(&mut self, group: Group) {
        self.of_mut(group).clear();
    }

    fn of(&self, group: Group) -> &HashMap<String, Arc<[f32]>> {
        match group {
            Group::Handbook => &self.handbook,
            Group::Own => &self.own,
        }
    }

    fn of_mut(&mut self, group: Group) -> &mut HashMap<String, Arc<[f32]>> {
        match group {
            Group::Handbook => &mut self.handbook,
            Group::Own => &mut self.own,
        }
    }

    /// The cosine of two texts of a group; 0 when either has no vector, or when their vectors are of
    /// different lengths and so of different models.
    pub fn cosine(&self, group: Group, a: &str, b: &str) -> f64 {
        let known = self.of(group);
        match (known.get(a), known.get(b)) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                a.iter().zip(b.iter()).map(|(a, b)| f64::from(a * b)).sum()
            }
            _ => 0.0,
        }
    }
}
