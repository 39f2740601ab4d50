//! A provider as stored, entered and changed.

use guildhall_kernel::{Error, ProviderId, Result, SecretId, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    credentials::Credentials,
    kind::{ProviderKind, ProviderSettings},
    price::{ProviderModel, check_models},
    rule::FALLBACK,
    view::TestReport,
};
use crate::egress::{Destination, Egress};

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
        if self.title.trim().is_empty() || self.title.chars().count() > 100 {
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
        Egress::check(&self.destination()?)?;
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
    #[schema(pattern = "^[a-z0-9-]{1,40}$")]
    pub slug: Option<String>,
    #[schema(max_length = 100, min_length = 1, pattern = r"\S")]
    pub title: Option<String>,
    /// Where it is; the kind's own address when left out. OpenAI-compatible servers: with `/v1`.
    pub base_url: Option<String>,
    /// Whether it lies on the local network; `true` for Ollama when left out.
    pub local_network: Option<bool>,
    #[serde(default)]
    pub settings: ProviderSettings,
    pub credentials: Option<Credentials>,
    #[serde(default)]
    #[schema(max_items = 200)]
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
    #[schema(max_length = 100, min_length = 1, pattern = r"\S")]
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
