//! How probable it is that the best passage answers the question, from a logistic model over a
//! few signals. `cargo run --example eval_retrieval -- --signals` prints the signals it was fitted
//! on; `docs/retrieval.md` has what it reaches on agents it was not fitted on.

use super::{
    corpus::Corpus,
    intent,
    retrieve::{Group, Ranking},
};

/// From this probability on a passage is quoted.
pub const QUOTED_FROM: f64 = 0.45;

/// From this probability on it is quoted without reservation.
pub const SURE_FROM: f64 = 0.75;

/// What the best passage of a group looks like from the question's side.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals {
    /// Cosine of question and passage.
    pub cosine: f64,
    /// Cosine of question and best sentence or line.
    pub unit_cosine: f64,
    /// 1 when the question asks about the world outside, else 0.
    pub world: f64,
}

impl Signals {
    /// Names of [`Signals::values`].
    pub const NAMES: [&'static str; 3] = ["cosine", "unit_cosine", "world"];

    /// The signals of the best passage of `ranking`; `None` when there is none.
    pub fn of(corpus: &Corpus, ranking: &Ranking) -> Option<Self> {
        let best = ranking.passages.first()?;
        let units = best.units.iter().map(|unit| unit.cosine);
        let world = intent::asks_about_the_world(&corpus.query.question);
        Some(Self {
            cosine: best.cosine,
            unit_cosine: units.fold(0.0, f64::max),
            world: f64::from(u8::from(world)),
        })
    }

    /// The signals in the order of [`Signals::NAMES`].
    pub fn values(&self) -> [f64; 3] {
        [self.cosine, self.unit_cosine, self.world]
    }

    /// The probability that the passage answers, 0 to 1.
    pub fn probability(&self, group: Group) -> f64 {
        let (bias, weights) = match group {
            Group::Handbook => HANDBOOK,
            Group::Own => OWN,
        };
        let weighted = weights
            .iter()
            .zip(self.values())
            .map(|(w, value)| w * value);
        let sum: f64 = weighted.sum();
        1.0 / (1.0 + (-(bias + sum)).exp())
    }
}

/// Bias and weights in the order of [`Signals::NAMES`].
type Weights = (f64, [f64; 3]);

const HANDBOOK: Weights = (-5.45, [7.24, 8.24, -4.11]);

/// The bias is 0.4 above the fitted one: what a person gave is theirs to judge, so a doubtful line is
/// shown with a reservation rather than kept back.
const OWN: Weights = (-2.45, [0.0, 7.07, 0.0]);
