//! What a call's answers are read as.

use guildhall_engine_protocol::{FinishReason, TokenLogprob, ToolCall};
use guildhall_kernel::{Error, Result};

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

impl Finish {
    /// # Errors
    /// `answer_cut_off` when the model was taken away.
    pub(super) fn of(reason: FinishReason, called_tool: bool) -> Result<Self> {
        match reason {
            FinishReason::ToolCalls => Ok(Self::ToolCalls),
            FinishReason::Stop if called_tool => Ok(Self::ToolCalls),
            FinishReason::Stop => Ok(Self::Stop),
            FinishReason::Length => Ok(Self::Length),
            FinishReason::Cancelled => Err(Error::unavailable(
                "answer_cut_off",
                "the model was unloaded while it answered; try again",
                1,
            )),
        }
    }
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
