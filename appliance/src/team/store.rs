//! Every SQL statement on `ves`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{AgentId, OrgId, Result, Timestamp, VeId};

use super::model::{Employee, VeState};
use crate::inference::DataClass;

const COLUMNS: &str =
    "id, organisation_id, agent_id, persona_name, model, data_class, state, hired_by, hired_at,
    dismissed_at, conversations, messages, last_message_at";

fn employee(row: &Row<'_>) -> Result<Employee> {
    Ok(Employee {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        agent: row.get("agent_id")?,
        persona_name: row.get("persona_name")?,
        model: row.get("model")?,
        data_class: DataClass::from_stored(&row.get::<String>("data_class")?),
        state: VeState::from_stored(&row.get::<String>("state")?),
        hired_by: row.get("hired_by")?,
        hired_at: row.get("hired_at")?,
        dismissed_at: row.get("dismissed_at")?,
        conversations: row.get("conversations")?,
        messages: row.get("messages")?,
        last_message_at: row.get("last_message_at")?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, employee: &Employee) -> Result<()> {
    tx.execute(
        "INSERT INTO ves (id, organisation_id, agent_id, persona_name, model, data_class, state, hired_by, hired_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            employee.id,
            employee.organisation,
            employee.agent,
            employee.persona_name.as_str(),
            employee.model.as_str(),
            employee.data_class.as_str(),
            employee.state.as_str(),
            employee.hired_by,
            employee.hired_at
        ],
    )?;
    Ok(())
}

pub(super) fn find(reader: &Reader<'_>, organisation: OrgId, id: VeId) -> Result<Option<Employee>> {
    reader.query_opt(
        &format!("SELECT {COLUMNS} FROM ves WHERE organisation_id = ? AND id = ?"),
        params![organisation, id],
        employee,
    )
}

/// One page in the order of hiring, newest first.
pub(super) fn list(
    reader: &Reader<'_>,
    organisation: OrgId,
    state: Option<VeState>,
    (before, limit): (Option<&str>, u32),
) -> Result<Vec<Employee>> {
    reader.query_all(
        &format!(
            "SELECT {COLUMNS} FROM ves
             WHERE organisation_id = ? AND (? = '' OR state = ?) AND (? = '' OR id < ?)
             ORDER BY id DESC LIMIT ?"
        ),
        params![
            organisation,
            state.map_or("", VeState::as_str),
            state.map_or("", VeState::as_str),
            before.unwrap_or_default(),
            before.unwrap_or_default(),
            limit
        ],
        employee,
    )
}

/// How many active employees the node has, all organisations together.
pub(super) fn count_active(reader: &Reader<'_>) -> Result<u64> {
    let count: i64 = reader.query_one(
        "SELECT COUNT(*) AS employees FROM ves WHERE state = 'active'",
        params![],
        |row| row.get("employees"),
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// How many active employees the organisation has of each agent.
pub(super) fn count_by_agent(
    reader: &Reader<'_>,
    organisation: OrgId,
) -> Result<Vec<(AgentId, u32)>> {
    reader.query_all(
        "SELECT agent_id, COUNT(*) AS employees FROM ves
         WHERE organisation_id = ? AND state = 'active' GROUP BY agent_id",
        params![organisation],
        |row| Ok((row.get("agent_id")?, row.get("employees")?)),
    )
}

/// How many active employees on the node have chosen the model.
pub(super) fn count_by_model(reader: &Reader<'_>, model: &str) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS employees FROM ves WHERE model = ? AND state = 'active'",
        params![model],
        |row| row.get("employees"),
    )
}

/// The organisation's active employees that have chosen the model.
pub(super) fn list_by_model(
    reader: &Reader<'_>,
    organisation: OrgId,
    model: &str,
    limit: u32,
) -> Result<Vec<(VeId, String)>> {
    reader.query_all(
        "SELECT id, persona_name FROM ves
         WHERE organisation_id = ? AND model = ? AND state = 'active' ORDER BY id LIMIT ?",
        params![organisation, model, limit],
        |row| Ok((row.get("id")?, row.get("persona_name")?)),
    )
}

/// Sets every employee that has chosen the model, dismissed ones too, to choose by itself.
pub(super) fn release_model(tx: &Tx<'_>, model: &str) -> Result<u32> {
    let rows = tx.execute(
        "UPDATE ves SET model = 'auto' WHERE model = ?",
        params![model],
    )?;
    Ok(u32::try_from(rows).unwrap_or(u32::MAX))
}

pub(super) fn update(tx: &Tx<'_>, employee: &Employee) -> Result<()> {
    tx.execute(
        "UPDATE ves SET persona_name = ?, model = ?, data_class = ?, state = ?, dismissed_at = ?
         WHERE organisation_id = ? AND id = ?",
        params![
            employee.persona_name.as_str(),
            employee.model.as_str(),
            employee.data_class.as_str(),
            employee.state.as_str(),
            employee.dismissed_at,
            employee.organisation,
            employee.id
        ],
    )?;
    Ok(())
}

pub(super) fn note_activity(
    tx: &Tx<'_>,
    (organisation, id): (OrgId, VeId),
    (conversations, messages): (i64, i64),
    at: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE ves SET conversations = MAX(0, conversations + ?), messages = MAX(0, messages + ?),
                        last_message_at = MAX(COALESCE(last_message_at, 0), ?)
         WHERE organisation_id = ? AND id = ?",
        params![conversations, messages, at, organisation, id],
    )?;
    Ok(())
}
