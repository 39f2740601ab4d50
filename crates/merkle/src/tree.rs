use sha2::{Digest, Sha256};

use crate::{Hash, node_hash};

/// Where the hashes of complete subtrees lie.
pub trait Nodes {
    /// What goes wrong when a node is read.
    type Error;

    /// The hash of the subtree of 2^`level` leaves that begins at leaf `position` · 2^`level`.
    ///
    /// # Errors
    /// When it cannot be read or is not there.
    fn node(&self, level: u32, position: u64) -> Result<Hash, Self::Error>;
}

/// The nodes to store with the leaf at `position` (from 0): its own and those of every subtree that it completes, as level, position, hash.
///
/// # Errors
/// Those of the store.
pub fn completed<N: Nodes>(
    nodes: &N,
    position: u64,
    leaf: Hash,
) -> Result<Vec<(u32, u64, Hash)>, N::Error> {
    let (mut level, mut index, mut hash) = (0, position, leaf);
    let mut new = vec![(level, index, hash)];
    while index % 2 == 1 {
        hash = node_hash(&nodes.node(level, index - 1)?, &hash);
        (level, index) = (level + 1, index / 2);
        new.push((level, index, hash));
    }
    Ok(new)
}

/// The root of the first `size` leaves (RFC 6962, 2.1).
///
/// # Errors
/// Those of the store.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    match size {
        0 => Ok(Sha256::digest([]).into()),
        _ => subtree(nodes, 0, size),
    }
}

/// The audit path of `leaf` in the tree of `size` leaves (RFC 6962, 2.1.1), lowest first; `leaf` must be below `size`.
///
/// # Errors
/// Those of the store.
pub fn inclusion<N: Nodes>(nodes: &N, leaf: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut path, mut start, mut width, mut at) = (Vec::new(), 0, size, leaf);
    while width > 1 {
        let left = split(width);
        if at < left {
            path.push(subtree(nodes, start + left, width - left)?);
            width = left;
        } else {
            path.push(subtree(nodes, start, left)?);
            (start, at, width) = (start + left, at - left, width - left);
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `old` leaves is the beginning of that of `new` (RFC 6962, 2.1.2), for 0 < `old` ≤ `new`.
///
/// # Errors
/// Those of the store.
pub fn consistency<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut proof, mut start, mut width, mut size) = (Vec::new(), 0, new, old);
    let mut is_whole = true;
    while size != width {
        let left = split(width);
        if size <= left {
            proof.push(subtree(nodes, start + left, width - left)?);
            width = left;
        } else {
            proof.push(subtree(nodes, start, left)?);
            (start, size, width, is_whole) = (start + left, size - left, width - left, false);
        }
    }
    if !is_whole {
        proof.push(subtree(nodes, start, width)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The hash of `size` leaves (at least one) from `start`, a multiple of the largest power of two in `size`, as it is everywhere in RFC 6962.
fn subtree<N: Nodes>(nodes: &N, start: u64, size: u64) -> Result<Hash, N::Error> {
    if size.is_power_of_two() {
        return nodes.node(size.trailing_zeros(), start / size);
    }
    let left = split(size);
    let right = subtree(nodes, start + left, size - left)?;
    Ok(node_hash(&subtree(nodes, start, left)?, &right))
}
