//! From a question to an answer under way: the question and an empty answer are stored in one
//! transaction, then the answer is written in the background.

use std::sync::{Arc, Mutex, PoisonError};

use guildhall_db::Tx;
use guildhall_kernel::{ConversationId, Ctx, Error, MessageId, Result, VeId};
use serde::{Deserialize, Serialize};

use super::{
    answer,
    model::{
        AttachmentInput, Facts, MessageRole, MessageState, StoredMessage, checked_question,
        title_of,
    },
    store::{self, Owner},
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
    inference::{Caller, Charge, DataClass, Inference, Priority},
    team::{self, VeState},
};

/// A question to an employee.
#[derive(Clone, Debug)]
pub struct Question {
    /// The words.
    pub text: String,
    /// The conversation it goes on with; a new one when left out.
    pub conversation: Option<ConversationId>,
    /// Text files to read.
    pub attachments: Vec<AttachmentInput>,
    /// How secret a new conversation is.
    pub data_class: Option<DataClass>,
}

/// An answer that has begun.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// The answer.
    pub message: MessageId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The question, when it is a new one.
    pub question: Option<MessageId>,
}

/// Asks the employee something.
///
/// # Errors
/// `not_found`; `dismissed`; `quota_exceeded`; `answer_running`; those of the question's bounds.
pub async fn ask(app: &App, ctx: &Ctx, ve: VeId, question: Question) -> Result<Begun> {
    let text = checked_question(&question.text, &question.attachments)?;
    let admission = Admission::new(app, ctx, ve);
    let entrance = admission.clone();
    let (caller, events) = (ctx.clone(), app.events.clone());
    let begun = app
        .write(ctx, move |tx| {
            entrance.enter()?;
            let owner = owner_of_active(tx, &caller, ve)?;
            let (conversation, is_new) = match question.conversation {
                Some(id) => (existing(tx, owner, id)?, false),
                None => (
                    start_conversation(tx, &caller, owner, (&text, question.data_class))?,
                    true,
                ),
            };
            let turn = store::next_turn(tx, conversation)?;
            let facts = Facts {
                attachments: question.attachments,
                ..Facts::default()
            };
            let asked = insert_question(tx, &caller, (conversation, turn), text, facts)?;
            let answer = insert_answer(tx, &caller, (conversation, turn + 1))?;
            let begun = Begun {
                message: answer,
                conversation,
                question: Some(asked),
            };
            commit(tx, &caller, &events, (owner, begun), (i64::from(is_new), 2))?;
            Ok(begun)
        })
        .await?;
    answer::start(app, ctx, ve, (begun, admission.charge()));
    Ok(begun)
}

/// Has an answer written anew; the older version stays readable.
///
/// # Errors
/// `not_found`; `dismissed`; `quota_exceeded`; `answer_running`; `not_an_answer`.
pub async fn regenerate(app: &App, ctx: &Ctx, ve: VeId, message: MessageId) -> Result<Begun> {
    let admission = Admission::new(app, ctx, ve);
    let entrance = admission.clone();
    let (caller, events) = (ctx.clone(), app.events.clone());
    let begun = app
        .write(ctx, move |tx| {
            entrance.enter()?;
            let owner = owner_of_active(tx, &caller, ve)?;
            let old = found(tx, owner, message)?;
            if old.role != MessageRole::Assistant {
                return Err(Error::conflict(
                    "not_an_answer",
                    "only an answer can be written anew; edit the question instead",
                ));
            }
            existing(tx, owner, old.conversation)?;
            let hidden = store::supersede_from(tx, old.conversation, old.turn)?;
            let answer = insert_answer(tx, &caller, (old.conversation, old.turn))?;
            let begun = Begun {
                message: answer,
                conversation: old.conversation,
                question: None,
            };
            commit(tx, &caller, &events, (owner, begun), (0, 1 - count(hidden)))?;
            Ok(begun)
        })
        .await?;
    answer::start(app, ctx, ve, (begun, admission.charge()));
    Ok(begun)
}

/// Replaces a question and what followed it, and has it answered.
///
/// # Errors
/// `not_found`; `dismissed`; `quota_exceeded`; `answer_running`; `not_a_question`; those of the question's bounds.
pub async fn edit(app: &App, ctx: &Ctx, ve: VeId, message: MessageId, text: &str) -> Result<Begun> {
    let text = checked_question(text, &[])?;
    let admission = Admission::new(app, ctx, ve);
    let entrance = admission.clone();
    let (caller, events) = (ctx.clone(), app.events.clone());
    let begun = app
        .write(ctx, move |tx| {
            entrance.enter()?;
            let owner = owner_of_active(tx, &caller, ve)?;
            let old = found(tx, owner, message)?;
            if old.role != MessageRole::User {
                return Err(Error::conflict(
                    "not_a_question",
                    "only a question can be edited; have the answer written anew instead",
                ));
            }
            existing(tx, owner, old.conversation)?;
            let hidden = store::supersede_from(tx, old.conversation, old.turn)?;
            let place = (old.conversation, old.turn);
            let asked = insert_question(tx, &caller, place, text, old.facts)?;
            let answer = insert_answer(tx, &caller, (old.conversation, old.turn + 1))?;
            let begun = Begun {
                message: answer,
                conversation: old.conversation,
                question: Some(asked),
            };
            commit(tx, &caller, &events, (owner, begun), (0, 2 - count(hidden)))?;
            Ok(begun)
        })
        .await?;
    answer::start(app, ctx, ve, (begun, admission.charge()));
    Ok(begun)
}

/// Lets a question in by the limits of use within the transaction that stores it, so that a repeated request,
/// whose transaction changes nothing, is not counted again.
#[derive(Clone)]
struct Admission {
    inference: Inference,
    caller: Caller,
    charge: Arc<Mutex<Option<Charge>>>,
}

impl Admission {
    fn new(app: &App, ctx: &Ctx, ve: VeId) -> Self {
        Self {
            inference: app.inference.clone(),
            caller: Caller::of(ctx, Priority::Interactive).with_ve(ve),
            charge: Arc::default(),
        }
    }

    fn enter(&self) -> Result<()> {
        let charge = self.inference.admit(&self.caller)?;
        *self.charge.lock().unwrap_or_else(PoisonError::into_inner) = Some(charge);
        Ok(())
    }

    /// What the answer is charged to.
    fn charge(&self) -> Charge {
        let mut charge = self.charge.lock().unwrap_or_else(PoisonError::into_inner);
        let entered = charge.take();
        entered.unwrap_or_else(|| self.inference.admit_again(&self.caller))
    }
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn owner_of_active(tx: &Tx<'_>, ctx: &Ctx, ve: VeId) -> Result<Owner> {
    let employee = team::find_usable(tx, ctx, ve)?;
    if employee.state == VeState::Dismissed {
        let message = format!(
            "{} no longer works here; take them back first",
            employee.persona_name
        );
        return Err(Error::conflict("dismissed", message));
    }
    Ok(Owner {
        organisation: ctx.organisation,
        ve,
        person: ctx.person,
    })
}

/// The conversation, which must not be waiting for an answer.
fn existing(tx: &Tx<'_>, owner: Owner, id: ConversationId) -> Result<ConversationId> {
    let conversation =
        store::find_conversation(tx, owner, id)?.ok_or_else(|| Error::not_found("conversation"))?;
    if conversation.busy {
        let message =
            "an answer is still being written in this conversation; stop it or wait for it";
        return Err(Error::conflict("answer_running", message));
    }
    Ok(id)
}

fn found(tx: &Tx<'_>, owner: Owner, id: MessageId) -> Result<StoredMessage> {
    store::find_message(tx, owner, id)?.ok_or_else(|| Error::not_found("message"))
}

fn start_conversation(
    tx: &Tx<'_>,
    ctx: &Ctx,
    owner: Owner,
    (question, data_class): (&str, Option<DataClass>),
) -> Result<ConversationId> {
    let id = ConversationId::new(ctx.clock.as_ref());
    store::insert_conversation(tx, owner, (id, &title_of(question), data_class), ctx.now())?;
    Ok(id)
}

fn insert_question(
    tx: &Tx<'_>,
    ctx: &Ctx,
    (conversation, turn): (ConversationId, u32),
    text: String,
    facts: Facts,
) -> Result<MessageId> {
    let message = StoredMessage {
        role: MessageRole::User,
        state: MessageState::Complete,
        author: Some(ctx.person),
        text,
        facts,
        ..blank(tx, ctx, (conversation, turn))?
    };
    store::insert_message(tx, ctx.organisation, &message)?;
    Ok(message.id)
}

fn insert_answer(tx: &Tx<'_>, ctx: &Ctx, place: (ConversationId, u32)) -> Result<MessageId> {
    let message = blank(tx, ctx, place)?;
    store::insert_message(tx, ctx.organisation, &message)?;
    Ok(message.id)
}

/// An empty answer at its place, with the next version there.
fn blank(
    tx: &Tx<'_>,
    ctx: &Ctx,
    (conversation, turn): (ConversationId, u32),
) -> Result<StoredMessage> {
    Ok(StoredMessage {
        id: MessageId::new(ctx.clock.as_ref()),
        conversation,
        turn,
        version: store::next_version(tx, conversation, turn)?,
        versions: 1,
        role: MessageRole::Assistant,
        text: String::new(),
        state: MessageState::Running,
        author: None,
        created_at: ctx.now(),
        facts: Facts::default(),
    })
}

/// What every way of asking ends with: activity, audit and news.
fn commit(
    tx: &Tx<'_>,
    ctx: &Ctx,
    events: &Events,
    (owner, begun): (Owner, Begun),
    (conversations, messages): (i64, i64),
) -> Result<()> {
    let now = ctx.now();
    store::touch_conversation(tx, begun.conversation, now)?;
    team::note_activity(
        tx,
        (owner.organisation, owner.ve),
        (conversations, messages),
        now,
    )?;
    audit::record(tx, ctx, "chat.asked", begun.message)?;
    let event = Event::MessageStarted {
        ve_id: owner.ve,
        conversation_id: begun.conversation,
        message_id: begun.message,
    };
    events.publish_after(
        tx,
        Audience::Person(owner.organisation, owner.person),
        event,
    );
    Ok(())
}
