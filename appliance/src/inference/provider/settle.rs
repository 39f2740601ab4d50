//! What a call took and costs. A provider's figures are believed within bounds only.

use guildhall_kernel::{MicroCredits, ProviderId};
use serde::Serialize;

use super::{
    fit::estimate,
    price::{Price, ProviderModel},
    wire::Usage,
};

/// Tokens that a provider may add to a prompt: its own instructions for tools and the like.
const ADDED_TOKENS_MAX: u64 = 4096;
/// No token stands for more bytes than this.
const BYTES_PER_TOKEN_MAX: u64 = 128;

/// Where the figures of a call come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider reported them.
    Reported,
    /// The provider reported something that cannot be; it was brought within bounds.
    Corrected,
    /// The provider reported nothing; they were estimated from the text's length.
    Estimated,
}

/// What a provider's call took and costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub provider: ProviderId,
    /// The model's name here, such as `openai/gpt-4o`.
    pub model: String,
    /// Tokens of the whole prompt.
    pub input_tokens: u32,
    /// How many of them the provider had in its cache.
    pub cached_tokens: u32,
    pub output_tokens: u32,
    pub cost: MicroCredits,
    pub usage: UsageSource,
}

impl Billed {
    /// The provider's short name, such as `openai`: the first part of the model's name.
    pub fn provider_name(&self) -> &str {
        self.model.split('/').next().unwrap_or_default()
    }
}

/// How much went over the wire, which bounds what can have been used.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    /// Bytes of the request.
    pub(super) request_bytes: usize,
    /// Bytes of the text and tool calls of the answer.
    pub(super) answer_bytes: usize,
    /// Tokens that were asked for at most.
    pub(super) output_max: u32,
}

pub(super) fn settle(
    (provider, route): (ProviderId, String),
    model: &ProviderModel,
    reported: Usage,
    measured: Measured,
) -> Billed {
    let input_max = bytes(measured.request_bytes).saturating_add(ADDED_TOKENS_MAX);
    let output_max = u64::from(measured.output_max);
    let output_min = (bytes(measured.answer_bytes) / BYTES_PER_TOKEN_MAX).min(output_max);
    let input = Figure::of(
        reported.input,
        (1, input_max),
        estimate(measured.request_bytes),
    );
    let output = Figure::of(
        reported.output,
        (output_min, output_max),
        estimate(measured.answer_bytes).min(measured.output_max),
    );
    let cached = Figure::of(reported.cached.or(Some(0)), (0, input.value.into()), 0);
    let sources = [input.source, output.source, cached.source];
    let usage = [UsageSource::Corrected, UsageSource::Estimated]
        .into_iter()
        .find(|source| sources.contains(source))
        .unwrap_or(UsageSource::Reported);
    let price: Price = model.price;
    Billed {
        provider,
        model: route,
        input_tokens: input.value,
        cached_tokens: cached.value,
        output_tokens: output.value,
        cost: price.cost(input.value, cached.value, output.value),
        usage,
    }
}

struct Figure {
    value: u32,
    source: UsageSource,
}

impl Figure {
    fn of(reported: Option<u64>, (least, most): (u64, u64), otherwise: u32) -> Self {
        let Some(reported) = reported else {
            return Self {
                value: otherwise,
                source: UsageSource::Estimated,
            };
        };
        let believed = reported.clamp(least, most.max(least));
        Self {
            value: u32::try_from(believed).unwrap_or(u32::MAX),
            source: if believed == reported {
                UsageSource::Reported
            } else {
                UsageSource::Corrected
            },
        }
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
