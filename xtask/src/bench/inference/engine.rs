//! `guildhall-engine` as the node drives it: one process, one socket, many requests.

use std::{
    collections::HashMap,
    io::BufReader,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use guildhall_engine_protocol::{
    Done, EngineMessage, Generate, Input, Load, LoadKind, NodeMessage, PROTOCOL_VERSION, Prompt,
    Sampling, Serving,
    frame::{read_frame, write_frame},
};

use crate::Result;

/// No answer takes this long.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running engine with a model in it.
pub(super) struct Engine {
    child: Child,
    reading: BufReader<UnixStream>,
    writing: UnixStream,
    next_id: u64,
}

/// How one request went.
pub(super) struct Answer {
    /// Tokens and times as the engine counts them.
    pub(super) done: Done,
    /// From sending the request to its first token.
    pub(super) first_token: Duration,
}

impl Engine {
    /// Starts the program and loads the model for `sequences` conversations at a time.
    pub(super) fn start(
        program: &Path,
        model: &Path,
        threads: u32,
        sequences: u32,
    ) -> Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(PATIENCE))?;
        let child = Command::new(program)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // As the node starts it, so that nothing of this terminal changes how its threads wait.
            .env_clear()
            .spawn()?;
        let mut engine = Self {
            child,
            reading: BufReader::new(ours.try_clone()?),
            writing: ours,
            next_id: 1,
        };
        let load = Load {
            protocol_version: PROTOCOL_VERSION,
            model_path: model.to_string_lossy().into_owned(),
            kind: LoadKind::Generative,
            context_length: 4096,
            threads,
            serving: Serving {
                sequences,
                cache_tokens: 4096.max(512 * sequences),
                ..Serving::default()
            },
            adapters: Vec::new(),
        };
        write_frame(&mut engine.writing, &NodeMessage::Load(load))?;
        match engine.receive()? {
            EngineMessage::Loaded(_) => Ok(engine),
            other => Err(format!("the engine did not load the model: {other:?}").into()),
        }
    }

    /// Answers one prompt of bare text.
    pub(super) fn answer(&mut self, text: &str, tokens: u32) -> Result<Answer> {
        let mut answers = self.answer_all(&[text.to_owned()], tokens)?;
        answers.pop().ok_or_else(|| "no answer".into())
    }

    /// Answers all prompts at the same time.
    pub(super) fn answer_all(&mut self, texts: &[String], tokens: u32) -> Result<Vec<Answer>> {
        let began = Instant::now();
        let mut open = HashMap::new();
        for text in texts {
            let request_id = self.next_id;
            self.next_id += 1;
            open.insert(request_id, None);
            let generate = Generate {
                request_id,
                prompt: prompt(text, tokens),
            };
            write_frame(&mut self.writing, &NodeMessage::Generate(generate))?;
        }
        let mut answers = Vec::new();
        while answers.len() < texts.len() {
            match self.receive()? {
                EngineMessage::Token { request_id, .. } => {
                    if let Some(first) = open.get_mut(&request_id) {
                        first.get_or_insert(began.elapsed());
                    }
                }
                EngineMessage::Done(done) => {
                    let first = open.remove(&done.request_id).flatten();
                    let first_token = first.ok_or("an answer without a token")?;
                    answers.push(Answer { done, first_token });
                }
                EngineMessage::RequestFailed { failure, .. } => return Err(failure.into()),
                _ => {}
            }
        }
        Ok(answers)
    }

    fn receive(&mut self) -> Result<EngineMessage> {
        read_frame(&mut self.reading)?.ok_or_else(|| "the engine hung up".into())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It is gone already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn prompt(text: &str, tokens: u32) -> Prompt {
    Prompt {
        sampling: Sampling {
            temperature: 0.0,
            ..Sampling::default()
        },
        ignore_end: true,
        ..Prompt::new(
            Input::Text {
                text: text.to_owned(),
            },
            tokens,
        )
    }
}
