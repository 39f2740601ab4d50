//! Starts the engine and speaks with it.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use guildhall_engine_protocol::frame::{read_frame, write_frame};
use guildhall_engine_protocol::testing::{TinyModel, write_tiny_model};
use guildhall_engine_protocol::{
    BUILTIN_MINILM, ChatMessage, ChatRole, Done, EngineMessage, EngineStatus, Failure, Generate,
    Input, Load, LoadKind, Loaded, NodeMessage, PROTOCOL_VERSION, Prompt, Sampling, Serving,
    Started, TokenLogprob, ToolCall,
};

/// A test fails rather than hangs: no answer takes this long.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// A running engine process.
pub(crate) struct Engine {
    process: Child,
    socket: UnixStream,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) started: Started,
    pub(crate) pieces: Vec<String>,
    pub(crate) logprobs: Vec<TokenLogprob>,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) done: Done,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }
}

impl Engine {
    pub(crate) fn start() -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_guildhall-engine"))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            socket: ours,
        }
    }

    /// An engine with a tiny random model and a context of `context_length` tokens.
    pub(crate) fn with_tiny_model(context_length: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        write_tiny_model(&path, 1).unwrap();
        let mut engine = Self::start();
        engine.load(&load_of(&path, context_length)).unwrap();
        engine
    }

    pub(crate) fn with_minilm() -> Self {
        let mut engine = Self::start();
        let load = Load {
            model_path: BUILTIN_MINILM.to_owned(),
            kind: LoadKind::Embedding,
            ..load_of(Path::new(""), 256)
        };
        engine.load(&load).unwrap();
        engine
    }

    pub(crate) fn send(&mut self, message: &NodeMessage) {
        write_frame(&mut self.socket, message).unwrap();
    }

    pub(crate) fn receive(&mut self) -> EngineMessage {
        read_frame(&mut self.socket)
            .unwrap()
            .expect("the engine hung up")
    }

    pub(crate) fn load(&mut self, load: &Load) -> Result<Loaded, Failure> {
        self.send(&NodeMessage::Load(load.clone()));
        match self.receive() {
            EngineMessage::Loaded(loaded) => Ok(loaded),
            EngineMessage::LoadFailed(failure) => Err(failure),
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Sends a request and collects its answer.
    pub(crate) fn generate(&mut self, request: Generate) -> Result<Answer, Failure> {
        self.send(&NodeMessage::Generate(request));
        self.collect()
    }

    /// Collects the answer of the request that is running.
    pub(crate) fn collect(&mut self) -> Result<Answer, Failure> {
        let mut started = None;
        let mut pieces = Vec::new();
        let mut all_logprobs = Vec::new();
        let mut calls = Vec::new();
        loop {
            match self.receive() {
                EngineMessage::Started(message) => started = Some(message),
                EngineMessage::Token { text, logprobs, .. } => {
                    pieces.push(text);
                    all_logprobs.extend(logprobs);
                }
                EngineMessage::ToolCall { call, .. } => calls.push(call),
                EngineMessage::Done(done) => {
                    let started = started.expect("an answer starts before it ends");
                    return Ok(Answer {
                        started,
                        pieces,
                        logprobs: all_logprobs,
                        calls,
                        done,
                    });
                }
                EngineMessage::RequestFailed { failure, .. } => return Err(failure),
                other => panic!("unexpected {other:?}"),
            }
        }
    }

    /// An engine that answers `sequences` requests at the same time.
    pub(crate) fn with_sequences(context_length: u32, sequences: u32, cache_tokens: u32) -> Self {
        let serving = Serving {
            sequences,
            cache_tokens,
            ..Serving::default()
        };
        Self::serving(&TinyModel::default(), context_length, serving)
    }

    /// An engine with a tiny model of a certain kind, served in a certain way.
    pub(crate) fn serving(model: &TinyModel, context_length: u32, serving: Serving) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.gguf");
        model.gguf().write(&path).unwrap();
        let mut engine = Self::start();
        let load = Load {
            serving,
            ..load_of(&path, context_length)
        };
        engine.load(&load).unwrap();
        engine
    }

    /// What the engine is doing. Only when no request is open.
    pub(crate) fn status(&mut self) -> EngineStatus {
        self.send(&NodeMessage::Ping { ping_id: 77 });
        match self.receive() {
            EngineMessage::Pong {
                ping_id: 77,
                status,
            } => status,
            other => panic!("unexpected {other:?}"),
        }
    }

    /// Sends requests at once and collects all of their messages until each has ended.
    pub(crate) fn together(
        &mut self,
        requests: Vec<Generate>,
    ) -> BTreeMap<u64, Vec<EngineMessage>> {
        let mut open = requests.len();
        for request in requests {
            self.send(&NodeMessage::Generate(request));
        }
        let mut messages = BTreeMap::<u64, Vec<EngineMessage>>::new();
        while open > 0 {
            let message = self.receive();
            let (request_id, ends) = match &message {
                EngineMessage::Started(started) => (started.request_id, false),
                EngineMessage::Token { request_id, .. }
                | EngineMessage::ToolCall { request_id, .. } => (*request_id, false),
                EngineMessage::Done(done) => (done.request_id, true),
                EngineMessage::RequestFailed { request_id, .. } => (*request_id, true),
                other => panic!("unexpected {other:?}"),
            };
            open -= usize::from(ends);
            messages.entry(request_id).or_default().push(message);
        }
        messages
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Closes the socket, as a node does that dies, and waits for the end of the process.
    pub(crate) fn hang_up(mut self) -> ExitStatus {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
        self.process.wait().unwrap()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn load_of(path: &Path, context_length: u32) -> Load {
    Load {
        protocol_version: PROTOCOL_VERSION,
        model_path: path.to_str().unwrap().to_owned(),
        kind: LoadKind::Generative,
        context_length,
        threads: 1,
        serving: Serving::default(),
        adapters: Vec::new(),
    }
}

pub(crate) fn message(role: ChatRole, content: &str) -> ChatMessage {
    ChatMessage::new(role, content)
}

pub(crate) fn user(content: &str) -> ChatMessage {
    message(ChatRole::User, content)
}

/// A request for 32 tokens at temperature 1, without a seed.
pub(crate) fn request(request_id: u64, messages: Vec<ChatMessage>) -> Generate {
    Generate {
        request_id,
        prompt: Prompt {
            sampling: Sampling {
                top_p: 0.95,
                top_k: 40,
                ..Sampling::default()
            },
            ..Prompt::new(Input::chat(messages), 32)
        },
    }
}
