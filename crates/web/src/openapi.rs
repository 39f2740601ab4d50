//! Finishing touches on an OpenAPI document.

mod bounds;

use guildhall_kernel::{Error, ErrorBody, Result};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, OpenApi, PathItem, Ref, ResponseBuilder,
        path::Operation,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

/// Declares how callers prove who they are and says so on every operation: `security: []` on the
/// public ones (those whose attribute says `security(())`), cookie plus CSRF token or a bearer key
/// on those that say nothing. What else an operation says about its security stays.
pub fn declare_security(document: &mut OpenApi, cookie_name: &str) {
    let components = document.components.get_or_insert_with(Default::default);
    let schemes = [
        (
            "cookie",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie_name))),
        ),
        (
            "csrf",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-CSRF-Token"))),
        ),
        (
            "bearer",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        ),
    ];
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    for item in document.paths.paths.values_mut() {
        for (reads, operation) in operations(item) {
            declare(operation, reads);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    [
        (true, &mut item.get),
        (true, &mut item.head),
        (true, &mut item.options),
        (false, &mut item.post),
        (false, &mut item.put),
        (false, &mut item.patch),
        (false, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(reads, operation)| operation.as_mut().map(|operation| (reads, operation)))
}

fn declare(operation: &mut Operation, reads: bool) {
    let scopes: [&str; 0] = [];
    let cookie = SecurityRequirement::new("cookie", scopes);
    let cookie = if reads {
        cookie
    } else {
        cookie.add("csrf", scopes)
    };
    let guarded = vec![cookie, SecurityRequirement::new("bearer", scopes)];
    operation.security = Some(match operation.security.take() {
        None => guarded,
        // What `security(())` in the attribute becomes.
        Some(stated) if stated == [SecurityRequirement::default()] => Vec::new(),
        Some(stated) => stated,
    });
}

/// Describes the body of every refusal: a `default` response with [`ErrorBody`] on each operation
/// that has none.
pub fn declare_errors(document: &mut OpenApi) {
    let mut schemas = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut schemas);
    let components = document.components.get_or_insert_with(Default::default);
    components.schemas.extend(schemas);
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ErrorBody::name())))
        .build();
    let response = ResponseBuilder::new()
        .description("The request was refused or failed.")
        .content("application/json", content)
        .build();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let responses = &mut operation.responses.responses;
            responses
                .entry("default".to_owned())
                .or_insert_with(|| response.clone().into());
        }
    }
}

/// The document as pretty JSON with sorted keys and a final line break: the same document gives
/// the same bytes, whatever the build. Whole numbers have their bounds, and bodies of requests under
/// `/api/` are closed to fields that are not theirs, as they are when they are read.
///
/// # Errors
/// Internal when the document cannot be written as JSON.
pub fn to_stable_json(document: &OpenApi) -> Result<String> {
    let fail = |error| Error::internal("writing the OpenAPI document").with_source(error);
    let mut value = serde_json::to_value(document).map_err(fail)?;
    bounds::close_bodies(&mut value, "/api/");
    bounds::bound_integers(&mut value);
    let mut text = serde_json::to_string_pretty(&sorted(value)).map_err(fail)?;
    text.push('\n');
    Ok(text)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            let members = members.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
