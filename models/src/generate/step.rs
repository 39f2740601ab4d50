//! What a step computes: whose tokens, and how many of each.

use llama_cpp_2::token::LlamaToken;

use super::plan::divide;
use super::run::Run;
use super::schedule::Scheduler;

/// With more answers at once the processor is busy enough without guesses.
const GUESSING_RUNS_MAX: usize = 4;
/// Prompt tokens per step of a seeded request that is computed alone: always the same, so that
/// rounding, and with it the answer, is the same every time.
const SEEDED_TOKENS: usize = 32;

/// A request's part of a step.
pub(super) struct Share {
    pub(super) run: usize,
    pub(super) tokens: Vec<LlamaToken>,
    /// Whether it is the answer that goes on, not the prompt.
    pub(super) writes: bool,
    /// Tokens in the cache before the step.
    pub(super) held: usize,
    /// Place of its first token in the batch.
    pub(super) place: usize,
}

impl Scheduler<'_> {
    /// Decides what the next step computes.
    pub(super) fn plan(&mut self) -> Vec<Share> {
        let group = self.group();
        let guessing = group.len() <= GUESSING_RUNS_MAX && self.parts.can_cut;
        let mut shares = Vec::new();
        let mut reading = Vec::new();
        for place in group {
            let Some(run) = self.runs.get_mut(place) else {
                continue;
            };
            let tokens = self.cache.tokens(run.sequence);
            let held = tokens.len();
            let Some(next) = run.next else {
                reading.push((place, held));
                continue;
            };
            let mut parts = vec![next];
            if guessing {
                let most = run.guesses_max(held, self.parts.language.context_length);
                parts.extend(run.lookup.guess(tokens, next, most));
            }
            shares.push(Share {
                run: place,
                tokens: parts,
                writes: true,
                held,
                place: 0,
            });
        }
        self.plan_reading(&reading, &mut shares);
        let mut place = 0;
        for share in &mut shares {
            share.place = place;
            place += share.tokens.len();
        }
        shares
    }

    /// Divides what is left of the step among the prompts being read.
    fn plan_reading(&mut self, reading: &[(usize, usize)], shares: &mut Vec<Share>) {
        let writing: usize = shares.iter().map(|share| share.tokens.len()).sum();
        let wants: Vec<usize> = reading
            .iter()
            .map(|(place, held)| self.runs.get(*place).map_or(0, |run| left(run, *held)))
            .collect();
        let budget = if self.is_repeatable() {
            SEEDED_TOKENS
        } else {
            let alone = self.runs.len() == 1 && self.parts.queue.waiting() == 0;
            self.sizer.prompt_tokens(writing, alone)
        };
        let start = usize::try_from(self.steps).unwrap_or(0);
        let lengths = divide(budget, &wants, start);
        for ((place, held), length) in reading.iter().zip(lengths) {
            let part = self
                .runs
                .get(*place)
                .and_then(|run| run.prompt.get(*held..held + length));
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                shares.push(Share {
                    run: *place,
                    tokens: part.to_vec(),
                    writes: false,
                    held: *held,
                    place: 0,
                });
            }
        }
    }

    /// The requests of the next step: one that failed among others, or those of one adapter, in
    /// turns.
    fn group(&mut self) -> Vec<usize> {
        while let Some(request_id) = self.alone.pop_front() {
            let place = self
                .runs
                .iter()
                .position(|run| run.request_id == request_id);
            if let Some(place) = place {
                return vec![place];
            }
        }
        let mut adapters: Vec<Option<usize>> = self.runs.iter().map(|run| run.adapter).collect();
        adapters.sort_unstable();
        adapters.dedup();
        let turn = usize::try_from(self.steps).unwrap_or(0) % adapters.len().max(1);
        let chosen = adapters.get(turn).copied().flatten();
        let runs = self.runs.iter().enumerate();
        runs.filter(|(_, run)| run.adapter == chosen)
            .map(|(place, _)| place)
            .collect()
    }
}

/// Prompt tokens that a request has to read before the next stop.
fn left(run: &Run, held: usize) -> usize {
    let end = match run.save_at {
        Some(save_at) if save_at > held => save_at,
        _ => run.prompt.len(),
    };
    end.saturating_sub(held)
}
