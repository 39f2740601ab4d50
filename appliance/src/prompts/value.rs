//! Values: whether they fit their variable, and how they are written into the text.

use guildhall_kernel::{Error, FieldError, Result};

use super::{
    Values,
    engine::{self, Part},
    model::{TemplateValue, Variable, VariableType},
};

/// Most characters of a template that is filled in: what one message may have.
const RENDERED_CHARACTERS_MAX: usize = 100_000;
/// Most characters of a one-line value.
pub(super) const TEXT_CHARACTERS_MAX: u32 = 1_000;
/// Most characters of a value with several lines.
pub(super) const LONG_TEXT_CHARACTERS_MAX: u32 = 50_000;

/// Why a value does not fit: a code and a sentence.
pub(super) type Misfit = (&'static str, String);

/// Fills a template in. `field` is where the values stand in the request, such as `values`.
///
/// # Errors
/// `invalid_values` with every value that is missing, unknown or does not fit; `rendered_too_long`.
pub(super) fn render(
    (body, variables): (&str, &[Variable]),
    values: &Values,
    field: &str,
) -> Result<String> {
    let mut wrong = Vec::new();
    let mut written = std::collections::BTreeMap::new();
    for variable in variables {
        match resolve(variable, values.get(&variable.name)) {
            Ok(text) => {
                written.insert(variable.name.as_str(), text);
            }
            Err(misfit) => wrong.push(misfit_at(&format!("{field}.{}", variable.name), misfit)),
        }
    }
    let is_unknown = |name: &&String| !variables.iter().any(|known| known.name == **name);
    for name in values.keys().filter(is_unknown) {
        let message = format!("this template has no variable `{name}`");
        wrong.push(misfit_at(
            &format!("{field}.{name}"),
            ("unknown_variable", message),
        ));
    }
    refuse("invalid_values", wrong)?;
    let parts = engine::parse(body)
        .map_err(|flaw| Error::internal(format!("a stored template: {}", flaw.message)))?;
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(&piece),
            Part::Place(name) => {
                let value = written.get(name.as_str()).ok_or_else(|| {
                    Error::internal("a stored template names an undeclared variable")
                })?;
                text.push_str(value);
            }
        }
    }
    if text.chars().count() > RENDERED_CHARACTERS_MAX {
        let message = format!(
            "filled in, this template has more than {RENDERED_CHARACTERS_MAX} characters; shorten a value"
        );
        return Err(Error::invalid_field(field, "rendered_too_long", message));
    }
    Ok(text)
}

/// Turns what is wrong into one error that names every field; nothing wrong is fine.
pub(super) fn refuse(code: &'static str, wrong: Vec<FieldError>) -> Result<()> {
    let Some(first) = wrong.first() else {
        return Ok(());
    };
    let message = match wrong.len() {
        1 => first.message.clone(),
        count => format!("{} (and {} more)", first.message, count - 1),
    };
    let error = Error::invalid(code, message);
    Err(wrong.into_iter().fold(error, Error::with_field))
}

pub(super) fn misfit_at(field: &str, (code, message): Misfit) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: code.to_owned(),
        message,
    }
}

/// The text of a variable: of its value, else of its default, else nothing where it may be left out.
fn resolve(variable: &Variable, value: Option<&TemplateValue>) -> Result<String, Misfit> {
    let is_blank = |value: &&TemplateValue| matches!(value, TemplateValue::Text(text) if text.trim().is_empty());
    let given = value.filter(|value| !is_blank(value));
    match given.or(variable.default.as_ref()) {
        Some(value) => write(variable, value),
        None if variable.required => Err((
            "missing_value",
            format!("`{}` is not filled in", variable.title()),
        )),
        None => Ok(String::new()),
    }
}

/// The text of a value, when it fits its variable.
pub(super) fn write(variable: &Variable, value: &TemplateValue) -> Result<String, Misfit> {
    match (variable.kind, value) {
        (VariableType::Text, TemplateValue::Text(text)) => write_text(variable, text, false),
        (VariableType::LongText, TemplateValue::Text(text)) => write_text(variable, text, true),
        (VariableType::Number, TemplateValue::Number(number)) => write_number(variable, *number),
        (VariableType::Choice, TemplateValue::Text(text)) => write_choice(variable, text),
        (VariableType::Boolean, TemplateValue::Boolean(true)) => Ok("yes".to_owned()),
        (VariableType::Boolean, TemplateValue::Boolean(false)) => Ok("no".to_owned()),
        (VariableType::Date, TemplateValue::Text(text)) => write_date(variable, text),
        (kind, _) => {
            let wanted = match kind {
                VariableType::Text | VariableType::LongText => "a text",
                VariableType::Number => "a number",
                VariableType::Choice => "one of its options",
                VariableType::Boolean => "true or false",
                VariableType::Date => "a day like 2026-01-31",
            };
            Err((
                "wrong_type",
                format!("`{}` takes {wanted}", variable.title()),
            ))
        }
    }
}

fn write_text(variable: &Variable, text: &str, is_long: bool) -> Result<String, Misfit> {
    let title = variable.title();
    let text = text.replace("\r\n", "\n");
    let is_allowed = |letter: char| is_long && (letter == '\n' || letter == '\t');
    if text
        .chars()
        .any(|letter| letter.is_control() && !is_allowed(letter))
    {
        let message = if is_long {
            format!("`{title}` holds control characters; paste plain text")
        } else {
            format!("`{title}` takes one line of plain text")
        };
        return Err(("control_characters", message));
    }
    let count = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let most = if is_long {
        LONG_TEXT_CHARACTERS_MAX
    } else {
        TEXT_CHARACTERS_MAX
    };
    let most = variable.characters_max.unwrap_or(most);
    if count > most {
        return Err((
            "too_long",
            format!("`{title}` has {count} characters and takes at most {most}"),
        ));
    }
    match variable.characters_min {
        Some(least) if count < least => Err((
            "too_short",
            format!("`{title}` has {count} characters and takes at least {least}"),
        )),
        _ => Ok(text),
    }
}

fn write_number(variable: &Variable, number: f64) -> Result<String, Misfit> {
    let title = variable.title();
    if !number.is_finite() {
        return Err(("wrong_type", format!("`{title}` takes a number")));
    }
    if variable.whole && number.fract() != 0.0 {
        return Err(("not_whole", format!("`{title}` takes a whole number")));
    }
    match (variable.number_min, variable.number_max) {
        (Some(least), _) if number < least => {
            Err(("too_small", format!("`{title}` is at least {least}")))
        }
        (_, Some(most)) if number > most => {
            Err(("too_large", format!("`{title}` is at most {most}")))
        }
        // Minus zero reads as zero.
        _ => Ok((number + 0.0).to_string()),
    }
}

fn write_choice(variable: &Variable, text: &str) -> Result<String, Misfit> {
    if variable.options.iter().any(|option| option == text) {
        return Ok(text.to_owned());
    }
    let message = format!(
        "`{}` is one of: {}",
        variable.title(),
        variable.options.join(", ")
    );
    Err(("not_an_option", message))
}

fn write_date(variable: &Variable, text: &str) -> Result<String, Misfit> {
    let title = variable.title();
    if !is_day(text) {
        return Err((
            "wrong_type",
            format!("`{title}` takes a day like 2026-01-31"),
        ));
    }
    // Days of this form compare as text.
    match (variable.date_min.as_deref(), variable.date_max.as_deref()) {
        (Some(first), _) if text < first => {
            Err(("too_early", format!("`{title}` is {first} or later")))
        }
        (_, Some(last)) if text > last => {
            Err(("too_late", format!("`{title}` is {last} or earlier")))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Whether a text is a day of the calendar, `YYYY-MM-DD` (RFC 3339, full-date).
pub(super) fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |text: &str, digits: usize| {
        let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn variable(json: serde_json::Value) -> Variable {
        serde_json::from_value(json).unwrap()
    }

    fn outcome(declared: serde_json::Value, value: serde_json::Value) -> String {
        let value: TemplateValue = serde_json::from_value(value).unwrap();
        write(&variable(declared), &value).unwrap_or_else(|(code, _)| format!("! {code}"))
    }

    #[test]
    fn each_type_takes_its_own_values_within_bounds() {
        let text = json!({ "name": "a", "type": "text", "characters_min": 2, "characters_max": 4 });
        let number = json!({ "name": "a", "type": "number", "number_min": -1, "number_max": 10.5 });
        let whole = json!({ "name": "a", "type": "number", "whole": true });
        let choice = json!({ "name": "a", "type": "choice", "options": ["red", "blue"] });
        let date = json!({ "name": "a", "type": "date", "date_min": "2026-01-01", "date_max": "2026-12-31" });
        let cases = [
            (&text, json!("häh"), "häh"),
            (&text, json!("x"), "! too_short"),
            (&text, json!("hello"), "! too_long"),
            (&text, json!("a\nb"), "! control_characters"),
            (&text, json!(3), "! wrong_type"),
            (&number, json!(10.5), "10.5"),
            (&number, json!(-0.0), "0"),
            (&number, json!(3), "3"),
            (&number, json!(-1.01), "! too_small"),
            (&number, json!(11), "! too_large"),
            (&number, json!("3"), "! wrong_type"),
            (&whole, json!(1e15), "1000000000000000"),
            (&whole, json!(0.5), "! not_whole"),
            (&choice, json!("red"), "red"),
            (&choice, json!("Red"), "! not_an_option"),
            (&date, json!("2026-02-28"), "2026-02-28"),
            (&date, json!("2026-02-29"), "! wrong_type"),
            (&date, json!("2025-12-31"), "! too_early"),
            (&date, json!("2027-01-01"), "! too_late"),
            (&date, json!("2026-1-1"), "! wrong_type"),
        ];
        for (declared, value, wanted) in cases {
            assert_eq!(
                outcome(declared.clone(), value.clone()),
                wanted,
                "{declared} {value}"
            );
        }
        let boolean = json!({ "name": "a", "type": "boolean" });
        assert_eq!(outcome(boolean.clone(), json!(true)), "yes");
        assert_eq!(outcome(boolean, json!("true")), "! wrong_type");
        let long = json!({ "name": "a", "type": "long_text" });
        assert_eq!(outcome(long, json!("a\r\nb\tc")), "a\nb\tc");
    }

    #[test]
    fn a_value_is_never_read_as_template() {
        let declared = [
            variable(json!({ "name": "a", "type": "text" })),
            variable(json!({ "name": "secret", "type": "text", "default": "s3cret" })),
        ];
        let values = [(
            "a".to_owned(),
            TemplateValue::Text("{{secret}} \\{{".into()),
        )]
        .into();
        let text = render(("<{{a}}|{{secret}}>", &declared), &values, "values").unwrap();
        assert_eq!(text, "<{{secret}} \\{{|s3cret>");
    }

    #[test]
    fn every_misfit_is_named_at_once() {
        let declared = [
            variable(json!({ "name": "a", "type": "text" })),
            variable(json!({ "name": "b", "type": "number" })),
            variable(json!({ "name": "c", "type": "text", "required": false })),
        ];
        let values = [
            ("a".to_owned(), TemplateValue::Text("  ".into())),
            ("b".to_owned(), TemplateValue::Boolean(true)),
            ("d".to_owned(), TemplateValue::Number(1.0)),
        ]
        .into();
        let error = render(("{{a}}{{b}}{{c}}", &declared), &values, "values").unwrap_err();
        assert_eq!(error.code(), "invalid_values");
        let fields: Vec<(String, String)> = error
            .body("")
            .error
            .details
            .map(|details| details.fields)
            .unwrap_or_default()
            .into_iter()
            .map(|field| (field.field, field.code))
            .collect();
        let wanted = [
            ("values.a", "missing_value"),
            ("values.b", "wrong_type"),
            ("values.d", "unknown_variable"),
        ];
        assert_eq!(
            fields,
            wanted.map(|(field, code)| (field.to_owned(), code.to_owned()))
        );
    }
}
