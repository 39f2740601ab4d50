//! The conversation with the node: reads its messages and hands work to the computing threads.
//!
//! The first model that passes our own checks ends the process's freedom ([`sandbox`]): from
//! then on it can open that model's files only, so another model needs another engine.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use guildhall_engine_protocol::frame::{FrameError, read_frame};
use guildhall_engine_protocol::{
    Done, EngineMessage, EngineStatus, Failure, FinishReason, NodeMessage, QUEUE_MAX, codes,
};

use crate::outbox::Outbox;
use crate::queue::{Cancelled, JobQueue, Work};
use crate::sandbox;
use crate::worker::{self, Inspected};

/// How long the inference thread may take to finish its step when the process should end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the node on `socket` until it shuts the engine down or goes away.
pub(crate) fn serve(socket: UnixStream) -> ExitCode {
    let Ok(writer) = socket.try_clone() else {
        tracing::error!("cannot duplicate the node's socket");
        return ExitCode::FAILURE;
    };
    let outbox = Outbox::new(writer);
    let mut reader = BufReader::new(socket);
    let (result, finished) = match wait_for_model(&mut reader, &outbox) {
        Ok(None) => (Ok(()), true),
        Ok(Some(inspected)) => serve_model(inspected, &mut reader, &outbox),
        Err(error) => (Err(error), true),
    };
    if let Err(error) = &result {
        tracing::error!("{error}");
    }
    if result.is_ok() && finished {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Answers messages until a model passes our own checks; `None` when there is an end before.
fn wait_for_model(
    reader: &mut BufReader<UnixStream>,
    outbox: &Outbox,
) -> Result<Option<Inspected>, FrameError> {
    while let Some(message) = read_frame(reader)? {
        let work = match message {
            NodeMessage::Load(load) => match worker::inspect(load) {
                Ok(inspected) => return Ok(Some(inspected)),
                Err(failure) => {
                    worker::refuse_load(failure, outbox)?;
                    continue;
                }
            },
            NodeMessage::Ping { ping_id } => {
                let status = EngineStatus::default();
                outbox.send(&EngineMessage::Pong { ping_id, status })?;
                continue;
            }
            NodeMessage::Cancel { .. } => continue,
            NodeMessage::Shutdown => return Ok(None),
            NodeMessage::Generate(request) => Work::Generate(Box::new(request)),
            NodeMessage::Embed(request) => Work::Embed(request),
            NodeMessage::CountTokens(request) => Work::CountTokens(request),
        };
        worker::refuse(&work, &worker::no_model(), outbox)?;
    }
    Ok(None)
}

/// Confines the process, starts the inference thread and reads messages for it. Returns how
/// reading ended and whether the thread came to its end.
fn serve_model(
    mut inspected: Inspected,
    reader: &mut BufReader<UnixStream>,
    outbox: &Outbox,
) -> (Result<(), FrameError>, bool) {
    match sandbox::enter(&inspected.files) {
        Ok(notes) => inspected.notes.extend(notes),
        Err(failure) => inspected.refused = Some(failure),
    }
    let queue = Arc::new(JobQueue::default());
    let ended = match start_worker(inspected, Arc::clone(&queue), outbox.clone()) {
        Ok(ended) => ended,
        Err(error) => return (Err(FrameError::Io(error)), false),
    };
    let result = read_messages(reader, &queue, outbox);
    queue.close();
    let finished = ended.recv_timeout(STOP_TIMEOUT) == Ok(Ended::Normally);
    (result, finished)
}

/// How the inference thread came to its end.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Normally,
}

/// Starts the inference thread. When it ends, also by a panic, the node is hung up on, so that
/// reading ends; the channel then holds `Ended::Normally` or is closed.
fn start_worker(
    inspected: Inspected,
    queue: Arc<JobQueue>,
    outbox: Outbox,
) -> std::io::Result<Receiver<Ended>> {
    struct HangUp(Outbox);
    impl Drop for HangUp {
        fn drop(&mut self) {
            self.0.hang_up();
        }
    }

    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("inference".to_owned())
        .spawn(move || {
            let _hang_up = HangUp(outbox.clone());
            worker::run(inspected, &queue, &outbox);
            let _ = sender.send(Ended::Normally);
        })?;
    Ok(receiver)
}

fn read_messages(
    reader: &mut BufReader<UnixStream>,
    queue: &JobQueue,
    outbox: &Outbox,
) -> Result<(), FrameError> {
    while let Some(message) = read_frame(reader)? {
        match message {
            NodeMessage::Load(_) => enqueue(Work::Load, queue, outbox)?,
            NodeMessage::Generate(request) => {
                enqueue(Work::Generate(Box::new(request)), queue, outbox)?;
            }
            NodeMessage::Embed(request) => enqueue(Work::Embed(request), queue, outbox)?,
            NodeMessage::CountTokens(request) => {
                enqueue(Work::CountTokens(request), queue, outbox)?;
            }
            NodeMessage::Ping { ping_id } => queue.ping(ping_id),
            NodeMessage::Cancel { request_id } => {
                if queue.cancel(request_id) == Cancelled::Waiting {
                    outbox.send(&EngineMessage::Done(cancelled_early(request_id)))?;
                }
            }
            NodeMessage::Shutdown => break,
        }
    }
    Ok(())
}

fn enqueue(work: Work, queue: &JobQueue, outbox: &Outbox) -> Result<(), FrameError> {
    let Err(refused) = queue.push(work) else {
        return Ok(());
    };
    let failure = Failure::new(
        codes::ENGINE_BUSY,
        format!("{QUEUE_MAX} requests wait for this model already; try again in a moment"),
    );
    worker::refuse(&refused, &failure, outbox)
}

/// The end of a request that was cancelled before anything was computed.
pub(crate) fn cancelled_early(request_id: u64) -> Done {
    Done {
        request_id,
        finish_reason: FinishReason::Cancelled,
        input_tokens: 0,
        output_tokens: 0,
        prefill_ms: 0,
        decode_ms: 0,
        cached_tokens: 0,
        wait_ms: 0,
        drafted_tokens: 0,
        accepted_tokens: 0,
        stop_text: None,
    }
}
