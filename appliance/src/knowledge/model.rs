//! What goes into an extractive answer and what comes out. Pure data.

use std::ops::Range;

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A passage of the agent's handbook.
    Handbook,
    /// A text file attached to a message.
    Attachment,
    /// Something a person wrote or pasted in this conversation.
    Conversation,
}

impl SourceKind {
    /// The kind as citations name it on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handbook => "handbook",
            Self::Attachment => "attachment",
            Self::Conversation => "conversation",
        }
    }
}

/// A text that may be quoted.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it comes from.
    pub kind: SourceKind,
    /// The handbook's passage id, the attachment's name or the message's id.
    pub id: String,
    /// What a person calls it: the passage's title, the file's name, “your message”.
    pub title: String,
    /// The part of the handbook it stands in.
    pub section: Option<String>,
    /// The text itself; at most [`MAX_SOURCE_BYTES`] are read.
    pub text: String,
}

/// How much of one source is read, in bytes.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;

/// How many passages of all sources together are considered.
pub const MAX_PASSAGES: usize = 2_000;

/// Who answers.
#[derive(Clone, Debug, Default)]
pub struct Persona {
    /// The employee's name.
    pub name: String,
    /// The job title, such as “Invoice clerk”.
    pub role: String,
    /// What the agent can do, one short line each.
    pub features: Vec<String>,
}

/// One turn to be answered.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What the person wrote, pasted text included.
    pub message: String,
    /// What the same person asked in the turn before, if any.
    pub previous_message: Option<String>,
    /// Who answers.
    pub persona: Persona,
    /// Handbook, attachments and earlier messages; text pasted into `message` is found in it.
    pub sources: Vec<Source>,
}

/// An answer made of quotations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extract {
    /// The answer as markdown, in the pieces to be streamed one by one.
    pub segments: Vec<String>,
    /// What was quoted, by number.
    pub citations: Vec<CitationDraft>,
    /// Whether it says that the sources do not answer.
    pub refused: bool,
    /// What a person should know about the search, one sentence each.
    pub notes: Vec<String>,
}

impl Extract {
    /// The whole answer.
    pub fn text(&self) -> String {
        self.segments.concat()
    }
}

/// A quotation and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CitationDraft {
    /// From 1, as the answer's `[1]` refers to it.
    pub number: u32,
    /// Where the text comes from.
    pub source: SourceKind,
    /// The source's title.
    pub title: String,
    /// The part of the source it stands in.
    pub section: Option<String>,
    /// The source's id: passage id, file name or message id.
    pub passage_id: String,
    /// The quoted words, exactly as they stand in the source.
    pub quote: String,
    /// The passage around the quotation, exactly as it stands in the source.
    pub passage: String,
    /// How sure the match is, 0 to 1.
    pub score: f64,
}

/// A part of a source that is judged and shown as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The nearest heading above it inside the source, if there is one.
    pub heading: Option<String>,
    /// Where it stands in the source, in bytes.
    pub range: Range<usize>,
    /// Its sentences or lines in order, in bytes of the source.
    pub units: Vec<Range<usize>>,
    /// How its lines are to be read.
    pub layout: Layout,
}

/// How the units of a passage are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Sentences of running text.
    Prose,
    /// Lines that stand for themselves: `Key: value`, list items, addresses.
    Lines,
    /// Rows of a table.
    Table {
        /// The line with the column names, in bytes of the source.
        header: Range<usize>,
        /// What separates the cells.
        delimiter: char,
    },
}
