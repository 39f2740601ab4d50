//! Changing templates.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, PromptTemplateId, text::NameText};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Draft, PromptTemplate, Variable, edit};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_prompt))
        .routes(routes!(describe_prompt))
        .routes(routes!(add_prompt_version))
        .routes(routes!(restore_prompt_version))
        .routes(routes!(archive_prompt))
        .routes(routes!(unarchive_prompt))
}

/// A new template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreatePrompt {
    /// At most 80 characters; unique among the templates in use.
    #[schema(value_type = NameText)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// Text with `{{variable}}` places; `\{{` stands for two plain braces.
    #[schema(max_length = 20000, min_length = 1, pattern = r"\S")]
    body: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    variables: Vec<Variable>,
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

/// Another name or description; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DescribePrompt {
    /// The revision this change was made on.
    revision: u32,
    #[schema(value_type = Option<NameText>)]
    name: Option<String>,
    #[schema(max_length = 500)]
    description: Option<String>,
}

/// A new version.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddPromptVersion {
    /// The revision this change was made on.
    revision: u32,
    #[schema(max_length = 20000, min_length = 1, pattern = r"\S")]
    body: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    variables: Vec<Variable>,
    /// What changed, at most 300 characters.
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

/// An older version to bring back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RestorePromptVersion {
    /// The revision this change was made on.
    revision: u32,
    #[serde(default)]
    #[schema(max_length = 300)]
    note: String,
}

/// Which state of the template is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptRevision {
    /// The revision this change was made on.
    revision: u32,
}

/// Makes a template.
#[utoipa::path(post, path = "/api/prompts", tag = "prompts", request_body = CreatePrompt,
    responses((status = 201, body = PromptTemplate), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Json(input): Json<CreatePrompt>,
) -> HttpResult<(StatusCode, Json<PromptTemplate>)> {
    let draft = Draft {
        body: input.body,
        variables: input.variables,
        note: input.note,
    };
    let created = edit::create(&app, &ctx, (&input.name, &input.description), draft).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Gives a template another name or description.
#[utoipa::path(patch, path = "/api/prompts/{id}", tag = "prompts", params(("id" = PromptTemplateId, Path)),
    request_body = DescribePrompt,
    responses((status = 200, body = PromptTemplate), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn describe_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Json(input): Json<DescribePrompt>,
) -> HttpResult<Json<PromptTemplate>> {
    let words = (input.name, input.description);
    Ok(Json(
        edit::describe(&app, &ctx, (id, input.revision), words).await?,
    ))
}

/// Adds a version to a template.
#[utoipa::path(post, path = "/api/prompts/{id}/versions", tag = "prompts", params(("id" = PromptTemplateId, Path)),
    request_body = AddPromptVersion,
    responses((status = 201, body = PromptTemplate), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody)))]
async fn add_prompt_version(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Json(input): Json<AddPromptVersion>,
) -> HttpResult<(StatusCode, Json<PromptTemplate>)> {
    let draft = Draft {
        body: input.body,
        variables: input.variables,
        note: input.note,
    };
    let changed = edit::add_version(&app, &ctx, (id, input.revision), draft).await?;
    Ok((StatusCode::CREATED, Json(changed)))
}

/// Brings an older version back, as a new one.
#[utoipa::path(post, path = "/api/prompts/{id}/versions/{version}/restore", tag = "prompts",
    params(("id" = PromptTemplateId, Path), ("version" = u32, Path)), request_body = RestorePromptVersion,
    responses((status = 201, body = PromptTemplate), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn restore_prompt_version(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Path((id, version)): Path<(PromptTemplateId, u32)>,
    Json(input): Json<RestorePromptVersion>,
) -> HttpResult<(StatusCode, Json<PromptTemplate>)> {
    let wanted = (version, input.note.as_str());
    let changed = edit::restore(&app, &ctx, (id, input.revision), wanted).await?;
    Ok((StatusCode::CREATED, Json(changed)))
}

/// Takes a template out of the lists people choose from; its versions stay.
#[utoipa::path(post, path = "/api/prompts/{id}/archive", tag = "prompts", params(("id" = PromptTemplateId, Path)),
    request_body = PromptRevision,
    responses((status = 200, body = PromptTemplate), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn archive_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Json(input): Json<PromptRevision>,
) -> HttpResult<Json<PromptTemplate>> {
    Ok(Json(
        edit::set_archived(&app, &ctx, (id, input.revision), true).await?,
    ))
}

/// Brings an archived template back.
#[utoipa::path(post, path = "/api/prompts/{id}/unarchive", tag = "prompts", params(("id" = PromptTemplateId, Path)),
    request_body = PromptRevision,
    responses((status = 200, body = PromptTemplate), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unarchive_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsManage>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Json(input): Json<PromptRevision>,
) -> HttpResult<Json<PromptTemplate>> {
    Ok(Json(
        edit::set_archived(&app, &ctx, (id, input.revision), false).await?,
    ))
}
