//! The texts one turn may quote, taken apart and indexed. Vectors come from outside: the corpus
//! says which texts it needs embedded, so that everything here is a pure function of its input.

pub use super::group_vectors::Vectors;

use super::{
    intent::{self, Intent},
    lexical::{Index, Term},
    message,
    model::{Layout, MAX_PASSAGES, Passage, Request, Source, SourceKind},
    passage,
    phrase::Place,
    retrieve::Group,
    words,
};

/// Passages of attachments and pasted text that are embedded for one question; full text chooses
/// them when there are more.
const OWN_PASSAGES_EMBEDDED: usize = 96;

/// Beginning of a pasted text that helps a question with too few words of its own, in bytes.
const PASTED_HINT_BYTES: usize = 240;

/// A passage and the source it belongs to.
#[derive(Clone, Debug)]
pub struct Located {
    /// Position of its source in [`Corpus::sources`].
    pub source: usize,
    /// The passage, in bytes of that source's text.
    pub passage: Passage,
}

/// What is asked, ready for searching.
#[derive(Clone, Debug)]
pub struct Query {
    /// The question as written, without pasted text.
    pub question: String,
    /// What the turn asks for.
    pub intent: Intent,
    /// Whether the question points at a text the person gave.
    pub points_at_text: bool,
    /// What the handbook is searched for.
    pub handbook: Probe,
    /// What the person's own texts are searched for.
    pub own: Probe,
}

/// What one group of sources is searched for: the question, with the turn before it when it leans
/// on that.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    /// What is compared by meaning.
    pub text: String,
    /// Its subject words.
    pub(super) terms: Vec<Term>,
}

/// Everything one turn may quote.
#[derive(Debug)]
pub struct Corpus {
    /// The sources, the pasted part of the message last.
    pub sources: Vec<Source>,
    /// Their passages; at most [`MAX_PASSAGES`].
    pub passages: Vec<Located>,
    /// What is asked.
    pub query: Query,
    index: Index,
}

impl Corpus {
    /// Takes a request apart and indexes what it may quote.
    pub fn new(request: &Request) -> Self {
        let read = message::read(&request.message);
        let mut sources = request.sources.clone();
        for (place, range) in read.pasted.iter().enumerate() {
            sources.push(Source {
                kind: SourceKind::Conversation,
                id: format!("message-{}", place + 1),
                title: "Your message".into(),
                section: None,
                text: request
                    .message
                    .get(range.clone())
                    .unwrap_or_default()
                    .to_owned(),
            });
        }
        let passages = passages_of(&sources);
        let mut corpus = Self {
            sources,
            passages,
            query: Query::empty(read.question),
            index: Index::default(),
        };
        let texts: Vec<_> = (0..corpus.passages.len())
            .map(|at| corpus.indexed_text(at))
            .collect();
        corpus.index = Index::new(texts.iter().map(String::as_str));
        corpus.complete_query(request, &read.pasted);
        corpus
    }

    fn complete_query(&mut self, request: &Request, pasted: &[std::ops::Range<usize>]) {
        let question = self.query.question.clone();
        let mut own = question.clone();
        if let Some(previous) = &request.previous_message
            && intent::is_follow_up(&question)
        {
            own = format!("{} {question}", message::read(previous).question);
        }
        let mut handbook = own.clone();
        if let Some(range) = pasted.first()
            && words::content_stems(&own).len() <= 1
        {
            let text = request.message.get(range.clone()).unwrap_or_default();
            let hint = text
                .get(..text.floor_char_boundary(PASTED_HINT_BYTES))
                .unwrap_or(text);
            handbook = format!("{own} {hint}");
        }
        self.query = Query {
            intent: intent::intent(&question),
            points_at_text: intent::points_at_text(&question),
            handbook: Probe {
                terms: self.index.terms(&handbook),
                text: handbook,
            },
            own: Probe {
                terms: self.index.terms(&own),
                text: own,
            },
            question,
        };
    }

    /// What the group of a passage is searched for.
    pub(super) fn probe(&self, passage: usize) -> &Probe {
        if self.is_handbook(passage) {
            &self.query.handbook
        } else {
            &self.query.own
        }
    }

    /// The source a passage belongs to. Panics never: an unknown passage has no source.
    pub fn source_of(&self, passage: usize) -> Option<&Source> {
        self.passages
            .get(passage)
            .and_then(|located| self.sources.get(located.source))
    }

    /// Whether a passage comes from the agent's handbook.
    pub fn is_handbook(&self, passage: usize) -> bool {
        self.source_of(passage)
            .is_some_and(|source| source.kind == SourceKind::Handbook)
    }

    /// The passage as it stands in its source.
    pub fn passage_text(&self, passage: usize) -> &str {
        self.passages
            .get(passage)
            .and_then(|at| {
                self.sources
                    .get(at.source)?
                    .text
                    .get(at.passage.range.clone())
            })
            .unwrap_or_default()
    }

    /// The title or heading that says what a passage is about, if its source gives one.
    pub fn topic(&self, passage: usize) -> Option<&str> {
        let source = self.source_of(passage)?;
        match source.kind {
            SourceKind::Handbook => Some(&source.title),
            _ => self.passages.get(passage)?.passage.heading.as_deref(),
        }
    }

    /// Where a passage stands, as the words around a quotation name it.
    pub(super) fn place(&self, passage: usize) -> Place<'_> {
        let heading = self
            .passages
            .get(passage)
            .and_then(|at| at.passage.heading.as_deref());
        match self.source_of(passage) {
            Some(source) => Place {
                kind: source.kind,
                title: &source.title,
                heading,
            },
            None => Place {
                kind: SourceKind::Conversation,
                title: "",
                heading,
            },
        }
    }

    /// What represents a passage as a vector: what it is about, then its words.
    pub fn embedded_text(&self, passage: usize) -> String {
        match self.topic(passage) {
            Some(topic) => format!("{topic}. {}", self.passage_text(passage)),
            None => self.passage_text(passage).to_owned(),
        }
    }

    /// What full-text search reads: the topic counts twice.
    fn indexed_text(&self, passage: usize) -> String {
        let topic = self.topic(passage).unwrap_or_default();
        let header = match self
            .passages
            .get(passage)
            .map(|located| &located.passage.layout)
        {
            Some(Layout::Table { header, .. }) => self
                .source_of(passage)
                .and_then(|source| source.text.get(header.clone())),
            _ => None,
        };
        format!(
            "{topic}. {topic}. {} {}",
            header.unwrap_or_default(),
            self.passage_text(passage)
        )
    }

    /// The words of one sentence or line, exactly as they stand in the source.
    pub fn unit_quote(&self, passage: usize, unit: usize) -> &str {
        self.passages
            .get(passage)
            .and_then(|at| {
                let range = at.passage.units.get(unit)?;
                self.sources.get(at.source)?.text.get(range.clone())
            })
            .unwrap_or_default()
    }

    /// What represents one sentence or line as a vector: what its passage is about, then its words.
    pub fn embedded_unit(&self, passage: usize, unit: usize) -> String {
        let text = self.unit_text(passage, unit);
        match self.topic(passage) {
            Some(topic) => format!("{topic}: {text}"),
            None => text,
        }
    }

    /// The words of one sentence, line or row that are compared with those of the question.
    pub fn unit_text(&self, passage: usize, unit: usize) -> String {
        let quote = self.unit_quote(passage, unit);
        match self
            .passages
            .get(passage)
            .map(|located| &located.passage.layout)
        {
            Some(Layout::Table { header, delimiter }) => {
                let header = self
                    .source_of(passage)
                    .and_then(|source| source.text.get(header.clone()));
                passage::labelled_row(header.unwrap_or_default(), quote, *delimiter)
            }
            _ => quote.to_owned(),
        }
    }

    /// How many sentences or lines a passage has.
    pub fn unit_count(&self, passage: usize) -> usize {
        self.passages
            .get(passage)
            .map_or(0, |located| located.passage.units.len())
    }

    /// The full-text score of a passage, 0 to 1.
    pub fn lexical(&self, passage: usize) -> f64 {
        self.index.score(&self.probe(passage).terms, passage)
    }

    /// The passages that are compared by meaning: the whole handbook, and of the rest the best by
    /// full text up to a bound.
    pub fn compared(&self) -> Vec<usize> {
        let (mut handbook, mut own): (Vec<_>, Vec<_>) =
            (0..self.passages.len()).partition(|passage| self.is_handbook(*passage));
        if own.len() > OWN_PASSAGES_EMBEDDED {
            own.sort_by(|a, b| self.lexical(*b).total_cmp(&self.lexical(*a)).then(a.cmp(b)));
            own.truncate(OWN_PASSAGES_EMBEDDED);
        }
        handbook.append(&mut own);
        handbook
    }

    /// Texts whose vectors ranking passages needs: the question and what it is compared with.
    pub fn passage_texts(&self) -> Vec<String> {
        let groups = [Group::Handbook, Group::Own];
        let probes = groups.map(|group| self.probe_text(group).to_owned());
        let passages = groups
            .into_iter()
            .flat_map(|group| self.passage_texts_of(group));
        probes.into_iter().chain(passages).collect()
    }

    /// What a group is searched for.
    pub(super) fn probe_text(&self, group: Group) -> &str {
        match group {
            Group::Handbook => &self.query.handbook.text,
            Group::Own => &self.query.own.text,
        }
    }

    /// The passages of a group as they are compared by meaning.
    pub(super) fn passage_texts_of(&self, group: Group) -> Vec<String> {
        let compared = self.compared().into_iter();
        compared
            .filter(|passage| Group::of(self, *passage) == group)
            .map(|passage| self.embedded_text(passage))
            .collect()
    }
}

impl Query {
    fn empty(question: String) -> Self {
        Self {
            intent: intent::intent(&question),
            points_at_text: false,
            handbook: Probe::default(),
            own: Probe::default(),
            question,
        }
    }
}

/// Handbook passages stay whole, everything else is split. Questions a person asked earlier are no
/// source.
fn passages_of(sources: &[Source]) -> Vec<Located> {
    let mut passages = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let left = MAX_PASSAGES.saturating_sub(passages.len());
        if left == 0 {
            break;
        }
        let found = match source.kind {
            SourceKind::Handbook => vec![passage::whole(&source.text)],
            SourceKind::Attachment => passage::split(&source.text, left),
            SourceKind::Conversation => statements(&source.text, left),
        };
        passages.extend(found.into_iter().map(|passage| Located {
            source: at,
            passage,
        }));
    }
    passages
}

/// The passages of a message, without its questions and scraps of less than three words.
fn statements(text: &str, limit: usize) -> Vec<Passage> {
    let mut passages = passage::split(text, limit);
    for passage in &mut passages {
        passage.units.retain(|unit| {
            let words = text.get(unit.clone()).unwrap_or_default();
            !words.ends_with('?') && words.split_whitespace().count() >= 3
        });
    }
    passages.retain(|passage| !passage.units.is_empty());
    passages
}
