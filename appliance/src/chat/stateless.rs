//! An employee asked through a foreign protocol: the caller brings the whole conversation, and nothing of
//! it is stored.

use guildhall_engine_protocol::{Chat, ChatMessage, ChatRole, Sampling};
use guildhall_kernel::{Ctx, Error, Result, VeId};

use super::{
    brief::{Brief, Said},
    extract, generate,
    model::{MessageRole, Usage},
};
use crate::{
    app::App,
    identity,
    inference::{AnswerMode, Caller, Haste},
    team::{self, VeState},
};

/// How an employee goes about an answer.
pub enum Prepared {
    /// A model writes it.
    Prompt {
        /// The model's name.
        model: String,
        /// Tokens the model reads at once.
        context_length: Option<u32>,
        /// The conversation with the employee's instructions and passages in front.
        chat: Chat,
        /// For whom it works.
        caller: Box<Caller>,
        /// How the employee picks tokens where the caller does not say.
        sampling: Sampling,
    },
    /// It is quoted from sources, and complete.
    Quotes {
        /// The answer in pieces, each a word with the white space after it.
        pieces: Vec<String>,
        /// Words read and quoted.
        usage: Usage,
    },
}

/// Prepares the employee's answer to the conversation's last message of a person.
///
/// # Errors
/// `not_found` also for employees of other organisations; `not_in_policy`; `dismissed`; `no_question`;
/// what the embedding model says.
pub async fn prepare(
    app: &App,
    ctx: &Ctx,
    ve: VeId,
    (chat, haste): (Chat, Haste),
) -> Result<Prepared> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        let employee = team::find_usable(reader, &caller, ve)?;
        let name = identity::organisation_name(reader, caller.organisation)?;
        Ok((employee, name))
    });
    let (employee, organisation_name) = read.await?;
    if employee.state == VeState::Dismissed {
        let message = format!("{} no longer works here", employee.persona_name);
        return Err(Error::conflict("dismissed", message));
    }
    let said = said(&chat.messages)?;
    let brief = Brief::new(app, (employee, organisation_name), (None, haste), said).await?;
    match brief.answering.mode {
        AnswerMode::Extractive => quotes(app, ctx, &brief).await,
        AnswerMode::Generative => prompt(app, ctx, &brief, chat).await,
    }
}

/// The question and what came before it, without instructions and tools.
fn said(messages: &[ChatMessage]) -> Result<(Said, Vec<Said>)> {
    let said = |(place, message): (usize, &ChatMessage)| {
        let role = match message.role {
            ChatRole::User => MessageRole::User,
            ChatRole::Assistant => MessageRole::Assistant,
            ChatRole::System | ChatRole::Tool => return None,
        };
        (!message.content.is_empty()).then(|| Said {
            id: format!("message {}", place + 1),
            role,
            text: message.content.clone(),
            attachments: Vec::new(),
        })
    };
    let mut said: Vec<Said> = messages.iter().enumerate().filter_map(said).collect();
    let last = said.iter().rposition(|said| said.role == MessageRole::User);
    let last = last.ok_or_else(|| {
        let message = "nobody asks the employee anything; send a message of the role `user`";
        Error::invalid_field("messages", "no_question", message)
    })?;
    said.truncate(last + 1);
    let question = said.pop();
    question
        .map(|question| (question, said))
        .ok_or_else(|| Error::internal("a question that was there a moment ago"))
}

async fn quotes(app: &App, ctx: &Ctx, brief: &Brief) -> Result<Prepared> {
    let extract = extract::answer(app, ctx, brief).await?;
    let pieces: Vec<String> = extract
        .segments
        .iter()
        .flat_map(|segment| extract::pieces(segment).map(str::to_owned))
        .collect();
    let usage = extract::usage(&brief.question.text, &pieces.concat());
    Ok(Prepared::Quotes { pieces, usage })
}

async fn prompt(app: &App, ctx: &Ctx, brief: &Brief, chat: Chat) -> Result<Prepared> {
    let passages = if brief.has_room() {
        let (citations, _) = extract::consult(app, ctx, brief, generate::PASSAGES).await?;
        citations.iter().map(generate::passage).collect()
    } else {
        Vec::new()
    };
    let (instructions, rest): (Vec<_>, Vec<_>) = chat
        .messages
        .into_iter()
        .partition(|message| message.role == ChatRole::System);
    let mut system = brief.system(&passages);
    for instruction in instructions {
        // What the caller adds comes after what the organisation laid down.
        system.push_str("\n\n");
        system.push_str(&instruction.content);
    }
    let mut messages = vec![ChatMessage::new(ChatRole::System, system)];
    messages.extend(rest);
    Ok(Prepared::Prompt {
        model: brief.answering.model.clone(),
        context_length: brief.answering.context_length,
        chat: Chat { messages, ..chat },
        caller: Box::new(brief.caller(ctx)),
        sampling: generate::sampling(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_last_words_of_a_person_are_the_question() {
        let messages = [
            ChatMessage::new(ChatRole::System, "Be brief."),
            ChatMessage::new(ChatRole::User, "One"),
            ChatMessage::new(ChatRole::Assistant, "Two"),
            ChatMessage::new(ChatRole::User, "Three"),
            ChatMessage::new(ChatRole::Assistant, ""),
            ChatMessage::new(ChatRole::Tool, "{}"),
        ];
        let (question, history) = said(&messages).unwrap();
        assert_eq!(question.text, "Three");
        let history: Vec<&str> = history.iter().map(|said| said.text.as_str()).collect();
        assert_eq!(history, ["One", "Two"]);
        let error = said(&messages[..1]).err().unwrap();
        assert_eq!(error.code(), "no_question");
    }
}
