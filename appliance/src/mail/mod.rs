//! Mail to people: links that invite, prove an address or set a new password.
//!
//! Invariants: a mail is queued in the transaction of what it tells of and sent after that is durable; what waits is sealed,
//! since its links open accounts; a mail that the server has refused for good, or whose links have expired, is dropped;
//! connections go through egress, so a server of the local network is reached while the node is air-gapped and no other is;
//! the password is sealed, and is not sent to a server that it was not entered for. A mail may come twice when the node
//! stops while sending it. Deliberately absent: reading mail, bulk mail, HTML.

mod input;
mod model;
mod outbox;
mod reach;
mod settings;
mod store;
mod trial;

use std::sync::Arc;

use guildhall_db::Reader;
use guildhall_kernel::{Error, Result};
use tokio::sync::{Mutex, Notify};

pub use input::{MailInput, MailTrial};
pub use model::{Letter, LetterKind, MailFailure, MailSecurity, MailSettings, MailState};
pub use outbox::{deliver_due, queue, start};
pub use settings::{read, remove, update};
pub use trial::test;

/// What a running node knows of its mail. A cheap clone.
#[derive(Clone, Default)]
pub struct Mail(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Told when there may be something to send.
    wake: Notify,
    /// Held while mails are sent: one conversation at a time, and no mail twice.
    sending: Mutex<()>,
}

/// Whether mails are sent.
///
/// # Errors
/// Those of the database.
pub fn is_on(reader: &Reader<'_>) -> Result<bool> {
    Ok(store::find(reader)?.is_some_and(|row| row.settings.enabled))
}

/// Refuses what needs mail while none is sent.
///
/// # Errors
/// `mail_off`.
pub fn check_on(reader: &Reader<'_>) -> Result<()> {
    if is_on(reader)? {
        return Ok(());
    }
    Err(Error::conflict(
        "mail_off",
        "this node sends no mail; have a platform administrator enter a mail server first",
    ))
}
