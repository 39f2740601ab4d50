//! The issuance log: everything that was ever signed here, or accepted from a signer, in an append-only
//! Merkle tree (RFC 6962) under signed checkpoints. Who keeps a checkpoint can prove later that nothing
//! was left out, changed or issued behind the log's back.
//!
//! Invariants: an entry is written in the transaction of what it records; it never changes (the database
//! refuses); every position below the size is there.

mod routes;
mod store;
mod tree;

use guildhall_db::Tx;
use guildhall_kernel::{Result, Timestamp};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, artefact, ctx::Ctx};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// The bytes of an entry: one JSON object, keys in this order. It names what was signed by its hash.
#[derive(Serialize)]
struct Leaf<'a> {
    position: u64,
    kind: &'a str,
    subject: &'a str,
    at: Timestamp,
    envelope_sha256: String,
}

/// Appends an entry, in the caller's transaction. `what` is `license`, `lease` or `crl`, and its name.
///
/// # Errors
/// Those of the database.
pub fn append(tx: &Tx<'_>, ctx: &Ctx, what: (&str, &str), envelope: &[u8]) -> Result<()> {
    let leaf = Leaf {
        position: store::size(tx)?,
        kind: what.0,
        subject: what.1,
        at: ctx.now(),
        envelope_sha256: artefact::sha256_hex(envelope),
    };
    let bytes = serde_json::to_vec(&leaf)?;
    let hash = guildhall_merkle::leaf_hash(&bytes);
    store::insert(tx, &leaf, &bytes, &hash)?;
    tree::append(tx, leaf.position, hash)
}
