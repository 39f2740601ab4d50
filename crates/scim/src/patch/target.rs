//! What the path of a PATCH operation leads to, and changing it.

use serde_json::Value;

use super::Verb;
use crate::{
    filter::{self, Filter, Operand, Operator},
    path::AttributePath,
    problem::{Problem, Result, ScimType},
    resource::{self, Resource, value_of},
    schema::{Attribute, Definition, Mutability, Schema},
};

/// A path: an attribute, the entries of it that are meant, the part of it that is meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) path: AttributePath,
    pub(crate) filter: Option<Filter>,
}

/// What to do there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) verb: Verb,
    pub(crate) value: Option<&'a Value>,
}

impl Target {
    /// Reads `name`, `name.part`, `name[filter]` or `name[filter].part`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let Some(at) = text.find('[') else {
            let path = AttributePath::parse(text.trim(), ScimType::InvalidPath)?;
            return Ok(Self { path, filter: None });
        };
        let (name, rest) = text.split_at(at);
        let (filter, rest) = filter::bracketed(rest)?;
        let mut path = AttributePath::parse(name.trim(), ScimType::InvalidPath)?;
        let wrong = || Problem::invalid(ScimType::InvalidPath, "the path does not read");
        if path.part.is_some() || path.name.is_none() {
            return Err(wrong());
        }
        if !rest.is_empty() {
            let part = rest.strip_prefix('.').ok_or_else(wrong)?;
            let part = AttributePath::parse(part, ScimType::InvalidPath)?;
            if part.schema.is_some() || part.part.is_some() {
                return Err(wrong());
            }
            path.part = part.name;
        }
        Ok(Self {
            path,
            filter: Some(filter),
        })
    }

    /// Whether only the service writes it.
    pub(crate) fn is_read_only(&self, definition: &Definition) -> bool {
        let name = self.path.name.as_deref().unwrap_or_default();
        let is_common = ["id", "meta", "schemas"]
            .iter()
            .any(|fixed| fixed.eq_ignore_ascii_case(name));
        let schema = definition.schema(self.path.schema.as_deref());
        let attribute = schema.and_then(|schema| schema.attribute(name));
        let part = self.path.part.as_deref();
        let part = attribute.and_then(|attribute| attribute.part(part?));
        let is_fixed = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        self.path.schema.is_none() && is_common
            || attribute.is_some_and(is_fixed)
            || part.is_some_and(is_fixed)
    }

    /// Changes what the path leads to. An attribute that no schema knows is left out, as everywhere.
    pub(crate) fn change(
        &self,
        resource: &mut Resource,
        definition: &Definition,
        change: &Change<'_>,
    ) -> Result<()> {
        if self.is_read_only(definition) {
            let message = format!(
                "`{}` cannot be changed",
                self.path.name.as_deref().unwrap_or_default()
            );
            return Err(Problem::invalid(ScimType::Mutability, message));
        }
        if self.path.is("externalId") {
            return change_external_id(resource, change);
        }
        let Some(schema) = definition.schema(self.path.schema.as_deref()) else {
            return Ok(());
        };
        if self.path.schema.is_none() {
            return self.change_in(resource, schema, change);
        }
        let mut members = match resource.remove(&schema.id) {
            Some(Value::Object(members)) => members,
            _ => Resource::new(),
        };
        self.change_in(&mut members, schema, change)?;
        if !members.is_empty() {
            resource.insert(schema.id.clone(), Value::Object(members));
        }
        Ok(())
    }

    fn change_in(&self, holder: &mut Resource, schema: &Schema, change: &Change<'_>) -> Result<()> {
        let Some(name) = &self.path.name else {
            return change_whole(holder, schema, change);
        };
        let Some(attribute) = schema.attribute(name) else {
            return Ok(());
        };
        if attribute.multi_valued {
            return self.change_list(holder, attribute, change);
        }
        if self.filter.is_some() {
            let message = format!("`{}` is no list to choose entries of", attribute.name);
            return Err(Problem::invalid(ScimType::InvalidPath, message));
        }
        match &self.path.part {
            Some(part) => change_part(holder, attribute, part, change),
            None => change_single(holder, attribute, change),
        }
    }

    fn change_list(
        &self,
        holder: &mut Resource,
        attribute: &Attribute,
        change: &Change<'_>,
    ) -> Result<()> {
        let before = match holder.remove(&attribute.name) {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        let mut entries = before.clone();
        if self.filter.is_none() && self.path.part.is_none() {
            change_entries(&mut entries, attribute, change)?;
        } else {
            self.change_chosen(&mut entries, attribute, change)?;
        }
        keep_one_primary(&before, &mut entries);
        resource::check_primary(attribute, &entries)?;
        if entries.len() > resource::ENTRIES_MAX {
            let message = format!("`{}` has too many entries", attribute.name);
            return Err(Problem::invalid(ScimType::InvalidValue, message));
        }
        if !entries.is_empty() {
            holder.insert(attribute.name.clone(), Value::Array(entries));
        }
        Ok(())
    }

    /// Changes the entries that the filter chooses, or a part of them.
    fn change_chosen(
        &self,
        entries: &mut Vec<Value>,
        attribute: &Attribute,
        change: &Change<'_>,
    ) -> Result<()> {
        let is_chosen = |entry: &Value| {
            let mut filter = self.filter.iter();
            filter.all(|filter| filter.matches_entry(entry, Some(attribute)))
        };
        if change.verb == Verb::Remove && self.path.part.is_none() {
            entries.retain(|entry| !is_chosen(entry));
            return Ok(());
        }
        if change.verb != Verb::Remove && !entries.iter().any(is_chosen) {
            entries.push(self.imagined_entry(attribute)?);
        }
        for entry in entries.iter_mut() {
            if is_chosen(entry) {
                self.change_entry(entry, attribute, change)?;
            }
        }
        entries.retain(|entry| entry.as_object().is_none_or(|members| !members.is_empty()));
        Ok(())
    }

    fn change_entry(
        &self,
        entry: &mut Value,
        attribute: &Attribute,
        change: &Change<'_>,
    ) -> Result<()> {
        let Some(members) = entry.as_object_mut() else {
            return Ok(());
        };
        if let Some(part) = &self.path.part {
            if let Some(part) = attribute.part(part) {
                change_single(members, part, change)?;
            }
            return Ok(());
        }
        let sent = change.value.unwrap_or(&Value::Null);
        if let Some(Value::Array(mut read)) = value_of(attribute, sent)?
            && let Some(Value::Object(read)) = read.pop()
        {
            if change.verb == Verb::Replace {
                members.clear();
            }
            members.extend(read);
        }
        Ok(())
    }

    /// The entry that the filter describes, for directories that set a part of one that is not there yet.
    fn imagined_entry(&self, attribute: &Attribute) -> Result<Value> {
        let mut members = Resource::new();
        if let Some(filter) = &self.filter {
            describe(filter, attribute, &mut members)?;
        }
        Ok(Value::Object(members))
    }
}

fn describe(filter: &Filter, attribute: &Attribute, members: &mut Resource) -> Result<()> {
    let (path, operand) = match filter {
        Filter::And(all) => {
            return all
                .iter()
                .try_for_each(|one| describe(one, attribute, members));
        }
        Filter::Compare(path, Operator::Equal, operand) => (path, operand),
        _ => {
            return Err(Problem::invalid(
                ScimType::NoTarget,
                "no entry is as the path says",
            ));
        }
    };
    let value = match operand {
        Operand::Text(text) => Value::from(text.as_str()),
        Operand::Boolean(truth) => Value::from(*truth),
        Operand::Number(number) => Value::from(*number),
        Operand::Null => Value::Null,
    };
    let part = path.name.as_deref().and_then(|name| attribute.part(name));
    if let Some(part) = part.filter(|part| part.mutability != Mutability::ReadOnly)
        && let Some(value) = value_of(part, &value)?
    {
        members.insert(part.name.clone(), value);
    }
    Ok(())
}

fn change_external_id(resource: &mut Resource, change: &Change<'_>) -> Result<()> {
    match change.value {
        Some(Value::String(text)) if change.verb != Verb::Remove => {
            if text.chars().count() > resource::TEXT_CHARACTERS_MAX {
                return Err(Problem::invalid(
                    ScimType::InvalidValue,
                    "`externalId` is too long",
                ));
            }
            resource.insert("externalId".to_owned(), Value::from(text.as_str()));
        }
        _ if change.verb == Verb::Remove => {
            resource.remove("externalId");
        }
        _ => {
            return Err(Problem::invalid(
                ScimType::InvalidValue,
                "`externalId` is text",
            ));
        }
    }
    Ok(())
}

/// An extension as a whole.
fn change_whole(holder: &mut Resource, schema: &Schema, change: &Change<'_>) -> Result<()> {
    let Some(Value::Object(sent)) = change.value.filter(|_| change.verb != Verb::Remove) else {
        holder.clear();
        return Ok(());
    };
    for attribute in &schema.attributes {
        if let Some(value) = filter::member(sent, &attribute.name)
            && attribute.mutability != Mutability::ReadOnly
        {
            let change = Change {
                verb: change.verb,
                value: Some(value),
            };
            change_single(holder, attribute, &change)?;
        }
    }
    Ok(())
}

fn change_part(
    holder: &mut Resource,
    attribute: &Attribute,
    part: &str,
    change: &Change<'_>,
) -> Result<()> {
    let Some(part) = attribute.part(part) else {
        return Ok(());
    };
    let mut members = match holder.remove(&attribute.name) {
        Some(Value::Object(members)) => members,
        _ => Resource::new(),
    };
    change_single(&mut members, part, change)?;
    if !members.is_empty() {
        holder.insert(attribute.name.clone(), Value::Object(members));
    }
    Ok(())
}

/// A value that is no list. What is set of an object joins what is there (RFC 7644, 3.5.2.1 and 3.5.2.3).
fn change_single(holder: &mut Resource, attribute: &Attribute, change: &Change<'_>) -> Result<()> {
    let sent = change.value.filter(|_| change.verb != Verb::Remove);
    let read = sent
        .map(|sent| value_of(attribute, sent))
        .transpose()?
        .flatten();
    match (holder.get_mut(&attribute.name), read) {
        (Some(Value::Object(members)), Some(Value::Object(read))) => members.extend(read),
        (_, Some(read)) => {
            holder.insert(attribute.name.clone(), read);
        }
        (_, None) => {
            holder.remove(&attribute.name);
        }
    }
    Ok(())
}

/// A list as a whole: entries join it, take its place or leave it.
fn change_entries(
    entries: &mut Vec<Value>,
    attribute: &Attribute,
    change: &Change<'_>,
) -> Result<()> {
    let sent = change
        .value
        .map(|sent| value_of(attribute, sent))
        .transpose()?
        .flatten();
    let sent = match sent {
        Some(Value::Array(sent)) => sent,
        _ => Vec::new(),
    };
    match change.verb {
        Verb::Replace => *entries = sent,
        // Naming the entries to remove in `value` is no standard, and what one large directory does.
        Verb::Remove if change.value.is_some() => {
            let gone: std::collections::HashSet<String> = sent.iter().map(identity).collect();
            entries.retain(|entry| !gone.contains(&identity(entry)));
        }
        Verb::Remove => entries.clear(),
        Verb::Add => {
            let mut known: std::collections::HashSet<String> = entries.iter().map(full).collect();
            let new = sent.into_iter().filter(|entry| known.insert(full(entry)));
            entries.extend(new);
        }
    }
    Ok(())
}

/// What tells two entries of a list apart: their value.
fn identity(entry: &Value) -> String {
    entry.get("value").unwrap_or(entry).to_string()
}

/// What tells two entries apart when one is added: everything, but for references the value alone.
fn full(entry: &Value) -> String {
    let is_reference =
        entry.get("$ref").is_some() || entry.as_object().is_some_and(|members| members.len() == 1);
    if is_reference {
        identity(entry)
    } else {
        entry.to_string()
    }
}

/// RFC 7644, 3.5.2: a new primary entry takes the place of the one before.
fn keep_one_primary(before: &[Value], entries: &mut [Value]) {
    let primary = entries
        .iter()
        .filter(|entry| resource::is_primary(entry))
        .count();
    if primary < 2 {
        return;
    }
    for entry in entries.iter_mut() {
        if resource::is_primary(entry)
            && before.contains(entry)
            && let Some(members) = entry.as_object_mut()
        {
            members.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}
