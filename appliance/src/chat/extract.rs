//! Answers quoted from sources: the agent's handbook, files on the messages, and what was said before.

use guildhall_kernel::{Ctx, Result};

use super::{
    answer::{Draft, Job},
    brief::{Brief, Said},
    model::{Citation, Finish, MessageRole, SourceKind, Usage},
    turn::{StepKind, StepState, TurnEvent},
};
use crate::{
    app::App,
    catalog::Listing,
    inference::{Caller, Priority},
    knowledge::{self, Asker, CitationDraft, Extract, Persona, Request, Source},
};

pub(super) async fn write(app: &App, job: &Job, draft: &mut Draft) -> Result<()> {
    let searching = |state| TurnEvent::Step {
        kind: StepKind::Searching,
        label: "Searching the handbook and what you sent".to_owned(),
        state,
        queue: None,
    };
    job.turn.push(searching(StepState::Running));
    let extract = answer(app, &job.ctx, &job.brief).await?;
    job.turn.push(searching(StepState::Done));
    draft.facts.citations = extract.citations.into_iter().map(citation).collect();
    draft.facts.notes.extend(extract.notes);
    for segment in extract.segments {
        for piece in pieces(&segment) {
            draft.push(job, piece.to_owned());
        }
    }
    draft.usage = usage(&job.brief.question.text, &draft.text);
    draft.finish = Some(Finish::Stop);
    Ok(())
}

/// The answer made of quotations.
///
/// # Errors
/// What the embedding model says.
pub(super) async fn answer(app: &App, ctx: &Ctx, brief: &Brief) -> Result<Extract> {
    app.knowledge
        .answer(&asker(ctx, brief), request(brief))
        .await
}

/// What quoting takes, in words.
pub(super) fn usage(question: &str, answer: &str) -> Usage {
    Usage {
        input_tokens: words(question),
        output_tokens: words(answer),
        cached_tokens: 0,
    }
}

/// The passages of the sources that fit the question best, for a model to read, and what a person should
/// know about the search.
///
/// # Errors
/// What the embedding model says.
pub(super) async fn consult(
    app: &App,
    ctx: &Ctx,
    brief: &Brief,
    passages: usize,
) -> Result<(Vec<Citation>, Vec<String>)> {
    let asker = asker(ctx, brief);
    let found = app.knowledge.consult(&asker, request(brief), passages);
    let (found, notes) = found.await?;
    Ok((found.into_iter().map(citation).collect(), notes))
}

/// Has the handbook read in the background, so that the first answer need not wait for it.
pub(super) fn prepare(app: &App, ctx: &Ctx, listing: &Listing) {
    let (knowledge, sources) = (app.knowledge.clone(), knowledge::handbook(listing));
    let asker = Asker {
        ctx: ctx.clone(),
        caller: Caller::of(ctx, Priority::Background),
    };
    tokio::spawn(async move {
        if let Err(error) = knowledge.prepare(&asker, sources).await {
            tracing::warn!(error = %error.chain(), "a handbook was not read ahead");
        }
    });
}

fn asker(ctx: &Ctx, brief: &Brief) -> Asker {
    Asker {
        ctx: ctx.clone(),
        caller: brief.caller(ctx),
    }
}

fn request(brief: &Brief) -> Request {
    let manifest = &brief.listing.manifest;
    let asked = |message: &&Said| message.role == MessageRole::User;
    let earlier = brief.history.iter().filter(asked).map(|message| Source {
        kind: knowledge::SourceKind::Conversation,
        id: message.id.clone(),
        title: "Your earlier message".to_owned(),
        section: None,
        text: message.text.clone(),
    });
    let files = brief
        .history
        .iter()
        .chain([&brief.question])
        .flat_map(|message| &message.attachments);
    let files = files.map(|file| Source {
        kind: knowledge::SourceKind::Attachment,
        id: file.name.clone(),
        title: file.name.clone(),
        section: None,
        text: file.text.clone(),
    });
    Request {
        message: brief.question.text.clone(),
        previous_message: brief
            .history
            .iter()
            .rfind(asked)
            .map(|message| message.text.clone()),
        persona: Persona {
            name: brief.employee.persona_name.clone(),
            role: manifest.name.clone(),
            features: manifest.features.clone(),
        },
        sources: knowledge::handbook(&brief.listing)
            .into_iter()
            .chain(earlier)
            .chain(files)
            .collect(),
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
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
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
