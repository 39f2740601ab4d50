//! The mail server and mails, as stored and shown.

use guildhall_kernel::{MailId, SecretId, Timestamp};
use guildhall_smtp::Security;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS after the command STARTTLS, as a rule on port 587.
    #[default]
    StartTls,
    /// TLS from the first byte, as a rule on port 465.
    Tls,
    /// Not at all: for a server on this very machine only.
    Plain,
}

impl MailSecurity {
    /// The port that goes with it.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::Plain => 25,
        }
    }
}

impl From<MailSecurity> for Security {
    fn from(security: MailSecurity) -> Self {
        match security {
            MailSecurity::StartTls => Self::StartTls,
            MailSecurity::Tls => Self::Tls,
            MailSecurity::Plain => Self::Plain,
        }
    }
}

/// Where the mail server is and how it is spoken to, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredSettings {
    pub(super) enabled: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: MailSecurity,
    pub(super) ca_pem: Option<String>,
    pub(super) user: Option<String>,
    pub(super) sender: String,
    pub(super) sender_name: String,
}

/// The one row of settings.
#[derive(Clone, Debug)]
pub(super) struct MailRow {
    pub(super) settings: StoredSettings,
    pub(super) secret: Option<SecretId>,
    pub(super) updated_at: Timestamp,
    pub(super) last_sent_at: Option<Timestamp>,
    pub(super) last_failure: Option<MailFailure>,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailFailure {
    pub at: Timestamp,
    pub message: String,
}

/// The mail server as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MailSettings {
    pub enabled: bool,
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// Certificates (PEM) that are trusted instead of the public authorities.
    #[schema(required)]
    pub ca_pem: Option<String>,
    /// Who the node logs in as; `null`: it does not.
    #[schema(required)]
    pub user: Option<String>,
    pub has_password: bool,
    /// The address that mails come from.
    pub sender: String,
    pub sender_name: String,
    pub updated_at: Timestamp,
}

/// The mail server and how sending goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MailState {
    /// `null`: none was entered.
    #[schema(required)]
    pub settings: Option<MailSettings>,
    /// Mails that wait for being sent.
    pub waiting: u32,
    #[schema(required)]
    pub last_sent_at: Option<Timestamp>,
    #[schema(required)]
    pub last_failure: Option<MailFailure>,
}

impl MailState {
    pub(super) fn of(row: Option<MailRow>, waiting: u32) -> Self {
        let (last_sent_at, last_failure) = match &row {
            Some(row) => (row.last_sent_at, row.last_failure.clone()),
            None => (None, None),
        };
        Self {
            settings: row.map(Into::into),
            waiting,
            last_sent_at,
            last_failure,
        }
    }
}

impl From<MailRow> for MailSettings {
    fn from(row: MailRow) -> Self {
        let settings = row.settings;
        Self {
            enabled: settings.enabled,
            host: settings.host,
            port: settings.port,
            security: settings.security,
            ca_pem: settings.ca_pem,
            user: settings.user,
            has_password: row.secret.is_some(),
            sender: settings.sender,
            sender_name: settings.sender_name,
            updated_at: row.updated_at,
        }
    }
}

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterKind {
    /// An invitation's link.
    Invitation,
    /// The link that proves the address of a request for an account.
    SignUp,
    /// The link that sets a new password.
    PasswordReset,
}

impl LetterKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::SignUp => "sign_up",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// What it is for.
    pub kind: LetterKind,
    /// The address it goes to.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// Lines of plain text.
    pub text: String,
    /// When its links are of no use any more.
    pub expires_at: Timestamp,
}

/// What of a mail is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) recipient: String,
    pub(super) subject: String,
    pub(super) text: String,
}

/// A mail that waits.
#[derive(Clone, Debug)]
pub(super) struct OutboxRow {
    pub(super) id: MailId,
    pub(super) kind: String,
    pub(super) secret: SecretId,
    pub(super) attempts: u32,
    pub(super) created_at: Timestamp,
    pub(super) next_at: Timestamp,
    pub(super) expires_at: Timestamp,
}
