//! How the tokens of one computing step are divided.
//!
//! Every answer being written gets its token in every step. What is left of the step's time goes
//! to the prompts being read, in equal shares, so that nobody's long prompt stalls the others:
//! neither those who wait for the next word nor those with a short question.

use std::time::Duration;

/// Most tokens of one step.
pub(super) const STEP_TOKENS_MAX: usize = 512;
/// How long a step may take while somebody waits for the next word. Less than the 100 ms that are
/// promised, because measurements scatter.
const STEP_TARGET_WRITING: Duration = Duration::from_millis(70);
/// How long a step over several prompts should take, so that cancelling is quick and who comes is let in soon.
const STEP_TARGET_READING: Duration = Duration::from_secs(1);
/// The same for somebody who is alone with the model. Shorter steps read the weights more often: on two cores steps of 250 ms
/// read a prompt of 512 tokens a third slower than one step does.
const STEP_TARGET_ALONE: Duration = Duration::from_secs(3);
/// What counts as a stall while an answer is being written.
pub(super) const SLOW_STEP: Duration = Duration::from_millis(100);
/// Prompt tokens of the first step, before the machine's speed is known.
const FIRST_TOKENS: usize = 32;
/// Fewer are not worth a prompt's share of a step.
pub(super) const SHARE_MIN: usize = 8;
/// Weight of the newest measurement.
const NEWEST: f64 = 0.4;

/// Sizes steps by how long the ones before took.
#[derive(Debug, Default)]
pub(super) struct StepSizer {
    /// Seconds of a step without prompt tokens.
    writing_seconds: f64,
    /// Seconds that one more prompt token costs; 0 before the first measurement.
    token_seconds: f64,
    /// Prompt tokens of the longest step since one that took too long.
    last_tokens: usize,
}

impl StepSizer {
    /// How many prompt tokens the next step may take, when `writing` tokens of answers are in it, or only one prompt and
    /// nobody else waits (`alone`).
    pub(super) fn prompt_tokens(&self, writing: usize, alone: bool) -> usize {
        let most = STEP_TOKENS_MAX.saturating_sub(writing);
        if self.token_seconds <= 0.0 {
            return FIRST_TOKENS.min(most);
        }
        let room = if writing > 0 {
            STEP_TARGET_WRITING.as_secs_f64() - self.writing_seconds
        } else if alone {
            STEP_TARGET_ALONE.as_secs_f64()
        } else {
            STEP_TARGET_READING.as_secs_f64()
        };
        let wanted = (room / self.token_seconds).clamp(0.0, STEP_TOKENS_MAX as f64);
        // A measurement may be a lucky one, and the more people wait, the worse is a long step.
        let growth = match (writing, alone) {
            (0, true) => 8,
            (0, false) => 4,
            _ => 2,
        };
        // Exact: at most 512.
        let wanted = (wanted as usize).min(self.last_tokens.max(SHARE_MIN) * growth);
        wanted.max(SHARE_MIN).min(most)
    }

    /// Learns from a step of `prompt` prompt tokens and `writing` tokens of answers.
    pub(super) fn observe(&mut self, prompt: usize, writing: usize, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        if prompt == 0 {
            blend(&mut self.writing_seconds, seconds);
            return;
        }
        // What was short because there was no more to read says nothing against longer steps.
        let kept_its_time = elapsed <= STEP_TARGET_ALONE;
        self.last_tokens = if kept_its_time {
            self.last_tokens.max(prompt)
        } else {
            prompt
        };
        let base = if writing > 0 {
            self.writing_seconds
        } else {
            0.0
        };
        // At least a share of the step, also when the answers alone took longer the last time.
        let cost = (seconds - base).max(seconds * 0.1) / prompt as f64;
        blend(&mut self.token_seconds, cost.max(1e-9));
    }
}

fn blend(mean: &mut f64, newest: f64) {
    *mean = if *mean <= 0.0 {
        newest
    } else {
        *mean * (1.0 - NEWEST) + newest * NEWEST
    };
}

/// Divides `tokens` among prompts that have `wants` left, in equal shares. When there are more
/// prompts than shares of [`SHARE_MIN`], those from `start` on are served and the others wait
/// for a later step with another `start`.
pub(super) fn divide(tokens: usize, wants: &[usize], start: usize) -> Vec<usize> {
    let mut shares = vec![0; wants.len()];
    if wants.is_empty() {
        return shares;
    }
    let served = (tokens / SHARE_MIN).clamp(1, wants.len());
    let mut places: Vec<usize> = (0..wants.len())
        .map(|place| (start + place) % wants.len())
        .take(served)
        .collect();
    // The smallest first: what they do not need is for the others.
    places.sort_by_key(|place| wants.get(*place).copied());
    let mut left = tokens;
    for (index, place) in places.iter().enumerate() {
        let share = left.div_ceil(places.len() - index).min(left);
        let (Some(want), Some(slot)) = (wants.get(*place), shares.get_mut(*place)) else {
            continue;
        };
        *slot = share.min(*want);
        left -= *slot;
    }
    shares
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A machine that takes 20 ms for a step and `token` more for each prompt token.
    fn run(steps: usize, token: Duration, writing: usize) -> Vec<(usize, Duration)> {
        let mut sizer = StepSizer::default();
        sizer.observe(0, 1, Duration::from_millis(20));
        let base = Duration::from_millis(if writing > 0 { 20 } else { 0 });
        (0..steps)
            .map(|_| {
                let tokens = sizer.prompt_tokens(writing, false);
                let elapsed = base + token * u32::try_from(tokens).unwrap_or(u32::MAX);
                sizer.observe(tokens, writing, elapsed);
                (tokens, elapsed)
            })
            .collect()
    }

    #[test]
    fn no_step_stalls_an_answer_for_more_than_100_ms() {
        for microseconds in [10, 100, 500, 1_000, 2_000] {
            let steps = run(50, Duration::from_micros(microseconds), 4);
            for (step, (tokens, elapsed)) in steps.iter().enumerate() {
                assert!(
                    *elapsed <= SLOW_STEP,
                    "step {step}: {tokens} in {elapsed:?}"
                );
            }
            // And the time there is gets used.
            let (tokens, elapsed) = steps[49];
            assert!(
                elapsed >= Duration::from_millis(60) || tokens == STEP_TOKENS_MAX - 4,
                "{tokens} in {elapsed:?}"
            );
        }
    }

    #[test]
    fn a_machine_that_becomes_slow_gets_shorter_steps() {
        let mut sizer = StepSizer::default();
        for _ in 0..20 {
            let tokens = sizer.prompt_tokens(0, false);
            sizer.observe(tokens, 0, Duration::from_micros(100) * tokens as u32);
        }
        assert_eq!(sizer.prompt_tokens(0, false), STEP_TOKENS_MAX);
        for _ in 0..10 {
            let tokens = sizer.prompt_tokens(0, false);
            sizer.observe(tokens, 0, Duration::from_millis(10) * tokens as u32);
        }
        assert!(sizer.prompt_tokens(0, false) <= 110, "{sizer:?}");
    }

    #[test]
    fn who_is_alone_reads_in_longer_steps() {
        let mut sizer = StepSizer::default();
        for _ in 0..10 {
            let tokens = sizer.prompt_tokens(0, true);
            sizer.observe(tokens, 0, Duration::from_millis(10) * tokens as u32);
        }
        assert!(
            (290..=310).contains(&sizer.prompt_tokens(0, true)),
            "{sizer:?}"
        );
        assert!(
            (90..=110).contains(&sizer.prompt_tokens(0, false)),
            "{sizer:?}"
        );
    }

    proptest! {
        #[test]
        fn shares_are_bounded_and_nobody_starves(
            tokens in 1_usize..512,
            wants in proptest::collection::vec(1_usize..2_000, 1..64),
        ) {
            let mut served = vec![false; wants.len()];
            for start in 0..wants.len() {
                let shares = divide(tokens, &wants, start);
                prop_assert!(shares.iter().sum::<usize>() <= tokens);
                for (place, share) in shares.iter().enumerate() {
                    prop_assert!(*share <= wants[place]);
                    served[place] |= *share > 0;
                }
            }
            prop_assert!(served.iter().all(|served| *served));
        }

        #[test]
        fn equal_wants_get_equal_shares(tokens in 64_usize..512, count in 1_usize..8) {
            let shares = divide(tokens, &vec![1_000; count], 0);
            let most = shares.iter().max().copied().unwrap_or(0);
            let least = shares.iter().min().copied().unwrap_or(0);
            prop_assert!(most - least <= 1);
            prop_assert_eq!(shares.iter().sum::<usize>(), tokens);
        }
    }
}
