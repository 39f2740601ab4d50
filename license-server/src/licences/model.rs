//! Licences as shown, and the rules of their terms.

use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ids::{ContractId, CustomerId, LicenceId, PlanId, SigningRequestId},
    sales::{Kind, Terms},
};

const DAY_SECONDS: i64 = 86_400;

/// How a licence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// It waits for its first signature.
    Requested,
    Active,
    /// Its term is over.
    Expired,
    Revoked,
}

/// A licence over all its serials.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Licence {
    pub id: LicenceId,
    pub customer_id: CustomerId,
    pub customer_name: String,
    pub contract_id: ContractId,
    pub contract_reference: String,
    pub plan_id: PlanId,
    pub plan_name: String,
    pub kind: Kind,
    pub edition: String,
    /// The newest serial that is signed; 0 before the first.
    pub serial: u32,
    pub term_end: Option<Timestamp>,
    pub max_installs: u32,
    pub active_installs: u32,
    pub state: LicenceState,
    /// The request that waits for a signature, if one does.
    pub waiting_request: Option<SigningRequestId>,
    pub revoked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// One signed file of a licence.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LicenceSerial {
    pub serial: u32,
    /// SHA-256 of the signed payload, in hex: what leases name the licence file by.
    pub payload_sha256: String,
    pub issued_at: Timestamp,
    pub term_end: Option<Timestamp>,
}

impl LicenceState {
    /// How a licence stands at `now`.
    pub fn of(
        (serial, term_end): (u32, Option<Timestamp>),
        revoked_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        if revoked_at.is_some() {
            Self::Revoked
        } else if serial == 0 {
            Self::Requested
        } else if term_end.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::Active
        }
    }
}

/// The term of one serial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    pub not_before: Timestamp,
    pub end: Option<Timestamp>,
    pub maintenance_end: Option<Timestamp>,
}

impl Term {
    /// The first term, from `starts_at`.
    pub fn first(terms: &Terms, starts_at: Timestamp) -> Self {
        let end = term_days(terms).map(|days| plus_days(starts_at, days));
        Self {
            not_before: starts_at,
            end,
            maintenance_end: maintenance_end(terms, starts_at, end),
        }
    }

    /// The next term: it joins the present one when that still runs, and begins now otherwise. It is
    /// valid at once either way, so that nobody has to wait with importing it.
    pub fn next(terms: &Terms, present_end: Option<Timestamp>, now: Timestamp) -> Self {
        let begins = present_end.map_or(now, |end| end.max(now));
        let end = term_days(terms).map(|days| plus_days(begins, days));
        Self {
            not_before: now,
            end,
            maintenance_end: maintenance_end(terms, begins, end),
        }
    }
}

fn term_days(terms: &Terms) -> Option<u32> {
    match (&terms.trial, terms.kind) {
        (Some(rule), Kind::Trial) => Some(rule.days),
        _ => terms.term_days,
    }
}

fn maintenance_end(terms: &Terms, begins: Timestamp, end: Option<Timestamp>) -> Option<Timestamp> {
    let own = terms.maintenance_days.map(|days| plus_days(begins, days));
    own.or(end)
}

fn plus_days(moment: Timestamp, days: u32) -> Timestamp {
    moment.plus_seconds(i64::from(days) * DAY_SECONDS)
}

/// The refusal for what a revoked licence does not get.
pub fn revoked() -> Error {
    Error::forbidden(
        "licence_revoked",
        "this licence is revoked; ask your vendor for a new one",
    )
}

/// Checks that a licence may still be issued on.
///
/// # Errors
/// `licence_revoked`.
pub fn require_not_revoked(revoked_at: Option<Timestamp>) -> Result<()> {
    match revoked_at {
        None => Ok(()),
        Some(_) => Err(revoked()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sales::{BindingTerms, LeaseTerms, OverageTerms, ReportTerms};

    fn yearly() -> Terms {
        Terms {
            kind: Kind::Subscription,
            edition: "business".to_owned(),
            term_days: Some(365),
            grace_days: 14,
            maintenance_days: None,
            binding: BindingTerms {
                mode: "install_key".to_owned(),
                max_installs: 1,
            },
            lease: LeaseTerms {
                required: true,
                max_days: 30,
                first_use_days: 7,
            },
            entitlements: BTreeMap::new(),
            overage: OverageTerms {
                policy: "none".to_owned(),
                pct: 0,
                true_up: false,
            },
            expiry_behavior: "restrict_new".to_owned(),
            report: ReportTerms {
                required: false,
                every_days: 0,
            },
            trial: None,
        }
    }

    #[test]
    fn a_renewal_joins_a_running_term_and_restarts_an_ended_one() {
        let start = Timestamp::from_millis(0);
        let first = Term::first(&yearly(), start);
        let end = first.end.unwrap();
        assert_eq!(end, start.plus_seconds(365 * DAY_SECONDS));
        let early = Term::next(&yearly(), first.end, start.plus_seconds(300 * DAY_SECONDS));
        assert_eq!(early.end, Some(end.plus_seconds(365 * DAY_SECONDS)));
        let late_at = start.plus_seconds(400 * DAY_SECONDS);
        let late = Term::next(&yearly(), first.end, late_at);
        assert_eq!(late.end, Some(late_at.plus_seconds(365 * DAY_SECONDS)));
        assert_eq!(late.not_before, late_at);
    }

    #[test]
    fn a_perpetual_licence_has_maintenance_but_no_end() {
        let terms = Terms {
            kind: Kind::Perpetual,
            term_days: None,
            maintenance_days: Some(365),
            ..yearly()
        };
        let term = Term::first(&terms, Timestamp::from_millis(0));
        assert_eq!(term.end, None);
        assert_eq!(
            term.maintenance_end,
            Some(Timestamp::from_millis(365 * DAY_SECONDS * 1000))
        );
    }
}
