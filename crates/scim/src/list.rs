//! Asking for resources and answering with a page of them (RFC 7644, 3.4.2 and 3.4.3).

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::{
    filter::{self, Filter},
    path::AttributePath,
    problem::{Problem, Result, ScimType},
    projection::Projection,
    resource::Resource,
    schema::LIST_RESPONSE,
};

/// Most resources on a page.
pub const PAGE_MAX: usize = 200;
/// Resources on a page when the client does not say.
pub const PAGE_DEFAULT: usize = 100;

/// What a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListRequest {
    /// What the resources have in common.
    pub filter: Option<Filter>,
    /// What they are ordered by, and whether from the end.
    pub sort: Option<(AttributePath, bool)>,
    /// How many come before the page.
    pub skip: usize,
    /// How many are on the page.
    pub count: usize,
    /// What is shown of each.
    pub projection: Projection,
}

impl ListRequest {
    /// Reads the parameters of an address. Unknown ones are for others.
    ///
    /// # Errors
    /// `invalidFilter` and `invalidValue`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self> {
        let mut members = Resource::new();
        for (name, value) in pairs {
            members.insert(name.to_owned(), Value::from(value));
        }
        Self::from_members(&members)
    }

    /// Reads the body of a search.
    ///
    /// # Errors
    /// `invalidSyntax` for what is no object, `invalidFilter` and `invalidValue`.
    pub fn from_body(body: &Value) -> Result<Self> {
        let members = body.as_object().ok_or_else(|| {
            Problem::invalid(ScimType::InvalidSyntax, "a search is a JSON object")
        })?;
        Self::from_members(members)
    }

    fn from_members(members: &Resource) -> Result<Self> {
        let filter = text(members, "filter")?.map(Filter::parse).transpose()?;
        let sort_by = text(members, "sortBy")?;
        let sort_by = sort_by.map(|name| AttributePath::parse(name, ScimType::InvalidValue));
        let is_descending = match text(members, "sortOrder")?
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("ascending") => false,
            Some("descending") => true,
            Some(_) => return Err(invalid("`sortOrder` is ascending or descending")),
        };
        let start = number(members, "startIndex")?.unwrap_or(1).max(1);
        let count = number(members, "count")?
            .map(|count| usize::try_from(count.max(0)).unwrap_or(PAGE_MAX));
        Ok(Self {
            filter,
            sort: sort_by.transpose()?.map(|path| (path, is_descending)),
            skip: usize::try_from(start - 1).unwrap_or(usize::MAX),
            count: count.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX),
            projection: Projection::new(
                list(members, "attributes")?,
                list(members, "excludedAttributes")?,
            )?,
        })
    }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::invalid(ScimType::InvalidValue, message)
}

fn text<'a>(members: &'a Resource, name: &str) -> Result<Option<&'a str>> {
    match filter::member(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("`{name}` is text"))),
    }
}

fn number(members: &Resource, name: &str) -> Result<Option<i64>> {
    let read = match filter::member(members, name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    read.map(Some)
        .ok_or_else(|| invalid(format!("`{name}` is a whole number")))
}

/// A list of names, or one text of names with commas between them.
fn list<'a>(members: &'a Resource, name: &str) -> Result<Vec<&'a str>> {
    let wrong = || invalid(format!("`{name}` is a list of names"));
    match filter::member(members, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text]),
        Some(Value::Array(names)) => {
            let names = names.iter().map(|name| name.as_str().ok_or_else(wrong));
            names.collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// The order of resources by an attribute: what has none comes last, capitals do not count.
pub fn order(
    left: &Resource,
    right: &Resource,
    (path, descending): &(AttributePath, bool),
) -> Ordering {
    let (left, right) = (sort_value(left, path), sort_value(right, path));
    let order = match (&left, &right) {
        (Some(left), Some(right)) => compare(left, right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    if *descending { order.reverse() } else { order }
}

/// Of a list the primary entry counts, else the first (RFC 7644, 3.4.2.3).
fn sort_value<'a>(resource: &'a Resource, path: &AttributePath) -> Option<&'a Value> {
    let entries = path.name.as_deref().filter(|_| path.schema.is_none());
    let entries = entries
        .and_then(|name| filter::member(resource, name))
        .and_then(Value::as_array);
    let primary = entries.and_then(|entries| entries.iter().position(crate::resource::is_primary));
    let found = filter::values(resource, path);
    found.get(primary.unwrap_or(0)).or(found.first()).copied()
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            left.to_lowercase().cmp(&right.to_lowercase())
        }
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => {
            let (left, right) = (left.as_f64(), right.as_f64());
            left.partial_cmp(&right).unwrap_or(Ordering::Equal)
        }
        _ => Ordering::Equal,
    }
}

/// The body of a list's answer.
pub fn response(total: usize, skip: usize, page: Vec<Resource>) -> Value {
    json!({
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": skip.saturating_add(1),
        "itemsPerPage": page.len(),
        "Resources": page,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parameters_are_bounded() {
        let request = ListRequest::from_pairs([("startIndex", "-3"), ("count", "100000")]).unwrap();
        assert_eq!((request.skip, request.count), (0, PAGE_MAX));
        let request = ListRequest::from_pairs([("startIndex", "11"), ("count", "-1")]).unwrap();
        assert_eq!((request.skip, request.count), (10, 0));
        assert_eq!(ListRequest::from_pairs([]).unwrap().count, PAGE_DEFAULT);
        for bad in [
            ("count", "many"),
            ("sortOrder", "upwards"),
            ("filter", "x"),
            ("sortBy", "a b"),
        ] {
            assert!(ListRequest::from_pairs([bad]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_body_says_the_same_as_an_address() {
        let body = json!({ "filter": "userName pr", "count": 5, "attributes": ["userName", "id"] });
        let address = [
            ("filter", "userName pr"),
            ("count", "5"),
            ("attributes", "userName,id"),
        ];
        assert_eq!(
            ListRequest::from_body(&body).unwrap(),
            ListRequest::from_pairs(address).unwrap()
        );
    }

    #[test]
    fn what_has_no_value_comes_last() {
        let of = |value: Value| value.as_object().unwrap().clone();
        let mut all = [
            of(json!({})),
            of(json!({ "title": "b" })),
            of(json!({ "title": "A" })),
        ];
        let by = (
            AttributePath::parse("title", ScimType::InvalidValue).unwrap(),
            false,
        );
        all.sort_by(|left, right| order(left, right, &by));
        assert_eq!(
            all.map(|one| one.get("title").cloned()),
            [Some("A".into()), Some("b".into()), None]
        );
    }
}
