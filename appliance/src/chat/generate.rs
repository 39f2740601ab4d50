//! Answers written by a generative model, grounded in the agent's handbook where the model's context
//! has room for it.

use guildhall_engine_protocol::{ChatMessage, ChatRole, FinishReason, Input, Prompt, Sampling};
use guildhall_kernel::Result;

use super::{
    answer::{Draft, Job},
    brief::Said,
    extract,
    model::{Citation, Finish, MessageRole},
    turn::{QueuePlace, StepKind, StepState, TurnEvent},
};
use crate::{app::App, inference::GenerationEvent};

const ANSWER_TOKENS_MAX: u32 = 1024;
const TEMPERATURE: f32 = 0.4;
const TOP_P: f32 = 0.95;
const TOP_K: u32 = 40;
/// Passages handed to the model with the question.
pub(super) const PASSAGES: usize = 3;

pub(super) async fn write(app: &App, job: &Job, draft: &mut Draft) -> Result<()> {
    let passages = consult(app, job, draft).await?;
    let prompt = Prompt {
        sampling: sampling(),
        ..Prompt::new(Input::chat(messages(job, &passages)), ANSWER_TOKENS_MAX)
    };
    let caller = job.brief.caller(&job.ctx);
    let model = &job.brief.answering.model;
    let mut generation = app
        .inference
        .generate_within(&job.charge, caller, model, prompt)?;
    while let Some(event) = generation.next().await {
        match event? {
            GenerationEvent::Queued {
                position,
                estimate_ms,
            } => {
                draft.is_queued = true;
                waiting(
                    job,
                    QueuePlace {
                        position,
                        estimate_ms,
                    },
                );
            }
            GenerationEvent::Turn { waited_ms } => {
                draft.is_queued = false;
                draft.timing.queue = waited_ms;
            }
            GenerationEvent::Loading => step(job, StepKind::LoadingModel, StepState::Running),
            GenerationEvent::Started(started) => {
                step(job, StepKind::LoadingModel, StepState::Done);
                draft.usage.input_tokens = started.input_tokens;
                draft.usage.cached_tokens = started.cached_tokens;
                note_trimmed(draft, started.trimmed_messages);
            }
            GenerationEvent::Token { text, tokens, .. } => {
                draft.usage.output_tokens += tokens;
                draft.push(job, text);
            }
            // Employees are given no tools yet, so none is called.
            GenerationEvent::ToolCall(_) => {}
            GenerationEvent::Billed(billed) => draft.billed = Some(billed),
            GenerationEvent::Done(done) => {
                // What a provider counted comes with the end.
                draft.usage.input_tokens = done.input_tokens;
                draft.usage.cached_tokens = done.cached_tokens;
                draft.usage.output_tokens = done.output_tokens;
                draft.decode_ms = done.decode_ms;
                draft.finish = Some(match done.finish_reason {
                    FinishReason::Stop | FinishReason::ToolCalls => Finish::Stop,
                    FinishReason::Length => Finish::Length,
                    FinishReason::Cancelled => Finish::Cancelled,
                });
            }
        }
    }
    Ok(())
}

/// How employees pick tokens.
pub(super) fn sampling() -> Sampling {
    Sampling {
        temperature: TEMPERATURE,
        top_p: TOP_P,
        top_k: TOP_K,
        ..Sampling::default()
    }
}

/// Shows how many are before this question, and how long that may take.
fn waiting(job: &Job, place: QueuePlace) {
    job.turn.push(TurnEvent::Step {
        kind: StepKind::LoadingModel,
        label: waiting_label(place),
        state: StepState::Running,
        queue: Some(place),
    });
}

fn waiting_label(place: QueuePlace) -> String {
    let mut label = match place.position {
        1 => "Next in the queue".to_owned(),
        position => format!("Waiting: place {position} in the queue"),
    };
    if let Some(estimate_ms) = place.estimate_ms {
        let seconds = estimate_ms.div_ceil(1000).max(1);
        label.push_str(&match seconds {
            ..100 => format!(", about {seconds} s"),
            _ => format!(", about {} min", seconds.div_ceil(60)),
        });
    }
    label
}

fn step(job: &Job, kind: StepKind, state: StepState) {
    let label = match kind {
        StepKind::LoadingModel => format!("Loading {}", job.brief.answering.model),
        StepKind::Reading => "Reading what you sent".to_owned(),
        StepKind::Searching => "Searching the handbook".to_owned(),
        StepKind::Thinking => "Thinking".to_owned(),
    };
    job.turn.push(TurnEvent::Step {
        kind,
        label,
        state,
        queue: None,
    });
}

fn note_trimmed(draft: &mut Draft, trimmed_messages: u32) {
    let note = match trimmed_messages {
        0 => return,
        1 => "1 earlier message was left out to fit the model".to_owned(),
        count => format!("{count} earlier messages were left out to fit the model"),
    };
    draft.facts.notes.push(note);
}

/// Finds passages for the question and notes them as what the answer rests on.
async fn consult(app: &App, job: &Job, draft: &mut Draft) -> Result<Vec<String>> {
    if !job.brief.has_room() {
        return Ok(Vec::new());
    }
    step(job, StepKind::Searching, StepState::Running);
    let found = extract::consult(app, &job.ctx, &job.brief, PASSAGES);
    let (citations, notes) = found.await?;
    draft.facts.notes.extend(notes);
    step(job, StepKind::Searching, StepState::Done);
    let passages = citations.iter().map(passage).collect();
    draft.facts.citations = citations;
    Ok(passages)
}

/// A passage as the model reads it.
pub(super) fn passage(citation: &Citation) -> String {
    format!(
        "[{}] {}: {}",
        citation.number, citation.title, citation.passage
    )
}

fn messages(job: &Job, passages: &[String]) -> Vec<ChatMessage> {
    let system = job.brief.system(passages);
    let mut messages = vec![ChatMessage::new(ChatRole::System, system)];
    messages.extend(job.brief.history.iter().map(chat_message));
    messages.push(chat_message(&job.brief.question));
    messages
}

fn chat_message(said: &Said) -> ChatMessage {
    let role = match said.role {
        MessageRole::User => ChatRole::User,
        MessageRole::Assistant => ChatRole::Assistant,
    };
    let mut content = said.text.clone();
    for file in &said.attachments {
        content.push_str(&format!("\n\nFile {}:\n{}", file.name, file.text));
    }
    ChatMessage::new(role, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_reads_place_and_time() {
        let label = |position, estimate_ms| {
            waiting_label(QueuePlace {
                position,
                estimate_ms,
            })
        };
        assert_eq!(label(1, None), "Next in the queue");
        assert_eq!(label(1, Some(300)), "Next in the queue, about 1 s");
        assert_eq!(
            label(3, Some(21_500)),
            "Waiting: place 3 in the queue, about 22 s"
        );
        assert_eq!(
            label(9, Some(100_000)),
            "Waiting: place 9 in the queue, about 2 min"
        );
    }
}
