//! Extractive answers: the rules that hold for any text, with vectors from word counts, and real
//! questions with the node's own engine.

use std::path::Path;

use guildhall::inference::{Caller, Priority};
use guildhall::knowledge::{
    Asker, Extract, Persona, Request, Source, SourceKind,
    answer::{answer, consult},
    corpus::{Corpus, Vectors},
    retrieve::unit_texts,
    summary,
};
use guildhall_kernel::Role;
use proptest::prelude::*;

use crate::{
    harness::TestApp,
    retrieval::questions::{self, Agent, Half},
};

fn source(kind: SourceKind, id: &str, text: &str) -> Source {
    Source {
        kind,
        id: id.into(),
        title: id.into(),
        section: None,
        text: text.into(),
    }
}

fn attachment(text: &str) -> Source {
    source(SourceKind::Attachment, "a.txt", text)
}

/// Counts words by the first letters of each, so that equal words meet: enough to drive the rules.
fn word_counts(text: &str) -> Vec<f32> {
    let mut vector = vec![0.01_f32; 64];
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let hash = word
            .to_lowercase()
            .chars()
            .take(5)
            .fold(7_usize, |hash, c| hash.wrapping_mul(31) + c as usize);
        vector[hash % 64] += 1.0;
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter().map(|value| value / length).collect()
}

fn put(request: &Request) -> (Corpus, Vectors, Extract) {
    let corpus = Corpus::new(request);
    let mut vectors = Vectors::default();
    for text in summary::texts(&corpus)
        .into_iter()
        .chain(corpus.passage_texts())
    {
        let vector = word_counts(&text);
        vectors.insert(text, vector.into());
    }
    for text in unit_texts(&corpus, &vectors) {
        let vector = word_counts(&text);
        vectors.insert(text, vector.into());
    }
    let extract = answer(&corpus, &vectors, &request.persona);
    (corpus, vectors, extract)
}

/// What every answer must keep to, whatever was asked of whatever text.
fn assert_word_for_word(corpus: &Corpus, extract: &Extract) {
    let text = extract.text();
    for (place, citation) in extract.citations.iter().enumerate() {
        assert_eq!(citation.number as usize, place + 1);
        assert!(!citation.quote.trim().is_empty());
        assert!((0.0..=1.0).contains(&citation.score));
        assert!(citation.passage.contains(&citation.quote));
        let sources = corpus
            .sources
            .iter()
            .filter(|source| source.id == citation.passage_id);
        assert!(
            sources
                .into_iter()
                .any(|source| source.text.contains(&citation.quote))
        );
        let shown = citation
            .quote
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(text.contains(&shown), "{text}\n{shown}");
        assert!(text.contains(&format!("[{}]", citation.number)));
    }
    assert!(!extract.refused || extract.citations.is_empty());
    assert!(!text.trim().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_quotation_stands_word_for_word_in_its_source(
        text in "(([A-Za-zäöß]{1,9}|[0-9]{1,4}|e\\.g\\.|Dr\\.|[A-Z][a-z]{2,8}: )[ ,.;:|?\n\t-]{1,2}){0,120}",
        question in "(How much |What is |Summarise |Write |and |)([a-z]{1,9} ){0,8}[?.]?",
        pasted in any::<bool>(),
    ) {
        let handbook = "An invoice names the supplier. Pay it within 30 days. Ask Dr. Moll, e.g. by mail.";
        let mut sources = vec![source(SourceKind::Handbook, "invoices", handbook)];
        let message = if pasted { format!("{question}\n\n{text}") } else { question };
        if !pasted {
            sources.push(attachment(&text));
        }
        let request = Request { message, sources, ..Request::default() };
        let (corpus, vectors, extract) = put(&request);
        assert_word_for_word(&corpus, &extract);
        for citation in consult(&corpus, &vectors, 3) {
            prop_assert!(citation.passage.contains(&citation.quote));
        }
    }
}

#[test]
fn a_key_is_looked_up_in_the_attached_form() {
    let form =
        "Invoice no.: 7741\nOrder number: PO-55120\nDue date: 14 May 2026\nGross total: 620.64";
    for (message, line) in [
        ("What is the invoice number?", "Invoice no.: 7741"),
        ("When is the invoice due?", "Due date: 14 May 2026"),
        ("how much is the gross total", "Gross total: 620.64"),
        ("order nr?", "Order number: PO-55120"),
    ] {
        let sources = vec![attachment(form)];
        let request = Request {
            message: message.into(),
            sources,
            ..Request::default()
        };
        let (corpus, _, extract) = put(&request);
        assert_word_for_word(&corpus, &extract);
        let quotes: Vec<_> = extract
            .citations
            .iter()
            .map(|citation| citation.quote.as_str())
            .collect();
        assert_eq!(quotes, [line], "{message}");
    }
}

#[test]
fn a_row_is_quoted_with_its_column_names() {
    let table =
        "Article;Description;Price EUR\nA-100;Safety gloves;3.20\nC-309;Platform trolley;142.50";
    let request = Request {
        message: "What is the price of the platform trolley?".into(),
        sources: vec![attachment(table)],
        ..Request::default()
    };
    let (corpus, _, extract) = put(&request);
    assert_word_for_word(&corpus, &extract);
    assert_eq!(extract.citations[0].quote, "C-309;Platform trolley;142.50");
    assert!(extract.text().contains("Article;Description;Price EUR"));
}

#[test]
fn courtesies_and_orders_to_create_are_answered_plainly() {
    let persona = Persona {
        name: "Beatrix Moll".into(),
        role: "Invoice clerk".into(),
        features: vec!["Checks invoices".into()],
    };
    let say = |message: &str| {
        let handbook = "An invoice names the supplier and the buyer.";
        let sources = vec![source(SourceKind::Handbook, "Details", handbook)];
        let request = Request {
            message: message.into(),
            persona: persona.clone(),
            sources,
            ..Request::default()
        };
        put(&request).2
    };
    assert!(
        say("Hello!")
            .text()
            .contains("I am Beatrix Moll, your invoice clerk")
    );
    assert!(say("What can you do?").text().contains("- Checks invoices"));
    assert!(say("Thank you").text().contains("You are welcome"));
    let letter = say("Please write a love letter to the moon");
    assert!(letter.refused && letter.text().contains("import a model"));
    let useful = say("Draft text: an invoice names the supplier and the buyer");
    assert!(!useful.refused && useful.citations.len() == 1);
}

#[test]
fn what_was_said_before_is_a_source_but_questions_are_not() {
    let earlier = source(
        SourceKind::Conversation,
        "msg_1",
        "Our customer number at Hartwell Tools is 88120. What is our customer number at Hartwell Tools?",
    );
    let request = Request {
        message: "Which customer number do we have at Hartwell Tools?".into(),
        sources: vec![earlier],
        ..Request::default()
    };
    let (_, _, extract) = put(&request);
    assert_eq!(extract.citations.len(), 1);
    assert_eq!(
        extract.citations[0].quote,
        "Our customer number at Hartwell Tools is 88120."
    );
    assert_eq!(extract.citations[0].source, SourceKind::Conversation);
}

#[test]
fn a_huge_attachment_is_bounded() {
    let text = "Pumps need oil every month. ".repeat(40_000);
    let request = Request {
        message: "How often do pumps need oil?".into(),
        sources: vec![attachment(&text)],
        ..Request::default()
    };
    let (corpus, _, extract) = put(&request);
    assert!(corpus.passages.len() <= 2_000);
    assert!(corpus.passage_texts().len() <= 100);
    assert_word_for_word(&corpus, &extract);
}

fn catalogue() -> Vec<Agent> {
    questions::agents(&Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog"))
}

/// The administrator, who asks without an employee.
async fn asker(test: &TestApp) -> Asker {
    let ctx = test.ctx(Role::Admin).await;
    Asker {
        caller: Caller::of(&ctx, Priority::Interactive),
        ctx,
    }
}

async fn ask(test: &TestApp, message: &str, sources: &[Source]) -> Extract {
    let request = Request {
        message: message.into(),
        sources: sources.to_vec(),
        ..Request::default()
    };
    let asker = asker(test).await;
    test.app.knowledge.answer(&asker, request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_finds_paraphrased_passages_and_refuses_the_weather() {
    let test = TestApp::new().await;
    let knowledge = &test.app.knowledge;
    let agents = catalogue();
    let agent = agents
        .iter()
        .find(|agent| agent.slug == "invoice-clerk")
        .unwrap();
    knowledge
        .prepare(&asker(&test).await, agent.handbook.clone())
        .await
        .unwrap();

    let (mut found, mut answerable) = (0, 0);
    for question in &agent.questions {
        let extract = ask(&test, &question.ask, &agent.handbook).await;
        let Some(passage) = &question.passage else {
            continue;
        };
        answerable += 1;
        found += usize::from(
            extract
                .citations
                .iter()
                .any(|citation| citation.passage_id == *passage),
        );
    }
    assert!(
        found * 10 >= answerable * 8,
        "{found} of {answerable} right passages quoted"
    );

    let weather = ask(
        &test,
        "What will the weather be in Lisbon tomorrow?",
        &agent.handbook,
    )
    .await;
    assert!(
        weather.refused && weather.citations.is_empty(),
        "{}",
        weather.text()
    );

    let attached = [
        &agent.handbook[..],
        &[attachment("Invoice no.: 7741\nNet total: 517.20")],
    ]
    .concat();
    let number = ask(&test, "What is the invoice number?", &attached).await;
    assert_eq!(number.citations[0].quote, "Invoice no.: 7741");
    assert_eq!(number.citations[0].source, SourceKind::Attachment);
}

/// The floors lie below the figures of `docs/retrieval.md`: a fall through one means that quoting got worse.
#[tokio::test(flavor = "multi_thread")]
async fn questions_on_files_keep_above_their_floors() {
    let test = TestApp::new().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/retrieval/documents.yaml");
    let (mut right, mut answerable, mut careful, mut unanswerable) = (0, 0, 0, 0);
    for document in questions::documents(&file) {
        if document.half != Half::Test {
            continue;
        }
        let sources = [attachment(&document.text)];
        for question in &document.questions {
            let extract = ask(&test, &question.ask, &sources).await;
            for citation in &extract.citations {
                assert!(document.text.contains(&citation.quote));
            }
            let quotes = || extract.citations.iter().map(|citation| &citation.quote);
            if let Some(wanted) = &question.quote {
                answerable += 1;
                right += usize::from(quotes().any(|quote| quote.contains(wanted)));
            } else {
                unanswerable += 1;
                let is_careful = extract.refused || extract.text().contains("I am not sure");
                careful += usize::from(is_careful);
            }
        }
    }
    assert!(
        right * 10 >= answerable * 6,
        "{right} of {answerable} right"
    );
    assert!(
        careful * 10 >= unanswerable * 7,
        "{careful} of {unanswerable} careful"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_question_leans_on_the_turn_before() {
    let test = TestApp::new().await;
    let agents = catalogue();
    let agent = agents
        .iter()
        .find(|agent| agent.slug == "invoice-clerk")
        .unwrap();
    let request = Request {
        message: "And how long is that usually?".into(),
        previous_message: Some("Do we have to keep old invoices in the archive?".into()),
        sources: agent.handbook.clone(),
        ..Request::default()
    };
    let asker = asker(&test).await;
    let extract = test.app.knowledge.answer(&asker, request).await.unwrap();
    let passages: Vec<_> = extract
        .citations
        .iter()
        .map(|citation| citation.passage_id.as_str())
        .collect();
    assert!(
        passages.contains(&"retention"),
        "{passages:?}: {}",
        extract.text()
    );
}
