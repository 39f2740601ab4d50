//! The answers of one call while they are being written.

use futures::future::select_all;
use guildhall_kernel::Result;

use super::metered::Used;
use crate::inference::{Generation, GenerationEvent};

/// One answer of a call.
pub(super) struct Reply {
    pub(super) generation: Generation,
    /// Whether its prompt counts: of several answers to one prompt, one does.
    pub(super) counts_input: bool,
    pub(super) called_tool: bool,
    pub(super) written: u32,
    /// Tokens of its prompt as far as told.
    pub(super) input_tokens: u32,
    pub(super) cached_tokens: u32,
}

impl Reply {
    /// Counts what is new of its prompt's tokens, all of them and those that were computed before.
    pub(super) fn note_input(&mut self, (input, cached): (u32, u32), used: &mut Used) {
        if self.counts_input {
            used.input_tokens += input.saturating_sub(self.input_tokens);
            used.cached_tokens += cached.saturating_sub(self.cached_tokens);
            self.input_tokens = self.input_tokens.max(input);
            self.cached_tokens = self.cached_tokens.max(cached);
        }
    }
}

/// The next event of the only answer when it is there already, as most are: then there is nothing to wait for.
pub(super) fn ready(
    replies: &mut [Option<Reply>],
) -> Option<(usize, Option<Result<GenerationEvent>>)> {
    match replies {
        [Some(reply)] => Some((0, Some(reply.generation.ready()?))),
        _ => None,
    }
}

/// The next event of any answer that is still being written; nothing when none is.
pub(super) async fn next(
    replies: &mut [Option<Reply>],
) -> Option<(usize, Option<Result<GenerationEvent>>)> {
    let mut open: Vec<(usize, &mut Reply)> = replies
        .iter_mut()
        .enumerate()
        .filter_map(|(index, reply)| reply.as_mut().map(|reply| (index, reply)))
        .collect();
    match open.as_mut_slice() {
        [] => None,
        [(index, reply)] => Some((*index, reply.generation.next().await)),
        several => {
            let waiting = several
                .iter_mut()
                .map(|(index, reply)| Box::pin(async { (*index, reply.generation.next().await) }));
            Some(select_all(waiting).await.0)
        }
    }
}
