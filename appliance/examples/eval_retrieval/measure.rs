//! Puts every written question to the retrieval and counts what happened.

use guildhall::knowledge::{
    Extract, Persona, Request, Source, SourceKind,
    answer::answer,
    confidence::{SURE_FROM, Signals},
    corpus::{Corpus, Vectors},
    retrieve::{Group, rank, unit_texts},
};

use crate::questions::{Agent, Document, Half, Question};

/// Computes vectors of length 1, one per text.
pub type Embed<'e> = &'e mut dyn FnMut(Vec<String>) -> Vec<Vec<f32>>;

/// How a document reaches the employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// There is no document.
    No,
    /// As an attached file.
    Attached,
    /// Below the question, in the message.
    Pasted,
    /// As an attached file, while the question is about the handbook.
    Beside,
}

/// One question and what became of it.
pub struct Outcome {
    /// Which half it counts for.
    pub half: Half,
    /// Whether a document was there.
    pub given: Given,
    /// Whether the sources answer it.
    pub answerable: bool,
    /// The agent who was asked.
    pub agent: String,
    /// What was asked.
    pub ask: String,
    /// Where the right passage (handbook) or the passage with the right line (document) was
    /// ranked, from 0; `None` when it was not among the shortlisted.
    pub rank: Option<usize>,
    /// Whether the best sentence or line of the best passage is the right one.
    pub best_unit_right: bool,
    /// Whether the answer's quotations hold the right sentence or line.
    pub quoted_right: bool,
    /// What the confidence model saw of the handbook and of the document.
    pub signals: [Option<Signals>; 2],
    /// The answer.
    pub extract: Extract,
    /// Quotations that are not in their source, byte for byte.
    pub inexact: usize,
    /// From vectors at hand to the answer, in microseconds.
    pub micros: u128,
}

impl Outcome {
    /// Whether the answer says that it may not be what was meant.
    pub fn has_reservation(&self) -> bool {
        self.extract
            .citations
            .first()
            .is_some_and(|citation| citation.score < SURE_FROM)
    }
}

/// Puts the questions of every handbook.
pub fn handbooks(agents: &[&Agent], embed: Embed<'_>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for agent in agents {
        for question in &agent.questions {
            let request = request(&question.ask, agent.handbook.clone());
            outcomes.push(put(
                (agent, agent.half),
                question,
                Given::No,
                &request,
                embed,
            ));
        }
    }
    outcomes
}

/// Puts the questions about every document, attached and pasted.
pub fn documents(agents: &[Agent], documents: &[Document], embed: Embed<'_>) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for document in documents {
        let agent = agents
            .iter()
            .find(|agent| agent.slug == document.agent)
            .expect("a known agent");
        let of = (agent, document.half);
        for question in &document.questions {
            let attached = request(&question.ask, with_attachment(agent, document));
            outcomes.push(put(of, question, Given::Attached, &attached, embed));
            let message = format!("{}\n\n{}", question.ask, document.text);
            let pasted = request(&message, agent.handbook.clone());
            outcomes.push(put(of, question, Given::Pasted, &pasted, embed));
        }
        // A handbook's questions never count for the other half.
        let beside = (agent.half == document.half).then_some(&agent.questions);
        for question in beside.into_iter().flatten() {
            let beside = request(&question.ask, with_attachment(agent, document));
            outcomes.push(put(of, question, Given::Beside, &beside, embed));
        }
    }
    outcomes
}

fn with_attachment(agent: &Agent, document: &Document) -> Vec<Source> {
    let mut sources = agent.handbook.clone();
    sources.push(Source {
        kind: SourceKind::Attachment,
        id: document.name.clone(),
        title: document.name.clone(),
        section: None,
        text: document.text.clone(),
    });
    sources
}

fn request(message: &str, sources: Vec<Source>) -> Request {
    Request {
        message: message.to_owned(),
        sources,
        ..Request::default()
    }
}

fn put(
    (agent, half): (&Agent, Half),
    question: &Question,
    given: Given,
    request: &Request,
    embed: Embed<'_>,
) -> Outcome {
    let corpus = Corpus::new(request);
    let mut vectors = Vectors::default();
    fill(&mut vectors, corpus.passage_texts(), embed);
    let units = unit_texts(&corpus, &vectors);
    fill(&mut vectors, units, embed);
    let rankings = [Group::Handbook, Group::Own].map(|group| rank(&corpus, &vectors, group));
    let started = std::time::Instant::now();
    let extract = answer(&Corpus::new(request), &vectors, &Persona::default());
    let micros = started.elapsed().as_micros();
    let ranking = &rankings[usize::from(matches!(given, Given::Attached | Given::Pasted))];
    let quote = question.quote.as_deref().unwrap_or("\u{0}");
    let is_right = |passage: usize| match &question.passage {
        Some(id) => corpus
            .source_of(passage)
            .is_some_and(|source| source.id == *id),
        None => corpus.passage_text(passage).contains(quote),
    };
    let best_unit = ranking
        .passages
        .first()
        .and_then(|best| Some((best.passage, best.best_unit()?.unit)));
    Outcome {
        half,
        given,
        answerable: question.quote.is_some(),
        agent: agent.slug.clone(),
        ask: question.ask.clone(),
        rank: ranking
            .passages
            .iter()
            .position(|ranked| is_right(ranked.passage)),
        best_unit_right: best_unit
            .is_some_and(|(passage, unit)| corpus.unit_quote(passage, unit) == quote),
        quoted_right: extract
            .citations
            .iter()
            .any(|citation| citation.quote.contains(quote)),
        signals: rankings
            .each_ref()
            .map(|ranking| Signals::of(&corpus, ranking)),
        inexact: inexact(&corpus, &extract),
        extract,
        micros,
    }
}

fn fill(vectors: &mut Vectors, texts: Vec<String>, embed: Embed<'_>) {
    for (text, vector) in texts.clone().into_iter().zip(embed(texts)) {
        vectors.insert(text, vector.into());
    }
}

/// Quotations that do not stand in their source or not in the answer's text.
fn inexact(corpus: &Corpus, extract: &Extract) -> usize {
    let text = extract.text();
    let shown =
        |quote: &str| text.contains(&quote.split_whitespace().collect::<Vec<_>>().join(" "));
    let in_source = |id: &str, quote: &str| {
        corpus
            .sources
            .iter()
            .any(|source| source.id == id && source.text.contains(quote))
    };
    extract
        .citations
        .iter()
        .filter(|citation| {
            citation.quote.is_empty()
                || !in_source(&citation.passage_id, &citation.quote)
                || !citation.passage.contains(&citation.quote)
                || !shown(&citation.quote)
        })
        .count()
}
