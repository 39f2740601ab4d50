//! How a directory is reached: with its password opened, through egress.

use std::sync::Arc;

use futures::future::BoxFuture;
use guildhall_directory::{Dial, Directory, Settings, Stream};
use guildhall_kernel::{Error, Result, SecretId};
use zeroize::Zeroizing;

use super::model::DirectoryRow;
use crate::{
    app::App,
    egress::{Egress, Origin, ServiceAddress},
};

/// Under what connections of settings that are not kept are recorded.
pub(super) const TRIAL: &str = "directory under trial";

/// Opens connections through egress.
struct ThroughEgress {
    egress: Egress,
    service: String,
    origin: Origin,
    timeout: std::time::Duration,
}

impl Dial for ThroughEgress {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let address = ServiceAddress {
                service: self.service.clone(),
                host: host.to_owned(),
                port,
            };
            let connecting = self
                .egress
                .connect_service(&address, self.origin, self.timeout);
            Ok(Box::new(connecting.await?) as Box<dyn Stream>)
        })
    }
}

/// The directory of these settings, ready to be asked. `service` is what its connections are recorded under.
pub(super) fn directory(app: &App, service: &str, settings: Settings, origin: Origin) -> Directory {
    Directory {
        dial: Arc::new(ThroughEgress {
            egress: app.egress.clone(),
            service: service.to_owned(),
            origin,
            timeout: settings.limits.connect,
        }),
        settings: Arc::new(settings),
        down: Arc::clone(&app.directories.0.down),
        now: app.clock.now(),
    }
}

/// A directory that is kept, ready to be asked.
///
/// # Errors
/// `secret_unreadable`; those of the database.
pub(super) async fn kept(app: &App, row: &DirectoryRow, origin: Origin) -> Result<Directory> {
    let password = password(app, row).await?;
    let settings = row.settings.resolve(password)?;
    Ok(directory(app, &row.source(), settings, origin))
}

/// The service account's password, if there is one.
///
/// # Errors
/// `secret_unreadable`; those of the database.
pub(super) async fn password(app: &App, row: &DirectoryRow) -> Result<Option<Zeroizing<String>>> {
    let Some(id) = row.secret.filter(|_| row.settings.has_account()) else {
        return Ok(None);
    };
    let known = app.directories.passwords().get(&id).cloned();
    if known.is_some() {
        return Ok(known);
    }
    let opened = open(app, id, &row.source()).await?;
    app.directories.passwords().insert(id, opened.clone());
    Ok(Some(opened))
}

async fn open(app: &App, id: SecretId, owner: &str) -> Result<Zeroizing<String>> {
    let bytes = app.secrets.reveal(id, owner).await?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Error::internal("a password that is no text").with_source(error))?;
    Ok(Zeroizing::new(text.to_owned()))
}
