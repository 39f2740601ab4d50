//! What the address carries: path parameters and the query string.

use axum::{
    extract::{FromRequestParts, path::ErrorKind as PathErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use guildhall_kernel::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;

use crate::{error::HttpError, json};

/// The parameters of the path. One that does not read is 404: whether a thing of that name could
/// exist is not the caller's business.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let extracted = axum::extract::Path::from_request_parts(parts, state).await;
        extracted
            .map(|path| Self(path.0))
            .map_err(|rejection| refuse(rejection).into())
    }
}

fn refuse(rejection: PathRejection) -> Error {
    match rejection {
        PathRejection::FailedToDeserializePathParams(failure)
            if !matches!(
                failure.kind(),
                PathErrorKind::WrongNumberOfParameters { .. }
                    | PathErrorKind::UnsupportedType { .. }
            ) =>
        {
            Error::new(
                ErrorKind::NotFound,
                "not_found",
                "there is nothing at this address; check the id in it",
            )
        }
        programming_error => Error::internal("reading the path").with_source(programming_error),
    }
}

/// The query string; unknown parameters are refused when `T` denies unknown fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let deserializer = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| {
                let path = error.path().to_string();
                json::refused_field(&path, &error.inner().to_string()).into()
            })
    }
}
