//! Logs and metrics. Never prompts, answers, secrets or personal data.

use std::{io::IsTerminal, sync::OnceLock};

use guildhall_kernel::{Error, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Upper bounds of what is counted together, in seconds: from an answer of a warm small model to one
/// that waited for a large one to load.
const MODEL_SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

fn recorder() -> &'static OnceLock<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    &RECORDER
}

/// Starts logging to standard error and collecting metrics. Once per process.
///
/// # Errors
/// `invalid_log_level` when the filter does not read.
pub fn start(level: &str, format: LogFormat) -> Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        Error::invalid(
            "invalid_log_level",
            format!("`{level}` is not a log level; use error, warn, info, debug or trace"),
        )
        .with_source(error)
    })?;
    let logs = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let started = match format {
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
        LogFormat::Text => logs.compact().try_init(),
    };
    started.map_err(|error| Error::internal("logging was started twice").with_source(error))?;
    let models = Matcher::Prefix("guildhall_model_".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(models, &MODEL_SECONDS)
        .and_then(PrometheusBuilder::install_recorder);
    let handle =
        handle.map_err(|error| Error::internal("metrics were started twice").with_source(error))?;
    recorder().get_or_init(|| handle);
    Ok(())
}

/// Every figure in the Prometheus text format; empty in tests, which collect none.
pub fn render_metrics() -> String {
    recorder()
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Bytes of memory this process holds (Linux: resident set of `/proc/self/statm`); 0 where unknown.
pub fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    resident
        .unwrap_or(0)
        .saturating_mul(u64::try_from(rustix::param::page_size()).unwrap_or(4096))
}

/// Bytes of memory the machine has (Linux: `MemTotal` of `/proc/meminfo`); 0 where unknown.
pub fn machine_memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1024)
}
