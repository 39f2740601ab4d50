//! Answers in the shape of the protocol, refusals included.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use guildhall_db::Reader;
use guildhall_kernel::{Error, ErrorKind, Result, ScimResourceId};
use guildhall_scim::{Problem, Projection, ScimType, resource::Resource};
use guildhall_web::{HttpError, Refused};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    model::{Kind, ResourceRow},
    resource_store,
};

/// The media type of the protocol (RFC 7644, 8.1).
pub(super) const MEDIA_TYPE: &str = "application/scim+json";
/// Where the protocol lies.
pub(super) const BASE: &str = "/scim/v2";

/// A refusal on its way out: one of the node, or one in the protocol's own words that [`refused`] carries.
pub(super) struct Failure(Error);

pub(super) type Answer<T> = std::result::Result<T, Failure>;

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let cause = std::error::Error::source(&self.0);
        if let Some(problem) = cause.and_then(|cause| cause.downcast_ref::<Problem>()) {
            return refusal(problem, HeaderMap::new());
        }
        // Logged there, and brought into shape on the way out.
        HttpError(self.0).into_response()
    }
}

/// A refusal in the protocol's own words as an error, so that it rolls a transaction back like any other.
pub(super) fn refused(problem: Problem) -> Error {
    Error::invalid("scim_refused", problem.detail.clone()).with_source(problem)
}

/// The body of every refusal under `/scim/v2` (RFC 7644, 3.12).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScimError {
    schemas: Vec<String>,
    /// The HTTP status, as text.
    status: String,
    /// The protocol's own word for it, such as `uniqueness`.
    #[serde(skip_serializing_if = "Option::is_none")]
    scim_type: Option<String>,
    detail: String,
}

/// Whether a path belongs to the protocol.
pub fn is_protocol(path: &str) -> bool {
    path.starts_with(BASE)
}

/// Puts a refusal below `/scim/v2` into the protocol's shape, whoever refused: a guard, a limit, the JSON reader, or the
/// router because there is nothing at the address. Other answers pass.
pub fn in_own_shape(mut response: Response) -> Response {
    let Some(refused) = response.extensions_mut().remove::<Refused>() else {
        return response;
    };
    let mut headers = std::mem::take(response.headers_mut());
    headers.remove(header::CONTENT_LENGTH);
    let problem = Problem {
        status: response.status().as_u16(),
        scim_type: scim_type(&refused),
        detail: refused.detail.message,
    };
    refusal(&problem, headers)
}

/// The protocol's own word for a refusal of the node, where it has one.
fn scim_type(refused: &Refused) -> Option<ScimType> {
    match (refused.kind, refused.detail.code.as_str()) {
        (_, "malformed_json") => Some(ScimType::InvalidSyntax),
        (_, "method_not_allowed") => None,
        (ErrorKind::Invalid, _) => Some(ScimType::InvalidValue),
        (_, "account_exists" | "already_exists") => Some(ScimType::Uniqueness),
        _ => None,
    }
}

fn refusal(problem: &Problem, mut headers: HeaderMap) -> Response {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, headers, problem.body().to_string()).into_response()
}

/// An answer with a body.
pub(super) fn document(status: StatusCode, body: &Value) -> Response {
    let typed = [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))];
    (status, typed, body.to_string()).into_response()
}

/// One resource as an answer, with its version and address.
pub(super) fn resource(
    status: StatusCode,
    row: &ResourceRow,
    shown: Resource,
    origin: &str,
) -> Response {
    let mut response = document(status, &Value::Object(shown));
    let headers = response.headers_mut();
    if let Ok(version) = HeaderValue::from_str(&etag(row)) {
        headers.insert(header::ETAG, version);
    }
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::from_str(&location(row, origin))
    {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// The version of a resource (RFC 7644, 3.14).
pub(super) fn etag(row: &ResourceRow) -> String {
    format!("W/\"{}\"", row.version)
}

fn location(row: &ResourceRow, origin: &str) -> String {
    format!(
        "{origin}{BASE}{}/{}",
        row.kind.definition().endpoint,
        row.id
    )
}

/// Refuses a change of another version than the caller knows (`If-Match`).
pub(super) fn check_version(headers: &HeaderMap, row: &ResourceRow) -> Result<()> {
    if headers.contains_key(header::IF_MATCH) && !names_version(headers, &header::IF_MATCH, row) {
        let message = "the resource has changed since; read it again";
        return Err(refused(Problem::plain(412, message)));
    }
    Ok(())
}

/// Whether the caller knows this version already (`If-None-Match`).
pub(super) fn is_known(headers: &HeaderMap, row: &ResourceRow) -> bool {
    names_version(headers, &header::IF_NONE_MATCH, row)
}

fn names_version(headers: &HeaderMap, name: &header::HeaderName, row: &ResourceRow) -> bool {
    let listed = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut tags = listed.flat_map(|value| value.split(',')).map(str::trim);
    let own = etag(row);
    let weak = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    tags.any(|tag| tag == "*" || weak(tag) == weak(&own))
}

/// A resource as its readers see it: with id, schemas, version, and who is in which group.
pub(super) fn present(
    reader: &Reader<'_>,
    row: &ResourceRow,
    origin: &str,
    projection: &Projection,
) -> Result<Resource> {
    let definition = row.kind.definition();
    let extensions = definition
        .extensions
        .iter()
        .map(|schema| schema.id.as_str());
    let extensions = extensions.filter(|urn| row.attributes.contains_key(*urn));
    let schemas: Vec<&str> = std::iter::once(definition.core.id.as_str())
        .chain(extensions)
        .collect();
    let mut shown = row.attributes.clone();
    shown.insert("schemas".to_owned(), json!(schemas));
    shown.insert("id".to_owned(), json!(row.id));
    let meta = json!({
        "resourceType": definition.name,
        "created": row.created_at,
        "lastModified": row.updated_at,
        "location": location(row, origin),
        "version": etag(row),
    });
    shown.insert("meta".to_owned(), meta);
    if projection.shows(row.kind.joint()) {
        let joint = joint(reader, row, origin)?;
        if !joint.is_empty() {
            shown.insert(row.kind.joint().to_owned(), Value::Array(joint));
        }
    }
    projection.cut(&mut shown);
    Ok(shown)
}

/// The members of a group, or the groups of a user.
pub(super) fn joint(reader: &Reader<'_>, row: &ResourceRow, origin: &str) -> Result<Vec<Value>> {
    Ok(match row.kind {
        Kind::Group => {
            let members = resource_store::members(reader, row.id)?;
            let entry = |id: ScimResourceId| json!({ "value": id, "$ref": format!("{origin}{BASE}/Users/{id}"), "type": "User" });
            members.into_iter().map(entry).collect()
        }
        Kind::User => {
            let groups = resource_store::groups_of(reader, row.id)?;
            let entry = |(id, name): (ScimResourceId, String)| json!({ "value": id, "$ref": format!("{origin}{BASE}/Groups/{id}"), "display": name, "type": "direct" });
            groups.into_iter().map(entry).collect()
        }
    })
}
