//! What the node asks of everybody who logs in, and who may make an account for themselves.

use guildhall_db::Reader;
use guildhall_kernel::{Ctx, Error, Result, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{factor_store, settings_store, store::Membership};
use crate::{app::App, audit, mail};

const PASSWORD_LENGTHS: std::ops::RangeInclusive<u32> = 8..=64;
const IDLE_MINUTES: std::ops::RangeInclusive<u32> = 5..=10_080;
const MAX_HOURS: std::ops::RangeInclusive<u32> = 1..=2_160;
const DOMAINS_MAX: usize = 500;
const DOMAIN_CHARACTERS_MAX: usize = 253;

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorRule {
    /// Whoever wants one.
    Optional,
    /// Administrators of an organisation and of the node.
    Administrators,
    /// Everybody with a password here.
    Everyone,
}

/// What the node asks of everybody who logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecuritySettings {
    /// Fewest characters of a password, 8 to 64.
    #[schema(minimum = 8, maximum = 64)]
    pub(super) password_length_min: u32,
    /// Who must have a second factor.
    pub(super) second_factor: SecondFactorRule,
    /// Minutes without a request after which a session ends, 5 to 10080.
    #[schema(minimum = 5, maximum = 10080)]
    pub(super) session_idle_minutes: u32,
    /// Hours after which a session ends in any case, 1 to 2160.
    #[schema(minimum = 1, maximum = 2160)]
    pub(super) session_max_hours: u32,
}

/// Whether people may make accounts for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignUpMode {
    /// Nobody.
    Off,
    /// Whoever a platform administrator lets in.
    Approval,
    /// Whoever holds an address that is let in, which a mail proves; without mail as `approval`.
    Open,
}

/// Who may make an account for themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignUpSettings {
    pub(super) mode: SignUpMode,
    /// Domains of e-mail addresses, subdomains included; empty: every one that is not blocked.
    #[schema(max_items = 500)]
    pub(super) allowed_domains: Vec<String>,
    /// Domains of e-mail addresses that are refused, subdomains included.
    #[schema(max_items = 500)]
    pub(super) blocked_domains: Vec<String>,
}

impl SignUpMode {
    /// What it comes to: where no mail proves an address, an administrator decides.
    pub(super) fn with_mail(self, is_mail_on: bool) -> Self {
        if self == Self::Open && !is_mail_on {
            Self::Approval
        } else {
            self
        }
    }
}

impl SecuritySettings {
    /// When a session ends that was used at `now` and whose person logged in at `logged_in_at`.
    pub(super) fn session_end(&self, now: Timestamp, logged_in_at: Timestamp) -> Timestamp {
        let idle = now.plus_seconds(i64::from(self.session_idle_minutes) * 60);
        idle.min(self.session_end_max(logged_in_at))
    }

    /// When a session ends in any case.
    pub(super) fn session_end_max(&self, logged_in_at: Timestamp) -> Timestamp {
        logged_in_at.plus_seconds(i64::from(self.session_max_hours) * 3600)
    }

    /// Whether a person with this membership must have a second factor.
    pub(super) fn asks_for_second_factor(&self, membership: &Membership) -> bool {
        match self.second_factor {
            SecondFactorRule::Optional => false,
            SecondFactorRule::Administrators => {
                membership.role == Role::Admin || membership.is_platform_administrator
            }
            SecondFactorRule::Everyone => true,
        }
    }

    fn check(&self) -> Result<()> {
        let within = |field: &str, value: u32, range: std::ops::RangeInclusive<u32>| {
            if range.contains(&value) {
                return Ok(());
            }
            let message = format!("give a number from {} to {}", range.start(), range.end());
            Err(Error::invalid_field(field, "out_of_range", message))
        };
        within(
            "password_length_min",
            self.password_length_min,
            PASSWORD_LENGTHS,
        )?;
        within(
            "session_idle_minutes",
            self.session_idle_minutes,
            IDLE_MINUTES,
        )?;
        within("session_max_hours", self.session_max_hours, MAX_HOURS)
    }
}

impl SignUpSettings {
    /// Whether anybody may make an account for themselves.
    ///
    /// # Errors
    /// `sign_up_closed`.
    pub(super) fn admit_anybody(&self) -> Result<()> {
        if self.mode != SignUpMode::Off {
            return Ok(());
        }
        Err(Error::forbidden(
            "sign_up_closed",
            "nobody can make an account here for themselves; ask an administrator to add you",
        ))
    }

    /// Whether somebody with this address may make an account.
    ///
    /// # Errors
    /// `domain_blocked`, `domain_not_allowed`; those of [`Self::admit_anybody`].
    pub(super) fn admit(&self, email: &str) -> Result<()> {
        self.admit_anybody()?;
        let domain = email.rsplit_once('@').map_or(email, |(_, domain)| domain);
        let is_in = |listed: &[String]| listed.iter().any(|parent| is_within(domain, parent));
        if is_in(&self.blocked_domains) {
            return Err(Error::forbidden(
                "domain_blocked",
                format!("addresses at {domain} are not accepted here; use another address"),
            ));
        }
        if self.allowed_domains.is_empty() || is_in(&self.allowed_domains) {
            return Ok(());
        }
        Err(Error::forbidden(
            "domain_not_allowed",
            format!(
                "addresses at {domain} are not among those accepted here; use one of your organisation"
            ),
        ))
    }

    /// The same with domains in lower case, sorted, each once.
    fn checked(self) -> Result<Self> {
        Ok(Self {
            mode: self.mode,
            allowed_domains: checked_domains("allowed_domains", &self.allowed_domains)?,
            blocked_domains: checked_domains("blocked_domains", &self.blocked_domains)?,
        })
    }
}

fn is_within(domain: &str, parent: &str) -> bool {
    domain == parent
        || domain
            .strip_suffix(parent)
            .is_some_and(|before| before.ends_with('.'))
}

fn checked_domains(field: &str, domains: &[String]) -> Result<Vec<String>> {
    if domains.len() > DOMAINS_MAX {
        let message = format!("list at most {DOMAINS_MAX} domains");
        return Err(Error::invalid_field(field, "too_many", message));
    }
    let mut checked = Vec::with_capacity(domains.len());
    for domain in domains {
        let plain = domain.trim().trim_start_matches('@').to_lowercase();
        let is_plain = plain
            .split('.')
            .all(|label| !label.is_empty() && !label.chars().any(is_no_label));
        if !is_plain || plain.len() > DOMAIN_CHARACTERS_MAX {
            let shown: String = domain.chars().take(60).collect();
            let message = format!("`{shown}` is no domain such as example.org");
            return Err(Error::invalid_field(field, "invalid_domain", message));
        }
        checked.push(plain);
    }
    checked.sort_unstable();
    checked.dedup();
    Ok(checked)
}

fn is_no_label(letter: char) -> bool {
    !(letter.is_alphanumeric() || letter == '-' || letter == '_')
}

/// Whether a session may do nothing but set up a second factor. Who was sent by a directory or an identity
/// provider (`source`) has proven more there than a password.
///
/// # Errors
/// Those of the database.
pub(super) fn must_set_up(
    reader: &Reader<'_>,
    membership: &Membership,
    source: Option<&str>,
) -> Result<bool> {
    if source.is_some() {
        return Ok(false);
    }
    let settings = settings_store::read_security(reader)?;
    Ok(settings.asks_for_second_factor(membership)
        && !factor_store::has_second_factor(reader, membership.person.id)?)
}

/// What the node asks of everybody who logs in.
///
/// # Errors
/// Those of the database.
pub(super) async fn read_security(app: &App) -> Result<SecuritySettings> {
    app.db.read(settings_store::read_security).await
}

/// Changes what the node asks of everybody who logs in. Sessions that are too old by the new numbers end.
///
/// # Errors
/// `out_of_range` on the field.
pub(super) async fn update_security(
    app: &App,
    ctx: &Ctx,
    settings: SecuritySettings,
) -> Result<SecuritySettings> {
    settings.check()?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        settings_store::update_security(tx, &settings)?;
        audit::record_with(tx, &caller, "security.changed", "node", json!(settings))?;
        Ok(settings)
    });
    written.await
}

/// Who may make an account for themselves.
///
/// # Errors
/// Those of the database.
pub(super) async fn read_sign_up(app: &App) -> Result<SignUpSettings> {
    app.db.read(settings_store::read_sign_up).await
}

/// How people may make an account for themselves right now, and whether a mail proves their address.
///
/// # Errors
/// Those of the database.
pub(super) async fn sign_up_now(app: &App) -> Result<(SignUpMode, bool)> {
    let read = app.db.read(|reader| {
        let settings = settings_store::read_sign_up(reader)?;
        Ok((settings.mode, mail::is_on(reader)?))
    });
    let (mode, is_mail_on) = read.await?;
    Ok((mode.with_mail(is_mail_on), is_mail_on))
}

/// Changes who may make an account for themselves.
///
/// # Errors
/// `invalid_domain`, `too_many` on the field.
pub(super) async fn update_sign_up(
    app: &App,
    ctx: &Ctx,
    settings: SignUpSettings,
) -> Result<SignUpSettings> {
    let settings = settings.checked()?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        settings_store::update_sign_up(tx, &settings)?;
        audit::record_with(tx, &caller, "sign_up.changed", "node", json!(settings))?;
        Ok(settings)
    });
    written.await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(allowed: &[&str], blocked: &[&str]) -> SignUpSettings {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let settings = SignUpSettings {
            mode: SignUpMode::Open,
            allowed_domains: owned(allowed),
            blocked_domains: owned(blocked),
        };
        settings.checked().unwrap()
    }

    #[test]
    fn blocked_goes_before_allowed_and_reaches_below() {
        let rules = settings(&["Example.org"], &["bad.example.org"]);
        assert!(rules.admit("a@example.org").is_ok());
        assert!(rules.admit("a@sub.example.org").is_ok());
        assert_eq!(
            rules.admit("a@bad.example.org").unwrap_err().code(),
            "domain_blocked"
        );
        assert_eq!(
            rules.admit("a@x.bad.example.org").unwrap_err().code(),
            "domain_blocked"
        );
        assert_eq!(
            rules.admit("a@notexample.org").unwrap_err().code(),
            "domain_not_allowed"
        );
        assert!(
            settings(&[], &["bad.example"])
                .admit("a@good.example")
                .is_ok()
        );
    }

    #[test]
    fn domains_are_plain() {
        for bad in ["", "a b", "https://x.org", ".org", "x..org"] {
            assert!(
                checked_domains("allowed_domains", &[bad.to_owned()]).is_err(),
                "{bad}"
            );
        }
        let doubled = ["@X.org".to_owned(), "x.org".to_owned()];
        assert_eq!(
            checked_domains("allowed_domains", &doubled).unwrap(),
            ["x.org"]
        );
    }
}
