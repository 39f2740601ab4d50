//! What went wrong with a directory, as its administrator should read it.

use guildhall_kernel::{Error, ErrorKind};
pub(crate) use guildhall_trust::shown;
use ldap3::{LdapError, LdapResult};

/// A directory that did not do what was asked of it.
pub(crate) fn failed(code: &'static str, message: impl Into<String>) -> Error {
    Error::unavailable(code, message, 30)
}

/// The way out of a failure, for the administrator who sets the directory up.
pub fn hint_for(code: &str) -> Option<&'static str> {
    Some(match code {
        "directory_unreachable" | "egress_unreachable" | "egress_timeout" => {
            "check host and port, and whether a firewall lies between this node and the server"
        }
        "egress_unresolved" => "check the name, or enter the server's address",
        "directory_tls_unknown_issuer" => {
            "paste the certificate of the authority that issued the server's certificate (PEM) into the field for certificates"
        }
        "directory_tls_expired" => {
            "have the server's certificate renewed; until then the directory cannot be used"
        }
        "directory_tls_not_yet" => {
            "the server's certificate begins later: check the clocks of this node and of the server"
        }
        "directory_tls_wrong_name" => {
            "enter the server under a name that stands in its certificate, or have the certificate issued for this name (as a subject alternative name); a certificate without any name is trusted once it is entered itself"
        }
        "directory_tls_no_tls" => {
            "the port speaks no TLS: use port 636 for LDAPS, or choose StartTLS with port 389"
        }
        "directory_tls_failed" => {
            "check that the server offers TLS 1.2 or 1.3 and that its certificate is complete"
        }
        "directory_start_tls_refused" => "give the server a certificate, or use LDAPS on port 636",
        "directory_encryption_demanded" => {
            "the server refuses passwords over unencrypted connections: choose LDAPS or StartTLS"
        }
        "plain_refused" => {
            "choose LDAPS or StartTLS; allow unencrypted logins only in a network that nobody can listen to"
        }
        "directory_person_refused" => {
            "check the person's login and password, and the name that people log in under"
        }
        "directory_bind_refused" => "check the service account's DN and password",
        "directory_password_expired" => {
            "set a new password for the account in the directory, one that does not expire"
        }
        "directory_account_locked" => "enable or unlock the account in the directory",
        "directory_bind_needed" => "the server shows nothing to strangers: enter a service account",
        "directory_no_such_base" => {
            "check the base DN; it must be an entry of this server, written in full"
        }
        "directory_referral" => {
            "enter the server that holds the base DN itself; referrals are not followed"
        }
        "directory_no_access" => {
            "allow the service account to read the people and groups below the base DN"
        }
        "directory_ambiguous_login" => {
            "make the user filter narrower, or name login attributes that are unique"
        }
        "directory_size_limit" => {
            "the server gives fewer entries than there are: raise its size limit for the service account or make the filter narrower"
        }
        "directory_needs_account" => {
            "enter a service account: only with one can people be listed and refreshed"
        }
        "directory_malformed" | "directory_too_large" => "check that the port is an LDAP server's",
        _ => return None,
    })
}

/// What an operation failed with, as an error. `what` says what was tried, such as `searching below dc=example,dc=org`.
pub(crate) fn of_operation(error: LdapError, what: &str) -> Error {
    match error {
        LdapError::LdapResult { result } => of_result(&result, what),
        LdapError::Timeout { .. } => failed(
            "directory_timeout",
            format!("the directory did not answer in time while {what}"),
        ),
        LdapError::FilterParsing => Error::invalid(
            "invalid_filter",
            format!("the filter does not read while {what}"),
        ),
        other => failed(
            "directory_cut",
            format!("the directory ended the connection while {what}"),
        )
        .with_source(other),
    }
}

/// What a result code other than success says (RFC 4511, appendix A).
pub(crate) fn of_result(result: &LdapResult, what: &str) -> Error {
    let said = said(result);
    match result.rc {
        1 if said.contains("successful bind must be completed")
            || said.contains("without authentication") =>
        {
            needs_bind(what)
        }
        3 | 11 => failed(
            "directory_time_limit",
            format!("the directory's time limit was reached while {what}{said}"),
        ),
        4 => failed(
            "directory_size_limit",
            format!("the directory's size limit was reached while {what}{said}"),
        ),
        8 | 13 => {
            let name = if result.rc == 8 {
                "strongerAuthRequired"
            } else {
                "confidentialityRequired"
            };
            failed(
                "directory_encryption_demanded",
                format!(
                    "the directory demands an encrypted connection ({name}) while {what}{said}"
                ),
            )
        }
        10 => {
            let elsewhere = result
                .refs
                .first()
                .map(|url| format!(" to {}", shown(url)))
                .unwrap_or_default();
            failed(
                "directory_referral",
                format!("the directory refers{elsewhere} while {what}"),
            )
        }
        32 => failed(
            "directory_no_such_base",
            format!("the directory has no such entry while {what}{said}"),
        ),
        34 => failed(
            "directory_no_such_base",
            format!("the directory does not read the DN while {what}{said}"),
        ),
        48 => needs_bind(what),
        49 => failed(
            refused_because(&result.text),
            format!("the directory refused name or password while {what}{said}"),
        ),
        50 => failed(
            "directory_no_access",
            format!("the directory does not allow it while {what}{said}"),
        ),
        51 | 52 => failed(
            "directory_busy",
            format!("the directory is busy while {what}{said}"),
        ),
        code => failed(
            "directory_refused",
            format!("the directory answered with code {code} while {what}{said}"),
        ),
    }
}

fn needs_bind(what: &str) -> Error {
    failed(
        "directory_bind_needed",
        format!("the directory answers nobody who has not logged in to it, while {what}"),
    )
}

/// Why Active Directory refused a bind: it hides the reason in its text, as `data 52e`.
pub(crate) fn refused_because(text: &str) -> &'static str {
    let data = text
        .split("data ")
        .nth(1)
        .and_then(|rest| rest.split([',', ' ']).next());
    match data {
        Some("532" | "773") => "directory_password_expired",
        Some("530" | "531" | "533" | "701" | "775") => "directory_account_locked",
        _ => "directory_bind_refused",
    }
}

/// The server's own words, short and without line ends, in brackets.
fn said(result: &LdapResult) -> String {
    if result.text.trim().is_empty() {
        String::new()
    } else {
        format!(" ({})", shown(&result.text))
    }
}

/// Whether a failure says that another server of the directory may do better.
pub(crate) fn is_about_server(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable || error.code().starts_with("egress_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: text.into(),
            refs: vec!["ldap://other.example.org/dc=x".into()],
            ctrls: Vec::new(),
        }
    }

    #[test]
    fn what_active_directory_says_is_understood() {
        let stronger = "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking";
        let demanded = of_result(&result(8, stronger), "logging in");
        assert_eq!(demanded.code(), "directory_encryption_demanded");
        assert!(demanded.message().contains("strongerAuthRequired"));
        let bind = |data: &str| {
            let text = format!(
                "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data {data}, v3839"
            );
            of_result(&result(49, &text), "logging in").code()
        };
        assert_eq!(bind("52e"), "directory_bind_refused");
        assert_eq!(bind("533"), "directory_account_locked");
        assert_eq!(bind("773"), "directory_password_expired");
        let operations = "000004DC: LdapErr: DSID-0C0907E9, comment: In order to perform this operation a successful bind must be completed on the connection., data 0";
        assert_eq!(
            of_result(&result(1, operations), "searching").code(),
            "directory_bind_needed"
        );
        assert!(
            of_result(&result(10, ""), "searching")
                .message()
                .contains("ldap://other.example.org")
        );
    }

    #[test]
    fn every_failure_of_the_first_steps_has_a_way_out() {
        for code in [
            "directory_bind_refused",
            "directory_encryption_demanded",
            "directory_no_such_base",
            "directory_tls_expired",
        ] {
            assert!(hint_for(code).is_some(), "{code}");
        }
    }
}
