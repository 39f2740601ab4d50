//! A Llama-architecture model of 1.1 billion random weights in 4-bit blocks: as much work as a real small model, and
//! nothing to download.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::Result;

const WIDTH: u64 = 2048;
const INNER_WIDTH: u64 = 5632;
const LAYERS: u64 = 22;
const HEADS: u32 = 32;
const KEY_HEADS: u32 = 4;
const KEY_WIDTH: u64 = WIDTH / HEADS as u64 * KEY_HEADS as u64;
const VOCABULARY: u64 = 32_000;
const CONTEXT_LENGTH: u32 = 8192;
const ALIGNMENT: u64 = 32;
/// Weights in one block, and its bytes: a 16-bit scale and 32 four-bit numbers.
const BLOCK: u64 = 32;
const BLOCK_BYTES: u64 = 18;
/// 0.004 as a 16-bit float: weights between -0.032 and 0.028 keep activations finite.
const SCALE: [u8; 2] = 0x1C19_u16.to_le_bytes();
const TYPE_F32: u32 = 0;
const TYPE_Q4_0: u32 = 2;
const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' \
    + message['content'] + '<|im_end|>\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

struct Tensor {
    name: String,
    dimensions: Vec<u64>,
}

impl Tensor {
    fn matrix(name: impl Into<String>, columns: u64, rows: u64) -> Self {
        Self {
            name: name.into(),
            dimensions: vec![columns, rows],
        }
    }

    fn norm(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            dimensions: vec![WIDTH],
        }
    }

    fn is_matrix(&self) -> bool {
        self.dimensions.len() == 2
    }

    fn bytes(&self) -> u64 {
        let numbers: u64 = self.dimensions.iter().product();
        if self.is_matrix() {
            numbers / BLOCK * BLOCK_BYTES
        } else {
            numbers * 4
        }
    }
}

/// The model's file in `folder`, written unless it is there.
pub(super) fn ensure(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("random-1.1b-q4_0.gguf");
    if path.exists() {
        return Ok(path);
    }
    println!(
        "writing a model of 1.1 billion random weights to {}",
        path.display()
    );
    fs::create_dir_all(folder)?;
    let partial = path.with_extension("partial");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&partial)?);
    write(&mut file)?;
    file.flush()?;
    fs::rename(&partial, &path)?;
    Ok(path)
}

fn write(file: &mut impl Write) -> Result<()> {
    let tensors = tensors();
    let mut head = b"GGUF".to_vec();
    head.extend(3_u32.to_le_bytes());
    head.extend((tensors.len() as u64).to_le_bytes());
    let metadata = metadata();
    head.extend((metadata.len() as u64).to_le_bytes());
    head.extend(metadata.concat());
    let mut offset = 0_u64;
    for tensor in &tensors {
        head.extend(text(&tensor.name));
        head.extend(u32::try_from(tensor.dimensions.len())?.to_le_bytes());
        head.extend(tensor.dimensions.iter().flat_map(|size| size.to_le_bytes()));
        let kind = if tensor.is_matrix() {
            TYPE_Q4_0
        } else {
            TYPE_F32
        };
        head.extend(kind.to_le_bytes());
        head.extend(offset.to_le_bytes());
        offset += tensor.bytes().next_multiple_of(ALIGNMENT);
    }
    head.resize(head.len().next_multiple_of(ALIGNMENT as usize), 0);
    file.write_all(&head)?;
    let mut random = 0x9E37_79B9_7F4A_7C15;
    for tensor in &tensors {
        write_numbers(file, tensor, &mut random)?;
        let padding = tensor.bytes().next_multiple_of(ALIGNMENT) - tensor.bytes();
        file.write_all(&vec![0; usize::try_from(padding)?])?;
    }
    Ok(())
}

fn write_numbers(file: &mut impl Write, tensor: &Tensor, random: &mut u64) -> Result<()> {
    if !tensor.is_matrix() {
        for _ in 0..tensor.bytes() / 4 {
            file.write_all(&1.0_f32.to_le_bytes())?;
        }
        return Ok(());
    }
    for _ in 0..tensor.bytes() / BLOCK_BYTES {
        file.write_all(&SCALE)?;
        file.write_all(&next(random).to_le_bytes())?;
        file.write_all(&next(random).to_le_bytes())?;
    }
    Ok(())
}

/// xorshift64*, Vigna 2016.
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

fn tensors() -> Vec<Tensor> {
    let mut tensors = vec![
        Tensor::matrix("token_embd.weight", WIDTH, VOCABULARY),
        Tensor::norm("output_norm.weight"),
        Tensor::matrix("output.weight", WIDTH, VOCABULARY),
    ];
    for layer in 0..LAYERS {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        tensors.extend([
            Tensor::norm(name("attn_norm")),
            Tensor::matrix(name("attn_q"), WIDTH, WIDTH),
            Tensor::matrix(name("attn_k"), WIDTH, KEY_WIDTH),
            Tensor::matrix(name("attn_v"), WIDTH, KEY_WIDTH),
            Tensor::matrix(name("attn_output"), WIDTH, WIDTH),
            Tensor::norm(name("ffn_norm")),
            Tensor::matrix(name("ffn_gate"), WIDTH, INNER_WIDTH),
            Tensor::matrix(name("ffn_up"), WIDTH, INNER_WIDTH),
            Tensor::matrix(name("ffn_down"), INNER_WIDTH, WIDTH),
        ]);
    }
    tensors
}

fn metadata() -> Vec<Vec<u8>> {
    let integer = |key: &str, value: u32| entry(key, 4, &value.to_le_bytes());
    let size = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let tokens = vocabulary();
    let scores = tokens
        .iter()
        .flat_map(|_| (-1.0_f32).to_le_bytes())
        .collect();
    let types = (0..tokens.len())
        .flat_map(|index| token_type(index).to_le_bytes())
        .collect();
    let names = tokens.iter().flat_map(|token| text(token)).collect();
    vec![
        entry("general.architecture", 8, &text("llama")),
        entry("general.name", 8, &text("Random 1.1B")),
        integer("general.file_type", 2),
        integer("llama.context_length", CONTEXT_LENGTH),
        integer("llama.embedding_length", size(WIDTH)),
        integer("llama.feed_forward_length", size(INNER_WIDTH)),
        integer("llama.block_count", size(LAYERS)),
        integer("llama.attention.head_count", HEADS),
        integer("llama.attention.head_count_kv", KEY_HEADS),
        entry(
            "llama.attention.layer_norm_rms_epsilon",
            6,
            &1e-5_f32.to_le_bytes(),
        ),
        entry("tokenizer.ggml.model", 8, &text("llama")),
        array("tokenizer.ggml.tokens", 8, tokens.len(), names),
        array("tokenizer.ggml.scores", 6, tokens.len(), scores),
        array("tokenizer.ggml.token_type", 5, tokens.len(), types),
        integer("tokenizer.ggml.bos_token_id", 1),
        integer("tokenizer.ggml.eos_token_id", 2),
        integer("tokenizer.ggml.unknown_token_id", 0),
        entry("tokenizer.ggml.add_bos_token", 7, &[1]),
        entry("tokenizer.ggml.add_space_prefix", 7, &[0]),
        entry("tokenizer.chat_template", 8, &text(CHATML)),
    ]
}

/// Control tokens, the 256 bytes, letters, and names that no text contains: a text has as many tokens as letters.
fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
        .map(str::to_owned)
        .to_vec();
    tokens.extend((0..=255_u8).map(|byte| format!("<0x{byte:02X}>")));
    tokens.extend(('a'..='z').map(String::from));
    tokens.push("\u{2581}".to_owned());
    let named = tokens.len() as u64;
    tokens.extend((named..VOCABULARY).map(|index| format!("[w{index}]")));
    tokens
}

/// Kinds of token in GGUF: 1 normal, 2 unknown, 3 control, 6 byte.
fn token_type(index: usize) -> i32 {
    match index {
        0 => 2,
        1..=4 => 3,
        5..=260 => 6,
        _ => 1,
    }
}

fn array(key: &str, kind: u32, length: usize, elements: Vec<u8>) -> Vec<u8> {
    let mut value = kind.to_le_bytes().to_vec();
    value.extend((length as u64).to_le_bytes());
    value.extend(elements);
    entry(key, 9, &value)
}

fn entry(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key)[..], &kind.to_le_bytes(), value].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}
