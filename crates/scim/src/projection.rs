//! Which attributes an answer has (RFC 7644, 3.9).

use serde_json::Value;

use crate::{
    path::AttributePath,
    problem::{Problem, Result, ScimType},
    resource::Resource,
};

/// Most names in a list of attributes.
const NAMES_MAX: usize = 200;
/// What every answer has.
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// The attributes an answer is cut down to, or goes without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    only: Vec<AttributePath>,
    without: Vec<AttributePath>,
}

impl Projection {
    /// Reads `attributes` and `excludedAttributes`.
    ///
    /// # Errors
    /// `invalidValue` when both are there, or a name does not read.
    pub fn new<'a>(
        only: impl IntoIterator<Item = &'a str>,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self> {
        let projection = Self {
            only: names(only)?,
            without: names(without)?,
        };
        if !projection.only.is_empty() && !projection.without.is_empty() {
            let message = "give `attributes` or `excludedAttributes`, not both";
            return Err(Problem::invalid(ScimType::InvalidValue, message));
        }
        Ok(projection)
    }

    /// Whether an answer has this attribute of the resource's own schema, so that it need not be looked up.
    pub fn shows(&self, attribute: &str) -> bool {
        let names = |path: &AttributePath| {
            path.schema.is_none()
                && path
                    .name
                    .as_deref()
                    .is_some_and(|name| name.eq_ignore_ascii_case(attribute))
        };
        let is_out = |path: &AttributePath| path.is(attribute);
        (self.only.is_empty() || self.only.iter().any(names)) && !self.without.iter().any(is_out)
    }

    /// Cuts the resource down.
    pub fn cut(&self, resource: &mut Resource) {
        if !self.only.is_empty() {
            let whole = std::mem::take(resource);
            for (name, value) in whole {
                if let Some(kept) = self.kept(&name, value) {
                    resource.insert(name, kept);
                }
            }
        }
        for path in &self.without {
            remove(resource, path);
        }
    }

    fn kept(&self, name: &str, value: Value) -> Option<Value> {
        if ALWAYS.contains(&name) {
            return Some(value);
        }
        let is_extension = name.contains(':');
        let meant: Vec<&AttributePath> = self
            .only
            .iter()
            .filter(|path| names_it(path, name))
            .collect();
        // The part below: of an attribute its parts, of an extension its attributes.
        let below = |path: &&AttributePath| match is_extension {
            true => path.name.clone(),
            false => path.part.clone(),
        };
        let below: Vec<Option<String>> = meant.iter().map(below).collect();
        if below.is_empty() {
            return None;
        }
        if below.iter().any(Option::is_none) {
            return Some(value);
        }
        let below: Vec<String> = below.into_iter().flatten().collect();
        Some(parts(value, &below))
    }
}

fn names_it(path: &AttributePath, member: &str) -> bool {
    match &path.schema {
        Some(urn) => urn.eq_ignore_ascii_case(member),
        None => path
            .name
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(member)),
    }
}

fn parts(value: Value, names: &[String]) -> Value {
    match value {
        Value::Array(entries) => entries
            .into_iter()
            .map(|entry| parts(entry, names))
            .collect(),
        Value::Object(members) => {
            let is_named = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
            members
                .into_iter()
                .filter(|(key, _)| is_named(key))
                .collect::<Resource>()
                .into()
        }
        plain => plain,
    }
}

fn remove(resource: &mut Resource, path: &AttributePath) {
    let outer = path
        .schema
        .as_deref()
        .or(path.name.as_deref())
        .unwrap_or_default();
    let inner = match path.schema {
        Some(_) => path.name.as_deref(),
        None => path.part.as_deref(),
    };
    let key = resource
        .keys()
        .find(|key| key.eq_ignore_ascii_case(outer))
        .cloned();
    let Some(key) = key.filter(|key| !ALWAYS.contains(&key.as_str())) else {
        return;
    };
    let Some(inner) = inner else {
        resource.remove(&key);
        return;
    };
    let without = |value: &mut Value| {
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| !name.eq_ignore_ascii_case(inner));
        }
    };
    match resource.get_mut(&key) {
        Some(Value::Array(entries)) => entries.iter_mut().for_each(without),
        Some(value) => without(value),
        None => {}
    }
}

fn names<'a>(listed: impl IntoIterator<Item = &'a str>) -> Result<Vec<AttributePath>> {
    let mut read = Vec::new();
    for name in listed {
        for name in name
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            if read.len() == NAMES_MAX {
                let message = format!("more than {NAMES_MAX} attributes are named");
                return Err(Problem::invalid(ScimType::InvalidValue, message));
            }
            read.push(AttributePath::parse(name, ScimType::InvalidValue)?);
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;
    use crate::ENTERPRISE_USER;

    fn cut(only: &[&str], without: &[&str]) -> Value {
        let resource = json!({
            "schemas": ["x"], "id": "1", "userName": "ada", "name": { "givenName": "A", "familyName": "L" },
            "emails": [{ "value": "a@b", "type": "work" }], ENTERPRISE_USER: { "department": "M", "division": "D" },
        });
        let mut resource = resource.as_object().unwrap().clone();
        let projection = Projection::new(only.iter().copied(), without.iter().copied()).unwrap();
        projection.cut(&mut resource);
        Value::Object(resource)
    }

    #[test]
    fn attributes_and_parts_are_chosen() {
        assert_eq!(
            cut(&["USERNAME,emails.value"], &[]),
            json!({ "schemas": ["x"], "id": "1", "userName": "ada", "emails": [{ "value": "a@b" }] })
        );
        assert_eq!(
            cut(&[&format!("{ENTERPRISE_USER}:department")], &[]),
            json!({ "schemas": ["x"], "id": "1", ENTERPRISE_USER: { "department": "M" } })
        );
        let rest = cut(
            &[],
            &[
                "id",
                "userName",
                "name.givenName",
                ENTERPRISE_USER,
                "emails",
            ],
        );
        assert_eq!(
            rest,
            json!({ "schemas": ["x"], "id": "1", "name": { "familyName": "L" } })
        );
        assert!(Projection::new(["a"], ["b"]).is_err());
    }
}
