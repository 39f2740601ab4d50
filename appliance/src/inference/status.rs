//! What a model shows of itself, and when one that failed is tried again.

use std::time::{Duration, Instant};

use guildhall_kernel::{Error, ErrorKind, Timestamp};

use super::model::{ModelError, ModelState};

/// The code of an engine's death.
pub(super) const ENGINE_STOPPED: &str = "engine_stopped";
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What a slot shows of itself.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) state: ModelState,
    /// What it is doing, for people.
    pub(super) detail: Option<String>,
    /// Memory it takes, or will take once it is loaded.
    pub(super) memory_bytes: Option<u64>,
    pub(super) context_length: Option<u32>,
    pub(super) loaded_at: Option<Timestamp>,
    pub(super) tokens_per_second: Option<f64>,
    pub(super) has_tool_template: Option<bool>,
    pub(super) notes: Vec<String>,
    pub(super) error: Option<ModelError>,
    failures: u32,
    failed_at: Option<Instant>,
    /// Whether trying again without changing anything may work.
    is_passing: bool,
    pub(super) used_at: Instant,
}

impl Status {
    pub(super) fn new() -> Self {
        Self {
            state: ModelState::Unloaded,
            detail: None,
            memory_bytes: None,
            context_length: None,
            loaded_at: None,
            tokens_per_second: None,
            has_tool_template: None,
            notes: Vec::new(),
            error: None,
            failures: 0,
            failed_at: None,
            is_passing: true,
            used_at: Instant::now(),
        }
    }

    /// Notes that loading begins.
    pub(super) fn begin_loading(&mut self, memory_bytes: u64) {
        self.state = ModelState::Loading;
        self.detail = Some("Reading the file into memory".to_owned());
        self.memory_bytes = Some(memory_bytes);
        self.error = None;
    }

    /// Notes that the model is not in memory and nothing is wrong.
    pub(super) fn unload(&mut self) {
        self.state = ModelState::Unloaded;
        (self.detail, self.memory_bytes, self.loaded_at) = (None, None, None);
        self.error = None;
        self.forgive();
    }

    /// Notes a failure: the next try waits longer than the last one.
    pub(super) fn fail(&mut self, error: &Error) {
        let shown = error.body("").error;
        // What an engine wrote before it died stands behind its error.
        let last_words = std::error::Error::source(error).map(ToString::to_string);
        let last_words = last_words.filter(|_| error.code() == ENGINE_STOPPED);
        self.state = ModelState::Failed;
        (self.detail, self.memory_bytes, self.loaded_at) = (None, None, None);
        self.error = Some(ModelError {
            code: shown.code,
            message: shown.message,
            last_words,
        });
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(Instant::now());
        self.is_passing = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Internal);
    }

    /// Notes that it works again.
    pub(super) fn forgive(&mut self) {
        (self.failures, self.failed_at, self.is_passing) = (0, None, true);
    }

    /// How long until a failed model may be started again.
    pub(super) fn wait_left(&self) -> Duration {
        let Some(failed_at) = self.failed_at else {
            return Duration::ZERO;
        };
        let doublings = self.failures.saturating_sub(1).min(10);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        wait.saturating_sub(failed_at.elapsed())
    }

    /// Whether asking it makes no sense now: it failed, and either trying again changes nothing or the
    /// next try is a while off.
    pub(super) fn is_down(&self) -> bool {
        let waits = self.failures > 1 && !self.wait_left().is_zero();
        self.state == ModelState::Failed && (!self.is_passing || waits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_are_forgiven() {
        let mut status = Status::new();
        let crash = Error::unavailable("engine_stopped", "it stopped", 2);
        let mut waits = Vec::new();
        for _ in 0..8 {
            status.fail(&crash);
            waits.push(status.wait_left().as_secs_f64().ceil() as u64);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(status.is_down());
        status.unload();
        assert!(!status.is_down() && status.wait_left().is_zero());
    }

    #[test]
    fn one_crash_is_tried_again_and_a_bad_file_is_not() {
        let mut status = Status::new();
        status.fail(&Error::unavailable("engine_stopped", "it stopped", 2));
        assert!(!status.is_down());
        status.unload();
        status.fail(&Error::conflict("model_corrupt", "it is corrupt"));
        assert!(status.is_down());
    }
}
