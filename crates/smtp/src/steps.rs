//! Steps of sending a mail, as they are told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guildhall_kernel::Error;

use crate::hint_for;

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

/// One step of sending a mail.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was tried: `settings`, `connect`, `greeting`, `start_tls`, `tls`, `login`, `sender`, `recipient`, `message`.
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

impl Step {
    /// A step that failed, with the way out.
    pub fn failed(name: &'static str, error: &Error, milliseconds: u64) -> Self {
        Self {
            name,
            state: StepState::Failed,
            detail: error.message().to_owned(),
            hint: hint_for(error.code()).map(str::to_owned),
            milliseconds,
        }
    }

    /// A step that was not tried.
    pub(crate) fn skipped(name: &'static str, why: &str) -> Self {
        Self::plain(name, StepState::Skipped, why.to_owned(), 0)
    }

    fn plain(name: &'static str, state: StepState, detail: String, milliseconds: u64) -> Self {
        Self {
            name,
            state,
            detail,
            hint: None,
            milliseconds,
        }
    }
}

/// The steps so far, also of a conversation that is cut.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Vec<Step>>>);

impl Steps {
    fn list(&self) -> MutexGuard<'_, Vec<Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ok(&self, name: &'static str, detail: impl Into<String>, milliseconds: u64) {
        let step = Step::plain(name, StepState::Ok, detail.into(), milliseconds);
        self.list().push(step);
    }

    pub(crate) fn failed(&self, name: &'static str, error: &Error, milliseconds: u64) {
        self.list().push(Step::failed(name, error, milliseconds));
    }

    pub(crate) fn skipped(&self, name: &'static str, why: &str) {
        self.list().push(Step::skipped(name, why));
    }

    pub(crate) fn count(&self) -> usize {
        self.list().len()
    }

    pub(crate) fn taken(&self) -> Vec<Step> {
        std::mem::take(&mut *self.list())
    }
}
