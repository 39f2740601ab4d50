//! The log, its checkpoint and its proofs.

use axum::extract::State;
use guildhall_kernel::{Error, Page, PageRequest, Result};
use guildhall_merkle::{Hash, consistency, inclusion, root};
use guildhall_web::{HttpResult, Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    store::{self, Checkpoint, LogEntry},
    tree::Stored,
};
use crate::{
    access::{Auth, perm},
    app::App,
    audit,
};

/// The name of the log, in its checkpoints.
const ORIGIN: &str = "guildhall-license-server/issuance-log";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_entries))
        .routes(routes!(read_checkpoint))
        .routes(routes!(prove_inclusion))
        .routes(routes!(prove_consistency))
}

/// Which entry, in a log of which size.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct InclusionQuery {
    /// The entry's place, from 0.
    position: u64,
    /// The size of the checkpoint it is proved against.
    size: u64,
}

/// From which size to which.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ConsistencyQuery {
    from: u64,
    to: u64,
}

/// The hashes of a proof, in hex, in the order of RFC 6962.
#[derive(Serialize, ToSchema)]
struct Proof {
    hashes: Vec<String>,
}

fn to_proof(hashes: &[Hash]) -> Proof {
    Proof {
        hashes: hashes
            .iter()
            .map(|hash| data_encoding::HEXLOWER.encode(hash))
            .collect(),
    }
}

fn checkpoint(tx: &guildhall_db::Tx<'_>, app: &App) -> Result<Checkpoint> {
    let size = store::size(tx)?;
    if let Some(known) = store::find_checkpoint(tx, size)? {
        return Ok(known);
    }
    let root = root(&Stored(tx), size)?;
    let signed = guildhall_merkle::Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root,
    };
    let made = Checkpoint {
        size,
        root: data_encoding::HEXLOWER.encode(&root),
        note: signed.sign(&app.keys.log()),
        at: app.clock.now(),
    };
    store::insert_checkpoint(tx, &made, &root)?;
    Ok(made)
}

fn out_of_range() -> Error {
    Error::invalid(
        "out_of_range",
        "the log has no such place or size; ask within the newest checkpoint",
    )
}

/// The log, newest first.
#[utoipa::path(get, path = "/api/log", tag = "log", params(PageRequest),
    responses((status = 200, body = Page<LogEntry>)))]
async fn list_entries(
    _: Auth<perm::LogRead>,
    State(app): State<App>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<LogEntry>>> {
    let read = app.db.read(move |reader| store::list(reader, &page));
    Ok(Json(read.await?))
}

/// The signed checkpoint of the whole log.
#[utoipa::path(get, path = "/api/log/checkpoint", tag = "log", responses((status = 200, body = Checkpoint)))]
async fn read_checkpoint(
    Auth { ctx, .. }: Auth<perm::LogRead>,
    State(app): State<App>,
) -> HttpResult<Json<Checkpoint>> {
    let server = app.clone();
    let written = app.db.write(move |tx| {
        let size = store::size(tx)?;
        let is_new = store::find_checkpoint(tx, size)?.is_none();
        let point = checkpoint(tx, &server)?;
        if is_new {
            audit::record(tx, &ctx, "log.checkpoint", point.size)?;
        }
        Ok(point)
    });
    Ok(Json(written.await?))
}

/// Proves that an entry stands in the log.
#[utoipa::path(get, path = "/api/log/inclusion", tag = "log", params(InclusionQuery),
    responses((status = 200, body = Proof)))]
async fn prove_inclusion(
    _: Auth<perm::LogRead>,
    State(app): State<App>,
    Query(asked): Query<InclusionQuery>,
) -> HttpResult<Json<Proof>> {
    let read = app.db.read(move |reader| {
        if asked.position >= asked.size || asked.size > store::size(reader)? {
            return Err(out_of_range());
        }
        inclusion(&Stored(reader), asked.position, asked.size)
    });
    Ok(Json(to_proof(&read.await?)))
}

/// Proves that an older checkpoint's log is the beginning of a newer one's.
#[utoipa::path(get, path = "/api/log/consistency", tag = "log", params(ConsistencyQuery),
    responses((status = 200, body = Proof)))]
async fn prove_consistency(
    _: Auth<perm::LogRead>,
    State(app): State<App>,
    Query(asked): Query<ConsistencyQuery>,
) -> HttpResult<Json<Proof>> {
    let read = app.db.read(move |reader| {
        if asked.from == 0 || asked.from > asked.to || asked.to > store::size(reader)? {
            return Err(out_of_range());
        }
        consistency(&Stored(reader), asked.from, asked.to)
    });
    Ok(Json(to_proof(&read.await?)))
}
