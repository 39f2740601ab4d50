//! Vectors from an embedding model of this node. Each batch has a turn in the model's queue, so that bulk work
//! yields to who waits after every few texts, and organisations share the model as they do one that writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use guildhall_engine_protocol::{EMBED_TEXTS_MAX, Embed, EngineMessage, NodeMessage};
use guildhall_kernel::{Error, Result};

use super::{
    Inference,
    caller::{Caller, Priority},
    deadline::too_late,
    gateway::unknown,
    model::ModelKind,
    provider::Billed,
    queue::Ticket,
    schedule::Weight,
    slot::Slot,
};

/// Texts per turn where somebody waits.
const BATCH: usize = 64;
/// Texts per turn of bulk work: who comes waits for no more than these.
const BULK_BATCH: usize = 16;
/// Bytes of a text per token, for a first guess at its length.
const BYTES_PER_TOKEN: usize = 4;

/// Vectors and what they took.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The model's own name.
    pub model: String,
    /// One per text, each of length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together.
    pub input_tokens: u32,
    /// How many texts were longer than the model reads.
    pub truncated_texts: u32,
    /// What a provider takes for them.
    pub billed: Option<Billed>,
    /// How long the texts waited for their turns.
    pub waited: Duration,
}

impl Embedded {
    /// Nothing yet, with room for so many vectors.
    pub(super) fn blank(model: String, texts: usize) -> Self {
        Self {
            model,
            vectors: Vec::with_capacity(texts),
            input_tokens: 0,
            truncated_texts: 0,
            billed: None,
            waited: Duration::ZERO,
        }
    }
}

/// For whom texts are turned into vectors.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) caller: &'a Caller,
    /// Shares of the organisation and the person.
    pub(super) weights: (Weight, Weight),
    /// Whether it waits for a turn as long as it takes: the node's own bulk work does.
    pub(super) is_patient: bool,
}

impl Inference {
    /// Turns texts into vectors with the named embedding model of this node and says what that took.
    ///
    /// # Errors
    /// `unknown_model`, `queue_full`, `deadline_exceeded`; what the engine says.
    pub(super) async fn embed_here(
        &self,
        reader: Reader<'_>,
        model: &str,
        texts: &[String],
    ) -> Result<Embedded> {
        let slot = self
            .slot(model)
            .filter(|slot| slot.kind() == ModelKind::Embedding)
            .ok_or_else(|| unknown(model))?;
        let mut embedded = Embedded::blank(slot.row().name, texts.len());
        let batch = match reader.caller.priority {
            Priority::Interactive => BATCH.min(EMBED_TEXTS_MAX),
            Priority::Background => BULK_BATCH,
        };
        for batch in texts.chunks(batch) {
            let came = Instant::now();
            let ticket = turn(&slot, reader, batch).await?;
            embedded.waited += came.elapsed();
            let embed = |request_id| {
                let texts = batch.to_vec();
                NodeMessage::Embed(Embed { request_id, texts })
            };
            let EngineMessage::Embeddings(part) = self.ask_engine(&slot, embed).await? else {
                return Err(Error::internal("the engine gave no vectors"));
            };
            ticket.settle(part.input_tokens);
            ticket.finish();
            slot.note_answer(0, 0);
            embedded.vectors.extend(part.vectors);
            embedded.input_tokens += part.input_tokens;
            embedded.truncated_texts += part.truncated_texts;
        }
        Ok(embedded)
    }
}

/// A turn for one batch.
async fn turn(slot: &Arc<Slot>, reader: Reader<'_>, batch: &[String]) -> Result<Ticket> {
    let bytes: usize = batch.iter().map(String::len).sum();
    let tokens = u32::try_from(bytes / BYTES_PER_TOKEN).unwrap_or(u32::MAX);
    let priority = reader.caller.priority;
    let mut ticket = loop {
        match slot.queue.enter(reader.caller, tokens, reader.weights) {
            Err(error) if reader.is_patient && error.code() == "queue_full" => {
                let seconds = u64::from(error.retry_after_seconds().unwrap_or(1));
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            entered => break entered?,
        }
    };
    if reader.is_patient {
        ticket.turn().await;
        return Ok(ticket);
    }
    let wait = slot.queue_wait();
    let turn = tokio::time::timeout(wait, ticket.turn()).await;
    turn.map_err(|_| too_late(wait, slot.queue.retry_seconds(priority)))?;
    Ok(ticket)
}
