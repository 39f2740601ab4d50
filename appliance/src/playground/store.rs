//! Every SQL statement on `playground_runs` and `playground_answers`.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{OrgId, PersonId, PlaygroundAnswerId, PlaygroundRunId, Result};

use super::model::{AnswerState, StoredAnswer, StoredRun};

const RUN: &str = "id, person_id, prompt_sha256, prompt, in_turn, best_answer_id, created_at
    FROM playground_runs";

const ANSWER: &str = "id, organisation_id, run_id, position, model, parameters, state, text, facts
    FROM playground_answers";

fn run(row: &Row<'_>) -> Result<StoredRun> {
    Ok(StoredRun {
        id: row.get("id")?,
        person: row.get("person_id")?,
        prompt_sha256: row.get("prompt_sha256")?,
        prompt: serde_json::from_str(&row.get::<String>("prompt")?)?,
        in_turn: row.get("in_turn")?,
        best_answer: row.get("best_answer_id")?,
        created_at: row.get("created_at")?,
    })
}

fn answer(row: &Row<'_>) -> Result<StoredAnswer> {
    Ok(StoredAnswer {
        id: row.get("id")?,
        organisation: row.get("organisation_id")?,
        run: row.get("run_id")?,
        position: row.get("position")?,
        model: row.get("model")?,
        parameters: serde_json::from_str(&row.get::<String>("parameters")?)?,
        state: AnswerState::from_stored(&row.get::<String>("state")?),
        text: row.get("text")?,
        facts: serde_json::from_str(&row.get::<String>("facts")?)?,
    })
}

pub(super) fn insert_run(tx: &Tx<'_>, organisation: OrgId, run: &StoredRun) -> Result<()> {
    tx.execute(
        "INSERT INTO playground_runs (id, organisation_id, person_id, prompt_sha256, prompt, in_turn, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            run.id,
            organisation,
            run.person,
            run.prompt_sha256.as_str(),
            serde_json::to_string(&run.prompt)?,
            run.in_turn,
            run.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn insert_answer(tx: &Tx<'_>, answer: &StoredAnswer) -> Result<()> {
    tx.execute(
        "INSERT INTO playground_answers (id, organisation_id, run_id, position, model, parameters, state, text, facts)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            answer.id,
            answer.organisation,
            answer.run,
            answer.position,
            answer.model.as_str(),
            serde_json::to_string(&answer.parameters)?,
            answer.state.as_str(),
            answer.text.as_str(),
            serde_json::to_string(&answer.facts)?
        ],
    )?;
    Ok(())
}

pub(super) fn finish_answer(tx: &Tx<'_>, answer: &StoredAnswer) -> Result<()> {
    tx.execute(
        "UPDATE playground_answers SET state = ?, text = ?, facts = ? WHERE organisation_id = ? AND id = ?",
        params![
            answer.state.as_str(),
            answer.text.as_str(),
            serde_json::to_string(&answer.facts)?,
            answer.organisation,
            answer.id
        ],
    )?;
    Ok(())
}

pub(super) fn find_run(
    reader: &Reader<'_>,
    organisation: OrgId,
    id: PlaygroundRunId,
) -> Result<Option<StoredRun>> {
    reader.query_opt(
        &format!("SELECT {RUN} WHERE organisation_id = ? AND id = ?"),
        params![organisation, id],
        run,
    )
}

/// One page, newest first, of one person or of everyone.
pub(super) fn list_runs(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, Option<PersonId>),
    (before, limit): (Option<&str>, u32),
) -> Result<Vec<StoredRun>> {
    let person = person.map(|person| person.to_string()).unwrap_or_default();
    let before = before.unwrap_or_default();
    reader.query_all(
        &format!(
            "SELECT {RUN} WHERE organisation_id = ? AND (? = '' OR person_id = ?) AND (? = '' OR id < ?)
             ORDER BY id DESC LIMIT ?"
        ),
        params![organisation, person, person, before, before, limit],
        run,
    )
}

/// The answers of a run by column.
pub(super) fn list_answers(
    reader: &Reader<'_>,
    organisation: OrgId,
    run: PlaygroundRunId,
) -> Result<Vec<StoredAnswer>> {
    reader.query_all(
        &format!("SELECT {ANSWER} WHERE organisation_id = ? AND run_id = ? ORDER BY position"),
        params![organisation, run],
        answer,
    )
}

/// Answers that a stop of the node cut off.
pub(super) fn list_running(reader: &Reader<'_>) -> Result<Vec<StoredAnswer>> {
    reader.query_all(
        &format!("SELECT {ANSWER} WHERE state = 'running' LIMIT 10000"),
        params![],
        answer,
    )
}

pub(super) fn set_best(
    tx: &Tx<'_>,
    (organisation, run): (OrgId, PlaygroundRunId),
    best: Option<PlaygroundAnswerId>,
) -> Result<()> {
    tx.execute(
        "UPDATE playground_runs SET best_answer_id = ? WHERE organisation_id = ? AND id = ?",
        params![best, organisation, run],
    )?;
    Ok(())
}

pub(super) fn delete_run(tx: &Tx<'_>, organisation: OrgId, run: PlaygroundRunId) -> Result<()> {
    tx.execute(
        "DELETE FROM playground_runs WHERE organisation_id = ? AND id = ?",
        params![organisation, run],
    )?;
    Ok(())
}

/// Ids of a person's runs beyond the newest `kept`, oldest last.
pub(super) fn list_surplus(
    reader: &Reader<'_>,
    (organisation, person): (OrgId, PersonId),
    kept: u32,
) -> Result<Vec<PlaygroundRunId>> {
    reader.query_all(
        "SELECT id FROM playground_runs WHERE organisation_id = ? AND person_id = ?
         ORDER BY id DESC LIMIT 100 OFFSET ?",
        params![organisation, person, kept],
        |row| row.get("id"),
    )
}
