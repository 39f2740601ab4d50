//! Identity providers over HTTP, for who administers the node.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{ErrorBody, IdentityProviderId, Page};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    IdentityProvider, IdentityProviderChange, LoginTest, LoginTestResult, NewIdentityProvider,
    SamlMetadata, admin, keys, store, trial,
};
use crate::{
    app::App,
    identity::{SourceRefusal, list_refusals, perm},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_identity_providers, create_identity_provider))
        .routes(routes!(
            read_identity_provider,
            update_identity_provider,
            delete_identity_provider
        ))
        .routes(routes!(parse_saml_metadata))
        .routes(routes!(test_identity_provider))
        .routes(routes!(read_identity_provider_test))
        .routes(routes!(rotate_saml_key))
        .routes(routes!(activate_saml_key))
        .routes(routes!(list_provider_refusals))
}

/// Metadata to read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MetadataText {
    xml: String,
}

/// Every identity provider.
#[utoipa::path(get, path = "/api/admin/identity-providers", tag = "sign-in", responses((status = 200, body = Page<IdentityProvider>)))]
async fn list_identity_providers(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<IdentityProvider>>> {
    Ok(Json(Page::complete(admin::list(&app).await?)))
}

/// Enters an identity provider; nothing is sent to it.
#[utoipa::path(post, path = "/api/admin/identity-providers", tag = "sign-in", request_body = NewIdentityProvider,
    responses((status = 201, body = IdentityProvider), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_identity_provider(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Json(input): Json<NewIdentityProvider>,
) -> HttpResult<(StatusCode, Json<IdentityProvider>)> {
    let provider = admin::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(provider)))
}

/// One identity provider, with the logins it was refused lately.
#[utoipa::path(get, path = "/api/admin/identity-providers/{id}", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = IdentityProvider), (status = 404, body = ErrorBody)))]
async fn read_identity_provider(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Json<IdentityProvider>> {
    Ok(Json(admin::read(&app, id).await?))
}

/// Changes an identity provider, switches it on or off.
#[utoipa::path(patch, path = "/api/admin/identity-providers/{id}", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    request_body = IdentityProviderChange,
    responses((status = 200, body = IdentityProvider), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn update_identity_provider(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    Json(change): Json<IdentityProviderChange>,
) -> HttpResult<Json<IdentityProvider>> {
    Ok(Json(admin::update(&app, &ctx, id, change).await?))
}

/// Removes an identity provider and the access that it gave.
#[utoipa::path(delete, path = "/api/admin/identity-providers/{id}", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete_identity_provider(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<StatusCode> {
    admin::delete(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a SAML provider's metadata, so that its settings need not be typed. Nothing is saved.
#[utoipa::path(post, path = "/api/admin/identity-providers/saml/parse-metadata", tag = "sign-in", request_body = MetadataText,
    responses((status = 200, body = SamlMetadata), (status = 400, body = ErrorBody)))]
async fn parse_saml_metadata(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Json(input): Json<MetadataText>,
) -> HttpResult<Json<SamlMetadata>> {
    Ok(Json(admin::read_metadata(&app, &input.xml)?))
}

/// Begins a test login: open `login_path` in another tab. It signs nobody in.
#[utoipa::path(post, path = "/api/admin/identity-providers/{id}/test", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = LoginTest), (status = 404, body = ErrorBody)))]
async fn test_identity_provider(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Json<LoginTest>> {
    Ok(Json(trial::begin(&app, &ctx, id).await?))
}

/// How a test login went, or that it still waits.
#[utoipa::path(get, path = "/api/admin/identity-providers/{id}/tests/{test}", tag = "sign-in",
    params(("id" = IdentityProviderId, Path), ("test" = String, Path)),
    responses((status = 200, body = LoginTestResult), (status = 404, body = ErrorBody)))]
async fn read_identity_provider_test(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path((id, test)): Path<(IdentityProviderId, String)>,
) -> HttpResult<Json<LoginTestResult>> {
    Ok(Json(trial::read(&app, id, test).await?))
}

/// Makes the node's next key towards a SAML provider; it stands in the metadata beside the present one.
#[utoipa::path(post, path = "/api/admin/identity-providers/{id}/rotate-key", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = IdentityProvider), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn rotate_saml_key(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Json<IdentityProvider>> {
    keys::rotate(&app, &ctx, id).await?;
    Ok(Json(admin::read(&app, id).await?))
}

/// Lets the node's next key take over; the old one is deleted.
#[utoipa::path(post, path = "/api/admin/identity-providers/{id}/activate-key", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = IdentityProvider), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn activate_saml_key(
    Auth { ctx, .. }: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Json<IdentityProvider>> {
    keys::activate(&app, &ctx, id).await?;
    Ok(Json(admin::read(&app, id).await?))
}

/// What the provider says of people and is not taken over, the newest first.
#[utoipa::path(get, path = "/api/admin/identity-providers/{id}/refusals", tag = "sign-in", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = Page<SourceRefusal>), (status = 404, body = ErrorBody)))]
async fn list_provider_refusals(
    _: Auth<perm::SigninManage>,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Json<Page<SourceRefusal>>> {
    let read = app.db.read(move |reader| {
        store::read_provider(reader, id)?;
        list_refusals(reader, &id.to_string())
    });
    Ok(Json(Page::complete(read.await?)))
}
