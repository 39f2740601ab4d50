//! The metrics of calls, from the same rows that are stored. `docs/gateway.md` lists them.

use super::{Call, model::tokens_per_second};

/// Counts a call whose row is durable.
pub(super) fn observe(call: &Call) {
    let model = || call.model.clone();
    let provider = call.provider.as_deref().unwrap_or("local");
    metrics::counter!(
        "guildhall_model_calls_total",
        "kind" => call.kind.as_str(),
        "model" => model(),
        "provider" => provider.to_owned(),
        "outcome" => call.outcome.as_str(),
    )
    .increment(1);
    let tokens = [
        ("input", call.input_tokens),
        ("output", call.output_tokens),
        ("cached", call.cached_tokens),
    ];
    for (direction, count) in tokens {
        metrics::counter!("guildhall_model_tokens_total", "direction" => direction, "model" => model())
            .increment(u64::from(count));
    }
    if call.cost.0 > 0 {
        metrics::counter!("guildhall_model_cost_micro_credits_total", "model" => model())
            .increment(call.cost.0.unsigned_abs());
    }
    metrics::histogram!(
        "guildhall_model_latency_seconds",
        "model" => model(),
        "outcome" => call.outcome.as_str(),
    )
    .record(seconds(call.latency_ms));
    metrics::histogram!("guildhall_model_queue_seconds", "model" => model())
        .record(seconds(call.queue_ms));
    if call.first_token_ms > 0 {
        metrics::histogram!("guildhall_model_first_token_seconds", "model" => model())
            .record(seconds(call.first_token_ms));
    }
    if let Some(rate) = tokens_per_second(u64::from(call.output_tokens), call.decode_ms) {
        metrics::gauge!("guildhall_model_tokens_per_second", "model" => model()).set(rate);
    }
}

fn seconds(millis: u64) -> f64 {
    std::time::Duration::from_millis(millis).as_secs_f64()
}
