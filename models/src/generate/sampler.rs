//! Picks tokens: from the model's scores, by the request's sampling and its constraint.

use guildhall_engine_protocol::{Failure, Sampling, TopLogprob, codes};
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;
use llama_cpp_2::token::logit_bias::LlamaLogitBias;
use llguidance::Matcher;

/// How many of the latest tokens `repeat_penalty` looks at.
const REPEAT_WINDOW: usize = 64;

/// What the samplers need to know of a model.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    /// Number of tokens.
    pub(super) length: i32,
    /// Tokens of the longest conversation.
    pub(super) context_length: i32,
    /// Tokens that end an answer.
    pub(super) ends: Vec<LlamaToken>,
}

/// A picked token.
#[derive(Debug, Clone)]
pub(super) struct Picked {
    pub(super) token: LlamaToken,
    /// Present when log probabilities were asked for.
    pub(super) logprobs: Option<RawLogprobs>,
}

/// Log probabilities by token number.
#[derive(Debug, Clone, Default)]
pub(super) struct RawLogprobs {
    pub(super) logprob: f32,
    pub(super) top: Vec<(LlamaToken, f32)>,
}

impl RawLogprobs {
    /// Names the alternatives.
    pub(super) fn named(&self, name: impl Fn(LlamaToken) -> Vec<u8>) -> Vec<TopLogprob> {
        let named = |(token, logprob): &(LlamaToken, f32)| {
            let bytes = name(*token);
            TopLogprob {
                token: String::from_utf8_lossy(&bytes).into_owned(),
                bytes,
                logprob: *logprob,
            }
        };
        self.top.iter().map(named).collect()
    }
}

/// Picks the tokens of one answer.
pub(super) struct Picker {
    chain: LlamaSampler,
    /// The likeliest token wins and nothing changes the scores.
    plain_greedy: bool,
    constraint: Option<Matcher>,
    logprobs: Option<usize>,
    /// Tokens that must not be picked.
    banned: Vec<LlamaToken>,
}

impl Picker {
    /// A picker by `sampling`; `prompt` counts for the penalty of repetitions.
    pub(super) fn new(sampling: &Sampling, vocabulary: &Vocabulary, prompt: &[LlamaToken]) -> Self {
        Self {
            chain: chain(sampling, vocabulary, prompt),
            plain_greedy: sampling.temperature <= 0.0
                && sampling.logit_bias.is_empty()
                && sampling.repeat_penalty == 1.0
                && sampling.frequency_penalty == 0.0
                && sampling.presence_penalty == 0.0,
            constraint: None,
            logprobs: None,
            banned: Vec::new(),
        }
    }

    /// Reports so many alternatives with each token.
    pub(super) fn report(&mut self, alternatives: Option<u32>) {
        self.logprobs = alternatives.map(|count| count as usize);
    }

    /// Never picks these.
    pub(super) fn ban(&mut self, tokens: &[LlamaToken]) {
        self.banned.extend_from_slice(tokens);
    }

    /// Obeys a constraint from the next token on.
    pub(super) fn constrain(&mut self, constraint: Matcher) {
        self.constraint = Some(constraint);
    }

    /// Whether the constraint allows nothing more.
    pub(super) fn is_complete(&self) -> bool {
        self.constraint.as_ref().is_some_and(Matcher::is_stopped)
    }

    /// Picks the next token from the model's scores. `candidates` is scratch memory.
    ///
    /// # Errors
    /// When the constraint cannot go on, or the model computed nothing that can be picked.
    pub(super) fn pick(
        &mut self,
        logits: &[f32],
        candidates: &mut LlamaTokenDataArray,
    ) -> Result<Picked, Failure> {
        let token = if self.plain_greedy && self.constraint.is_none() && self.banned.is_empty() {
            likeliest(logits)
        } else {
            self.sample(logits, candidates)?
        };
        let token = token.ok_or_else(|| {
            Failure::new(
                codes::INFERENCE_FAILED,
                "the model computed no usable scores; its file may be damaged, import it again",
            )
        })?;
        self.accept(token)?;
        let logprobs = self
            .logprobs
            .map(|alternatives| log_probabilities(logits, token, alternatives));
        Ok(Picked { token, logprobs })
    }

    fn sample(
        &mut self,
        logits: &[f32],
        candidates: &mut LlamaTokenDataArray,
    ) -> Result<Option<LlamaToken>, Failure> {
        candidates.data.clear();
        candidates.selected = None;
        candidates.sorted = false;
        let scored = (0_i32..)
            .zip(logits)
            .filter(|(_, score)| score.is_finite())
            .map(|(token, score)| LlamaTokenData::new(LlamaToken::new(token), *score, 0.0));
        if let Some(constraint) = &mut self.constraint {
            let mask = constraint.compute_mask_or_eos().map_err(too_complex)?;
            let allowed = |data: &LlamaTokenData| mask.is_allowed(data.id().0.cast_unsigned());
            candidates.data.extend(scored.filter(allowed));
        } else {
            candidates.data.extend(scored);
        }
        if !self.banned.is_empty() {
            candidates
                .data
                .retain(|data| !self.banned.contains(&data.id()));
        }
        if candidates.data.is_empty() {
            return Ok(None);
        }
        self.chain.apply(candidates);
        Ok(candidates.selected_token())
    }

    /// Takes note of the picked token, once.
    fn accept(&mut self, token: LlamaToken) -> Result<(), Failure> {
        if !self.plain_greedy {
            // Fails only for grammars, and the chain has none.
            let _ = self.chain.try_accept(token);
        }
        match &mut self.constraint {
            Some(constraint) if !constraint.is_stopped() => constraint
                .consume_token(token.0.cast_unsigned())
                .map_err(too_complex),
            _ => Ok(()),
        }
    }
}

fn chain(sampling: &Sampling, vocabulary: &Vocabulary, prompt: &[LlamaToken]) -> LlamaSampler {
    let mut samplers = Vec::new();
    let length = vocabulary.length;
    if !sampling.logit_bias.is_empty() {
        let bias = |(token, bias): &(u32, f32)| {
            LlamaLogitBias::new(LlamaToken::new(i32::try_from(*token).unwrap_or(0)), *bias)
        };
        let biases: Vec<_> = sampling.logit_bias.iter().map(bias).collect();
        samplers.push(LlamaSampler::logit_bias(length, &biases));
    }
    if sampling.repeat_penalty != 1.0 {
        let latest = prompt
            .get(prompt.len().saturating_sub(REPEAT_WINDOW)..)
            .unwrap_or_default();
        samplers.push(
            LlamaSampler::penalties(
                length,
                REPEAT_WINDOW as i32,
                sampling.repeat_penalty,
                0.0,
                0.0,
            )
            .with_tokens(latest),
        );
    }
    if sampling.frequency_penalty != 0.0 || sampling.presence_penalty != 0.0 {
        samplers.push(LlamaSampler::penalties(
            length,
            vocabulary.context_length,
            1.0,
            sampling.frequency_penalty,
            sampling.presence_penalty,
        ));
    }
    if sampling.temperature <= 0.0 {
        samplers.push(LlamaSampler::greedy());
        return LlamaSampler::chain(samplers, true);
    }
    if sampling.top_k > 0 {
        let top_k = i32::try_from(sampling.top_k).unwrap_or(i32::MAX);
        samplers.push(LlamaSampler::top_k(top_k));
    }
    if sampling.top_p < 1.0 {
        samplers.push(LlamaSampler::top_p(sampling.top_p, 1));
    }
    if sampling.min_p > 0.0 {
        samplers.push(LlamaSampler::min_p(sampling.min_p, 1));
    }
    samplers.push(LlamaSampler::temp(sampling.temperature));
    // llama.cpp takes the largest number for "pick a seed"; that is our `None`.
    let seed = sampling
        .seed
        .map_or(u32::MAX, |seed| seed.min(u32::MAX - 1));
    samplers.push(LlamaSampler::dist(seed));
    LlamaSampler::chain(samplers, true)
}

/// The token with the highest score; the first of equals, as llama.cpp does it.
fn likeliest(logits: &[f32]) -> Option<LlamaToken> {
    let mut best: Option<(i32, f32)> = None;
    for (token, score) in (0_i32..).zip(logits) {
        if score.is_finite() && best.is_none_or(|(_, highest)| *score > highest) {
            best = Some((token, *score));
        }
    }
    best.map(|(token, _)| LlamaToken::new(token))
}

/// Natural logarithms of the probabilities before sampling parameters.
fn log_probabilities(logits: &[f32], token: LlamaToken, alternatives: usize) -> RawLogprobs {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|score| f64::from(score - highest).exp())
        .sum();
    let total = highest + sum.ln() as f32;
    let of = |token: LlamaToken| {
        let place = usize::try_from(token.0).unwrap_or(usize::MAX);
        logits
            .get(place)
            .map_or(f32::NEG_INFINITY, |score| score - total)
    };
    // Sorted insertion: the alternatives are few, and most scores lose to the last of them.
    let mut top: Vec<(LlamaToken, f32)> = Vec::with_capacity(alternatives + 1);
    if alternatives > 0 {
        for (number, score) in (0_i32..).zip(logits) {
            let logprob = score - total;
            if top.len() == alternatives && top.last().is_some_and(|(_, last)| *last >= logprob) {
                continue;
            }
            let place = top.partition_point(|(_, other)| *other >= logprob);
            top.insert(place, (LlamaToken::new(number), logprob));
            top.truncate(alternatives);
        }
    }
    RawLogprobs {
        // JSON has no infinity: a token of no probability reports the least number instead.
        logprob: of(token).max(f32::MIN),
        top: top
            .into_iter()
            .map(|(token, logprob)| (token, logprob.max(f32::MIN)))
            .collect(),
    }
}

fn too_complex(error: impl std::fmt::Display) -> Failure {
    let reason = error.to_string();
    let reason = reason.lines().next().unwrap_or_default().to_owned();
    Failure::new(
        codes::CONSTRAINT_INVALID,
        format!("the answer's constraint cannot be followed further ({reason}); simplify it"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        Vocabulary {
            length: 4,
            context_length: 64,
            ends: Vec::new(),
        }
    }

    fn pick(picker: &mut Picker, logits: &[f32]) -> Picked {
        let mut scratch = LlamaTokenDataArray::new(Vec::new(), false);
        picker.pick(logits, &mut scratch).unwrap()
    }

    fn greedy() -> Sampling {
        Sampling {
            temperature: 0.0,
            ..Sampling::default()
        }
    }

    #[test]
    fn log_probabilities_add_up() {
        let mut picker = Picker::new(&greedy(), &vocabulary(), &[]);
        picker.report(Some(4));
        let picked = pick(&mut picker, &[1.0, 3.0, 2.0, f32::NEG_INFINITY]);
        assert_eq!(picked.token, LlamaToken::new(1));
        let logprobs = picked.logprobs.unwrap();
        let order: Vec<i32> = logprobs.top.iter().map(|(token, _)| token.0).collect();
        assert_eq!(order, [1, 2, 0, 3]);
        assert_eq!(logprobs.top[0].1, logprobs.logprob);
        let sum: f32 = logprobs.top.iter().map(|(_, logprob)| logprob.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    }

    #[test]
    fn bias_penalties_and_bans_change_the_choice() {
        let scores = [1.0, 3.0, 2.9, 0.0];
        let mut biased = greedy();
        biased.logit_bias = vec![(0, 5.0)];
        let mut picker = Picker::new(&biased, &vocabulary(), &[]);
        assert_eq!(pick(&mut picker, &scores).token.0, 0);

        let mut penalised = greedy();
        penalised.presence_penalty = 1.0;
        let mut picker = Picker::new(&penalised, &vocabulary(), &[]);
        assert_eq!(pick(&mut picker, &scores).token.0, 1);
        assert_eq!(pick(&mut picker, &scores).token.0, 2);

        let mut repeated = greedy();
        repeated.repeat_penalty = 2.0;
        let mut picker = Picker::new(&repeated, &vocabulary(), &[LlamaToken::new(1)]);
        assert_eq!(pick(&mut picker, &scores).token.0, 2);

        let mut picker = Picker::new(&greedy(), &vocabulary(), &[]);
        picker.ban(&[LlamaToken::new(1)]);
        assert_eq!(pick(&mut picker, &scores).token.0, 2);
    }

    #[test]
    fn scores_that_are_no_numbers_fail_the_request_alone() {
        let mut scratch = LlamaTokenDataArray::new(Vec::new(), false);
        for sampling in [greedy(), Sampling::default()] {
            let mut picker = Picker::new(&sampling, &vocabulary(), &[]);
            let failure = picker.pick(&[f32::NAN; 4], &mut scratch).unwrap_err();
            assert_eq!(failure.code, codes::INFERENCE_FAILED);
        }
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let seeded = |seed| Sampling {
            seed: Some(seed),
            ..Sampling::default()
        };
        let draw = |seed| {
            let mut picker = Picker::new(&seeded(seed), &vocabulary(), &[]);
            (0..20)
                .map(|_| pick(&mut picker, &[1.0, 1.1, 0.9, 1.0]).token.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
