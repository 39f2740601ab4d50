//! From what is held and what time it is to what the node may do. Pure but for the clock's marks.

use std::{collections::BTreeMap, sync::Arc};

use guildhall_kernel::{Entitlements, Growth, Timestamp};
use guildhall_license::{
    Entitlement, Entitlements as Granted,
    clock::EffectiveTime,
    state::{self, Holding, NodeState, Situation, State},
};
use serde_json::Value;

use super::{held::Held, memory::Watch};

/// What is known of the licence at one moment.
pub(super) struct Current {
    pub(super) entitlements: Arc<Entitlements>,
    pub(super) node: NodeState,
    pub(super) holdings: Vec<Holding>,
    pub(super) time: EffectiveTime,
    /// What the clock of the machine said.
    pub(super) wall: Timestamp,
}

/// How long a verdict counts: what it depends on changes by days.
const FRESH_MS: i64 = 60_000;

impl Current {
    /// Whether the verdict still counts at `wall`; a clock that went back asks for a new one.
    pub(super) fn is_fresh(&self, wall: Timestamp) -> bool {
        let age = wall.as_millis().saturating_sub(self.wall.as_millis());
        (0..FRESH_MS).contains(&age)
    }
}

/// Looks at the clock and climbs the ladder. No signature is checked here.
pub(super) fn evaluate(
    held: &Held,
    watch: &mut Watch,
    (wall, install_key_fp): (Timestamp, &str),
) -> Current {
    let time = watch.look(wall, held.lease_ids());
    let holdings = held.holdings(&watch.memory);
    let node = climb(&holdings, (held, watch), (time.now, install_key_fp));
    let entitlements = Arc::new(entitlements(&node, &holdings));
    Current {
        entitlements,
        node,
        holdings,
        time,
        wall,
    }
}

/// The node's rung with these licences.
pub(super) fn climb(
    holdings: &[Holding],
    (held, watch): (&Held, &Watch),
    (now, install_key_fp): (Timestamp, &str),
) -> NodeState {
    let situation = |now| Situation {
        now,
        first_start: watch.memory.first_start,
        install_key_fp,
        crl: held.crl(),
    };
    let mut node = state::node_state(holdings, &situation(now));
    if node.deciding.is_none() {
        let trial = state::node_state(&[], &situation(watch.trial_time(now)));
        node.verdict = trial.verdict;
    }
    node
}

fn entitlements(node: &NodeState, holdings: &[Holding]) -> Entitlements {
    let growth = match node.verdict.state {
        State::Active | State::Trial | State::ExpiringSoon | State::Grace => Growth::Free,
        State::RestrictNew => Growth::Stopped,
        State::ReadOnly => Growth::ReadOnly,
    };
    let granted = &node.entitlements;
    let ceiling = |limit: Option<u64>| ceiling(node, holdings, limit);
    Entitlements {
        state: node.verdict.state.name(),
        since: node.verdict.since,
        growth,
        agents_max: ceiling(granted.agents_max()),
        seats_max: ceiling(granted.seats_named()),
        features: features(granted),
    }
}

/// The number up to which new things are possible, as the deciding licence tolerates.
pub(super) fn ceiling(node: &NodeState, holdings: &[Holding], limit: Option<u64>) -> Option<u64> {
    let limit = limit?;
    match node.deciding.and_then(|index| holdings.get(index)) {
        Some(holding) => holding.license.value.overage.ceiling(limit),
        None => Some(limit),
    }
}

/// Names of the granted features; none when every one is.
fn features(granted: &Granted) -> Option<std::collections::BTreeSet<String>> {
    if granted.feature("*") {
        return None;
    }
    let names = granted.0.iter().filter_map(|(name, entitlement)| {
        let name = name.strip_prefix("feature.")?;
        matches!(entitlement, Entitlement::Flag(true)).then(|| name.to_owned())
    });
    Some(names.collect())
}

/// Entitlements as they stand in the files.
pub(super) fn as_json(granted: &Granted) -> BTreeMap<String, Value> {
    let value = |entitlement: &Entitlement| serde_json::to_value(entitlement).unwrap_or_default();
    let pairs = granted.0.iter();
    pairs
        .map(|(name, entitlement)| (name.clone(), value(entitlement)))
        .collect()
}
