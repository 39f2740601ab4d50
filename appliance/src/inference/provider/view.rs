//! Providers and tests of them, as shown.

use guildhall_kernel::{ProviderId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    breaker::Health,
    kind::{ProviderKind, ProviderSettings},
    price::{Price, ProviderModel},
};
use crate::inference::model::ModelKind;

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
    pub health: Health,
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
    /// As the provider calls it.
    pub name: String,
    pub title: String,
    pub kind: ModelKind,
    /// Tokens it reads at once, prompt and answer together.
    pub context_length: u32,
    pub price: Price,
}

impl ProviderModelView {
    /// `model` is what people choose and API callers send.
    pub(super) fn of(model: String, details: &ProviderModel) -> Self {
        Self {
            model,
            name: details.name.clone(),
            title: details.title.clone(),
            kind: details.kind,
            context_length: details.context_length,
            price: details.price,
        }
    }
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
