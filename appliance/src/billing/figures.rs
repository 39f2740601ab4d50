//! The metrics of calls, from the same rows that are stored. `docs/gateway.md` lists them.

use super::{Call, model::tokens_per_second};

/// Counts calls whose rows are durable. Those alike that follow each other look their metrics up once: under load most
/// are alike.
pub(super) fn observe(calls: &[&Call]) {
    calls
        .chunk_by(|one, next| labels(one) == labels(next))
        .for_each(observe_alike);
}

fn labels(call: &Call) -> (&'static str, &str, Option<&str>, &'static str) {
    (
        call.kind.as_str(),
        &call.model,
        call.provider.as_deref(),
        call.outcome.as_str(),
    )
}

fn observe_alike(calls: &[&Call]) {
    let Some(first) = calls.first() else {
        return;
    };
    let (kind, model, provider, outcome) = labels(first);
    let model = || model.to_owned();
    metrics::counter!(
        "guildhall_model_calls_total",
        "kind" => kind,
        "model" => model(),
        "provider" => provider.unwrap_or("local").to_owned(),
        "outcome" => outcome,
    )
    .increment(sum(calls, |_| 1));
    let tokens = [
        ("input", sum(calls, |call| call.input_tokens.into())),
        ("output", sum(calls, |call| call.output_tokens.into())),
        ("cached", sum(calls, |call| call.cached_tokens.into())),
    ];
    for (direction, count) in tokens {
        metrics::counter!("guildhall_model_tokens_total", "direction" => direction, "model" => model())
            .increment(count);
    }
    let cost = sum(calls, |call| u64::try_from(call.cost.0).unwrap_or(0));
    if cost > 0 {
        metrics::counter!("guildhall_model_cost_micro_credits_total", "model" => model())
            .increment(cost);
    }
    let latency = metrics::histogram!(
        "guildhall_model_latency_seconds",
        "model" => model(),
        "outcome" => outcome,
    );
    let queue = metrics::histogram!("guildhall_model_queue_seconds", "model" => model());
    for call in calls {
        latency.record(seconds(call.latency_ms));
        queue.record(seconds(call.queue_ms));
    }
    observe_pace(calls, model);
}

/// How fast those that wrote something were.
fn observe_pace(calls: &[&Call], model: impl Fn() -> String) {
    let mut spoke = calls
        .iter()
        .filter(|call| call.first_token_ms > 0)
        .peekable();
    if spoke.peek().is_some() {
        let first = metrics::histogram!("guildhall_model_first_token_seconds", "model" => model());
        spoke.for_each(|call| first.record(seconds(call.first_token_ms)));
    }
    let rate = |call: &&Call| tokens_per_second(u64::from(call.output_tokens), call.decode_ms);
    if let Some(rate) = calls.iter().rev().find_map(rate) {
        metrics::gauge!("guildhall_model_tokens_per_second", "model" => model()).set(rate);
    }
}

fn sum(calls: &[&Call], count: impl Fn(&Call) -> u64) -> u64 {
    calls.iter().map(|call| count(call)).sum()
}

fn seconds(millis: u64) -> f64 {
    std::time::Duration::from_millis(millis).as_secs_f64()
}
