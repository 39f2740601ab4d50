#![allow(clippy::unwrap_used)]
use guildhall_kernel::{OrgId, PersonId};

use super::*;
use crate::inference::caller::Priority;

fn caller(number: u8) -> Caller {
    let (organisation, person) = (
        OrgId::from_digest([number; 16]),
        PersonId::from_digest([number; 16]),
    );
    Caller::new(organisation, person, Priority::Interactive)
}

fn queue(waiting_max: u32) -> Arc<Queue> {
    let capacity = Capacity {
        sequences: 1,
        cache_tokens: 1000,
    };
    Arc::new(Queue::new(waiting_max, capacity, || {}))
}

#[test]
fn places_move_up_and_are_given_back() {
    let queue = queue(8);
    let mut first = queue.enter(&caller(1), 10, (1, 1)).unwrap();
    let mut second = queue.enter(&caller(2), 10, (1, 1)).unwrap();
    let mut third = queue.enter(&caller(3), 10, (1, 1)).unwrap();
    assert_eq!(first.place(), Place::Turn);
    let waiting = |position| Place::Waiting {
        position,
        estimate_ms: None,
    };
    assert_eq!((second.place(), third.place()), (waiting(1), waiting(2)));
    drop(second);
    assert_eq!(third.place(), waiting(1));
    first.finish();
    assert_eq!(third.place(), Place::Turn);
    assert_eq!(queue.counts(), (1, 0));
    drop(third);
    assert!(queue.is_idle());
}

#[test]
fn while_it_is_held_nobody_has_a_turn_and_nobody_loses_their_place() {
    let queue = queue(8);
    let first = queue.enter(&caller(1), 10, (1, 1)).unwrap();
    let mut second = queue.enter(&caller(2), 10, (1, 1)).unwrap();
    let (hold, other) = (queue.hold(), queue.hold());
    first.finish();
    assert!(matches!(second.place(), Place::Waiting { position: 1, .. }));
    drop(other);
    assert_eq!(queue.counts(), (0, 1));
    drop(hold);
    assert_eq!(second.place(), Place::Turn);
}

#[test]
fn a_full_queue_says_when_to_come_back() {
    let queue = queue(2);
    let held: Vec<Ticket> = (1..=3)
        .map(|number| queue.enter(&caller(number), 10, (1, 1)).unwrap())
        .collect();
    let refused = queue.enter(&caller(9), 10, (1, 1)).err().unwrap();
    assert_eq!((refused.code(), refused.status()), ("queue_full", 503));
    assert_eq!(refused.retry_after_seconds(), Some(RETRY_SECONDS));
    drop(held);
    assert!(queue.is_idle());
}

#[test]
fn estimates_come_from_measured_answers() {
    let queue = queue(8);
    let mut first = queue.enter(&caller(1), 10, (1, 1)).unwrap();
    first.place();
    queue.state().note_service(Duration::from_secs(4));
    let _second = queue.enter(&caller(2), 10, (1, 1)).unwrap();
    let _third = queue.enter(&caller(3), 10, (1, 1)).unwrap();
    let estimates: Vec<_> = queue
        .waiters()
        .iter()
        .map(|waiter| waiter.estimate_ms)
        .collect();
    assert_eq!(estimates, [Some(4000), Some(8000)]);
}

#[test]
fn bulk_work_gives_way_after_every_batch() {
    let queue = queue(8);
    let bulk = Caller {
        priority: Priority::Background,
        ..caller(1)
    };
    let mut first = queue.enter(&bulk, 10, (1, 1)).unwrap();
    let mut second = queue.enter(&bulk, 10, (1, 1)).unwrap();
    let mut asked = queue.enter(&caller(2), 10, (1, 1)).unwrap();
    let mut own = queue.enter(&caller(1), 10, (1, 1)).unwrap();
    assert_eq!(first.place(), Place::Turn);
    first.finish();
    assert_eq!(asked.place(), Place::Turn);
    asked.finish();
    // The person whose bulk work it is goes before it too.
    assert_eq!(own.place(), Place::Turn);
    own.finish();
    assert_eq!(second.place(), Place::Turn);
    let (turns, waiting) = queue.turns_and_waiting();
    assert_eq!((turns.interactive, turns.background), (2, 2));
    assert_eq!(waiting, ByPriority::default());
}
