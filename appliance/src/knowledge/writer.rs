//! The answer being put together: framing lines, quotations and their citations. The only place
//! that makes citations, so that every quotation is cut from its source.

use std::ops::RangeInclusive;

use super::{
    corpus::Corpus,
    model::{CitationDraft, Extract, Layout},
    phrase,
    retrieve::{Ranked, Ranking},
};

/// Sentences or lines quoted from a further passage.
const FURTHER_UNITS_MAX: usize = 2;

/// Related passages named at the end.
const RELATED_MAX: usize = 2;

/// A passage is named as related when its score reaches this share of the best.
const RELATED_SHARE: f64 = 0.85;

/// An answer being put together.
pub(super) struct Writer<'c> {
    /// What it quotes from.
    pub(super) corpus: &'c Corpus,
    blocks: Vec<String>,
    /// What was quoted so far.
    pub(super) citations: Vec<CitationDraft>,
    /// The passages quoted so far.
    quoted: Vec<usize>,
}

impl<'c> Writer<'c> {
    /// An empty answer.
    pub(super) fn new(corpus: &'c Corpus) -> Self {
        Self {
            corpus,
            blocks: Vec::new(),
            citations: Vec::new(),
            quoted: Vec::new(),
        }
    }

    /// An answer without quotations.
    pub(super) fn plain(mut self, text: String) -> Extract {
        self.say(text);
        self.finish(false)
    }

    /// Adds a line of the frame.
    pub(super) fn say(&mut self, text: String) {
        self.blocks.push(text);
    }

    /// Notes a quotation of neighbouring sentences or lines and returns its number; `None` when
    /// the source has no such words.
    pub(super) fn cite(
        &mut self,
        passage: usize,
        units: RangeInclusive<usize>,
        score: f64,
    ) -> Option<u32> {
        let source = self.corpus.source_of(passage)?;
        let located = self.corpus.passages.get(passage)?;
        let start = located.passage.units.get(*units.start())?.start;
        let end = located.passage.units.get(*units.end())?.end;
        let number = u32::try_from(self.citations.len() + 1).ok()?;
        self.citations.push(CitationDraft {
            number,
            source: source.kind,
            title: source.title.clone(),
            section: source
                .section
                .clone()
                .or_else(|| located.passage.heading.clone()),
            passage_id: source.id.clone(),
            quote: source.text.get(start..end)?.to_owned(),
            passage: self.corpus.passage_text(passage).to_owned(),
            score: (score.clamp(0.0, 1.0) * 1000.0).round() / 1000.0,
        });
        self.quoted.push(passage);
        Some(number)
    }

    /// Quotes neighbouring sentences or lines; the row of a table with its column names.
    pub(super) fn quote(&mut self, passage: usize, units: RangeInclusive<usize>, score: f64) {
        let is_new = !self.quoted.contains(&passage);
        let Some(number) = self.cite(passage, units, score) else {
            return;
        };
        let layout = self
            .corpus
            .passages
            .get(passage)
            .map(|located| &located.passage.layout);
        if let Some(Layout::Table { header, .. }) = layout
            && is_new
            && let Some(columns) = self
                .corpus
                .source_of(passage)
                .and_then(|s| s.text.get(header.clone()))
        {
            self.say(phrase::columns(columns));
        }
        let is_line = !matches!(layout, Some(Layout::Prose));
        let quote = self
            .citations
            .last()
            .map_or("", |citation| citation.quote.as_str());
        self.blocks.push(phrase::quotation(quote, number, is_line));
    }

    /// Quotes several runs of one passage.
    pub(super) fn quote_runs(
        &mut self,
        passage: usize,
        runs: &[RangeInclusive<usize>],
        score: f64,
    ) {
        for run in runs {
            self.quote(passage, run.clone(), score);
        }
    }

    /// Quotes another passage under a line of its own.
    pub(super) fn quote_further(&mut self, ranked: &Ranked, score: f64) {
        self.say(phrase::further(self.corpus.place(ranked.passage)));
        let runs = self.corpus.choose_units(ranked, FURTHER_UNITS_MAX);
        self.quote_runs(ranked.passage, &runs, score);
    }

    /// Names the passages of the handbook that are worth reading too.
    pub(super) fn point_to_related(&mut self, handbook: &Ranking) {
        let best = handbook.passages.first().map_or(0.0, |ranked| ranked.score);
        let related: Vec<&str> = handbook
            .passages
            .iter()
            .filter(|ranked| {
                ranked.score >= RELATED_SHARE * best && !self.quoted.contains(&ranked.passage)
            })
            .take(RELATED_MAX)
            .filter_map(|ranked| self.corpus.topic(ranked.passage))
            .collect();
        if !related.is_empty() {
            self.say(phrase::related(&related));
        }
    }

    /// The finished answer.
    pub(super) fn finish(self, refused: bool) -> Extract {
        let mut segments: Vec<String> = self.blocks;
        let last = segments.len().saturating_sub(1);
        for segment in segments.iter_mut().take(last) {
            segment.push_str("\n\n");
        }
        Extract {
            segments,
            citations: self.citations,
            refused,
            notes: Vec::new(),
        }
    }
}
