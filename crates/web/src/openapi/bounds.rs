//! What the derived schemas leave open, though reading a request does not.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";

/// Says of unsigned integers how large they may be: `format` alone is a note that binds nobody.
pub(super) fn bound_integers(value: &mut Value) {
    match value {
        Value::Object(schema) => {
            if let Some((format, most)) = unsigned(schema) {
                schema.insert("format".to_owned(), json!(format));
                schema.entry("maximum").or_insert(most);
            }
            schema.values_mut().for_each(bound_integers);
        }
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        _ => {}
    }
}

/// The format's name as the registry of OpenAPI has it, which is not how it is derived, and the largest number.
fn unsigned(schema: &Map<String, Value>) -> Option<(&'static str, Value)> {
    match schema.get("format")?.as_str()? {
        "u-int8" => Some(("uint8", json!(u8::MAX))),
        "u-int16" => Some(("uint16", json!(u16::MAX))),
        "u-int32" => Some(("uint32", json!(u32::MAX))),
        "u-int64" => Some(("uint64", json!(u64::MAX))),
        _ => None,
    }
}

/// Closes every object that a request body below `prefix` is made of, but for those that name no fields at all.
pub(super) fn close_bodies(document: &mut Value, prefix: &str) {
    let mut waiting = BTreeSet::new();
    for (path, item) in members(document.pointer("/paths")) {
        if path.starts_with(prefix) {
            for (_, operation) in members(Some(item)) {
                collect_references(operation.get("requestBody"), &mut waiting);
            }
        }
    }
    let mut closed = BTreeSet::new();
    while let Some(name) = waiting.pop_first() {
        let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}")) else {
            continue;
        };
        close(schema);
        collect_references(Some(schema), &mut waiting);
        closed.insert(name);
        waiting.retain(|name| !closed.contains(name));
    }
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn collect_references(value: Option<&Value>, found: &mut BTreeSet<String>) {
    match value {
        Some(Value::Object(schema)) => {
            let reference = schema.get("$ref").and_then(Value::as_str);
            found.extend(
                reference
                    .and_then(|text| text.strip_prefix(SCHEMAS))
                    .map(str::to_owned),
            );
            for member in schema.values() {
                collect_references(Some(member), found);
            }
        }
        Some(Value::Array(items)) => {
            for item in items {
                collect_references(Some(item), found);
            }
        }
        _ => {}
    }
}

fn close(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    if schema.contains_key("properties") {
        schema.entry("additionalProperties").or_insert(json!(false));
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(close);
    if let Some(items) = schema.get_mut("items") {
        close(items);
    }
    // The alternatives of an enum. `allOf` is left alone, since no part of it knows the fields of the others.
    for key in ["oneOf", "anyOf"] {
        let alternatives = schema.get_mut(key).and_then(Value::as_array_mut);
        alternatives.into_iter().flatten().for_each(close);
    }
}
