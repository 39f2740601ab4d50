//! One conversation with one server.

use std::{future::Future, time::Duration};

use guildhall_kernel::{Error, Result};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapResult, StdStream};
use tokio::task::JoinHandle;

use crate::{Limits, Stream, failure, relay::Relay};

/// An open conversation. Dropping it closes the connection.
pub(crate) struct Session {
    pub(crate) ldap: Ldap,
    pub(crate) limits: Limits,
    relay: Relay,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Begins a conversation over a connection on which nothing was said yet, except StartTLS.
    pub(crate) async fn start(server: Box<dyn Stream>, limits: Limits) -> Result<Self> {
        let (relay, end) = Relay::start(server)?;
        // The library takes only sockets of its own kinds: it gets one end of a pair, and its URL says nothing but that.
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(end));
        let opened = LdapConnAsync::with_settings(settings, "ldapi:///").await;
        let (connection, ldap) =
            opened.map_err(|error| failure::of_operation(error, "beginning a conversation"))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(%error, "a conversation with a directory ended");
            }
        });
        Ok(Self {
            ldap,
            limits,
            relay,
            driver,
        })
    }

    /// Says who one is. The result says whether the server believes it.
    ///
    /// # Errors
    /// No answer.
    pub(crate) async fn bind(&mut self, name: &str, password: &str) -> Result<LdapResult> {
        let limit = self.limits.operation;
        let bound = self
            .ldap
            .with_timeout(limit)
            .simple_bind(name, password)
            .await;
        bound.map_err(|error| self.explain(failure::of_operation(error, "logging in to it")))
    }

    /// The reason the relay cut the conversation for, if it did: it says more than that the connection ended.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.relay.fault().unwrap_or(error)
    }
}

/// Runs a whole conversation in a task of its own, within a time: the library stops where it does not understand an
/// answer, and that must end the conversation and nothing else.
pub(crate) async fn contained<T: Send + 'static>(
    limit: Duration,
    conversation: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let mut task = tokio::spawn(conversation);
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(stopped)) => Err(crate::relay::malformed().with_source(stopped)),
        Err(_) => {
            task.abort();
            let message = format!("the directory took longer than {} s", limit.as_secs());
            Err(failure::failed("directory_timeout", message))
        }
    }
}
