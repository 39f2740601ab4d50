//! Failed logins and second steps, counted, and how often somebody may ask for an account.

use std::sync::Arc;

use guildhall_kernel::{Clock, PersonId, Result, Timestamp};
use guildhall_web::rate_limit::{BackOff, Penalty, Rate, RateLimiter};
use sha2::{Digest, Sha256};

/// How many accounts and addresses are remembered.
const KEYS_MAX: usize = 50_000;
/// Five accounts at once from one address, then one in ten minutes.
const SIGN_UPS: Rate = Rate {
    burst: 5,
    refill_ms: 10 * 60_000,
};

/// Five links at once asked for from one address, then one in ten minutes.
const RESETS: Rate = Rate {
    burst: 5,
    refill_ms: 10 * 60_000,
};
/// Three mails at once to one address that strangers ask for, then one in ten minutes: nobody's mailbox is flooded.
const MAILS: Rate = Rate {
    burst: 3,
    refill_ms: 10 * 60_000,
};

/// An account by the digest of what somebody calls it: strangers choose how long that is, so it is not kept itself.
type Account = [u8; 32];

fn account(email: &str) -> Account {
    Sha256::digest(email.as_bytes()).into()
}

/// Failed logins, counted by account and by address.
pub struct LoginLimits {
    by_account: BackOff<Account>,
    by_address: BackOff<String>,
    /// Wrong second factors by person. A right password does not clear it, or a thief of the password
    /// could go on guessing.
    second_steps: BackOff<PersonId>,
    sign_ups: RateLimiter<String>,
    resets: RateLimiter<String>,
    mails: RateLimiter<String>,
}

impl LoginLimits {
    /// Five free attempts an account and twenty an address, then a wait that doubles up to 15 minutes.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let patient = Penalty {
            free_failures: 20,
            ..Penalty::default()
        };
        Self {
            by_account: BackOff::new(Penalty::default(), KEYS_MAX, Arc::clone(&clock)),
            by_address: BackOff::new(patient, KEYS_MAX, Arc::clone(&clock)),
            second_steps: BackOff::new(Penalty::default(), KEYS_MAX, Arc::clone(&clock)),
            sign_ups: RateLimiter::new(SIGN_UPS, KEYS_MAX, Arc::clone(&clock)),
            resets: RateLimiter::new(RESETS, KEYS_MAX, Arc::clone(&clock)),
            mails: RateLimiter::new(MAILS, KEYS_MAX, clock),
        }
    }

    /// Begins an attempt, which counts as failed until [`LoginLimits::succeeded`]. The address goes first: one that
    /// is refused must neither fill the memory with accounts nor lock anybody out.
    pub(super) fn attempt(&self, email: &str, address: &str) -> Result<()> {
        self.by_address.attempt(&address.to_owned())?;
        self.by_account.attempt(&account(email))
    }

    pub(super) fn succeeded(&self, email: &str, address: &str) {
        self.by_account.succeeded(&account(email));
        self.by_address.succeeded(&address.to_owned());
    }

    /// Begins an attempt of somebody who names no account.
    pub(super) fn attempt_from(&self, address: &str) -> Result<()> {
        self.by_address.attempt(&address.to_owned())
    }

    pub(super) fn succeeded_from(&self, address: &str) {
        self.by_address.succeeded(&address.to_owned());
    }

    /// Begins a second step, which counts as failed until [`LoginLimits::second_step_succeeded`].
    pub(super) fn attempt_second_step(&self, person: PersonId) -> Result<()> {
        self.second_steps.attempt(&person)
    }

    pub(super) fn second_step_succeeded(&self, person: PersonId) {
        self.second_steps.succeeded(&person);
    }

    /// Takes one request for an account from the address's allowance.
    pub(super) fn attempt_sign_up(&self, address: &str) -> Result<()> {
        self.sign_ups.check(&address.to_owned())
    }

    /// Takes one link that sets a new password from the allowance of the address that asks.
    pub(super) fn attempt_password_reset(&self, address: &str) -> Result<()> {
        self.resets.check(&address.to_owned())
    }

    /// Takes one mail from the allowance of whom it goes to, whether they have an account or not.
    pub(super) fn attempt_mail(&self, email: &str) -> Result<()> {
        self.mails.check(&email.to_owned())
    }

    /// Forgets wrong passwords of the account, but not wrong second factors.
    pub(super) fn forgive_password(&self, email: &str) {
        self.by_account.succeeded(&account(email));
    }

    /// Until when the account's next attempt is refused; `None` when one may come now.
    pub(super) fn locked_until(&self, person: PersonId, email: &str) -> Option<Timestamp> {
        let by_password = self.by_account.refused_until(&account(email));
        by_password.max(self.second_steps.refused_until(&person))
    }

    /// Forgets what failed for the account: an administrator vouches for it.
    pub(super) fn unlock(&self, person: PersonId, email: &str) {
        self.by_account.succeeded(&account(email));
        self.second_steps.succeeded(&person);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::FixedClock;

    use super::*;

    #[test]
    fn a_refused_address_locks_nobody_out() {
        let limits = LoginLimits::new(Arc::new(FixedClock::at_millis(0)));
        for number in 0..20 {
            limits
                .attempt(&format!("{number}@example.test"), "bad")
                .unwrap();
        }
        for _ in 0..50 {
            limits.attempt("ada@example.test", "bad").unwrap_err();
        }
        let person = PersonId::new(&FixedClock::at_millis(0));
        assert_eq!(limits.locked_until(person, "ada@example.test"), None);
        limits.attempt("ada@example.test", "good").unwrap();
    }
}
