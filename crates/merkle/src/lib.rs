//! Append-only Merkle trees of RFC 6962 over nodes that somebody else stores, without I/O.
//!
//! Complete subtrees are stored once, under their level (0: leaves) and position; [`completed`] says which ones a new leaf
//! completes. A root or a proof then reads about as many nodes as the tree is high, squared. [`verify_inclusion`] and
//! [`verify_consistency`] need no nodes at all, and a [`Checkpoint`] is what a log signs.
#![forbid(unsafe_code)]

mod checkpoint;
mod proof;
mod tree;

use sha2::{Digest, Sha256};

pub use checkpoint::{Checkpoint, CheckpointError};
pub use proof::{verify_consistency, verify_inclusion};
pub use tree::{Nodes, completed, consistency, inclusion, root};

/// A node's hash: SHA-256.
pub type Hash = [u8; 32];

/// The hash of a leaf (RFC 6962, 2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The hash of two subtrees (RFC 6962, 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let digest = Sha256::new().chain_update([1]).chain_update(left);
    digest.chain_update(right).finalize().into()
}
