//! What went wrong with a mail server, as its administrator should read it.

use guildhall_kernel::Error;
use guildhall_trust::{Refusal, Why, shown};

use crate::reply::Reply;

/// Why a mail was not sent.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// Whether trying this mail again makes no sense: the server has refused it for good.
    pub is_final: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_final: false,
        }
    }
}

/// A mail server that did not do what was asked of it.
pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Error {
    Error::unavailable(code, message, 30)
}

/// The server's refusal, with its own words.
pub(crate) fn refused(code: &'static str, what: &str, reply: &Reply) -> Error {
    failed(
        code,
        format!("{what}: {} {}", reply.code, shown(&reply.text())),
    )
}

/// A refusal of this very mail: one that is for good makes trying again useless.
pub(crate) fn refused_mail(code: &'static str, what: &str, reply: &Reply) -> Failure {
    Failure {
        error: refused(code, what, reply),
        is_final: reply.is_permanent(),
    }
}

/// The server was reached but is not trusted.
pub(crate) fn untrusted(refusal: Refusal) -> Error {
    let code = match refusal.why {
        Why::NoTls => "mail_tls_no_tls",
        Why::Expired => "mail_tls_expired",
        Why::NotYet => "mail_tls_not_yet",
        Why::UnknownIssuer => "mail_tls_unknown_issuer",
        Why::WrongName => "mail_tls_wrong_name",
        Why::Other => "mail_tls_failed",
    };
    failed(code, refusal.message)
}

/// The way out of a failure, for the administrator who sets mail up.
pub fn hint_for(code: &str) -> Option<&'static str> {
    Some(match code {
        "egress_unreachable" | "egress_timeout" => {
            "check host and port, and whether a firewall lies between this node and the server"
        }
        "egress_unresolved" => "check the name, or enter the server's address",
        "egress_address_refused" => {
            "use a mail server of the local network, or have a platform administrator open the egress switch"
        }
        "mail_timeout" => {
            "the port may be another service's or speak TLS from the first byte: 587 goes with STARTTLS, 465 with TLS"
        }
        "mail_malformed" | "mail_cut" => "check that the port is a mail server's",
        "mail_greeting_refused" => {
            "the server does not take mail from this node: have it allowed there"
        }
        "mail_start_tls_missing" => {
            "use TLS on port 465, or have STARTTLS switched on at the server; mail is not sent unencrypted"
        }
        "mail_start_tls_refused" => "give the server a certificate, or use TLS on port 465",
        "mail_tls_no_tls" => {
            "the port speaks no TLS from the first byte: choose STARTTLS with port 587, or port 465"
        }
        "mail_tls_unknown_issuer" => {
            "paste the certificate of the authority that issued the server's certificate (PEM) into the field for certificates"
        }
        "mail_tls_expired" => "have the server's certificate renewed; until then no mail is sent",
        "mail_tls_not_yet" => {
            "the server's certificate begins later: check the clocks of this node and of the server"
        }
        "mail_tls_wrong_name" => {
            "enter the server under a name that stands in its certificate, or have the certificate issued for this name"
        }
        "mail_tls_failed" => {
            "check that the server offers TLS 1.2 or 1.3 and that its certificate is complete"
        }
        "mail_login_refused" => {
            "check user and password; some servers want a password made for programs"
        }
        "mail_login_missing" => {
            "the server offers no login by password here: leave user and password out, or use the port for submission (587 or 465)"
        }
        "mail_login_needed" => "enter user and password: the server takes no mail from strangers",
        "mail_sender_refused" => "use a sender address that the user may send from",
        "mail_recipient_refused" => {
            "check the address; a server that relays nothing to other domains wants a login first"
        }
        "mail_message_refused" => "read the server's own words; it may limit how much is sent",
        "mail_address_unsupported" => {
            "use an address in plain ASCII, or a server that knows SMTPUTF8"
        }
        _ => return None,
    })
}
