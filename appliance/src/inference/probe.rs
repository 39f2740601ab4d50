//! How fast a model is on this machine: two seconds of writing, once, after its first load. Whoever comes
//! meanwhile is not kept waiting: the probe stops and is made when nobody uses the model.

use std::{sync::Arc, time::Duration};

use guildhall_engine_protocol::{
    ChatMessage, ChatRole, Done, EngineMessage, Generate, Input, NodeMessage, Prompt,
};
use tokio::time::Instant;

use super::{Inference, Probe, slot::Slot};

/// How long the probe writes.
const WRITING: Duration = Duration::from_secs(2);
/// Longest time for reading the probe's text, on a very slow machine.
const READING: Duration = Duration::from_secs(60);
const OUTPUT_TOKENS_MAX: u32 = 256;
/// How often and how many times the probe looks whether the model is idle.
const LOOKS: (Duration, u32) = (Duration::from_secs(1), 600);
/// Plain text of some 100 tokens.
const TEXT: &str = "The guild hall stood at the end of the square. Every morning its clerks opened the \
    shutters, lit the lamps and laid out the ledgers in which each delivery, each payment and each promise \
    of the day before had been written down in a careful hand. Whoever had business with the guild came in, \
    took a number and waited on the long bench below the window, where the light fell on the painted names \
    of masters who had long been forgotten. A clerk who";

/// Measures and stores the model's speed as soon as nobody else uses it.
pub(super) async fn run(inference: Inference, slot: Arc<Slot>) {
    for _ in 0..LOOKS.1 {
        if slot.row().probe.is_some() || slot.running_now().is_none() {
            return;
        }
        if slot.queue.is_idle() {
            match measure(&slot).await {
                Measured::Done(done) => return note(&inference, &slot, done).await,
                Measured::Nothing => return,
                Measured::Yielded => tracing::debug!(model.name = slot.name, "a probe yielded"),
            }
        }
        tokio::time::sleep(LOOKS.0).await;
    }
}

/// How measuring ended.
enum Measured {
    Done(Done),
    /// Somebody came who wants the model.
    Yielded,
    /// The engine went away or wrote nothing.
    Nothing,
}

async fn note(inference: &Inference, slot: &Slot, done: Done) {
    let per_second = |tokens: u32, milliseconds: u64| {
        f64::from(tokens) / Duration::from_millis(milliseconds.max(1)).as_secs_f64()
    };
    let probe = Probe {
        prefill_tokens_per_second: per_second(
            done.input_tokens.saturating_sub(done.cached_tokens),
            done.prefill_ms,
        ),
        decode_tokens_per_second: per_second(done.output_tokens, done.decode_ms),
        at: inference.0.settings.clock.now(),
    };
    if let Err(error) = inference.note_probe(slot, probe).await {
        tracing::warn!(error = %error.chain(), "a model's speed was not stored");
    }
}

async fn measure(slot: &Slot) -> Measured {
    let Some(engine) = slot.running_now() else {
        return Measured::Nothing;
    };
    let asked = engine.request(|request_id| {
        let text = ChatMessage::new(ChatRole::User, TEXT);
        let prompt = Prompt {
            ignore_end: true,
            ..Prompt::new(Input::chat(vec![text]), OUTPUT_TOKENS_MAX)
        };
        NodeMessage::Generate(Generate { request_id, prompt })
    });
    let Ok(mut replies) = asked.await else {
        return Measured::Nothing;
    };
    let mut until = Instant::now() + READING;
    let (mut is_writing, mut is_cancelled) = (false, false);
    loop {
        let Ok(message) = tokio::time::timeout_at(until, replies.next()).await else {
            if is_cancelled {
                return Measured::Nothing;
            }
            // The last message of a cancelled request tells what was computed until then.
            replies.cancel();
            (until, is_cancelled) = (Instant::now() + READING, true);
            continue;
        };
        if !slot.queue.is_idle() {
            // Dropping the request cancels it, and what was measured beside others is no measure.
            return Measured::Yielded;
        }
        match message {
            Some(EngineMessage::Done(done)) if done.output_tokens > 0 => {
                return Measured::Done(done);
            }
            None | Some(EngineMessage::Done(_) | EngineMessage::RequestFailed { .. }) => {
                return Measured::Nothing;
            }
            Some(EngineMessage::Token { .. }) if !is_writing => {
                (until, is_writing) = (Instant::now() + WRITING, true);
            }
            Some(_) => {}
        }
    }
}
