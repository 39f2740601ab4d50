//! How many licences one core verifies in a second, read and parsed each time. usage: cargo run --release -p guildhall-license --features sign
//! --example verify_speed. The target is 25,000; a busy machine gives no number worth keeping.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for the terminal"
)]

#[path = "../tests/sample/mod.rs"]
mod sample;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use guildhall_license::{License, compiled_in, sign, verify};

const ROUND: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;

fn main() {
    let (ring, _) = compiled_in().unwrap();
    let licence = sign::sign(&sample::license(), &[&sample::development_key("license")]);
    let bytes = licence.unwrap().to_bytes();
    let mut rates: Vec<u32> = (0..ROUNDS)
        .map(|_| {
            round(|| {
                black_box(verify::<License>(black_box(&bytes), &ring).unwrap());
            })
        })
        .collect();
    rates.sort_unstable();
    println!(
        "{} licences/s on one core, median of {ROUNDS} rounds of one second, {} bytes each",
        rates.get(ROUNDS / 2).unwrap(),
        bytes.len()
    );
}

/// Runs `work` for a round, and says how often it was done.
fn round(work: impl Fn()) -> u32 {
    let begin = Instant::now();
    let mut done = 0;
    while begin.elapsed() < ROUND {
        work();
        done += 1;
    }
    done
}
