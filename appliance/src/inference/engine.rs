//! One engine process and the conversation with it. The process dies with this value; when it dies by
//! itself, everything that waits for it is told.

use std::{
    collections::{HashMap, VecDeque},
    os::{fd::OwnedFd, unix::net::UnixStream as StdUnixStream},
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use guildhall_engine_protocol::{
    EngineMessage, Failure, Load, Loaded, NodeMessage,
    frame::asynchronous::{read_frame, write_frame},
};
use guildhall_kernel::{Error, Result};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

const LOAD_TIME_MAX: Duration = Duration::from_secs(600);
/// Messages on their way to the engine.
const OUTBOX: usize = 256;
/// Last words kept of a process's standard error.
const LAST_LINES: usize = 20;

/// A running engine with its model loaded.
pub(super) struct Engine {
    outbox: mpsc::Sender<NodeMessage>,
    shared: Arc<Shared>,
    next_request: AtomicU64,
    loaded: Loaded,
    // Dropping it kills the process.
    _child: Child,
}

struct Shared {
    /// Who waits for which request. A request's own replies are few, or as many as it asked tokens for.
    waiting: Mutex<HashMap<u64, mpsc::UnboundedSender<EngineMessage>>>,
    last_lines: Mutex<VecDeque<String>>,
    gone: CancellationToken,
}

/// What an engine answers to one request; cancelled when dropped early.
pub(super) struct Replies {
    request_id: u64,
    replies: mpsc::UnboundedReceiver<EngineMessage>,
    outbox: mpsc::Sender<NodeMessage>,
    shared: Arc<Shared>,
}

impl Engine {
    /// Starts the program and has it load a model.
    ///
    /// # Errors
    /// `engine_missing` when the program is not there; what the engine says of the model otherwise.
    pub(super) async fn start(program: &Path, load: Load) -> Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut child = Command::new(program)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .env_clear()
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| missing(program, error))?;
        let (reading, writing) = UnixStream::from_std(ours)?.into_split();
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            last_lines: Mutex::default(),
            gone: CancellationToken::new(),
        });
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(keep_last_lines(stderr, Arc::clone(&shared)));
        }
        let (outbox, messages) = mpsc::channel(OUTBOX);
        tokio::spawn(send(writing, messages));
        let (loading, mut outcome) = mpsc::channel(1);
        tokio::spawn(receive(reading, Arc::clone(&shared), loading));
        // Both ends of the channel live as long as the process; a full one is impossible here.
        let _ = outbox.send(NodeMessage::Load(load)).await;
        let loaded = tokio::time::timeout(LOAD_TIME_MAX, outcome.recv()).await;
        let loaded = match loaded {
            Err(_) => Err(Error::unavailable(
                "model_load_timeout",
                "the model took longer than ten minutes to load; see the log",
                60,
            )),
            Ok(None) => Err(shared.died()),
            Ok(Some(Err(failure))) => Err(refused(&failure)),
            Ok(Some(Ok(loaded))) => Ok(loaded),
        }?;
        Ok(Self {
            outbox,
            shared,
            next_request: AtomicU64::new(1),
            loaded,
            _child: child,
        })
    }

    /// What was loaded.
    pub(super) fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Whether the process still answers.
    pub(super) fn is_alive(&self) -> bool {
        !self.shared.gone.is_cancelled()
    }

    /// Whether nobody waits for an answer.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.waiting().is_empty()
    }

    /// Cancelled when the process has died.
    pub(super) fn gone(&self) -> CancellationToken {
        self.shared.gone.clone()
    }

    /// Why the process died, with its last words.
    pub(super) fn died(&self) -> Error {
        self.shared.died()
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
        if self.shared.gone.is_cancelled() || self.outbox.send(make(request_id)).await.is_err() {
            return Err(self.shared.died());
        }
        Ok(replies)
    }
}

impl Replies {
    /// The next message for this request; `None` when the process died.
    pub(super) async fn next(&mut self) -> Option<EngineMessage> {
        self.replies.recv().await
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        let was_open = self.shared.waiting().remove(&self.request_id).is_some();
        if was_open {
            // A full outbox means a dying engine, whose requests end anyway.
            let _ = self.outbox.try_send(NodeMessage::Cancel {
                request_id: self.request_id,
            });
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, mpsc::UnboundedSender<EngineMessage>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn died(&self) -> Error {
        let lines = self
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let words = lines
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" | ");
        let message = "the model's process stopped; it is started again with the next question";
        Error::unavailable("engine_stopped", message, 2).with_source(words)
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
        match read_frame::<EngineMessage>(&mut reading).await {
            Ok(Some(EngineMessage::Loaded(loaded))) => {
                let _ = loading.send(Ok(loaded)).await;
            }
            Ok(Some(EngineMessage::LoadFailed(failure))) => {
                let _ = loading.send(Err(failure)).await;
            }
            Ok(Some(message)) => {
                let (request_id, is_last) = match &message {
                    EngineMessage::Started(started) => (started.request_id, false),
                    EngineMessage::Token { request_id, .. }
                    | EngineMessage::ToolCall { request_id, .. } => (*request_id, false),
                    EngineMessage::Done(done) => (done.request_id, true),
                    EngineMessage::Embeddings(embeddings) => (embeddings.request_id, true),
                    EngineMessage::TokenCount { request_id, .. }
                    | EngineMessage::RequestFailed { request_id, .. } => (*request_id, true),
                    EngineMessage::Loaded(_)
                    | EngineMessage::LoadFailed(_)
                    | EngineMessage::Pong { .. } => continue,
                };
                shared.deliver(request_id, message, is_last);
            }
            Ok(None) => break,
            Err(error) => {
                tracing::warn!(%error, "the engine's words were not understood");
                break;
            }
        }
    }
    shared.gone.cancel();
    // Dropping the senders tells everyone who waits.
    shared.waiting().clear();
}

async fn keep_last_lines(stderr: tokio::process::ChildStderr, shared: Arc<Shared>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(line, "engine");
        let mut last = shared
            .last_lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
}

fn missing(program: &Path, error: std::io::Error) -> Error {
    let message = format!(
        "the engine {} cannot be started; put guildhall-engine beside guildhall or set `engine.path`",
        program.display()
    );
    Error::unavailable("engine_missing", message, 60).with_source(error)
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
