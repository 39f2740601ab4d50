//! Templates and their versions as data.

use guildhall_kernel::{FieldError, PersonId, PromptTemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A template without its text.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PromptTemplate {
    pub id: PromptTemplateId,
    pub name: String,
    pub description: String,
    /// Number of the newest version.
    pub version: u32,
    /// Counts every change; send the one you read when you change something.
    pub revision: u32,
    #[schema(required)]
    pub archived_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub changed_at: Timestamp,
}

/// A template with its newest version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PromptTemplateDetail {
    pub template: PromptTemplate,
    pub current: PromptVersion,
}

/// One version of a template; it never changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PromptVersion {
    /// Counts up from 1.
    pub number: u32,
    /// Text with `{{variable}}` places; `\{{` stands for two plain braces.
    pub body: String,
    pub variables: Vec<Variable>,
    /// What changed, in the author's words; may be empty.
    pub note: String,
    /// Display name of who wrote it.
    pub author: String,
    pub created_at: Timestamp,
    /// The version whose text this one brought back.
    #[schema(required)]
    pub restored_from: Option<u32>,
}

/// A template filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RenderedPrompt)]
pub struct Rendered {
    pub text: String,
    pub characters: u32,
    /// The version that was filled in.
    pub version: u32,
}

/// A draft filled in, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptPreview {
    /// `null` when something is wrong.
    #[schema(required)]
    pub text: Option<String>,
    /// Fields of the request, such as `body`, `variables[0].name` or `values.customer`.
    pub problems: Vec<FieldError>,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VariableType {
    /// One line.
    Text,
    /// Any number of lines.
    LongText,
    Number,
    /// One of `options`.
    Choice,
    /// Written as `yes` or `no`.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
}

/// A value for a variable: a text (also for choices and dates), a number, or a truth value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text, a number, or true or false")]
pub enum TemplateValue {
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// A variable as declared. Which bounds may stand depends on its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Lower-case letters, digits and `_`, starting with a letter; at most 40.
    #[schema(pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub name: String,
    /// What people read beside the field; the name when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 80)]
    pub label: String,
    /// A hint below the field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 300)]
    pub help: String,
    #[serde(rename = "type")]
    pub kind: VariableType,
    /// Whether it must be filled in when it has no default.
    #[serde(default = "yes")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<TemplateValue>,
    /// Text and long text: fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 50000)]
    pub characters_min: Option<u32>,
    /// Text and long text: most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 50000)]
    pub characters_max: Option<u32>,
    /// Number: smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_min: Option<f64>,
    /// Number: largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_max: Option<f64>,
    /// Number: whole numbers only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
    /// Date: first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub date_min: Option<String>,
    /// Date: last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    pub date_max: Option<String>,
    /// Choice: what may be chosen, 1 to 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub options: Vec<String>,
}

fn yes() -> bool {
    true
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference in"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Variable {
    /// What people call it.
    pub(super) fn title(&self) -> &str {
        if self.label.is_empty() {
            &self.name
        } else {
            &self.label
        }
    }
}

/// A template as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredTemplate {
    pub(super) id: PromptTemplateId,
    pub(super) name: String,
    /// The name in lower case.
    pub(super) name_key: String,
    pub(super) description: String,
    pub(super) newest_version: u32,
    pub(super) revision: u32,
    pub(super) archived_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) changed_at: Timestamp,
}

impl StoredTemplate {
    pub(super) fn view(self) -> PromptTemplate {
        PromptTemplate {
            id: self.id,
            name: self.name,
            description: self.description,
            version: self.newest_version,
            revision: self.revision,
            archived_at: self.archived_at,
            created_at: self.created_at,
            changed_at: self.changed_at,
        }
    }
}

/// A version as stored.
#[derive(Clone, Debug)]
pub(super) struct StoredVersion {
    pub(super) number: u32,
    pub(super) body: String,
    pub(super) variables: Vec<Variable>,
    pub(super) note: String,
    pub(super) author: PersonId,
    pub(super) created_at: Timestamp,
    pub(super) restored_from: Option<u32>,
}

impl StoredVersion {
    pub(super) fn view(self, author: String) -> PromptVersion {
        PromptVersion {
            number: self.number,
            body: self.body,
            variables: self.variables,
            note: self.note,
            author,
            created_at: self.created_at,
            restored_from: self.restored_from,
        }
    }
}
