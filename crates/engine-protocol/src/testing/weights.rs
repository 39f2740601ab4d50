//! Random and constant weights.

use super::tiny_model::WIDTH;

pub(super) fn rows(vocabulary: usize, mut number: impl FnMut(usize, u64) -> f32) -> Vec<f32> {
    let mut numbers = Vec::new();
    for row in 0..vocabulary {
        numbers.extend((0..WIDTH).map(|column| number(row, column)));
    }
    numbers
}

pub(super) fn ones(length: u64) -> Vec<f32> {
    (0..length).map(|_| 1.0).collect()
}

pub(super) fn zeros(length: u64) -> Vec<f32> {
    (0..length).map(|_| 0.0).collect()
}

/// SplitMix64 (Steele et al., 2014): the same model from the same seed, everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number from -1 to 1.
    pub(super) fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}
