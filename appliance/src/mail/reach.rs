//! How the mail server is reached: through egress.

use std::time::Duration;

use guildhall_kernel::Result;
use guildhall_smtp::{Dialling, Limits, Login, Server};
use guildhall_trust::Stream;
use zeroize::Zeroizing;

use super::model::StoredSettings;
use crate::{
    app::App,
    egress::{Origin, ServiceAddress},
};

/// Under what connections are recorded.
const SERVICE: &str = "mail server";
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// The server of these settings, ready to be spoken to.
pub(super) fn server(
    app: &App,
    settings: &StoredSettings,
    password: Option<Zeroizing<String>>,
    limits: Limits,
) -> Server {
    let login = settings.user.clone().zip(password);
    Server {
        host: settings.host.clone(),
        port: settings.port,
        security: settings.security.into(),
        ca_pem: settings.ca_pem.clone(),
        login: login.map(|(user, password)| Login { user, password }),
        own_name: own_name(&app.config.host_name),
        now: app.clock.now(),
        limits,
    }
}

/// Opens the connection when it is awaited.
pub(super) fn dial(app: &App, server: &Server, origin: Origin) -> impl Dialling + use<> {
    let egress = app.egress.clone();
    let address = ServiceAddress {
        service: SERVICE.to_owned(),
        host: server.host.clone(),
        port: server.port,
    };
    async move {
        let stream = egress
            .connect_service(&address, origin, CONNECT_MAX)
            .await?;
        Ok(Box::new(stream) as Box<dyn Stream>) as Result<_>
    }
}

/// What the node calls itself: a name that is none would be taken for part of a command.
fn own_name(host_name: &str) -> String {
    let is_name = !host_name.is_empty()
        && host_name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if is_name { host_name } else { "localhost" }.to_owned()
}
