//! A client for SMTP (RFC 5321) that says step by step how far it came.
//!
//! Invariants: this crate opens no connection, whoever uses it hands one over; nothing goes over an unencrypted connection
//! unless the settings say so in so many words, and what came before the encryption counts for nothing after it; what stands
//! in an address, a subject or a name never becomes a command or a header of its own; every answer of the server has a
//! bound in size and time. Deliberately absent: attachments, HTML, several recipients of one mail, certificates of the
//! client.

mod address;
mod failure;
mod message;
mod quoted;
mod reply;
mod send;
mod session;

use std::{fmt, time::Duration};

use guildhall_kernel::Timestamp;
pub use guildhall_trust::{Step, StepState};
use zeroize::Zeroizing;

pub use address::check_address;
pub use failure::{Failure, hint_for};
pub use message::Message;
pub use send::{Dialling, Sent, send};

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS after the command STARTTLS (RFC 3207), as a rule on port 587.
    StartTls,
    /// TLS from the first byte (RFC 8314), as a rule on port 465.
    Tls,
    /// Not at all.
    Plain,
}

/// Who the node logs in as.
#[derive(Clone)]
pub struct Login {
    /// The name that the server knows it by.
    pub user: String,
    /// Its password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Login({})", self.user)
    }
}

/// Bounds of one conversation.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one answer of the server, encryption included.
    pub answer: Duration,
    /// For the whole of it.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(15),
            whole: Duration::from_secs(60),
        }
    }
}

/// A mail server and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// Where it listens.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// Certificates (PEM) to trust instead of the public authorities.
    pub ca_pem: Option<String>,
    /// Who to log in as; nothing for a server that takes mail without.
    pub login: Option<Login>,
    /// What this machine calls itself in the greeting.
    pub own_name: String,
    /// The present: what certificates are judged by.
    pub now: Timestamp,
    /// Bounds of the conversation.
    pub limits: Limits,
}
