//! Answering a run: every column writes in a task of the node, is stored when it ends, and can be stopped.

use std::{sync::Arc, time::Instant};

use futures::future::join_all;
use guildhall_engine_protocol::{
    ChatMessage, ChatRole, Done, FinishReason, Input, OnOverflow, Prompt, Sampling,
};
use guildhall_kernel::{Ctx, PlaygroundRunId, Result};

use super::{
    announce,
    live::{Live, Place, RunEvent},
    metering,
    model::{
        AnswerError, AnswerState, Parameters, PlaygroundPrompt, PlaygroundRole, StoredAnswer,
        StoredRun,
    },
    store,
};
use crate::{
    app::App,
    billing,
    inference::{Billed, Caller, GenerationEvent, Haste, Priority},
};

/// Starts answering in the background, unless this run was begun before (a repeated request). The place is
/// given back when the last answer has ended.
pub(super) async fn start(app: &App, ctx: &Ctx, id: PlaygroundRunId, place: Place) -> Result<()> {
    let caller = ctx.clone();
    let read = app.db.read(move |reader| {
        let (run, answers) = super::find_own(reader, &caller, id)?;
        let shown = super::view(
            reader,
            (caller.organisation, caller.person),
            (run.clone(), answers.clone()),
        )?;
        Ok((run, answers, shown))
    });
    let (run, answers, shown) = read.await?;
    let waiting = answers
        .into_iter()
        .filter(|answer| answer.state == AnswerState::Running)
        .collect::<Vec<_>>();
    if waiting.is_empty() {
        return Ok(());
    }
    let Some(live) = app
        .playground
        .open(id, waiting.iter().map(|answer| answer.id))
    else {
        return Ok(());
    };
    live.push(RunEvent::Started(Box::new(shown)));
    // Whoever loses their access has nothing written for them any more.
    let watch = app.live.watch_work(ctx, live.stopped_all().clone());
    let (app, ctx) = (app.clone(), ctx.clone());
    tokio::spawn(async move {
        answer_all(&app, &ctx, (&run, &live), waiting).await;
        finish(&app, &ctx, run.id, &live).await;
        drop((place, watch));
    });
    Ok(())
}

async fn answer_all(
    app: &App,
    ctx: &Ctx,
    (run, live): (&StoredRun, &Arc<Live>),
    answers: Vec<StoredAnswer>,
) {
    let begun = Instant::now();
    if run.in_turn {
        for answer in answers {
            answer_one(app, ctx, (run, live), (answer, Instant::now())).await;
        }
    } else {
        let together = answers
            .into_iter()
            .map(|answer| answer_one(app, ctx, (run, live), (answer, begun)));
        join_all(together).await;
    }
}

/// Writes one answer and stores it, whatever it came to.
async fn answer_one(
    app: &App,
    ctx: &Ctx,
    (run, live): (&StoredRun, &Arc<Live>),
    (mut answer, begun): (StoredAnswer, Instant),
) {
    let stop = live.stopped(answer.id);
    let mut written = Written::new(begun);
    let outcome = stop
        .run_until_cancelled(write(app, ctx, (run, live), (&answer, &mut written)))
        .await;
    let (state, error) = match outcome {
        None => (AnswerState::Stopped, None),
        Some(Ok(())) => (AnswerState::Complete, None),
        Some(Err(error)) => {
            tracing::warn!(request.id = ctx.request_id.as_str(), error = %error.chain(), "a playground answer failed");
            (AnswerState::Failed, Some(AnswerError::from(&error)))
        }
    };
    answer.state = state;
    answer.facts.error = error;
    let decode_ms = written.done.as_ref().map_or(0, |done| done.decode_ms);
    let billed = written.billed.clone();
    written.settle(&mut answer);
    let call = metering::call_of(ctx, &answer, decode_ms, billed.as_ref());
    if let Err(error) = store_answer(app, &answer, call).await {
        tracing::error!(request.id = ctx.request_id.as_str(), error = %error.chain(), "a playground answer was lost");
        answer.state = AnswerState::Failed;
        answer.facts.error = Some(AnswerError::from(&error));
    }
    live.push(RunEvent::Answered(Box::new(answer.view(None, true))));
}

async fn store_answer(app: &App, answer: &StoredAnswer, call: billing::Call) -> Result<()> {
    let stored = answer.clone();
    app.db
        .write(move |tx| {
            store::finish_answer(tx, &stored)?;
            billing::meter(tx, &call)
        })
        .await
}

/// Tells everyone who listens that the run is complete.
async fn finish(app: &App, ctx: &Ctx, id: PlaygroundRunId, live: &Live) {
    let (caller, events) = (ctx.clone(), app.events.clone());
    let read = app.db.write(move |tx| {
        let found = super::find_own(tx, &caller, id)?;
        announce(tx, &events, &caller, id);
        super::view(tx, (caller.organisation, caller.person), found)
    });
    let read = read.await;
    app.playground.close(id);
    match read {
        Ok(run) => live.push(RunEvent::Done(Box::new(run))),
        Err(error) => {
            live.push(RunEvent::Error(error.body(ctx.request_id.as_str())));
            tracing::error!(request.id = ctx.request_id.as_str(), error = %error.chain(), "a playground run was not read back");
        }
    }
}

/// What was written of one answer, and when.
struct Written {
    begun: Instant,
    text: String,
    pieces: u32,
    first_piece_at: Option<Instant>,
    last_piece_at: Option<Instant>,
    is_queued: bool,
    queue_ms: u64,
    input_tokens: u32,
    cached_tokens: u32,
    done: Option<Done>,
    /// What it costs, when it came from outside the node.
    billed: Option<Billed>,
}

impl Written {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            text: String::new(),
            pieces: 0,
            first_piece_at: None,
            last_piece_at: None,
            is_queued: false,
            queue_ms: 0,
            input_tokens: 0,
            cached_tokens: 0,
            done: None,
            billed: None,
        }
    }

    fn add(&mut self, piece: &str, tokens: u32) {
        let now = Instant::now();
        self.first_piece_at.get_or_insert(now);
        self.last_piece_at = Some(now);
        self.pieces += tokens;
        self.text.push_str(piece);
    }

    fn since_begun(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    /// Writes text and figures into the answer.
    fn settle(self, answer: &mut StoredAnswer) {
        let total_ms = self.since_begun(Instant::now());
        let figures = &mut answer.facts.figures;
        figures.input_tokens = self.input_tokens;
        figures.cached_tokens = self.cached_tokens;
        figures.output_tokens = self
            .done
            .as_ref()
            .map_or(self.pieces, |done| done.output_tokens);
        // Who was stopped before its turn came has waited all the time.
        figures.queue_ms = if self.is_queued {
            total_ms
        } else {
            self.queue_ms
        };
        figures.first_token_ms = self.first_piece_at.map(|at| self.since_begun(at));
        figures.total_ms = total_ms;
        figures.tokens_per_second = self.tokens_per_second();
        // A model of this node has no price.
        figures.cost_micro_credits = Some(self.billed.as_ref().map_or(0, |billed| billed.cost.0));
        answer.facts.cut_off = self
            .done
            .as_ref()
            .is_some_and(|done| done.finish_reason == FinishReason::Length);
        answer.text = self.text;
    }

    /// The engine's own measure where the answer ended by itself; else the pace of the pieces.
    fn tokens_per_second(&self) -> Option<f64> {
        if let Some(done) = &self.done {
            return rate(done.output_tokens, done.decode_ms);
        }
        let (first, last) = (self.first_piece_at?, self.last_piece_at?);
        let between = u64::try_from(last.duration_since(first).as_millis()).ok()?;
        rate(self.pieces.saturating_sub(1), between)
    }
}

/// Tokens per second; nothing for a single token or no time.
fn rate(tokens: u32, milliseconds: u64) -> Option<f64> {
    let milliseconds = u32::try_from(milliseconds).ok()?;
    let measurable = tokens > 1 && milliseconds > 0;
    measurable.then(|| f64::from(tokens) * 1000.0 / f64::from(milliseconds))
}

async fn write(
    app: &App,
    ctx: &Ctx,
    (run, live): (&StoredRun, &Arc<Live>),
    (answer, written): (&StoredAnswer, &mut Written),
) -> Result<()> {
    let caller = Caller::of(ctx, Priority::Interactive).with_haste(Haste {
        deadline: Some(app.inference.deadline()),
        ..Haste::default()
    });
    let prompt = prompt(&run.prompt, &answer.parameters);
    let mut generation = app
        .inference
        .generate(caller, &answer.model, prompt)
        .await?;
    let (answer_id, model) = (answer.id, answer.model.clone());
    while let Some(event) = generation.next().await {
        match event? {
            GenerationEvent::Queued {
                position,
                estimate_ms,
            } => {
                written.is_queued = true;
                live.push(RunEvent::Queued {
                    answer_id,
                    model: model.clone(),
                    position,
                    estimate_ms,
                });
            }
            GenerationEvent::Turn { waited_ms } => {
                written.is_queued = false;
                written.queue_ms = waited_ms;
            }
            GenerationEvent::Loading => live.push(RunEvent::Loading {
                answer_id,
                model: model.clone(),
            }),
            GenerationEvent::Started(started) => {
                written.input_tokens = started.input_tokens;
                written.cached_tokens = started.cached_tokens;
                live.push(RunEvent::Reading {
                    answer_id,
                    model: model.clone(),
                    input_tokens: started.input_tokens,
                    cached_tokens: started.cached_tokens,
                });
            }
            GenerationEvent::Token { text, tokens, .. } => {
                written.add(&text, tokens);
                live.push(RunEvent::Delta {
                    answer_id,
                    model: model.clone(),
                    text,
                });
            }
            // No tools are offered here, so none is called.
            GenerationEvent::ToolCall(_) => {}
            GenerationEvent::Billed(billed) => written.billed = Some(billed),
            GenerationEvent::Done(done) => {
                // A provider counts its tokens at the end.
                written.input_tokens = done.input_tokens;
                written.cached_tokens = done.cached_tokens;
                written.done = Some(done);
            }
        }
    }
    Ok(())
}

/// What the engine is asked. A prompt that does not fit is refused rather than trimmed: a comparison of answers
/// to different prompts would mislead.
fn prompt(prompt: &PlaygroundPrompt, parameters: &Parameters) -> Prompt {
    let mut messages = Vec::with_capacity(prompt.messages.len() + 1);
    if !prompt.system.is_empty() {
        messages.push(ChatMessage::new(ChatRole::System, prompt.system.clone()));
    }
    messages.extend(prompt.messages.iter().map(|message| {
        let role = match message.role {
            PlaygroundRole::User => ChatRole::User,
            PlaygroundRole::Assistant => ChatRole::Assistant,
        };
        ChatMessage::new(role, message.content.clone())
    }));
    Prompt {
        sampling: Sampling {
            temperature: parameters.temperature,
            top_p: parameters.top_p,
            seed: parameters.seed,
            ..Sampling::default()
        },
        stop: parameters.stop.clone(),
        on_overflow: OnOverflow::Refuse,
        ..Prompt::new(Input::chat(messages), parameters.max_tokens)
    }
}
