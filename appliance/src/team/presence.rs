//! Who is writing an answer right now. In memory only: after a restart nobody is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use guildhall_kernel::VeId;

/// Counts the answers each employee is writing. A cheap clone.
#[derive(Clone, Default)]
pub struct Presence(Arc<Mutex<HashMap<VeId, usize>>>);

impl Presence {
    /// Marks the employee as busy until the guard is dropped.
    pub fn begin(&self, ve: VeId) -> Busy {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(ve).or_default() += 1;
        Busy {
            presence: self.clone(),
            ve,
        }
    }

    /// Whether the employee is writing an answer.
    pub fn is_busy(&self, ve: VeId) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&ve)
    }
}

/// Keeps an employee marked as busy.
pub struct Busy {
    presence: Presence,
    ve: VeId,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut answers = self
            .presence
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = answers.get_mut(&self.ve) {
            *count -= 1;
            if *count == 0 {
                answers.remove(&self.ve);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use guildhall_kernel::SystemClock;

    use super::*;

    #[test]
    fn an_employee_is_busy_until_its_last_answer_ends() {
        let presence = Presence::default();
        let ve = VeId::new(&SystemClock);
        let first = presence.begin(ve);
        let second = presence.begin(ve);
        drop(first);
        assert!(presence.is_busy(ve));
        drop(second);
        assert!(!presence.is_busy(ve));
    }
}
