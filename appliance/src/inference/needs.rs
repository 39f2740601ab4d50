//! What a model takes and what of it fits: arithmetic on a header, without looking at the machine.

use guildhall_engine_protocol::{
    CacheType, Serving,
    gguf::{Header, bytes_text},
};

/// What llama.cpp takes for intermediate results, next to weights and cache.
const COMPUTE_BYTES: u64 = 64 * 1024 * 1024;
/// A shorter context holds no useful conversation.
pub(super) const CONTEXT_TOKENS_MIN: u32 = 2048;
/// Blocks of 32 numbers take 34 bytes in the cache's 8-bit form, and 64 as 16-bit floats.
const Q8_BYTES: (u64, u64) = (34, 64);

/// What a model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// Bytes of the weights.
    pub(super) weights: u64,
    /// Bytes of keys and values per token, as 16-bit floats.
    pub(super) cache_per_token: u64,
    /// Tokens it was trained to read at once.
    pub(super) context_length: u32,
}

/// How the operator wants models to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) sequences: u32,
    /// Most tokens of one conversation.
    pub(super) context_length_max: u32,
    /// Tokens of all conversations together, when the operator says.
    pub(super) cache_tokens: Option<u32>,
    pub(super) cache_type: CacheType,
    pub(super) gpu_layers: u32,
}

/// How a model is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Tokens of one conversation.
    pub(super) context_length: u32,
    pub(super) serving: Serving,
    /// Memory it takes that way.
    pub(super) bytes: u64,
}

impl Needs {
    pub(super) fn of(header: &Header) -> Self {
        let length = header.context_length().unwrap_or(0);
        Self {
            weights: header.tensor_bytes(),
            cache_per_token: header.kv_cache_bytes(1),
            context_length: u32::try_from(length).unwrap_or(u32::MAX),
        }
    }

    /// Those of a model without a cache, such as one that turns text into vectors.
    pub(super) fn of_weights(weights: u64) -> Self {
        Self {
            weights,
            cache_per_token: 0,
            context_length: 0,
        }
    }

    /// The best way to run in `free` bytes: as wished; else with fewer conversations at a time; else
    /// with shorter ones. `None` when not even the shortest fits.
    pub(super) fn best(&self, wish: &Wish, free: u64) -> Option<Plan> {
        self.plans(wish).into_iter().find(|plan| plan.bytes <= free)
    }

    /// As wished.
    pub(super) fn wished(&self, wish: &Wish) -> Plan {
        self.plan(wish, self.context(wish), wish.sequences)
    }

    /// One conversation of full length: what is worth unloading others for.
    pub(super) fn worthwhile(&self, wish: &Wish) -> Plan {
        self.plan(wish, self.context(wish), 1)
    }

    /// The least that works.
    pub(super) fn least(&self, wish: &Wish) -> Plan {
        let context = self.context(wish).min(CONTEXT_TOKENS_MIN);
        self.plan(wish, context, 1)
    }

    fn context(&self, wish: &Wish) -> u32 {
        let trained = Some(self.context_length).filter(|length| *length > 0);
        trained
            .unwrap_or(wish.context_length_max)
            .min(wish.context_length_max)
    }

    /// Every way to run, best first.
    fn plans(&self, wish: &Wish) -> Vec<Plan> {
        let full = self.context(wish);
        let mut plans = vec![self.wished(wish)];
        let mut sequences = wish.sequences / 2;
        while sequences >= 1 {
            plans.push(self.plan(wish, full, sequences));
            sequences /= 2;
        }
        let mut context = full / 2;
        while context >= CONTEXT_TOKENS_MIN {
            plans.push(self.plan(wish, context, 1));
            context /= 2;
        }
        plans.push(self.least(wish));
        plans
    }

    fn plan(&self, wish: &Wish, context_length: u32, sequences: u32) -> Plan {
        // Conversations are seldom full: half of what all of them could hold is room enough, and the
        // scheduler lets none in that does not fit.
        let shared = context_length.saturating_mul(sequences.max(1)) / 2;
        let wished = wish.cache_tokens.filter(|_| sequences == wish.sequences);
        let cache_tokens = wished.unwrap_or(shared).max(context_length);
        let cache = self.cache_per_token.saturating_mul(u64::from(cache_tokens));
        let cache = match wish.cache_type {
            CacheType::F16 => cache,
            CacheType::Q8 => cache / Q8_BYTES.1 * Q8_BYTES.0,
        };
        Plan {
            context_length,
            serving: Serving {
                sequences: sequences.max(1),
                cache_tokens,
                cache_type: wish.cache_type,
                gpu_layers: wish.gpu_layers,
                prefix_dir: None,
            },
            bytes: self
                .weights
                .saturating_add(cache)
                .saturating_add(COMPUTE_BYTES),
        }
    }
}

/// Whether a model fits, in words: `fits: 5.1 of 24 GB; about 9 tokens/s here`.
pub(super) fn sentence(plan: Option<&Plan>, least: u64, budget: u64, speed: Option<f64>) -> String {
    let Some(plan) = plan else {
        return format!(
            "does not fit: it needs {} and models may take {} here; pick a smaller quantisation",
            bytes_text(least),
            bytes_text(budget)
        );
    };
    let mut text = format!("fits: {} of {}", bytes_text(plan.bytes), bytes_text(budget));
    if let Some(speed) = speed {
        text.push_str(&format!("; about {} tokens/s here", rounded(speed)));
    }
    text
}

/// Two figures are enough for an estimate: `9`, `0.4`, `120`.
fn rounded(speed: f64) -> String {
    if speed >= 10.0 {
        let scale = 10_f64.powi(speed.log10().floor() as i32 - 1);
        format!("{:.0}", (speed / scale).round() * scale)
    } else if speed >= 1.0 {
        format!("{speed:.0}")
    } else {
        format!("{speed:.1}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const WISH: Wish = Wish {
        sequences: 4,
        context_length_max: 8192,
        cache_tokens: None,
        cache_type: CacheType::F16,
        gpu_layers: 0,
    };
    const NEEDS: Needs = Needs {
        weights: 1_000_000_000,
        cache_per_token: 100_000,
        context_length: 32_768,
    };

    #[test]
    fn with_room_it_runs_as_wished_and_with_less_it_gives_up_conversations_first() {
        let roomy = NEEDS.best(&WISH, 10_000_000_000).unwrap();
        assert_eq!(
            (
                roomy.serving.sequences,
                roomy.serving.cache_tokens,
                roomy.context_length
            ),
            (4, 16_384, 8192)
        );
        let one = NEEDS.best(&WISH, 2_000_000_000).unwrap();
        assert_eq!((one.serving.sequences, one.context_length), (2, 8192));
        let short = NEEDS.best(&WISH, 1_600_000_000).unwrap();
        assert_eq!((short.serving.sequences, short.context_length), (1, 4096));
        assert_eq!(NEEDS.best(&WISH, 1_200_000_000), None);
    }

    #[test]
    fn eight_bit_caches_take_about_half() {
        let wish = Wish {
            cache_type: CacheType::Q8,
            ..WISH
        };
        let (half, whole) = (NEEDS.wished(&wish).bytes, NEEDS.wished(&WISH).bytes);
        let cache = whole - NEEDS.weights - COMPUTE_BYTES;
        assert_eq!(whole - half, cache - cache / 64 * 34);
    }

    #[test]
    fn no_header_overflows() {
        let hostile = Needs {
            weights: u64::MAX,
            cache_per_token: u64::MAX,
            context_length: u32::MAX,
        };
        assert_eq!(hostile.best(&WISH, u64::MAX - 1), None);
        assert_eq!(hostile.wished(&WISH).bytes, u64::MAX);
    }

    #[test]
    fn the_verdict_is_plain() {
        let plan = Needs {
            weights: 5_000_000_000,
            cache_per_token: 0,
            context_length: 4096,
        }
        .wished(&WISH);
        let text = sentence(Some(&plan), 0, 24_000_000_000, Some(9.2));
        assert_eq!(text, "fits: 5.0 GB of 24.0 GB; about 9 tokens/s here");
        let text = sentence(None, 40_000_000_000, 18_000_000_000, None);
        assert!(text.starts_with("does not fit: it needs 40.0 GB"), "{text}");
        assert_eq!(
            (rounded(123.4).as_str(), rounded(0.42).as_str()),
            ("120", "0.4")
        );
    }
}
