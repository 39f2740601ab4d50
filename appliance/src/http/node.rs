//! Health, metrics and the state of the node.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorBody, Timestamp};
use guildhall_web::{Auth, HttpResult, Json, Public};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, identity::perm, telemetry};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(node_status))
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "node", security(()), responses((status = 200, body = Health)))]
async fn healthz(_: Public) -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The node takes requests: its database reads and writes.
#[utoipa::path(get, path = "/readyz", tag = "node", security(()),
    responses((status = 200, body = Health), (status = 503, body = ErrorBody)))]
async fn readyz(_: Public, State(app): State<App>) -> HttpResult<Json<Health>> {
    if app.shutdown.is_cancelled() {
        return Err(Error::unavailable(
            "stopping",
            "the node is stopping; try again when it is back",
            5,
        )
        .into());
    }
    app.db.read(|_| Ok(())).await?;
    Ok(Json(Health { status: "ready" }))
}

/// Figures in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "node",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(_: Auth<perm::NodeObserve>, State(app): State<App>) -> Response {
    let counters = app.db.counters();
    metrics::gauge!("guildhall_turns_running").set(if app.turns.is_empty() { 0.0 } else { 1.0 });
    metrics::counter!("guildhall_db_batches_total").absolute(counters.batches);
    metrics::counter!("guildhall_db_writes_total").absolute(counters.closures);
    for (model, turns, waiting) in app.inference.turns() {
        note_turns(
            &model,
            "interactive",
            (turns.interactive, waiting.interactive),
        );
        note_turns(&model, "background", (turns.background, waiting.background));
    }
    let text = telemetry::render_metrics();
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

fn note_turns(model: &str, priority: &'static str, (turns, waiting): (u64, u64)) {
    metrics::counter!("guildhall_model_turns_total", "model" => model.to_owned(), "priority" => priority)
        .absolute(turns);
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    metrics::gauge!("guildhall_model_waiting", "model" => model.to_owned(), "priority" => priority)
        .set(f64::from(waiting));
}

/// How the node is.
#[derive(Serialize, ToSchema)]
struct NodeStatus {
    name: String,
    version: &'static str,
    /// A short name of this installation's key, to compare by eye.
    fingerprint: String,
    ready: bool,
    started_at: Timestamp,
    listen: String,
    tls: bool,
    /// Bytes free where the data lies.
    data_dir_free_bytes: u64,
    /// Bytes of memory the machine has.
    memory_bytes: u64,
    /// Bytes of memory the node itself takes, without engines.
    node_memory_bytes: u64,
    models_ready: u32,
}

/// How the node is.
#[utoipa::path(get, path = "/api/admin/node", tag = "node", responses((status = 200, body = NodeStatus)))]
async fn node_status(
    _: Auth<perm::NodeObserve>,
    State(app): State<App>,
) -> HttpResult<Json<NodeStatus>> {
    let space = rustix::fs::statvfs(&app.data_dir)
        .map_err(std::io::Error::from)
        .map_err(Error::from)?;
    Ok(Json(NodeStatus {
        name: app.config.name.clone(),
        version: env!("CARGO_PKG_VERSION"),
        fingerprint: app.keys.fingerprint(),
        ready: !app.shutdown.is_cancelled(),
        started_at: app.started_at,
        listen: app.config.listen.to_string(),
        tls: app.config.is_tls(),
        data_dir_free_bytes: space.f_bavail.saturating_mul(space.f_frsize),
        memory_bytes: telemetry::machine_memory_bytes(),
        node_memory_bytes: telemetry::resident_bytes(),
        models_ready: app.inference.ready_count(),
    }))
}
