//! Models of 60,000 random weights in the architectures that small models use. They write
//! nonsense, in whole words, and never end an answer by themselves, so that tests know how long
//! it is.

use std::io;
use std::path::Path;

use super::weights::{Random, ones, rows, zeros};
use super::writer::GgufWriter;

/// Tokens that a tiny model was "trained" to read at once.
pub const TINY_CONTEXT_LENGTH: u32 = 32_768;

pub(super) const WIDTH: u64 = 32;
const INNER_WIDTH: u64 = 64;
const LAYERS: u64 = 2;
/// Experts of a layer, and how many of them each token asks.
const EXPERTS: u64 = 4;
const EXPERTS_USED: u32 = 2;
/// Tokens that layers with a sliding window look back.
const WINDOW: u32 = 16;
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
    /// `general.architecture`: `llama`, `qwen2`, `qwen3`, `gemma`, `gemma2`, `gemma3`, `phi3`, `granite`,
    /// `smollm3`, `qwen3moe` and `gpt-oss` with experts, the recurrent `mamba`, or the encoder `bert`. A model
    /// of any other name has the tensors of `llama`.
    pub architecture: String,
    /// The chat template, if any.
    pub chat_template: Option<String>,
    /// Heads of attention, 1 or 2: of 32 or 16 numbers.
    pub heads: u32,
}

impl Default for TinyModel {
    fn default() -> Self {
        Self {
            seed: 1,
            architecture: "llama".to_owned(),
            chat_template: Some(CHATML.to_owned()),
            heads: 2,
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
            .u32(&setting("attention.head_count"), self.heads)
            .u32(&setting("attention.head_count_kv"), self.heads)
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
        let file = self.add_settings(file);
        self.add_tensors(file, vocabulary.len())
    }

    fn add_tensors(&self, file: GgufWriter, vocabulary: usize) -> GgufWriter {
        let mut random = Random(self.seed);
        let rows = vocabulary as u64;
        let tied = self.architecture.starts_with("gemma");
        let (embeddings, output) = if tied {
            (tied_embeddings(&mut random, vocabulary), None)
        } else {
            let embeddings = embeddings(&mut random, vocabulary);
            (embeddings, Some(output(&mut random, vocabulary)))
        };
        let mut file = file.tensor("token_embd.weight", &[WIDTH, rows], embeddings);
        if self.architecture == "bert" {
            return self.add_encoder(file, &mut random);
        }
        if let Some(output) = output {
            file = file.tensor("output.weight", &[WIDTH, rows], output);
        }
        file = file.tensor("output_norm.weight", &[WIDTH], ones(WIDTH));
        for layer in 0..LAYERS {
            file = match self.architecture.as_str() {
                "mamba" => add_recurrent_layer(file, layer, &mut random),
                _ => self.add_layer(file, layer, &mut random),
            };
        }
        file
    }

    fn add_layer(&self, mut file: GgufWriter, layer: u64, random: &mut Random) -> GgufWriter {
        let architecture = self.architecture.as_str();
        let has_experts = matches!(architecture, "qwen3moe" | "gpt-oss");
        let mut matrices = vec![("attn_output", WIDTH, WIDTH)];
        if architecture == "phi3" {
            matrices.push(("attn_qkv", WIDTH, 3 * WIDTH));
            matrices.push(("ffn_up", WIDTH, 2 * INNER_WIDTH));
        } else {
            matrices.extend(["attn_q", "attn_k", "attn_v"].map(|name| (name, WIDTH, WIDTH)));
        }
        if !has_experts {
            matrices.push(("ffn_down", INNER_WIDTH, WIDTH));
            if architecture != "phi3" {
                matrices.extend(["ffn_gate", "ffn_up"].map(|name| (name, WIDTH, INNER_WIDTH)));
            }
        }
        for (name, columns, rows) in matrices {
            let name = format!("blk.{layer}.{name}");
            file = add_matrix(file, &name, (columns, rows), random);
        }
        for (name, width) in self.norms() {
            file = file.tensor(&format!("blk.{layer}.{name}.weight"), &[width], ones(width));
        }
        let biases: &[&str] = match architecture {
            "qwen2" => &["attn_q", "attn_k", "attn_v"],
            "gpt-oss" => &["attn_q", "attn_k", "attn_v", "attn_output"],
            _ => &[],
        };
        for name in biases {
            file = file.tensor(&format!("blk.{layer}.{name}.bias"), &[WIDTH], zeros(WIDTH));
        }
        if has_experts {
            file = self.add_experts(file, layer, random);
        }
        file
    }

    /// The norms of a layer and their widths.
    fn norms(&self) -> Vec<(&'static str, u64)> {
        let head = WIDTH / u64::from(self.heads);
        let heads = [("attn_q_norm", head), ("attn_k_norm", head)];
        let after = [("post_attention_norm", WIDTH), ("post_ffw_norm", WIDTH)];
        let mut norms = vec![("attn_norm", WIDTH), ("ffn_norm", WIDTH)];
        match self.architecture.as_str() {
            "qwen3" | "qwen3moe" => norms.extend(heads),
            "gemma2" => norms.extend(after),
            "gemma3" => norms.extend([heads, after].concat()),
            "gpt-oss" => norms = vec![("attn_norm", WIDTH), ("post_attention_norm", WIDTH)],
            _ => {}
        }
        norms
    }

    fn add_experts(&self, file: GgufWriter, layer: u64, random: &mut Random) -> GgufWriter {
        let name = |part: &str| format!("blk.{layer}.{part}");
        let mut file = add_matrix(file, &name("ffn_gate_inp"), (WIDTH, EXPERTS), random);
        for (part, columns, rows) in [
            ("ffn_gate_exps", WIDTH, INNER_WIDTH),
            ("ffn_down_exps", INNER_WIDTH, WIDTH),
            ("ffn_up_exps", WIDTH, INNER_WIDTH),
        ] {
            let count = columns * rows * EXPERTS;
            let numbers = (0..count).map(|_| random.number() * 0.3).collect();
            let dimensions = [columns, rows, EXPERTS];
            file = file.tensor(&name(&format!("{part}.weight")), &dimensions, numbers);
            if self.architecture == "gpt-oss" {
                let bias = name(&format!("{part}.bias"));
                file = file.tensor(&bias, &[rows, EXPERTS], zeros(rows * EXPERTS));
            }
        }
        if self.architecture != "gpt-oss" {
            return file;
        }
        let heads = u64::from(self.heads);
        file.tensor(&name("ffn_gate_inp.bias"), &[EXPERTS], zeros(EXPERTS))
            .tensor(&name("attn_sinks.weight"), &[heads], zeros(heads))
    }

    fn add_encoder(&self, file: GgufWriter, random: &mut Random) -> GgufWriter {
        let positions = u64::from(TINY_CONTEXT_LENGTH);
        let numbers = (0..positions * WIDTH)
            .map(|_| random.number() * 0.3)
            .collect();
        let mut file = file
            .tensor("position_embd.weight", &[WIDTH, positions], numbers)
            .tensor("token_types.weight", &[WIDTH, 2], zeros(2 * WIDTH));
        let mut norms = vec!["token_embd_norm".to_owned()];
        for layer in 0..LAYERS {
            let matrices = [
                ("attn_q", WIDTH, WIDTH),
                ("attn_k", WIDTH, WIDTH),
                ("attn_v", WIDTH, WIDTH),
                ("attn_output", WIDTH, WIDTH),
                ("ffn_up", WIDTH, INNER_WIDTH),
                ("ffn_down", INNER_WIDTH, WIDTH),
            ];
            for (name, columns, rows) in matrices {
                let name = format!("blk.{layer}.{name}");
                file = add_matrix(file, &name, (columns, rows), random).tensor(
                    &format!("{name}.bias"),
                    &[rows],
                    zeros(rows),
                );
            }
            norms.push(format!("blk.{layer}.attn_output_norm"));
            norms.push(format!("blk.{layer}.layer_output_norm"));
        }
        for name in norms {
            file = file
                .tensor(&format!("{name}.weight"), &[WIDTH], ones(WIDTH))
                .tensor(&format!("{name}.bias"), &[WIDTH], zeros(WIDTH));
        }
        file
    }

    /// Settings that only some architectures have.
    fn add_settings(&self, file: GgufWriter) -> GgufWriter {
        let setting = |name: &str| format!("{}.{name}", self.architecture);
        let experts = |file: GgufWriter| {
            let inner = u32::try_from(INNER_WIDTH).unwrap_or_default();
            file.u32(&setting("expert_count"), EXPERTS as u32)
                .u32(&setting("expert_used_count"), EXPERTS_USED)
                .u32(&setting("expert_feed_forward_length"), inner)
        };
        match self.architecture.as_str() {
            "gemma3" => file.u32("gemma3.attention.sliding_window", WINDOW),
            "granite" => file.f32("granite.logit_scale", 1.0),
            "qwen3moe" => experts(file),
            "gpt-oss" => experts(file).u32("gpt-oss.attention.sliding_window", WINDOW),
            "mamba" => file
                .u32("mamba.ssm.conv_kernel", 4)
                .u32("mamba.ssm.inner_size", 2 * WIDTH as u32)
                .u32("mamba.ssm.state_size", 8)
                .u32("mamba.ssm.time_step_rank", 2),
            "bert" => file
                .f32("bert.attention.layer_norm_epsilon", 1e-12)
                .bool("bert.attention.causal", false)
                .u32("bert.pooling_type", 1)
                .u32("tokenizer.ggml.token_type_count", 2),
            _ => file,
        }
    }
}

fn add_matrix(
    file: GgufWriter,
    name: &str,
    (columns, rows): (u64, u64),
    random: &mut Random,
) -> GgufWriter {
    let numbers = (0..columns * rows).map(|_| random.number() * 0.3).collect();
    file.tensor(&format!("{name}.weight"), &[columns, rows], numbers)
}

fn add_recurrent_layer(mut file: GgufWriter, layer: u64, random: &mut Random) -> GgufWriter {
    let inner = 2 * WIDTH;
    let name = |part: &str| format!("blk.{layer}.{part}");
    for (part, columns, rows) in [
        ("ssm_in", WIDTH, 2 * inner),
        ("ssm_conv1d", 4, inner),
        ("ssm_x", inner, 2 + 2 * 8),
        ("ssm_dt", 2, inner),
        ("ssm_out", inner, WIDTH),
    ] {
        file = add_matrix(file, &name(part), (columns, rows), random);
    }
    // Negative, so that the state decays.
    let decay = (0..8 * inner)
        .map(|_| -1.0 - random.number().abs())
        .collect();
    file.tensor(&name("attn_norm.weight"), &[WIDTH], ones(WIDTH))
        .tensor(&name("ssm_conv1d.bias"), &[inner], zeros(inner))
        .tensor(&name("ssm_dt.bias"), &[inner], zeros(inner))
        .tensor(&name("ssm_a"), &[8, inner], decay)
        .tensor(&name("ssm_d"), &[inner], ones(inner))
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

/// Where one table serves both ends, words have the larger constant.
fn tied_embeddings(random: &mut Random, vocabulary: usize) -> Vec<f32> {
    rows(vocabulary, |row, column| match (column, row < FIRST_WORD) {
        (0, true) => 1.0,
        (0, false) => 4.0,
        (_, true) => random.number() * 0.1,
        _ => random.number(),
    })
}
