//! Limits of use as data: what they are set on, what counts, what is refused.

use guildhall_kernel::{Error, OrgId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const WEIGHT_MAX: u32 = 100;

/// What a limit is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuotaScope {
    Organisation,
    Person,
    Ve,
    ApiKey,
}

impl QuotaScope {
    const ALL: [Self; 4] = [Self::Organisation, Self::Person, Self::Ve, Self::ApiKey];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Person => "person",
            Self::Ve => "ve",
            Self::ApiKey => "api_key",
        }
    }

    pub(super) fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    pub(super) fn thing(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Person => "person",
            Self::Ve => "employee",
            Self::ApiKey => "API key",
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Organisation => "this organisation",
            Self::Person => "this person",
            Self::Ve => "this employee",
            Self::ApiKey => "this API key",
        }
    }
}

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub(super) organisation: OrgId,
    pub(super) scope: QuotaScope,
    pub(super) id: String,
}

/// How much one may use. A limit that is left out does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Tokens per day (UTC), prompts and answers together.
    #[serde(default)]
    #[schema(required)]
    #[schema(maximum = 1_125_899_906_842_624_u64)]
    pub tokens_per_day: Option<u64>,
    /// Requests per minute.
    #[serde(default)]
    #[schema(required)]
    pub requests_per_minute: Option<u32>,
    /// Share of a busy model beside others of the same kind, 1 to 100; organisations and people only.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100)]
    pub weight: u32,
}

fn one() -> u32 {
    1
}

/// A limit as shown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Quota {
    pub scope: QuotaScope,
    /// Id of the organisation, person, employee or API key.
    pub subject_id: String,
    #[serde(flatten)]
    pub limits: Limits,
    /// Tokens used today.
    pub tokens_today: u64,
    /// When today's count begins anew.
    pub resets_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    pub(super) limits: Limits,
    /// Days since 1970 (UTC).
    pub(super) day: i64,
    pub(super) tokens: u64,
    /// Minutes since 1970.
    pub(super) minute: i64,
    pub(super) requests: u32,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            day: 0,
            tokens: 0,
            minute: 0,
            requests: 0,
        }
    }

    /// Begins a new day or minute when it is time.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let (day, minute) = (day_of(now), now.as_millis().div_euclid(MINUTE_MS));
        if self.day != day {
            (self.day, self.tokens) = (day, 0);
        }
        if self.minute != minute {
            (self.minute, self.requests) = (minute, 0);
        }
    }

    /// # Errors
    /// `quota_exceeded`, naming the limit and when it counts anew.
    pub(super) fn check_tokens(&self, scope: QuotaScope, now: Timestamp) -> Result<()> {
        let (who, limits) = (scope.shown(), &self.limits);
        match limits.tokens_per_day.filter(|limit| self.tokens >= *limit) {
            Some(limit) => {
                let used = self.tokens;
                let what = format!("{who} may use {limit} tokens a day and has used {used}");
                Err(exceeded(&what, (self.day + 1) * DAY_MS, now))
            }
            None => Ok(()),
        }
    }

    /// # Errors
    /// `quota_exceeded`, naming the limit and when it counts anew.
    pub(super) fn check(&self, scope: QuotaScope, now: Timestamp) -> Result<()> {
        self.check_tokens(scope, now)?;
        let who = scope.shown();
        let limit = self.limits.requests_per_minute;
        if let Some(limit) = limit.filter(|limit| self.requests >= *limit) {
            let what = format!("{who} may make {limit} requests a minute and has made them");
            return Err(exceeded(&what, (self.minute + 1) * MINUTE_MS, now));
        }
        Ok(())
    }
}

pub(super) fn day_of(now: Timestamp) -> i64 {
    now.as_millis().div_euclid(DAY_MS)
}

fn exceeded(what: &str, reset_ms: i64, now: Timestamp) -> Error {
    let reset = Timestamp::from_millis(reset_ms).to_rfc3339();
    let seconds = (reset_ms - now.as_millis()) / 1000 + 1;
    Error::too_many(
        "quota_exceeded",
        format!("{what}; it counts anew from {reset}"),
        u32::try_from(seconds).unwrap_or(60),
    )
}

pub(super) fn facts(subject: &Subject, limits: &Limits) -> serde_json::Value {
    serde_json::json!({
        "scope": subject.scope,
        "tokens_per_day": limits.tokens_per_day,
        "requests_per_minute": limits.requests_per_minute,
        "weight": limits.weight,
    })
}

pub(super) fn check(limits: &Limits) -> Result<()> {
    let wrong =
        |field: &str, message: String| Err(Error::invalid_field(field, "invalid_quota", message));
    if limits.weight == 0 || limits.weight > WEIGHT_MAX {
        return wrong("weight", format!("give a weight of 1 to {WEIGHT_MAX}"));
    }
    if limits.tokens_per_day.is_some_and(|tokens| tokens > 1 << 50) {
        return wrong("tokens_per_day", "leave it out for no limit".to_owned());
    }
    Ok(())
}

pub(super) fn shown(subject: &Subject, meter: &Meter, now: Timestamp) -> Quota {
    Quota {
        scope: subject.scope,
        subject_id: subject.id.clone(),
        limits: meter.limits,
        tokens_today: meter.tokens,
        resets_at: Timestamp::from_millis((day_of(now) + 1) * DAY_MS),
    }
}

pub(super) fn subjects_of(caller: &Caller) -> Vec<Subject> {
    let ids = [
        (
            QuotaScope::Organisation,
            Some(caller.organisation.to_string()),
        ),
        (QuotaScope::Person, Some(caller.person.to_string())),
        (QuotaScope::Ve, caller.ve.map(|id| id.to_string())),
        (QuotaScope::ApiKey, caller.api_key.map(|id| id.to_string())),
    ];
    let subjects = ids.into_iter().filter_map(|(scope, id)| {
        Some(Subject {
            organisation: caller.organisation,
            scope,
            id: id?,
        })
    });
    subjects.collect()
}
