//! Limits of use: tokens per day and requests per minute of an organisation, a person, an employee or an
//! API key, and their share of a busy model.
//!
//! Counted in memory and stored as it is used, so that a restart forgives nothing of the day. A limit is
//! checked once per call, before it waits, whoever answers: a model on this node, a provider, a chain of
//! them, or an employee that quotes. What is under way when a limit is reached is finished.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use guildhall_db::{Db, Reader};
use guildhall_kernel::{Clock, Ctx, Error, OrgId, Principal, Result};

use super::{
    Inference, ModelUsers,
    caller::{Caller, Priority},
    limits::{Limits, Meter, Quota, QuotaScope, Subject, check, day_of, facts, shown, subjects_of},
    quota_store as store,
    schedule::Weight,
};
use crate::{
    audit,
    idempotency::{done_before, once},
    identity,
};

/// Who administers the node's models.
const NODE_PERMISSION: &str = "models.manage";

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

    /// Lets a call in and counts it.
    ///
    /// # Errors
    /// `quota_exceeded`.
    fn admit(self: &Arc<Self>, caller: &Caller) -> Result<Charge> {
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
        for subject in &subjects {
            if let Some(meter) = meters.get_mut(subject) {
                meter.requests += 1;
            }
        }
        Ok(Charge {
            quotas: Arc::clone(self),
            weights: weights_in(&meters, &subjects),
            subjects,
            used: AtomicU64::new(0),
        })
    }

    /// Lets a part of a greater work use tokens, such as the search before an answer: the work was let in
    /// itself, so no request is counted. Work that nobody waits for ends where the day's tokens do.
    fn admit_part(self: &Arc<Self>, caller: &Caller) -> Result<Charge> {
        let charge = self.charge(caller);
        if caller.priority == Priority::Background {
            let now = self.clock.now();
            let mut meters = self.meters();
            for subject in &charge.subjects {
                if let Some(meter) = meters.get_mut(subject) {
                    meter.turn(now);
                    meter.check_tokens(subject.scope, now)?;
                }
            }
        }
        Ok(charge)
    }

    /// What a call takes, without a check and without counting the call.
    fn charge(self: &Arc<Self>, caller: &Caller) -> Charge {
        let meters = self.meters();
        let mut subjects = subjects_of(caller);
        subjects.retain(|subject| meters.contains_key(subject));
        Charge {
            quotas: Arc::clone(self),
            weights: weights_in(&meters, &subjects),
            subjects,
            used: AtomicU64::new(0),
        }
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
        if done_before::<()>(&self.db, ctx).await?.is_some() {
            return self.present(&subject);
        }
        let (stored, caller) = (subject.clone(), ctx.clone());
        let written = self.db.write(move |tx| {
            once(tx, &caller, || {
                check_there(tx, &stored, users)?;
                store::save(tx, &stored, &limits, caller.now())?;
                let facts = facts(&stored, &limits);
                audit::record_with(tx, &caller, "quota.set", &stored.id, facts)
            })
        });
        written.await?;
        let now = self.clock.now();
        let mut meters = self.meters();
        let meter = meters
            .entry(subject.clone())
            .or_insert_with(|| Meter::new(limits));
        meter.limits = limits;
        meter.turn(now);
        Ok(shown(&subject, meter, now))
    }

    /// A limit as it is now.
    fn present(&self, subject: &Subject) -> Result<Quota> {
        let now = self.clock.now();
        let mut meters = self.meters();
        let meter = meters.get_mut(subject);
        let meter = meter.ok_or_else(|| Error::not_found("quota"))?;
        meter.turn(now);
        Ok(shown(subject, meter, now))
    }

    async fn remove(&self, ctx: &Ctx, subject: Subject) -> Result<()> {
        if done_before::<()>(&self.db, ctx).await?.is_some() {
            return Ok(());
        }
        let (stored, caller) = (subject.clone(), ctx.clone());
        let written = self.db.write(move |tx| {
            once(tx, &caller, || {
                if !store::delete(tx, &stored)? {
                    return Err(Error::not_found("quota"));
                }
                audit::record(tx, &caller, "quota.removed", &stored.id)
            })
        });
        written.await?;
        self.meters().remove(&subject);
        Ok(())
    }
}

/// Shares of the organisation and the person among these.
fn weights_in(meters: &BTreeMap<Subject, Meter>, subjects: &[Subject]) -> (Weight, Weight) {
    let weight = |scope| {
        let subject = subjects.iter().find(|subject| subject.scope == scope);
        let meter = subject.and_then(|subject| meters.get(subject));
        meter.map_or(1, |meter| meter.limits.weight)
    };
    (weight(QuotaScope::Organisation), weight(QuotaScope::Person))
}

/// A limit's owner, when it is not the caller's organisation, and what it is set on.
type Of = (Option<OrgId>, QuotaScope, String);

impl Inference {
    /// Lets a call in and counts it, once, whatever it turns out to need: several answers, several
    /// models of a chain, quotations.
    ///
    /// # Errors
    /// `quota_exceeded`.
    pub fn admit(&self, caller: &Caller) -> Result<Charge> {
        self.0.quotas.admit(caller)
    }

    /// For a call that was let in and counted when it came first: what it takes is counted, it itself is not.
    pub fn admit_again(&self, caller: &Caller) -> Charge {
        self.0.quotas.charge(caller)
    }

    /// Shares of the caller's organisation and person.
    pub(super) fn weights_of(&self, caller: &Caller) -> (Weight, Weight) {
        weights_in(&self.0.quotas.meters(), &subjects_of(caller))
    }

    /// As [`Inference::admit`], for a part of a call that was let in, and for work in the background.
    pub(super) fn admit_part(&self, caller: &Caller) -> Result<Charge> {
        self.0.quotas.admit_part(caller)
    }

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

/// What one call uses; counted when it is dropped, also when it was broken off.
pub struct Charge {
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

    /// Notes what it was in the end, as metered.
    pub fn settle(&self, input_tokens: u32, output_tokens: u32) {
        let tokens = u64::from(input_tokens) + u64::from(output_tokens);
        self.used.store(tokens, Ordering::Relaxed);
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
