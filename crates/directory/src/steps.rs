//! Steps of trying a directory out, as they are told.

use std::sync::{Arc, Mutex, PoisonError};

use guildhall_kernel::Error;

use crate::failure::hint_for;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// As it should.
    Ok,
    /// Not at all.
    Failed,
    /// It was not tried.
    Skipped,
}

/// One step of trying a directory out.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was tried: `settings`, `connect`, `start_tls`, `tls`, `bind`, `base_dn`, `search`, `groups`, `find_person`, `login`,
    /// `person_groups`, `finish`.
    pub name: &'static str,
    /// How it went.
    pub state: StepState,
    /// What was found, or what went wrong.
    pub detail: String,
    /// The way out, when there is one to name.
    pub hint: Option<String>,
    /// How long it took.
    pub milliseconds: u64,
}

/// The steps so far, also of a conversation that is cut.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Vec<Step>>>);

impl Steps {
    fn push(&self, step: Step) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step);
    }

    pub(crate) fn ok(&self, name: &'static str, detail: impl Into<String>, milliseconds: u64) {
        self.push(Step {
            name,
            state: StepState::Ok,
            detail: detail.into(),
            hint: None,
            milliseconds,
        });
    }

    pub(crate) fn failed(&self, name: &'static str, error: &Error, milliseconds: u64) {
        self.wrong(name, error.message(), hint_for(error.code()), milliseconds);
    }

    pub(crate) fn wrong(
        &self,
        name: &'static str,
        detail: &str,
        hint: Option<&str>,
        milliseconds: u64,
    ) {
        self.push(Step {
            name,
            state: StepState::Failed,
            detail: detail.to_owned(),
            hint: hint.map(str::to_owned),
            milliseconds,
        });
    }

    pub(crate) fn skipped(&self, name: &'static str, why: &str) {
        self.push(Step {
            name,
            state: StepState::Skipped,
            detail: why.to_owned(),
            hint: None,
            milliseconds: 0,
        });
    }

    pub(crate) fn taken(&self) -> Vec<Step> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
