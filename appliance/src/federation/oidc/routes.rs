//! The addresses that browsers use. Everything here is a page change, so whatever goes wrong ends at the sign-in page,
//! never in an error body.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorBody, IdentityProviderId, Result};
use guildhall_web::{HttpResult, Path, Public, Query};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::flow::{self, Answered, OidcCallbackQuery, OidcLoginQuery};
use crate::{
    app::App,
    federation::{
        failure,
        trial::{TESTED_PAGE, Trial},
    },
    identity::{self, Origin},
};

/// Where people go who logged out.
const SIGN_IN: &str = "/signin";

pub(in crate::federation) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(begin_oidc_login))
        .routes(routes!(take_oidc_answer))
        .routes(routes!(log_out_at_provider))
}

/// Sends the browser to an OpenID provider to log in. `next` is the page to come back to.
#[utoipa::path(get, path = "/oidc/{id}/login", tag = "sign-in", security(()),
    params(("id" = IdentityProviderId, Path), OidcLoginQuery),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn begin_oidc_login(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    Query(query): Query<OidcLoginQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let test = query.test.clone();
    match flow::begin(&app, id, query, &headers).await {
        Ok(begun) => {
            let mut answer = see_other(&begun.address)?;
            answer
                .headers_mut()
                .append(header::SET_COOKIE, begun.cookie);
            Ok(answer)
        }
        // Nobody comes back from a provider that cannot be gone to, so the test ends here.
        Err(error) if flow::end_test(&app, id, (test.as_deref(), &error)).await? => {
            Ok(see_other(TESTED_PAGE)?)
        }
        Err(error) => Ok(see_other(&failure::page(&app, id, &error).await)?),
    }
}

/// Takes the answer of an OpenID provider, which the browser brings.
#[utoipa::path(get, path = "/oidc/{id}/callback", tag = "sign-in", security(()),
    params(("id" = IdentityProviderId, Path), OidcCallbackQuery),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn take_oidc_answer(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    Query(query): Query<OidcCallbackQuery>,
    (headers, origin): (HeaderMap, Origin),
) -> HttpResult<Response> {
    let arrived = match flow::take(&app, id, query, &headers).await {
        Ok(answered) => arrive(&app, answered, origin).await,
        Err(error) => Err(error),
    };
    match arrived {
        Ok(answer) => Ok(answer),
        Err(error) => Ok(see_other(&failure::page(&app, id, &error).await)?),
    }
}

async fn arrive(app: &App, answered: Answered, origin: Origin) -> Result<Response> {
    let mut trial = Trial::begin();
    let found = answered.identity(app, &mut trial).await;
    if let Some(test) = &answered.test {
        if let Ok(identity) = found {
            trial.preview(app, identity).await;
        }
        trial.finish(app, &answered.provider, test).await?;
        return see_other(TESTED_PAGE);
    }
    let opened = identity::log_in_external(app, found?, origin).await?;
    let mut answer = see_other(&answered.next)?;
    let cookie = identity::session_cookie(app, &opened)?;
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// Logs out here and sends the browser to the OpenID provider, to log out there too.
#[utoipa::path(get, path = "/oidc/{id}/logout", tag = "sign-in", security(()), params(("id" = IdentityProviderId, Path)),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn log_out_at_provider(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    if let Some(token) = app.session_cookie.read(&headers) {
        identity::end_session(&app, token).await?;
    }
    let address = match flow::logout_address(&app, id).await {
        Ok(address) => address,
        Err(error) => {
            // Whoever logs out is logged out here, whatever the provider does.
            tracing::info!(provider.id = %id, error = %error.chain(), "nobody was logged out at the provider");
            None
        }
    };
    let mut answer = see_other(address.as_deref().unwrap_or(SIGN_IN))?;
    let cleared = app.session_cookie.clear()?;
    answer.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(answer)
}

/// 303: the browser goes on by GET.
fn see_other(location: &str) -> Result<Response> {
    let location = HeaderValue::try_from(location)
        .map_err(|error| Error::internal("an address that no header takes").with_source(error))?;
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
