//! What providers there are, and what only some of them have.

use std::time::Duration;

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::egress::CallTimeouts;

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
    pub(super) fn usual_base_url(self, region: &str) -> Option<String> {
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

    pub(super) fn is_usually_local(self) -> bool {
        self == Self::Ollama
    }
}

/// What only some kinds have, and how patient the node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSettings {
    /// AWS region, such as `eu-central-1`; for Bedrock and Amazon Q Business.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Za-z-]{1,64}$")]
    pub region: Option<String>,
    /// Azure: use the deployments' own paths with this API version; its newer path when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Za-z-]{1,64}$")]
    pub api_version: Option<String>,
    /// Amazon Q Business: the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Za-z-]{1,64}$")]
    pub application_id: Option<String>,
    /// Certificates (PEM) to trust beside the public authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// For the connection, 100 to 60000; 5000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 60000)]
    pub connect_timeout_ms: Option<u32>,
    /// Until the answer begins, 100 to 600000; 60000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 600000)]
    pub first_byte_timeout_ms: Option<u32>,
    /// Between two pieces of the answer, 100 to 600000; 60000 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 100, maximum = 600000)]
    pub idle_timeout_ms: Option<u32>,
    /// How often a call that brought no token is tried again, 0 to 5; 2 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 5)]
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

    pub(super) fn check(&self) -> Result<()> {
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

pub(super) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
