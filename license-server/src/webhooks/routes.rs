//! Webhooks and what became of their deliveries.

use axum::{extract::State, http::StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use guildhall_kernel::{Error, Page};
use guildhall_web::{HttpResult, Json, Path};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    client,
    model::{CreatedWebhook, Delivery, Webhook, check_kinds},
    store::{self, WEBHOOKS_MAX},
};
use crate::{
    access::{Auth, perm},
    app::App,
    audit,
    events::{self, About},
    ids::WebhookId,
};

const DELIVERIES_SHOWN: u32 = 50;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(remove_webhook))
        .routes(routes!(test_webhooks))
        .routes(routes!(list_deliveries))
}

/// A webhook to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhook {
    /// An `https` address.
    url: String,
    /// The kinds of events it gets; every kind when empty.
    #[serde(default)]
    kinds: Vec<String>,
}

/// Where others are told.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", responses((status = 200, body = Page<Webhook>)))]
async fn list_webhooks(
    _: Auth<perm::WebhooksManage>,
    State(app): State<App>,
) -> HttpResult<Json<Page<Webhook>>> {
    Ok(Json(Page::complete(app.db.read(store::list).await?)))
}

/// Adds a webhook; its secret is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 201, body = CreatedWebhook)))]
async fn create_webhook(
    Auth { ctx, .. }: Auth<perm::WebhooksManage>,
    State(app): State<App>,
    Json(input): Json<NewWebhook>,
) -> HttpResult<(StatusCode, Json<CreatedWebhook>)> {
    client::check_url(&input.url, app.tls)?;
    check_kinds(&input.kinds)?;
    let mut secret = Zeroizing::new([0_u8; 32]);
    getrandom::fill(secret.as_mut_slice())
        .map_err(|_| Error::internal("the system's random source does not answer"))?;
    let webhook = Webhook {
        id: WebhookId::new(ctx.clock.as_ref()),
        url: input.url,
        kinds: input.kinds,
        created_at: ctx.now(),
    };
    let sealed = app.keys.seal(secret.as_slice(), &webhook.id.to_string())?;
    let caller = ctx.clone();
    let written = app.write_secret(&ctx, move |tx| {
        if store::list(tx)?.len() >= WEBHOOKS_MAX as usize {
            return Err(Error::conflict(
                "too_many_webhooks",
                format!("there are at most {WEBHOOKS_MAX} webhooks; remove one first"),
            ));
        }
        store::insert(tx, &webhook, &sealed)?;
        audit::record(tx, &caller, "webhook.created", webhook.id)?;
        Ok(webhook)
    });
    let created = CreatedWebhook {
        webhook: written.await?,
        secret: format!("whsec_{}", STANDARD.encode(secret.as_slice())),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Removes a webhook and what waits for it.
#[utoipa::path(delete, path = "/api/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = WebhookId, Path)), responses((status = 204)))]
async fn remove_webhook(
    Auth { ctx, .. }: Auth<perm::WebhooksManage>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
) -> HttpResult<StatusCode> {
    let caller = ctx.clone();
    let written = app.write(&ctx, move |tx| {
        if !store::remove(tx, id)? {
            return Err(Error::not_found("webhook"));
        }
        audit::record(tx, &caller, "webhook.removed", id)
    });
    written.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event of the kind `webhook.tested` to every webhook that wants it.
#[utoipa::path(post, path = "/api/webhooks/test", tag = "webhooks", responses((status = 202)))]
async fn test_webhooks(
    Auth { ctx, .. }: Auth<perm::WebhooksManage>,
    State(app): State<App>,
) -> HttpResult<StatusCode> {
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(&ctx, move |tx| {
        let what = ("webhook.tested", "a test of the webhooks".to_owned());
        events::publish(tx, (&server, &caller), About::default(), what, json!({}))?;
        audit::record(tx, &caller, "webhook.tested", "webhooks")
    });
    written.await?;
    Ok(StatusCode::ACCEPTED)
}

/// The newest deliveries of a webhook.
#[utoipa::path(get, path = "/api/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = WebhookId, Path)), responses((status = 200, body = Page<Delivery>)))]
async fn list_deliveries(
    _: Auth<perm::WebhooksManage>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
) -> HttpResult<Json<Page<Delivery>>> {
    let read = app
        .db
        .read(move |reader| store::list_deliveries(reader, id, DELIVERIES_SHOWN));
    Ok(Json(Page::complete(read.await?)))
}
