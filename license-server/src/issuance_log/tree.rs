//! The Merkle tree of RFC 6962 over stored nodes: complete subtrees are written once, so that a root or
//! a proof reads about as many rows as the tree is high, squared.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::{Error, Result};
use sha2::{Digest, Sha256};

/// A node's hash.
pub(super) type Hash = [u8; 32];

/// RFC 6962, 2.1: the hash of a leaf.
pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let digest = Sha256::new().chain_update([1]).chain_update(left);
    digest.chain_update(right).finalize().into()
}

/// Writes a leaf's node and every subtree that it completes.
pub(super) fn append(tx: &Tx<'_>, position: u64, leaf: Hash) -> Result<()> {
    let (mut level, mut index, mut hash) = (0_u32, position, leaf);
    loop {
        tx.execute(
            "INSERT INTO log_nodes (level, position, hash) VALUES (?, ?, ?)",
            params![level, index, hash],
        )?;
        if index % 2 == 0 {
            return Ok(());
        }
        hash = node_hash(&node(tx, level, index - 1)?, &hash);
        (level, index) = (level + 1, index / 2);
    }
}

fn node(reader: &Reader<'_>, level: u32, position: u64) -> Result<Hash> {
    let bytes = reader.query_one(
        "SELECT hash FROM log_nodes WHERE level = ? AND position = ?",
        params![level, position],
        |row| row.get::<Vec<u8>>("hash"),
    )?;
    Hash::try_from(bytes.as_slice())
        .map_err(|_| Error::internal("a node of the issuance log is not a hash"))
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The hash of the leaves from `start`, `size` of them (at least one); `start` is a multiple of the
/// largest power of two in `size`, as it is everywhere in RFC 6962.
fn subtree(reader: &Reader<'_>, start: u64, size: u64) -> Result<Hash> {
    if size.is_power_of_two() {
        return node(reader, size.trailing_zeros(), start / size);
    }
    let left = split(size);
    let right = subtree(reader, start + left, size - left)?;
    Ok(node_hash(&subtree(reader, start, left)?, &right))
}

/// The root of the first `size` leaves (RFC 6962, 2.1).
pub(super) fn root(reader: &Reader<'_>, size: u64) -> Result<Hash> {
    if size == 0 {
        return Ok(Sha256::digest([]).into());
    }
    subtree(reader, 0, size)
}

/// The audit path of a leaf in the tree of `size` leaves (RFC 6962, 2.1.1), lowest first.
pub(super) fn inclusion(reader: &Reader<'_>, leaf: u64, size: u64) -> Result<Vec<Hash>> {
    let (mut path, mut start, mut width, mut at) = (Vec::new(), 0, size, leaf);
    while width > 1 {
        let left = split(width);
        if at < left {
            path.push(subtree(reader, start + left, width - left)?);
            width = left;
        } else {
            path.push(subtree(reader, start, left)?);
            (start, at, width) = (start + left, at - left, width - left);
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is the beginning of that of `new` (RFC 6962, 2.1.2), for
/// `0 < old <= new`.
pub(super) fn consistency(reader: &Reader<'_>, old: u64, new: u64) -> Result<Vec<Hash>> {
    let (mut proof, mut start, mut width, mut size) = (Vec::new(), 0, new, old);
    let mut is_whole = true;
    while size != width {
        let left = split(width);
        if size <= left {
            proof.push(subtree(reader, start + left, width - left)?);
            width = left;
        } else {
            proof.push(subtree(reader, start, left)?);
            (start, size, width, is_whole) = (start + left, size - left, width - left, false);
        }
    }
    if !is_whole {
        proof.push(subtree(reader, start, width)?);
    }
    proof.reverse();
    Ok(proof)
}
