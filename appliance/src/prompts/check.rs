//! Whether the text and the declarations of a template are sound and belong together.

use std::collections::BTreeSet;

use guildhall_kernel::{Error, FieldError, Result};

use super::{
    engine::{self, Part},
    model::{Variable, VariableType},
    value::{
        LONG_TEXT_CHARACTERS_MAX, Misfit, TEXT_CHARACTERS_MAX, is_day, misfit_at, refuse, write,
    },
};

const BODY_CHARACTERS_MAX: usize = 20_000;
const VARIABLES_MAX: usize = 50;
const OPTIONS_MAX: usize = 50;
const OPTION_CHARACTERS_MAX: usize = 200;
const LABEL_CHARACTERS_MAX: usize = 80;
const HELP_CHARACTERS_MAX: usize = 300;

/// A template's text with plain line ends and its variables, once they are sound.
///
/// # Errors
/// `invalid_template`, naming everything that is wrong.
pub(super) fn checked(body: &str, variables: Vec<Variable>) -> Result<(String, Vec<Variable>)> {
    let body = body.replace("\r\n", "\n");
    let mut wrong = Vec::new();
    if variables.len() > VARIABLES_MAX {
        let message = format!("a template has at most {VARIABLES_MAX} variables");
        return Err(Error::invalid_field(
            "variables",
            "too_many_variables",
            message,
        ));
    }
    let mut names = BTreeSet::new();
    for (index, variable) in variables.iter().enumerate() {
        let at = format!("variables[{index}]");
        check_variable(variable, &at, &mut wrong);
        if !names.insert(variable.name.as_str()) {
            let message = format!("`{}` is declared twice", variable.name);
            wrong.push(misfit_at(
                &format!("{at}.name"),
                ("duplicate_name", message),
            ));
        }
    }
    match check_body(&body) {
        Ok(parts) => check_places(&parts, &variables, &mut wrong),
        Err(misfit) => wrong.push(misfit_at("body", misfit)),
    }
    refuse("invalid_template", wrong)?;
    Ok((body, variables))
}

fn check_body(body: &str) -> Result<Vec<Part>, Misfit> {
    if body.trim().is_empty() {
        return Err(("empty_body", "write the text of the template".to_owned()));
    }
    if body.chars().count() > BODY_CHARACTERS_MAX {
        let message = format!(
            "a template has at most {BODY_CHARACTERS_MAX} characters; put long text into a variable"
        );
        return Err(("body_too_long", message));
    }
    let is_odd = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if body.chars().any(is_odd) {
        let message = "the text holds control characters; paste plain text".to_owned();
        return Err(("control_characters", message));
    }
    engine::parse(body).map_err(|flaw| (flaw.code, flaw.message))
}

/// Every place has its variable, and every variable its place.
fn check_places(parts: &[Part], variables: &[Variable], wrong: &mut Vec<FieldError>) {
    let places: BTreeSet<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Place(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
        .collect();
    for name in &places {
        if !variables.iter().any(|variable| variable.name == *name) {
            let message =
                format!("the text uses `{name}`, which is not declared; declare it or remove it");
            wrong.push(misfit_at("body", ("undeclared_variable", message)));
        }
    }
    for (index, variable) in variables.iter().enumerate() {
        if engine::is_name(&variable.name) && !places.contains(variable.name.as_str()) {
            let message = format!(
                "`{}` is declared, and the text does not use it; write `{{{{{}}}}}` or remove it",
                variable.name, variable.name
            );
            let at = format!("variables[{index}].name");
            wrong.push(misfit_at(&at, ("unused_variable", message)));
        }
    }
}

fn check_variable(variable: &Variable, at: &str, wrong: &mut Vec<FieldError>) {
    let mut note = |field: &str, code: &'static str, message: &str| {
        wrong.push(misfit_at(
            &format!("{at}.{field}"),
            (code, message.to_owned()),
        ));
    };
    if !engine::is_name(&variable.name) {
        let message = "a name has lower-case letters, digits and `_`, starts with a letter and has at most 40 characters";
        note("name", "invalid_name", message);
    }
    let is_line = |text: &str, most: usize| {
        text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    if !is_line(&variable.label, LABEL_CHARACTERS_MAX) {
        note(
            "label",
            "invalid_text",
            "a label is one line of at most 80 characters",
        );
    }
    if !is_line(&variable.help, HELP_CHARACTERS_MAX) {
        note(
            "help",
            "invalid_text",
            "a hint is one line of at most 300 characters",
        );
    }
    for (field, kinds, is_set) in settings(variable) {
        if is_set && !kinds.contains(&variable.kind) {
            note(
                field,
                "not_for_type",
                "this setting does not belong to a variable of this type",
            );
        }
    }
    check_bounds(variable, &mut note);
    check_options(variable, &mut note);
    if let Some(default) = &variable.default
        && let Err((code, message)) = write(variable, default)
    {
        note("default", code, &message);
    }
}

type Setting = (&'static str, &'static [VariableType], bool);

/// Every setting with the types it belongs to, and whether it is set.
fn settings(variable: &Variable) -> [Setting; 8] {
    const TEXTS: &[VariableType] = &[VariableType::Text, VariableType::LongText];
    const NUMBERS: &[VariableType] = &[VariableType::Number];
    const DATES: &[VariableType] = &[VariableType::Date];
    const CHOICES: &[VariableType] = &[VariableType::Choice];
    [
        ("characters_min", TEXTS, variable.characters_min.is_some()),
        ("characters_max", TEXTS, variable.characters_max.is_some()),
        ("number_min", NUMBERS, variable.number_min.is_some()),
        ("number_max", NUMBERS, variable.number_max.is_some()),
        ("whole", NUMBERS, variable.whole),
        ("date_min", DATES, variable.date_min.is_some()),
        ("date_max", DATES, variable.date_max.is_some()),
        ("options", CHOICES, !variable.options.is_empty()),
    ]
}

fn check_bounds(variable: &Variable, note: &mut impl FnMut(&str, &'static str, &str)) {
    let most = match variable.kind {
        VariableType::LongText => LONG_TEXT_CHARACTERS_MAX,
        _ => TEXT_CHARACTERS_MAX,
    };
    if variable
        .characters_max
        .is_some_and(|max| max == 0 || max > most)
    {
        let message = format!("the most characters are a number from 1 to {most}");
        note("characters_max", "invalid_bound", &message);
    }
    if variable.characters_min > Some(variable.characters_max.unwrap_or(most)) {
        note(
            "characters_min",
            "invalid_bound",
            "the fewest characters are more than the most",
        );
    }
    if let (Some(least), Some(greatest)) = (variable.number_min, variable.number_max)
        && least > greatest
    {
        note(
            "number_min",
            "invalid_bound",
            "the smallest value is larger than the largest",
        );
    }
    for (field, day) in [
        ("date_min", &variable.date_min),
        ("date_max", &variable.date_max),
    ] {
        if day.as_deref().is_some_and(|day| !is_day(day)) {
            note(field, "invalid_bound", "write a day like 2026-01-31");
        }
    }
    if let (Some(first), Some(last)) = (&variable.date_min, &variable.date_max)
        && first > last
    {
        note(
            "date_min",
            "invalid_bound",
            "the first day is after the last",
        );
    }
}

fn check_options(variable: &Variable, note: &mut impl FnMut(&str, &'static str, &str)) {
    if variable.kind != VariableType::Choice {
        return;
    }
    let options = &variable.options;
    if options.is_empty() || options.len() > OPTIONS_MAX {
        note("options", "invalid_options", "a choice has 1 to 50 options");
    }
    let mut seen = BTreeSet::new();
    for (index, option) in options.iter().enumerate().take(OPTIONS_MAX) {
        let field = format!("options[{index}]");
        let length = option.chars().count();
        let is_plain = option.trim() == option && !option.chars().any(char::is_control);
        if length == 0 || length > OPTION_CHARACTERS_MAX || !is_plain {
            let message = "an option is one line of 1 to 200 characters without blanks around it";
            note(&field, "invalid_options", message);
        }
        if !seen.insert(option) {
            note(&field, "invalid_options", "this option is there already");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn refused(body: &str, variables: Value) -> Vec<String> {
        let variables: Vec<Variable> = serde_json::from_value(variables).unwrap();
        let error = checked(body, variables).unwrap_err();
        let fields = error.body("").error.details.map(|details| details.fields);
        let fields = fields.unwrap_or_default();
        fields
            .iter()
            .map(|field| format!("{} {}", field.field, field.code))
            .collect()
    }

    #[test]
    fn text_and_declarations_belong_together() {
        assert_eq!(
            refused(
                "{{a}} {{b}}",
                json!([{ "name": "b", "type": "text" }, { "name": "c", "type": "text" }])
            ),
            [
                "body undeclared_variable",
                "variables[1].name unused_variable"
            ]
        );
        assert_eq!(refused(" \n", json!([])), ["body empty_body"]);
        assert_eq!(refused("{{a", json!([])), ["body unclosed_place"]);
    }

    #[test]
    fn declarations_are_checked_field_by_field() {
        let cases = [
            (json!({ "name": "A", "type": "text" }), "name invalid_name"),
            (
                json!({ "name": "a", "type": "text", "number_min": 1 }),
                "number_min not_for_type",
            ),
            (
                json!({ "name": "a", "type": "date", "date_min": "2026-13-01" }),
                "date_min invalid_bound",
            ),
            (
                json!({ "name": "a", "type": "date", "date_min": "2026-02-01", "date_max": "2026-01-01" }),
                "date_min invalid_bound",
            ),
            (
                json!({ "name": "a", "type": "number", "number_min": 2, "number_max": 1 }),
                "number_min invalid_bound",
            ),
            (
                json!({ "name": "a", "type": "text", "characters_max": 9999 }),
                "characters_max invalid_bound",
            ),
            (
                json!({ "name": "a", "type": "text", "characters_min": 5, "characters_max": 4 }),
                "characters_min invalid_bound",
            ),
            (
                json!({ "name": "a", "type": "choice" }),
                "options invalid_options",
            ),
            (
                json!({ "name": "a", "type": "choice", "options": ["x", "x"] }),
                "options[1] invalid_options",
            ),
            (
                json!({ "name": "a", "type": "choice", "options": ["x"], "default": "y" }),
                "default not_an_option",
            ),
            (
                json!({ "name": "a", "type": "boolean", "default": "yes" }),
                "default wrong_type",
            ),
        ];
        for (variable, wanted) in cases {
            let found = refused("{{a}}", json!([variable.clone()]));
            assert!(
                found.contains(&format!("variables[0].{wanted}")),
                "{variable}: {found:?}"
            );
        }
    }
}
