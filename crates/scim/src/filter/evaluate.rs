//! Whether a resource meets a filter.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::{
    filter::{Filter, Operand, Operator},
    path::AttributePath,
    schema::{Attribute, Definition},
};

impl Filter {
    /// Whether the resource, in the shape of its definition, meets the filter. An attribute that the
    /// definition does not know has no value.
    pub fn matches(&self, resource: &Map<String, Value>, definition: &Definition) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.matches(resource, definition)),
            Self::Or(any) => any.iter().any(|one| one.matches(resource, definition)),
            Self::Not(inner) => !inner.matches(resource, definition),
            Self::Present(path) => values(resource, path).iter().any(|value| has_value(value)),
            Self::Compare(path, operator, operand) => {
                let exact = is_exact(definition, path);
                compare_any(&values(resource, path), *operator, operand, exact)
            }
            Self::Within(path, inner) => {
                let attribute = attribute_of(definition, path);
                let entries = raw(resource, path);
                entries
                    .iter()
                    .any(|entry| inner.matches_entry(entry, attribute))
            }
        }
    }

    /// Whether one entry of the list `attribute` meets the filter.
    pub(crate) fn matches_entry(&self, entry: &Value, attribute: Option<&Attribute>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.matches_entry(entry, attribute)),
            Self::Or(any) => any.iter().any(|one| one.matches_entry(entry, attribute)),
            Self::Not(inner) => !inner.matches_entry(entry, attribute),
            Self::Present(path) => entry_value(entry, path).is_some_and(has_value),
            Self::Compare(path, operator, operand) => {
                let part = path.name.as_deref().and_then(|name| attribute?.part(name));
                let exact = part.is_some_and(|part| part.case_exact);
                let found: Vec<&Value> = entry_value(entry, path).into_iter().collect();
                compare_any(&found, *operator, operand, exact)
            }
            // Lists in entries of lists do not exist in SCIM.
            Self::Within(..) => false,
        }
    }
}

/// The values at a path; an entry of a list with parts stands for its `value`.
pub(crate) fn values<'a>(resource: &'a Map<String, Value>, path: &AttributePath) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for value in raw(resource, path) {
        match (&path.part, value) {
            (Some(part), Value::Object(members)) => found.extend(member(members, part)),
            (Some(_), _) => {}
            (None, Value::Object(members)) => found.push(member(members, "value").unwrap_or(value)),
            (None, _) => found.push(value),
        }
    }
    found
}

/// The attribute's value, or the entries when it is a list.
fn raw<'a>(resource: &'a Map<String, Value>, path: &AttributePath) -> Vec<&'a Value> {
    let root = match &path.schema {
        None => Some(resource),
        Some(urn) => member(resource, urn).and_then(Value::as_object),
    };
    let value = match (root, &path.name) {
        (Some(root), Some(name)) => member(root, name),
        _ => None,
    };
    match value {
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

/// The member of an object, capitals aside.
pub(crate) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        let mut pairs = members.iter();
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn entry_value<'a>(entry: &'a Value, path: &AttributePath) -> Option<&'a Value> {
    let name = path.name.as_deref()?;
    match entry {
        Value::Object(members) => member(members, name),
        plain if name.eq_ignore_ascii_case("value") => Some(plain),
        _ => None,
    }
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn attribute_of<'a>(definition: &'a Definition, path: &AttributePath) -> Option<&'a Attribute> {
    let schema = definition.schema(path.schema.as_deref())?;
    schema.attribute(path.name.as_deref()?)
}

/// Whether capitals count. The attributes that every resource has are compared as they are (RFC 7643, 3.1).
fn is_exact(definition: &Definition, path: &AttributePath) -> bool {
    let common = ["id", "externalId", "meta"];
    let name = path.name.as_deref().unwrap_or_default();
    if path.schema.is_none() && common.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return true;
    }
    let Some(attribute) = attribute_of(definition, path) else {
        return false;
    };
    let part = path
        .part
        .as_deref()
        .or((!attribute.sub_attributes.is_empty()).then_some("value"));
    match part.and_then(|part| attribute.part(part)) {
        Some(part) => part.case_exact,
        None => attribute.case_exact,
    }
}

/// `ne` holds when no value is equal, everything else when one value fits.
fn compare_any(values: &[&Value], operator: Operator, operand: &Operand, exact: bool) -> bool {
    if operator == Operator::NotEqual {
        return !compare_any(values, Operator::Equal, operand, exact);
    }
    if *operand == Operand::Null {
        return !values.iter().any(|value| has_value(value));
    }
    values
        .iter()
        .any(|value| compare(value, operator, operand, exact))
}

fn compare(value: &Value, operator: Operator, operand: &Operand, exact: bool) -> bool {
    match (value, operand) {
        (Value::String(text), Operand::Text(wanted)) if exact => {
            compare_text(text, operator, wanted)
        }
        (Value::String(text), Operand::Text(wanted)) => {
            compare_text(&text.to_lowercase(), operator, &wanted.to_lowercase())
        }
        (Value::Bool(truth), Operand::Boolean(wanted)) => truth == wanted,
        // Some directories write truth values as text.
        (Value::Bool(truth), Operand::Text(wanted)) => {
            operator == Operator::Equal && truth.to_string().eq_ignore_ascii_case(wanted)
        }
        (Value::Number(number), Operand::Number(wanted)) => {
            let order = number
                .as_f64()
                .and_then(|number| number.partial_cmp(wanted));
            order.is_some_and(|order| fits(order, operator))
        }
        _ => false,
    }
}

fn compare_text(text: &str, operator: Operator, wanted: &str) -> bool {
    match operator {
        Operator::Contains => text.contains(wanted),
        Operator::StartsWith => text.starts_with(wanted),
        Operator::EndsWith => text.ends_with(wanted),
        _ => fits(in_order(text).cmp(in_order(wanted)), operator),
    }
}

/// Instants in UTC order as text once the final `Z` does not stand against a fraction.
fn in_order(text: &str) -> &str {
    let is_instant = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    text.strip_suffix('Z')
        .filter(|_| is_instant)
        .unwrap_or(text)
}

fn fits(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::NotEqual | Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::schema::user;

    fn ada() -> Map<String, Value> {
        let value = json!({
            "id": "Scu_1", "userName": "Ada@Example.org", "active": true, "externalId": "AbC",
            "name": { "familyName": "Lovelace" },
            "emails": [
                { "type": "work", "value": "ada@example.org", "primary": true },
                { "type": "home", "value": "ada@home.example" },
            ],
            "meta": { "lastModified": "2026-01-05T00:00:00.123Z" },
            crate::ENTERPRISE_USER: { "department": "Mathematics", "manager": { "value": "x" } },
        });
        value.as_object().unwrap().clone()
    }

    #[test]
    fn examples_of_the_standard_hold() {
        for filter in [
            r#"userName eq "ada@example.ORG""#,
            r#"name.familyName co "LOVE""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada""#,
            "title pr or active eq true",
            r#"active eq "True""#,
            r#"meta.lastModified gt "2026-01-05T00:00:00Z""#,
            r#"meta.lastModified le "2026-01-06T00:00:00Z""#,
            r#"emails[type eq "work" and value co "@example.org"]"#,
            r#"emails co "home.example" and not (title pr)"#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "mathematics""#,
            r#"externalId eq "AbC""#,
            "title eq null",
            r#"title ne "boss""#,
        ] {
            assert!(
                Filter::parse(filter).unwrap().matches(&ada(), user()),
                "{filter}"
            );
        }
        for filter in [
            r#"externalId eq "abc""#,
            "title pr",
            "active eq false",
            r#"emails[type eq "home" and primary eq true]"#,
            r#"userName ew "org.""#,
            r#"userName ne "ADA@example.org""#,
            "userName gt 5",
            "nothing pr",
        ] {
            assert!(
                !Filter::parse(filter).unwrap().matches(&ada(), user()),
                "{filter}"
            );
        }
    }
}
