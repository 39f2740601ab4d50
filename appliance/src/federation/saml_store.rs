//! Every SQL statement on SAML messages that were taken and on sessions at SAML providers.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{IdentityProviderId, Result, Timestamp};

/// A session at a provider that one of ours came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SamlSessionRow {
    pub(super) provider: IdentityProviderId,
    pub(super) subject: String,
    /// The whole name: JSON.
    pub(super) name_id: String,
    pub(super) name: String,
    pub(super) session_index: Option<String>,
}

/// Notes that a message was taken; `false` when it was before.
pub(super) fn take_message(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    (message_id, expires_at): (&str, Timestamp),
    now: Timestamp,
) -> Result<bool> {
    tx.execute("DELETE FROM saml_taken WHERE expires_at <= ?", params![now])?;
    let taken = tx.execute(
        "INSERT INTO saml_taken (provider_id, message_id, expires_at) VALUES (?, ?, ?)
         ON CONFLICT (provider_id, message_id) DO NOTHING",
        params![provider, message_id, expires_at],
    )?;
    Ok(taken == 1)
}

/// Notes where a session of ours came from, and forgets what is older than any session can be.
pub(super) fn insert_session(
    tx: &Tx<'_>,
    session_hash: &str,
    row: &SamlSessionRow,
    (now, oldest): (Timestamp, Timestamp),
) -> Result<()> {
    tx.execute(
        "DELETE FROM saml_sessions WHERE created_at < ?",
        params![oldest],
    )?;
    tx.execute(
        "INSERT INTO saml_sessions (session_hash, provider_id, subject, name_id, name, session_index, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            session_hash,
            row.provider,
            row.subject.as_str(),
            row.name_id.as_str(),
            row.name.as_str(),
            row.session_index.as_deref(),
            now
        ],
    )?;
    Ok(())
}

fn session(row: &Row<'_>) -> Result<SamlSessionRow> {
    Ok(SamlSessionRow {
        provider: row.get("provider_id")?,
        subject: row.get("subject")?,
        name_id: row.get("name_id")?,
        name: row.get("name")?,
        session_index: row.get("session_index")?,
    })
}

/// The provider's session behind one of ours, or else the newest of the same person.
pub(super) fn find_session(
    reader: &Reader<'_>,
    provider: IdentityProviderId,
    (subject, session_hash): (&str, &str),
) -> Result<Option<SamlSessionRow>> {
    reader.query_opt(
        "SELECT * FROM saml_sessions WHERE provider_id = ? AND subject = ?
         ORDER BY session_hash = ? DESC, created_at DESC LIMIT 1",
        params![provider, subject, session_hash],
        session,
    )
}

/// Whose sessions a provider means by a name, and by session indexes when it names some.
pub(super) fn subjects_named(
    reader: &Reader<'_>,
    provider: IdentityProviderId,
    name: &str,
    indexes: &[String],
) -> Result<Vec<String>> {
    let rows = reader.query_all(
        "SELECT * FROM saml_sessions WHERE provider_id = ? AND name = ? ORDER BY created_at DESC LIMIT 1000",
        params![provider, name],
        session,
    )?;
    let is_meant = |row: &SamlSessionRow| {
        indexes.is_empty()
            || row
                .session_index
                .as_ref()
                .is_none_or(|index| indexes.contains(index))
    };
    let mut subjects: Vec<String> = rows
        .into_iter()
        .filter(is_meant)
        .map(|row| row.subject)
        .collect();
    subjects.sort();
    subjects.dedup();
    Ok(subjects)
}

pub(super) fn delete_sessions_named(
    tx: &Tx<'_>,
    provider: IdentityProviderId,
    subject: &str,
) -> Result<()> {
    tx.execute(
        "DELETE FROM saml_sessions WHERE provider_id = ? AND subject = ?",
        params![provider, subject],
    )?;
    Ok(())
}
