//! `guildhall-license-server serve`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use guildhall_kernel::{Error, Result, SystemClock};
use guildhall_web::{
    server::{Server, ServerLimits},
    tls::Identity,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::{blocking, output::Output};
use crate::{
    app::{App, AppOptions},
    crl, data_dir, doctor, http, telemetry, webhooks,
};

/// Open files for everything but connections.
const FILES_KEPT: usize = 128;

#[derive(Args)]
pub(super) struct ServeArguments {
    /// Address and port to listen on.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8444",
        env = "GUILDHALL_LICENSE_SERVER_LISTEN"
    )]
    listen: SocketAddr,
    /// Serve without TLS; on a loopback address only.
    #[arg(long)]
    insecure_http: bool,
    /// The name people and nodes reach the server by; it stands in the self-made certificate.
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    host_name: String,
    /// Certificate chain (PEM), with --tls-key.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Program that signs licences: it gets one line of JSON and answers with the envelope.
    #[arg(long, value_name = "COMMAND", env = "GUILDHALL_LICENSE_SERVER_SIGNER")]
    signer: Option<String>,
    /// error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// Log in JSON.
    #[arg(long)]
    log_json: bool,
}

pub(super) fn run(data_dir: &Path, arguments: ServeArguments, output: Output) -> Result<ExitCode> {
    telemetry::start(&arguments.log_level, arguments.log_json)?;
    let _lock = data_dir::take(data_dir)?;
    blocking(serve(data_dir, arguments, output))??;
    Ok(ExitCode::SUCCESS)
}

async fn serve(data_dir: &Path, arguments: ServeArguments, output: Output) -> Result<()> {
    let tls = match (&arguments.tls_certificate, &arguments.tls_key) {
        _ if arguments.insecure_http => None,
        (Some(certificate), Some(key)) => {
            Some(Identity::from_pem_files(certificate, key)?.server_config()?)
        }
        _ => {
            let names = std::slice::from_ref(&arguments.host_name);
            let identity = Identity::self_made(&data_dir.join("tls"), names, &SystemClock)?;
            Some(identity.server_config()?)
        }
    };
    let app = App::open(AppOptions {
        tls: !arguments.insecure_http,
        signer: arguments.signer,
        ..AppOptions::new(data_dir)
    })
    .await?;
    let server = Server::bind(arguments.listen, tls, limits()).await?;
    let router = http::router(&app)?;
    crl::refresh(&app).await?;
    // Before anybody is told that the server is ready: no signal may find the default handler.
    let asked_to_stop = stop_signals()?;
    for warning in doctor::warnings(&app) {
        tracing::warn!("{warning}");
    }
    let (scheme, address) = (if app.tls { "https" } else { "http" }, server.local_addr());
    let host = if address.ip().is_loopback() {
        "localhost"
    } else {
        arguments.host_name.as_str()
    };
    let workers = [
        tokio::spawn(webhooks::run(app.clone())),
        tokio::spawn(crl::keep_fresh(app.clone())),
    ];
    let serving = tokio::spawn(server.serve(router, app.shutdown.clone()));
    let place = format!("{scheme}://{host}:{}", address.port());
    output.text(&format!("guildhall-license-server ready on {place}"));
    asked_to_stop.await;
    tracing::info!("stopping");
    app.shutdown.cancel();
    serving
        .await
        .map_err(|error| Error::internal("the server stopped badly").with_source(error))?;
    for worker in workers {
        worker
            .await
            .map_err(|error| Error::internal("a worker stopped badly").with_source(error))?;
    }
    app.close().await
}

/// As many connections as the system lets this process open, up to the server's own bound.
fn limits() -> ServerLimits {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    // A system that refuses leaves the limit as it was, which is read again below.
    let _ = setrlimit(Resource::Nofile, files);
    let mut limits = ServerLimits::default();
    if let Some(files) = getrlimit(Resource::Nofile).current {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let connections = files.saturating_sub(FILES_KEPT).max(files / 2);
        limits.connections_max = limits.connections_max.min(connections);
    }
    limits
}

/// Listens for the signals that stop the server, from now on; the future ends with the first one.
fn stop_signals() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
