//! Generative models, through llama.cpp.
//!
//! Threads: one prepares requests ([`prepare`]), one computes them together ([`schedule`]), one
//! hashes what is kept on disk ([`prefix`]).
//!
//! # What is promised about answers
//! - With a seed, a request that is computed alone gives the same answer on the same model,
//!   machine and number of threads, whatever was computed or cached before: it uses nothing
//!   computed earlier and is read in steps of fixed length.
//! - Computed together with others, or on cached tokens, sums are rounded in another order. The
//!   likeliest token is the same unless two are equally likely to about six digits.
//! - Guessing ahead changes nothing: each guess is checked with the same draw.

mod admission;
mod answer;
mod cache;
mod check;
mod compute;
mod constraint;
mod control;
mod conversation;
mod gbnf;
mod load;
mod lookup;
mod plan;
mod prefix;
mod prepare;
mod prompt;
mod run;
mod sampler;
mod schedule;
mod step;
mod template;
mod tools;
mod trim;
mod writer;

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Instant;

use guildhall_engine_protocol::frame::FrameError;
use guildhall_engine_protocol::{EngineMessage, Failure, Load, codes};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

use crate::cores::Cores;
use crate::logging;
use crate::outbox::Outbox;
use crate::queue::JobQueue;
use crate::sandbox;
use crate::worker::{ServeError, milliseconds, thread_count};
use constraint::Compiler;
pub(crate) use load::{Inspected, check_whole, inspect, load_failed};
use prefix::{PrefixStore, seal_all};
use prepare::{Preparer, Ready};
use prompt::PromptFormat;
use run::Language;
use sampler::Vocabulary;
use schedule::{Parts, Scheduler};

/// Loads a generative model and answers requests with it until the queue is closed.
///
/// # Errors
/// When the model cannot be loaded or the node is gone.
pub(crate) fn serve(
    load: &Load,
    inspected: Inspected,
    notes: Vec<String>,
    queue: &JobQueue,
    outbox: &Outbox,
) -> Result<(), ServeError> {
    let cores = Cores::new(thread_count(load.threads));
    let mut opened = load::open(load, inspected)?;
    let started = Instant::now();
    opened.loaded.notes.extend(notes);
    let (store, unsealed) = open_store(load, &mut opened.loaded.notes);
    let format = PromptFormat::of(&opened.model)?;
    opened.loaded.notes.extend(format.note());
    opened.loaded.has_tool_template = format.knows_tools();
    let context = load::context(&opened, &opened.model)?;
    if store.is_none() {
        opened.loaded.notes.extend(sandbox::tighten());
    }
    opened.loaded.load_ms += milliseconds(started.elapsed());
    let (names, adapters): (Vec<_>, Vec<_>) = opened.adapters.into_iter().unzip();
    let model = &opened.model;
    let loaded = opened.loaded.clone();
    let call_token = single_token(model, format.tool_format().opening());
    let preparer = Preparer {
        vocabulary: vocabulary(model, loaded.context_length),
        compiler: Compiler::new(model),
        format,
        context_length: loaded.context_length,
        adapters: names,
        keeps_prefixes: store.is_some(),
    };
    let ready = Ready::default();
    let scheduler = Scheduler::new(Parts {
        context,
        cores,
        adapters,
        language: Language {
            vocab: model.vocab(),
            compiler: &preparer.compiler,
            call_token,
            context_length: loaded.context_length as usize,
        },
        queue,
        ready: &ready,
        outbox,
        store,
        runs_max: loaded.sequences as usize,
        sequences: load::sequence_count(model, &loaded) as usize,
        cells: loaded.cache_tokens as usize,
        can_cut: load::can_cut(model),
    });
    tracing::info!(
        architecture = loaded.architecture,
        parameters = loaded.parameters,
        context_length = loaded.context_length,
        cache_tokens = loaded.cache_tokens,
        sequences = loaded.sequences,
        threads = loaded.threads,
        load_ms = loaded.load_ms,
        "model loaded"
    );
    outbox.send(&EngineMessage::Loaded(loaded))?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _close = CloseOnDrop(queue);
            preparer.run(queue, &ready, outbox);
        });
        if let Some(unsealed) = unsealed {
            scope.spawn(move || seal_all(&unsealed));
        }
        schedule_until_closed(scheduler, queue)
    })?;
    Ok(())
}

/// Whatever ends first, the other threads must not wait for it.
struct CloseOnDrop<'a>(&'a JobQueue);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Takes the scheduler by value: the end of its store is what the hashing thread waits for.
fn schedule_until_closed(mut scheduler: Scheduler<'_>, queue: &JobQueue) -> Result<(), FrameError> {
    let _close = CloseOnDrop(queue);
    scheduler.run()
}

fn open_store(
    load: &Load,
    notes: &mut Vec<String>,
) -> (Option<PrefixStore>, Option<Receiver<std::path::PathBuf>>) {
    let Some(directory) = &load.serving.prefix_dir else {
        return (None, None);
    };
    let adapters: Vec<&str> = load
        .adapters
        .iter()
        .map(|adapter| adapter.path.as_str())
        .collect();
    let way = format!("{:?} {}", load.serving.cache_type, adapters.join(" "));
    match PrefixStore::open(Path::new(directory), Path::new(&load.model_path), &way) {
        Ok((store, unsealed)) => (Some(store), Some(unsealed)),
        Err(error) => {
            notes.push(format!(
                "instructions are not kept from one start to the next: {directory} cannot be \
                 read ({error})"
            ));
            (None, None)
        }
    }
}

fn vocabulary(model: &LlamaModel, context_length: u32) -> Vocabulary {
    let vocab = model.vocab();
    Vocabulary {
        length: vocab.n_tokens(),
        context_length: i32::try_from(context_length).unwrap_or(i32::MAX),
        ends: vocab
            .tokens()
            .filter(|token| vocab.is_eog(*token))
            .collect(),
    }
}

/// The one token that `text` is, if it is one that answers do not show.
fn single_token(model: &LlamaModel, text: &str) -> Option<LlamaToken> {
    let vocab = model.vocab();
    match vocab.tokenize(text.as_bytes(), false, true).as_slice() {
        [token] if vocab.is_control(*token) => Some(*token),
        _ => None,
    }
}

/// llama.cpp's failure to compute, with the reason it logged.
fn inference_failed(error: impl std::fmt::Display) -> Failure {
    let reason = logging::take_first_error().unwrap_or_else(|| error.to_string());
    Failure::new(
        codes::INFERENCE_FAILED,
        format!("the model failed while computing ({reason}); try again or load it anew"),
    )
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
