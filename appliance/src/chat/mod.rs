//! Conversations between people and employees.
//!
//! Invariants: a conversation belongs to one person, and nobody else reads it; an answer is stored before
//! anybody hears that it is complete; at most one answer is written in a conversation at a time; the node
//! owns an answer, so a closed tab does not end it. Deliberately absent: side effects outside the
//! conversation (runs have those).

mod answer;
mod ask;
mod brief;
mod extract;
mod generate;
mod model;
mod rate;
mod routes;
mod routes_messages;
mod stateless;
mod store;
mod turn;

use std::collections::HashMap;

use guildhall_kernel::{
    ConversationId, Ctx, Error, MessageId, Page, PageRequest, Result, Timestamp, VeId,
};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;

pub use ask::{Begun, Question, ask, edit, regenerate};
pub use model::{
    AttachmentInput, ChatAnswer, Citation, Conversation, Finish, Message, MessageRole,
    MessageState, SourceKind, Timing, Usage,
};
pub use stateless::{Prepared, prepare};
pub use turn::{Turn, TurnEvent, Turns};

use self::{
    model::{MessageError, StoredMessage},
    store::Owner,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
    identity,
    inference::DataClass,
    ratings::{self, Rating},
    team,
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router().merge(routes_messages::router())
}

/// Whose conversations with which employee, if the caller may use it.
fn owner(ctx: &Ctx, ve: VeId) -> Result<Owner> {
    team::check_use(ctx, ve)?;
    Ok(Owner {
        organisation: ctx.organisation,
        ve,
        person: ctx.person,
    })
}

/// Marks answers that the last stop of the node cut off as failed, so that they can be written anew.
///
/// # Errors
/// Those of the database.
pub async fn recover(app: &App) -> Result<()> {
    let now = app.clock.now();
    if app.db.read(store::list_running).await?.is_empty() {
        return Ok(());
    }
    let recovered = app.db.write(move |tx| {
        for mut message in store::list_running(tx)? {
            message.state = MessageState::Failed;
            message.facts.error = Some(MessageError {
                code: "interrupted".to_owned(),
                message: "the node stopped while this was being written; have it written anew"
                    .to_owned(),
            });
            store::finish_message(tx, &message, now)?;
        }
        Ok(())
    });
    recovered.await
}

/// One page of the caller's conversations with the employee, last used first. Whoever looks at the first
/// page is about to ask, so the employee reads its handbook meanwhile.
///
/// # Errors
/// `not_found`, `invalid_cursor`.
pub async fn list_conversations(
    app: &App,
    ctx: &Ctx,
    ve: VeId,
    page: &PageRequest,
) -> Result<Page<Conversation>> {
    let (owner, before, limit) = (owner(ctx, ve)?, page.after()?, page.limit());
    let before = before.as_deref().map(read_position).transpose()?;
    let is_first_page = before.is_none();
    let read = app.db.read(move |reader| {
        let employee = team::find(reader, owner.organisation, ve)?;
        let conversations = store::list_conversations(reader, owner, before, limit + 1)?;
        Ok((employee, conversations))
    });
    let (employee, conversations) = read.await?;
    if is_first_page && let Some(listing) = app.catalog.listing(&app.db, employee.agent).await? {
        extract::prepare(app, ctx, &listing);
    }
    let position =
        |last: &Conversation| format!("{}:{}", last.last_message_at.as_millis(), last.id);
    Ok(Page::cut(conversations, limit, position))
}

fn read_position(text: &str) -> Result<(Timestamp, String)> {
    let parsed = text
        .split_once(':')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    let (millis, id) = parsed
        .ok_or_else(|| Error::invalid("invalid_cursor", "the cursor is not one this list gave"))?;
    Ok((Timestamp::from_millis(millis), id))
}

/// The caller's conversations with any employee, last used first.
///
/// # Errors
/// Those of the database.
pub async fn recent_conversations(app: &App, ctx: &Ctx, limit: u32) -> Result<Vec<Conversation>> {
    let (organisation, person) = (ctx.organisation, ctx.person);
    let mut recent = app
        .db
        .read(move |reader| store::recent_conversations(reader, organisation, person, limit))
        .await?;
    recent.retain(|conversation| ctx.may_use_ve(conversation.ve_id));
    Ok(recent)
}

/// How many questions the organisation's people asked since an instant.
///
/// # Errors
/// Those of the database.
pub async fn count_questions(app: &App, ctx: &Ctx, since: Timestamp) -> Result<u64> {
    let organisation = ctx.organisation;
    app.db
        .read(move |reader| store::count_questions(reader, organisation, since))
        .await
}

/// Gives a conversation another title, or says how secret it is.
///
/// # Errors
/// `not_found`, `invalid_name`.
pub async fn update_conversation(
    app: &App,
    ctx: &Ctx,
    (ve, id): (VeId, ConversationId),
    (title, data_class): (Option<String>, Option<DataClass>),
) -> Result<Conversation> {
    let title = title.map(|title| checked_title(&title)).transpose()?;
    let (owner, caller, events) = (owner(ctx, ve)?, ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        find_conversation(tx, owner, id)?;
        store::update_conversation(tx, id, (title.as_deref(), data_class))?;
        let facts = json!({ "renamed": title.is_some(), "data_class": data_class });
        audit::record_with(tx, &caller, "conversation.changed", id, facts)?;
        announce(tx, &events, owner, id);
        find_conversation(tx, owner, id)
    });
    written.await
}

fn checked_title(title: &str) -> Result<String> {
    let (length, title) = (title.chars().count(), title.trim());
    if title.is_empty() || length > 120 {
        return Err(Error::invalid_field(
            "title",
            "invalid_name",
            "give a title of 1 to 120 characters",
        ));
    }
    Ok(title.to_owned())
}

/// Deletes a conversation with everything said in it; an answer still being written is stopped.
///
/// # Errors
/// `not_found`, `answer_running`.
pub async fn delete_conversation(
    app: &App,
    ctx: &Ctx,
    (ve, id): (VeId, ConversationId),
) -> Result<()> {
    let (owner, caller, events) = (owner(ctx, ve)?, ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let conversation = find_conversation(tx, owner, id)?;
        if conversation.busy {
            let message = "an answer is still being written in this conversation; stop it first";
            return Err(Error::conflict("answer_running", message));
        }
        ratings::forget_reasons(tx, owner.organisation, &id.to_string())?;
        store::delete_conversation(tx, id)?;
        let lost = -i64::from(conversation.messages);
        team::note_activity(
            tx,
            (owner.organisation, ve),
            (-1, lost),
            Timestamp::from_millis(0),
        )?;
        audit::record_with(
            tx,
            &caller,
            "conversation.deleted",
            id,
            json!({ "messages": conversation.messages }),
        )?;
        announce(tx, &events, owner, id);
        Ok(())
    });
    written.await
}

fn find_conversation(
    reader: &guildhall_db::Reader<'_>,
    owner: Owner,
    id: ConversationId,
) -> Result<Conversation> {
    store::find_conversation(reader, owner, id)?.ok_or_else(|| Error::not_found("conversation"))
}

fn announce(
    tx: &guildhall_db::Tx<'_>,
    events: &crate::events::Events,
    owner: Owner,
    id: ConversationId,
) {
    let event = Event::ConversationChanged {
        ve_id: owner.ve,
        conversation_id: id,
    };
    events.publish_after(
        tx,
        Audience::Person(owner.organisation, owner.person),
        event,
    );
}

/// One page of a conversation, newest first; of the conversation used last when none is named.
///
/// # Errors
/// `not_found`, `invalid_cursor`.
pub async fn list_messages(
    app: &App,
    ctx: &Ctx,
    (ve, conversation): (VeId, Option<ConversationId>),
    page: &PageRequest,
) -> Result<Page<Message>> {
    let (owner, limit) = (owner(ctx, ve)?, page.limit());
    let before = page.after()?.map(|text| text.parse::<u32>());
    let before = before
        .transpose()
        .map_err(|_| Error::invalid("invalid_cursor", "the cursor is not one this list gave"))?;
    let read = app.db.read(move |reader| {
        team::find(reader, owner.organisation, ve)?;
        let conversation = match conversation {
            Some(id) => Some(find_conversation(reader, owner, id)?),
            None => store::list_conversations(reader, owner, None, 1)?.pop(),
        };
        let Some(conversation) = conversation else {
            return Ok((Vec::new(), Viewer::default()));
        };
        let messages = store::list_messages(reader, conversation.id, before, limit + 1)?;
        Ok((messages, Viewer::find(reader, owner, conversation.id)?))
    });
    let (messages, mut viewer) = read.await?;
    let page = Page::cut(messages, limit, |message| message.turn.to_string());
    Ok(page.map(|message| viewer.view(message)))
}

/// Who reads a conversation, and what they thought of its answers.
#[derive(Default)]
struct Viewer {
    person: Option<identity::Person>,
    ratings: HashMap<String, Rating>,
}

impl Viewer {
    fn find(
        reader: &guildhall_db::Reader<'_>,
        owner: Owner,
        conversation: ConversationId,
    ) -> Result<Self> {
        let who = (owner.organisation, owner.person);
        Ok(Self {
            person: identity::find_person(reader, owner.person)?,
            ratings: ratings::of_group(reader, who, &conversation.to_string())?,
        })
    }

    fn view(&mut self, message: StoredMessage) -> Message {
        let is_author = |person: &&identity::Person| message.author == Some(person.id);
        let author = self.person.as_ref().filter(is_author).cloned();
        let rating = self.ratings.remove(&message.id.to_string());
        Message {
            rating,
            ..message.view(author)
        }
    }
}

/// Every version of a message, oldest first.
///
/// # Errors
/// `not_found`.
pub async fn list_versions(
    app: &App,
    ctx: &Ctx,
    (ve, id): (VeId, MessageId),
) -> Result<Page<Message>> {
    let owner = owner(ctx, ve)?;
    let read = app.db.read(move |reader| {
        let message = find_message(reader, owner, id)?;
        let versions = store::list_versions(reader, message.conversation, message.turn)?;
        Ok((versions, Viewer::find(reader, owner, message.conversation)?))
    });
    let (versions, mut viewer) = read.await?;
    Ok(Page::complete(versions).map(|message| viewer.view(message)))
}

fn find_message(
    reader: &guildhall_db::Reader<'_>,
    owner: Owner,
    id: MessageId,
) -> Result<StoredMessage> {
    store::find_message(reader, owner, id)?.ok_or_else(|| Error::not_found("message"))
}

/// What is being, or was, answered in this message.
pub enum Followed {
    /// Still being written.
    Running(std::sync::Arc<Turn>),
    /// Written (or failed) already.
    Finished(Box<ChatAnswer>, Option<MessageError>),
}

/// Finds an answer to follow.
///
/// # Errors
/// `not_found`, `not_an_answer`.
pub async fn follow(app: &App, ctx: &Ctx, (ve, id): (VeId, MessageId)) -> Result<Followed> {
    let owner = owner(ctx, ve)?;
    // Looked up before the row is read: an answer that ends in between is then in the row.
    let turn = app.turns.find(id);
    let message = app
        .db
        .read(move |reader| find_message(reader, owner, id))
        .await?;
    if message.role != MessageRole::Assistant {
        return Err(Error::conflict(
            "not_an_answer",
            "only an answer can be followed",
        ));
    }
    match (message.state, turn) {
        (MessageState::Running, Some(turn)) => Ok(Followed::Running(turn)),
        _ => {
            let error = message.facts.error.clone();
            Ok(Followed::Finished(
                Box::new(answer::answer_of(
                    message,
                    crate::inference::AnswerMode::Extractive,
                )),
                error,
            ))
        }
    }
}

/// Stops an answer; what was written so far stays. Stopping a finished answer changes nothing.
///
/// # Errors
/// `not_found`.
pub async fn stop(app: &App, ctx: &Ctx, (ve, id): (VeId, MessageId)) -> Result<()> {
    let (owner, caller) = (owner(ctx, ve)?, ctx.clone());
    let written = app.write(ctx, move |tx| {
        let message = find_message(tx, owner, id)?;
        audit::record(tx, &caller, "chat.stopped", message.id)
    });
    written.await?;
    if let Some(turn) = app.turns.find(id) {
        turn.stopped().cancel();
    }
    Ok(())
}
