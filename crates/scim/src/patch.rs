//! PATCH (RFC 7644, 3.5.2), in the standard's shapes and in those that directories send beside them: operations
//! in capitals, truth values as text, objects of dotted names, removals that name the entries in `value`.

mod target;

use serde_json::Value;

use crate::{
    filter,
    path::AttributePath,
    problem::{Problem, Result, ScimType},
    resource::{self, Resource},
    schema::Definition,
};
use target::{Change, Target};

/// Most operations in one request.
pub const OPERATIONS_MAX: usize = 1000;

/// What an operation does with what its path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Add,
    Remove,
    Replace,
}

/// Carries the operations of a PATCH request out on a resource. When one fails, the resource is as it was.
///
/// # Errors
/// `invalidSyntax` for what is no such request; `invalidPath`, `noTarget`, `mutability`, `invalidValue` and
/// `invalidFilter` of the operation that fails.
pub fn apply(resource: &mut Resource, request: &Value, definition: &Definition) -> Result<()> {
    let operations = request
        .as_object()
        .and_then(|body| filter::member(body, "Operations"));
    let Some(operations) = operations.and_then(Value::as_array) else {
        return Err(syntax("a PATCH request has a list of `Operations`"));
    };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        let message = format!("a PATCH request has 1 to {OPERATIONS_MAX} operations");
        return Err(syntax(&message));
    }
    let mut changed = resource.clone();
    for operation in operations {
        carry_out(&mut changed, operation, definition)?;
    }
    resource::check_required(&changed, definition)?;
    *resource = changed;
    Ok(())
}

fn carry_out(resource: &mut Resource, operation: &Value, definition: &Definition) -> Result<()> {
    let Some(operation) = operation.as_object() else {
        return Err(syntax("an operation is a JSON object"));
    };
    let word = filter::member(operation, "op")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let verb = match word.to_ascii_lowercase().as_str() {
        "add" => Verb::Add,
        "remove" => Verb::Remove,
        "replace" => Verb::Replace,
        _ => return Err(syntax("`op` of an operation is add, remove or replace")),
    };
    let value = filter::member(operation, "value").filter(|value| !value.is_null());
    let path = match filter::member(operation, "path") {
        Some(Value::String(path)) if !path.is_empty() => Some(path.as_str()),
        Some(Value::String(_) | Value::Null) | None => None,
        Some(_) => return Err(Problem::invalid(ScimType::InvalidPath, "`path` is text")),
    };
    match (path, value) {
        (Some(path), value) => {
            let target = Target::parse(path)?;
            target.change(resource, definition, &change(verb, value)?)
        }
        (None, Some(Value::Object(members))) if verb != Verb::Remove => {
            for (name, value) in members {
                change_member(resource, definition, (name, value), verb)?;
            }
            Ok(())
        }
        (None, _) if verb == Verb::Remove => Err(Problem::invalid(
            ScimType::NoTarget,
            "a removal needs a `path`",
        )),
        (None, _) => Err(Problem::invalid(
            ScimType::InvalidValue,
            "without a `path`, `value` is an object of attributes",
        )),
    }
}

fn change(verb: Verb, value: Option<&Value>) -> Result<Change<'_>> {
    if verb == Verb::Add && value.is_none() {
        return Err(Problem::invalid(
            ScimType::InvalidValue,
            "`value` is missing",
        ));
    }
    Ok(match (verb, value) {
        // Replacing by nothing removes (RFC 7643, 2.5).
        (Verb::Replace, None) => Change {
            verb: Verb::Remove,
            value: None,
        },
        (verb, value) => Change { verb, value },
    })
}

/// One member of an operation without a path: its name is the path.
fn change_member(
    resource: &mut Resource,
    definition: &Definition,
    (name, value): (&str, &Value),
    verb: Verb,
) -> Result<()> {
    // Directories send the whole resource back now and then; who it is stays.
    if ["id", "schemas", "meta"]
        .iter()
        .any(|fixed| fixed.eq_ignore_ascii_case(name))
    {
        return Ok(());
    }
    let target = Target {
        path: AttributePath::parse(name, ScimType::InvalidPath)?,
        filter: None,
    };
    if target.is_read_only(definition) {
        return Ok(());
    }
    let value = Some(value).filter(|value| !value.is_null());
    let verb = if value.is_none() { Verb::Remove } else { verb };
    target.change(resource, definition, &Change { verb, value })
}

fn syntax(message: &str) -> Problem {
    Problem::invalid(ScimType::InvalidSyntax, message)
}
