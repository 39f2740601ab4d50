//! Limits of use: tokens per day and requests per minute of an organisation, a person, an employee or an
//! API key, and their share of a busy model.
//!
//! Counted in memory and stored as it is used, so that a restart forgives nothing of the day. A limit is
//! checked before a request waits; what is under way when it is reached is finished.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use guildhall_db::{Db, Reader};
use guildhall_kernel::{Clock, Ctx, Error, OrgId, Principal, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Inference, ModelUsers, caller::Caller, quota_store as store, schedule::Weight};
use crate::{audit, identity};

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const WEIGHT_MAX: u32 = 100;
/// Who administers the node's models.
const NODE_PERMISSION: &str = "models.manage";

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

    fn thing(self) -> &'static str {
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
    pub tokens_per_day: Option<u64>,
    /// Requests per minute.
    #[serde(default)]
    #[schema(required)]
    pub requests_per_minute: Option<u32>,
    /// Share of a busy model beside others of the same kind, 1 to 100; organisations and people only.
    #[serde(default = "one")]
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
struct Meter {
    limits: Limits,
    /// Days since 1970 (UTC).
    day: i64,
    tokens: u64,
    /// Minutes since 1970.
    minute: i64,
    requests: u32,
}

impl Meter {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            day: 0,
            tokens: 0,
            minute: 0,
            requests: 0,
        }
    }

    /// Begins a new day or minute when it is time.
    fn turn(&mut self, now: Timestamp) {
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
    fn check(&self, scope: QuotaScope, now: Timestamp) -> Result<()> {
        let (who, limits) = (scope.shown(), &self.limits);
        if let Some(limit) = limits.tokens_per_day.filter(|limit| self.tokens >= *limit) {
            let used = self.tokens;
            let what = format!("{who} may use {limit} tokens a day and has used {used}");
            return Err(exceeded(&what, (self.day + 1) * DAY_MS, now));
        }
        let limit = limits.requests_per_minute;
        if let Some(limit) = limit.filter(|limit| self.requests >= *limit) {
            let what = format!("{who} may make {limit} requests a minute and has made them");
            return Err(exceeded(&what, (self.minute + 1) * MINUTE_MS, now));
        }
        Ok(())
    }
}

fn day_of(now: Timestamp) -> i64 {
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

/// Every limit of the node.
pub(super) struct Quotas {
    db: Db,
    clock: Arc<dyn Clock>,
    meters: Mutex<BTreeMap<Subject, Meter>>,
}

impl Quotas {
    pub(super) async fn open(db: &Db, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let day = day_of(clock.now());
        let stored = db.read(move |reader| store::list(reader, day)).await?;
        let meters = stored.into_iter().map(|(subject, limits, tokens)| {
            let meter = Meter {
                day,
                tokens,
                ..Meter::new(limits)
            };
            (subject, meter)
        });
        Ok(Arc::new(Self {
            db: db.clone(),
            clock,
            meters: Mutex::new(meters.collect()),
        }))
    }

    fn meters(&self) -> MutexGuard<'_, BTreeMap<Subject, Meter>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request in and counts it.
    ///
    /// # Errors
    /// `quota_exceeded`.
    pub(super) fn admit(self: &Arc<Self>, caller: &Caller) -> Result<Charge> {
        let now = self.clock.now();
        let mut meters = self.meters();
        let mut subjects = subjects_of(caller);
        subjects.retain(|subject| meters.contains_key(subject));
        for subject in &subjects {
            if let Some(meter) = meters.get_mut(subject) {
                meter.turn(now);
                meter.check(subject.scope, now)?;
            }
        }
        let mut weights = (1, 1);
        for subject in &subjects {
            if let Some(meter) = meters.get_mut(subject) {
                meter.requests += 1;
                match subject.scope {
                    QuotaScope::Organisation => weights.0 = meter.limits.weight,
                    QuotaScope::Person => weights.1 = meter.limits.weight,
                    QuotaScope::Ve | QuotaScope::ApiKey => {}
                }
            }
        }
        Ok(Charge {
            quotas: Arc::clone(self),
            subjects,
            weights,
            used: AtomicU64::new(0),
        })
    }

    /// Counts tokens, in memory at once and on the disk soon.
    fn count(&self, subjects: Vec<Subject>, tokens: u64) {
        let now = self.clock.now();
        for subject in &subjects {
            if let Some(meter) = self.meters().get_mut(subject) {
                meter.turn(now);
                meter.tokens = meter.tokens.saturating_add(tokens);
            }
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let db = self.db.clone();
        runtime.spawn(async move {
            let day = day_of(now);
            let written = db.write(move |tx| {
                subjects
                    .iter()
                    .try_for_each(|subject| store::count(tx, subject, day, tokens))
            });
            if let Err(error) = written.await {
                tracing::warn!(error = %error.chain(), "used tokens were not stored");
            }
        });
    }

    /// An organisation's limits, with what was used of them.
    fn list(&self, organisation: OrgId) -> Vec<Quota> {
        let now = self.clock.now();
        let mut meters = self.meters();
        let mine = meters
            .iter_mut()
            .filter(|(subject, _)| subject.organisation == organisation);
        mine.map(|(subject, meter)| {
            meter.turn(now);
            shown(subject, meter, now)
        })
        .collect()
    }

    async fn set(
        &self,
        ctx: &Ctx,
        (subject, users): (Subject, ModelUsers),
        limits: Limits,
    ) -> Result<Quota> {
        check(&limits)?;
        let (stored, caller) = (subject.clone(), ctx.clone());
        self.db
            .write(move |tx| {
                check_there(tx, &stored, users)?;
                store::save(tx, &stored, &limits, caller.now())?;
                let facts = facts(&stored, &limits);
                audit::record_with(tx, &caller, "quota.set", &stored.id, facts)
            })
            .await?;
        let now = self.clock.now();
        let mut meters = self.meters();
        let meter = meters
            .entry(subject.clone())
            .or_insert_with(|| Meter::new(limits));
        meter.limits = limits;
        meter.turn(now);
        Ok(shown(&subject, meter, now))
    }

    async fn remove(&self, ctx: &Ctx, subject: Subject) -> Result<()> {
        let (stored, caller) = (subject.clone(), ctx.clone());
        self.db
            .write(move |tx| {
                if !store::delete(tx, &stored)? {
                    return Err(Error::not_found("quota"));
                }
                audit::record(tx, &caller, "quota.removed", &stored.id)
            })
            .await?;
        self.meters().remove(&subject);
        Ok(())
    }
}

/// A limit's owner, when it is not the caller's organisation, and what it is set on.
type Of = (Option<OrgId>, QuotaScope, String);

impl Inference {
    /// An organisation's limits, with what was used of them: the caller's own, or another one's for who
    /// administers the node.
    ///
    /// # Errors
    /// `permission_missing`.
    pub fn list_quotas(&self, ctx: &Ctx, organisation: Option<OrgId>) -> Result<Vec<Quota>> {
        let organisation = organisation.unwrap_or(ctx.organisation);
        may(ctx, organisation != ctx.organisation)?;
        Ok(self.0.quotas.list(organisation))
    }

    /// Sets or changes a limit. On an organisation only who administers the node may.
    ///
    /// # Errors
    /// `permission_missing`, `invalid_quota`.
    pub async fn set_quota(&self, ctx: &Ctx, of: Of, limits: Limits) -> Result<Quota> {
        let subject = subject_of(ctx, of)?;
        let of = (subject, self.0.users);
        self.0.quotas.set(ctx, of, limits).await
    }

    /// Removes a limit.
    ///
    /// # Errors
    /// `permission_missing`, `not_found`.
    pub async fn remove_quota(&self, ctx: &Ctx, of: Of) -> Result<()> {
        let subject = subject_of(ctx, of)?;
        self.0.quotas.remove(ctx, subject).await
    }
}

fn subject_of(ctx: &Ctx, (organisation, scope, id): Of) -> Result<Subject> {
    let is_organisation = scope == QuotaScope::Organisation;
    let named = is_organisation.then(|| id.parse().ok()).flatten();
    let organisation = named.or(organisation).unwrap_or(ctx.organisation);
    may(ctx, is_organisation || organisation != ctx.organisation)?;
    if is_organisation && id != organisation.to_string() {
        let message = "give the organisation's id";
        return Err(Error::invalid_field("subject_id", "invalid_quota", message));
    }
    Ok(Subject {
        organisation,
        scope,
        id,
    })
}

/// Organisations' limits, and those within another organisation, belong to who administers the node.
fn may(ctx: &Ctx, needs_node: bool) -> Result<()> {
    let is_operator = ctx.principal == Principal::Operator;
    if needs_node && !is_operator && !ctx.may(NODE_PERMISSION) {
        return Err(guildhall_web::guard::permission_missing(NODE_PERMISSION));
    }
    Ok(())
}

fn facts(subject: &Subject, limits: &Limits) -> serde_json::Value {
    serde_json::json!({
        "scope": subject.scope,
        "tokens_per_day": limits.tokens_per_day,
        "requests_per_minute": limits.requests_per_minute,
        "weight": limits.weight,
    })
}

/// Refuses a limit on what the organisation does not have.
fn check_there(reader: &Reader<'_>, subject: &Subject, users: ModelUsers) -> Result<()> {
    let (organisation, id) = (subject.organisation, subject.id.as_str());
    let nothing = || Error::not_found(subject.scope.thing());
    let is_there = match subject.scope {
        QuotaScope::Organisation => identity::organisation_name(reader, organisation).is_ok(),
        QuotaScope::Person => {
            let person = id.parse().map_err(|_| nothing())?;
            identity::is_member(reader, organisation, person)?
        }
        QuotaScope::Ve => {
            let ve = id.parse().map_err(|_| nothing())?;
            (users.has)(reader, organisation, ve)?
        }
        QuotaScope::ApiKey => {
            let key = id.parse().map_err(|_| nothing())?;
            identity::has_api_key(reader, organisation, key)?
        }
    };
    if is_there { Ok(()) } else { Err(nothing()) }
}

fn check(limits: &Limits) -> Result<()> {
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

fn shown(subject: &Subject, meter: &Meter, now: Timestamp) -> Quota {
    Quota {
        scope: subject.scope,
        subject_id: subject.id.clone(),
        limits: meter.limits,
        tokens_today: meter.tokens,
        resets_at: Timestamp::from_millis((day_of(now) + 1) * DAY_MS),
    }
}

fn subjects_of(caller: &Caller) -> Vec<Subject> {
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

/// What one request uses; counted when it is dropped, also when it was broken off.
pub(super) struct Charge {
    quotas: Arc<Quotas>,
    subjects: Vec<Subject>,
    weights: (Weight, Weight),
    used: AtomicU64,
}

impl Charge {
    /// Shares of the organisation and the person.
    pub(super) fn weights(&self) -> (Weight, Weight) {
        self.weights
    }

    /// Notes tokens as they come.
    pub(super) fn note(&self, tokens: u32) {
        self.used.fetch_add(u64::from(tokens), Ordering::Relaxed);
    }

    /// Notes what it was in the end.
    pub(super) fn settle(&self, tokens: u32) {
        self.used.store(u64::from(tokens), Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        let used = self.used.load(Ordering::Relaxed);
        if used > 0 && !self.subjects.is_empty() {
            self.quotas.count(std::mem::take(&mut self.subjects), used);
        }
    }
}
