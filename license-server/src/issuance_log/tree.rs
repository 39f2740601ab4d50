//! Where the nodes of the log's tree lie. What they mean is `guildhall-merkle`'s.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Error, Result};
use guildhall_merkle::{Hash, Nodes, completed};

/// The stored nodes, as a transaction or a reader sees them.
pub(super) struct Stored<'a, 'connection>(pub(super) &'a Reader<'connection>);

impl Nodes for Stored<'_, '_> {
    type Error = Error;

    fn node(&self, level: u32, position: u64) -> Result<Hash> {
        let bytes = self.0.query_one(
            "SELECT hash FROM log_nodes WHERE level = ? AND position = ?",
            params![level, position],
            |row| row.get::<Vec<u8>>("hash"),
        )?;
        Hash::try_from(bytes.as_slice())
            .map_err(|_| Error::internal("a node of the issuance log is not a hash"))
    }
}

/// Writes a leaf's node and every subtree that it completes.
pub(super) fn append(tx: &Tx<'_>, position: u64, leaf: Hash) -> Result<()> {
    for (level, place, hash) in completed(&Stored(tx), position, leaf)? {
        tx.execute(
            "INSERT INTO log_nodes (level, position, hash) VALUES (?, ?, ?)",
            params![level, place, hash],
        )?;
    }
    Ok(())
}
