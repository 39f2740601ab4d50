//! Whether an account may still be used: what the different servers say of it.

use guildhall_kernel::Timestamp;

use crate::answer::Values;

/// Why an account may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// Switched off by an administrator of the directory.
    Disabled,
    /// Locked until an administrator of the directory unlocks it.
    Locked,
    /// Its end has passed.
    Expired,
}

impl Inactive {
    /// A sentence for the administrator.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Disabled => "the account is disabled in the directory",
            Self::Locked => "the account is locked in the directory",
            Self::Expired => "the account has expired in the directory",
        }
    }
}

/// Attributes that say whether an account may be used; a server leaves out those it does not know.
pub(crate) const ATTRIBUTES: [&str; 7] = [
    "userAccountControl",
    "accountExpires",
    "pwdAccountLockedTime",
    "shadowExpire",
    "nsAccountLock",
    "loginDisabled",
    "krbPrincipalExpiration",
];

/// `ACCOUNTDISABLE` of `userAccountControl` (MS-ADTS, 2.2.16).
const ACCOUNT_DISABLED: i64 = 2;
/// Between 1601, where Windows counts from, and 1970, in milliseconds.
const FILETIME_OFFSET_MS: i64 = 11_644_473_600_000;
/// Locked for good (draft-behera-ldap-password-policy, 5.3.3). Any other time is a lock by wrong passwords that ends by
/// itself: were it counted, a stranger's wrong guesses would end a person's work.
const LOCKED_FOR_GOOD: &str = "000001010000Z";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Why the account may not be used, if so.
pub(crate) fn inactive(values: &Values, now: Timestamp) -> Option<Inactive> {
    let number = |name: &str| values.text(name)?.trim().parse::<i64>().ok();
    let is_true = |name: &str| {
        values
            .text(name)
            .is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    };
    if number("userAccountControl").is_some_and(|flags| flags & ACCOUNT_DISABLED != 0) {
        return Some(Inactive::Disabled);
    }
    if is_true("nsAccountLock") || is_true("loginDisabled") {
        return Some(Inactive::Disabled);
    }
    if values.text("pwdAccountLockedTime").as_deref() == Some(LOCKED_FOR_GOOD) {
        return Some(Inactive::Locked);
    }
    let ends = [
        number("accountExpires").and_then(filetime_ms),
        number("shadowExpire")
            .filter(|days| *days >= 0)
            .map(|days| days.saturating_mul(DAY_MS)),
        values
            .text("krbPrincipalExpiration")
            .as_deref()
            .and_then(generalised_time_ms),
    ];
    let is_over = |end: i64| end <= now.as_millis();
    ends.into_iter()
        .flatten()
        .any(is_over)
        .then_some(Inactive::Expired)
}

/// A FILETIME (100 ns since 1601) in milliseconds since 1970; nothing for the two values that mean "never".
fn filetime_ms(ticks: i64) -> Option<i64> {
    (ticks > 0 && ticks != i64::MAX).then(|| ticks / 10_000 - FILETIME_OFFSET_MS)
}

/// The day of a generalised time (RFC 4517, 3.3.13) such as `20260105120000Z`, with its seconds, as milliseconds.
fn generalised_time_ms(text: &str) -> Option<i64> {
    let digits = text
        .get(..14)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let seconds = part(8, 10)? * 3600 + part(10, 12)? * 60 + part(12, 14)?;
    Some((days_since_1970(year, month, day) * 86_400 + seconds) * 1000)
}

/// Days of the Gregorian calendar since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(name: &str, value: &str) -> Option<Inactive> {
        // 2026-01-05T00:00:00Z
        let now = Timestamp::from_millis(1_767_571_200_000);
        inactive(&Values::of_one(name, value), now)
    }

    #[test]
    fn every_server_says_it_its_own_way() {
        assert_eq!(judged("userAccountControl", "512"), None);
        assert_eq!(
            judged("userAccountControl", "514"),
            Some(Inactive::Disabled)
        );
        assert_eq!(
            judged("useraccountcontrol", "66050"),
            Some(Inactive::Disabled)
        );
        assert_eq!(judged("nsAccountLock", "TRUE"), Some(Inactive::Disabled));
        assert_eq!(judged("loginDisabled", "false"), None);
        assert_eq!(
            judged("pwdAccountLockedTime", "000001010000Z"),
            Some(Inactive::Locked)
        );
        assert_eq!(judged("pwdAccountLockedTime", "20260104120000Z"), None);
    }

    #[test]
    fn ends_are_compared_with_the_present() {
        for never in ["0", "9223372036854775807"] {
            assert_eq!(judged("accountExpires", never), None);
        }
        // 2026-01-01 and 2027-01-01 as FILETIME.
        assert_eq!(
            judged("accountExpires", "134116992000000000"),
            Some(Inactive::Expired)
        );
        assert_eq!(judged("accountExpires", "134432352000000000"), None);
        assert_eq!(judged("shadowExpire", "-1"), None);
        assert_eq!(judged("shadowExpire", "1"), Some(Inactive::Expired));
        assert_eq!(judged("shadowExpire", "20459"), None);
        assert_eq!(
            judged("krbPrincipalExpiration", "20260104235959Z"),
            Some(Inactive::Expired)
        );
        assert_eq!(judged("krbPrincipalExpiration", "20260105000001Z"), None);
        assert_eq!(judged("krbPrincipalExpiration", "nonsense"), None);
    }
}
