//! One log event and two metrics per request; never query strings, bodies or addresses.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
};
use guildhall_kernel::RequestId;
use tracing::Span;

/// Path shown for requests that no route takes, so that callers cannot make up metric labels.
const NO_ROUTE: &str = "(none)";

/// One request and its answer, as log and metrics see them.
pub(super) struct Exchange {
    began: Instant,
    method: &'static str,
    path: String,
    span: Span,
}

impl Exchange {
    pub(super) fn begin(request: &Request, request_id: &RequestId) -> Self {
        let method = method_name(request.method());
        let path = request
            .extensions()
            .get::<MatchedPath>()
            .map_or(NO_ROUTE, MatchedPath::as_str)
            .to_owned();
        let span = tracing::info_span!(
            "request",
            request.id = request_id.as_str(),
            http.method = method,
            http.path = path,
        );
        Self {
            began: Instant::now(),
            method,
            path,
            span,
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(super) fn end(self, status: StatusCode) {
        let took = self.began.elapsed();
        self.span.in_scope(|| {
            tracing::info!(
                http.status = status.as_u16(),
                http.duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                "answered"
            );
        });
        metrics::counter!(
            "http_requests_total",
            "method" => self.method,
            "path" => self.path.clone(),
            "status" => status.as_str().to_owned(),
        )
        .increment(1);
        metrics::histogram!(
            "http_request_duration_seconds",
            "method" => self.method,
            "path" => self.path,
        )
        .record(took.as_secs_f64());
    }
}

/// The method as one of a fixed set of labels.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
