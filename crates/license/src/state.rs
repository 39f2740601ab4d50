//! The ladder: what a node may do, given what was verified and what time it is. Pure functions; docs/licensing/ladder.md explains it.

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    BindingMode, Crl, Effect, Entitlements, ExpiryBehavior, Lease, License, LicenseKind,
    Revocation, RevocationTarget, Verified,
};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Days of trial from the first start.
pub const TRIAL_DAYS: i64 = 30;
/// From so many days before the end one is told.
const EXPIRING_DAYS: i64 = 30;
const TRIAL_EXPIRING_DAYS: i64 = 7;
/// A lease is renewed as a matter of course: only its last days are worth a word.
const LEASE_EXPIRING_DAYS: i64 = 7;
/// Days to have a licence that names another node bound to this one.
const REBIND_DAYS: i64 = 30;

/// The rungs, best first. None of them stops the node, a login, an import, an export, a backup or a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Licensed.
    Active,
    /// The first 30 days without a licence: everything works.
    Trial,
    /// The end is near: everything works.
    ExpiringSoon,
    /// Past the end: everything works, with a banner.
    Grace,
    /// No new employees, seats or premium settings; what runs keeps running.
    RestrictNew,
    /// Nothing changes but what is never gated.
    ReadOnly,
}

impl State {
    /// As it stands in answers and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Trial => "trial",
            Self::ExpiringSoon => "expiring_soon",
            Self::Grace => "grace",
            Self::RestrictNew => "restrict_new",
            Self::ReadOnly => "read_only",
        }
    }

    /// Whether new employees, people and premium settings are possible.
    pub const fn allows_new(self) -> bool {
        !matches!(self, Self::RestrictNew | Self::ReadOnly)
    }
}

/// Why a node stands on its rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No licence counts; the trial decides.
    Trial,
    /// The licence's term.
    Term,
    /// The lease, or that there is none.
    Lease,
    /// The hours that the lease allows are used up.
    LeaseBudget,
    /// The licence names another node.
    OtherNode,
    /// It was revoked.
    Revoked,
}

/// A rung, since when, why, and when the next step down comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rung.
    pub state: State,
    /// Since when; the beginning of the trial or the licence for the upper ones.
    pub since: Timestamp,
    /// When the next step down comes by time alone; none when it does not.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: Reason,
}

impl Verdict {
    fn worse(self, other: Self) -> Self {
        if other.state > self.state {
            other
        } else {
            self
        }
    }
}

/// A licence that is in the node, with its lease.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The licence.
    pub license: Verified<License>,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// Its newest lease.
    pub lease: Option<Verified<Lease>>,
    /// Hours that the node has run since that lease was imported.
    pub lease_running_hours: u64,
}

/// What the verdict depends on besides the licences.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// [`crate::clock::EffectiveTime::now`].
    pub now: Timestamp,
    /// When the node started for the first time.
    pub first_start: Timestamp,
    /// The node's own fingerprint.
    pub install_key_fp: &'a str,
    /// The newest revocation list.
    pub crl: Option<&'a Crl>,
}

/// What a node may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeState {
    /// The node's rung.
    pub verdict: Verdict,
    /// What it is granted.
    pub entitlements: Entitlements,
    /// Which of the given licences decides: an index; none in the trial.
    pub deciding: Option<usize>,
    /// The rung of each given licence; none for one that waits for its beginning or was taken the place of.
    pub verdicts: Vec<Option<Verdict>>,
}

/// The node's state: that of its best licence. Licences that still allow new things add up; where none does, the best one's
/// entitlements stay, so that nothing that runs is taken away.
pub fn node_state(holdings: &[Holding], situation: &Situation<'_>) -> NodeState {
    let verdicts: Vec<Option<Verdict>> = holdings
        .iter()
        .map(|holding| {
            let is_used = counts(holding, holdings, situation.now);
            is_used.then(|| license_verdict(holding, situation))
        })
        .collect();
    let ranked = verdicts
        .iter()
        .enumerate()
        .filter_map(|(index, verdict)| Some((index, (*verdict)?)));
    let best = ranked.min_by_key(|(_, verdict)| verdict.state);
    let Some((deciding, verdict)) = best else {
        return NodeState {
            verdict: trial_verdict(situation),
            entitlements: Entitlements::everything(),
            deciding: None,
            verdicts,
        };
    };
    let granting = holdings
        .iter()
        .zip(&verdicts)
        .enumerate()
        .filter(|(index, (_, verdict))| {
            *index == deciding || verdict.is_some_and(|verdict| verdict.state.allows_new())
        })
        // A licence of another node adds nothing to this one's own.
        .filter(|(index, (holding, _))| *index == deciding || !names_other_node(holding, situation))
        .map(|(_, (holding, _))| &holding.license.value.entitlements);
    let entitlements = granting.fold(Entitlements::default(), |sum, granted| {
        sum.together(granted)
    });
    NodeState {
        verdict,
        entitlements,
        deciding: Some(deciding),
        verdicts,
    }
}

/// Whether a licence has begun and none of the others takes its place.
fn counts(holding: &Holding, all: &[Holding], now: Timestamp) -> bool {
    let license = &holding.license.value;
    let begun = |license: &License| license.not_before <= now;
    let replaced = all.iter().any(|other| {
        let other = &other.license.value;
        let newer = other.license_id == license.license_id && other.serial > license.serial;
        let instead = other.license_id != license.license_id
            && other.supersedes.contains(&license.license_id);
        // Of two that take each other's place the later one stays.
        let mutual = license.supersedes.contains(&other.license_id)
            && (license.issued_at, &license.license_id) > (other.issued_at, &other.license_id);
        begun(other) && (newer || (instead && !mutual))
    });
    begun(license) && !replaced
}

fn trial_verdict(situation: &Situation<'_>) -> Verdict {
    let begin = situation.first_start;
    let end = after(begin, TRIAL_DAYS);
    let soon = after(begin, TRIAL_DAYS - TRIAL_EXPIRING_DAYS);
    let (state, since, until) = match situation.now {
        now if now < soon => (State::Trial, begin, Some(soon)),
        now if now < end => (State::ExpiringSoon, soon, Some(end)),
        _ => (State::RestrictNew, end, None),
    };
    Verdict {
        state,
        since,
        until,
        reason: Reason::Trial,
    }
}

/// The rung of one licence: the worst of its term, its lease, its binding and the revocation list.
pub fn license_verdict(holding: &Holding, situation: &Situation<'_>) -> Verdict {
    let license = &holding.license.value;
    let soon_days = match license.kind {
        LicenseKind::Trial => TRIAL_EXPIRING_DAYS,
        _ => EXPIRING_DAYS,
    };
    let term = down_the_ladder(
        license,
        situation.now,
        license.term_end,
        soon_days,
        Reason::Term,
    );
    let verdict = term
        .worse(lease_verdict(holding, situation))
        .worse(binding_verdict(holding, situation));
    match situation
        .crl
        .and_then(|crl| revoked(holding, situation, crl))
    {
        Some(revoked) => verdict.worse(revoked),
        None => verdict,
    }
}

/// Active until 30 days before `end`, then expiring soon, then grace, then what the licence says.
fn down_the_ladder(
    license: &License,
    now: Timestamp,
    end: Option<Timestamp>,
    soon_days: i64,
    reason: Reason,
) -> Verdict {
    let verdict = |state, since, until| Verdict {
        state,
        since,
        until,
        reason,
    };
    let Some(end) = end else {
        return verdict(State::Active, license.not_before, None);
    };
    let soon = after(end, -soon_days).max(license.not_before);
    let last = after(end, i64::from(license.grace_days));
    if now < soon {
        return verdict(State::Active, license.not_before, Some(soon));
    }
    if now < end {
        return verdict(State::ExpiringSoon, soon, Some(end));
    }
    match license.expiry_behavior {
        ExpiryBehavior::Warn => verdict(State::Grace, end, None),
        _ if now < last => verdict(State::Grace, end, Some(last)),
        ExpiryBehavior::RestrictNew => verdict(State::RestrictNew, last, None),
        ExpiryBehavior::ReadOnly => verdict(State::ReadOnly, last, None),
    }
}

fn lease_verdict(holding: &Holding, situation: &Situation<'_>) -> Verdict {
    let license = &holding.license.value;
    if !license.lease.required {
        return down_the_ladder(license, situation.now, None, 0, Reason::Lease);
    }
    let Some(lease) = valid_lease(holding, situation) else {
        // None is needed in the first days.
        let end = after(holding.imported_at, i64::from(license.lease.first_use_days));
        return down_the_ladder(license, situation.now, Some(end), 0, Reason::Lease);
    };
    // A lease extends within its licence only: one that promises more counts for as long as the licence allows.
    let end = lease
        .valid_until
        .min(after(lease.issued_at, i64::from(license.lease.max_days)));
    let budget = lease
        .runtime_budget_hours
        .min(24 * (u64::from(license.lease.max_days) + 1));
    let by_date = down_the_ladder(
        license,
        situation.now,
        Some(end),
        LEASE_EXPIRING_DAYS,
        Reason::Lease,
    );
    // A clock that stands still does not stretch a lease: the hours it may run count too.
    let spent = i64::try_from(holding.lease_running_hours.saturating_sub(budget))
        .unwrap_or(i64::MAX / HOUR);
    if holding.lease_running_hours < budget {
        return by_date;
    }
    let end = Timestamp::from_millis(
        situation
            .now
            .as_millis()
            .saturating_sub(spent.saturating_mul(HOUR)),
    );
    by_date.worse(down_the_ladder(
        license,
        situation.now,
        Some(end),
        0,
        Reason::LeaseBudget,
    ))
}

/// The lease, when it is for this node and licence and not revoked.
fn valid_lease<'a>(holding: &'a Holding, situation: &Situation<'_>) -> Option<&'a Lease> {
    let Verified {
        value: lease,
        signers,
        ..
    } = holding.lease.as_ref()?;
    let fits = lease.license_sha256 == holding.license.sha256
        && lease.install_key_fp == situation.install_key_fp;
    let target = RevocationTarget::LeaseId(lease.lease_id.clone());
    let revoked = situation.crl.is_some_and(|crl| {
        let by_id = crl.revoked.iter().any(|entry| entry.target == target);
        by_id || signers_revoked(signers, crl, situation.now).is_some()
    });
    (fits && !revoked).then_some(lease)
}

fn binding_verdict(holding: &Holding, situation: &Situation<'_>) -> Verdict {
    let license = &holding.license.value;
    let other = names_other_node(holding, situation);
    let end = after(holding.imported_at, REBIND_DAYS);
    let (state, since, until) = match other {
        false => (State::Active, license.not_before, None),
        true if situation.now < end => (State::Grace, holding.imported_at, Some(end)),
        true => (State::RestrictNew, end, None),
    };
    Verdict {
        state,
        since,
        until,
        reason: Reason::OtherNode,
    }
}

fn names_other_node(holding: &Holding, situation: &Situation<'_>) -> bool {
    let binding = &holding.license.value.binding;
    match (binding.mode, &binding.install_key_fp) {
        (BindingMode::InstallKey, Some(fingerprint)) => fingerprint != situation.install_key_fp,
        _ => false,
    }
}

fn revoked(holding: &Holding, situation: &Situation<'_>, crl: &Crl) -> Option<Verdict> {
    let license = &holding.license.value;
    let concerns = |entry: &&Revocation| match &entry.target {
        RevocationTarget::LicenseId(id) => *id == license.license_id,
        RevocationTarget::InstallKeyFp(fingerprint) => fingerprint == situation.install_key_fp,
        RevocationTarget::LeaseId(_)
        | RevocationTarget::KeyId(_)
        | RevocationTarget::BundleSha256(_) => false,
    };
    let state_of = |entry: &Revocation| match entry.effect {
        Effect::Warn => State::Grace,
        // A list alone takes away nothing that the licence did not agree to.
        Effect::ReadOnly if license.expiry_behavior == ExpiryBehavior::ReadOnly => State::ReadOnly,
        Effect::RestrictNew | Effect::ReadOnly => State::RestrictNew,
    };
    let entries = crl
        .revoked
        .iter()
        .filter(concerns)
        .filter(|entry| entry.at <= situation.now)
        .chain(signers_revoked(
            &holding.license.signers,
            crl,
            situation.now,
        ));
    let worst = entries.max_by_key(|entry| state_of(entry))?;
    Some(Verdict {
        state: state_of(worst),
        since: worst.at,
        until: None,
        reason: Reason::Revoked,
    })
}

/// The entry that revokes the last of the keys that signed something; none while one of them is good.
fn signers_revoked<'a>(signers: &[String], crl: &'a Crl, now: Timestamp) -> Option<&'a Revocation> {
    let revoking = |signer: &String| {
        crl.revoked.iter().find(|entry| {
            entry.at <= now && matches!(&entry.target, RevocationTarget::KeyId(id) if id == signer)
        })
    };
    let entries: Option<Vec<_>> = signers.iter().map(revoking).collect();
    entries?.pop()
}

fn after(time: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_add(days.saturating_mul(DAY)))
}
