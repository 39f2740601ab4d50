//! What the node remembers of time. It lies in two places, the database and `license/clock.json`, so that restoring one of
//! them from a copy forgets nothing.

use std::{collections::BTreeMap, time::Instant};

use guildhall_kernel::Timestamp;
use guildhall_license::clock::{Anomaly, EffectiveTime, Look, Marks, look};
use serde::{Deserialize, Serialize};

/// The node's memory of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// When the node started for the first time.
    pub(super) first_start: Timestamp,
    /// Whether the clock was too wrong to believe at the first start.
    pub(super) first_start_doubted: bool,
    /// The latest of the build date and every signed time that was imported.
    pub(super) floor: Timestamp,
    pub(super) marks: Marks,
    /// Milliseconds that the node has run in all.
    pub(super) running_ms: i64,
    /// Milliseconds that it has run with a lease, by the lease's id.
    pub(super) lease_running_ms: BTreeMap<String, i64>,
    /// The state that was last told.
    pub(super) told_state: Option<String>,
    /// How many days before which end were last told.
    pub(super) told_days: Option<(Timestamp, i64)>,
    /// How many anomalies were told.
    pub(super) told_anomalies: u64,
}

/// The memory, and what it needs to go on.
pub(super) struct Watch {
    pub(super) memory: Memory,
    looked_at: Instant,
    is_dirty: bool,
}

impl Memory {
    /// At the very first start.
    fn new(wall: Timestamp, built: Timestamp) -> Self {
        let first_start_doubted = wall.plus_seconds(24 * 3600) < built;
        let first_start = if first_start_doubted { built } else { wall };
        Self {
            first_start,
            first_start_doubted,
            floor: built,
            marks: Marks::new(first_start),
            running_ms: 0,
            lease_running_ms: BTreeMap::new(),
            told_state: None,
            told_days: None,
            told_anomalies: 0,
        }
    }

    /// What two places remember together: never less than either.
    fn together(mut self, other: Self) -> Self {
        if !other.first_start_doubted
            && (self.first_start_doubted || other.first_start < self.first_start)
        {
            self.first_start = other.first_start;
            self.first_start_doubted = false;
        }
        self.floor = self.floor.max(other.floor);
        if other.marks.mark > self.marks.mark {
            self.marks = Marks {
                anomalies: self.marks.anomalies.max(other.marks.anomalies),
                ..other.marks
            };
        }
        self.marks.anomalies = self.marks.anomalies.max(other.marks.anomalies);
        self.running_ms = self.running_ms.max(other.running_ms);
        for (lease, running) in other.lease_running_ms {
            let known = self.lease_running_ms.entry(lease).or_default();
            *known = running.max(*known);
        }
        self
    }
}

impl Watch {
    /// Goes on from what was remembered in either place.
    pub(super) fn open(
        (database, file): (Option<Memory>, Option<Memory>),
        wall: Timestamp,
        built: Timestamp,
    ) -> Self {
        let is_dirty = database != file || database.is_none();
        let memory = match (database, file) {
            (Some(database), Some(file)) => database.together(file),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Memory::new(wall, built),
        };
        let mut watch = Self {
            memory,
            looked_at: Instant::now(),
            is_dirty,
        };
        watch.raise_floor(built);
        watch
    }

    /// Something signed proves that it is at least `time`.
    pub(super) fn raise_floor(&mut self, time: Timestamp) {
        if time > self.memory.floor {
            self.memory.floor = time;
            self.is_dirty = true;
        }
    }

    /// Looks at the clock; `leases` are those in use, whose hours run.
    pub(super) fn look<'a>(
        &mut self,
        wall: Timestamp,
        leases: impl Iterator<Item = &'a str>,
    ) -> EffectiveTime {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.looked_at);
        let running_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        self.looked_at = now;
        let memory = &mut self.memory;
        memory.running_ms = memory.running_ms.saturating_add(running_ms);
        for lease in leases {
            let spent = memory.lease_running_ms.entry(lease.to_owned()).or_default();
            *spent = spent.saturating_add(running_ms);
        }
        if memory.first_start_doubted && wall.plus_seconds(24 * 3600) >= memory.floor {
            // The clock of the first start was set right: the trial counts from what was really its beginning.
            let begin = wall.as_millis().saturating_sub(memory.running_ms);
            memory.first_start = Timestamp::from_millis(begin).max(memory.floor);
            memory.first_start_doubted = false;
            memory.marks = Marks {
                anomalies: memory.marks.anomalies,
                ..Marks::new(wall)
            };
            self.is_dirty = true;
        }
        let floor = memory.floor;
        let seen = look(
            &memory.marks,
            Look {
                wall,
                floor,
                running_ms,
            },
        );
        self.is_dirty |= seen.is_new || seen.marks.doubt.is_some() != memory.marks.doubt.is_some();
        memory.marks = seen.marks;
        if matches!(seen.anomaly, None | Some(Anomaly::BehindMark)) && seen.now < memory.first_start
        {
            // A first start in the future was one with a wrong clock.
            memory.first_start = seen.now;
            self.is_dirty = true;
        }
        seen
    }

    /// The time for the trial: a clock that stands still does not stretch it.
    pub(super) fn trial_time(&self, now: Timestamp) -> Timestamp {
        let ran = self
            .memory
            .first_start
            .as_millis()
            .saturating_add(self.memory.running_ms);
        now.max(Timestamp::from_millis(ran))
    }

    /// Marks that something must be written down soon.
    pub(super) fn touch(&mut self) {
        self.is_dirty = true;
    }

    /// Whether something must be written down soon; asked once.
    pub(super) fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.is_dirty)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BUILT: i64 = 1_790_000_000_000;
    const DAY: i64 = 24 * 3600 * 1000;

    fn day(days: i64) -> Timestamp {
        Timestamp::from_millis(BUILT + days * DAY)
    }

    #[test]
    fn a_first_start_in_1970_costs_no_day_of_the_trial() {
        let mut watch = Watch::open((None, None), Timestamp::from_millis(0), day(0));
        let seen = watch.look(Timestamp::from_millis(0), std::iter::empty());
        assert!(seen.anomaly.is_some() && seen.now == day(0));
        let right = watch.look(day(200), std::iter::empty());
        assert_eq!((right.anomaly, right.now), (None, day(200)));
        assert!(watch.memory.first_start > day(199));
    }

    #[test]
    fn a_clock_before_the_floor_gives_no_day_back() {
        let mut watch = Watch::open((None, None), day(0), day(0));
        watch.look(day(40), std::iter::empty());
        let seen = watch.look(day(-9000), std::iter::empty());
        assert!(seen.anomaly.is_some() && seen.now >= day(40));
        assert_eq!(watch.look(day(41), std::iter::empty()).now, day(41));
        // A clock that was ahead and is put right counts at once.
        let right = watch.look(day(20), std::iter::empty());
        assert_eq!((right.is_new, right.now), (true, day(20)));
    }

    #[test]
    fn a_first_start_in_the_future_is_no_endless_trial() {
        let mut watch = Watch::open((None, None), day(20_000), day(0));
        watch.look(day(20_000), std::iter::empty());
        watch.memory.marks.doubt = None;
        watch.memory.marks.mark = day(3);
        watch.look(day(3), std::iter::empty());
        assert_eq!(watch.memory.first_start, day(3));
    }

    #[test]
    fn restoring_one_of_the_two_places_forgets_nothing() {
        let old = Watch::open((None, None), day(1), day(0)).memory;
        let mut later = Watch::open((Some(old.clone()), Some(old.clone())), day(9), day(0));
        later.raise_floor(day(8));
        later.look(day(9), ["lse_1"].into_iter());
        later
            .memory
            .lease_running_ms
            .insert("lse_1".to_owned(), 500);
        let restored = Watch::open((Some(old), Some(later.memory.clone())), day(1), day(0));
        assert_eq!(restored.memory.floor, day(8));
        assert_eq!(restored.memory.first_start, day(1));
        assert_eq!(restored.memory.marks.mark, day(9));
        assert_eq!(restored.memory.lease_running_ms["lse_1"], 500);
    }
}
