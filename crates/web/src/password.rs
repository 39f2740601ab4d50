//! Password hashing: argon2id with the parameters OWASP names (19 MiB, two passes, one lane), off the
//! async threads and at most two at a time, so that logins cannot take the node's memory.

use std::sync::{Arc, OnceLock};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use guildhall_kernel::{Error, Result};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const AT_A_TIME: usize = 2;

fn slots() -> &'static Arc<Semaphore> {
    static SLOTS: OnceLock<Arc<Semaphore>> = OnceLock::new();
    SLOTS.get_or_init(|| Arc::new(Semaphore::new(AT_A_TIME)))
}

/// Hashes a password to its PHC string.
///
/// # Errors
/// `internal` when the random source or a worker thread is gone.
pub async fn hash(password: Zeroizing<String>) -> Result<String> {
    off_thread(move || hash_blocking(&password)).await?
}

/// Hashes on the calling thread: for the command line.
///
/// # Errors
/// `internal` when the random source is gone.
pub fn hash_blocking(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string())
        .map_err(|error| Error::internal("hashing a password").with_source(error.to_string()))
}

/// Whether the password belongs to the hash. Without a hash (no such person) the same work is done on
/// a throw-away one, so that the time taken does not tell who exists.
///
/// # Errors
/// `internal` when a worker thread is gone.
pub async fn verify(password: Zeroizing<String>, stored: Option<String>) -> Result<bool> {
    off_thread(move || {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| nobody().to_owned());
        let Ok(hash) = PasswordHash::new(&stored) else {
            return false;
        };
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
            && known
    })
    .await
}

fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash_blocking(&guildhall_kernel::random_token(16)).unwrap_or_default())
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let slot = Arc::clone(slots()).acquire_owned().await;
    let slot =
        slot.map_err(|error| Error::internal("password workers are gone").with_source(error))?;
    let done = tokio::task::spawn_blocking(move || {
        let result = work();
        drop(slot);
        result
    });
    done.await
        .map_err(|error| Error::internal("a password worker stopped").with_source(error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let hash = hash(Zeroizing::new("correct horse".into())).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            verify(Zeroizing::new("correct horse".into()), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify(Zeroizing::new("wrong horse".into()), Some(hash))
                .await
                .unwrap()
        );
        assert!(
            !verify(Zeroizing::new("anything".into()), None)
                .await
                .unwrap()
        );
    }
}
