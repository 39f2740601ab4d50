//! The HTTP edge: every feature's routes, the layers around them, the pages.

mod pages;
mod server;

use std::time::Duration;

use axum::{Router, extract::Request, middleware::from_fn, routing::get};
use guildhall_kernel::Result;
use guildhall_web::layers::{LayerOptions, stack};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    access, app::App, crl, idempotency, installs, issuance_log, licences, node_api, portal,
    reports, sales, signing, webhooks,
};

/// Time within which an answer must begin. An attached signer may be a person with a card.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// Most bytes of a request's body. Artefacts have at most 64 KiB.
const BODY_BYTES_MAX: usize = 256 * 1024;

fn routes() -> OpenApiRouter<App> {
    let info = InfoBuilder::new()
        .title("Guildhall licence server")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Customers, licences, leases, revocations and usage reports. Browsers send the session cookie \
             and, to change something, `X-CSRF-Token`; programs send `Authorization: Bearer KEY`; nodes \
             send what they signed. `Idempotency-Key` makes a change happen once.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .merge(server::router())
        .merge(access::router())
        .merge(sales::router())
        .merge(licences::router())
        .merge(signing::router())
        .merge(installs::router())
        .merge(crl::router())
        .merge(reports::router())
        .merge(issuance_log::router())
        .merge(webhooks::router())
        .merge(portal::router())
        .merge(node_api::router())
}

/// The OpenAPI document of every operation.
pub fn openapi() -> OpenApi {
    let (_, mut document) = routes().split_for_parts();
    guildhall_web::openapi::declare_security(&mut document, "__Host-guildhall-licences");
    guildhall_web::openapi::declare_errors(&mut document);
    document
}

/// The whole router, ready to be served.
///
/// # Errors
/// When the OpenAPI document cannot be written.
pub fn router(app: &App) -> Result<Router> {
    let document = guildhall_web::openapi::to_stable_json(&openapi())?;
    let (routes, _) = routes().split_for_parts();
    let pages = pages::assets();
    let router = routes
        .route(
            "/openapi.json",
            get(async move || pages::json(document.clone())),
        )
        .layer(from_fn(idempotency::read_key))
        .fallback(async move |request: Request| pages.answer(&request))
        .with_state(app.clone());
    let options = LayerOptions {
        tls: app.tls,
        body_bytes_max: BODY_BYTES_MAX,
        request_timeout: REQUEST_TIMEOUT,
        shutdown: app.shutdown.clone(),
    };
    Ok(stack(router, options))
}
