//! The addresses that browsers and SAML providers use. Everything here is a page change of a browser, so
//! whatever goes wrong ends at the sign-in page, never in an error body.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, FromRequestParts, RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorBody, IdentityProviderId, Result};
use guildhall_saml::{Direction, RedirectMessage, SpDescription};
use guildhall_web::{HttpResult, Path, Public, limits::read_body, rate_limit::address_key};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    failure::{self, refused},
    flow_cookie, keys,
    saml::{self, Arrival, ResponseForm, Wish},
    saml_logout::{self, Incoming},
    saml_settings::SpAddresses,
    store,
    trial::TESTED_PAGE,
};
use crate::{
    app::App,
    identity::{self, Origin},
};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(metadata))
        .routes(routes!(begin_login))
        .routes(routes!(take_response))
        .routes(routes!(log_out, take_logout_form))
}

/// What a SAML provider has the browser post after a login. Other fields are ignored.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "only its description is used; the form is read as it came"
)]
struct SamlResponseForm {
    /// In base64.
    #[schema(rename = "SAMLResponse")]
    response: String,
    #[schema(rename = "RelayState", nullable = false)]
    relay_state: Option<String>,
}

/// What a SAML provider has the browser post to log out: a request, or the response to one. Other fields are ignored.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "only its description is used; the form is read as it came"
)]
struct SamlLogoutForm {
    /// In base64.
    #[schema(rename = "SAMLRequest", nullable = false)]
    request: Option<String>,
    /// In base64.
    #[schema(rename = "SAMLResponse", nullable = false)]
    response: Option<String>,
    #[schema(rename = "RelayState", nullable = false)]
    relay_state: Option<String>,
}

/// Where a page change comes from. Unlike other changes this one may come from another site: the
/// provider's page posts it.
struct Arriving(Origin);

impl<S: Send + Sync> FromRequestParts<S> for Arriving {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> std::result::Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map(|peer| peer.0.ip());
        let agent = parts.headers.get(header::USER_AGENT);
        let agent = agent.and_then(|value| value.to_str().ok());
        Ok(Self(Origin {
            address: address
                .map_or_else(|| "unknown".to_owned(), |ip| ip.to_canonical().to_string()),
            limit_key: address.map_or_else(String::new, |ip| address_key(ip).to_string()),
            user_agent: agent.unwrap_or("unknown").to_owned(),
            request_id: guildhall_web::request_id(),
        }))
    }
}

/// This node's metadata for a SAML provider.
#[utoipa::path(get, path = "/saml/{id}/metadata", tag = "sign-in", security(()), params(("id" = IdentityProviderId, Path)),
    responses((status = 200, content_type = "application/samlmetadata+xml", body = String), (status = 404, body = ErrorBody)))]
async fn metadata(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
) -> HttpResult<Response> {
    let provider = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    let settings = provider.saml()?;
    let keys = keys::open(&app, id).await?;
    let sp = SpAddresses::new(&app.origin, id);
    let description = SpDescription {
        entity_id: &sp.entity_id,
        acs_url: &sp.acs_url,
        slo_url: &sp.slo_url,
        signs_requests: settings.sign_requests,
        keys: &keys,
        name_id_format: settings.name_id_format.as_deref(),
    };
    let kind = [(header::CONTENT_TYPE, "application/samlmetadata+xml")];
    Ok((kind, description.to_xml()).into_response())
}

/// Sends the browser to a SAML provider to log in. `next` is the page to come back to.
#[utoipa::path(get, path = "/saml/{id}/login", tag = "sign-in", security(()),
    params(("id" = IdentityProviderId, Path), ("next" = Option<String>, Query), ("test" = Option<String>, Query)),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn begin_login(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let query = query.unwrap_or_default();
    let wish = Wish {
        next: field(query.as_bytes(), "next"),
        test: field(query.as_bytes(), "test"),
        browser: flow_cookie::read(&headers),
    };
    match saml::begin(&app, id, wish).await {
        Ok(departure) => {
            let mut answer = see_other(&departure.location)?;
            let cookie = flow_cookie::set(&departure.browser)?;
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Err(error) => Ok(see_other(&failure::page(&app, id, &error).await)?),
    }
}

/// Takes the response that a SAML provider has the browser post.
#[utoipa::path(post, path = "/saml/{id}/acs", tag = "sign-in", security(()), params(("id" = IdentityProviderId, Path)),
    request_body(content = SamlResponseForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn take_response(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    Arriving(origin): Arriving,
    request: Request,
) -> HttpResult<Response> {
    let browser = flow_cookie::read(request.headers());
    let arrived = match read_form(request).await {
        Ok(form) => {
            let form = ResponseForm {
                response: field(&form, "SAMLResponse").unwrap_or_default(),
                relay_state: field(&form, "RelayState"),
                browser,
            };
            saml::arrive(&app, id, form, origin).await
        }
        Err(error) => Err(error),
    };
    match arrived {
        Ok(Arrival::LoggedIn { opened, next }) => {
            let mut answer = see_other(&next)?;
            let cookie = identity::session_cookie(&app, &opened)?;
            answer.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(answer)
        }
        Ok(Arrival::Tested) => Ok(see_other(TESTED_PAGE)?),
        Err(error) => Ok(see_other(&failure::page(&app, id, &error).await)?),
    }
}

/// Logs out here and at the SAML provider, or takes the provider's logout message from the address.
#[utoipa::path(get, path = "/saml/{id}/logout", tag = "sign-in", security(()), params(("id" = IdentityProviderId, Path)),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn log_out(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let query = query.unwrap_or_default();
    let is_message = ["SAMLRequest", "SAMLResponse"]
        .iter()
        .any(|name| field(query.as_bytes(), name).is_some());
    let went = if is_message {
        match RedirectMessage::read(&query) {
            Ok(message) => saml_logout::by_provider(&app, id, Incoming::Redirect(message)).await,
            Err(refusal) => Err(refused(&refusal)),
        }
    } else {
        saml_logout::by_person(&app, id, app.session_cookie.read(&headers)).await
    };
    let mut answer = left(&app, id, went).await?;
    if !is_message {
        let cleared = app.session_cookie.clear()?;
        answer.headers_mut().append(header::SET_COOKIE, cleared);
    }
    Ok(answer)
}

/// Takes the logout message that a SAML provider has the browser post.
#[utoipa::path(post, path = "/saml/{id}/logout", tag = "sign-in", security(()), params(("id" = IdentityProviderId, Path)),
    request_body(content = SamlLogoutForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303), (status = 404, body = ErrorBody)))]
async fn take_logout_form(
    _: Public,
    State(app): State<App>,
    Path(id): Path<IdentityProviderId>,
    request: Request,
) -> HttpResult<Response> {
    let went = match read_form(request).await {
        Ok(form) => {
            let asked = field(&form, "SAMLRequest").map(|message| (Direction::Request, message));
            let answered =
                field(&form, "SAMLResponse").map(|message| (Direction::Response, message));
            let (direction, encoded) = asked
                .or(answered)
                .unwrap_or((Direction::Request, String::new()));
            let relay_state = field(&form, "RelayState");
            let incoming = Incoming::Post {
                direction,
                encoded,
                relay_state,
            };
            saml_logout::by_provider(&app, id, incoming).await
        }
        Err(error) => Err(error),
    };
    left(&app, id, went).await
}

async fn left(app: &App, id: IdentityProviderId, went: Result<String>) -> HttpResult<Response> {
    match went {
        Ok(location) => Ok(see_other(&location)?),
        Err(error) => Ok(see_other(&failure::page(app, id, &error).await)?),
    }
}

/// The bytes of a form.
async fn read_form(request: Request) -> Result<Vec<u8>> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with(FORM) {
        return Err(Error::invalid(
            "saml_not_a_message",
            "the request holds no form; the identity provider must send its message by the HTTP-POST binding",
        ));
    }
    Ok(read_body(request).await?.to_vec())
}

/// The first value of a field.
fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// 303: the browser goes on by GET, whatever it came with.
fn see_other(location: &str) -> Result<Response> {
    let location = HeaderValue::try_from(location)
        .map_err(|error| Error::internal("an address that no header takes").with_source(error))?;
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
