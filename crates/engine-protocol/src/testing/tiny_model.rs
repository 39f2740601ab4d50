//! A Llama-architecture model of 60,000 random weights. It writes nonsense, in whole words,
//! and never ends an answer by itself, so that tests know how long it is.

use std::io;
use std::path::Path;

use super::writer::GgufWriter;

/// Tokens that a tiny model was "trained" to read at once.
pub const TINY_CONTEXT_LENGTH: u32 = 32_768;

const WIDTH: u64 = 32;
const INNER_WIDTH: u64 = 64;
const LAYERS: u64 = 2;
const HEADS: u32 = 2;
/// First token that is a word; the ones before are control tokens and single bytes.
const FIRST_WORD: usize = 5 + 256;
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' \
    + message['content'] + '<|im_end|>\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const SYLLABLES: [&str; 16] = [
    "ba", "co", "dé", "fi", "gu", "ha", "je", "ko", "lu", "ma", "ño", "pe", "ri", "sö", "ta", "vu",
];

/// Writes a tiny model with a ChatML template to `path` (about 270 kB).
///
/// # Errors
/// When the file cannot be written.
pub fn write_tiny_model(path: &Path, seed: u64) -> io::Result<()> {
    TinyModel {
        seed,
        ..TinyModel::default()
    }
    .gguf()
    .write(path)
}

/// What a tiny model is made of; for tests that need another than [`write_tiny_model`]'s.
#[derive(Debug, Clone)]
pub struct TinyModel {
    /// Seed of the weights.
    pub seed: u64,
    /// `general.architecture`; anything but `llama` does not load.
    pub architecture: String,
    /// The chat template, if any.
    pub chat_template: Option<String>,
}

impl Default for TinyModel {
    fn default() -> Self {
        Self {
            seed: 1,
            architecture: "llama".to_owned(),
            chat_template: Some(CHATML.to_owned()),
        }
    }
}

impl TinyModel {
    /// Lays the model out as a GGUF file that may still be changed.
    #[must_use]
    pub fn gguf(&self) -> GgufWriter {
        let vocabulary = vocabulary();
        let setting = |name: &str| format!("{}.{name}", self.architecture);
        let mut file = GgufWriter::new()
            .text("general.architecture", &self.architecture)
            .text("general.name", "Tiny random model")
            .text("general.license", "apache-2.0")
            .u32("general.file_type", 0)
            .u32(&setting("context_length"), TINY_CONTEXT_LENGTH)
            .u32(
                &setting("embedding_length"),
                u32::try_from(WIDTH).unwrap_or_default(),
            )
            .u32(
                &setting("feed_forward_length"),
                u32::try_from(INNER_WIDTH).unwrap_or_default(),
            )
            .u32(
                &setting("block_count"),
                u32::try_from(LAYERS).unwrap_or_default(),
            )
            .u32(&setting("attention.head_count"), HEADS)
            .u32(&setting("attention.head_count_kv"), HEADS)
            .f32(&setting("attention.layer_norm_rms_epsilon"), 1e-5)
            .text("tokenizer.ggml.model", "llama")
            .texts("tokenizer.ggml.tokens", &vocabulary)
            .floats("tokenizer.ggml.scores", &scores(vocabulary.len()))
            .integers("tokenizer.ggml.token_type", &token_types(vocabulary.len()))
            .u32("tokenizer.ggml.bos_token_id", 1)
            .u32("tokenizer.ggml.eos_token_id", 2)
            .u32("tokenizer.ggml.unknown_token_id", 0)
            .bool("tokenizer.ggml.add_bos_token", true)
            .bool("tokenizer.ggml.add_space_prefix", false);
        if let Some(template) = &self.chat_template {
            file = file.text("tokenizer.chat_template", template);
        }
        self.add_tensors(file, vocabulary.len())
    }

    fn add_tensors(&self, file: GgufWriter, vocabulary: usize) -> GgufWriter {
        let mut random = Random(self.seed);
        let embeddings = embeddings(&mut random, vocabulary);
        let output = output(&mut random, vocabulary);
        let rows = vocabulary as u64;
        let mut file = file
            .tensor("token_embd.weight", &[WIDTH, rows], embeddings)
            .tensor("output.weight", &[WIDTH, rows], output)
            .tensor("output_norm.weight", &[WIDTH], ones());
        for layer in 0..LAYERS {
            let matrices = [
                ("attn_q", WIDTH, WIDTH),
                ("attn_k", WIDTH, WIDTH),
                ("attn_v", WIDTH, WIDTH),
                ("attn_output", WIDTH, WIDTH),
                ("ffn_gate", WIDTH, INNER_WIDTH),
                ("ffn_up", WIDTH, INNER_WIDTH),
                ("ffn_down", INNER_WIDTH, WIDTH),
            ];
            for (name, columns, rows) in matrices {
                let numbers = (0..columns * rows).map(|_| random.number() * 0.3).collect();
                file = file.tensor(
                    &format!("blk.{layer}.{name}.weight"),
                    &[columns, rows],
                    numbers,
                );
            }
            for name in ["attn_norm", "ffn_norm"] {
                file = file.tensor(&format!("blk.{layer}.{name}.weight"), &[WIDTH], ones());
            }
        }
        file
    }
}

/// Control tokens, the 256 bytes, single letters, then made-up words.
fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
        .map(str::to_owned)
        .to_vec();
    tokens.extend((0..=255_u8).map(|byte| format!("<0x{byte:02X}>")));
    tokens.extend(
        ('a'..='z')
            .chain('A'..='Z')
            .chain('0'..='9')
            .map(String::from),
    );
    tokens.extend([".", ",", "?", "!", "\u{2581}"].map(str::to_owned));
    for first in SYLLABLES {
        for second in SYLLABLES {
            tokens.push(format!("\u{2581}{first}{second}"));
        }
    }
    tokens
}

fn scores(vocabulary: usize) -> Vec<f32> {
    (0..vocabulary).map(|index| -(index as f32)).collect()
}

/// `llama_token_type`: 1 normal, 2 unknown, 3 control, 6 byte.
fn token_types(vocabulary: usize) -> Vec<i32> {
    let kind = |index| match index {
        0 => 2,
        1..5 => 3,
        5..FIRST_WORD => 6,
        _ => 1,
    };
    (0..vocabulary).map(kind).collect()
}

/// Every embedding has a large first number, which survives the layers as a constant...
fn embeddings(random: &mut Random, vocabulary: usize) -> Vec<f32> {
    rows(
        vocabulary,
        |_, column| if column == 0 { 4.0 } else { random.number() },
    )
}

/// ...so that a negative first number here keeps control tokens and bytes from being chosen.
fn output(random: &mut Random, vocabulary: usize) -> Vec<f32> {
    rows(vocabulary, |row, column| match (column, row < FIRST_WORD) {
        (0, true) => -20.0,
        (0, false) => 0.0,
        _ => random.number(),
    })
}

fn rows(vocabulary: usize, mut number: impl FnMut(usize, u64) -> f32) -> Vec<f32> {
    let mut numbers = Vec::new();
    for row in 0..vocabulary {
        numbers.extend((0..WIDTH).map(|column| number(row, column)));
    }
    numbers
}

fn ones() -> Vec<f32> {
    (0..WIDTH).map(|_| 1.0).collect()
}

/// SplitMix64 (Steele et al., 2014): the same model from the same seed, everywhere.
struct Random(u64);

impl Random {
    /// A number from -1 to 1.
    fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}
