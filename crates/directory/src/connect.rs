//! Reaching a server: connected, encrypted, and the next one when that fails.

use std::time::Instant;

use guildhall_kernel::{Error, Result};
use zeroize::Zeroizing;

use crate::{
    Bind, Certificate, Directory, LOGIN_PLACE, Security, ServerUrl, dn, failure, session::Session,
    tls,
};

/// How reaching a server went.
#[derive(Default)]
pub(crate) struct Reached {
    /// Milliseconds until it was connected to.
    pub(crate) connected_ms: Option<u64>,
    /// Milliseconds until it agreed to StartTLS.
    pub(crate) start_tls_ms: Option<u64>,
    /// Milliseconds until the connection was encrypted.
    pub(crate) encrypted_ms: Option<u64>,
    /// The certificate that it showed.
    pub(crate) certificate: Option<Certificate>,
}

/// Reaches one server and begins a conversation with it.
///
/// # Errors
/// `plain_refused`, `directory_unreachable`, `directory_start_tls_refused`, `directory_tls_…` and those of the dialling.
pub(crate) async fn open(
    directory: &Directory,
    url: &ServerUrl,
    reached: &mut Reached,
) -> Result<Session> {
    let settings = &directory.settings;
    settings.check_encryption()?;
    let limit = settings.limits.connect;
    let opening = Box::pin(open_stream(directory, url, reached));
    let stream = tokio::time::timeout(limit, opening).await.map_err(|_| {
        let message = format!(
            "{url} did not take a connection within {} s",
            limit.as_secs()
        );
        failure::failed("directory_unreachable", message)
    })??;
    Session::start(stream, settings.limits).await
}

async fn open_stream(
    directory: &Directory,
    url: &ServerUrl,
    reached: &mut Reached,
) -> Result<Box<dyn crate::Stream>> {
    let started = Instant::now();
    let mut stream = directory.dial.dial(&url.host, url.port).await?;
    reached.connected_ms = Some(elapsed_ms(started));
    let security = directory.settings.security;
    if security == Security::Plain {
        return Ok(stream);
    }
    if security == Security::StartTls {
        let started = Instant::now();
        tls::start_tls(&mut stream).await?;
        reached.start_tls_ms = Some(elapsed_ms(started));
    }
    let started = Instant::now();
    let stream = Box::pin(tls::encrypt(
        directory,
        url,
        stream,
        &mut reached.certificate,
    ))
    .await?;
    reached.encrypted_ms = Some(elapsed_ms(started));
    Ok(stream)
}

/// Reaches the first server that can be and logs in to it for searching.
///
/// # Errors
/// That of the last server.
pub(crate) async fn open_any(
    directory: &Directory,
    person: Option<(&str, &Zeroizing<String>)>,
) -> Result<Session> {
    let mut last = None;
    for url in directory
        .down
        .sorted(&directory.settings.urls, directory.now)
    {
        match open_bound(directory, url, person).await {
            Ok(session) => {
                directory.down.worked(url);
                return Ok(session);
            }
            Err(error) if failure::is_about_server(&error) => {
                directory.down.failed(url, directory.now);
                tracing::warn!(server = %url, error = %error.chain(), "a directory server could not be used");
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| {
        Error::invalid_field("urls", "invalid_url", "give at least one server URL")
    }))
}

async fn open_bound(
    directory: &Directory,
    url: &ServerUrl,
    person: Option<(&str, &Zeroizing<String>)>,
) -> Result<Session> {
    let mut session = open(directory, url, &mut Reached::default()).await?;
    bind_for_search(&mut session, &directory.settings.bind, person).await?;
    Ok(session)
}

/// Logs in as whoever the directory is searched as. A person whose own bind is refused is nobody the directory knows:
/// code `directory_person_refused`.
///
/// # Errors
/// `directory_needs_account`, `directory_bind_refused` and its like.
pub(crate) async fn bind_for_search(
    session: &mut Session,
    bind: &Bind,
    person: Option<(&str, &Zeroizing<String>)>,
) -> Result<()> {
    let result = match (bind, person) {
        (Bind::Anonymous, _) => return Ok(()),
        (Bind::Account { dn, password }, _) => session.bind(dn, password).await?,
        (Bind::Person { template }, Some((login, password))) => {
            let result = session.bind(&fill(template, login), password).await?;
            if is_refusal(result.rc) {
                return Err(Error::unauthenticated(
                    "directory_person_refused",
                    failure::of_result(&result, "logging in").message(),
                ));
            }
            result
        }
        (Bind::Person { .. }, None) => {
            let message = "people log in to this directory under their own names, so it can be asked only while one does";
            return Err(Error::conflict("directory_needs_account", message));
        }
    };
    if result.rc == 0 {
        return Ok(());
    }
    Err(failure::of_result(&result, "logging in to it"))
}

/// Whether a result of a person's bind says "not with this password", and nothing about the server.
pub(crate) fn is_refusal(code: u32) -> bool {
    // constraintViolation, noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials,
    // insufficientAccessRights, unwillingToPerform
    matches!(code, 19 | 32 | 34 | 48 | 49 | 50 | 53)
}

/// The name a person binds as. In a DN what they typed is escaped as a value; other names, such as `name@domain`, take it
/// as it is: whom they mean is found out by the entry that is looked up afterwards.
fn fill(template: &str, login: &str) -> String {
    let is_dn = dn::is_dn(&template.replace(LOGIN_PLACE, "x"));
    let value = if is_dn {
        dn::escaped_value(login)
    } else {
        login.to_owned()
    };
    template.replace(LOGIN_PLACE, &value)
}

pub(crate) fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stays_within_the_name() {
        let dn = "uid={login},ou=people,dc=example,dc=org";
        assert_eq!(fill(dn, "ana"), "uid=ana,ou=people,dc=example,dc=org");
        assert_eq!(
            fill(dn, "ana,ou=admins"),
            "uid=ana\\2cou\\3dadmins,ou=people,dc=example,dc=org"
        );
        assert_eq!(fill("{login}@example.org", "ana"), "ana@example.org");
    }
}
