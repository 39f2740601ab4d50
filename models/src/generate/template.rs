//! Renders a model's own chat template, a Jinja program from a foreign file, in a bounded way.

use std::fmt::Write as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, Value};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde::Serialize;
use serde_json::Value as Json;

/// Longest template that is compiled, in bytes; the longest known ones have 20,000.
const TEMPLATE_BYTES_MAX: usize = 256 * 1024;
/// What one rendering may cost: instructions, and 64 bytes each of text.
const FUEL: u64 = 4_000_000;
const NAME: &str = "chat";

/// A compiled template.
#[derive(Debug)]
pub(super) struct JinjaTemplate {
    environment: Environment<'static>,
}

/// What a template sees.
#[derive(Debug, Serialize)]
pub(super) struct View {
    pub(super) messages: Vec<Json>,
    /// Absent when there are none: templates ask whether it is defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<Vec<Json>>,
    pub(super) add_generation_prompt: bool,
    pub(super) bos_token: String,
    pub(super) eos_token: String,
}

impl JinjaTemplate {
    /// Compiles a template.
    ///
    /// # Errors
    /// The reason, when it is too long or no Jinja.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        if source.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("it is {} bytes long", source.len()));
        }
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(reason)?;
        environment.set_syntax(syntax);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_filter("tojson", to_json);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", |format: String| today(&format));
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(reason)?;
        Ok(Self { environment })
    }

    /// Renders a conversation.
    ///
    /// # Errors
    /// The template's own objection, or that it takes too long.
    pub(super) fn render(&self, view: &View) -> Result<String, String> {
        let template = self.environment.get_template(NAME).map_err(reason)?;
        template.render(Serde(view)).map_err(reason)
    }
}

fn reason(error: Error) -> String {
    let detail = error.detail().unwrap_or_default();
    let mut text = error.kind().to_string();
    if !detail.is_empty() {
        let _ = write!(text, ": {detail}");
    }
    text.chars().take(300).collect()
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// The date in the few forms that templates ask for; `%Y-%m-%d` for any other.
fn today(format: &str) -> String {
    let days = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400);
    let (year, month, day) = civil_from_days(i64::try_from(days).unwrap_or(0));
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let name = usize::try_from(month - 1)
        .ok()
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or("January");
    let known = format
        .replace("%Y", &format!("{year:04}"))
        .replace("%m", &format!("{month:02}"))
        .replace("%d", &format!("{day:02}"))
        .replace("%B", name)
        .replace("%b", name.get(..3).unwrap_or(name));
    if known.contains('%') {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        known
    }
}

/// Year, month and day of a number of days since 1970 (Hinnant, "chrono-compatible low-level
/// date algorithms").
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// JSON as Python's `json.dumps` writes it, which models were trained on; the built-in filter
/// escapes for HTML.
fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    for ignored in ["ensure_ascii", "sort_keys", "separators"] {
        let _: Option<Value> = options.get(ignored)?;
    }
    options.assert_all_used()?;
    let json = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    Ok(Value::from(match indent {
        None => python_json(&json),
        Some(indent) => indented_json(&json, indent),
    }))
}

/// JSON on one line with a space after each comma and colon.
pub(super) fn python_json(json: &Json) -> String {
    struct Spaced;
    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: ?Sized + std::io::Write>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            if first {
                Ok(())
            } else {
                writer.write_all(b", ")
            }
        }

        fn begin_object_key<W: ?Sized + std::io::Write>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            if first {
                Ok(())
            } else {
                writer.write_all(b", ")
            }
        }

        fn begin_object_value<W: ?Sized + std::io::Write>(
            &mut self,
            writer: &mut W,
        ) -> std::io::Result<()> {
            writer.write_all(b": ")
        }
    }
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    // Writing JSON to memory does not fail.
    let _ = json.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

fn indented_json(json: &Json, indent: usize) -> String {
    let spaces = vec![b' '; indent.min(8)];
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(&spaces);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let _ = json.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(messages: Vec<Json>) -> View {
        View {
            messages,
            tools: None,
            add_generation_prompt: true,
            bos_token: "<s>".to_owned(),
            eos_token: "</s>".to_owned(),
        }
    }

    fn render(source: &str, view: &View) -> Result<String, String> {
        JinjaTemplate::compile(source)?.render(view)
    }

    #[test]
    fn python_methods_blocks_and_macros_work() {
        let source = "{%- macro turn(m) %}[{{ m.role.upper() }}] {{ m['content'].strip() }}\n\
                      {%- endmacro -%}\n{% for m in messages %}\n    {{- turn(m) }}\n\
                      {% if loop.last %}\n!{% endif %}\n{% endfor %}";
        let text = render(
            source,
            &view(vec![json!({"role": "user", "content": " a <b> "})]),
        );
        assert_eq!(text.unwrap(), "[USER] a <b>\n!");
    }

    #[test]
    fn json_looks_as_python_writes_it() {
        let messages = vec![json!({"b": [1, 2], "c": "<x> & 'ü'"})];
        let text = render("{{ messages[0] | tojson }}", &view(messages)).unwrap();
        assert_eq!(text, r#"{"b": [1, 2], "c": "<x> & 'ü'"}"#);
        let text = render("{{ [1] | tojson(indent=2) }}", &view(Vec::new())).unwrap();
        assert_eq!(text, "[\n  1\n]");
    }

    #[test]
    fn endless_and_huge_renderings_are_refused() {
        for source in [
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 1000000000 }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% set ns = namespace(t='xxxxxxxxxx') %}{% for a in range(60) %}\
             {% set ns.t = ns.t + ns.t %}{% endfor %}{{ ns.t }}",
        ] {
            assert!(render(source, &view(Vec::new())).is_err(), "{source}");
        }
        assert!(JinjaTemplate::compile(&"x".repeat(TEMPLATE_BYTES_MAX + 1)).is_err());
        assert!(JinjaTemplate::compile("{% for %}").is_err());
    }

    #[test]
    fn a_template_can_object() {
        let error = render("{{ raise_exception('no system role') }}", &view(Vec::new()));
        assert!(error.unwrap_err().contains("no system role"));
    }

    #[test]
    fn dates_are_right() {
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(19_782), (2024, 2, 29));
        assert_eq!(today("%d %b %Y").split(' ').count(), 3);
    }
}
