//! Answers written by a generative model, grounded in the agent's handbook where the model's context
//! has room for it.

use guildhall_engine_protocol::{ChatMessage, ChatRole, FinishReason, Input, Prompt, Sampling};
use guildhall_kernel::Result;

use super::{
    answer::{Draft, Job, elapsed_ms},
    extract,
    model::{Finish, MessageRole, MessageState, StoredMessage},
    turn::{StepKind, StepState, TurnEvent},
};
use crate::{
    app::App,
    inference::{Caller, GenerationEvent, Priority},
};

const ANSWER_TOKENS_MAX: u32 = 1024;
const TEMPERATURE: f32 = 0.4;
const TOP_P: f32 = 0.95;
const TOP_K: u32 = 40;
/// Abilities named to a model that reads little.
const BRIEF_FEATURES: usize = 3;
/// Passages handed to the model with the question.
const PASSAGES: usize = 3;
/// Below this context there is no room for full instructions and passages beside the conversation.
const ROOM_TOKENS_MIN: u32 = 2048;

pub(super) async fn write(app: &App, job: &Job, draft: &mut Draft) -> Result<()> {
    let passages = consult(app, job, draft).await?;
    let prompt = Prompt {
        sampling: Sampling {
            temperature: TEMPERATURE,
            top_p: TOP_P,
            top_k: TOP_K,
            ..Sampling::default()
        },
        ..Prompt::new(Input::chat(messages(job, &passages)), ANSWER_TOKENS_MAX)
    };
    let caller = Caller::new(job.ctx.organisation, job.ctx.person, Priority::Interactive)
        .with_ve(job.employee.id);
    let mut generation = app
        .inference
        .generate(caller, &job.answering.model, prompt)
        .await?;
    while let Some(event) = generation.next().await {
        match event? {
            GenerationEvent::Loading => step(job, StepKind::LoadingModel, StepState::Running),
            GenerationEvent::Started(started) => {
                step(job, StepKind::LoadingModel, StepState::Done);
                draft.timing.queue = elapsed_ms(job.asked_at);
                draft.usage.input_tokens = started.input_tokens;
                draft.usage.cached_tokens = started.cached_tokens;
                note_trimmed(draft, started.trimmed_messages);
            }
            GenerationEvent::Token { text, .. } => {
                draft.usage.output_tokens += 1;
                draft.push(job, text);
            }
            // Employees are given no tools yet, so none is called.
            GenerationEvent::ToolCall(_) => {}
            // Metering is the calls' own business.
            GenerationEvent::Billed(_) => {}
            GenerationEvent::Done(done) => {
                // What a provider counted comes with the end.
                draft.usage.input_tokens = done.input_tokens;
                draft.usage.cached_tokens = done.cached_tokens;
                draft.usage.output_tokens = done.output_tokens;
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

fn step(job: &Job, kind: StepKind, state: StepState) {
    let label = match kind {
        StepKind::LoadingModel => format!("Loading {}", job.answering.model),
        StepKind::Reading => "Reading what you sent".to_owned(),
        StepKind::Searching => "Searching the handbook".to_owned(),
        StepKind::Thinking => "Thinking".to_owned(),
    };
    job.turn.push(TurnEvent::Step { kind, label, state });
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
    if !has_room(job) {
        return Ok(Vec::new());
    }
    step(job, StepKind::Searching, StepState::Running);
    let citations = extract::consult(app, job, PASSAGES).await?;
    step(job, StepKind::Searching, StepState::Done);
    let passages = citations.iter().map(|citation| {
        format!(
            "[{}] {}: {}",
            citation.number, citation.title, citation.passage
        )
    });
    let passages = passages.collect();
    draft.facts.citations = citations;
    Ok(passages)
}

fn messages(job: &Job, passages: &[String]) -> Vec<ChatMessage> {
    let mut system = instructions(job);
    if !passages.is_empty() {
        system.push_str("\n\nPassages of your handbook that may help. Name the number in brackets when you use one.\n");
        system.push_str(&passages.join("\n"));
    }
    let mut messages = vec![ChatMessage::new(ChatRole::System, system)];
    let usable = |message: &&StoredMessage| {
        message.state != MessageState::Failed && !message.text.is_empty()
    };
    messages.extend(job.history.iter().filter(usable).map(chat_message));
    messages.push(chat_message(&job.question));
    messages
}

/// The agent's instructions with the names filled in; one sentence for a model that reads little.
fn instructions(job: &Job) -> String {
    let (persona, organisation) = (&job.employee.persona_name, &job.organisation_name);
    if !has_room(job) {
        let role = job.listing.manifest.name.to_lowercase();
        let article = if role.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        let features = job.listing.manifest.features.iter().take(BRIEF_FEATURES);
        let abilities: Vec<&str> = features.map(|line| line.trim_end_matches('.')).collect();
        let abilities = abilities.join("; ");
        return format!(
            "You are {persona}, {article} {role} at {organisation}. You can: {abilities}."
        );
    }
    let template = &job.listing.manifest.persona.instructions;
    template
        .replace("{persona}", persona)
        .replace("{organisation}", organisation)
}

/// Whether the model reads enough for full instructions and passages beside the conversation.
fn has_room(job: &Job) -> bool {
    job.answering
        .context_length
        .is_some_and(|tokens| tokens >= ROOM_TOKENS_MIN)
}

fn chat_message(message: &StoredMessage) -> ChatMessage {
    let role = match message.role {
        MessageRole::User => ChatRole::User,
        MessageRole::Assistant => ChatRole::Assistant,
    };
    let mut content = message.text.clone();
    for file in &message.facts.attachments {
        content.push_str(&format!("\n\nFile {}:\n{}", file.name, file.text));
    }
    ChatMessage::new(role, content)
}
