//! Writing an answer: read what was said, let the chosen way answer, store the result.

use std::{sync::Arc, time::Instant};

use guildhall_kernel::{Ctx, Error, MicroCredits, Principal, Result, UsageId, VeId};

use super::{
    ask::Begun,
    brief::{Brief, Said},
    extract, generate,
    model::{
        ChatAnswer, Facts, Finish, MessageError, MessageRole, MessageState, StoredMessage, Timing,
        Usage,
    },
    store::{self, Owner},
    turn::{Turn, TurnEvent},
};
use crate::{
    app::App,
    billing::{self, Call, CallKind, Outcome},
    events::{Audience, Event},
    identity,
    inference::{AnswerMode, Billed, Charge, Haste},
    team,
};

/// How many earlier messages an answer may look back on.
const HISTORY_MESSAGES: u32 = 60;

/// Everything an answer is written from.
pub(super) struct Job {
    pub(super) ctx: Ctx,
    pub(super) brief: Brief,
    pub(super) message: StoredMessage,
    pub(super) turn: Arc<Turn>,
    pub(super) asked_at: Instant,
    /// What it takes of the limits that let it in.
    pub(super) charge: Charge,
}

/// What an answer came to.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) facts: Facts,
    pub(super) usage: Usage,
    pub(super) timing: Timing,
    /// Milliseconds in which a model wrote.
    pub(super) decode_ms: u64,
    /// Whether it waits for its turn.
    pub(super) is_queued: bool,
    /// What it costs, when it came from outside the node.
    pub(super) billed: Option<Billed>,
    pub(super) finish: Option<Finish>,
}

impl Draft {
    /// Adds the next piece and shows it.
    pub(super) fn push(&mut self, job: &Job, piece: String) {
        if self.text.is_empty() {
            self.timing.first_token = elapsed_ms(job.asked_at);
        }
        self.text.push_str(&piece);
        job.turn.push(TurnEvent::Delta { text: piece });
    }
}

/// Milliseconds since `start`.
pub(super) fn elapsed_ms(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Starts writing in the background, unless this answer was begun before (a repeated request).
pub(super) fn start(app: &App, ctx: &Ctx, ve: VeId, (begun, charge): (Begun, Charge)) {
    if app.turns.find(begun.message).is_some() {
        return;
    }
    let turn = app.turns.open(begun.message);
    let busy = app.presence.begin(ve);
    // Whoever loses their access has nothing written for them any more.
    let watch = app.live.watch_work(ctx, turn.stopped().clone());
    let (app, ctx) = (app.clone(), ctx.clone());
    tokio::spawn(async move {
        run(&app, ctx, ve, (begun, charge), Arc::clone(&turn)).await;
        app.turns.close(begun.message);
        drop((busy, watch));
    });
}

async fn run(app: &App, ctx: Ctx, ve: VeId, begun: (Begun, Charge), turn: Arc<Turn>) {
    let request_id = ctx.request_id.clone();
    let owner = Owner {
        organisation: ctx.organisation,
        ve,
        person: ctx.person,
    };
    let outcome = match prepare(app, ctx, owner, begun, Arc::clone(&turn)).await {
        Ok(Some(job)) => Box::pin(write(app, owner, job)).await,
        Ok(None) => return,
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::error!(request.id = request_id.as_str(), error = %error.chain(), "an answer was lost");
        turn.push(TurnEvent::Error(error.body(request_id.as_str())));
    }
}

/// Reads what the answer is written from; `None` when it is written already.
async fn prepare(
    app: &App,
    ctx: Ctx,
    owner: Owner,
    (begun, charge): (Begun, Charge),
    turn: Arc<Turn>,
) -> Result<Option<Job>> {
    let read = app.db.read(move |reader| {
        let employee = team::find(reader, owner.organisation, owner.ve)?;
        let name = identity::organisation_name(reader, owner.organisation)?;
        let conversation = store::find_conversation(reader, owner, begun.conversation)?;
        let message = store::find_message(reader, owner, begun.message)?
            .ok_or_else(|| Error::not_found("message"))?;
        let before = store::list_messages(
            reader,
            begun.conversation,
            Some(message.turn),
            HISTORY_MESSAGES,
        )?;
        let data_class = conversation.and_then(|conversation| conversation.data_class);
        Ok((employee, (name, data_class), message, before))
    });
    let (employee, (organisation_name, data_class), message, before) = read.await?;
    if message.state != MessageState::Running {
        return Ok(None);
    }
    let mut newest_first = before.into_iter();
    let question = newest_first
        .next()
        .filter(|message| message.role == MessageRole::User);
    let question = question
        .as_ref()
        .and_then(Said::stored)
        .ok_or_else(|| Error::internal("an answer without a question"))?;
    let mut history: Vec<Said> = newest_first
        .filter_map(|said| Said::stored(&said))
        .collect();
    history.reverse();
    let of = (employee, organisation_name);
    let when = (data_class, Haste::default());
    let brief = Brief::new(app, of, when, (question, history)).await?;
    turn.push(TurnEvent::Started {
        message_id: begun.message,
        conversation_id: begun.conversation,
        user_message_id: begun.question,
        mode: brief.answering.mode,
        model: brief.answering.model.clone(),
    });
    let asked_at = Instant::now();
    Ok(Some(Job {
        ctx,
        brief,
        message,
        turn,
        asked_at,
        charge,
    }))
}

async fn write(app: &App, owner: Owner, job: Job) -> Result<()> {
    let mut draft = Draft::default();
    let stop = job.turn.stopped().clone();
    let working = async {
        match job.brief.answering.mode {
            AnswerMode::Generative => generate::write(app, &job, &mut draft).await,
            AnswerMode::Extractive => extract::write(app, &job, &mut draft).await,
        }
    };
    let outcome = Box::pin(stop.run_until_cancelled(working)).await;
    let usage = draft.usage;
    job.charge.settle(usage.input_tokens, usage.output_tokens);
    draft.timing.total = elapsed_ms(job.asked_at);
    if draft.is_queued {
        // It was stopped, or given up, before its turn came.
        draft.timing.queue = draft.timing.total;
    }
    let (state, error) = match outcome {
        None => (MessageState::Stopped, None),
        Some(Ok(())) => (MessageState::Complete, None),
        Some(Err(error)) => (MessageState::Failed, Some(error)),
    };
    finish(app, owner, job, draft, (state, error)).await
}

/// Stores the answer with its usage, then tells everyone who listens.
async fn finish(
    app: &App,
    owner: Owner,
    job: Job,
    mut draft: Draft,
    (state, error): (MessageState, Option<Error>),
) -> Result<()> {
    let Job {
        ctx,
        brief: Brief { answering, .. },
        mut message,
        turn,
        ..
    } = job;
    let finish = if state == MessageState::Stopped {
        Finish::Cancelled
    } else {
        draft.finish.unwrap_or(Finish::Stop)
    };
    draft.facts.mode = Some(answering.mode);
    draft.facts.model = Some(answering.model.clone());
    draft.facts.usage = Some(draft.usage);
    draft.facts.timing_ms = Some(draft.timing);
    draft.facts.finish = Some(finish);
    draft.facts.error = error.as_ref().map(MessageError::from);
    (message.text, message.state, message.facts) = (draft.text, state, draft.facts);
    let mut row = metered(&ctx, owner, &message, (answering.mode, &answering.model));
    row.decode_ms = draft.decode_ms;
    if let Some(billed) = &draft.billed {
        row.provider = Some(billed.provider_name().to_owned());
        row.cost = billed.cost;
    }
    let (stored, now, events) = (message.clone(), ctx.now(), app.events.clone());
    let written = app.db.write(move |tx| {
        store::finish_message(tx, &stored, now)?;
        billing::meter(tx, &row)?;
        let event = Event::MessageFinished {
            ve_id: owner.ve,
            conversation_id: stored.conversation,
            message_id: stored.id,
        };
        events.publish_after(
            tx,
            Audience::Person(owner.organisation, owner.person),
            event,
        );
        Ok(())
    });
    written.await?;
    if let Some(error) = error {
        tracing::warn!(request.id = ctx.request_id.as_str(), error = %error.chain(), "an answer failed");
        turn.push(TurnEvent::Error(error.body(ctx.request_id.as_str())));
    } else {
        turn.push(TurnEvent::Done(Box::new(answer_of(
            message,
            answering.mode,
        ))));
    }
    Ok(())
}

fn metered(
    ctx: &Ctx,
    owner: Owner,
    message: &StoredMessage,
    (mode, model): (AnswerMode, &str),
) -> Call {
    let usage = message.facts.usage.unwrap_or_default();
    let timing = message.facts.timing_ms.unwrap_or_default();
    Call {
        id: UsageId::new(ctx.clock.as_ref()),
        organisation: owner.organisation,
        person: owner.person,
        api_key: match ctx.principal {
            Principal::ApiKey(id) => Some(id),
            _ => None,
        },
        ve: Some(owner.ve),
        message: Some(message.id),
        kind: CallKind::EmployeeChat,
        mode: mode.as_str(),
        model: model.to_owned(),
        provider: None,
        outcome: match message.state {
            MessageState::Failed => Outcome::Failed,
            MessageState::Stopped => Outcome::Cancelled,
            MessageState::Running | MessageState::Complete => Outcome::Complete,
        },
        error_code: message.facts.error.as_ref().map(|error| error.code.clone()),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cached_tokens: usage.cached_tokens,
        queue_ms: timing.queue,
        first_token_ms: timing.first_token,
        decode_ms: 0,
        latency_ms: timing.total,
        cost: MicroCredits(0),
        created_at: ctx.now(),
    }
}

/// A stored, finished answer as the `done` event shows it.
pub(super) fn answer_of(message: StoredMessage, mode: AnswerMode) -> ChatAnswer {
    let facts = message.facts.clone();
    ChatAnswer {
        conversation_id: message.conversation,
        usage: facts.usage.unwrap_or_default(),
        mode: facts.mode.unwrap_or(mode),
        model: facts.model.unwrap_or_default(),
        citations: facts.citations,
        timing_ms: facts.timing_ms.unwrap_or_default(),
        finish_reason: facts.finish.unwrap_or(Finish::Stop),
        message: message.view(None),
    }
}
