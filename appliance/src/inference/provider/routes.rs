//! Providers over HTTP.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, Page, ProviderId};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{NewProvider, Provider, ProviderChange, ProviderModel, TestReport};
use crate::{app::App, identity::perm};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_providers, create_provider))
        .routes(routes!(read_provider, update_provider, delete_provider))
        .routes(routes!(set_provider_models))
        .routes(routes!(test_provider))
}

/// The models of a provider and their prices.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderModels {
    #[schema(max_items = 200)]
    models: Vec<ProviderModel>,
}

/// What to test.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderTest {
    /// As the provider calls it; its first model when left out.
    model: Option<String>,
}

/// Every provider of models outside the node.
#[utoipa::path(get, path = "/api/admin/providers", tag = "providers", responses((status = 200, body = Page<Provider>)))]
async fn list_providers(
    _: Auth<perm::ProvidersManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Provider>>> {
    Ok(Json(Page::complete(
        app.inference.providers().list().await?,
    )))
}

/// Enters a provider; nothing is sent to it.
#[utoipa::path(post, path = "/api/admin/providers", tag = "providers", request_body = NewProvider,
    responses((status = 201, body = Provider), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_provider(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Json(input): Json<NewProvider>,
) -> HttpResult<(StatusCode, Json<Provider>)> {
    let provider = app.inference.providers().create(&ctx, input).await?;
    Ok((StatusCode::CREATED, Json(provider)))
}

/// One provider.
#[utoipa::path(get, path = "/api/admin/providers/{id}", tag = "providers", params(("id" = ProviderId, Path)),
    responses((status = 200, body = Provider), (status = 404, body = ErrorBody)))]
async fn read_provider(
    _: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(provider): Path<ProviderId>,
) -> HttpResult<Json<Provider>> {
    Ok(Json(app.inference.providers().read(provider).await?))
}

/// Changes a provider, switches it on or off, replaces its credentials.
#[utoipa::path(patch, path = "/api/admin/providers/{id}", tag = "providers", params(("id" = ProviderId, Path)),
    request_body = ProviderChange,
    responses((status = 200, body = Provider), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update_provider(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(provider): Path<ProviderId>,
    Json(change): Json<ProviderChange>,
) -> HttpResult<Json<Provider>> {
    let providers = app.inference.providers();
    Ok(Json(providers.update(&ctx, provider, change).await?))
}

/// Removes a provider that nothing uses, with its credentials.
#[utoipa::path(delete, path = "/api/admin/providers/{id}", tag = "providers", params(("id" = ProviderId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn delete_provider(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(provider): Path<ProviderId>,
) -> HttpResult<StatusCode> {
    app.inference.providers().delete(&ctx, provider).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces the models of a provider and their prices.
#[utoipa::path(put, path = "/api/admin/providers/{id}/models", tag = "providers", params(("id" = ProviderId, Path)),
    request_body = ProviderModels,
    responses((status = 200, body = Provider), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_provider_models(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(provider): Path<ProviderId>,
    Json(input): Json<ProviderModels>,
) -> HttpResult<Json<Provider>> {
    let providers = app.inference.providers();
    Ok(Json(
        providers.set_models(&ctx, provider, input.models).await?,
    ))
}

/// Makes one tiny real call and tells how each step went.
#[utoipa::path(post, path = "/api/admin/providers/{id}/test", tag = "providers", params(("id" = ProviderId, Path)),
    request_body = ProviderTest,
    responses((status = 200, body = TestReport), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn test_provider(
    Auth { ctx, .. }: Auth<perm::ProvidersManage>,
    State(app): State<App>,
    Path(provider): Path<ProviderId>,
    Json(input): Json<ProviderTest>,
) -> HttpResult<Json<TestReport>> {
    let providers = app.inference.providers();
    let model = input.model.as_deref();
    Ok(Json(providers.test(&ctx, provider, model).await?))
}
