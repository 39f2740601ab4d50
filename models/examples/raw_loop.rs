//! llama.cpp with nothing around it: the yardstick of `cargo xtask bench inference`, linked from the same sources and
//! flags as the engine. Reads a prompt of random tokens in batches of 512, then writes tokens one by one, as
//! `llama-bench` does: no sampling, no text.
//!
//! usage: raw_loop MODEL THREADS PROMPT_TOKENS ANSWER_TOKENS, prints one JSON object of tokens per second.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal"
)]

use std::{num::NonZeroU32, time::Instant};

use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};

const BATCH: usize = 512;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, threads, prompt, answer] = arguments.as_slice() else {
        panic!("usage: raw_loop MODEL THREADS PROMPT_TOKENS ANSWER_TOKENS");
    };
    let (threads, prompt): (i32, usize) = (threads.parse().unwrap(), prompt.parse().unwrap());
    let answer: usize = answer.parse().unwrap();
    let mut backend = LlamaBackend::init().unwrap();
    backend.void_logs();
    let model = LlamaModel::load_from_file(&backend, model, &LlamaModelParams::default()).unwrap();
    let length = u32::try_from(prompt + answer + 1).unwrap();
    let parameters = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(length))
        .with_n_batch(BATCH as u32)
        .with_n_threads(threads)
        .with_n_threads_batch(threads);
    let mut context = model.new_context(&backend, parameters).unwrap();
    // Like llama-bench: one token first, so that nothing is measured cold.
    decode(&mut context, &[1], 0);
    context.clear_kv_cache();
    let words: Vec<i32> = (0..prompt)
        .map(|index| 300 + (index * 7919 % 20_000) as i32)
        .collect();
    let began = Instant::now();
    for (index, chunk) in words.chunks(BATCH).enumerate() {
        decode(&mut context, chunk, index * BATCH);
    }
    let prefill = began.elapsed().as_secs_f64();
    let began = Instant::now();
    for index in 0..answer {
        decode(
            &mut context,
            &[300 + (index * 104_729 % 20_000) as i32],
            prompt + index,
        );
    }
    let decoding = began.elapsed().as_secs_f64();
    println!(
        "{{\"prefill\": {:.3}, \"decode\": {:.3}}}",
        prompt as f64 / prefill,
        answer as f64 / decoding
    );
}

fn decode(context: &mut LlamaContext<'_>, tokens: &[i32], position: usize) {
    let mut batch = LlamaBatch::new(BATCH, 1);
    for (index, token) in tokens.iter().enumerate() {
        let is_last = index + 1 == tokens.len();
        let place = i32::try_from(position + index).unwrap();
        batch.add(LlamaToken(*token), place, &[0], is_last).unwrap();
    }
    context.decode(&mut batch).unwrap();
    context.synchronize();
}
