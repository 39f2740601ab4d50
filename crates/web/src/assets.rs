//! Files embedded in the binary: the pages of a single-page application.

mod encoding;

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::Error;
use rust_embed::RustEmbed;

use self::encoding::Encoding;
use crate::{
    error::{HttpError, respond},
    layers::nothing_here,
};

/// The page that answers navigation to any address of the application.
const INDEX: &str = "index.html";
/// Files below this have a hash in their name and never change.
const HASHED: &str = "assets/";
/// First path segments that belong to programs, never to pages.
const NOT_PAGES: [&str; 7] = ["api", "v1", "assets", "scim", "saml", "oidc", ".well-known"];

/// The embedded files, ready to be sent. Cheap to clone.
#[derive(Clone)]
pub struct Assets(Arc<HashMap<String, File>>);

struct File {
    content_type: HeaderValue,
    cache_control: HeaderValue,
    variants: Vec<Variant>,
}

struct Variant {
    encoding: Encoding,
    etag: HeaderValue,
    bytes: Bytes,
}

impl Assets {
    /// Takes the files of `E`; `name.br` and `name.gz` are compressed forms of `name`.
    pub fn new<E: RustEmbed>() -> Self {
        let mut files: HashMap<String, File> = HashMap::new();
        for name in E::iter() {
            let Some(embedded) = E::get(&name) else {
                continue;
            };
            let (stem, encoding) = Encoding::of_file(&name, |stem| E::get(stem).is_some());
            let variant = Variant {
                encoding,
                etag: etag(&embedded.metadata.sha256_hash()),
                bytes: to_bytes(embedded.data),
            };
            let file = files
                .entry(stem.to_owned())
                .or_insert_with(|| File::named(stem));
            file.variants.push(variant);
        }
        Self(Arc::new(files))
    }

    /// Answers a request no route took: a file, the application's page for navigation, or 404.
    /// A router's fallback: `router.fallback(move |request| async move { assets.answer(&request) })`.
    pub fn answer<B>(&self, request: &axum::http::Request<B>) -> Response {
        let path = request.uri().path().trim_start_matches('/');
        let found = match path {
            "" => self.0.get(INDEX),
            path => self.0.get(path),
        };
        let file = found.or_else(|| {
            let page = is_navigation(path, request.headers());
            page.then(|| self.0.get(INDEX)).flatten()
        });
        let Some(file) = file else {
            return HttpError(nothing_here()).into_response();
        };
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return method_not_allowed();
        }
        file.answer(request.headers())
    }
}

impl File {
    fn named(name: &str) -> Self {
        let cache_control = if name.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        Self {
            content_type: HeaderValue::from_static(content_type(name)),
            cache_control: HeaderValue::from_static(cache_control),
            variants: Vec::new(),
        }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let accepted = headers.get_all(header::ACCEPT_ENCODING);
        let best = encoding::choose(
            &accepted,
            self.variants.iter().map(|variant| variant.encoding),
        );
        let variant = self
            .variants
            .iter()
            .find(|variant| Some(variant.encoding) == best);
        let Some(variant) = variant else {
            return HttpError(nothing_here()).into_response();
        };
        let unchanged = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|known| names_etag(known, &variant.etag));
        let mut response = if unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(variant.bytes.clone()).into_response()
        };
        let out = response.headers_mut();
        out.insert(header::ETAG, variant.etag.clone());
        out.insert(header::CACHE_CONTROL, self.cache_control.clone());
        out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if !unchanged {
            out.insert(header::CONTENT_TYPE, self.content_type.clone());
            if let Some(name) = variant.encoding.name() {
                out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            }
        }
        response
    }
}

/// Whether a browser wants to show an address of the application: not a program's address, not a
/// file, and HTML is welcome.
fn is_navigation(path: &str, headers: &HeaderMap) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let html = accept.is_some_and(|accept| accept.contains("text/html"));
    !NOT_PAGES.contains(&first) && !last.contains('.') && html
}

fn method_not_allowed() -> Response {
    let error = Error::invalid("method_not_allowed", "this is a file; it can only be read");
    let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, &error);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn to_bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

/// A strong validator (RFC 9110, 8.8.3) from the first 16 bytes of the file's SHA-256.
fn etag(hash: &[u8; 32]) -> HeaderValue {
    let text = data_encoding::HEXLOWER.encode(hash.get(..16).unwrap_or(hash));
    HeaderValue::try_from(format!("\"{text}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn names_etag(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').any(|candidate| {
        let candidate = candidate.trim();
        candidate == "*"
            || candidate.strip_prefix("W/").unwrap_or(candidate).as_bytes() == etag.as_bytes()
    })
}

fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "txt" | "md" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}
