//! The conversation with the node: reads its messages and hands work to the inference thread.

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
use crate::worker;

/// How long the inference thread may take to finish its step when the process should end.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the node on `socket` until it shuts the engine down or goes away.
pub(crate) fn serve(socket: UnixStream) -> ExitCode {
    let Ok(writer) = socket.try_clone() else {
        tracing::error!("cannot duplicate the node's socket");
        return ExitCode::FAILURE;
    };
    let outbox = Outbox::new(writer);
    let queue = Arc::new(JobQueue::default());
    let ended = match start_worker(Arc::clone(&queue), outbox.clone()) {
        Ok(ended) => ended,
        Err(error) => {
            tracing::error!("cannot start the inference thread: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = read_messages(socket, &queue, &outbox);
    queue.close();
    if let Err(error) = &result {
        tracing::error!("{error}");
    }
    let finished = ended.recv_timeout(STOP_TIMEOUT) == Ok(Ended::Normally);
    if result.is_ok() && finished {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How the inference thread came to its end.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Normally,
}

/// Starts the inference thread. When it ends, also by a panic, the node is hung up on, so that
/// reading ends; the channel then holds `Ended::Normally` or is closed.
fn start_worker(queue: Arc<JobQueue>, outbox: Outbox) -> std::io::Result<Receiver<Ended>> {
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
            worker::run(&queue, &outbox);
            let _ = sender.send(Ended::Normally);
        })?;
    Ok(receiver)
}

fn read_messages(socket: UnixStream, queue: &JobQueue, outbox: &Outbox) -> Result<(), FrameError> {
    let mut reader = BufReader::new(socket);
    while let Some(message) = read_frame(&mut reader)? {
        match message {
            NodeMessage::Load(load) => enqueue(Work::Load(load), queue, outbox)?,
            NodeMessage::Generate(request) => enqueue(Work::Generate(request), queue, outbox)?,
            NodeMessage::Embed(request) => enqueue(Work::Embed(request), queue, outbox)?,
            NodeMessage::CountTokens(request) => outbox.fail(
                request.request_id,
                Failure::new(codes::INVALID_REQUEST, "counting tokens is not known yet"),
            )?,
            NodeMessage::Ping { ping_id } => outbox.send(&EngineMessage::Pong {
                ping_id,
                status: EngineStatus::default(),
            })?,
            NodeMessage::Cancel { request_id } => {
                if queue.cancel(request_id) == Cancelled::Waiting {
                    outbox.send(&EngineMessage::Done(cancelled_while_waiting(request_id)))?;
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
    match refused.request_id() {
        Some(request_id) => outbox.fail(request_id, failure),
        None => outbox.send(&EngineMessage::LoadFailed(failure)),
    }
}

fn cancelled_while_waiting(request_id: u64) -> Done {
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
    }
}
