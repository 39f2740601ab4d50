//! Steps of trying a server out, as they are told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use guildhall_kernel::Error;

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

/// One step of trying a server out.
#[derive(Clone, Debug)]
pub struct Step {
    /// What was tried, for example `connect`, `tls`, `bind`, `recipient`; the crate that tries says which there are.
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
    /// A step that was not tried.
    pub fn skipped(name: &'static str, why: &str) -> Self {
        Self {
            name,
            state: StepState::Skipped,
            detail: why.to_owned(),
            hint: None,
            milliseconds: 0,
        }
    }
}

/// The steps so far, also of a trial that is cut. Clones share them.
#[derive(Clone)]
pub struct Steps {
    taken: Arc<Mutex<Vec<Step>>>,
    hint_for: fn(&str) -> Option<&'static str>,
}

impl Steps {
    /// No steps yet. `hint_for` names the way out of an error by its code.
    pub fn new(hint_for: fn(&str) -> Option<&'static str>) -> Self {
        Self {
            taken: Arc::default(),
            hint_for,
        }
    }

    /// A step went as it should.
    pub fn ok(&self, name: &'static str, detail: impl Into<String>, milliseconds: u64) {
        self.list().push(Step {
            name,
            state: StepState::Ok,
            detail: detail.into(),
            hint: None,
            milliseconds,
        });
    }

    /// A step failed, with the way out that is known for its error.
    pub fn failed(&self, name: &'static str, error: &Error, milliseconds: u64) {
        let hint = (self.hint_for)(error.code());
        self.wrong(name, error.message(), hint, milliseconds);
    }

    /// A step failed, with a way out of its own.
    pub fn wrong(&self, name: &'static str, detail: &str, hint: Option<&str>, milliseconds: u64) {
        self.list().push(Step {
            name,
            state: StepState::Failed,
            detail: detail.to_owned(),
            hint: hint.map(str::to_owned),
            milliseconds,
        });
    }

    /// A step was not tried.
    pub fn skipped(&self, name: &'static str, why: &str) {
        self.list().push(Step::skipped(name, why));
    }

    /// How many steps there are.
    pub fn count(&self) -> usize {
        self.list().len()
    }

    /// The steps, in their order; none are left.
    pub fn taken(&self) -> Vec<Step> {
        std::mem::take(&mut *self.list())
    }

    fn list(&self) -> MutexGuard<'_, Vec<Step>> {
        // No code that holds the lock can leave the list half changed.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
