//! Uploads of model files over HTTP.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::StatusCode,
};
use guildhall_kernel::{Error, ErrorBody, ErrorKind, Page, UploadId};
use guildhall_web::{Auth, HttpResult, Json, Path, Query, limits};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{CompleteUpload, Model, NewUpload, Upload, upload_model::CHUNK_BYTES_MAX};
use crate::{app::App, identity::perm};

/// A piece may take this long over a slow network.
const PIECE_TIME_MAX: Duration = Duration::from_secs(1800);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_upload, list_uploads))
        .routes(routes!(find_upload, send_piece, remove_upload))
        .routes(routes!(complete_upload))
}

/// Begins an upload. What cannot end well is refused before a byte is taken.
#[utoipa::path(post, path = "/api/admin/models/uploads", tag = "models", request_body = NewUpload,
    responses((status = 201, body = Upload), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 507, body = ErrorBody)))]
async fn create_upload(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Json(input): Json<NewUpload>,
) -> HttpResult<(StatusCode, Json<Upload>)> {
    let upload = app.inference.create_upload(&ctx, input).await?;
    Ok((StatusCode::CREATED, Json(upload)))
}

/// Every upload under way, oldest first.
#[utoipa::path(get, path = "/api/admin/models/uploads", tag = "models",
    responses((status = 200, body = Page<Upload>)))]
async fn list_uploads(
    _: Auth<perm::ModelsManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Upload>>> {
    Ok(Json(Page::complete(app.inference.list_uploads().await?)))
}

/// How far an upload is: ask this before going on after an interruption.
#[utoipa::path(get, path = "/api/admin/models/uploads/{id}", tag = "models", params(("id" = UploadId, Path)),
    responses((status = 200, body = Upload), (status = 404, body = ErrorBody)))]
async fn find_upload(
    _: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(upload): Path<UploadId>,
) -> HttpResult<Json<Upload>> {
    Ok(Json(app.inference.upload(upload).await?))
}

/// Where a piece belongs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Piece {
    /// Bytes of the file before this piece: the upload's `received_bytes`.
    offset: u64,
}

/// A piece of a file, at most `chunk_bytes_max` bytes.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "only its description is used; the body is written to the disk as it comes"
)]
#[schema(value_type = String, format = Binary)]
struct PieceBytes(Vec<u8>);

/// Sends the next piece of a file, at most `chunk_bytes_max` bytes. What has arrived counts also when the
/// connection breaks; the answer, or the upload itself, says where to go on.
#[utoipa::path(patch, path = "/api/admin/models/uploads/{id}", tag = "models",
    params(("id" = UploadId, Path), Piece),
    request_body(content = PieceBytes, content_type = "application/octet-stream"),
    responses((status = 200, body = Upload), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 507, body = ErrorBody)))]
async fn send_piece(
    _: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(upload): Path<UploadId>,
    Query(piece): Query<Piece>,
    request: Request,
) -> HttpResult<Json<Upload>> {
    limits::extend_deadline(PIECE_TIME_MAX);
    let body = body_of(request)?;
    let received = app.inference.receive_piece(upload, piece.offset, body);
    Ok(Json(received.await?))
}

/// The body, unread: it is written to the disk as it comes.
fn body_of(request: Request) -> Result<Body, Error> {
    use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
    let text = |name| request.headers().get(name)?.to_str().ok();
    if text(CONTENT_TYPE) != Some("application/octet-stream") {
        return Err(Error::new(
            ErrorKind::UnsupportedMedia,
            "unsupported_media_type",
            "a piece of a file is bytes; send `Content-Type: application/octet-stream`",
        ));
    }
    let length: Option<u64> = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if length.is_some_and(|length| length > CHUNK_BYTES_MAX) {
        let message = format!("a piece has at most {CHUNK_BYTES_MAX} bytes; send smaller ones");
        return Err(Error::new(ErrorKind::TooLarge, "body_too_large", message));
    }
    Ok(request.into_body())
}

/// Makes a whole upload a model, once its licence is accepted.
#[utoipa::path(post, path = "/api/admin/models/uploads/{id}/complete", tag = "models",
    params(("id" = UploadId, Path)), request_body = CompleteUpload,
    responses((status = 201, body = Model), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn complete_upload(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(upload): Path<UploadId>,
    Json(how): Json<CompleteUpload>,
) -> HttpResult<(StatusCode, Json<Model>)> {
    // A pack's model is copied out of it.
    limits::extend_deadline(PIECE_TIME_MAX);
    let model = app.inference.complete_upload(&ctx, upload, how).await?;
    Ok((StatusCode::CREATED, Json(model)))
}

/// Gives an upload up and removes what has arrived of it.
#[utoipa::path(delete, path = "/api/admin/models/uploads/{id}", tag = "models", params(("id" = UploadId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn remove_upload(
    Auth { ctx, .. }: Auth<perm::ModelsManage>,
    State(app): State<App>,
    Path(upload): Path<UploadId>,
) -> HttpResult<StatusCode> {
    app.inference.remove_upload(&ctx, upload).await?;
    Ok(StatusCode::NO_CONTENT)
}
