//! `guildhall serve`.

use std::{net::SocketAddr, path::Path, process::ExitCode, time::Duration};

use clap::Args;
use guildhall_kernel::{Error, Result, SystemClock};
use guildhall_web::{
    server::{Server, ServerLimits},
    tls::Identity,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    commands::{Place, blocking},
    load_config,
    output::Output,
};
use crate::{
    app::{App, AppOptions},
    config::Config,
    directory, http, identity, licensing, mail,
    ops::{
        self, control,
        data_dir::{self, Taken},
    },
    telemetry,
};

/// Open files for everything but connections: databases, index, engines, models.
const FILES_KEPT: usize = 512;
/// How long answers under way have to be stored when the node stops.
const TURNS_GRACE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct ServeArguments {
    /// Address and port to listen on [default: 127.0.0.1:8443].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Make a demo organisation on an empty node and print its credentials.
    #[arg(long)]
    demo: bool,
    /// Serve without TLS; on a loopback address only.
    #[arg(long)]
    insecure_http: bool,
}

pub(super) fn run(place: &Place, arguments: &ServeArguments) -> Result<ExitCode> {
    let mut config = load_config(place.config_file.as_deref())?;
    config.listen = arguments.listen.unwrap_or(config.listen);
    config.insecure_http |= arguments.insecure_http;
    telemetry::start(&config.log.level, config.log.format)?;
    let owned = match data_dir::take(&place.data_dir)? {
        Taken::Owned(owned) => owned,
        Taken::Busy(process) => return Err(data_dir::busy(&place.data_dir, process)),
    };
    blocking(serve(config, owned.path(), arguments.demo, place.output))??;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, data_dir: &Path, demo: bool, output: Output) -> Result<()> {
    let tls = if config.is_tls() {
        let clients = config.tls.clients()?;
        Some(identity_of(&config, data_dir)?.server_config_with(&clients)?)
    } else {
        None
    };
    let server = Server::bind(config.listen, tls, limits()).await?;
    let address = config.origin(server.local_addr());
    let mut options = AppOptions::new(config, data_dir);
    options.origin = Some(address.clone());
    let app = App::open(options).await?;
    let router = http::router(&app)?;
    control::listen(&app)?;
    // Before anybody is told that the node is ready: no signal may find the default handler.
    let asked_to_stop = stop_signals()?;
    let serving = tokio::spawn(server.serve(router, app.shutdown.clone()));
    greet(&app, &address, demo, output).await?;
    tokio::spawn(check_database(app.clone()));
    licensing::start(&app);
    directory::start(&app);
    mail::start(&app);
    asked_to_stop.await;
    tracing::info!("stopping");
    stop(&app).await;
    serving
        .await
        .map_err(|error| Error::internal("the server stopped badly").with_source(error))?;
    app.close().await;
    Ok(())
}

/// As many connections as the system lets this process open, up to the server's own bound. The soft limit of open
/// files, 1024 as a rule, is raised as far as the system allows without being asked.
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

fn identity_of(config: &Config, data_dir: &Path) -> Result<Identity> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => Identity::from_pem_files(certificate, key),
        _ => Identity::self_made(
            &data_dir.join("tls"),
            std::slice::from_ref(&config.host_name),
            &SystemClock,
        ),
    }
}

async fn greet(app: &App, address: &str, demo: bool, output: Output) -> Result<()> {
    let seeded = if demo {
        ops::seed_demo(app).await?
    } else {
        None
    };
    if let Some(demo) = seeded {
        output.text(&format!(
            "demo login: {} with password {}",
            demo.email, demo.password
        ));
    } else if let Some(link) = identity::create_setup_link(app).await? {
        output.text(&format!(
            "set up this node: {address}/setup#token={}",
            link.token
        ));
    }
    output.text(&format!("guildhall ready on {address}"));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address, "ready");
    Ok(())
}

/// Reads the whole database once, after the node is ready: damage is better known than discovered.
async fn check_database(app: App) {
    if let Err(error) = app.db.quick_check().await {
        tracing::error!(error = %error.chain(), "the database is damaged; restore a backup");
    }
}

/// Listens for the signals that stop the node, from now on; the future ends with the first one.
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

/// Stops answers, so that what was written of them is stored, then everything else.
async fn stop(app: &App) {
    app.turns.stop_all();
    app.playground.stop_all();
    let stored = async {
        while !(app.turns.is_empty() && app.playground.is_empty()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(TURNS_GRACE, stored).await.is_err() {
        tracing::warn!("some answers were not stored in time");
    }
    app.shutdown.cancel();
}
