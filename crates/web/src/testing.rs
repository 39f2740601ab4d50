//! An in-process client: requests go straight to the router, without a socket.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header},
};
use guildhall_kernel::{Error, Result};
use http_body_util::BodyExt;
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

/// Sends requests to a router, each with the headers set on the client.
#[derive(Clone)]
pub struct TestClient {
    router: Router,
    headers: HeaderMap,
    peer: SocketAddr,
}

impl TestClient {
    /// A client of `router` at `127.0.0.1:50000`.
    pub fn new(router: Router) -> Self {
        Self {
            router,
            headers: HeaderMap::new(),
            peer: SocketAddr::from(([127, 0, 0, 1], 50_000)),
        }
    }

    /// The client with one more header on each request (a name given twice replaces).
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The client at another address.
    #[must_use]
    pub fn at(mut self, peer: SocketAddr) -> Self {
        self.peer = peer;
        self
    }

    /// `GET path`.
    ///
    /// # Errors
    /// When the path is not one, or the answer breaks off.
    pub async fn get(&self, path: &str) -> Result<TestResponse> {
        self.send(Method::GET, path, Body::empty()).await
    }

    /// Sends `body` as JSON.
    ///
    /// # Errors
    /// When the path is not one, the body does not serialise, or the answer breaks off.
    pub async fn json(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<TestResponse> {
        let json = HeaderValue::from_static("application/json");
        let client = self.clone().with_header(header::CONTENT_TYPE, json);
        let body = serde_json::to_vec(body)?;
        client.send(method, path, Body::from(body)).await
    }

    /// Sends a request with any body and reads the whole answer.
    ///
    /// # Errors
    /// When the path is not one, or the answer breaks off.
    pub async fn send(&self, method: Method, path: &str, body: Body) -> Result<TestResponse> {
        let response = self.open(method, path, body).await?;
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.map_err(fail)?;
        Ok(TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: collected.to_bytes(),
        })
    }

    /// Sends a request and leaves the answer's body to be read, for event streams.
    ///
    /// # Errors
    /// When the path is not one.
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<axum::response::Response> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .map_err(fail)?;
        *request.headers_mut() = self.headers.clone();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.router.clone().oneshot(request).await.map_err(fail)
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct TestResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

impl TestResponse {
    /// The body read as JSON.
    ///
    /// # Errors
    /// When the body is not JSON of the form `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text, if it is there.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn fail(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("sending a test request").with_source(error)
}
