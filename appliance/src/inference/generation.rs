//! One answer of a generative model, from asking to its end.

use std::sync::Arc;

use guildhall_engine_protocol::{
    ChatMessage, EngineMessage, FinishReason, Generate, NodeMessage, OnOverflow,
};
use guildhall_kernel::{Error, Result};
use tokio::sync::mpsc;

use super::{engine::refused, model::ModelState, slot::Slot};

/// Events on their way to a slow listener.
const BUFFER: usize = 64;
/// A crash before the first token is tried again once.
const TRIES: u32 = 2;

/// What a model is asked.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Oldest first; the last one is answered.
    pub messages: Vec<ChatMessage>,
    /// Most tokens of the answer.
    pub max_tokens: u32,
    /// 0 picks the likeliest token each time.
    pub temperature: f32,
    /// Share of probability to sample from.
    pub top_p: f32,
    /// Number of likeliest tokens to sample from; 0 switches it off.
    pub top_k: u32,
    /// Makes the answer repeatable.
    pub seed: Option<u32>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
}

/// What happens while a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GenerationEvent {
    /// The model is being loaded first.
    Loading,
    /// The model has read the prompt.
    Started {
        /// Tokens of the prompt.
        input_tokens: u32,
        /// Tokens of the prompt that an earlier answer had computed.
        cached_tokens: u32,
        /// Oldest messages left out to make room.
        trimmed_messages: u32,
    },
    /// A piece of the answer.
    Token(String),
    /// The answer is complete.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
        /// Tokens of the answer.
        output_tokens: u32,
    },
}

/// An answer under way; dropping it stops the model within a token.
pub struct Generation {
    events: mpsc::Receiver<Result<GenerationEvent>>,
}

impl Generation {
    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent>> {
        self.events.recv().await
    }

    pub(super) fn start(slot: Arc<Slot>, prompt: Prompt) -> Self {
        let (sender, events) = mpsc::channel(BUFFER);
        tokio::spawn(async move {
            let listener = sender.clone();
            tokio::select! {
                outcome = drive(&slot, prompt, &sender) => {
                    if let Err(error) = outcome {
                        // Nobody left to tell.
                        let _ = sender.send(Err(error)).await;
                    }
                }
                // Dropping the request inside `drive` cancels it.
                () = listener.closed() => {}
            }
        });
        Self { events }
    }
}

async fn drive(
    slot: &Arc<Slot>,
    prompt: Prompt,
    events: &mpsc::Sender<Result<GenerationEvent>>,
) -> Result<()> {
    for attempt in 1..=TRIES {
        if slot.status().state != ModelState::Ready {
            tell(events, GenerationEvent::Loading).await;
        }
        let engine = slot.ensure().await?;
        let mut replies = match engine
            .request(|id| NodeMessage::Generate(generate(id, &prompt)))
            .await
        {
            Ok(replies) => replies,
            Err(_) if attempt < TRIES => continue,
            Err(error) => return Err(error),
        };
        let mut has_spoken = false;
        loop {
            match replies.next().await {
                Some(EngineMessage::Started(started)) => {
                    let event = GenerationEvent::Started {
                        input_tokens: started.input_tokens,
                        cached_tokens: started.cached_tokens,
                        trimmed_messages: started.trimmed_messages,
                    };
                    tell(events, event).await;
                }
                Some(EngineMessage::Token { text, .. }) => {
                    has_spoken = true;
                    tell(events, GenerationEvent::Token(text)).await;
                }
                Some(EngineMessage::Done(done)) => {
                    slot.note_answer(done.output_tokens, done.decode_ms);
                    let (finish_reason, output_tokens) = (done.finish_reason, done.output_tokens);
                    tell(
                        events,
                        GenerationEvent::Done {
                            finish_reason,
                            output_tokens,
                        },
                    )
                    .await;
                    return Ok(());
                }
                Some(EngineMessage::RequestFailed { failure, .. }) => {
                    return Err(refused(&failure));
                }
                Some(_) => {}
                None if !has_spoken && attempt < TRIES => break,
                None => return Err(engine.died()),
            }
        }
    }
    Err(Error::unavailable(
        "engine_stopped",
        "the model's process stopped twice; see the log",
        5,
    ))
}

async fn tell(events: &mpsc::Sender<Result<GenerationEvent>>, event: GenerationEvent) {
    // A dropped listener is noticed by the caller's `closed`.
    let _ = events.send(Ok(event)).await;
}

fn generate(request_id: u64, prompt: &Prompt) -> Generate {
    Generate {
        request_id,
        messages: prompt.messages.clone(),
        max_tokens: prompt.max_tokens,
        temperature: prompt.temperature,
        top_p: prompt.top_p,
        top_k: prompt.top_k,
        seed: prompt.seed,
        stop: prompt.stop.clone(),
        on_overflow: OnOverflow::TrimOldest,
    }
}
