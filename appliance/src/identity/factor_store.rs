//! Every SQL statement on second factors: authenticator apps, passkeys, recovery codes.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{PasskeyId, PersonId, Result, SecretId, Timestamp};

use super::passkey::Passkey;

/// An authenticator app; its secret is sealed elsewhere.
pub(super) struct TotpRow {
    pub(super) secret: SecretId,
    pub(super) confirmed_at: Option<Timestamp>,
    /// The newest step whose code was used.
    pub(super) last_step: i64,
}

/// A passkey with what it is checked against.
pub(super) struct PasskeyRow {
    pub(super) id: PasskeyId,
    pub(super) person: PersonId,
    pub(super) name: String,
    pub(super) credential_id: Vec<u8>,
    pub(super) rp_id: String,
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) backup_eligible: bool,
    pub(super) transports: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
}

impl PasskeyRow {
    pub(super) fn view(self) -> Passkey {
        Passkey {
            id: self.id,
            name: self.name,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        }
    }
}

/// Whether the person has an authenticator app or a passkey.
pub(super) fn has_second_factor(reader: &Reader<'_>, person: PersonId) -> Result<bool> {
    let found = reader.query_opt(
        "SELECT 1 AS found WHERE EXISTS
             (SELECT 1 FROM totp_factors WHERE person_id = ? AND confirmed_at IS NOT NULL)
             OR EXISTS (SELECT 1 FROM passkeys WHERE person_id = ?)",
        params![person, person],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn find_totp(reader: &Reader<'_>, person: PersonId) -> Result<Option<TotpRow>> {
    reader.query_opt(
        "SELECT secret_id, confirmed_at, last_step FROM totp_factors WHERE person_id = ?",
        params![person],
        |row| {
            Ok(TotpRow {
                secret: row.get("secret_id")?,
                confirmed_at: row.get("confirmed_at")?,
                last_step: row.get("last_step")?,
            })
        },
    )
}

pub(super) fn insert_totp(
    tx: &Tx<'_>,
    person: PersonId,
    secret: SecretId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO totp_factors (person_id, secret_id, created_at) VALUES (?, ?, ?)",
        params![person, secret, now],
    )?;
    Ok(())
}

pub(super) fn confirm_totp(tx: &Tx<'_>, person: PersonId, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE totp_factors SET confirmed_at = ? WHERE person_id = ?",
        params![now, person],
    )?;
    Ok(())
}

/// Notes the step of a code that was used.
pub(super) fn use_totp(tx: &Tx<'_>, person: PersonId, step: i64) -> Result<()> {
    tx.execute(
        "UPDATE totp_factors SET last_step = ? WHERE person_id = ?",
        params![step, person],
    )?;
    Ok(())
}

pub(super) fn delete_totp(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute(
        "DELETE FROM totp_factors WHERE person_id = ?",
        params![person],
    )?;
    Ok(())
}

const PASSKEY_COLUMNS: &str = "id, person_id, name, credential_id, rp_id, public_key, sign_count,
    backup_eligible, transports, created_at, last_used_at FROM passkeys";

fn passkey(row: &Row<'_>) -> Result<PasskeyRow> {
    Ok(PasskeyRow {
        id: row.get("id")?,
        person: row.get("person_id")?,
        name: row.get("name")?,
        credential_id: row.get("credential_id")?,
        rp_id: row.get("rp_id")?,
        public_key: row.get("public_key")?,
        sign_count: row.get("sign_count")?,
        backup_eligible: row.get("backup_eligible")?,
        transports: serde_json::from_str(&row.get::<String>("transports")?)?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}

/// A person's passkeys, oldest first.
pub(super) fn list_passkeys(reader: &Reader<'_>, person: PersonId) -> Result<Vec<PasskeyRow>> {
    reader.query_all(
        &format!("SELECT {PASSKEY_COLUMNS} WHERE person_id = ? ORDER BY id LIMIT 100"),
        params![person],
        passkey,
    )
}

pub(super) fn find_passkey(
    reader: &Reader<'_>,
    person: PersonId,
    id: PasskeyId,
) -> Result<Option<PasskeyRow>> {
    reader.query_opt(
        &format!("SELECT {PASSKEY_COLUMNS} WHERE person_id = ? AND id = ?"),
        params![person, id],
        passkey,
    )
}

pub(super) fn find_passkey_by_credential(
    reader: &Reader<'_>,
    credential_id: &[u8],
) -> Result<Option<PasskeyRow>> {
    reader.query_opt(
        &format!("SELECT {PASSKEY_COLUMNS} WHERE credential_id = ?"),
        params![credential_id],
        passkey,
    )
}

pub(super) fn insert_passkey(tx: &Tx<'_>, row: &PasskeyRow) -> Result<()> {
    tx.execute(
        "INSERT INTO passkeys (id, person_id, name, credential_id, rp_id, public_key, sign_count,
                               backup_eligible, transports, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.person,
            row.name.as_str(),
            row.credential_id.as_slice(),
            row.rp_id.as_str(),
            row.public_key.as_slice(),
            row.sign_count,
            row.backup_eligible,
            serde_json::to_string(&row.transports)?,
            row.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn rename_passkey(
    tx: &Tx<'_>,
    person: PersonId,
    (id, name): (PasskeyId, &str),
) -> Result<()> {
    tx.execute(
        "UPDATE passkeys SET name = ? WHERE person_id = ? AND id = ?",
        params![name, person, id],
    )?;
    Ok(())
}

/// Notes a passkey's use and the counter to expect more than.
pub(super) fn use_passkey(
    tx: &Tx<'_>,
    id: PasskeyId,
    sign_count: u32,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE passkeys SET sign_count = ?, last_used_at = ? WHERE id = ?",
        params![sign_count, now, id],
    )?;
    Ok(())
}

pub(super) fn delete_passkey(tx: &Tx<'_>, person: PersonId, id: PasskeyId) -> Result<()> {
    tx.execute(
        "DELETE FROM passkeys WHERE person_id = ? AND id = ?",
        params![person, id],
    )?;
    Ok(())
}

pub(super) fn delete_passkeys(tx: &Tx<'_>, person: PersonId) -> Result<()> {
    tx.execute("DELETE FROM passkeys WHERE person_id = ?", params![person])?;
    Ok(())
}

/// Puts new recovery codes in the place of those that are left.
pub(super) fn replace_recovery_codes(
    tx: &Tx<'_>,
    person: PersonId,
    hashes: &[String],
) -> Result<()> {
    tx.execute(
        "DELETE FROM recovery_codes WHERE person_id = ?",
        params![person],
    )?;
    for hash in hashes {
        tx.execute(
            "INSERT INTO recovery_codes (person_id, code_hash) VALUES (?, ?)",
            params![person, hash.as_str()],
        )?;
    }
    Ok(())
}

/// Takes a recovery code out; false when it is none of the person's, or was used.
pub(super) fn use_recovery_code(tx: &Tx<'_>, person: PersonId, hash: &str) -> Result<bool> {
    let deleted = tx.execute(
        "DELETE FROM recovery_codes WHERE person_id = ? AND code_hash = ?",
        params![person, hash],
    )?;
    Ok(deleted > 0)
}

pub(super) fn count_recovery_codes(reader: &Reader<'_>, person: PersonId) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS codes FROM recovery_codes WHERE person_id = ?",
        params![person],
        |row| row.get("codes"),
    )
}
