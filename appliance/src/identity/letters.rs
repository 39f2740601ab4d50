//! What the node writes to people: plain text, one purpose a mail. Each says who it is for and what to do when it was not
//! asked for.

use guildhall_kernel::Timestamp;

use crate::mail::{Letter, LetterKind};

/// An invitation with its link.
pub(super) struct Invited<'a> {
    pub(super) organisation: &'a str,
    /// Who invites.
    pub(super) by: &'a str,
    pub(super) url: &'a str,
}

/// Invites somebody to an organisation.
pub(super) fn invitation((email, expires_at): (&str, Timestamp), invited: &Invited<'_>) -> Letter {
    let Invited {
        organisation,
        by,
        url,
    } = invited;
    let text = format!(
        "Hello,\n\n{by} invites you to {organisation} on Guildhall.\n\nCome in by this link, which works once and until {}:\n\n{url}\n\nWhoever holds the link can use it, so do not pass it on. If you expect no invitation, do nothing.\n",
        day(expires_at)
    );
    Letter {
        kind: LetterKind::Invitation,
        recipient: email.to_owned(),
        subject: format!("{by} invites you to {organisation}"),
        text,
        expires_at,
    }
}

/// Has somebody who asks for an account prove their address.
pub(super) fn verify_address(origin: &str, to: (&str, Timestamp), token: &str) -> Letter {
    let text = format!(
        "Hello,\n\nsomebody, we hope you, asked for an account on {origin} with this e-mail address.\n\nTo go on, follow this link within a day and give the password that was chosen:\n\n{origin}/sign-up/verify#{token}\n\nIf it was not you, do nothing: without the password nobody gets an account.\n"
    );
    sign_up(to, "Confirm your e-mail address".to_owned(), text)
}

/// Tells somebody who asks for an account that they have one.
pub(super) fn has_account(origin: &str, to: (&str, Timestamp)) -> Letter {
    let text = format!(
        "Hello,\n\nsomebody, we hope you, asked for an account on {origin} with this e-mail address. It has an account there already, so log in instead:\n\n{origin}\n\nIf it was not you, do nothing.\n"
    );
    sign_up(to, "You have an account already".to_owned(), text)
}

fn sign_up((email, expires_at): (&str, Timestamp), subject: String, text: String) -> Letter {
    Letter {
        kind: LetterKind::SignUp,
        recipient: email.to_owned(),
        subject,
        text,
        expires_at,
    }
}

/// Lets somebody set a new password.
pub(super) fn password_reset(
    origin: &str,
    (email, expires_at): (&str, Timestamp),
    token: &str,
) -> Letter {
    let text = format!(
        "Hello,\n\nsomebody, we hope you, asked for a new password for your account on {origin}.\n\nSet one by this link, which works once and for an hour:\n\n{origin}/password-reset#{token}\n\nIf it was not you, do nothing: your password stays as it is.\n"
    );
    Letter {
        kind: LetterKind::PasswordReset,
        recipient: email.to_owned(),
        subject: "Set a new password".to_owned(),
        text,
        expires_at,
    }
}

fn day(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}
