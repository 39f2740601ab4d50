//! Every SQL statement on set-up links.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Result, Timestamp};

pub(super) fn insert_setup_link(
    tx: &Tx<'_>,
    token_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO setup_links (token_hash, created_at, expires_at) VALUES (?, ?, ?)",
        params![token_hash, now, expires_at],
    )?;
    Ok(())
}

pub(super) fn delete_setup_links(tx: &Tx<'_>) -> Result<()> {
    tx.execute("DELETE FROM setup_links", params![])?;
    Ok(())
}

pub(super) fn setup_link_expiry(
    reader: &Reader<'_>,
    token_hash: &str,
) -> Result<Option<Timestamp>> {
    reader.query_opt(
        "SELECT expires_at FROM setup_links WHERE token_hash = ?",
        params![token_hash],
        |row| row.get("expires_at"),
    )
}
