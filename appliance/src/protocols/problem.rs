//! Refusals in the shape of the protocol that the caller speaks.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Error, ErrorDetail, ErrorKind};
use guildhall_web::Refused;
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, ObjectBuilder, OpenApi, ResponseBuilder, schema::Type};

/// What the caller's clients understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// OpenAI's clients.
    OpenAi,
    /// Anthropic's clients.
    Anthropic,
}

impl Shape {
    /// That of a request; nothing outside `/v1`.
    pub fn of(path: &str, headers: &HeaderMap) -> Option<Self> {
        let rest = path.strip_prefix("/v1/")?;
        let speaks_anthropic =
            rest.starts_with("messages") || headers.contains_key("anthropic-version");
        Some(if speaks_anthropic {
            Self::Anthropic
        } else {
            Self::OpenAi
        })
    }

    /// Puts a refusal into this shape, whoever refused: a guard, a limit, the JSON reader, a handler, or the router
    /// because there is nothing at the address. Other answers pass.
    pub fn apply(self, mut response: Response) -> Response {
        if self == Self::Anthropic {
            // Where Anthropic's clients look for it.
            if let Some(id) = response.headers().get("x-request-id").cloned() {
                let name = HeaderName::from_static("request-id");
                response.headers_mut().insert(name, id);
            }
        }
        match response.extensions_mut().remove::<Refused>() {
            Some(refused) => reshaped(self, refused, response),
            None => response,
        }
    }
}

/// A refusal before it is put into a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    /// The field that is wrong.
    pub(super) param: Option<String>,
    pub(super) request_id: String,
}

impl Problem {
    /// What the caller may know of an error.
    pub(super) fn new(error: &Error, request_id: &str) -> Self {
        let status = error.status();
        Self::from_detail(error.kind(), status, error.body(request_id).error)
    }

    /// The kinds of the node and of the engine as statuses that these protocols know. Their clients try
    /// again by themselves after a 409 or 503, so what cannot become better is 400.
    fn from_detail(kind: ErrorKind, status: u16, detail: ErrorDetail) -> Self {
        let (status, code) = match detail.code.as_str() {
            "unknown_model" | "no_default_model" | "dismissed" => (404, "model_not_found"),
            "prompt_too_long" | "context_exceeded" => (400, "context_length_exceeded"),
            "not_logged_in" => (401, "invalid_api_key"),
            code if kind == ErrorKind::Conflict && is_of_the_model(code) => (503, code),
            code if kind == ErrorKind::Conflict => (400, code),
            code => (status, code),
        };
        let param = detail
            .details
            .and_then(|details| details.fields.into_iter().next())
            .map(|field| field.field);
        let param = param.or_else(|| (code == "model_not_found").then(|| "model".to_owned()));
        Self {
            status,
            code: code.to_owned(),
            message: detail.message,
            param,
            request_id: detail.request_id,
        }
    }

    /// OpenAI's body.
    pub(super) fn openai(&self) -> impl Serialize + use<'_> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            r#type: &'a str,
            param: Option<&'a str>,
            code: &'a str,
        }
        Body {
            error: Inner {
                message: &self.message,
                r#type: match self.status {
                    401 => "authentication_error",
                    403 => "permission_error",
                    429 => "rate_limit_error",
                    500.. => "server_error",
                    _ => "invalid_request_error",
                },
                param: self.param.as_deref(),
                code: &self.code,
            },
        }
    }

    /// Anthropic's body.
    pub(super) fn anthropic(&self) -> impl Serialize + use<'_> {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: &'a str,
            error: Inner<'a>,
            request_id: &'a str,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            r#type: &'a str,
            message: String,
        }
        let message = match &self.param {
            Some(param) if !self.message.contains(param.as_str()) => {
                format!("{param}: {}", self.message)
            }
            _ => self.message.clone(),
        };
        Body {
            r#type: "error",
            error: Inner {
                r#type: match self.status {
                    401 => "authentication_error",
                    403 => "permission_error",
                    404 => "not_found_error",
                    413 => "request_too_large",
                    429 => "rate_limit_error",
                    503 | 507 => "overloaded_error",
                    500.. => "api_error",
                    _ => "invalid_request_error",
                },
                message,
            },
            request_id: &self.request_id,
        }
    }
}

/// Whether a conflict says that the model does not run, which is no fault of the request.
fn is_of_the_model(code: &str) -> bool {
    code.starts_with("model_") || code == "inference_failed"
}

/// Describes the body of every refusal below `/v1`: an object with an `error`, whose members are the protocol's.
pub fn declare_errors(document: &mut OpenApi) {
    let object = || ObjectBuilder::new().schema_type(Type::Object);
    let body = object().property("error", object()).required("error");
    let content = ContentBuilder::new().schema(Some(body.build())).build();
    let response = ResponseBuilder::new()
        .description("The request was refused or failed, in the words of the protocol.")
        .content("application/json", content)
        .build();
    let items = document.paths.paths.iter_mut();
    for (_, item) in items.filter(|(path, _)| path.starts_with("/v1/")) {
        let operations = [&mut item.get, &mut item.post];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), response.clone().into());
        }
    }
}

fn reshaped(shape: Shape, refused: Refused, response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let problem = Problem::from_detail(refused.kind, parts.status.as_u16(), refused.detail);
    parts.status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    if problem.status == 503 && !parts.headers.contains_key(header::RETRY_AFTER) {
        parts
            .headers
            .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = match shape {
        Shape::OpenAi => axum::Json(problem.openai()).into_response(),
        Shape::Anthropic => axum::Json(problem.anthropic()).into_response(),
    };
    Response::from_parts(parts, body.into_body())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn openai(error: &Error) -> (u16, Value) {
        let problem = Problem::new(error, "req_1");
        let body = serde_json::to_value(problem.openai()).unwrap();
        (problem.status, body)
    }

    #[test]
    fn a_full_context_is_the_callers_to_mend_and_a_broken_model_is_not() {
        let (status, body) = openai(&Error::conflict("context_exceeded", "too long"));
        assert_eq!(status, 400);
        assert_eq!(body["error"]["code"], "context_length_exceeded");
        let (status, body) = openai(&Error::conflict("model_corrupt", "broken"));
        assert_eq!(
            (status, &body["error"]["type"]),
            (503, &json!("server_error"))
        );
        let (status, _) = openai(&Error::conflict("constraint_invalid", "no schema"));
        assert_eq!(status, 400);
    }

    #[test]
    fn both_shapes_name_the_field() {
        let error = Error::invalid_field("temperature", "invalid_value", "give 0 to 2");
        let (_, body) = openai(&error);
        assert_eq!(
            body,
            json!({ "error": { "message": "give 0 to 2", "type": "invalid_request_error",
                               "param": "temperature", "code": "invalid_value" } })
        );
        let problem = Problem::new(&error, "req_1");
        assert_eq!(
            serde_json::to_value(problem.anthropic()).unwrap(),
            json!({ "type": "error", "request_id": "req_1", "error": { "type": "invalid_request_error",
                    "message": "temperature: give 0 to 2" } })
        );
    }

    #[test]
    fn the_inside_of_an_internal_error_stays_inside() {
        let (status, body) = openai(&Error::internal("reading row 7"));
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("row 7"));
    }
}
