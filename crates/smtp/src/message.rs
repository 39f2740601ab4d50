//! A mail as it crosses the wire (RFC 5322).

use guildhall_kernel::{Error, Result, Timestamp, random_token};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{
    check_address,
    quoted::{header_text, phrase, quoted_printable},
};

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The address it comes from.
    pub sender: String,
    /// What the sender is called.
    pub sender_name: String,
    /// The address it goes to.
    pub recipient: String,
    /// What it is about.
    pub subject: String,
    /// What it says, as lines of plain text.
    pub text: String,
}

impl Message {
    /// Checks the addresses.
    ///
    /// # Errors
    /// `invalid_email` on `sender` or `to`.
    pub fn check(&self) -> Result<()> {
        check_address("sender", &self.sender)?;
        check_address("to", &self.recipient)
    }

    /// Whether an address holds letters that only some servers carry (RFC 6531).
    pub(crate) fn is_international(&self) -> bool {
        !(self.sender.is_ascii() && self.recipient.is_ascii())
    }

    /// Header and text with line ends as on the wire, dots at the beginning of lines doubled (RFC 5321, 4.5.2).
    ///
    /// # Errors
    /// A time that no calendar holds.
    pub(crate) fn to_wire(&self, now: Timestamp) -> Result<String> {
        let seconds = now.as_millis().div_euclid(1000);
        let date = OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .and_then(|at| at.format(&Rfc2822).ok())
            .ok_or_else(|| Error::internal("a mail's date is out of the calendar"))?;
        let domain = self
            .sender
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain);
        let header = [
            format!("Date: {date}"),
            format!("From: {} <{}>", phrase(&self.sender_name), self.sender),
            format!("To: <{}>", self.recipient),
            format!("Subject: {}", header_text(&self.subject)),
            format!("Message-ID: <{}@{domain}>", random_token(15)),
            "MIME-Version: 1.0".to_owned(),
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            "Content-Transfer-Encoding: quoted-printable".to_owned(),
            // Absence notices and the like are not to be sent back (RFC 3834).
            "Auto-Submitted: auto-generated".to_owned(),
        ];
        let whole = format!(
            "{}\r\n\r\n{}",
            header.join("\r\n"),
            quoted_printable(&self.text)
        );
        Ok(dotted(&whole))
    }
}

fn dotted(text: &str) -> String {
    let lines = text.split("\r\n");
    let doubled: Vec<String> = lines
        .map(|line| {
            if line.starts_with('.') {
                format!(".{line}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    doubled.join("\r\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mail_reads_as_the_standard_says() {
        let message = Message {
            sender: "guildhall@example.org".to_owned(),
            sender_name: "Guildhall, here".to_owned(),
            recipient: "ana@example.org".to_owned(),
            subject: "Grüße".to_owned(),
            text: "Hello\n.\n.dots and https://x/y?a=b\n".to_owned(),
        };
        let wire = message
            .to_wire(Timestamp::from_millis(1_767_571_200_000))
            .unwrap();
        let (header, text) = wire.split_once("\r\n\r\n").unwrap();
        for line in [
            "Date: Mon, 05 Jan 2026 00:00:00 +0000",
            "From: \"Guildhall, here\" <guildhall@example.org>",
            "To: <ana@example.org>",
            "Subject: =?UTF-8?B?R3LDvMOfZQ==?=",
            "MIME-Version: 1.0",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(header.split("\r\n").any(|found| found == line), "{header}");
        }
        assert_eq!(
            text, "Hello\r\n..\r\n..dots and https://x/y?a=3Db\r\n",
            "no line is a single dot"
        );
    }
}
