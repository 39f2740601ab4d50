//! Moments as people write them.

use std::str::FromStr;

use guildhall_kernel::{Clock, SystemClock, Timestamp};

pub(crate) const DAY_SECONDS: i64 = 86_400;

/// A moment: RFC 3339, or a date, which is its first moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let full = if text.len() == "2027-01-31".len() {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        serde_json::from_value(serde_json::Value::String(full))
            .map(Self)
            .map_err(|_| format!("`{text}` is no moment; write 2027-01-31 or 2027-01-31T12:00:00Z"))
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// That many days later.
pub(crate) fn days_after(moment: Timestamp, days: u32) -> Timestamp {
    moment.plus_seconds(i64::from(days).saturating_mul(DAY_SECONDS))
}

/// The day of a moment, for people.
pub(crate) fn day(moment: Timestamp) -> String {
    moment.to_rfc3339().chars().take(10).collect()
}
