//! What administrators enter of a mail server.

use guildhall_kernel::{Error, Result, text};
use guildhall_smtp::check_address;
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::model::{MailSecurity, StoredSettings};
use crate::secrets::SecretText;

const HOST_CHARACTERS_MAX: usize = 253;
const USER_CHARACTERS_MAX: usize = 200;
const NAME_CHARACTERS_MAX: usize = 100;
const CA_BYTES_MAX: usize = 100_000;
const NAME_USUAL: &str = "Guildhall";

macro_rules! mail_input {
    ($(#[$doc:meta])* $name:ident { $($more:tt)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($more)*
            /// Whether mails are sent; they are when this is left out.
            pub enabled: Option<bool>,
            /// The server's name or address.
            #[schema(min_length = 1, max_length = 255)]
            pub host: String,
            /// The usual port of the encryption when left out.
            #[schema(minimum = 1)]
            pub port: Option<u16>,
            /// STARTTLS when left out.
            pub security: Option<MailSecurity>,
            /// Certificates (PEM) to trust instead of the public authorities.
            #[schema(max_length = 100000)]
            pub ca_pem: Option<String>,
            /// Who to log in as; without one the node does not log in.
            #[schema(max_length = 200)]
            pub user: Option<String>,
            /// Goes in and never comes out; left out, the one that was entered for this server and user stays.
            pub password: Option<SecretText>,
            /// The address that mails come from.
            #[schema(format = IdnEmail, max_length = 254)]
            pub sender: String,
            #[schema(max_length = 100, min_length = 1, pattern = r"\S")]
            pub sender_name: Option<String>,
        }
    };
}

mail_input! {
    /// A mail server: what is left out is as usual or nothing.
    MailInput {}
}

mail_input! {
    /// A mail server to try out.
    MailTrial {
        /// Where the mail that is sent for the trial goes; the caller's own address when left out.
        #[schema(format = IdnEmail, max_length = 254)]
        pub to: Option<String>,
    }
}

impl MailTrial {
    /// The server among it, and where the mail goes.
    pub(super) fn into_parts(self) -> (MailInput, Option<String>) {
        let input = MailInput {
            enabled: self.enabled,
            host: self.host,
            port: self.port,
            security: self.security,
            ca_pem: self.ca_pem,
            user: self.user,
            password: self.password,
            sender: self.sender,
            sender_name: self.sender_name,
        };
        (input, self.to)
    }
}

impl MailInput {
    /// The password that was entered.
    pub(super) fn entered(&self) -> Option<Zeroizing<String>> {
        let password = self.password.as_ref()?.reveal();
        (!password.is_empty()).then(|| Zeroizing::new(password.to_owned()))
    }

    /// The settings, each field checked.
    ///
    /// # Errors
    /// `invalid_host`, `invalid_port`, `plain_refused`, `invalid_ca`, `invalid_user`, `invalid_email`, `invalid_name` on
    /// their fields.
    pub(super) fn checked(&self) -> Result<StoredSettings> {
        let security = self.security.unwrap_or_default();
        let host = checked_host(&self.host)?;
        if security == MailSecurity::Plain && !is_this_machine(&host) {
            let message = "mail goes unencrypted to a server on this very machine only (localhost); choose STARTTLS or TLS";
            return Err(Error::invalid_field("security", "plain_refused", message));
        }
        let port = self.port.unwrap_or(security.port());
        if port == 0 {
            let message = "give a port from 1 to 65535";
            return Err(Error::invalid_field("port", "invalid_port", message));
        }
        let sender = self.sender.trim().to_owned();
        check_address("sender", &sender)?;
        Ok(StoredSettings {
            enabled: self.enabled.unwrap_or(true),
            host,
            port,
            security,
            ca_pem: checked_certificates(self.ca_pem.as_deref())?,
            user: self.checked_user()?,
            sender,
            sender_name: self.checked_name()?,
        })
    }

    fn checked_user(&self) -> Result<Option<String>> {
        let user = self.user.as_deref().unwrap_or_default().trim();
        let wrong = |message: &str| Err(Error::invalid_field("user", "invalid_user", message));
        if user.is_empty() && self.entered().is_some() {
            return wrong("a password needs a user; enter both, or neither");
        }
        if user.chars().count() > USER_CHARACTERS_MAX || user.chars().any(char::is_control) {
            return wrong("give the name that the mail server knows this node by");
        }
        Ok((!user.is_empty()).then(|| user.to_owned()))
    }

    fn checked_name(&self) -> Result<String> {
        let name = self.sender_name.as_deref().unwrap_or(NAME_USUAL);
        text::checked_name("sender_name", name, NAME_CHARACTERS_MAX)
    }
}

fn checked_host(text: &str) -> Result<String> {
    let host = text.trim().to_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_name = host.split('.').all(|label| {
        !label.is_empty()
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
    });
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    if host.len() <= HOST_CHARACTERS_MAX && (is_name || is_address) {
        return Ok(host.to_owned());
    }
    let message =
        "give the mail server's name or address, such as smtp.example.org, without a port";
    Err(Error::invalid_field("host", "invalid_host", message))
}

fn checked_certificates(pem: Option<&str>) -> Result<Option<String>> {
    let Some(pem) = pem.map(str::trim).filter(|pem| !pem.is_empty()) else {
        return Ok(None);
    };
    if pem.len() > CA_BYTES_MAX {
        let message =
            format!("the certificates take more than {CA_BYTES_MAX} bytes; give only those needed");
        return Err(Error::invalid_field("ca_pem", "invalid_ca", message));
    }
    guildhall_trust::read_certificates(pem)?;
    Ok(Some(pem.to_owned()))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn code(text: &str) -> &'static str {
        let input: MailInput = serde_json::from_str(text).unwrap();
        input.checked().map_or_else(|error| error.code(), |_| "ok")
    }

    #[test]
    fn settings_are_checked_field_by_field() {
        for (text, expected) in [
            (
                r#"{"host":"smtp.example.org","sender":"g@example.org"}"#,
                "ok",
            ),
            (
                r#"{"host":"[::1]","sender":"g@example.org","security":"plain"}"#,
                "ok",
            ),
            (
                r#"{"host":"localhost","sender":"g@example.org","security":"plain"}"#,
                "ok",
            ),
            (
                r#"{"host":"smtp.example.org","sender":"g@example.org","security":"plain"}"#,
                "plain_refused",
            ),
            (
                r#"{"host":"localhost.example","sender":"g@example.org","security":"plain"}"#,
                "plain_refused",
            ),
            (
                r#"{"host":"smtp.example.org:25","sender":"g@example.org"}"#,
                "invalid_host",
            ),
            (
                r#"{"host":"https://x","sender":"g@example.org"}"#,
                "invalid_host",
            ),
            (r#"{"host":"","sender":"g@example.org"}"#, "invalid_host"),
            (
                r#"{"host":"x","port":0,"sender":"g@example.org"}"#,
                "invalid_port",
            ),
            (r#"{"host":"x","sender":"nobody"}"#, "invalid_email"),
            (
                r#"{"host":"x","sender":"g@x","sender_name":" "}"#,
                "invalid_name",
            ),
            (r#"{"host":"x","sender":"g@x","ca_pem":"no"}"#, "invalid_ca"),
            (
                r#"{"host":"x","sender":"g@x","password":"p"}"#,
                "invalid_user",
            ),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn ports_go_with_the_encryption() {
        let port = |security: &str| {
            let text = format!(r#"{{"host":"localhost","sender":"g@x","security":"{security}"}}"#);
            let input: MailInput = serde_json::from_str(&text).unwrap();
            input.checked().unwrap().port
        };
        assert_eq!(
            [port("start_tls"), port("tls"), port("plain")],
            [587, 465, 25]
        );
    }
}
