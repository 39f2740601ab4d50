//! Ratings as data, and the arithmetic on them.

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A thumb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Up,
    Down,
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    pub(super) fn from_stored(text: &str) -> Self {
        if text == "up" { Self::Up } else { Self::Down }
    }
}

/// What a person thought of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rating {
    pub verdict: Verdict,
    /// Why, in the person's words; may be empty.
    pub reason: String,
    pub rated_at: Timestamp,
}

/// A thumb to give.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingInput {
    pub verdict: Verdict,
    /// Why, at most 500 characters. Staff and administrators of the organisation can read it.
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// The 97.5 % quantile of the normal distribution: bounds hold 95 of 100 times.
const Z: f64 = 1.959_963_984_540_054;

/// Bounds of the true share of successes when `successes` of `trials` were seen, at 95 % confidence: the score
/// interval of Wilson (1927), which stays within 0 and 1 and is honest about few trials. `(0, 1)` without trials.
pub(super) fn wilson_interval(successes: u32, trials: u32) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let n = f64::from(trials);
    let share = f64::from(successes) / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let spread = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - spread).max(0.0), (centre + spread).min(1.0))
}

/// The middle value, or the mean of the two middle ones; `None` of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied()?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = values.get(values.len() / 2 - 1).copied()?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 5e-4
    }

    #[test]
    fn wilson_bounds_agree_with_published_ones() {
        // Newcombe (1998), table I: 81 of 263 and 0 of 20, method 3.
        let (low, high) = wilson_interval(81, 263);
        assert!(near(low, 0.2553) && near(high, 0.3662), "{low} {high}");
        let (low, high) = wilson_interval(0, 20);
        assert!(near(low, 0.0) && near(high, 0.1611), "{low} {high}");
        let (low, high) = wilson_interval(1, 1);
        assert!(near(low, 0.2065) && near(high, 1.0), "{low} {high}");
        assert_eq!(wilson_interval(0, 0), (0.0, 1.0));
    }

    #[test]
    fn medians_of_odd_even_and_no_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
