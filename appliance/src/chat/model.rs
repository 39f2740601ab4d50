//! Conversations and messages as data.

use guildhall_kernel::{ConversationId, Error, MessageId, PersonId, Result, Timestamp, VeId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    identity::Person,
    inference::{AnswerMode, DataClass},
    ratings::Rating,
};

/// Most characters of one message.
pub const MESSAGE_CHARACTERS_MAX: usize = 100_000;
/// Most files on one message.
pub const ATTACHMENTS_MAX: usize = 8;
/// Most bytes of text of one file.
pub const ATTACHMENT_BYTES_MAX: usize = 256 * 1024;
const TITLE_CHARACTERS_MAX: usize = 60;

/// One thread of messages between a person and an employee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Conversation {
    pub id: ConversationId,
    pub ve_id: VeId,
    pub title: String,
    pub created_at: Timestamp,
    pub last_message_at: Timestamp,
    /// How many messages it shows.
    pub messages: u32,
    /// Whether an answer is being written in it.
    pub busy: bool,
    /// How secret it is, where that was said; what is said to the employee is at least as secret as the
    /// employee's own class.
    #[serde(default)]
    #[schema(required)]
    pub data_class: Option<DataClass>,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    User,
    Assistant,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Being written.
    Running,
    /// Written to its end.
    Complete,
    /// Stopped by a person; the text so far stays.
    Stopped,
    /// Could not be written; `error` says why.
    Failed,
}

macro_rules! stored_as_text {
    ($type:ty { $($variant:ident = $text:literal),+ $(,)? } else $fallback:ident) => {
        impl $type {
            pub(super) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            pub(super) fn from_stored(text: &str) -> Self {
                match text { $($text => Self::$variant,)+ _ => Self::$fallback }
            }
        }
    };
}
stored_as_text!(MessageRole { User = "user", Assistant = "assistant" } else User);
stored_as_text!(MessageState {
    Running = "running", Complete = "complete", Stopped = "stopped", Failed = "failed",
} else Failed);

/// One message as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub role: MessageRole,
    pub text: String,
    pub created_at: Timestamp,
    pub state: MessageState,
    pub attachments: Vec<Attachment>,
    pub citations: Vec<Citation>,
    #[schema(required)]
    pub mode: Option<AnswerMode>,
    #[schema(required)]
    pub model: Option<String>,
    #[schema(required)]
    pub usage: Option<Usage>,
    #[schema(required)]
    pub timing_ms: Option<Timing>,
    #[schema(required)]
    pub error: Option<MessageError>,
    #[schema(required)]
    pub author: Option<Person>,
    /// Counts up from 1 each time the message is edited or regenerated.
    pub version: u32,
    /// How many versions there are.
    pub versions: u32,
    /// What a person should know about the answer, one sentence each.
    pub notes: Vec<String>,
    /// What the caller thought of the answer.
    #[schema(required)]
    pub rating: Option<Rating>,
}

/// Why an answer failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageError {
    pub code: String,
    pub message: String,
}

impl From<&Error> for MessageError {
    fn from(error: &Error) -> Self {
        let shown = error.body("");
        Self {
            code: shown.error.code,
            message: shown.error.message,
        }
    }
}

/// A text file on a message, without its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attachment {
    pub name: String,
    pub text_bytes: u64,
}

/// A text file to send with a message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentInput {
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The file's text, at most 256 KiB.
    #[schema(max_length = 262144)]
    pub text: String,
}

/// Where a passage comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The agent's handbook.
    Handbook,
    /// A file on the message.
    Attachment,
    /// The conversation itself.
    Conversation,
}

/// A passage an answer rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// The number in square brackets in the answer.
    pub number: u32,
    pub source: SourceKind,
    pub title: String,
    #[schema(required)]
    pub section: Option<String>,
    #[schema(required)]
    pub passage_id: Option<String>,
    /// The words used, as they stand in the passage.
    pub quote: String,
    /// The whole passage.
    pub passage: String,
    /// How well it fits the question, 0 to 1.
    pub score: f64,
}

/// What an answer took. Extractive answers count words, generative ones the model's tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    pub input_tokens: u32,
    pub output_tokens: u32,
    /// Input tokens that an earlier answer had computed already.
    pub cached_tokens: u32,
}

/// How long an answer took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Timing {
    /// In the queue of a model on this node, until its turn.
    pub queue: u64,
    /// Until the first piece of the answer.
    pub first_token: u64,
    /// Until the end.
    pub total: u64,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FinishReason)]
pub enum Finish {
    /// It was complete.
    Stop,
    /// It reached the longest length allowed.
    Length,
    /// A person stopped it.
    Cancelled,
}

/// A finished answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChatAnswer {
    pub message: Message,
    pub conversation_id: ConversationId,
    pub usage: Usage,
    pub mode: AnswerMode,
    pub model: String,
    pub citations: Vec<Citation>,
    pub timing_ms: Timing,
    pub finish_reason: Finish,
}

/// What is stored beside a message's text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attachments: Vec<AttachmentInput>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) citations: Vec<Citation>,
    pub(super) mode: Option<AnswerMode>,
    pub(super) model: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) timing_ms: Option<Timing>,
    pub(super) error: Option<MessageError>,
    pub(super) finish: Option<Finish>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

/// A message as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredMessage {
    pub(super) id: MessageId,
    pub(super) conversation: ConversationId,
    pub(super) turn: u32,
    pub(super) version: u32,
    pub(super) versions: u32,
    pub(super) role: MessageRole,
    pub(super) text: String,
    pub(super) state: MessageState,
    pub(super) author: Option<PersonId>,
    pub(super) created_at: Timestamp,
    pub(super) facts: Facts,
}

impl StoredMessage {
    /// The message as shown; `author` is the person who wrote it.
    pub(super) fn view(self, author: Option<Person>) -> Message {
        let attachment = |file: AttachmentInput| Attachment {
            text_bytes: u64::try_from(file.text.len()).unwrap_or(u64::MAX),
            name: file.name,
        };
        Message {
            id: self.id,
            conversation_id: self.conversation,
            role: self.role,
            text: self.text,
            created_at: self.created_at,
            state: self.state,
            attachments: self.facts.attachments.into_iter().map(attachment).collect(),
            citations: self.facts.citations,
            mode: self.facts.mode,
            model: self.facts.model,
            usage: self.facts.usage,
            timing_ms: self.facts.timing_ms,
            error: self.facts.error,
            author,
            version: self.version,
            versions: self.versions,
            notes: self.facts.notes,
            rating: None,
        }
    }
}

/// A question that may be sent: trimmed, not empty, within bounds.
///
/// # Errors
/// `empty_message`, `message_too_long`, `too_many_attachments`, `attachment_too_large`, `invalid_name`.
pub(super) fn checked_question(text: &str, attachments: &[AttachmentInput]) -> Result<String> {
    let (length, text) = (text.chars().count(), text.trim());
    if text.is_empty() {
        return Err(Error::invalid_field(
            "message",
            "empty_message",
            "write something to send",
        ));
    }
    if length > MESSAGE_CHARACTERS_MAX {
        let message = format!(
            "a message has at most {MESSAGE_CHARACTERS_MAX} characters; attach longer text as a file"
        );
        return Err(Error::invalid_field("message", "message_too_long", message));
    }
    if attachments.len() > ATTACHMENTS_MAX {
        let message = format!("send at most {ATTACHMENTS_MAX} files with one message");
        return Err(Error::invalid_field(
            "attachments",
            "too_many_attachments",
            message,
        ));
    }
    for (index, file) in attachments.iter().enumerate() {
        let field = format!("attachments[{index}]");
        if file.text.len() > ATTACHMENT_BYTES_MAX {
            let message = format!(
                "`{}` is larger than {} KiB; send a part of it",
                file.name,
                ATTACHMENT_BYTES_MAX / 1024
            );
            return Err(Error::invalid_field(
                &format!("{field}.text"),
                "attachment_too_large",
                message,
            ));
        }
        let length = file.name.chars().count();
        if length == 0 || length > 200 || file.name.chars().any(char::is_control) {
            return Err(Error::invalid_field(
                &format!("{field}.name"),
                "invalid_name",
                "give the file a name of 1 to 200 characters",
            ));
        }
    }
    Ok(text.to_owned())
}

/// A title for a conversation from its first question: the first line, cut at a word.
pub(super) fn title_of(question: &str) -> String {
    let line = question
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim();
    if line.chars().count() <= TITLE_CHARACTERS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARACTERS_MAX).collect();
    let at_word = cut.rsplit_once(' ').map_or(cut.as_str(), |(kept, _)| kept);
    format!("{}…", at_word.trim_end_matches([',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn titles_are_short_and_whole_words() {
        assert_eq!(
            title_of("\n  Check payment terms \nand more"),
            "Check payment terms"
        );
        let long = title_of(
            "What should I check before I approve a supplier invoice, and who signs it off in the end?",
        );
        assert_eq!(
            long,
            "What should I check before I approve a supplier invoice…"
        );
    }

    #[test]
    fn questions_have_bounds() {
        let file = |bytes: usize| AttachmentInput {
            name: "a.txt".into(),
            text: "x".repeat(bytes),
        };
        assert_eq!(
            checked_question("  ", &[]).unwrap_err().code(),
            "empty_message"
        );
        assert_eq!(
            checked_question("hi", &[file(ATTACHMENT_BYTES_MAX + 1)])
                .unwrap_err()
                .code(),
            "attachment_too_large"
        );
        assert_eq!(checked_question(" hi ", &[file(10)]).unwrap(), "hi");
    }
}
