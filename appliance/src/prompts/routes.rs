//! Reading templates and filling them in.

use axum::extract::State;
use guildhall_kernel::{ErrorBody, Page, PageRequest, PromptTemplateId};
use guildhall_web::{Auth, HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    PromptPreview, PromptTemplate, PromptTemplateDetail, PromptVersion, Rendered, Values, Variable,
    Wanted, diff::VersionDiff,
};
use crate::{app::App, identity::perm};

/// Longest search, in characters; what follows is not looked at.
const SEARCH_CHARACTERS_MAX: usize = 200;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_prompts))
        .routes(routes!(read_prompt))
        .routes(routes!(list_prompt_versions))
        .routes(routes!(read_prompt_version))
        .routes(routes!(compare_prompt_versions))
        .routes(routes!(render_prompt))
        .routes(routes!(preview_prompt))
}

/// Which templates to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListPrompts {
    /// Words of the name or the description.
    q: Option<String>,
    /// Archived templates instead of those in use.
    archived: Option<bool>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// Two versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Compare {
    from: u32,
    to: u32,
}

/// Values to fill a template in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RenderPrompt {
    /// The version; the newest when left out.
    version: Option<u32>,
    /// By variable name.
    #[serde(default)]
    values: Values,
}

/// A draft with values to fill it in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreviewPrompt {
    #[schema(max_length = 20000, min_length = 1, pattern = r"\S")]
    body: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    variables: Vec<Variable>,
    /// By variable name.
    #[serde(default)]
    values: Values,
}

/// The organisation's templates by name.
#[utoipa::path(get, path = "/api/prompts", tag = "prompts", params(ListPrompts),
    responses((status = 200, body = Page<PromptTemplate>)))]
async fn list_prompts(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Query(query): Query<ListPrompts>,
) -> HttpResult<Json<Page<PromptTemplate>>> {
    let text = query.q.unwrap_or_default();
    let wanted = Wanted {
        text: text.chars().take(SEARCH_CHARACTERS_MAX).collect(),
        is_archived: query.archived.unwrap_or(false),
    };
    let page = PageRequest {
        cursor: query.cursor,
        limit: query.limit,
    };
    Ok(Json(super::list(&app, &ctx, wanted, &page).await?))
}

/// A template with its newest version.
#[utoipa::path(get, path = "/api/prompts/{id}", tag = "prompts", params(("id" = PromptTemplateId, Path)),
    responses((status = 200, body = PromptTemplateDetail), (status = 404, body = ErrorBody)))]
async fn read_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
) -> HttpResult<Json<PromptTemplateDetail>> {
    Ok(Json(super::detail(&app, &ctx, id).await?))
}

/// A template's versions, newest first.
#[utoipa::path(get, path = "/api/prompts/{id}/versions", tag = "prompts",
    params(("id" = PromptTemplateId, Path), PageRequest),
    responses((status = 200, body = Page<PromptVersion>), (status = 404, body = ErrorBody)))]
async fn list_prompt_versions(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Query(page): Query<PageRequest>,
) -> HttpResult<Json<Page<PromptVersion>>> {
    Ok(Json(super::list_versions(&app, &ctx, id, &page).await?))
}

/// One version of a template.
#[utoipa::path(get, path = "/api/prompts/{id}/versions/{version}", tag = "prompts",
    params(("id" = PromptTemplateId, Path), ("version" = u32, Path)),
    responses((status = 200, body = PromptVersion), (status = 404, body = ErrorBody)))]
async fn read_prompt_version(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Path(place): Path<(PromptTemplateId, u32)>,
) -> HttpResult<Json<PromptVersion>> {
    Ok(Json(super::version(&app, &ctx, place).await?))
}

/// What changed between two versions, line by line.
#[utoipa::path(get, path = "/api/prompts/{id}/diff", tag = "prompts",
    params(("id" = PromptTemplateId, Path), Compare),
    responses((status = 200, body = VersionDiff), (status = 404, body = ErrorBody)))]
async fn compare_prompt_versions(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Query(versions): Query<Compare>,
) -> HttpResult<Json<VersionDiff>> {
    let compared = super::compare(&app, &ctx, id, (versions.from, versions.to));
    Ok(Json(compared.await?))
}

/// Fills a template in. Changes nothing.
#[utoipa::path(post, path = "/api/prompts/{id}/render", tag = "prompts",
    params(("id" = PromptTemplateId, Path)), request_body = RenderPrompt,
    responses((status = 200, body = Rendered), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn render_prompt(
    Auth { ctx, .. }: Auth<perm::PromptsRead>,
    State(app): State<App>,
    Path(id): Path<PromptTemplateId>,
    Json(input): Json<RenderPrompt>,
) -> HttpResult<Json<Rendered>> {
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let values = (&input.values, "values");
        super::render(reader, (organisation, id), input.version, values)
    });
    Ok(Json(read.await?))
}

/// Fills a draft in that is not stored, or says what is wrong with it. Changes nothing.
#[utoipa::path(post, path = "/api/prompts/preview", tag = "prompts", request_body = PreviewPrompt,
    responses((status = 200, body = PromptPreview), (status = 400, body = ErrorBody)))]
async fn preview_prompt(
    _: Auth<perm::PromptsRead>,
    Json(input): Json<PreviewPrompt>,
) -> Json<PromptPreview> {
    Json(super::preview(&input.body, input.variables, &input.values))
}
