//! Providers, their models, chains and rules: as data.

use std::time::Duration;

use guildhall_kernel::{
    Error, MicroCredits, OrgId, ProviderId, ResidencyRuleId, Result, SecretId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    egress::{CallTimeouts, Destination},
    inference::model::ModelKind,
    secrets::SecretText,
};

/// The first part of a chain's name.
pub(super) const FALLBACK: &str = "fallback";
const MODELS_MAX: usize = 200;
/// Highest price, in micro-credits per million tokens: far above any, and products stay in range.
const PRICE_MAX: i64 = 1_000_000_000_000_000;

/// What a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    Openai,
    Anthropic,
    Gemini,
    /// Azure OpenAI and Azure AI Foundry; its models' names are deployments.
    AzureOpenai,
    /// Amazon Bedrock.
    Bedrock,
    /// Amazon Q Business; its model's name is free to choose.
    AmazonQ,
    Ollama,
    /// vLLM and everything else that speaks OpenAI's chat completions.
    OpenaiCompatible,
}

impl ProviderKind {
    const ALL: [Self; 8] = [
        Self::Openai,
        Self::Anthropic,
        Self::Gemini,
        Self::AzureOpenai,
        Self::Bedrock,
        Self::AmazonQ,
        Self::Ollama,
        Self::OpenaiCompatible,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::AzureOpenai => "azure_openai",
            Self::Bedrock => "bedrock",
            Self::AmazonQ => "amazon_q",
            Self::Ollama => "ollama",
            Self::OpenaiCompatible => "openai_compatible",
        }
    }

    pub(super) fn from_stored(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal("a stored provider is of an unknown kind"))
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Openai => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Google Gemini",
            Self::AzureOpenai => "Azure OpenAI",
            Self::Bedrock => "Amazon Bedrock",
            Self::AmazonQ => "Amazon Q Business",
            Self::Ollama => "Ollama",
            Self::OpenaiCompatible => "OpenAI-compatible server",
        }
    }

    /// Whether its chat completions are OpenAI's.
    pub(super) fn speaks_openai(self) -> bool {
        matches!(
            self,
            Self::Openai | Self::AzureOpenai | Self::OpenaiCompatible
        )
    }

    /// Where it is when nothing else is said; nothing where everybody has their own.
    fn usual_base_url(self, region: &str) -> Option<String> {
        Some(match self {
            Self::Openai => "https://api.openai.com/v1".to_owned(),
            Self::Anthropic => "https://api.anthropic.com".to_owned(),
            Self::Gemini => "https://generativelanguage.googleapis.com".to_owned(),
            Self::Bedrock => format!("https://bedrock-runtime.{region}.amazonaws.com"),
            Self::AmazonQ => format!("https://qbusiness.{region}.api.aws"),
            Self::Ollama => "http://127.0.0.1:11434".to_owned(),
            Self::AzureOpenai | Self::OpenaiCompatible => return None,
        })
    }

    fn is_usually_local(self) -> bool {
        self == Self::Ollama
    }
}

/// What only some kinds have, and how patient the node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// AWS region, such as `eu-central-1`; for Bedrock and Amazon Q Business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Azure: use the deployments' own paths with this API version; its newer path when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Amazon Q Business: the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
    /// Certificates (PEM) to trust beside the public authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// For the connection, 100 to 60000; 5000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout_ms: Option<u32>,
    /// Until the answer begins, 100 to 600000; 60000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_timeout_ms: Option<u32>,
    /// Between two pieces of the answer, 100 to 600000; 60000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u32>,
    /// How often a call that brought no token is tried again, 0 to 5; 2 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries_max: Option<u32>,
}

impl ProviderSettings {
    pub(super) fn timeouts(&self) -> CallTimeouts {
        let millis =
            |value: Option<u32>, usual| Duration::from_millis(value.unwrap_or(usual).into());
        CallTimeouts {
            connect: millis(self.connect_timeout_ms, 5_000),
            first_byte: millis(self.first_byte_timeout_ms, 60_000),
            idle: millis(self.idle_timeout_ms, 60_000),
        }
    }

    pub(super) fn retries_max(&self) -> u32 {
        self.retries_max.unwrap_or(2)
    }

    fn check(&self) -> Result<()> {
        let limits = [
            (
                "settings.connect_timeout_ms",
                self.connect_timeout_ms,
                100,
                60_000,
            ),
            (
                "settings.first_byte_timeout_ms",
                self.first_byte_timeout_ms,
                100,
                600_000,
            ),
            (
                "settings.idle_timeout_ms",
                self.idle_timeout_ms,
                100,
                600_000,
            ),
            ("settings.retries_max", self.retries_max, 0, 5),
        ];
        for (field, value, least, most) in limits {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                let message = format!("`{field}` must lie between {least} and {most}");
                return Err(Error::invalid_field(field, "out_of_range", message));
            }
        }
        let names = [
            ("settings.region", &self.region),
            ("settings.api_version", &self.api_version),
            ("settings.application_id", &self.application_id),
        ];
        for (field, value) in names {
            if value.as_deref().is_some_and(|value| !is_name(value)) {
                let message = format!("`{field}` holds letters, digits and `-` only");
                return Err(Error::invalid_field(field, "invalid_name", message));
            }
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What opens a provider.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// Nothing: for servers on the local network that ask for nothing.
    None,
    /// A key; Bedrock has such keys too.
    ApiKey { api_key: SecretText },
    /// An AWS key pair.
    Aws(AwsKeys),
}

/// An AWS key pair.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct AwsKeys {
    pub access_key_id: String,
    pub secret_access_key: SecretText,
    /// For keys that were lent for a time.
    #[serde(default)]
    pub session_token: Option<SecretText>,
}

impl Credentials {
    /// The form that is sealed.
    pub(super) fn to_sealed(&self) -> zeroize::Zeroizing<String> {
        let value = match self {
            Self::None => serde_json::json!({ "kind": "none" }),
            Self::ApiKey { api_key } => {
                serde_json::json!({ "kind": "api_key", "api_key": api_key.reveal() })
            }
            Self::Aws(keys) => serde_json::json!({
                "kind": "aws",
                "access_key_id": keys.access_key_id,
                "secret_access_key": keys.secret_access_key.reveal(),
                "session_token": keys.session_token.as_ref().map(SecretText::reveal),
            }),
        };
        zeroize::Zeroizing::new(value.to_string())
    }

    fn check(&self, kind: ProviderKind) -> Result<()> {
        let wrong = |message: &str| {
            Err(Error::invalid_field(
                "credentials",
                "invalid_credentials",
                message,
            ))
        };
        let is_plain = |text: &str| {
            (1..=4096).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match self {
            Self::None => Ok(()),
            Self::ApiKey { .. } if kind == ProviderKind::AmazonQ => {
                wrong("Amazon Q Business takes an AWS key pair")
            }
            Self::ApiKey { api_key } if !is_plain(api_key.reveal()) => {
                wrong("the key is empty or holds spaces or other characters that no key has")
            }
            Self::Aws(_) if !matches!(kind, ProviderKind::Bedrock | ProviderKind::AmazonQ) => {
                wrong("an AWS key pair opens Bedrock and Amazon Q Business only")
            }
            Self::Aws(keys)
                if !is_name(&keys.access_key_id) || !is_plain(keys.secret_access_key.reveal()) =>
            {
                wrong("the key pair is empty or holds characters that no key has")
            }
            _ => Ok(()),
        }
    }
}

/// What a provider's model costs, in micro-credits per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Price {
    pub input: i64,
    /// Tokens of the prompt that the provider had in its cache.
    pub cached: i64,
    pub output: i64,
}

impl Price {
    /// What a call costs, rounded up to a whole micro-credit.
    pub(super) fn cost(self, input: u32, cached: u32, output: u32) -> MicroCredits {
        let fresh = input.saturating_sub(cached);
        let parts = [
            (self.input, fresh),
            (self.cached, cached.min(input)),
            (self.output, output),
        ];
        let sum: i128 = parts
            .into_iter()
            .map(|(price, tokens)| i128::from(price) * i128::from(tokens))
            .sum();
        let cost = (sum + 999_999) / 1_000_000;
        MicroCredits(i64::try_from(cost).unwrap_or(i64::MAX))
    }
}

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderModel {
    /// As the provider calls it; on Azure the deployment.
    pub name: String,
    /// What people see; the name when left out.
    #[serde(default)]
    pub title: String,
    #[serde(default = "generative")]
    pub kind: ModelKind,
    /// Tokens it reads at once, prompt and answer together; older turns are left out beyond it.
    #[serde(default = "usual_context")]
    pub context_length: u32,
    #[serde(default)]
    pub price: Price,
}

fn generative() -> ModelKind {
    ModelKind::Generative
}

fn usual_context() -> u32 {
    128_000
}

impl ProviderModel {
    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::invalid_field("models", "invalid_model", message));
        let name = &self.name;
        if !(1..=200).contains(&name.len()) || name.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return wrong(format!("`{name}` cannot be a model's name"));
        }
        if self.title.chars().count() > 100 {
            return wrong(format!("the title of {name} is longer than 100 characters"));
        }
        if !(256..=100_000_000).contains(&self.context_length) {
            return wrong(format!(
                "the context of {name} must have 256 tokens or more"
            ));
        }
        let prices = [self.price.input, self.price.cached, self.price.output];
        if prices.iter().any(|price| !(0..=PRICE_MAX).contains(price)) {
            return wrong(format!(
                "the prices of {name} must not be negative or absurd"
            ));
        }
        Ok(())
    }
}

/// Checks a provider's models and gives each a title.
pub(super) fn check_models(models: Vec<ProviderModel>) -> Result<Vec<ProviderModel>> {
    let wrong = |message: &str| Err(Error::invalid_field("models", "invalid_model", message));
    if models.len() > MODELS_MAX {
        return wrong("a provider has at most 200 models");
    }
    let mut names = std::collections::BTreeSet::new();
    let mut checked = Vec::with_capacity(models.len());
    for mut model in models {
        model.check()?;
        if !names.insert(model.name.clone()) {
            return wrong(&format!("`{}` is named twice", model.name));
        }
        if model.title.trim().is_empty() {
            model.title.clone_from(&model.name);
        }
        checked.push(model);
    }
    Ok(checked)
}

/// A provider as stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProviderRow {
    pub(super) id: ProviderId,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) kind: ProviderKind,
    pub(super) base_url: String,
    pub(super) local_network: bool,
    pub(super) enabled: bool,
    pub(super) settings: ProviderSettings,
    pub(super) secret: Option<SecretId>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) tested: Option<TestReport>,
    pub(super) models: Vec<ProviderModel>,
}

impl ProviderRow {
    /// Where its calls go.
    pub(super) fn destination(&self) -> Result<Destination> {
        Destination::parse(
            &self.base_url,
            self.local_network,
            self.settings.ca_pem.clone(),
        )
    }

    pub(super) fn region(&self) -> &str {
        self.settings.region.as_deref().unwrap_or_default()
    }

    /// Checks what was entered and fills in what is usual.
    pub(super) fn completed(mut self, credentials: Option<&Credentials>) -> Result<Self> {
        let wrong = |field: &str, message: &str| {
            Err(Error::invalid_field(field, "invalid_provider", message))
        };
        let is_slug = (1..=40).contains(&self.slug.len())
            && self
                .slug
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_slug || self.slug == FALLBACK {
            return wrong(
                "slug",
                "the short name holds 1 to 40 lower-case letters, digits and `-`, and is not `fallback`",
            );
        }
        if !(1..=100).contains(&self.title.trim().chars().count()) {
            return wrong("title", "the title has 1 to 100 characters");
        }
        self.settings.check()?;
        let is_aws = matches!(self.kind, ProviderKind::Bedrock | ProviderKind::AmazonQ);
        if is_aws && self.settings.region.is_none() {
            return wrong(
                "settings.region",
                "name the AWS region, such as eu-central-1",
            );
        }
        if self.kind == ProviderKind::AmazonQ && self.settings.application_id.is_none() {
            return wrong(
                "settings.application_id",
                "name the application of Amazon Q Business",
            );
        }
        if self.base_url.trim().is_empty() {
            let usual = self.kind.usual_base_url(self.region());
            let Some(usual) = usual else {
                return wrong("base_url", "give the base URL of your server or resource");
            };
            self.base_url = usual;
        }
        crate::egress::Egress::check(&self.destination()?)?;
        if let Some(credentials) = credentials {
            credentials.check(self.kind)?;
        }
        self.models = check_models(self.models)?;
        Ok(self)
    }

    pub(super) fn model(&self, name: &str) -> Option<&ProviderModel> {
        self.models.iter().find(|model| model.name == name)
    }

    /// What people choose and API callers send.
    pub(super) fn route(&self, model: &ProviderModel) -> String {
        format!("{}/{}", self.slug, model.name)
    }
}

/// A new provider.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    pub kind: ProviderKind,
    /// The first part of its models' names; the kind's name when left out.
    pub slug: Option<String>,
    pub title: Option<String>,
    /// Where it is; the kind's own address when left out. OpenAI-compatible servers: with `/v1`.
    pub base_url: Option<String>,
    /// Whether it lies on the local network; `true` for Ollama when left out.
    pub local_network: Option<bool>,
    #[serde(default)]
    pub settings: ProviderSettings,
    pub credentials: Option<Credentials>,
    #[serde(default)]
    pub models: Vec<ProviderModel>,
    /// Whether its models may be used at once; `true` when left out.
    pub enabled: Option<bool>,
}

impl NewProvider {
    pub(super) fn into_row(
        self,
        id: ProviderId,
        now: Timestamp,
    ) -> (ProviderRow, Option<Credentials>) {
        let kind = self.kind;
        let row = ProviderRow {
            id,
            slug: self.slug.unwrap_or_else(|| kind.as_str().replace('_', "-")),
            title: self.title.unwrap_or_else(|| kind.title().to_owned()),
            kind,
            base_url: self.base_url.unwrap_or_default(),
            local_network: self.local_network.unwrap_or(kind.is_usually_local()),
            enabled: self.enabled.unwrap_or(true),
            settings: self.settings,
            secret: None,
            created_at: now,
            updated_at: now,
            tested: None,
            models: self.models,
        };
        (row, self.credentials)
    }
}

/// What to change of a provider; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderChange {
    pub title: Option<String>,
    pub base_url: Option<String>,
    pub local_network: Option<bool>,
    /// Replaces all settings.
    pub settings: Option<ProviderSettings>,
    /// Replaces the credentials; the old ones are forgotten.
    pub credentials: Option<Credentials>,
    pub enabled: Option<bool>,
}

impl ProviderChange {
    pub(super) fn apply(
        self,
        row: ProviderRow,
        now: Timestamp,
    ) -> (ProviderRow, Option<Credentials>) {
        let changed = ProviderRow {
            title: self.title.unwrap_or(row.title),
            base_url: self.base_url.unwrap_or(row.base_url),
            local_network: self.local_network.unwrap_or(row.local_network),
            settings: self.settings.unwrap_or(row.settings),
            enabled: self.enabled.unwrap_or(row.enabled),
            updated_at: now,
            ..row
        };
        (changed, self.credentials)
    }
}

/// A provider as shown: never its credentials.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Provider {
    pub id: ProviderId,
    pub slug: String,
    pub title: String,
    pub kind: ProviderKind,
    pub base_url: String,
    pub local_network: bool,
    pub enabled: bool,
    /// Whether the egress switch lets its calls out right now.
    pub reachable: bool,
    pub has_credentials: bool,
    pub settings: ProviderSettings,
    pub models: Vec<ProviderModelView>,
    pub health: super::breaker::Health,
    /// The last test.
    #[schema(required)]
    pub tested: Option<TestReport>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A provider's model as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProviderModelView {
    /// What people choose and API callers send.
    pub model: String,
    #[serde(flatten)]
    pub details: ProviderModel,
}

/// What a test found, step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestReport {
    pub passed: bool,
    pub at: Timestamp,
    /// Every step in its order; those after a failed one are skipped.
    pub steps: Vec<TestStep>,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestStep {
    pub step: TestStepName,
    pub outcome: TestOutcome,
    /// One sentence for people.
    pub detail: String,
    #[schema(required)]
    pub duration_ms: Option<u64>,
}

/// What a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStepName {
    /// The egress switch lets the call out.
    Allowed,
    /// The name has addresses, all in the right network.
    Resolved,
    /// A connection came about.
    Connected,
    /// It is encrypted, and the certificate is trusted.
    Encrypted,
    /// The provider took the key.
    Authenticated,
    /// The model is there.
    ModelThere,
    /// The answer came to its end.
    Answered,
    /// The provider said what it used.
    Usage,
}

/// How a step of a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    Passed,
    Failed,
    Skipped,
}

/// Models that are tried one after the other, until one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FallbackChain {
    /// What people choose and API callers send: `fallback/…`.
    pub model: String,
    pub name: String,
    /// Names of models, of providers or on this node.
    pub steps: Vec<String>,
}

/// How secret something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    Public,
    Internal,
    Confidential,
    Personal,
}

impl DataClass {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Personal => "personal",
        }
    }

    pub(super) fn from_stored(text: &str) -> Option<Self> {
        [
            Self::Public,
            Self::Internal,
            Self::Confidential,
            Self::Personal,
        ]
        .into_iter()
        .find(|class| class.as_str() == text)
    }
}

/// To whose prompts a residency rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AppliesTo {
    /// All of the organisation.
    Organisation,
    /// Those of one employee.
    Ve { ve_id: guildhall_kernel::VeId },
    /// Those that hold data of this class.
    DataClass { data_class: DataClass },
}

/// How far prompts may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepWithin {
    /// No further than this node's own models.
    Node,
    /// No further than providers on the local network.
    LocalNetwork,
}

impl KeepWithin {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::LocalNetwork => "local_network",
        }
    }
}

/// Where an organisation's prompts may be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResidencyRule {
    pub id: ResidencyRuleId,
    pub applies_to: AppliesTo,
    pub keep_within: KeepWithin,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub organisation: OrgId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact_and_rounded_up() {
        let price = Price {
            input: 2_500_000,
            cached: 1_250_000,
            output: 10_000_000,
        };
        assert_eq!(price.cost(1000, 0, 100), MicroCredits(3500));
        assert_eq!(price.cost(1000, 400, 0), MicroCredits(2000));
        assert_eq!(price.cost(1, 0, 0), MicroCredits(3));
        assert_eq!(
            price.cost(5, 9, 0),
            MicroCredits(7),
            "cached tokens are at most all"
        );
        assert_eq!(
            Price::default().cost(u32::MAX, 0, u32::MAX),
            MicroCredits(0)
        );
        let most = Price {
            input: PRICE_MAX,
            cached: 0,
            output: PRICE_MAX,
        };
        assert_eq!(
            most.cost(u32::MAX, 0, u32::MAX),
            MicroCredits(8_589_934_590_000_000_000)
        );
    }
}
