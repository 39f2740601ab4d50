//! Hybrid retrieval: passages by meaning and by words, then the sentences of the best passages.
//! The weights were fitted on one half of the agents; `docs/retrieval.md` has the figures of the
//! other half.

use std::ops::RangeInclusive;

use super::{
    corpus::{Corpus, Vectors},
    intent::{Asked, Intent},
    lexical,
    model::Layout,
    words,
};

/// Passages of each group whose sentences are compared one by one.
const SHORTLIST: usize = 12;

/// How much a passage's cosine, the cosine of its best sentence and its full-text score count.
const PASSAGE_COSINE: f64 = 1.0;
const PASSAGE_UNIT: f64 = 1.0;
const PASSAGE_LEXICAL: f64 = 0.6;

/// How much a sentence's cosine, its share of the question's subject, a figure where one is asked
/// for and its length (natural logarithm of the bytes: longer sentences say more; not so with
/// lines and rows) count.
const UNIT_COSINE: f64 = 1.0;
const UNIT_COVERAGE: f64 = 0.45;
const UNIT_FIGURE: f64 = 0.3;
const UNIT_LENGTH: f64 = 0.45;

/// A sentence is quoted beside the best one when its score is at most this much lower.
const UNIT_GAP: f64 = 0.25;

/// So many sentences are quoted at least where there are: one alone often lacks its context.
const SENTENCES_MIN: usize = 2;

/// The same for lines and rows, whose scores lie closer together.
const LINE_GAP: f64 = 0.08;

/// A sentence or line and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedUnit {
    /// Its position in the passage.
    pub unit: usize,
    /// Cosine with the question.
    pub cosine: f64,
    /// Share of the question's subject it mentions.
    pub coverage: f64,
    /// What units are ordered by.
    pub score: f64,
}

/// A passage and how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its position in the corpus.
    pub passage: usize,
    /// Cosine with the question.
    pub cosine: f64,
    /// Full-text score, 0 to 1.
    pub lexical: f64,
    /// Its sentences or lines, in the order they stand; empty when it was not shortlisted.
    pub units: Vec<RankedUnit>,
    /// What passages are ordered by.
    pub score: f64,
}

impl Ranked {
    /// The sentence or line that fits best.
    pub fn best_unit(&self) -> Option<&RankedUnit> {
        self.units
            .iter()
            .max_by(|a, b| a.score.total_cmp(&b.score).then(b.unit.cmp(&a.unit)))
    }
}

/// The passages of one group, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// The shortlisted passages, best first.
    pub passages: Vec<Ranked>,
    /// Mean cosine of the group's passages with the question.
    pub mean_cosine: f64,
    /// Standard deviation of those cosines.
    pub deviation: f64,
}

/// Which texts a passage competes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The agent's handbook.
    Handbook,
    /// Attachments, pasted text and earlier messages.
    Own,
}

impl Group {
    /// The group a passage of `corpus` belongs to.
    pub fn of(corpus: &Corpus, passage: usize) -> Self {
        if corpus.is_handbook(passage) {
            Self::Handbook
        } else {
            Self::Own
        }
    }
}

/// Texts whose vectors [`rank`] needs besides [`Corpus::passage_texts`].
pub fn unit_texts(corpus: &Corpus, vectors: &Vectors) -> Vec<String> {
    [Group::Handbook, Group::Own]
        .into_iter()
        .flat_map(|group| unit_texts_of(corpus, vectors, group))
        .collect()
}

/// The same for one group.
pub(super) fn unit_texts_of(corpus: &Corpus, vectors: &Vectors, group: Group) -> Vec<String> {
    let shortlisted = shortlist(corpus, vectors, group).0.into_iter();
    shortlisted
        .flat_map(|ranked| {
            (0..corpus.unit_count(ranked.passage)).map(move |unit| (ranked.passage, unit))
        })
        .map(|(passage, unit)| corpus.embedded_unit(passage, unit))
        .collect()
}

/// Ranks the passages of one group, with the sentences of those that are shortlisted.
pub fn rank(corpus: &Corpus, vectors: &Vectors, group: Group) -> Ranking {
    let (mut passages, mean_cosine, deviation) = shortlist(corpus, vectors, group);
    for ranked in &mut passages {
        ranked.units = rank_units(corpus, vectors, ranked.passage);
        let unit = ranked
            .units
            .iter()
            .map(|unit| unit.cosine)
            .fold(0.0, f64::max);
        ranked.score =
            PASSAGE_COSINE * ranked.cosine + PASSAGE_UNIT * unit + PASSAGE_LEXICAL * ranked.lexical;
    }
    passages.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    Ranking {
        passages,
        mean_cosine,
        deviation,
    }
}

/// The best passages of a group without their sentences, and mean and deviation of all cosines.
fn shortlist(corpus: &Corpus, vectors: &Vectors, group: Group) -> (Vec<Ranked>, f64, f64) {
    let mut passages: Vec<Ranked> = corpus
        .compared()
        .into_iter()
        .filter(|passage| Group::of(corpus, *passage) == group)
        .map(|passage| {
            let cosine = vectors.cosine(
                group,
                &corpus.probe(passage).text,
                &corpus.embedded_text(passage),
            );
            let lexical = corpus.lexical(passage);
            Ranked {
                passage,
                cosine,
                lexical,
                units: Vec::new(),
                score: PASSAGE_COSINE * cosine + PASSAGE_LEXICAL / 2.0 * lexical,
            }
        })
        .collect();
    let count = passages.len().max(1) as f64;
    let mean = passages.iter().map(|ranked| ranked.cosine).sum::<f64>() / count;
    let variance = passages
        .iter()
        .map(|ranked| (ranked.cosine - mean).powi(2))
        .sum::<f64>()
        / count;
    passages.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    passages.truncate(SHORTLIST);
    (passages, mean, variance.sqrt())
}

fn rank_units(corpus: &Corpus, vectors: &Vectors, passage: usize) -> Vec<RankedUnit> {
    let wants_figure = matches!(
        corpus.query.intent,
        Intent::Question(Asked::Figure | Asked::Time)
    );
    let layout = corpus
        .passages
        .get(passage)
        .map(|located| &located.passage.layout);
    let probe = corpus.probe(passage);
    let group = Group::of(corpus, passage);
    let is_prose = layout == Some(&Layout::Prose);
    (0..corpus.unit_count(passage))
        .map(|unit| {
            let text = corpus.unit_text(passage, unit);
            let cosine = vectors.cosine(group, &probe.text, &corpus.embedded_unit(passage, unit));
            let coverage = lexical::coverage(&probe.terms, &text);
            let figure = f64::from(u8::from(wants_figure && has_figure(&text)));
            let length = if is_prose {
                (text.len().max(1) as f64).ln()
            } else {
                0.0
            };
            let score = UNIT_COSINE * cosine
                + UNIT_COVERAGE * coverage
                + UNIT_FIGURE * figure
                + UNIT_LENGTH * length;
            RankedUnit {
                unit,
                cosine,
                coverage,
                score,
            }
        })
        .collect()
}

/// Whether a text states a number, in digits or as a small number word.
pub fn has_figure(text: &str) -> bool {
    const NUMBER_WORDS: &[&str] = &[
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve",
        "fifteen", "twenty", "thirty", "half", "twice", "third", "quarter", "daily", "weekly",
        "monthly", "yearly",
    ];
    text.bytes().any(|byte| byte.is_ascii_digit())
        || words::words(text)
            .iter()
            .any(|word| NUMBER_WORDS.contains(&word.plain.as_str()))
}

impl Corpus {
    /// The sentences or lines of a passage worth quoting, at most `most`, as runs of neighbours in
    /// the order they stand. Lines and rows are never joined.
    pub fn choose_units(&self, ranked: &Ranked, most: usize) -> Vec<RangeInclusive<usize>> {
        let Some(best) = ranked.best_unit() else {
            return Vec::new();
        };
        let layout = self
            .passages
            .get(ranked.passage)
            .map(|located| &located.passage.layout);
        let is_prose = layout == Some(&Layout::Prose);
        let gap = if is_prose { UNIT_GAP } else { LINE_GAP };
        let mut chosen: Vec<&RankedUnit> = ranked.units.iter().collect();
        chosen.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.unit.cmp(&b.unit)));
        let least = if is_prose { SENTENCES_MIN } else { 1 };
        let close = chosen
            .iter()
            .take_while(|unit| unit.score >= best.score - gap);
        let count = close.count().max(least).min(most);
        let mut units: Vec<usize> = chosen
            .into_iter()
            .take(count)
            .map(|unit| unit.unit)
            .collect();
        units.sort_unstable();
        let mut runs: Vec<RangeInclusive<usize>> = Vec::new();
        for unit in units {
            match runs.last_mut() {
                Some(run) if is_prose && *run.end() + 1 == unit => {
                    *run = *run.start()..=unit;
                }
                _ => runs.push(unit..=unit),
            }
        }
        runs
    }
}
