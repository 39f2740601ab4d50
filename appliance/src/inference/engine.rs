//! One engine process and the conversation with it. When it dies or hangs, everything that waits for it
//! is told; it never outlives this value.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use guildhall_engine_protocol::{
    EngineMessage, EngineStatus, Failure, Load, Loaded, NodeMessage,
    frame::asynchronous::{read_frame, write_frame},
};
use guildhall_kernel::{Error, Result};
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
};

use super::{process::Process, status::ENGINE_STOPPED};

const LOAD_TIME_MAX: Duration = Duration::from_secs(1800);
/// Messages on their way to the engine.
const OUTBOX: usize = 256;
/// How often an engine is asked whether it still computes.
const PINGS: Duration = Duration::from_secs(2);
/// How long an engine may take to end by itself; less where hangs are noticed sooner.
const ENDING_TIME_MAX: Duration = Duration::from_secs(5);

/// How long one that has hung up may take to end by itself.
const HANG_UP_TIME_MAX: Duration = Duration::from_secs(2);

/// A running engine with its model loaded.
pub(super) struct Engine {
    outbox: mpsc::Sender<NodeMessage>,
    shared: Arc<Shared>,
    next_request: AtomicU64,
    loaded: Loaded,
    hang_after: Duration,
}

struct Shared {
    process: Process,
    /// Who waits for which request. A request's own replies are few, or as many as it asked tokens for.
    waiting: Mutex<HashMap<u64, mpsc::UnboundedSender<EngineMessage>>>,
    status: Mutex<EngineStatus>,
    /// Pings since the engine was last heard.
    unanswered: AtomicU32,
    /// It has closed its end of the socket.
    has_hung_up: AtomicBool,
}

/// What an engine answers to one request; cancelled when dropped early.
pub(super) struct Replies {
    request_id: u64,
    replies: mpsc::UnboundedReceiver<EngineMessage>,
    outbox: mpsc::Sender<NodeMessage>,
    shared: Arc<Shared>,
}

/// Ends the process when its engine is not wanted any more, also in the middle of loading.
struct EndOnDrop(Option<Process>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        if let Some(process) = &self.0 {
            process.kill(None);
        }
    }
}

impl Engine {
    /// Starts the program and has it load a model. One that does nothing for `hang_after` is ended.
    ///
    /// # Errors
    /// `engine_missing` when the program is not there; what the engine says of the model otherwise.
    pub(super) async fn start(program: &Path, load: Load, hang_after: Duration) -> Result<Self> {
        let (process, socket) = Process::start(program)?;
        let mut guard = EndOnDrop(Some(process.clone()));
        let (reading, writing) = UnixStream::from_std(socket)?.into_split();
        let shared = Arc::new(Shared {
            process,
            waiting: Mutex::default(),
            status: Mutex::default(),
            unanswered: AtomicU32::new(0),
            has_hung_up: AtomicBool::new(false),
        });
        let (outbox, messages) = mpsc::channel(OUTBOX);
        tokio::spawn(send(writing, messages));
        let (loading, outcome) = mpsc::channel(1);
        tokio::spawn(receive(reading, Arc::clone(&shared), loading));
        // Both ends of the channel live as long as the process; a full one is impossible here.
        let _ = outbox.send(NodeMessage::Load(load)).await;
        let loaded = shared.wait_loaded(outcome, hang_after).await?;
        tokio::spawn(supervise(Arc::clone(&shared), outbox.clone(), hang_after));
        guard.0 = None;
        Ok(Self {
            outbox,
            shared,
            next_request: AtomicU64::new(1),
            loaded,
            hang_after,
        })
    }

    /// What was loaded.
    pub(super) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The system's number of the process.
    pub(super) fn process_id(&self) -> Option<u32> {
        self.shared.process.id()
    }

    /// Whether the process still answers.
    pub(super) fn is_alive(&self) -> bool {
        self.shared.process.is_wanted() && !self.shared.has_hung_up.load(Ordering::Relaxed)
    }

    /// Whether nobody waits for an answer.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.waiting().is_empty()
    }

    /// What it is doing, as it last said.
    pub(super) fn status(&self) -> EngineStatus {
        *self
            .shared
            .status
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The process, to wait for its end.
    pub(super) fn process(&self) -> Process {
        self.shared.process.clone()
    }

    /// Why the process died.
    pub(super) fn died(&self) -> Error {
        self.shared.died()
    }

    /// Ends the process: asks first, so that it can store what it has computed, then does not ask.
    pub(super) async fn shut_down(&self, reason: &str) {
        // Whoever still waits hears why.
        let _ = self.outbox.try_send(NodeMessage::Shutdown);
        let ending = self.shared.process.ended();
        let patience = ENDING_TIME_MAX.min(self.hang_after);
        if tokio::time::timeout(patience, ending).await.is_err() {
            self.shared.process.kill(Some(reason));
            self.shared.process.ended().await;
        }
    }

    /// Sends a request, which `make` builds around the id it is given.
    ///
    /// # Errors
    /// `engine_stopped` when the process is gone.
    pub(super) async fn request(&self, make: impl FnOnce(u64) -> NodeMessage) -> Result<Replies> {
        let request_id = self.next_request.fetch_add(1, Ordering::Relaxed);
        let (sender, replies) = mpsc::unbounded_channel();
        self.shared.waiting().insert(request_id, sender);
        let replies = Replies {
            request_id,
            replies,
            outbox: self.outbox.clone(),
            shared: Arc::clone(&self.shared),
        };
        if !self.is_alive() || self.outbox.send(make(request_id)).await.is_err() {
            return Err(self.shared.died());
        }
        Ok(replies)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.process.kill(None);
    }
}

impl Replies {
    /// The next message for this request; `None` when the process died, which has ended by then.
    pub(super) async fn next(&mut self) -> Option<EngineMessage> {
        self.replies.recv().await
    }

    /// Asks the engine to stop this request; its last message still comes.
    pub(super) fn cancel(&self) {
        // A full outbox means a dying engine, whose requests end anyway.
        let _ = self.outbox.try_send(NodeMessage::Cancel {
            request_id: self.request_id,
        });
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        let was_open = self.shared.waiting().remove(&self.request_id).is_some();
        if was_open {
            self.cancel();
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, mpsc::UnboundedSender<EngineMessage>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_loaded(
        &self,
        mut outcome: mpsc::Receiver<std::result::Result<Loaded, Failure>>,
        hang_after: Duration,
    ) -> Result<Loaded> {
        let reason = tokio::select! {
            loaded = outcome.recv() => match loaded {
                Some(Ok(loaded)) => return Ok(loaded),
                Some(Err(failure)) => return Err(refused(&failure)),
                None => None,
            },
            () = self.process.stuck(hang_after) => Some("it hung while loading the model"),
            () = tokio::time::sleep(LOAD_TIME_MAX) => Some("loading took longer than half an hour"),
        };
        self.process.kill(reason);
        self.process.ended().await;
        Err(self.died())
    }

    fn died(&self) -> Error {
        let message = format!(
            "the model's process {}; it is started again with the next question",
            self.process.end()
        );
        let error = Error::unavailable(ENGINE_STOPPED, message, 2);
        match self.process.last_words() {
            Some(words) => error.with_source(words.replace('\n', " | ")),
            None => error,
        }
    }

    /// Hands a reply to who waits for it; the last one of a request closes it.
    fn deliver(&self, request_id: u64, message: EngineMessage, is_last: bool) {
        let mut waiting = self.waiting();
        let receiver = if is_last {
            waiting.remove(&request_id)
        } else {
            waiting.get(&request_id).cloned()
        };
        if let Some(receiver) = receiver {
            // Nobody listens any more: the cancel is on its way.
            let _ = receiver.send(message);
        }
    }
}

/// Ends a process that does not answer for `hang_after`. Pings are counted, not wall time, so that a
/// suspended machine is no hang.
async fn supervise(shared: Arc<Shared>, outbox: mpsc::Sender<NodeMessage>, hang_after: Duration) {
    let pause = PINGS.min(hang_after / 3).max(Duration::from_millis(50));
    let unanswered_max = hang_after.as_millis() / pause.as_millis();
    for ping_id in 1_u64.. {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shared.process.ended() => return,
        }
        let unanswered = shared.unanswered.fetch_add(1, Ordering::Relaxed);
        if u128::from(unanswered) >= unanswered_max {
            let reason = format!("it did not answer for {} s", hang_after.as_secs_f32());
            shared.process.kill(Some(&reason));
            return;
        }
        // One that does not read any more shows by its silence.
        let _ = outbox.try_send(NodeMessage::Ping { ping_id });
    }
}

async fn send(mut writing: OwnedWriteHalf, mut messages: mpsc::Receiver<NodeMessage>) {
    while let Some(message) = messages.recv().await {
        if let Err(error) = write_frame(&mut writing, &message).await {
            tracing::debug!(%error, "a message did not reach the engine");
            return;
        }
    }
}

async fn receive(
    mut reading: OwnedReadHalf,
    shared: Arc<Shared>,
    loading: mpsc::Sender<std::result::Result<Loaded, Failure>>,
) {
    loop {
        let message = match read_frame::<EngineMessage>(&mut reading).await {
            Ok(Some(message)) => message,
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "the engine's words were not understood");
                break;
            }
        };
        shared.unanswered.store(0, Ordering::Relaxed);
        match message {
            EngineMessage::Loaded(loaded) => {
                let _ = loading.send(Ok(loaded)).await;
            }
            EngineMessage::LoadFailed(failure) => {
                let _ = loading.send(Err(failure)).await;
            }
            EngineMessage::Pong { status, .. } => {
                *shared.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
            }
            message => {
                if let Some((request_id, is_last)) = request_of(&message) {
                    shared.deliver(request_id, message, is_last);
                }
            }
        }
    }
    // One that has hung up serves nobody. Who waits is told when its end is known: as the process itself
    // makes it, for that is the reason to show.
    shared.has_hung_up.store(true, Ordering::Relaxed);
    if tokio::time::timeout(HANG_UP_TIME_MAX, shared.process.ended())
        .await
        .is_err()
    {
        shared.process.kill(Some("it hung up"));
        shared.process.ended().await;
    }
    shared.waiting().clear();
}

/// Which request a message belongs to, and whether it is the request's last one.
fn request_of(message: &EngineMessage) -> Option<(u64, bool)> {
    Some(match message {
        EngineMessage::Started(started) => (started.request_id, false),
        EngineMessage::Token { request_id, .. } | EngineMessage::ToolCall { request_id, .. } => {
            (*request_id, false)
        }
        EngineMessage::Done(done) => (done.request_id, true),
        EngineMessage::Embeddings(embeddings) => (embeddings.request_id, true),
        EngineMessage::TokenCount { request_id, .. }
        | EngineMessage::RequestFailed { request_id, .. } => (*request_id, true),
        EngineMessage::Loaded(_) | EngineMessage::LoadFailed(_) | EngineMessage::Pong { .. } => {
            return None;
        }
    })
}

/// What an engine said about a request or a model, as an error of the node.
pub(super) fn refused(failure: &Failure) -> Error {
    use guildhall_engine_protocol::codes;
    let known = [
        codes::MODEL_UNREADABLE,
        codes::MODEL_CORRUPT,
        codes::MODEL_TRUNCATED,
        codes::MODEL_UNSUPPORTED,
        codes::MODEL_TOO_LARGE,
        codes::MODEL_LOAD_FAILED,
        codes::PROMPT_TOO_LONG,
        codes::CONTEXT_EXCEEDED,
        codes::TEMPLATE_FAILED,
        codes::CONSTRAINT_INVALID,
        codes::UNKNOWN_ADAPTER,
        codes::INFERENCE_FAILED,
        codes::INVALID_REQUEST,
    ];
    let message = failure.message.clone();
    if failure.code == codes::ENGINE_BUSY {
        return Error::unavailable(codes::ENGINE_BUSY, message, 2);
    }
    match known.into_iter().find(|code| *code == failure.code) {
        Some(code) => Error::conflict(code, message),
        None => Error::internal(format!("the engine refused: {failure}")),
    }
}
