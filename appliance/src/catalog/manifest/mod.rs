//! Manifest v1: the file that describes an agent. The types below are the format; the JSON Schema
//! made from them is what a file is checked against, so format, schema and refusals cannot drift.

mod check;
mod report;
mod rules;
pub(crate) mod yaml;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use report::Problem;
pub(crate) use report::WHOLE_FILE;

/// Largest manifest file in bytes.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// The patterns of the format with what they ask for, in words.
const PATTERNS: [(&str, &str); 5] = [
    (
        KEBAB,
        "lower-case words joined by hyphens, such as `invoice-clerk`",
    ),
    (ONE_LINE, "one line of text without spaces at its ends"),
    (VERSION, "a version of three numbers, such as 1.0.0"),
    (PARAMETERS, "a model size such as 1.5B or 500M"),
    (CURRENCY, "a currency of three capital letters, such as EUR"),
];
const KEBAB: &str = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$";
const ONE_LINE: &str = r"^\S([^\r\n]*\S)?$";
const VERSION: &str =
    r"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}(-[0-9A-Za-z]+([.-][0-9A-Za-z]+)*)?$";
const PARAMETERS: &str = r"^[0-9]{1,4}(\.[0-9]{1,2})?[MB]$";
const CURRENCY: &str = "^[A-Z]{3}$";

/// An agent for the Guildhall marketplace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this file.
    pub manifest: Format,
    /// Name in addresses; unique on a node and the same for every version.
    #[schemars(length(min = 2, max = 60), regex(pattern = KEBAB))]
    pub slug: String,
    /// Job title in sentence case.
    #[schemars(length(min = 2, max = 60), regex(pattern = ONE_LINE))]
    pub name: String,
    /// Version of the agent (semantic versioning).
    #[schemars(length(max = 40), regex(pattern = VERSION))]
    pub version: String,
    /// Who made the agent and answers for it.
    #[schemars(length(min = 2, max = 60), regex(pattern = ONE_LINE))]
    pub publisher: String,
    /// Field of work.
    pub category: Category,
    /// How settled the agent is.
    pub stability: Stability,
    /// Whether the marketplace shows the agent first.
    pub featured: bool,
    /// Name of a lucide icon.
    #[schemars(length(min = 2, max = 40), regex(pattern = KEBAB))]
    pub icon: String,
    /// Colours of the agent's orb.
    pub hue: Hue,
    /// One sentence that says what the work is.
    #[schemars(length(min = 10, max = 120), regex(pattern = ONE_LINE))]
    pub summary: String,
    /// What a person hands over, what comes back, where a person decides (Markdown).
    #[schemars(length(min = 40, max = 4000))]
    pub description: String,
    /// What the agent can do, one line each.
    #[schemars(length(min = 1, max = 12), inner(length(min = 3, max = 120), regex(pattern = ONE_LINE)))]
    pub features: Vec<String>,
    /// Words to find the agent by.
    #[schemars(length(min = 1, max = 12), extend("uniqueItems" = true),
        inner(length(min = 2, max = 30), regex(pattern = KEBAB)))]
    pub tags: Vec<String>,
    /// Things to try first.
    #[schemars(length(min = 1, max = 8))]
    pub sample_tasks: Vec<SampleTask>,
    /// Who the employee is when nothing else was chosen.
    pub persona: Persona,
    /// What the agent may read, with the reason.
    #[schemars(length(min = 1, max = 10))]
    pub permissions: Vec<AgentPermission>,
    /// What the agent needs of a model.
    pub model: ModelNeeds,
    /// What hiring the agent costs.
    pub price: Price,
}

/// The version of the manifest format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Format {
    /// The first format.
    #[serde(rename = "guildhall/v1")]
    V1,
}

/// A field of work.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Invoices, expenses, closing the books.
    Finance,
    /// Hiring, onboarding, policies.
    People,
    /// Customers' questions.
    Support,
    /// Proposals and follow-up.
    Sales,
    /// Contracts and privacy.
    Legal,
    /// Everything that keeps the house running.
    Operations,
}

impl Category {
    /// The category's name in files and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finance => "finance",
            Self::People => "people",
            Self::Support => "support",
            Self::Sales => "sales",
            Self::Legal => "legal",
            Self::Operations => "operations",
        }
    }
}

/// How settled an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stability {
    /// May change a lot.
    Alpha,
    /// Works; details may change.
    Beta,
    /// Settled.
    Stable,
}

/// The colours of an agent's orb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hue {
    /// Pink to purple.
    Magenta,
    /// Purple to blue.
    Violet,
    /// Blue to turquoise.
    Cyan,
    /// Red to pink.
    Rose,
}

/// Something to try with an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleTask {
    /// Label of the button.
    #[schemars(length(min = 3, max = 40), regex(pattern = ONE_LINE))]
    pub title: String,
    /// The message it fills in.
    #[schemars(length(min = 3, max = 4000))]
    pub prompt: String,
}

/// Who an employee is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// First and last name that a hire proposes.
    #[schemars(length(min = 2, max = 60), regex(pattern = ONE_LINE))]
    pub default_name: String,
    /// First words of a new conversation; the default name in it, or its first part, becomes that of the employee.
    #[schemars(length(min = 3, max = 500))]
    pub greeting: String,
    /// System prompt; `{persona}` and `{organisation}` are filled in.
    #[schemars(length(min = 20, max = 8000))]
    pub instructions: String,
}

/// One thing an agent may read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentPermission {
    /// What it may read.
    pub id: PermissionId,
    /// Why, in a plain sentence.
    #[schemars(length(min = 3, max = 200), regex(pattern = ONE_LINE))]
    pub reason: String,
}

/// Something an agent may be allowed to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PermissionId {
    /// The conversation it is in.
    ReadConversation,
    /// Files attached to the conversation.
    ReadAttachments,
    /// Its own handbook.
    ReadHandbook,
}

/// What an agent needs of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelNeeds {
    /// Smallest context length in tokens.
    #[schemars(range(min = 512, max = 1_048_576))]
    pub context_tokens_min: u32,
    /// Recommended smallest size of a generative model, such as `1.5B`.
    #[schemars(regex(pattern = PARAMETERS))]
    pub parameters_min: String,
    /// The ways in which the agent can answer.
    #[schemars(length(min = 1, max = 2), extend("uniqueItems" = true))]
    pub modes: Vec<AnswerMode>,
}

/// A way to answer.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerMode {
    /// A language model writes the answer.
    Generative,
    /// Sentences of the sources are quoted word for word.
    Extractive,
}

impl AnswerMode {
    /// The mode as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generative => "generative",
            Self::Extractive => "extractive",
        }
    }
}

/// What hiring an agent costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// How the price is counted.
    pub model: PriceModel,
    /// Minor units of the currency (cents); 0 for a free agent.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub amount_minor: i64,
    /// ISO 4217 code of the currency.
    #[schemars(regex(pattern = CURRENCY))]
    pub currency: String,
    /// What one amount pays for: `month` of a subscription, `message` or `task` of use.
    #[serde(default)]
    #[schema(required)]
    pub unit: Option<PriceUnit>,
}

/// How a price is counted.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PriceModel {
    /// Costs nothing.
    Free,
    /// Free to start; the amount buys the rest.
    Freemium,
    /// Paid once.
    OneTime,
    /// Paid by the month.
    Subscription,
    /// Paid by use.
    Usage,
}

impl PriceModel {
    /// The price model's name in files and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Freemium => "freemium",
            Self::OneTime => "one_time",
            Self::Subscription => "subscription",
            Self::Usage => "usage",
        }
    }
}

/// What one amount pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// A month of a subscription.
    Month,
    /// One answered message.
    Message,
    /// One finished task.
    Task,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// Every problem that was found, in the order of their lines.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if text.len() > MANIFEST_BYTES_MAX {
            let message = format!(
                "is {} bytes long; a manifest has at most {MANIFEST_BYTES_MAX}, so move long text to the handbook",
                text.len()
            );
            return Err(vec![Problem::new("", None, message)]);
        }
        let document = yaml::parse(text)?;
        let mut problems = check::problems(&document);
        if problems.is_empty() {
            let manifest: Self = serde_json::from_value(document.value.clone())
                .map_err(|error| vec![Problem::new("", None, error.to_string())])?;
            problems = rules::problems(&manifest, &document);
            if problems.is_empty() {
                return Ok(manifest);
            }
        }
        problems.sort();
        Err(problems)
    }

    /// The JSON Schema (draft 2020-12) of the format.
    pub fn json_schema() -> serde_json::Value {
        let mut schema = schemars::schema_for!(Self);
        schema.insert("$id".into(), "guildhall/manifest/v1".into());
        schema.to_value()
    }
}

#[cfg(test)]
mod tests;
