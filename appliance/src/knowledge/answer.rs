//! Puts an extractive answer together: chooses sentences, quotes them word for word and frames
//! them. Pure: the vectors come with the call.

use super::{
    confidence::{QUOTED_FROM, SURE_FROM, Signals},
    corpus::{Corpus, Vectors},
    intent::{Asked, Intent},
    lookup,
    model::{CitationDraft, Extract, Persona, SourceKind},
    phrase,
    retrieve::{Group, Ranked, Ranking, rank},
    summary,
    writer::Writer,
};

/// Sentences or lines quoted from one passage.
const UNITS_MAX: usize = 3;

/// A further passage of the handbook is quoted when its score reaches this share of the best.
const FURTHER_SHARE: f64 = 0.9;

/// A text the question points at (“these notes”) is quoted from this probability on.
const POINTED_FROM: f64 = 0.25;

/// What a person gave is preferred to the handbook unless that is more probable by this much.
const OWN_HEAD_START: f64 = 0.15;

/// Topics named when nothing answers.
const TOPICS: usize = 3;

/// Answers the corpus' question with quotations. `vectors` holds what
/// [`Corpus::passage_texts`] and [`super::retrieve::unit_texts`] asked for.
pub fn answer(corpus: &Corpus, vectors: &Vectors, persona: &Persona) -> Extract {
    let writer = Writer::new(corpus);
    match corpus.query.intent {
        Intent::Greeting => writer.plain(phrase::greeting(persona, &first_topics(corpus))),
        Intent::Thanks => writer.plain(phrase::WELCOME.to_owned()),
        Intent::AboutYou => writer.plain(phrase::about(persona, &first_topics(corpus))),
        Intent::Summary => summarised(corpus, vectors)
            .unwrap_or_else(|| found(corpus, vectors, Asked::Fact, writer)),
        Intent::Creation => instead(phrase::CANNOT_CREATE, corpus, vectors, writer),
        Intent::Judgement => instead(phrase::CANNOT_JUDGE, corpus, vectors, writer),
        Intent::Question(asked) => match lookup::find(corpus).as_slice() {
            [] => found(corpus, vectors, asked, writer),
            lines => looked_up(lines, writer),
        },
    }
}

/// The passages that fit the question best, for a model to read: at most `count`, each quoted
/// whole, none that is improbable to help.
pub fn consult(corpus: &Corpus, vectors: &Vectors, count: usize) -> Vec<CitationDraft> {
    let mut fitting: Vec<(f64, Ranked)> = [Group::Own, Group::Handbook]
        .into_iter()
        .flat_map(|group| {
            let ranking = rank(corpus, vectors, group);
            let sure = probability(corpus, &ranking, group);
            let best = ranking.passages.first().map_or(0.0, |ranked| ranked.score);
            ranking
                .passages
                .into_iter()
                .map(move |ranked| (sure * ranked.score / best.max(0.01), ranked))
        })
        .filter(|(score, _)| *score >= QUOTED_FROM / 2.0)
        .collect();
    fitting.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.passage.cmp(&b.1.passage)));
    let mut writer = Writer::new(corpus);
    for (score, ranked) in fitting.into_iter().take(count) {
        let last = corpus.unit_count(ranked.passage).saturating_sub(1);
        writer.cite(ranked.passage, 0..=last, score);
    }
    writer.citations
}

fn probability(corpus: &Corpus, ranking: &Ranking, group: Group) -> f64 {
    Signals::of(corpus, ranking).map_or(0.0, |signals| signals.probability(group))
}

/// A group's ranking with the probability that its best passage answers.
struct Candidate {
    ranking: Ranking,
    probability: f64,
    quoted_from: f64,
}

impl Candidate {
    fn of(corpus: &Corpus, vectors: &Vectors, group: Group) -> Self {
        let ranking = rank(corpus, vectors, group);
        let probability = probability(corpus, &ranking, group);
        let is_pointed_at = group == Group::Own && corpus.query.points_at_text;
        Self {
            ranking,
            probability,
            quoted_from: if is_pointed_at {
                POINTED_FROM
            } else {
                QUOTED_FROM
            },
        }
    }

    fn answers(&self) -> bool {
        self.probability >= self.quoted_from
    }

    fn best(&self) -> Option<&Ranked> {
        self.ranking.passages.first()
    }
}

/// Quotes what answers, the person's own text first when the question points at it or unless the
/// handbook fits much better; says so when nothing does.
fn found<'c>(
    corpus: &'c Corpus,
    vectors: &Vectors,
    asked: Asked,
    mut writer: Writer<'c>,
) -> Extract {
    let handbook = Candidate::of(corpus, vectors, Group::Handbook);
    let own = Candidate::of(corpus, vectors, Group::Own);
    let is_preferred =
        corpus.query.points_at_text || own.probability + OWN_HEAD_START >= handbook.probability;
    let own_first = own.answers() && is_preferred;
    let (first, second) = if own_first {
        (&own, &handbook)
    } else {
        (&handbook, &own)
    };
    let Some(best) = first.best().filter(|_| first.answers()) else {
        return refused(corpus, &handbook.ranking, writer);
    };
    let is_sure = first.probability >= SURE_FROM;
    let runs = corpus.choose_units(best, UNITS_MAX);
    let begin = runs.first().map_or(0, |run| *run.start());
    let quote = corpus.unit_quote(best.passage, begin);
    let place = corpus.place(best.passage);
    writer.say(phrase::lead_in(asked, place, quote, is_sure));
    writer.quote_runs(best.passage, &runs, first.probability);
    if let Some(other) = second.best().filter(|_| second.answers()) {
        writer.quote_further(other, second.probability);
    } else if is_sure || !own_first {
        quote_second(&first.ranking, first.probability, &mut writer);
    }
    writer.point_to_related(&handbook.ranking);
    writer.finish(false)
}

/// Quotes the second passage of a ranking when it fits almost as well as the first.
fn quote_second(ranking: &Ranking, probability: f64, writer: &mut Writer<'_>) {
    if let [best, second, ..] = ranking.passages.as_slice()
        && second.score >= FURTHER_SHARE * best.score
    {
        writer.quote_further(second, probability * second.score / best.score);
    }
}

/// Says plainly that this needs more than quoting, and shows the most useful passage.
fn instead<'c>(
    plainly: &str,
    corpus: &'c Corpus,
    vectors: &Vectors,
    mut writer: Writer<'c>,
) -> Extract {
    let handbook = Candidate::of(corpus, vectors, Group::Handbook);
    writer.say(plainly.to_owned());
    let Some(best) = handbook
        .ranking
        .passages
        .first()
        .filter(|_| handbook.answers())
    else {
        let topics = nearest_topics(corpus, &handbook.ranking);
        if !topics.is_empty() {
            writer.say(phrase::nearest(&topics));
        }
        return writer.finish(true);
    };
    writer.say(phrase::useful(corpus.place(best.passage)));
    let runs = corpus.choose_units(best, UNITS_MAX);
    writer.quote_runs(best.passage, &runs, handbook.probability);
    writer.point_to_related(&handbook.ranking);
    writer.finish(false)
}

fn looked_up(lines: &[lookup::Line], mut writer: Writer<'_>) -> Extract {
    if let Some(first) = lines.first() {
        writer.say(phrase::line_lead_in(writer.corpus.place(first.passage)));
    }
    for line in lines {
        writer.quote(line.passage, line.unit..=line.unit, line.share);
    }
    writer.finish(false)
}

/// The gist of the person's own text; `None` without one.
fn summarised(corpus: &Corpus, vectors: &Vectors) -> Option<Extract> {
    let central = summary::central_units(corpus, vectors);
    let (first, ..) = *central.first()?;
    let mut writer = Writer::new(corpus);
    writer.say(phrase::summary_lead_in(corpus.place(first)));
    for (passage, unit, score) in central {
        writer.quote(passage, unit..=unit, score);
    }
    Some(writer.finish(false))
}

fn refused(corpus: &Corpus, handbook: &Ranking, writer: Writer<'_>) -> Extract {
    let topics = nearest_topics(corpus, handbook);
    let mut searched = Vec::new();
    for source in corpus.sources.iter().rev() {
        let name = match source.kind {
            SourceKind::Handbook => "my handbook".to_owned(),
            SourceKind::Attachment => format!("“{}”", source.title),
            SourceKind::Conversation => "what you wrote".to_owned(),
        };
        if !searched.contains(&name) && searched.len() < 4 {
            searched.push(name);
        }
    }
    let mut extract = writer.plain(phrase::refusal(&searched, &topics));
    extract.refused = true;
    extract
}

fn nearest_topics<'c>(corpus: &'c Corpus, handbook: &Ranking) -> Vec<&'c str> {
    let passages = handbook.passages.iter().take(TOPICS);
    passages
        .filter_map(|ranked| corpus.topic(ranked.passage))
        .collect()
}

/// The first topic of each of the first sections of the handbook.
fn first_topics(corpus: &Corpus) -> Vec<&str> {
    let mut sections: Vec<Option<&str>> = Vec::new();
    let mut topics = Vec::new();
    for source in corpus
        .sources
        .iter()
        .filter(|source| source.kind == SourceKind::Handbook)
    {
        let section = source.section.as_deref();
        if topics.len() < TOPICS && !sections.contains(&section) {
            sections.push(section);
            topics.push(source.title.as_str());
        }
    }
    topics
}
