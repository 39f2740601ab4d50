//! What time it is on a machine whose clock its owner sets.
//!
//! The hard floor is the latest time that something signed has proven; no wall clock raises it. A soft mark remembers the last
//! time that was believed. A clock that contradicts either is an anomaly, which is reported. One that jumps ahead changes nothing
//! for seven days of running; one that is set back counts at once, above the floor: whoever puts a wrong clock right is not
//! punished for it (leases and the trial count hours of running, which no clock stretches).

use guildhall_kernel::Timestamp;
use serde::{Deserialize, Serialize};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Drift and time zones set wrong are no anomaly.
const TOLERANCE: i64 = 24 * HOUR;
/// A node that was off for longer than this and heard nothing signed since is suspicious.
const JUMP: i64 = 90 * DAY;
/// So much running passes until a jump ahead is believed, and until a clock that was set back is no longer said.
const PATIENCE: i64 = 7 * DAY;

/// What was wrong with a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// More than a day before the hard floor.
    BehindFloor,
    /// More than a day before the last time that was believed.
    BehindMark,
    /// More than 90 days ahead of it, and nothing signed says so.
    JumpForward,
}

/// What is remembered from one look at the clock to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// The last time that was believed.
    pub mark: Timestamp,
    /// An anomaly that goes on.
    pub doubt: Option<Doubt>,
    /// How many anomalies there were.
    pub anomalies: u64,
}

/// An anomaly that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What was wrong.
    pub anomaly: Anomaly,
    /// Milliseconds that the node has run since it was noticed.
    pub running_ms: i64,
}

/// What the clock says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The wall clock.
    pub wall: Timestamp,
    /// The latest of the build date and every signed time that was imported.
    pub floor: Timestamp,
    /// Milliseconds that the node has run since the last look, by a clock that nobody sets.
    pub running_ms: i64,
}

/// The time that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectiveTime {
    /// Never before the floor.
    pub now: Timestamp,
    /// What is wrong with the clock.
    pub anomaly: Option<Anomaly>,
    /// Whether it was noticed by this look.
    pub is_new: bool,
    /// What to remember.
    pub marks: Marks,
}

impl Marks {
    /// Before the first look.
    pub const fn new(wall: Timestamp) -> Self {
        Self {
            mark: wall,
            doubt: None,
            anomalies: 0,
        }
    }
}

/// Looks at the clock.
pub fn look(marks: &Marks, look: Look) -> EffectiveTime {
    let running_ms = look.running_ms.max(0);
    let believed = Timestamp::from_millis(marks.mark.as_millis().saturating_add(running_ms));
    let contradiction = anomaly(believed, look);
    // A clock that was set back is in order from then on; it is said for a week all the same.
    let before = marks.doubt.map(|doubt| Doubt {
        running_ms: doubt.running_ms.saturating_add(running_ms),
        ..doubt
    });
    let lasting = before.filter(|doubt| doubt.anomaly == Anomaly::BehindMark && !doubt.is_over());
    let is_new = match contradiction {
        Some(Anomaly::BehindMark) => true,
        Some(other) => before.is_none_or(|doubt| doubt.anomaly != other),
        None => false,
    };
    let doubt = match contradiction {
        Some(anomaly) if is_new => Some(Doubt {
            anomaly,
            running_ms: 0,
        }),
        Some(_) => before,
        None => lasting,
    };
    let now = effective(believed, look, contradiction.and(doubt));
    EffectiveTime {
        now,
        anomaly: doubt.map(|doubt| doubt.anomaly),
        is_new,
        marks: Marks {
            mark: now,
            doubt: doubt.filter(|doubt| !doubt.is_over() || doubt.anomaly == Anomaly::BehindFloor),
            anomalies: marks.anomalies + u64::from(is_new),
        },
    }
}

/// The time that counts while `doubt` contradicts the clock, or none does.
fn effective(believed: Timestamp, look: Look, doubt: Option<Doubt>) -> Timestamp {
    let time = match doubt {
        // Such a clock is wrong for certain: time goes on from where it was.
        Some(doubt) if doubt.anomaly == Anomaly::BehindFloor => believed,
        // The time before goes on for a week of running.
        Some(doubt) if doubt.anomaly == Anomaly::JumpForward && !doubt.is_over() => believed,
        _ => look.wall,
    };
    time.max(look.floor)
}

impl Doubt {
    fn is_over(&self) -> bool {
        self.running_ms >= PATIENCE
    }
}

fn anomaly(believed: Timestamp, look: Look) -> Option<Anomaly> {
    let wall = look.wall.as_millis();
    if wall < look.floor.as_millis().saturating_sub(TOLERANCE) {
        return Some(Anomaly::BehindFloor);
    }
    if wall < believed.as_millis().saturating_sub(TOLERANCE) {
        return Some(Anomaly::BehindMark);
    }
    let proven = believed.max(look.floor).as_millis();
    (wall > proven.saturating_add(JUMP)).then_some(Anomaly::JumpForward)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BUILT: i64 = 1_790_000_000_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(BUILT + millis)
    }

    fn see(marks: &Marks, wall: i64, running_ms: i64) -> EffectiveTime {
        look(
            marks,
            Look {
                wall: at(wall),
                floor: at(0),
                running_ms,
            },
        )
    }

    #[test]
    fn small_errors_are_no_anomaly() {
        let marks = Marks::new(at(100 * DAY));
        for wall in [-23 * HOUR, -1000, 1000, 23 * HOUR, 89 * DAY] {
            let time = see(&marks, 100 * DAY + wall, 0);
            assert_eq!((time.anomaly, time.now), (None, at(100 * DAY + wall)));
        }
    }

    #[test]
    fn a_clock_set_back_counts_at_once_and_is_said_for_a_week() {
        let marks = Marks::new(at(100 * DAY));
        let first = see(&marks, 74 * DAY, HOUR);
        assert_eq!(
            (first.anomaly, first.is_new, first.now),
            (Some(Anomaly::BehindMark), true, at(74 * DAY))
        );
        let second = see(&first.marks, 74 * DAY + HOUR, HOUR);
        assert_eq!(
            (second.anomaly, second.is_new, second.marks.anomalies),
            (Some(Anomaly::BehindMark), false, 1)
        );
        let late = see(&second.marks, 81 * DAY + HOUR, 7 * DAY);
        assert_eq!((late.anomaly, late.now), (None, at(81 * DAY + HOUR)));
        let again = see(&second.marks, 60 * DAY, HOUR);
        assert_eq!((again.is_new, again.marks.anomalies), (true, 2));
    }

    #[test]
    fn fifty_years_ahead_and_back_leaves_no_trace_but_a_count() {
        let years = 50 * 365 * DAY;
        let marks = Marks::new(at(10 * DAY));
        let ahead = see(&marks, years, HOUR);
        assert_eq!(
            (ahead.anomaly, ahead.now),
            (Some(Anomaly::JumpForward), at(10 * DAY + HOUR))
        );
        let back = see(&ahead.marks, 10 * DAY + 2 * HOUR, HOUR);
        assert_eq!(
            (back.anomaly, back.now, back.marks.anomalies),
            (None, at(10 * DAY + 2 * HOUR), 1)
        );
    }

    #[test]
    fn a_year_switched_off_is_believed_after_a_week_or_at_once_when_something_signed_says_so() {
        let marks = Marks::new(at(10 * DAY));
        let first = see(&marks, 375 * DAY, 0);
        assert_eq!(first.now, at(10 * DAY));
        let later = see(&first.marks, 382 * DAY, 7 * DAY);
        assert_eq!(later.now, at(382 * DAY));
        assert_eq!(see(&later.marks, 382 * DAY + HOUR, HOUR).anomaly, None);
        let proven = look(
            &marks,
            Look {
                wall: at(375 * DAY),
                floor: at(374 * DAY),
                running_ms: 0,
            },
        );
        assert_eq!((proven.anomaly, proven.now), (None, at(375 * DAY)));
    }

    #[test]
    fn nothing_is_ever_before_the_floor() {
        let dead_battery = see(&Marks::new(at(-5 * DAY)), -20_000 * DAY, 0);
        assert_eq!(
            (dead_battery.anomaly, dead_battery.now),
            (Some(Anomaly::BehindFloor), at(0))
        );
        let later = see(&dead_battery.marks, -20_000 * DAY, 30 * DAY);
        assert_eq!((later.is_new, later.now), (false, at(30 * DAY)));
    }

    proptest::proptest! {
        #[test]
        fn the_floor_holds_for_every_clock(mark in -40_000i64..40_000, wall in -40_000i64..40_000, floor in -40_000i64..40_000, running in 0i64..1_000) {
            let seen = look(&Marks::new(at(mark * HOUR)), Look { wall: at(wall * HOUR), floor: at(floor * HOUR), running_ms: running * HOUR });
            assert!(seen.now >= at(floor * HOUR));
            assert!(seen.now <= at((mark + running).max(wall).max(floor) * HOUR));
            assert_eq!(seen.marks.anomalies, u64::from(seen.is_new));
        }
    }
}
