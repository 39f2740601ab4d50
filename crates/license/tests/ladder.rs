//! The state ladder, rung by rung.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod sample;

use guildhall_kernel::Timestamp;
use guildhall_license::{
    BindingMode, Crl, Effect, ExpiryBehavior, Lease, LeaseTerms, License, Revocation,
    RevocationTarget, Verified,
    state::{Holding, NodeState, Reason, Situation, State, node_state},
};
use sample::{at, crl, license};

const OWN: &str = "own";

fn hold(license: License) -> Holding {
    Holding {
        license: Verified {
            value: license,
            sha256: "hash".to_owned(),
            signers: Vec::new(),
        },
        imported_at: at(0),
        lease: None,
        lease_running_hours: 0,
    }
}

fn on(day: i64, holdings: &[Holding], crl: Option<&Crl>) -> NodeState {
    exactly(at(day), holdings, crl)
}

fn exactly(now: Timestamp, holdings: &[Holding], crl: Option<&Crl>) -> NodeState {
    let situation = Situation {
        now,
        first_start: at(0),
        install_key_fp: OWN,
        crl,
    };
    node_state(holdings, &situation)
}

fn states(holding: &Holding, days: &[i64]) -> Vec<State> {
    days.iter()
        .map(|day| on(*day, std::slice::from_ref(holding), None).verdict.state)
        .collect()
}

#[test]
fn a_trial_lasts_thirty_days() {
    let states: Vec<State> = [0, 22, 23, 29, 30, 400]
        .map(|day| on(day, &[], None).verdict.state)
        .to_vec();
    use State::{ExpiringSoon, RestrictNew, Trial};
    assert_eq!(
        states,
        [
            Trial,
            Trial,
            ExpiringSoon,
            ExpiringSoon,
            RestrictNew,
            RestrictNew
        ]
    );
    assert!(on(40, &[], None).entitlements.feature("anything"));
}

#[test]
fn a_term_goes_down_the_ladder() {
    use State::{Active, ExpiringSoon, Grace, ReadOnly, RestrictNew};
    let days = [0, 334, 335, 364, 365, 378, 379, 5_000];
    let mut one = license();
    let ladder = |last| {
        vec![
            Active,
            Active,
            ExpiringSoon,
            ExpiringSoon,
            Grace,
            Grace,
            last,
            last,
        ]
    };
    assert_eq!(states(&hold(one.clone()), &days), ladder(RestrictNew));
    one.expiry_behavior = ExpiryBehavior::ReadOnly;
    assert_eq!(states(&hold(one.clone()), &days), ladder(ReadOnly));
    one.expiry_behavior = ExpiryBehavior::Warn;
    assert_eq!(states(&hold(one.clone()), &days), ladder(Grace));
    one.term_end = None;
    assert_eq!(states(&hold(one), &days), vec![Active; 8]);
    // To the second.
    let holding = hold(license());
    let end = at(365);
    let before = exactly(end.plus_seconds(-1), std::slice::from_ref(&holding), None).verdict;
    let after = exactly(end, std::slice::from_ref(&holding), None).verdict;
    assert_eq!((before.state, before.until), (ExpiringSoon, Some(end)));
    assert_eq!((after.state, after.since), (Grace, end));
}

#[test]
fn licences_to_come_wait_and_newer_ones_take_over() {
    let mut next = license();
    next.serial = 2;
    next.not_before = at(300);
    next.term_end = Some(at(730));
    let both = [hold(license()), hold(next)];
    let early = on(10, &both, None);
    assert_eq!((early.deciding, early.verdicts[1]), (Some(0), None));
    let later = on(400, &both, None);
    assert_eq!(
        (later.deciding, later.verdict.state),
        (Some(1), State::Active)
    );
    assert_eq!(later.verdicts[0], None);
    assert_eq!(later.entitlements.agents_max(), Some(3));
    assert_eq!(on(10, &both[1..], None).verdict.reason, Reason::Trial);
}

#[test]
fn licences_that_count_add_up() {
    let mut more = license();
    more.license_id = "lic_2".to_owned();
    more.term_end = Some(at(100));
    let both = [hold(license()), hold(more)];
    assert_eq!(on(10, &both, None).entitlements.agents_max(), Some(6));
    assert_eq!(on(110, &both, None).entitlements.agents_max(), Some(6));
    assert_eq!(on(120, &both, None).entitlements.agents_max(), Some(3));
    assert_eq!(on(120, &both, None).verdict.state, State::Active);
}

#[test]
fn licences_that_take_each_other_s_place_leave_one() {
    let (mut one, mut two) = (license(), license());
    two.license_id = "lic_2".to_owned();
    one.supersedes = vec!["lic_2".to_owned()];
    two.supersedes = vec!["lic_1".to_owned()];
    let found = on(10, &[hold(one), hold(two)], None);
    assert_eq!(
        (found.deciding, found.entitlements.agents_max()),
        (Some(1), Some(3))
    );
}

#[test]
fn a_licence_of_another_node_adds_nothing() {
    let mut foreign = license();
    foreign.license_id = "lic_2".to_owned();
    foreign.binding.mode = BindingMode::InstallKey;
    foreign.binding.install_key_fp = Some("another".to_owned());
    let both = on(10, &[hold(license()), hold(foreign.clone())], None);
    assert_eq!(both.entitlements.agents_max(), Some(3));
    let alone = on(10, &[hold(foreign)], None);
    assert_eq!(
        (alone.verdict.state, alone.entitlements.agents_max()),
        (State::Grace, Some(3))
    );
}

#[test]
fn leases_count_by_date_and_by_hours() {
    let mut leased = license();
    leased.lease = LeaseTerms {
        required: true,
        max_days: 60,
        first_use_days: 14,
    };
    let mut holding = hold(leased);
    use State::{Active, ExpiringSoon, Grace, RestrictNew};
    assert_eq!(
        states(&holding, &[0, 13, 14, 27, 28]),
        [Active, Active, Grace, Grace, RestrictNew]
    );
    let signed = |value| Verified {
        value,
        sha256: "lease".to_owned(),
        signers: vec!["lease key".to_owned()],
    };
    holding.lease = Some(signed(Lease {
        lease_id: "lse_1".to_owned(),
        license_id: "lic_1".to_owned(),
        license_serial: 1,
        license_sha256: "hash".to_owned(),
        install_key_fp: OWN.to_owned(),
        request_nonce: "n".to_owned(),
        counter: 1,
        issued_at: at(10),
        valid_until: at(70),
        runtime_budget_hours: 60 * 24,
        crl: None,
        notices: Vec::new(),
    }));
    assert_eq!(
        states(&holding, &[20, 62, 63, 70, 84]),
        [Active, Active, ExpiringSoon, Grace, RestrictNew]
    );
    // A clock that stands still on day 20.
    holding.lease_running_hours = 60 * 24;
    let spent = on(20, std::slice::from_ref(&holding), None).verdict;
    assert_eq!((spent.state, spent.reason), (Grace, Reason::LeaseBudget));
    holding.lease_running_hours = 74 * 24;
    assert_eq!(states(&holding, &[20]), [RestrictNew]);
    holding.lease_running_hours = 0;
    // A lease that promises a hundred years counts for as long as the licence allows.
    let honest = holding.lease.clone();
    if let Some(lease) = &mut holding.lease {
        lease.value.valid_until = at(36_500);
        lease.value.runtime_budget_hours = u64::MAX;
    }
    assert_eq!(
        states(&holding, &[62, 70, 84]),
        [Active, Grace, RestrictNew]
    );
    holding.lease_running_hours = 62 * 24;
    assert_eq!(states(&holding, &[20]), [Grace]);
    holding.lease = honest;
    holding.lease_running_hours = 0;
    // A lease of a key that was lost does not count.
    let lost = revoking(RevocationTarget::KeyId("lease key".to_owned()));
    let state = on(60, std::slice::from_ref(&holding), Some(&lost))
        .verdict
        .state;
    assert_eq!(state, RestrictNew);
    if let Some(lease) = &mut holding.lease {
        lease.value.install_key_fp = "another".to_owned();
    }
    assert_eq!(states(&holding, &[30]), [RestrictNew]);
}

fn revoking(target: RevocationTarget) -> Crl {
    let mut list = crl(2);
    list.revoked.push(Revocation {
        target,
        reason: "stolen".to_owned(),
        at: at(5),
        effect: Effect::RestrictNew,
        message: None,
    });
    list
}

#[test]
fn a_revoked_key_concerns_what_no_other_key_signed() {
    let list = revoking(RevocationTarget::KeyId("one".to_owned()));
    let state = |signers: &[&str]| {
        let mut holding = hold(license());
        holding.license.signers = signers.iter().map(|&id| id.to_owned()).collect();
        on(20, &[holding], Some(&list)).verdict.state
    };
    assert_eq!(state(&["one"]), State::RestrictNew);
    assert_eq!(state(&["one", "two"]), State::Active);
    assert_eq!(state(&["two"]), State::Active);
}

#[test]
fn revocation_never_takes_more_than_was_agreed() {
    let holding = [hold(license())];
    let list = |effect, at| {
        let mut list = crl(2);
        list.revoked.push(Revocation {
            target: RevocationTarget::LicenseId("lic_1".to_owned()),
            reason: "refunded".to_owned(),
            at,
            effect,
            message: None,
        });
        list
    };
    let state = |effect, day| on(20, &holding, Some(&list(effect, at(day)))).verdict.state;
    assert_eq!(state(Effect::Warn, 10), State::Grace);
    assert_eq!(state(Effect::RestrictNew, 10), State::RestrictNew);
    assert_eq!(state(Effect::ReadOnly, 10), State::RestrictNew);
    assert_eq!(state(Effect::RestrictNew, 21), State::Active);
    let text = serde_json::to_string(&list(Effect::Warn, at(1))).unwrap();
    assert!(
        text.contains(r#""revoked":[{"license_id":"lic_1","reason":"refunded""#),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<Crl>(&text).unwrap(),
        list(Effect::Warn, at(1))
    );
}
