//! The engine against llama.cpp with nothing around it. Rounds interleave all sides, so that a busy neighbour falls on
//! all of them alike; the same model file, threads, prompt length and answer length on every side.

mod engine;
mod model;
mod reference;
mod report;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use self::{
    engine::Engine,
    reference::{Server, Speed},
    report::Report,
};
use super::machine::Machine;
use crate::Result;

const ROUNDS: usize = 5;
const PROMPT_TOKENS: u32 = 512;
const ANSWER_TOKENS: u32 = 48;
/// Fewer where another program takes a core: the bare loop needs seconds for each of them.
const SHARED_TOKENS: u32 = 12;
const SHARED_PROMPT_TOKENS: u32 = 16;
/// One token first, so that nothing is measured cold.
const WARM_UP: &str = "warm up";
/// Tokens of the prompt whose beginning is asked twice.
const PREFIX_TOKENS: u32 = 1500;
/// People who ask at the same time, and the tokens each of them gets.
const CROWDS: [usize; 3] = [1, 4, 16];
const CROWD_PROMPT_TOKENS: u32 = 64;
const CROWD_ANSWER_TOKENS: u32 = 24;

/// One round.
struct Round {
    engine: Speed,
    raw: Speed,
    /// The engine that the node would start here, where it is another than the plain one.
    best: Option<Speed>,
    llama_bench: Option<Speed>,
    /// Time to the first token, in seconds: cold, and with all but the last words computed before.
    cold_s: f64,
    warm_s: f64,
    /// Tokens per second over everybody, by size of [`CROWDS`].
    crowd: Vec<f64>,
    crowd_server: Option<Vec<f64>>,
    shared: Shared,
}

/// Tokens per second of decoding while another program takes a core.
#[derive(Clone, Copy)]
struct Shared {
    engine: f64,
    raw: f64,
    /// The bare loop with one thread and no other program: all that the core left over gives.
    one_core: f64,
}

/// The programs and the model.
struct Bench {
    /// The plain engine, of the bare loop's instruction set.
    engine: PathBuf,
    /// The one for AVX-512, where it was built and runs.
    best: Option<PathBuf>,
    raw_loop: PathBuf,
    llama_bench: Option<PathBuf>,
    llama_server: Option<PathBuf>,
    model: PathBuf,
    threads: u32,
}

/// A model of random weights, some 620 MB, made once.
pub(super) fn random_model(root: &Path) -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    model::ensure(&target.join("bench"))
}

/// Measures everything and writes it down.
pub(super) fn run(root: &Path, program: &Path) -> Result<()> {
    let bench = Bench::find(root, program)?;
    let machine = Machine::read();
    let mut report = Report {
        threads: bench.threads,
        rounds: Vec::new(),
    };
    // Written down after every round: a long measurement that is stopped leaves what it found.
    for number in 1..=ROUNDS {
        report.rounds.push(bench.round(number)?);
        report.document().publish(root, &machine)?;
    }
    Ok(())
}

impl Bench {
    fn find(root: &Path, program: &Path) -> Result<Self> {
        let engine = program.with_file_name("guildhall-engine");
        let folder =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let model = random_model(root)?;
        let threads = u32::try_from(thread::available_parallelism().map_or(1, usize::from))?;
        let bench = Self {
            engine,
            best: best_engine(program),
            raw_loop: raw_loop(root, &folder)?,
            llama_bench: reference::installed("llama-bench"),
            llama_server: reference::installed("llama-server"),
            model,
            threads,
        };
        if bench.llama_bench.is_none() || bench.llama_server.is_none() {
            println!("llama-bench or llama-server is not on the PATH, so those columns stay empty");
        }
        Ok(bench)
    }

    fn round(&self, number: usize) -> Result<Round> {
        println!("round {number} of {ROUNDS}");
        let sizes = (PROMPT_TOKENS, ANSWER_TOKENS);
        let raw = reference::raw_loop(&self.raw_loop, &self.model, self.threads, sizes)?;
        let mut engine = Engine::start(&self.engine, &self.model, self.threads, 1)?;
        let speed = speed_of(&mut engine, number)?;
        let (cold_s, warm_s) = prefix(&mut engine, number)?;
        drop(engine);
        let best = self.best.as_deref().map(|program| {
            let mut engine = Engine::start(program, &self.model, self.threads, 1)?;
            speed_of(&mut engine, number + ROUNDS)
        });
        let llama_bench = self
            .llama_bench
            .as_deref()
            .map(|program| reference::llama_bench(program, &self.model, self.threads, sizes));
        let (crowd, crowd_server) = self.crowds(number)?;
        let shared = self.shared(number)?;
        Ok(Round {
            engine: speed,
            raw,
            best: best.transpose()?,
            llama_bench: llama_bench.transpose()?,
            cold_s,
            warm_s,
            crowd,
            crowd_server,
            shared,
        })
    }

    /// Many people at the same time, on the engine and on `llama-server` with as many slots.
    fn crowds(&self, round: usize) -> Result<(Vec<f64>, Option<Vec<f64>>)> {
        let slots = u32::try_from(CROWDS.into_iter().max().unwrap_or(1))?;
        let mut ours = Vec::new();
        let program = self.best.as_ref().unwrap_or(&self.engine);
        let mut engine = Engine::start(program, &self.model, self.threads, slots)?;
        // As the node's probe does after loading, and llama-server itself.
        engine.answer(WARM_UP, 1)?;
        for people in CROWDS {
            let texts = crowd_texts(round, people);
            let began = Instant::now();
            let answers = engine.answer_all(&texts, CROWD_ANSWER_TOKENS)?;
            let written: u32 = answers.iter().map(|answer| answer.done.output_tokens).sum();
            ours.push(f64::from(written) / began.elapsed().as_secs_f64());
        }
        drop(engine);
        let Some(program) = &self.llama_server else {
            return Ok((ours, None));
        };
        let server = Server::start(program, &self.model, self.threads, slots)?;
        let mut theirs = Vec::new();
        for people in CROWDS {
            let texts = crowd_texts(round, people);
            let began = Instant::now();
            let written = server.answer_all(&texts, CROWD_ANSWER_TOKENS)?;
            theirs.push(written as f64 / began.elapsed().as_secs_f64());
        }
        Ok((ours, Some(theirs)))
    }

    /// Decoding while another program computes on one core without a pause.
    fn shared(&self, round: usize) -> Result<Shared> {
        let raw = |threads| {
            let sizes = (SHARED_PROMPT_TOKENS, SHARED_TOKENS);
            reference::raw_loop(&self.raw_loop, &self.model, threads, sizes)
        };
        let one_core = raw(1)?.decode;
        let _neighbour = Neighbour::start()?;
        let mut engine = Engine::start(&self.engine, &self.model, self.threads, 1)?;
        let text = words(round, 99, SHARED_PROMPT_TOKENS);
        let done = engine.answer(&text, SHARED_TOKENS)?.done;
        drop(engine);
        Ok(Shared {
            engine: per_second(done.output_tokens - 1, done.decode_ms),
            raw: raw(self.threads)?.decode,
            one_core,
        })
    }
}

/// A program that takes all of one core until it is dropped.
struct Neighbour(Child);

impl Neighbour {
    fn start() -> Result<Self> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "while :; do :; done"])
            .stdin(Stdio::null());
        Ok(Self(shell.spawn()?))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It is gone already when this fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The engine for AVX-512 beside the node's program, when this machine has what it needs.
fn best_engine(program: &Path) -> Option<PathBuf> {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx512vnni") {
        let path = program.with_file_name("guildhall-engine-avx512");
        return path.is_file().then_some(path);
    }
    None
}

fn speed_of(engine: &mut Engine, round: usize) -> Result<Speed> {
    engine.answer(WARM_UP, 1)?;
    let done = engine
        .answer(&words(round, 1, PROMPT_TOKENS), ANSWER_TOKENS)?
        .done;
    Ok(Speed {
        prefill: per_second(done.input_tokens - done.cached_tokens, done.prefill_ms),
        // The first token comes with the prompt.
        decode: per_second(done.output_tokens - 1, done.decode_ms),
    })
}

fn prefix(engine: &mut Engine, round: usize) -> Result<(f64, f64)> {
    let long = words(round, 2, PREFIX_TOKENS);
    let cold = engine.answer(&long, 1)?.first_token;
    let warm = engine.answer(&format!("{long} and"), 1)?.first_token;
    Ok((cold.as_secs_f64(), warm.as_secs_f64()))
}

fn crowd_texts(round: usize, people: usize) -> Vec<String> {
    (0..people)
        .map(|person| words(round, 100 * people + person, CROWD_PROMPT_TOKENS))
        .collect()
}

/// A text of about `tokens` tokens that begins like no other: the model's tokens are single letters.
fn words(round: usize, number: usize, tokens: u32) -> String {
    let mut state = (round * 1_000_003 + number * 7919 + 17) as u64;
    let letter = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap_or(0))
    };
    (1..tokens).map(letter).collect()
}

fn per_second(tokens: u32, milliseconds: u64) -> f64 {
    f64::from(tokens) * 1000.0 / milliseconds.max(1) as f64
}

/// Builds the bare loop with the engine's own flags: an example is built with the tests' features, so nothing of
/// llama.cpp is compiled anew.
fn raw_loop(root: &Path, folder: &Path) -> Result<PathBuf> {
    let mut build = Command::new("cargo");
    build.args([
        "build",
        "--locked",
        "--release",
        "--workspace",
        "--exclude",
        "xtask",
        "--bins",
    ]);
    build.args(["--example", "raw_loop"]).current_dir(root);
    if !build.status()?.success() {
        return Err("raw_loop does not build; see the messages above".into());
    }
    Ok(folder.join("release/examples/raw_loop"))
}
