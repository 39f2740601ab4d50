//! The node's HTTP edge: every feature's routes, the layers around them, the pages.

mod challenge;
mod door;
mod edge;
mod egress;
mod events;
mod idempotency;
mod mail;
mod node;
mod overview;
mod pages;
mod read_only;
mod security_txt;

use std::{collections::HashMap, time::Duration};

use axum::{Router, extract::Request, middleware::from_fn};
use futures::future::BoxFuture;
use guildhall_kernel::{AgentId, Ctx, Result, RoleId, ScimResourceId};
use guildhall_web::layers::{LayerOptions, stack_with_edge};
use utoipa::{PartialSchema, ToSchema, openapi::OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App, billing, catalog, chat, directory, federation, identity, inference, knowledge,
    licensing, oauth, playground, prompts, protocols, ratings, scim, team,
};

/// Time within which an answer must begin.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(document_head())
        .merge(node::router())
        .merge(identity::router())
        .merge(directory::router())
        .merge(federation::router())
        .merge(catalog::router(hired))
        .merge(inference::router())
        .merge(knowledge::router())
        .merge(team::router())
        .merge(chat::router())
        .merge(prompts::router())
        .merge(playground::router())
        .merge(ratings::router())
        .merge(billing::router())
        .merge(licensing::router())
        .merge(oauth::router())
        .merge(overview::router())
        .merge(events::router())
        .merge(egress::router())
        .merge(mail::router())
        .merge(scim::router())
        .merge(security_txt::router())
}

/// Everything of the document: the node's own interface and the foreign protocols.
fn all_routes() -> OpenApiRouter<App> {
    routes()
        .merge(protocols::router())
        .merge(scim::protocol_router())
}

/// What the catalogue may know of the team: how many of each agent are hired.
fn hired<'a>(app: &'a App, ctx: &'a Ctx) -> BoxFuture<'a, Result<HashMap<AgentId, u32>>> {
    Box::pin(team::hired_by_agent(app, ctx))
}

fn document_head() -> OpenApi {
    let info = utoipa::openapi::InfoBuilder::new()
        .title("Guildhall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The API of a Guildhall node. Log in with a session cookie (and its CSRF token), or send an API key as \
             `Authorization: Bearer KEY`.",
        ));
    utoipa::openapi::OpenApiBuilder::new()
        .info(info.build())
        .build()
}

/// The OpenAPI document of every operation.
pub fn openapi() -> OpenApi {
    let (_, mut document) = all_routes().split_for_parts();
    guildhall_web::openapi::declare_security(&mut document, "__Host-guildhall");
    protocols::declare_errors(&mut document);
    guildhall_web::openapi::declare_errors(&mut document);
    declare_ids(&mut document);
    document
}

/// Ids that stand in paths only: what generates the document collects the schemas of bodies.
fn declare_ids(document: &mut OpenApi) {
    let ids = [
        (RoleId::name(), RoleId::schema()),
        (ScimResourceId::name(), ScimResourceId::schema()),
    ];
    let components = document.components.get_or_insert_with(Default::default);
    for (name, schema) in ids {
        components
            .schemas
            .entry(name.into_owned())
            .or_insert(schema);
    }
}

/// The whole router of a node, ready to be served.
///
/// # Errors
/// When the OpenAPI document cannot be written.
pub fn router(app: &App) -> Result<Router> {
    let document = guildhall_web::openapi::to_stable_json(&openapi())?;
    let (routes, _) = routes().split_for_parts();
    // Outside the layer that reads `Idempotency-Key`: nothing under `/v1` changes anything twice.
    let foreign = protocols::router().merge(scim::protocol_router());
    let (foreign, _) = foreign.split_for_parts();
    let pages = pages::assets();
    let router = routes
        .route(
            "/openapi.json",
            axum::routing::get(async move || pages::json(document.clone())),
        )
        .layer(from_fn(idempotency::read_key))
        .merge(foreign)
        .fallback(async move |request: Request| pages.answer(&request))
        .with_state(app.clone());
    let options = LayerOptions {
        tls: app.config.is_tls(),
        request_timeout: REQUEST_TIMEOUT,
        shutdown: app.shutdown.clone(),
        ..LayerOptions::default()
    };
    Ok(stack_with_edge(router, options, edge::NodeEdge::new(app)))
}
