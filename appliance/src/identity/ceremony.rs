//! Logins and registrations that are half done: what the node remembers between their two steps, in memory
//! and for five minutes. A restart forgets them; whoever is in the middle begins again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_kernel::{Clock, Error, PersonId, Result, Timestamp, random_token};

const LIFE_SECONDS: i64 = 5 * 60;
/// How many of each kind may be half done; the oldest gives way.
const OPEN_MAX: usize = 10_000;
const TOKEN_BYTES: usize = 20;
const NONCE_BYTES: usize = 32;
/// Wrong answers that one challenge takes.
const TRIES_MAX: u32 = 5;

/// What an authenticator must sign, once.
pub(super) type Nonce = [u8; NONCE_BYTES];

/// A login that has passed its first step.
#[derive(Clone)]
pub(super) struct SecondStep {
    pub(super) person: PersonId,
    pub(super) nonce: Nonce,
    /// The stored password that was proven: with another one the step is void.
    pub(super) password_hash: String,
    /// The invitation to accept with it, by the hash of its token.
    pub(super) invitation: Option<String>,
}

/// A passkey about to be registered.
#[derive(Clone)]
pub(super) struct Registration {
    pub(super) person: PersonId,
    pub(super) nonce: Nonce,
}

/// Everything that is half done.
pub struct Ceremonies {
    pub(super) second_steps: Half<SecondStep>,
    pub(super) passkey_logins: Half<Nonce>,
    pub(super) registrations: Half<Registration>,
}

impl Ceremonies {
    /// Nothing is half done yet.
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            second_steps: Half::new(Arc::clone(clock)),
            passkey_logins: Half::new(Arc::clone(clock)),
            registrations: Half::new(Arc::clone(clock)),
        }
    }
}

/// What is half done, by the secret that its second half names it by.
pub(super) struct Half<T> {
    clock: Arc<dyn Clock>,
    open: Mutex<Open<T>>,
}

struct Open<T> {
    entries: HashMap<String, Entry<T>>,
    /// Oldest first.
    order: VecDeque<(Timestamp, String)>,
}

/// One thing half done, taken out to be finished.
pub(super) struct Entry<T> {
    pub(super) what: T,
    expires_at: Timestamp,
    tries: u32,
}

impl<T> Half<T> {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let open = Open {
            entries: HashMap::new(),
            order: VecDeque::new(),
        };
        Self {
            clock,
            open: Mutex::new(open),
        }
    }

    /// Remembers the first half and names it.
    pub(super) fn begin(&self, what: T) -> String {
        let now = self.clock.now();
        let (token, expires_at) = (random_token(TOKEN_BYTES), now.plus_seconds(LIFE_SECONDS));
        let mut open = self.lock();
        while let Some((end, oldest)) = open.order.front()
            && (*end <= now || open.order.len() >= OPEN_MAX)
        {
            let oldest = oldest.clone();
            open.entries.remove(&oldest);
            open.order.pop_front();
        }
        let entry = Entry {
            what,
            expires_at,
            tries: 0,
        };
        open.entries.insert(token.clone(), entry);
        open.order.push_back((expires_at, token.clone()));
        token
    }

    /// Takes the first half out, so that nobody else can finish it meanwhile.
    ///
    /// # Errors
    /// `challenge_expired` when it is unknown, used or older than five minutes.
    pub(super) fn take(&self, token: &str) -> Result<Entry<T>> {
        let now = self.clock.now();
        let entry = self.lock().entries.remove(token);
        entry
            .filter(|entry| entry.expires_at > now)
            .ok_or_else(challenge_expired)
    }

    /// Gives a first half back after a wrong answer, as long as it has tries left.
    pub(super) fn put_back(&self, token: &str, mut entry: Entry<T>) {
        entry.tries += 1;
        if entry.tries < TRIES_MAX {
            self.keep(token, entry);
        }
    }

    /// Gives a first half back as it was: nothing was tried.
    pub(super) fn keep(&self, token: &str, entry: Entry<T>) {
        self.lock().entries.insert(token.to_owned(), entry);
    }

    fn lock(&self) -> MutexGuard<'_, Open<T>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 random bytes for an authenticator to sign.
///
/// # Errors
/// `internal` when the random source does not answer.
pub(super) fn nonce() -> Result<Nonce> {
    let mut nonce = [0_u8; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|error| {
        Error::internal("the system's random source does not answer").with_source(error)
    })?;
    Ok(nonce)
}

/// The answer to a second half without a first one.
pub(super) fn challenge_expired() -> Error {
    Error::unauthenticated(
        "challenge_expired",
        "this took too long or was tried too often; begin again",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_kernel::FixedClock;

    use super::*;

    #[test]
    fn a_half_is_finished_once_in_time_and_with_few_tries() {
        let clock = Arc::new(FixedClock::at_millis(0));
        let half: Half<u8> = Half::new(Arc::clone(&clock) as _);
        let token = half.begin(7);
        assert_eq!(half.take(&token).unwrap().what, 7);
        assert!(half.take(&token).is_err(), "used");

        let token = half.begin(8);
        for _ in 1..TRIES_MAX {
            let entry = half.take(&token).unwrap();
            half.put_back(&token, entry);
        }
        let entry = half.take(&token).unwrap();
        half.put_back(&token, entry);
        assert!(half.take(&token).is_err(), "tried too often");

        let token = half.begin(9);
        clock.advance_seconds(LIFE_SECONDS);
        assert!(half.take(&token).is_err(), "too old");
    }

    #[test]
    fn memory_is_bounded() {
        let half: Half<usize> = Half::new(Arc::new(FixedClock::at_millis(0)));
        let first = half.begin(0);
        for number in 1..=OPEN_MAX {
            half.begin(number);
        }
        assert!(half.take(&first).is_err());
        assert!(half.lock().entries.len() <= OPEN_MAX);
    }
}
