//! The layers every answer passes through.

mod headers;
mod observe;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use guildhall_kernel::{Error, RequestId, Result};
use tokio_util::sync::CancellationToken;

pub use self::headers::CONTENT_SECURITY_POLICY;
use crate::{
    error::{HttpError, respond},
    limits::{self, BODY_BYTES_DEFAULT, Deadline},
    scope::{RequestScope, SCOPE},
};

/// What the stack depends on.
#[derive(Clone, Debug)]
pub struct LayerOptions {
    /// Whether callers reach the server over TLS (adds `Strict-Transport-Security`).
    pub tls: bool,
    /// Most bytes of a request's body; a route changes it with [`limits::body_limit`].
    pub body_bytes_max: usize,
    /// Time within which an answer must begin; a handler gets more with
    /// [`limits::extend_deadline`]. What is streamed after that has no limit.
    pub request_timeout: Duration,
    /// Event streams end when this is cancelled.
    pub shutdown: CancellationToken,
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self {
            tls: true,
            body_bytes_max: BODY_BYTES_DEFAULT,
            request_timeout: Duration::from_secs(30),
            shutdown: CancellationToken::new(),
        }
    }
}

/// How paths begin whose answers no cache may keep.
const NEVER_STORED: [&str; 6] = ["/api/", "/v1/", "/scim/", "/oauth/", "/saml/", "/oidc/"];

/// What a server decides at its edge, around every route. It is a part of the stack and no layer of its own, since every
/// layer copies the routes behind it for every request.
pub trait Edge: Send + Sync + 'static {
    /// What of a request its answer depends on.
    type Seen: Send;

    /// Looks at a request before anything is decided.
    fn see(&self, request: &Request) -> Self::Seen;

    /// Lets a request through to its route.
    ///
    /// # Errors
    /// The refusal.
    fn admit(&self, request: &Request, seen: &mut Self::Seen) -> Result<()>;

    /// The answer as its caller gets it, with every header on it.
    fn finish(&self, seen: Self::Seen, response: Response) -> Response;
}

/// Lets everything through.
struct Open;

impl Edge for Open {
    type Seen = ();

    fn see(&self, _request: &Request) {}

    fn admit(&self, _request: &Request, (): &mut ()) -> Result<()> {
        Ok(())
    }

    fn finish(&self, (): (), response: Response) -> Response {
        response
    }
}

struct Stack<E> {
    headers: HeaderMap,
    request_timeout: Duration,
    shutdown: CancellationToken,
    edge: E,
}

/// Wraps a finished router: request ids, one log event and metrics per request, security headers,
/// limits on body and time, panics and wrong methods answered as errors.
///
/// Call it last: it covers the routes and the fallback that are there already.
pub fn stack(router: Router, options: LayerOptions) -> Router {
    stack_with_edge(router, options, Open)
}

/// As [`stack`], with a server's own decisions at its edge.
pub fn stack_with_edge(router: Router, options: LayerOptions, edge: impl Edge) -> Router {
    let limit = limits::body_limit(options.body_bytes_max);
    let stack = Arc::new(Stack {
        headers: headers::security_headers(options.tls),
        request_timeout: options.request_timeout,
        shutdown: options.shutdown,
        edge,
    });
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer((from_fn_with_state(stack, answer), limit))
}

/// A fallback that answers 404 as an error body, for routers without pages.
pub async fn not_found() -> HttpError {
    HttpError(nothing_here())
}

pub(crate) fn nothing_here() -> Error {
    Error::new(
        guildhall_kernel::ErrorKind::NotFound,
        "not_found",
        "there is nothing at this address; see /openapi.json for what there is",
    )
}

async fn method_not_allowed() -> Response {
    let error = Error::invalid(
        "method_not_allowed",
        "this address does not take this method; see /openapi.json for what it takes",
    );
    respond(StatusCode::METHOD_NOT_ALLOWED, &error)
}

async fn answer<E: Edge>(
    State(stack): State<Arc<Stack<E>>>,
    request: Request,
    next: Next,
) -> Response {
    let mut seen = stack.edge.see(&request);
    let scope = RequestScope {
        request_id: RequestId::new(),
        deadline: Arc::new(Deadline::after(stack.request_timeout)),
        shutdown: stack.shutdown.clone(),
    };
    let exchange = observe::Exchange::begin(&request, &scope.request_id);
    let path = request.uri().path();
    let api = NEVER_STORED.iter().any(|begin| path.starts_with(begin));
    let request_id = scope.request_id.clone();
    let deadline = scope.deadline.clone();
    let admitted = admitted(&stack.edge, &mut seen, request, next);
    let work = SCOPE.scope(scope, guarded(deadline, admitted));
    let mut response = tracing::Instrument::instrument(work, exchange.span()).await;
    headers::finish(response.headers_mut(), &stack.headers, &request_id, api);
    exchange.end(response.status());
    stack.edge.finish(seen, response)
}

async fn admitted<E: Edge>(edge: &E, seen: &mut E::Seen, request: Request, next: Next) -> Response {
    match edge.admit(&request, seen) {
        Ok(()) => next.run(request).await,
        Err(error) => HttpError(error).into_response(),
    }
}

/// Turns a handler's panic and the end of its time into answers.
async fn guarded(deadline: Arc<Deadline>, handler: impl Future<Output = Response>) -> Response {
    let handler = std::panic::AssertUnwindSafe(handler).catch_unwind();
    match deadline.bound(handler).await {
        Some(Ok(response)) => response,
        Some(Err(panic)) => {
            let words = panic_message(&*panic);
            HttpError(Error::internal(format!("the handler panicked: {words}"))).into_response()
        }
        None => HttpError(Error::unavailable(
            "request_timed_out",
            "the answer took too long; try again later",
            1,
        ))
        .into_response(),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
