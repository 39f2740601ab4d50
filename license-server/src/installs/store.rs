//! Every SQL statement on installs, leases and nonces.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::model::{Install, Lease};
use crate::ids::{InstallId, LicenceId};

const INSTALL: &str =
    "id, licence_id, key_fingerprint, install_id, public_key, product_version, activated_at,
    last_seen_at, released_at, clone_suspected_at, last_report_seq, request_counter FROM installs";
const SHOWN_MAX: u32 = 1_000;

fn install(row: &Row<'_>) -> Result<Install> {
    Ok(Install {
        id: row.get("id")?,
        licence_id: row.get("licence_id")?,
        key_fingerprint: row.get("key_fingerprint")?,
        node_id: row.get("install_id")?,
        public_key: row.get("public_key")?,
        product_version: row.get("product_version")?,
        activated_at: row.get("activated_at")?,
        last_seen_at: row.get("last_seen_at")?,
        released_at: row.get("released_at")?,
        clone_suspected_at: row.get("clone_suspected_at")?,
        last_report_seq: row.get("last_report_seq")?,
        request_counter: row.get("request_counter")?,
    })
}

/// `false` when the nonce was used before.
pub(super) fn use_nonce(tx: &Tx<'_>, nonce: &str, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "INSERT INTO nonces (nonce, used_at) VALUES (?, ?) ON CONFLICT (nonce) DO NOTHING",
        params![nonce, now],
    )?;
    Ok(changed > 0)
}

/// The install of a licence with this key.
///
/// # Errors
/// Those of the database.
pub fn find_by_key(
    reader: &Reader<'_>,
    licence: LicenceId,
    key_fingerprint: &str,
) -> Result<Option<Install>> {
    let sql = format!("SELECT {INSTALL} WHERE licence_id = ? AND key_fingerprint = ?");
    reader.query_opt(&sql, params![licence, key_fingerprint], install)
}

pub(super) fn find(reader: &Reader<'_>, id: InstallId) -> Result<Option<Install>> {
    let sql = format!("SELECT {INSTALL} WHERE id = ?");
    reader.query_opt(&sql, params![id], install)
}

pub(super) fn list(reader: &Reader<'_>, licence: LicenceId) -> Result<Vec<Install>> {
    let sql = format!("SELECT {INSTALL} WHERE licence_id = ? ORDER BY id DESC LIMIT ?");
    reader.query_all(&sql, params![licence, SHOWN_MAX], install)
}

pub(super) fn count_active(reader: &Reader<'_>, licence: LicenceId) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS installs FROM installs WHERE licence_id = ? AND released_at IS NULL",
        params![licence],
        |row| row.get("installs"),
    )
}

/// Writes an install down; one that was released comes back.
pub(super) fn put(tx: &Tx<'_>, row: &Install) -> Result<()> {
    tx.execute(
        "INSERT INTO installs (id, licence_id, key_fingerprint, install_id, public_key, product_version, activated_at,
         last_seen_at, released_at, clone_suspected_at, request_counter, last_report_seq)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (licence_id, key_fingerprint) DO UPDATE SET install_id = excluded.install_id,
         product_version = excluded.product_version, activated_at = excluded.activated_at,
         last_seen_at = excluded.last_seen_at, released_at = excluded.released_at,
         clone_suspected_at = excluded.clone_suspected_at, request_counter = excluded.request_counter",
        params![
            row.id,
            row.licence_id,
            row.key_fingerprint,
            row.node_id,
            row.public_key,
            row.product_version,
            row.activated_at,
            row.last_seen_at,
            row.released_at,
            row.clone_suspected_at,
            row.request_counter,
            row.last_report_seq
        ],
    )?;
    Ok(())
}

/// `false` when there is no such active install.
pub(super) fn release(tx: &Tx<'_>, id: InstallId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE installs SET released_at = ? WHERE id = ? AND released_at IS NULL",
        params![now, id],
    )?;
    Ok(changed > 0)
}

pub(super) fn insert_lease(tx: &Tx<'_>, lease: &Lease, envelope: &[u8]) -> Result<()> {
    tx.execute(
        "INSERT INTO leases (counter, id, licence_id, serial, install_id, envelope, issued_at, valid_until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            lease.counter,
            lease.id,
            lease.licence_id,
            lease.serial,
            lease.install_id,
            envelope,
            lease.issued_at,
            lease.valid_until
        ],
    )?;
    Ok(())
}

fn lease(row: &Row<'_>) -> Result<Lease> {
    Ok(Lease {
        id: row.get("id")?,
        licence_id: row.get("licence_id")?,
        install_id: row.get("install_id")?,
        serial: row.get("serial")?,
        counter: row.get("counter")?,
        issued_at: row.get("issued_at")?,
        valid_until: row.get("valid_until")?,
    })
}

/// The newest leases of a licence.
pub(super) fn list_leases(reader: &Reader<'_>, licence: LicenceId) -> Result<Vec<Lease>> {
    reader.query_all(
        "SELECT counter, id, licence_id, serial, install_id, issued_at, valid_until FROM leases
         WHERE licence_id = ? ORDER BY counter DESC LIMIT 200",
        params![licence],
        lease,
    )
}

/// An install's newest lease and its signed bytes.
///
/// # Errors
/// Those of the database.
pub fn newest_lease(reader: &Reader<'_>, install: InstallId) -> Result<Option<(Lease, Vec<u8>)>> {
    reader.query_opt(
        "SELECT counter, id, licence_id, serial, install_id, issued_at, valid_until, envelope FROM leases
         WHERE install_id = ? ORDER BY counter DESC LIMIT 1",
        params![install],
        |row| Ok((lease(row)?, row.get("envelope")?)),
    )
}

/// Until when an install's newest lease counts.
///
/// # Errors
/// Those of the database.
pub fn lease_end(reader: &Reader<'_>, install: InstallId) -> Result<Option<Timestamp>> {
    reader.query_opt(
        "SELECT valid_until FROM leases WHERE install_id = ? ORDER BY counter DESC LIMIT 1",
        params![install],
        |row| row.get("valid_until"),
    )
}

/// The public key of this fingerprint and the licence it was last used with.
///
/// # Errors
/// Those of the database.
pub fn find_key(
    reader: &Reader<'_>,
    key_fingerprint: &str,
) -> Result<Option<(Vec<u8>, LicenceId)>> {
    reader.query_opt(
        "SELECT public_key, licence_id FROM installs WHERE key_fingerprint = ? ORDER BY last_seen_at DESC LIMIT 1",
        params![key_fingerprint],
        |row| Ok((row.get("public_key")?, row.get("licence_id")?)),
    )
}
