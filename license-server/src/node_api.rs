//! What connected nodes call: the same bytes as the files of the offline path. A node proves who it is
//! by its signature, not by a password; answers are files that the node verifies, so a wrong server
//! gains nothing. Validation is a hint without a signature: a node acts only on signed files.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use guildhall_db::Reader;
use guildhall_kernel::{Clock, Error, IdempotencyKey, Result, Timestamp};
use guildhall_web::{
    HttpError, HttpResult, Json, Public,
    limits::read_body,
    rate_limit::{Rate, RateLimiter, address_key},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    artefact, crl,
    ctx::{Actor, Ctx},
    ids::LicenceId,
    installs::{self, Door},
    licences::{self, LicenceState},
    reports::{self, ReportReceipt},
};

/// Keys that are remembered.
const KEYS_MAX: usize = 100_000;
/// Requests that cost a signature or a transaction, by address: a burst and then one in half a second,
/// for a customer's nodes behind one address.
const BY_ADDRESS: Rate = Rate {
    burst: 240,
    refill_ms: 500,
};
/// Requests of one install: a node asks once a day.
const BY_INSTALL: Rate = Rate {
    burst: 20,
    refill_ms: 60_000,
};
/// Validations by address: they cost a read, so only an address that does nothing else is slowed down.
const VALIDATIONS: Rate = Rate {
    burst: 1_000_000,
    refill_ms: 1,
};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(activate))
        .routes(routes!(renew_lease))
        .routes(routes!(validate))
        .routes(routes!(fetch_crl))
        .routes(routes!(report_usage))
}

/// What nodes may ask for, and how often.
pub struct NodeLimits {
    by_address: RateLimiter<String>,
    by_install: RateLimiter<String>,
    validations: RateLimiter<String>,
}

impl NodeLimits {
    /// Nothing counted yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            by_address: RateLimiter::new(BY_ADDRESS, KEYS_MAX, Arc::clone(&clock)),
            by_install: RateLimiter::new(BY_INSTALL, KEYS_MAX, Arc::clone(&clock)),
            validations: RateLimiter::new(VALIDATIONS, KEYS_MAX, clock),
        }
    }

    /// Counts a request whose signature was checked.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn check_install(&self, key_fingerprint: &str) -> Result<()> {
        self.by_install.check(&key_fingerprint.to_owned())
    }
}

/// Where a node's request comes from, and its idempotency key.
pub(crate) struct NodeCall {
    address: String,
    idempotency: Option<Arc<IdempotencyKey>>,
}

impl<S: Send + Sync> FromRequestParts<S> for NodeCall {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            address: peer.map_or_else(String::new, |peer| address_key(peer.0.ip()).to_string()),
            idempotency: parts.extensions.get().cloned(),
        })
    }
}

/// The context of a node's request: the node is known only once its signature is checked.
fn context(app: &App, call: NodeCall) -> Ctx {
    let mut ctx = Ctx::outside(Actor::Node("unverified".to_owned()), Arc::clone(&app.clock));
    ctx.idempotency = call.idempotency;
    ctx
}

/// What a node asks about its licence. Fields it leaves out are not judged; unknown ones are ignored.
#[derive(Debug, Deserialize, ToSchema)]
struct Validation {
    license_id: LicenceId,
    /// The serial the node holds.
    serial: Option<u32>,
    /// The fingerprint of the node's install key.
    install_key_fp: Option<String>,
}

/// How the licence stands for that node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// Everything is as the node believes.
    Valid,
    /// There is a newer serial: download it.
    Superseded,
    /// The term is over.
    Expired,
    Revoked,
    /// The node has no place on the licence: activate it.
    NotActivated,
    /// The server knows no such licence.
    Unknown,
}

/// The answer to a validation: a hint, not a proof.
#[derive(Debug, Serialize, ToSchema)]
struct ValidationAnswer {
    standing: Standing,
    /// The newest serial.
    serial: u32,
    #[schema(required)]
    term_end: Option<Timestamp>,
    /// Until when the node's newest lease counts.
    #[schema(required)]
    lease_valid_until: Option<Timestamp>,
    /// The newest revocation list.
    crl_version: u64,
}

fn stand(reader: &Reader<'_>, asked: &Validation, now: Timestamp) -> Result<ValidationAnswer> {
    let crl_version = crl::version(reader)?;
    let Some(licence) = licences::find_standing(reader, asked.license_id)? else {
        return Ok(ValidationAnswer {
            standing: Standing::Unknown,
            serial: 0,
            term_end: None,
            lease_valid_until: None,
            crl_version,
        });
    };
    let state = LicenceState::of((licence.serial, licence.term_end), licence.revoked_at, now);
    let place = match &asked.install_key_fp {
        Some(key) => installs::find_by_key(reader, asked.license_id, key)?
            .filter(|install| install.released_at.is_none()),
        None => None,
    };
    let lease = match &place {
        Some(install) => installs::lease_end(reader, install.id)?,
        None => None,
    };
    let is_placed = asked.install_key_fp.is_none() || place.is_some();
    let standing = match state {
        LicenceState::Revoked => Standing::Revoked,
        LicenceState::Requested => Standing::Unknown,
        _ if asked.serial.is_some_and(|held| held < licence.serial) => Standing::Superseded,
        LicenceState::Expired => Standing::Expired,
        LicenceState::Active if !is_placed => Standing::NotActivated,
        LicenceState::Active => Standing::Valid,
    };
    Ok(ValidationAnswer {
        standing,
        serial: licence.serial,
        term_end: licence.term_end,
        lease_valid_until: lease,
        crl_version,
    })
}

async fn lease(app: &App, call: NodeCall, request: Request, door: Door) -> HttpResult<Response> {
    app.node_limits.by_address.check(&call.address)?;
    let bytes = read_body(request).await?;
    let lease = installs::answer(app, &context(app, call), &bytes, door).await?;
    let kind = HeaderValue::from_static(artefact::LEASE_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], lease).into_response())
}

/// Activates a licence on a node: an activation request in, a lease out, as in the files. Activating
/// again is never an error.
#[utoipa::path(post, path = "/v1/activate", tag = "nodes", security(()),
    request_body(content = String, content_type = "application/vnd.guildhall.activation-request.v1+json"),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn activate(
    _: Public,
    State(app): State<App>,
    call: NodeCall,
    request: Request,
) -> HttpResult<Response> {
    lease(&app, call, request, Door::Activate).await
}

/// Gives a node that is activated its next lease.
#[utoipa::path(post, path = "/v1/lease", tag = "nodes", security(()),
    request_body(content = String, content_type = "application/vnd.guildhall.activation-request.v1+json"),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.lease.v1+json")))]
async fn renew_lease(
    _: Public,
    State(app): State<App>,
    call: NodeCall,
    request: Request,
) -> HttpResult<Response> {
    lease(&app, call, request, Door::Renew).await
}

/// Says how a licence stands, so that a node knows what to fetch. A hint: nodes act on signed files.
#[utoipa::path(post, path = "/v1/validate", tag = "nodes", security(()), request_body = Validation,
    responses((status = 200, body = ValidationAnswer)))]
async fn validate(
    _: Public,
    State(app): State<App>,
    call: NodeCall,
    Json(asked): Json<Validation>,
) -> HttpResult<Json<ValidationAnswer>> {
    app.node_limits.validations.check(&call.address)?;
    let now = app.clock.now();
    let read = app.db.read(move |reader| stand(reader, &asked, now));
    Ok(Json(read.await?))
}

/// The newest revocation list.
#[utoipa::path(get, path = "/v1/crl", tag = "nodes", security(()),
    responses((status = 200, body = String, content_type = "application/vnd.guildhall.crl.v1+json")))]
async fn fetch_crl(
    _: Public,
    State(app): State<App>,
    call: NodeCall,
    headers: HeaderMap,
) -> HttpResult<Response> {
    app.node_limits.validations.check(&call.address)?;
    let answer = crl_answer(&app).await?;
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some() && known == answer.headers().get(header::ETAG) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(answer)
}

/// The newest list as its file.
pub(crate) async fn crl_answer(app: &App) -> HttpResult<Response> {
    let newest = app.db.read(crl::newest).await?;
    let (list, bytes) = newest.ok_or_else(|| Error::not_found("revocation list yet"))?;
    let etag = HeaderValue::try_from(format!("\"{}\"", list.version))
        .map_err(|error| Error::internal("naming a list").with_source(error))?;
    let kind = HeaderValue::from_static(artefact::CRL_TYPE);
    Ok(([(header::CONTENT_TYPE, kind), (header::ETAG, etag)], bytes).into_response())
}

/// Takes a usage report in: its file.
#[utoipa::path(post, path = "/v1/reports", tag = "nodes", security(()),
    request_body(content = String, content_type = "application/vnd.guildhall.usage-report.v1+json"),
    responses((status = 200, body = ReportReceipt)))]
async fn report_usage(
    _: Public,
    State(app): State<App>,
    call: NodeCall,
    request: Request,
) -> HttpResult<Json<ReportReceipt>> {
    app.node_limits.by_address.check(&call.address)?;
    let bytes = read_body(request).await?;
    let ctx = context(&app, call);
    Ok(Json(reports::receive(&app, &ctx, bytes.to_vec()).await?))
}
