//! What the service is and can do, and searching everything at once.

use axum::{extract::State, http::StatusCode, response::Response};
use guildhall_scim::{Definition, Problem, group, list, schema_documents, user};
use guildhall_web::{Json, Path};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    answer::{Answer, BASE, ScimError, document, refused},
    caller::Provisioner,
    document::{ScimDescription, ScimList, ScimSearch},
    model::Kind,
    request::Request,
};
use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_scim_service))
        .routes(routes!(list_scim_resource_types))
        .routes(routes!(read_scim_resource_type))
        .routes(routes!(list_scim_schemas))
        .routes(routes!(read_scim_schema))
        .routes(routes!(search_scim))
}

/// What the service can do (RFC 7643, 5).
#[utoipa::path(get, path = "/scim/v2/ServiceProviderConfig", tag = "scim",
    responses((status = 200, body = ScimDescription, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn read_scim_service(_: Provisioner, State(app): State<App>) -> Response {
    let supported = |is_supported: bool| json!({ "supported": is_supported });
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": supported(true),
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": list::PAGE_MAX },
        "changePassword": supported(false),
        "sort": supported(true),
        "etag": supported(true),
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A provisioning token of the organisation",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}{BASE}/ServiceProviderConfig", app.origin),
        },
    });
    document(StatusCode::OK, &config)
}

/// What kinds of resources there are (RFC 7643, 6).
#[utoipa::path(get, path = "/scim/v2/ResourceTypes", tag = "scim",
    responses((status = 200, body = ScimList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn list_scim_resource_types(_: Provisioner, State(app): State<App>) -> Response {
    let types = [user(), group()].map(|definition| resource_type(definition, &app.origin));
    whole_list(types.into())
}

/// One kind of resources.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes/{resource_type}", tag = "scim", params(("resource_type" = String, Path, example = "User")),
    responses((status = 200, body = ScimDescription, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn read_scim_resource_type(
    _: Provisioner,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Answer<Response> {
    let found = [user(), group()]
        .into_iter()
        .find(|definition| definition.name == name);
    let definition = found.ok_or_else(|| refused(Problem::not_found()))?;
    Ok(document(
        StatusCode::OK,
        &resource_type(definition, &app.origin),
    ))
}

/// What resources consist of (RFC 7643, 7).
#[utoipa::path(get, path = "/scim/v2/Schemas", tag = "scim",
    responses((status = 200, body = ScimList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn list_scim_schemas(_: Provisioner, State(app): State<App>) -> Response {
    let schemas = schema_documents()
        .iter()
        .map(|schema| with_address(schema, &app.origin));
    whole_list(schemas.collect())
}

/// One schema, by its URN.
#[utoipa::path(get, path = "/scim/v2/Schemas/{schema}", tag = "scim", params(("schema" = String, Path, example = "urn:ietf:params:scim:schemas:core:2.0:User")),
    responses((status = 200, body = ScimDescription, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn read_scim_schema(
    _: Provisioner,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Answer<Response> {
    let mut schemas = schema_documents().iter();
    let found = schemas.find(|schema| schema.get("id").is_some_and(|id| *id == name.as_str()));
    let schema = found.ok_or_else(|| refused(Problem::not_found()))?;
    Ok(document(StatusCode::OK, &with_address(schema, &app.origin)))
}

/// Searches users and groups at once.
#[utoipa::path(post, path = "/scim/v2/.search", tag = "scim",
    request_body(content = ScimSearch, content_type = "application/scim+json"),
    responses((status = 200, body = ScimList, content_type = "application/scim+json"),
              (status = "default", description = "Refused.", body = ScimError, content_type = "application/scim+json")))]
async fn search_scim(
    by: Provisioner,
    State(app): State<App>,
    Json(sent): Json<Value>,
) -> Answer<Response> {
    Request::new(app, by)
        .search(vec![Kind::User, Kind::Group], &sent)
        .await
}

fn resource_type(definition: &Definition, origin: &str) -> Value {
    let extension = |id: &str| json!({ "schema": id, "required": false });
    let extensions: Vec<Value> = definition
        .extensions
        .iter()
        .map(|schema| extension(&schema.id))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": definition.name,
        "name": definition.name,
        "endpoint": definition.endpoint,
        "schema": definition.core.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{origin}{BASE}/ResourceTypes/{}", definition.name),
        },
    })
}

fn with_address(schema: &Value, origin: &str) -> Value {
    let mut schema = schema.clone();
    let id = schema.get("id").and_then(Value::as_str).unwrap_or_default();
    let meta =
        json!({ "resourceType": "Schema", "location": format!("{origin}{BASE}/Schemas/{id}") });
    if let Some(members) = schema.as_object_mut() {
        members.insert("meta".to_owned(), meta);
    }
    schema
}

fn whole_list(resources: Vec<Value>) -> Response {
    let objects = resources.into_iter().filter_map(|resource| match resource {
        Value::Object(members) => Some(members),
        _ => None,
    });
    let objects: Vec<_> = objects.collect();
    document(StatusCode::OK, &list::response(objects.len(), 0, objects))
}
