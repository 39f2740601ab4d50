//! People, organisations and sessions as data, and the rules on what they may be called.

use guildhall_kernel::{
    ApiKeyId, Error, FieldError, OrgId, PersonId, Result, Role, SessionId, Timestamp, VeId, text,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Somebody who can log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    pub id: PersonId,
    pub email: String,
    pub display_name: String,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organisation {
    pub id: OrgId,
    pub name: String,
    /// The name in lower case with hyphens; unique on the node.
    pub slug: String,
}

/// A tenant, as who administers the node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedOrganisation {
    pub id: OrgId,
    pub name: String,
    /// The name in lower case with hyphens; unique on the node.
    pub slug: String,
    /// Whether anybody who can log in administers it.
    pub has_administrator: bool,
    /// Whether an invitation to administer it is open.
    pub administrator_is_invited: bool,
}

/// Who is logged in, where, and what they may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    pub person: Person,
    /// The organisation acted for.
    pub organisation: Organisation,
    /// Every organisation the person belongs to.
    pub organisations: Vec<Organisation>,
    pub role: Role,
    /// How people call the role.
    pub role_title: String,
    /// What the person may do in the organisation.
    pub permissions: Vec<String>,
    /// What the person may do on the node.
    pub node_permissions: Vec<String>,
    /// To be sent as `X-CSRF-Token` with every change; `null` for API keys.
    #[schema(required)]
    pub csrf_token: Option<String>,
    /// Nothing else works until the temporary password is changed.
    pub must_change_password: bool,
    /// Nothing else works until a second factor is set up.
    pub must_set_up_second_factor: bool,
    /// When the session ends; `null` for API keys without an end.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// The directory or identity provider that opened the session; `null` for a login of the node's own and
    /// for API keys.
    #[schema(required)]
    pub source: Option<String>,
}

/// A logged-in browser, as its owner sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountSession {
    pub id: SessionId,
    /// Whether it is the one asking.
    pub current: bool,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

/// An API key, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    /// Names of permissions or of groups of them; `null`: all that its person may do.
    #[schema(required)]
    pub scopes: Option<Vec<String>>,
    /// The only employees it is for; `null`: all.
    #[schema(required)]
    pub ves: Option<Vec<VeId>>,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_used_at: Option<Timestamp>,
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

/// A new API key with its secret, shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CreatedApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub key: String,
    #[schema(required)]
    pub scopes: Option<Vec<String>>,
    #[schema(required)]
    pub ves: Option<Vec<VeId>>,
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

/// A person's place in the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub id: PersonId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// A disabled member cannot log in to this organisation.
    pub disabled: bool,
    /// Whether the person administers the node; `false` where the account is not shown.
    pub platform_administrator: bool,
    /// The directory or identity provider that manages the membership; `null` for one given by hand.
    #[schema(required)]
    pub source: Option<String>,
    /// Whether the person has an authenticator app or a passkey. `null` where the account is not shown: it belongs to
    /// other organisations too, and the caller does not administer the node.
    #[schema(required)]
    pub second_factor: Option<bool>,
    /// Until when logins are refused after too many wrong ones; `null` when one may come now.
    #[schema(required)]
    pub locked_until: Option<Timestamp>,
    pub created_at: Timestamp,
    #[schema(required)]
    pub last_seen_at: Option<Timestamp>,
    /// Whether the person has a place in another organisation too, disabled there or not.
    #[serde(skip)]
    pub(super) belongs_elsewhere: bool,
}

/// A new member with the password to hand over, shown once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CreatedMember {
    pub member: Member,
    /// `null` when the person belongs to another organisation of this node and keeps their password.
    #[schema(required)]
    pub temporary_password: Option<String>,
}

const NAME_CHARACTERS_MAX: usize = 80;
const EMAIL_CHARACTERS_MAX: usize = 254;
/// Fewest characters of a password until an administrator says otherwise.
pub(super) const PASSWORD_CHARACTERS_MIN: u32 = 10;
const PASSWORD_BYTES_MAX: usize = 1024;
/// What guessing begins with, of eight characters or more; shorter ones stand for their longer forms with
/// digits after them.
const COMMON_PASSWORDS: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "changeme",
    "letmein",
    "welcome",
    "administrator",
    "admin",
    "qwerty",
    "qwertyuiop",
    "qwertyui",
    "qwerty123456",
    "qwertz",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "1234567890",
    "12345678",
    "123456789",
    "0123456789",
    "0987654321",
    "9876543210",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "zaq12wsx",
    "q1w2e3r4t5",
    "abcd1234",
    "abcdefgh",
    "abcdefghij",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "trustno1",
    "starwars",
    "whatever",
    "computer",
    "internet",
    "michelle",
    "jennifer",
    "passwort",
    "willkommen",
    "sommer",
    "winter",
    "summer",
    "spring",
    "autumn",
    "guildhall",
    "secret",
    "default",
    "dragon",
    "monkey",
    "master",
    "shadow",
    "temporary",
    "test",
    "testtest",
];

/// A name of a person, an organisation or a key: 1 to 80 characters as sent, trimmed, no control characters.
///
/// # Errors
/// `invalid_name` on the given field.
pub fn checked_name(field: &str, name: &str) -> Result<String> {
    text::checked_name(field, name, NAME_CHARACTERS_MAX)
}

/// An e-mail address in lower case. Only what every address must have is checked: the address is a
/// login name here, and mail proves the rest.
///
/// # Errors
/// `invalid_email` on the given field.
pub fn checked_email(field: &str, text: &str) -> Result<String> {
    let length = text.chars().count();
    let email = text.trim().to_lowercase();
    let well_formed = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    let plain = !email
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    if !well_formed || !plain || length > EMAIL_CHARACTERS_MAX {
        return Err(Error::invalid_field(
            field,
            "invalid_email",
            "give an e-mail address such as ana@example.org",
        ));
    }
    Ok(email)
}

/// A password: of the given length at least, not only one letter repeated, not the e-mail address, none of
/// those that everybody tries first.
///
/// # Errors
/// `weak_password` on the given field, naming what is missing.
pub fn checked_password(
    field: &str,
    password: &str,
    (email, length_min): (&str, u32),
) -> Result<()> {
    let weak = |message: String| Err(Error::invalid_field(field, "weak_password", message));
    if password.chars().count() < usize::try_from(length_min).unwrap_or(usize::MAX) {
        return weak(format!(
            "use at least {length_min} characters; three or four words do well"
        ));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return weak(format!("use at most {PASSWORD_BYTES_MAX} bytes"));
    }
    let mut letters: Vec<char> = password.to_lowercase().chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 4 {
        return weak("use more than three different characters".into());
    }
    let local = email.split('@').next().unwrap_or_default();
    if password.eq_ignore_ascii_case(email)
        || (local.len() > 3 && password.eq_ignore_ascii_case(local))
    {
        return weak("use something else than your e-mail address".into());
    }
    if is_common(password) {
        return weak("use something that is not among the passwords everybody tries first".into());
    }
    Ok(())
}

/// Whether the password is one of those in every list, perhaps with digits or marks after it.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let bare = lower.trim_end_matches(|letter: char| !letter.is_alphabetic());
    COMMON_PASSWORDS.contains(&lower.as_str()) || COMMON_PASSWORDS.contains(&bare)
}

/// The name as part of an address: lower-case letters and digits with single hyphens.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "organisation".to_owned()
    } else {
        slug.chars().take(40).collect()
    }
}

/// Joins the refusals of several fields into one error, so that a form shows all of them at once.
///
/// # Errors
/// `invalid_fields` (or the single refusal itself) when any check failed.
pub fn all_checked<const N: usize>(checks: [(&str, Option<Error>); N]) -> Result<()> {
    let mut failed: Vec<(&str, Error)> = checks
        .into_iter()
        .filter_map(|(field, error)| Some((field, error?)))
        .collect();
    if failed.len() <= 1 {
        return failed.pop().map_or(Ok(()), |(_, error)| Err(error));
    }
    let mut joined = Error::invalid("invalid_fields", "some fields need another look");
    for (field, error) in failed {
        let (code, message) = (error.code().to_owned(), error.message().to_owned());
        joined = joined.with_field(FieldError {
            field: field.to_owned(),
            code,
            message,
        });
    }
    Err(joined)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_lower_case_and_plausible() {
        assert_eq!(
            checked_email("email", " Ana@Example.ORG ").unwrap(),
            "ana@example.org"
        );
        for bad in [
            "ana",
            "@x.org",
            "ana@",
            "a b@x.org",
            "a@b@c",
            "a@.org",
            "a\u{0}@x.org",
        ] {
            assert_eq!(
                checked_email("email", bad).unwrap_err().code(),
                "invalid_email",
                "{bad}"
            );
        }
    }

    #[test]
    fn weak_passwords_are_named() {
        let check =
            |password: &str| checked_password("password", password, ("ana.maria@example.org", 10));
        assert!(check("correct horse battery").is_ok());
        for bad in [
            "short",
            "aaaaaaaaaaaaaa",
            "ana.maria@example.org",
            "Password2026!",
            "1234567890",
        ] {
            assert_eq!(check(bad).unwrap_err().code(), "weak_password", "{bad}");
        }
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("Müller & Söhne GmbH"), "m-ller-s-hne-gmbh");
        assert_eq!(slug("***"), "organisation");
    }
}
