//! Guesses the next tokens from what was said already (prompt lookup decoding, Saxena 2023):
//! answers that quote their prompt repeat long pieces of it. Every guess is checked by the model
//! before it counts, so answers are the same with and without.

use llama_cpp_2::token::LlamaToken;

/// Length of the piece that must recur.
const KEY_LENGTH: usize = 3;
/// Most tokens that are guessed at once.
const GUESSES_MAX: usize = 6;
/// How far back recurrences are looked for, in tokens.
const WINDOW: usize = 8_192;
/// Guesses after which it is judged whether guessing pays.
const TRIAL: u32 = 24;
/// A guess that fails costs about as much as one that holds saves.
const SHARE_MIN: f64 = 0.6;
/// Tokens without guesses after a trial that failed.
const PAUSE: u32 = 128;

/// Guesses for one answer, and whether they paid.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    pub(super) drafted: u32,
    pub(super) accepted: u32,
    trial: (u32, u32),
    pause: u32,
}

impl Lookup {
    /// Guesses what follows `tokens` and `next`; at most `most` tokens, often none.
    pub(super) fn guess(
        &mut self,
        tokens: &[LlamaToken],
        next: LlamaToken,
        most: usize,
    ) -> Vec<LlamaToken> {
        if self.pause > 0 {
            self.pause -= 1;
            return Vec::new();
        }
        let tokens = tokens
            .get(tokens.len().saturating_sub(WINDOW)..)
            .unwrap_or_default();
        let Some((_, before)) = tokens
            .len()
            .checked_sub(KEY_LENGTH - 1)
            .and_then(|start| tokens.split_at_checked(start))
        else {
            return Vec::new();
        };
        // The latest recurrence: the present topic is the likeliest to go on.
        let found = (KEY_LENGTH..tokens.len()).rev().find(|end| {
            let Some((last, rest)) = tokens
                .get(end - KEY_LENGTH..*end)
                .and_then(<[_]>::split_last)
            else {
                return false;
            };
            *last == next && rest == before
        });
        let follows = found.and_then(|end| tokens.get(end..)).unwrap_or_default();
        follows
            .get(..most.min(GUESSES_MAX).min(follows.len()))
            .unwrap_or_default()
            .to_vec()
    }

    /// Learns how many of `drafted` guesses held.
    pub(super) fn observe(&mut self, drafted: usize, accepted: usize) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.drafted += count(drafted);
        self.accepted += count(accepted);
        self.trial.0 += count(drafted);
        self.trial.1 += count(accepted);
        if self.trial.0 >= TRIAL {
            if f64::from(self.trial.1) < f64::from(self.trial.0) * SHARE_MIN {
                self.pause = PAUSE;
            }
            self.trial = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(numbers: &[i32]) -> Vec<LlamaToken> {
        numbers
            .iter()
            .map(|number| LlamaToken::new(*number))
            .collect()
    }

    fn guess(lookup: &mut Lookup, numbers: &[i32], next: i32, most: usize) -> Vec<LlamaToken> {
        lookup.guess(&tokens(numbers), LlamaToken::new(next), most)
    }

    #[test]
    fn the_latest_recurrence_is_continued() {
        let mut lookup = Lookup::default();
        let said = [1, 2, 3, 4, 5, 9, 1, 2, 3, 7, 8, 9, 1, 2];
        assert_eq!(guess(&mut lookup, &said, 3, 3), tokens(&[7, 8, 9]));
        assert_eq!(guess(&mut lookup, &said, 6, 3), tokens(&[]));
        assert_eq!(guess(&mut lookup, &[1], 2, 3), tokens(&[]));
        assert_eq!(guess(&mut lookup, &said, 3, 0), tokens(&[]));
    }

    #[test]
    fn guessing_pauses_when_it_does_not_pay() {
        let mut lookup = Lookup::default();
        let said = [1, 2, 3, 4, 5, 1, 2];
        lookup.observe(24, 20);
        assert!(!guess(&mut lookup, &said, 3, 2).is_empty());
        lookup.observe(24, 3);
        for _ in 0..PAUSE {
            assert!(guess(&mut lookup, &said, 3, 2).is_empty());
        }
        assert!(!guess(&mut lookup, &said, 3, 2).is_empty());
        assert_eq!((lookup.drafted, lookup.accepted), (48, 23));
    }
}
