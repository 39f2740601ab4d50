//! Whose turn it is: the rules alone, without time, threads or channels.
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, 1996) on two levels: organisations share a model by
//! weight, and the people of an organisation share its part. Each has a virtual time that grows with the
//! tokens it is charged for; whoever is furthest behind goes next, and a newcomer starts at the present
//! virtual time, so that idling earns nothing.
//!
//! Invariants: one who waits is never passed by a whole class for ever (one in [`BACKGROUND_EVERY`]
//! turns goes to the background while it waits); a request that does not fit is waited for rather than
//! passed, so that long prompts do not starve; what was let in is waiting, running or gone, exactly once.

use std::collections::{BTreeMap, VecDeque};

use guildhall_kernel::{OrgId, PersonId};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Priority;

/// While both wait, this many turns go to people before one goes to the background.
pub(super) const BACKGROUND_EVERY: u32 = 8;
/// Virtual time per token at weight 1; a multiple of every weight up to 100 would be too large, and
/// rounding below a thousandth of a token does not matter.
const PER_TOKEN: u64 = 1000;

/// A request, as far as its turn is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) organisation: (OrgId, Weight),
    pub(super) person: (PersonId, Weight),
    pub(super) priority: Priority,
    /// Tokens it may take in the engine's cache, prompt and answer together.
    pub(super) tokens: u32,
}

/// How large a party's share is beside another's: at least 1.
pub(super) type Weight = u32;

/// What an engine computes at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity {
    pub(super) sequences: u32,
    pub(super) cache_tokens: u64,
}

/// How many may wait; each priority has its own places, so that bulk work keeps nobody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) waiting_max: usize,
    pub(super) waiting_per_person_max: usize,
}

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// Too many wait altogether.
    Model,
    /// Too many of this person wait.
    Person,
}

/// Something counted for each priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CountByPriority)]
pub struct ByPriority {
    /// Where somebody waits for the answer.
    pub interactive: u64,
    /// Where nobody does.
    pub background: u64,
}

impl ByPriority {
    fn of(&self, priority: Priority) -> u64 {
        match priority {
            Priority::Interactive => self.interactive,
            Priority::Background => self.background,
        }
    }

    fn of_mut(&mut self, priority: Priority) -> &mut u64 {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Background => &mut self.background,
        }
    }
}

/// Who waits and who runs.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    bounds: Bounds,
    capacity: Capacity,
    organisations: BTreeMap<OrgId, Organisation>,
    running: BTreeMap<u64, Job>,
    waiting: ByPriority,
    /// Turns given so far.
    turns: ByPriority,
    now: u64,
    /// Turns that people had while the background waited.
    passed_over: u32,
}

#[derive(Clone, Debug, Default)]
struct Organisation {
    time: u64,
    /// Virtual time among its own people.
    now: u64,
    people: BTreeMap<PersonId, Person>,
    running: u32,
}

#[derive(Clone, Debug, Default)]
struct Person {
    time: u64,
    interactive: VecDeque<Job>,
    background: VecDeque<Job>,
    running: u32,
}

impl Person {
    fn line(&self, priority: Priority) -> &VecDeque<Job> {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Background => &self.background,
        }
    }

    fn line_mut(&mut self, priority: Priority) -> &mut VecDeque<Job> {
        match priority {
            Priority::Interactive => &mut self.interactive,
            Priority::Background => &mut self.background,
        }
    }

    fn waiting(&self) -> usize {
        self.interactive.len() + self.background.len()
    }

    fn is_active(&self) -> bool {
        self.running > 0 || self.waiting() > 0
    }
}

impl Organisation {
    fn is_active(&self) -> bool {
        self.people.values().any(Person::is_active)
    }

    /// The oldest request of the person whose turn it is within the organisation.
    fn head(&self, priority: Priority) -> Option<&Job> {
        let heads = self.people.values().filter_map(|person| {
            let job = person.line(priority).front()?;
            Some(((person.time, job.id), job))
        });
        heads.min_by_key(|(key, _)| *key).map(|(_, job)| job)
    }
}

impl Schedule {
    pub(super) fn new(bounds: Bounds, capacity: Capacity) -> Self {
        Self {
            bounds,
            capacity,
            organisations: BTreeMap::new(),
            running: BTreeMap::new(),
            waiting: ByPriority::default(),
            turns: ByPriority::default(),
            now: 0,
            passed_over: 0,
        }
    }

    /// What the engine that was loaded can do.
    pub(super) fn set_capacity(&mut self, capacity: Capacity) {
        self.capacity = capacity;
    }

    pub(super) fn capacity(&self) -> Capacity {
        self.capacity
    }

    pub(super) fn waiting(&self) -> ByPriority {
        self.waiting
    }

    /// How many of this priority wait.
    pub(super) fn waiting_count(&self, priority: Priority) -> usize {
        usize::try_from(self.waiting.of(priority)).unwrap_or(usize::MAX)
    }

    pub(super) fn turns(&self) -> ByPriority {
        self.turns
    }

    pub(super) fn running_count(&self) -> usize {
        self.running.len()
    }

    /// Lets a request wait.
    ///
    /// # Errors
    /// When as many wait as may.
    pub(super) fn enter(&mut self, job: Job) -> Result<(), Full> {
        if self.waiting_count(job.priority) >= self.bounds.waiting_max {
            return Err(Full::Model);
        }
        let now = self.now;
        let organisation = self.organisations.entry(job.organisation.0).or_default();
        if !organisation.is_active() {
            organisation.time = organisation.time.max(now);
        }
        let organisation_now = organisation.now;
        let person = organisation.people.entry(job.person.0).or_default();
        if person.line(job.priority).len() >= self.bounds.waiting_per_person_max {
            return Err(Full::Person);
        }
        if !person.is_active() {
            person.time = person.time.max(organisation_now);
        }
        *self.waiting.of_mut(job.priority) += 1;
        person.line_mut(job.priority).push_back(job);
        Ok(())
    }

    /// Starts the request whose turn it is, when the engine has room for it.
    pub(super) fn start_next(&mut self) -> Option<u64> {
        let job = self.head()?;
        if !self.has_room(job) {
            return None;
        }
        let job = job.clone();
        self.start(&job);
        Some(job.id)
    }

    fn head(&self) -> Option<&Job> {
        let (interactive, background) = (
            self.head_of(Priority::Interactive),
            self.head_of(Priority::Background),
        );
        match (interactive, background) {
            (Some(_), Some(background)) if self.passed_over >= BACKGROUND_EVERY => Some(background),
            (Some(interactive), _) => Some(interactive),
            (None, background) => background,
        }
    }

    fn head_of(&self, priority: Priority) -> Option<&Job> {
        let heads = self.organisations.values().filter_map(|organisation| {
            let job = organisation.head(priority)?;
            Some(((organisation.time, job.id), job))
        });
        heads.min_by_key(|(key, _)| *key).map(|(_, job)| job)
    }

    /// Whether the engine can take it now. One alone always can: an engine's cache holds a
    /// conversation of full length.
    fn has_room(&self, job: &Job) -> bool {
        if self.running.is_empty() {
            return true;
        }
        let used: u64 = self.running.values().map(|job| u64::from(job.tokens)).sum();
        let sequences = u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        sequences < self.capacity.sequences
            && used.saturating_add(u64::from(job.tokens)) <= self.capacity.cache_tokens
    }

    fn start(&mut self, job: &Job) {
        let background_waits = self.head_of(Priority::Background).is_some();
        self.passed_over = match job.priority {
            Priority::Interactive if background_waits => self.passed_over.saturating_add(1),
            _ => 0,
        };
        let active = self
            .organisations
            .values()
            .filter(|organisation| organisation.is_active());
        let active = (active.count() as u64).max(1);
        let charge = charge(job.tokens, job.organisation.1);
        let Some(organisation) = self.organisations.get_mut(&job.organisation.0) else {
            return;
        };
        let started_at = organisation.time;
        organisation.time = organisation.time.saturating_add(charge);
        organisation.running += 1;
        // The clock moves with the work too, so that a stream of newcomers cannot stop it.
        self.now = self.now.saturating_add(charge / active).max(started_at);
        organisation.start(job);
        *self.waiting.of_mut(job.priority) -= 1;
        *self.turns.of_mut(job.priority) += 1;
        self.running.insert(job.id, job.clone());
    }

    /// Takes a request out, wherever it is; whether it was there.
    pub(super) fn leave(&mut self, id: u64) -> bool {
        if let Some(job) = self.running.remove(&id) {
            if let Some(organisation) = self.organisations.get_mut(&job.organisation.0) {
                organisation.running = organisation.running.saturating_sub(1);
                if let Some(person) = organisation.people.get_mut(&job.person.0) {
                    person.running = person.running.saturating_sub(1);
                }
            }
            self.forget_idle();
            return true;
        }
        let removed = self.remove_waiting(id);
        if let Some(job) = &removed {
            *self.waiting.of_mut(job.priority) -= 1;
            self.forget_idle();
        }
        removed.is_some()
    }

    fn remove_waiting(&mut self, id: u64) -> Option<Job> {
        let people = self
            .organisations
            .values_mut()
            .flat_map(|organisation| organisation.people.values_mut());
        for person in people {
            for line in [&mut person.interactive, &mut person.background] {
                if let Some(place) = line.iter().position(|job| job.id == id) {
                    return line.remove(place);
                }
            }
        }
        None
    }

    /// Notes how many tokens a running request really takes: the rest is credited, what is more is
    /// charged.
    pub(super) fn settle(&mut self, id: u64, tokens: u32) {
        let Some(job) = self.running.get_mut(&id) else {
            return;
        };
        let before = job.tokens;
        job.tokens = tokens;
        let (organisation, person) = (job.organisation, job.person);
        let adjust = |time: u64, weight: Weight| {
            time.saturating_sub(charge(before, weight))
                .saturating_add(charge(tokens, weight))
        };
        if let Some(entry) = self.organisations.get_mut(&organisation.0) {
            entry.time = adjust(entry.time, organisation.1);
            if let Some(entry) = entry.people.get_mut(&person.0) {
                entry.time = adjust(entry.time, person.1);
            }
        }
    }

    /// Who waits, in the order in which they would start if nobody else came.
    pub(super) fn order(&self) -> Vec<u64> {
        let mut ahead = self.clone();
        ahead.capacity = Capacity {
            sequences: u32::MAX,
            cache_tokens: u64::MAX,
        };
        std::iter::from_fn(|| ahead.start_next()).collect()
    }

    /// Forgets parties that neither wait nor run and owe nothing, so that memory stays bounded.
    fn forget_idle(&mut self) {
        let now = self.now;
        for organisation in self.organisations.values_mut() {
            let organisation_now = organisation.now;
            organisation
                .people
                .retain(|_, person| person.is_active() || person.time > organisation_now);
        }
        self.organisations
            .retain(|_, organisation| organisation.is_active() || organisation.time > now);
    }
}

impl Organisation {
    fn start(&mut self, job: &Job) {
        let active = self.people.values().filter(|person| person.is_active());
        let active = (active.count() as u64).max(1);
        let charge = charge(job.tokens, job.person.1);
        if let Some(person) = self.people.get_mut(&job.person.0) {
            let started_at = person.time;
            person.line_mut(job.priority).pop_front();
            person.time = person.time.saturating_add(charge);
            person.running += 1;
            self.now = self.now.saturating_add(charge / active).max(started_at);
        }
    }
}

fn charge(tokens: u32, weight: Weight) -> u64 {
    u64::from(tokens.max(1)) * PER_TOKEN / u64::from(weight.max(1))
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
