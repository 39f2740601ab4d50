//! What a client sends, brought into the shape of a definition.

use serde_json::{Map, Value};

use crate::{
    filter,
    problem::{Problem, Result, ScimType},
    schema::{Attribute, Definition, Kind, Mutability, Schema},
};

/// Longest text of an attribute, in characters.
pub const TEXT_CHARACTERS_MAX: usize = 2048;
/// Most entries of a list.
pub const ENTRIES_MAX: usize = 20_000;

/// A resource: a JSON object in the shape of its definition.
pub type Resource = Map<String, Value>;

/// Reads a resource as a client sends it: names get the spelling of the schema, what only the service writes
/// and what no schema knows is left out, and so is what has no value.
///
/// # Errors
/// `invalidSyntax` for what is no resource of this type, `invalidValue` for a value an attribute does not
/// take and for a missing one.
pub fn read(sent: &Value, definition: &Definition) -> Result<Resource> {
    let Some(sent) = sent.as_object() else {
        return Err(Problem::invalid(
            ScimType::InvalidSyntax,
            "a resource is a JSON object",
        ));
    };
    check_schemas(sent, definition)?;
    let mut resource = Resource::new();
    if let Some(external) = filter::member(sent, "externalId").filter(|value| !value.is_null()) {
        resource.insert("externalId".to_owned(), text("externalId", external)?);
    }
    read_into(&mut resource, sent, &definition.core)?;
    for extension in &definition.extensions {
        if let Some(Value::Object(members)) = filter::member(sent, &extension.id) {
            let mut read = Resource::new();
            read_into(&mut read, members, extension)?;
            if !read.is_empty() {
                resource.insert(extension.id.clone(), Value::Object(read));
            }
        }
    }
    check_required(&resource, definition)?;
    Ok(resource)
}

fn check_schemas(sent: &Resource, definition: &Definition) -> Result<()> {
    let Some(schemas) = filter::member(sent, "schemas") else {
        return Ok(());
    };
    let mut named = schemas
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    if named.any(|urn| urn.eq_ignore_ascii_case(&definition.core.id)) {
        return Ok(());
    }
    let message = format!("`schemas` must name {}", definition.core.id);
    Err(Problem::invalid(ScimType::InvalidSyntax, message))
}

fn read_into(resource: &mut Resource, sent: &Resource, schema: &Schema) -> Result<()> {
    for attribute in &schema.attributes {
        if attribute.mutability == Mutability::ReadOnly {
            continue;
        }
        if let Some(value) = filter::member(sent, &attribute.name)
            && let Some(value) = value_of(attribute, value)?
        {
            resource.insert(attribute.name.clone(), value);
        }
    }
    Ok(())
}

/// Refuses a resource that lacks what it must have.
///
/// # Errors
/// `invalidValue` naming the attribute.
pub fn check_required(resource: &Resource, definition: &Definition) -> Result<()> {
    for attribute in definition.core.attributes.iter().filter(|one| one.required) {
        let value = resource.get(&attribute.name);
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        if value.is_none_or(is_blank) {
            let message = format!("`{}` is missing", attribute.name);
            return Err(Problem::invalid(ScimType::InvalidValue, message));
        }
    }
    Ok(())
}

/// The value in the attribute's shape; `None` when it says that there is none.
pub(crate) fn value_of(attribute: &Attribute, value: &Value) -> Result<Option<Value>> {
    if !attribute.multi_valued {
        // Some directories wrap single values in a list.
        return match value {
            Value::Array(entries) if entries.len() <= 1 => match entries.first() {
                Some(only) => one(attribute, only),
                None => Ok(None),
            },
            value => one(attribute, value),
        };
    }
    let entries = match value {
        Value::Array(entries) => entries.as_slice(),
        Value::Null => &[],
        only => std::slice::from_ref(only),
    };
    if entries.len() > ENTRIES_MAX {
        let message = format!("`{}` has more than {ENTRIES_MAX} entries", attribute.name);
        return Err(Problem::invalid(ScimType::InvalidValue, message));
    }
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        read.extend(one(attribute, entry)?);
    }
    check_primary(attribute, &read)?;
    Ok((!read.is_empty()).then_some(Value::Array(read)))
}

/// RFC 7643, 2.4: at most one entry is the primary one.
pub(crate) fn check_primary(attribute: &Attribute, entries: &[Value]) -> Result<()> {
    let primary = entries.iter().filter(|entry| is_primary(entry)).count();
    if primary > 1 {
        let message = format!(
            "only one entry of `{}` can be the primary one",
            attribute.name
        );
        return Err(Problem::invalid(ScimType::InvalidValue, message));
    }
    Ok(())
}

pub(crate) fn is_primary(entry: &Value) -> bool {
    entry.get("primary").and_then(Value::as_bool) == Some(true)
}

/// A single value, or one entry of a list.
fn one(attribute: &Attribute, value: &Value) -> Result<Option<Value>> {
    let read = match (attribute.kind, value) {
        (_, Value::Null) => return Ok(None),
        (Kind::Complex, Value::Object(members)) => return complex(attribute, members),
        // Some directories send the value in place of the object that holds it.
        (Kind::Complex, Value::String(_)) if attribute.part("value").is_some() => {
            let mut members = Resource::new();
            members.insert("value".to_owned(), value.clone());
            return complex(attribute, &members);
        }
        (Kind::Boolean, Value::Bool(_)) => value.clone(),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => true.into(),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => false.into(),
        (Kind::Integer, Value::Number(number)) if number.is_i64() => value.clone(),
        (Kind::Decimal, Value::Number(_)) => value.clone(),
        (Kind::String | Kind::Reference | Kind::DateTime | Kind::Binary, Value::String(_)) => {
            text(&attribute.name, value)?
        }
        (Kind::String, Value::Object(members)) if members.contains_key("value") => text(
            &attribute.name,
            members.get("value").unwrap_or(&Value::Null),
        )?,
        _ => {
            let message = format!("`{}` is not a value of its kind", attribute.name);
            return Err(Problem::invalid(ScimType::InvalidValue, message));
        }
    };
    Ok(Some(read))
}

fn complex(attribute: &Attribute, members: &Resource) -> Result<Option<Value>> {
    let mut read = Resource::new();
    for part in &attribute.sub_attributes {
        if part.mutability == Mutability::ReadOnly {
            continue;
        }
        if let Some(value) = filter::member(members, &part.name)
            && let Some(value) = value_of(part, value)?
        {
            read.insert(part.name.clone(), value);
        }
    }
    Ok((!read.is_empty()).then_some(Value::Object(read)))
}

fn text(name: &str, value: &Value) -> Result<Value> {
    let text = value
        .as_str()
        .filter(|text| text.chars().count() <= TEXT_CHARACTERS_MAX && !text.contains('\u{0}'));
    let text = text.ok_or_else(|| {
        let message = format!("`{name}` must be text of at most {TEXT_CHARACTERS_MAX} characters");
        Problem::invalid(ScimType::InvalidValue, message)
    })?;
    Ok(Value::from(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::{ENTERPRISE_USER, schema::user};

    #[test]
    fn what_a_directory_sends_is_brought_into_shape() {
        let sent = json!({
            "schemas": [crate::USER, ENTERPRISE_USER],
            "id": "theirs", "meta": { "version": "x" }, "password": "secret", "unknown": 1,
            "username": "ada", "ACTIVE": "False", "externalId": "e1", "title": null,
            "groups": [{ "value": "admins" }],
            "emails": { "value": "ada@example.org", "nonsense": 1 },
            ENTERPRISE_USER: { "manager": "boss", "department": "M" },
        });
        let expected = json!({
            "userName": "ada", "active": false, "externalId": "e1",
            "emails": [{ "value": "ada@example.org" }],
            ENTERPRISE_USER: { "manager": { "value": "boss" }, "department": "M" },
        });
        assert_eq!(Value::Object(read(&sent, user()).unwrap()), expected);
    }

    #[test]
    fn mistakes_are_named() {
        let kinds = |sent: Value| read(&sent, user()).unwrap_err().scim_type.unwrap();
        assert_eq!(kinds(json!([])), ScimType::InvalidSyntax);
        assert_eq!(kinds(json!({ "userName": " " })), ScimType::InvalidValue);
        assert_eq!(
            kinds(json!({ "schemas": ["x"], "userName": "a" })),
            ScimType::InvalidSyntax
        );
        assert_eq!(kinds(json!({ "userName": 1 })), ScimType::InvalidValue);
        assert_eq!(
            kinds(json!({ "userName": "a", "active": "maybe" })),
            ScimType::InvalidValue
        );
        let two = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }]);
        assert_eq!(
            kinds(json!({ "userName": "a", "emails": two })),
            ScimType::InvalidValue
        );
    }
}
