//! Every SQL statement on `conversations` and `messages`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{ConversationId, MessageId, OrgId, PersonId, Result, Timestamp, VeId};

use super::model::{Conversation, MessageRole, MessageState, StoredMessage};
use crate::inference::DataClass;

/// Whose conversations: a person's with one employee of an organisation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) organisation: OrgId,
    pub(super) ve: VeId,
    pub(super) person: PersonId,
}

const CONVERSATION: &str = "c.id AS id, c.ve_id AS ve_id, c.title AS title, c.created_at AS created_at,
    c.last_message_at AS last_message_at, c.data_class AS data_class,
    (SELECT COUNT(*) FROM messages m WHERE m.conversation_id = c.id AND m.superseded = 0) AS messages,
    EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.state = 'running') AS busy
    FROM conversations c";

fn conversation(row: &Row<'_>) -> Result<Conversation> {
    Ok(Conversation {
        id: row.get("id")?,
        ve_id: row.get("ve_id")?,
        title: row.get("title")?,
        created_at: row.get("created_at")?,
        last_message_at: row.get("last_message_at")?,
        messages: row.get("messages")?,
        busy: row.get("busy")?,
        data_class: row
            .get::<Option<String>>("data_class")?
            .map(|class| DataClass::from_stored(&class)),
    })
}

pub(super) fn insert_conversation(
    tx: &Tx<'_>,
    owner: Owner,
    (id, title, data_class): (ConversationId, &str, Option<DataClass>),
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO conversations (id, organisation_id, ve_id, person_id, title, data_class, created_at,
                                    last_message_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            id,
            owner.organisation,
            owner.ve,
            owner.person,
            title,
            data_class.map(DataClass::as_str),
            now,
            now
        ],
    )?;
    Ok(())
}

pub(super) fn find_conversation(
    reader: &Reader<'_>,
    owner: Owner,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    reader.query_opt(
        &format!(
            "SELECT {CONVERSATION}
             WHERE c.organisation_id = ? AND c.ve_id = ? AND c.person_id = ? AND c.id = ?"
        ),
        params![owner.organisation, owner.ve, owner.person, id],
        conversation,
    )
}

/// One page, last used first; `before` is `{last_message_at}:{id}` of the entry before the page.
pub(super) fn list_conversations(
    reader: &Reader<'_>,
    owner: Owner,
    before: Option<(Timestamp, String)>,
    limit: u32,
) -> Result<Vec<Conversation>> {
    let (at, id) = before.unwrap_or((Timestamp::from_millis(i64::MAX), String::new()));
    reader.query_all(
        &format!(
            "SELECT {CONVERSATION}
             WHERE c.organisation_id = ? AND c.ve_id = ? AND c.person_id = ?
               AND (c.last_message_at < ? OR (c.last_message_at = ? AND c.id < ?))
             ORDER BY c.last_message_at DESC, c.id DESC LIMIT ?"
        ),
        params![
            owner.organisation,
            owner.ve,
            owner.person,
            at,
            at,
            id,
            limit
        ],
        conversation,
    )
}

/// The person's conversations with any employee, last used first.
pub(super) fn recent_conversations(
    reader: &Reader<'_>,
    organisation: OrgId,
    person: PersonId,
    limit: u32,
) -> Result<Vec<Conversation>> {
    reader.query_all(
        &format!(
            "SELECT {CONVERSATION} WHERE c.organisation_id = ? AND c.person_id = ?
             ORDER BY c.last_message_at DESC, c.id DESC LIMIT ?"
        ),
        params![organisation, person, limit],
        conversation,
    )
}

/// Gives a conversation another title or class; what is `None` stays.
pub(super) fn update_conversation(
    tx: &Tx<'_>,
    id: ConversationId,
    (title, data_class): (Option<&str>, Option<DataClass>),
) -> Result<()> {
    tx.execute(
        "UPDATE conversations SET title = COALESCE(?, title), data_class = COALESCE(?, data_class)
         WHERE id = ?",
        params![title, data_class.map(DataClass::as_str), id],
    )?;
    Ok(())
}

pub(super) fn touch_conversation(tx: &Tx<'_>, id: ConversationId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE conversations SET last_message_at = ? WHERE id = ?",
        params![now, id],
    )?;
    Ok(())
}

pub(super) fn delete_conversation(tx: &Tx<'_>, id: ConversationId) -> Result<()> {
    tx.execute("DELETE FROM conversations WHERE id = ?", params![id])?;
    Ok(())
}

const MESSAGE: &str = "m.id AS id, m.conversation_id AS conversation_id, m.turn AS turn, m.version AS version,
    m.role AS role, m.text AS text, m.state AS state, m.author_id AS author_id, m.created_at AS created_at,
    m.facts AS facts,
    (SELECT COUNT(*) FROM messages v WHERE v.conversation_id = m.conversation_id AND v.turn = m.turn) AS versions
    FROM messages m";

fn message(row: &Row<'_>) -> Result<StoredMessage> {
    Ok(StoredMessage {
        id: row.get("id")?,
        conversation: row.get("conversation_id")?,
        turn: row.get("turn")?,
        version: row.get("version")?,
        versions: row.get("versions")?,
        role: MessageRole::from_stored(&row.get::<String>("role")?),
        text: row.get("text")?,
        state: MessageState::from_stored(&row.get::<String>("state")?),
        author: row.get("author_id")?,
        created_at: row.get("created_at")?,
        facts: serde_json::from_str(&row.get::<String>("facts")?)?,
    })
}

pub(super) fn insert_message(
    tx: &Tx<'_>,
    organisation: OrgId,
    message: &StoredMessage,
) -> Result<()> {
    tx.execute(
        "INSERT INTO messages (id, organisation_id, conversation_id, turn, version, role, text, state,
                               author_id, created_at, facts)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            message.id,
            organisation,
            message.conversation,
            message.turn,
            message.version,
            message.role.as_str(),
            message.text.as_str(),
            message.state.as_str(),
            message.author,
            message.created_at,
            serde_json::to_string(&message.facts)?
        ],
    )?;
    Ok(())
}

/// A message of the person's conversations with the employee.
pub(super) fn find_message(
    reader: &Reader<'_>,
    owner: Owner,
    id: MessageId,
) -> Result<Option<StoredMessage>> {
    reader.query_opt(
        &format!(
            "SELECT {MESSAGE} JOIN conversations c ON c.id = m.conversation_id
             WHERE c.organisation_id = ? AND c.ve_id = ? AND c.person_id = ? AND m.id = ?"
        ),
        params![owner.organisation, owner.ve, owner.person, id],
        message,
    )
}

/// One page of a conversation's present messages, newest first, before turn `before`.
pub(super) fn list_messages(
    reader: &Reader<'_>,
    conversation: ConversationId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<StoredMessage>> {
    reader.query_all(
        &format!(
            "SELECT {MESSAGE} WHERE m.conversation_id = ? AND m.superseded = 0 AND m.turn < ?
             ORDER BY m.turn DESC LIMIT ?"
        ),
        params![conversation, before.map_or(i64::MAX, i64::from), limit],
        message,
    )
}

/// Every version of one turn, oldest first.
pub(super) fn list_versions(
    reader: &Reader<'_>,
    conversation: ConversationId,
    turn: u32,
) -> Result<Vec<StoredMessage>> {
    reader.query_all(
        &format!("SELECT {MESSAGE} WHERE m.conversation_id = ? AND m.turn = ? ORDER BY m.version LIMIT 100"),
        params![conversation, turn],
        message,
    )
}

/// The turn after the last one.
pub(super) fn next_turn(reader: &Reader<'_>, conversation: ConversationId) -> Result<u32> {
    reader.query_one(
        "SELECT COALESCE(MAX(turn) + 1, 0) AS turn FROM messages WHERE conversation_id = ?",
        params![conversation],
        |row| row.get("turn"),
    )
}

/// The version a new message at `turn` gets.
pub(super) fn next_version(
    reader: &Reader<'_>,
    conversation: ConversationId,
    turn: u32,
) -> Result<u32> {
    reader.query_one(
        "SELECT COALESCE(MAX(version), 0) + 1 AS version FROM messages WHERE conversation_id = ? AND turn = ?",
        params![conversation, turn],
        |row| row.get("version"),
    )
}

/// Marks everything from `turn` on as replaced; says how many messages that hides.
pub(super) fn supersede_from(
    tx: &Tx<'_>,
    conversation: ConversationId,
    turn: u32,
) -> Result<usize> {
    tx.execute(
        "UPDATE messages SET superseded = 1 WHERE conversation_id = ? AND turn >= ? AND superseded = 0",
        params![conversation, turn],
    )
}

pub(super) fn finish_message(tx: &Tx<'_>, message: &StoredMessage, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE messages SET text = ?, state = ?, facts = ?, finished_at = ? WHERE id = ?",
        params![
            message.text.as_str(),
            message.state.as_str(),
            serde_json::to_string(&message.facts)?,
            now,
            message.id
        ],
    )?;
    Ok(())
}

/// Answers that a stop of the node cut off.
pub(super) fn list_running(reader: &Reader<'_>) -> Result<Vec<StoredMessage>> {
    reader.query_all(
        &format!("SELECT {MESSAGE} WHERE m.state = 'running' LIMIT 10000"),
        params![],
        message,
    )
}

/// Questions a person asked, or an organisation's people together, since an instant.
pub(super) fn count_questions(
    reader: &Reader<'_>,
    organisation: OrgId,
    since: Timestamp,
) -> Result<u64> {
    reader.query_one(
        "SELECT COUNT(*) AS questions FROM messages WHERE organisation_id = ? AND role = 'user' AND created_at >= ?",
        params![organisation, since],
        |row| row.get("questions"),
    )
}
