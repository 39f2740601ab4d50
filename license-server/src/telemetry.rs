//! Logs and metrics. Never secrets, file contents or personal data.

use std::{io::IsTerminal, sync::OnceLock};

use guildhall_kernel::{Error, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt};

fn recorder() -> &'static OnceLock<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    &RECORDER
}

/// Starts logging to standard error and collecting metrics. Once per process.
///
/// # Errors
/// `invalid_log_level` when the filter does not read.
pub fn start(level: &str, json: bool) -> Result<()> {
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
    let started = if json {
        logs.json().flatten_event(true).try_init()
    } else {
        logs.compact().try_init()
    };
    started.map_err(|error| Error::internal("logging was started twice").with_source(error))?;
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Error::internal("metrics were started twice").with_source(error))?;
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
