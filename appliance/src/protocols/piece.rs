//! What a call's answers are read as.

use guildhall_engine_protocol::{TokenLogprob, ToolCall};

use super::metered::Used;

/// What happens to one of a call's answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// The prompt is read.
    Begun,
    /// The next characters, with the tokens behind them when these were asked for.
    Text {
        text: String,
        logprobs: Vec<TokenLogprob>,
    },
    /// A tool is called.
    ToolCall(ToolCall),
    /// The answer is complete. A text that was asked for as its end, and met, is named.
    End(Finish, Option<String>),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    Length,
    ToolCalls,
}

/// What an answer's frame is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The letters and digits that tell this call from others, for ids in the protocol's own form.
    pub(super) key: String,
    /// When the call came, in seconds since 1970.
    pub(super) created: i64,
    /// The name that the answer shows as its model.
    pub(super) model: String,
    /// What the call has taken so far.
    pub(super) used: Used,
}
