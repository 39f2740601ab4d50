//! Answers quoted from sources: the agent's handbook, files on the messages, and what was said before.

use guildhall_kernel::Result;

use super::{
    answer::{Draft, Job, elapsed_ms},
    model::{Citation, Finish, MessageRole, SourceKind, StoredMessage, Usage},
    turn::{StepKind, StepState, TurnEvent},
};
use crate::{
    app::App,
    catalog::Listing,
    knowledge::{self, CitationDraft, Persona, Request, Source},
};

pub(super) async fn write(app: &App, job: &Job, draft: &mut Draft) -> Result<()> {
    let searching = |state| TurnEvent::Step {
        kind: StepKind::Searching,
        label: "Searching the handbook and what you sent".to_owned(),
        state,
    };
    job.turn.push(searching(StepState::Running));
    let request = request(job);
    let input_words = words(&request.message);
    let extract = app.knowledge.answer(request).await?;
    job.turn.push(searching(StepState::Done));
    draft.timing.queue = elapsed_ms(job.asked_at);
    draft.facts.citations = extract.citations.into_iter().map(citation).collect();
    for segment in extract.segments {
        for piece in pieces(&segment) {
            draft.push(job, piece.to_owned());
        }
    }
    draft.usage = Usage {
        input_tokens: input_words,
        output_tokens: words(&draft.text),
        cached_tokens: 0,
    };
    draft.finish = Some(Finish::Stop);
    Ok(())
}

/// The passages of the sources that fit the question best, for a model to read.
///
/// # Errors
/// What the embedding model says.
pub(super) async fn consult(app: &App, job: &Job, passages: usize) -> Result<Vec<Citation>> {
    let found = app.knowledge.consult(request(job), passages).await?;
    Ok(found.into_iter().map(citation).collect())
}

/// Has the handbook read in the background, so that the first answer need not wait for it.
pub(super) fn prepare(app: &App, listing: &Listing) {
    let (knowledge, sources) = (app.knowledge.clone(), handbook(listing).collect());
    tokio::spawn(async move {
        if let Err(error) = knowledge.prepare(sources).await {
            tracing::warn!(error = %error.chain(), "a handbook was not read ahead");
        }
    });
}

fn handbook(listing: &Listing) -> impl Iterator<Item = Source> {
    listing.handbook.passages.iter().map(|passage| Source {
        kind: knowledge::SourceKind::Handbook,
        id: passage.id.clone(),
        title: passage.title.clone(),
        section: Some(passage.section.clone()),
        text: passage.text.clone(),
    })
}

fn request(job: &Job) -> Request {
    let manifest = &job.listing.manifest;
    let asked = |message: &&StoredMessage| message.role == MessageRole::User;
    let earlier = job.history.iter().filter(asked).map(|message| Source {
        kind: knowledge::SourceKind::Conversation,
        id: message.id.to_string(),
        title: "Your earlier message".to_owned(),
        section: None,
        text: message.text.clone(),
    });
    let files = job
        .history
        .iter()
        .chain([&job.question])
        .flat_map(|message| &message.facts.attachments);
    let files = files.map(|file| Source {
        kind: knowledge::SourceKind::Attachment,
        id: file.name.clone(),
        title: file.name.clone(),
        section: None,
        text: file.text.clone(),
    });
    Request {
        message: job.question.text.clone(),
        previous_message: job
            .history
            .iter()
            .rfind(asked)
            .map(|message| message.text.clone()),
        persona: Persona {
            name: job.employee.persona_name.clone(),
            role: manifest.name.clone(),
            features: manifest.features.clone(),
        },
        sources: handbook(&job.listing).chain(earlier).chain(files).collect(),
    }
}

fn citation(draft: CitationDraft) -> Citation {
    Citation {
        number: draft.number,
        source: match draft.source {
            knowledge::SourceKind::Handbook => SourceKind::Handbook,
            knowledge::SourceKind::Attachment => SourceKind::Attachment,
            knowledge::SourceKind::Conversation => SourceKind::Conversation,
        },
        title: draft.title,
        section: draft.section,
        passage_id: Some(draft.passage_id),
        quote: draft.quote,
        passage: draft.passage,
        score: draft.score,
    }
}

/// Cuts a text into words, each with the white space after it: what is streamed one by one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

fn words(text: &str) -> u32 {
    u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lose_nothing() {
        let text = "One  two\n\nthree";
        assert_eq!(pieces(text).collect::<String>(), text);
    }
}
