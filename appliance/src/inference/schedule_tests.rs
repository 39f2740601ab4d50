#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn organisation(number: u8) -> OrgId {
    OrgId::from_digest([number; 16])
}

fn person(number: u8) -> PersonId {
    PersonId::from_digest([number; 16])
}

fn job(id: u64, (org, weight): (u8, Weight), who: u8, priority: Priority, tokens: u32) -> Job {
    Job {
        id,
        organisation: (organisation(org), weight),
        person: (person(who), 1),
        priority,
        tokens,
    }
}

const ROOMY: Bounds = Bounds {
    waiting_max: 100_000,
    waiting_per_person_max: 100_000,
};
const ONE: Capacity = Capacity {
    sequences: 1,
    cache_tokens: 1 << 40,
};

#[derive(Clone, Debug)]
enum Step {
    Enter {
        org: u8,
        who: u8,
        background: bool,
        tokens: u32,
    },
    Start,
    Leave(usize),
    Settle(usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..4, 0_u8..4, any::<bool>(), 1_u32..5000).prop_map(|(org, who, background, tokens)| {
            Step::Enter { org, who, background, tokens }
        }),
        3 => Just(Step::Start),
        2 => any::<usize>().prop_map(Step::Leave),
        1 => (any::<usize>(), 1_u32..5000).prop_map(|(at, tokens)| Step::Settle(at, tokens)),
    ]
}

fn pick(set: &BTreeSet<u64>, at: usize) -> Option<u64> {
    (!set.is_empty()).then(|| *set.iter().nth(at % set.len()).unwrap())
}

proptest! {
    /// Whatever happens, each request is waiting, running or gone, exactly once; the engine's room and
    /// the bounds are kept; and every waiting request has a place in the order.
    #[test]
    fn nothing_is_lost_and_no_bound_is_broken(steps in prop::collection::vec(step(), 1..200)) {
        let bounds = Bounds { waiting_max: 30, waiting_per_person_max: 6 };
        let capacity = Capacity { sequences: 3, cache_tokens: 6000 };
        let mut schedule = Schedule::new(bounds, capacity);
        let (mut waiting, mut running) = (BTreeSet::new(), BTreeSet::new());
        for (id, step) in (0_u64..).zip(steps) {
            match step {
                Step::Enter { org, who, background, tokens } => {
                    let priority = if background { Priority::Background } else { Priority::Interactive };
                    if schedule.enter(job(id, (org, 1), who, priority, tokens)).is_ok() {
                        waiting.insert(id);
                    }
                }
                Step::Start => {
                    if let Some(started) = schedule.start_next() {
                        prop_assert!(waiting.remove(&started));
                        running.insert(started);
                    }
                }
                Step::Leave(at) => {
                    let all: BTreeSet<u64> = waiting.union(&running).copied().collect();
                    if let Some(id) = pick(&all, at) {
                        prop_assert!(schedule.leave(id));
                        prop_assert!(!schedule.leave(id));
                        waiting.remove(&id);
                        running.remove(&id);
                    }
                }
                Step::Settle(at, tokens) => {
                    if let Some(id) = pick(&running, at) {
                        schedule.settle(id, tokens.min(schedule.running[&id].tokens));
                    }
                }
            }
            prop_assert!(schedule.running_count() <= 3);
            prop_assert!(schedule.waiting().interactive <= 30 && schedule.waiting().background <= 30);
            let used: u64 = schedule.running.values().map(|job| u64::from(job.tokens)).sum();
            prop_assert!(running.len() <= 1 || used <= 6000);
            prop_assert_eq!(running.len(), schedule.running_count());
            let order = schedule.order();
            let unique: BTreeSet<u64> = order.iter().copied().collect();
            prop_assert_eq!(order.len(), unique.len());
            prop_assert_eq!(unique, waiting.clone());
        }
        for id in waiting.union(&running) {
            prop_assert!(schedule.leave(*id));
        }
        prop_assert_eq!((schedule.waiting(), schedule.running_count()), (ByPriority::default(), 0));
    }

    /// While two organisations both have something to do, what each got by its weight differs by no
    /// more than one request of each, however many people ask and however long their prompts are.
    #[test]
    fn organisations_share_by_weight(
        tokens in prop::collection::vec((1_u32..4000, 0_u8..5), 200),
        weights in (1_u32..5, 1_u32..5),
    ) {
        let mut schedule = Schedule::new(ROOMY, ONE);
        for (id, (tokens, who)) in (0_u64..).zip(tokens) {
            let (org, weight, who) = if id % 2 == 0 { (0, weights.0, who) } else { (1, weights.1, 9) };
            schedule.enter(job(id, (org, weight), who, Priority::Interactive, tokens)).unwrap();
        }
        let mut got = [0_u64; 2];
        let mut left = [100, 100];
        while left.iter().all(|left| *left > 0) {
            let id = schedule.start_next().unwrap();
            let tokens = schedule.running[&id].tokens;
            schedule.leave(id);
            let side = usize::try_from(id % 2).unwrap();
            got[side] += u64::from(tokens);
            left[side] -= 1;
            let (first, second) = (
                got[0] as f64 / f64::from(weights.0),
                got[1] as f64 / f64::from(weights.1),
            );
            let bound = 4000.0 / f64::from(weights.0) + 4000.0 / f64::from(weights.1);
            prop_assert!((first - second).abs() <= bound, "{first} against {second}, bound {bound}");
        }
    }

    /// However many newcomers press in, who waits has a turn after a bounded number of others.
    #[test]
    fn nobody_starves(tokens in 1_u32..4000, background in any::<bool>()) {
        let mut schedule = Schedule::new(ROOMY, ONE);
        // Somebody who used much before, and now waits.
        schedule.enter(job(0, (0, 1), 0, Priority::Interactive, 4000)).unwrap();
        schedule.start_next().unwrap();
        let priority = if background { Priority::Background } else { Priority::Interactive };
        schedule.enter(job(1, (0, 1), 0, priority, tokens)).unwrap();
        schedule.leave(0);
        let mut turns = 0;
        for id in 2_u64.. {
            let newcomer = u8::try_from(id % 200 + 1).unwrap();
            schedule.enter(job(id, (newcomer, 1), newcomer, Priority::Interactive, 100)).unwrap();
            let started = schedule.start_next().unwrap();
            schedule.leave(started);
            if started == 1 {
                break;
            }
            turns += 1;
            prop_assert!(turns <= 200, "passed {turns} times");
        }
    }
}

#[test]
fn people_go_before_the_background_but_not_for_ever() {
    let mut schedule = Schedule::new(ROOMY, ONE);
    schedule
        .enter(job(0, (0, 1), 0, Priority::Background, 1))
        .unwrap();
    for id in 1..40 {
        schedule
            .enter(job(id, (1, 1), 1, Priority::Interactive, 1))
            .unwrap();
    }
    let order = schedule.order();
    let place = order.iter().position(|id| *id == 0).unwrap();
    assert_eq!(place, usize::try_from(BACKGROUND_EVERY).unwrap());
}

#[test]
fn bulk_work_keeps_nobody_out_and_organisations_take_turns_in_it() {
    let bounds = Bounds {
        waiting_max: 4,
        waiting_per_person_max: 3,
    };
    let mut schedule = Schedule::new(bounds, ONE);
    for id in 0..3 {
        schedule
            .enter(job(id, (0, 1), 0, Priority::Background, 10))
            .unwrap();
    }
    let refused = schedule.enter(job(3, (0, 1), 0, Priority::Background, 10));
    assert_eq!(refused, Err(Full::Person));
    schedule
        .enter(job(4, (1, 1), 1, Priority::Background, 10))
        .unwrap();
    let refused = schedule.enter(job(5, (2, 1), 2, Priority::Background, 10));
    assert_eq!(refused, Err(Full::Model));
    // The very person whose bulk work fills its places may ask, and comes first.
    schedule
        .enter(job(6, (0, 1), 0, Priority::Interactive, 10))
        .unwrap();
    assert_eq!(schedule.order(), [6, 4, 0, 1, 2]);
    while schedule.start_next().is_some_and(|id| schedule.leave(id)) {}
    let turns = ByPriority {
        interactive: 1,
        background: 4,
    };
    assert_eq!(schedule.turns(), turns);
}

#[test]
fn a_long_prompt_is_waited_for_not_passed() {
    let capacity = Capacity {
        sequences: 4,
        cache_tokens: 1000,
    };
    let mut schedule = Schedule::new(ROOMY, capacity);
    schedule
        .enter(job(0, (0, 1), 0, Priority::Interactive, 400))
        .unwrap();
    schedule
        .enter(job(1, (1, 1), 1, Priority::Interactive, 900))
        .unwrap();
    schedule
        .enter(job(2, (0, 1), 0, Priority::Interactive, 10))
        .unwrap();
    assert_eq!(schedule.start_next(), Some(0));
    assert_eq!(
        schedule.start_next(),
        None,
        "the long one is next and waits"
    );
    schedule.leave(0);
    assert_eq!(schedule.start_next(), Some(1));
    assert_eq!(schedule.start_next(), Some(2));
}

#[test]
fn idling_earns_nothing_and_one_person_cannot_fill_the_queue() {
    let bounds = Bounds {
        waiting_max: 5,
        waiting_per_person_max: 3,
    };
    let mut schedule = Schedule::new(bounds, ONE);
    for id in 0..3 {
        schedule
            .enter(job(id, (0, 1), 0, Priority::Interactive, 10))
            .unwrap();
    }
    let refused = schedule.enter(job(3, (0, 1), 0, Priority::Interactive, 10));
    assert_eq!(refused, Err(Full::Person));
    schedule
        .enter(job(4, (0, 1), 1, Priority::Interactive, 10))
        .unwrap();
    schedule
        .enter(job(5, (1, 1), 2, Priority::Interactive, 10))
        .unwrap();
    let refused = schedule.enter(job(6, (1, 1), 2, Priority::Interactive, 10));
    assert_eq!(refused, Err(Full::Model));
    // The three organisations' people alternate although the first came with three requests.
    assert_eq!(schedule.order(), [0, 5, 4, 1, 2]);
}
