//! An engine's process: started with one end of a socket pair, watched, ended for sure, and asked for its
//! last words.

use std::{
    collections::VecDeque,
    fs,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream as StdUnixStream, process::ExitStatusExt},
    },
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guildhall_kernel::{Error, Result};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
};
use tokio_util::sync::CancellationToken;

/// Last words kept of a process's standard error, and how long each may be.
const LAST_LINES: usize = 20;
const LINE_CHARACTERS_MAX: usize = 400;
/// How long a dead process's standard error is still read: a grandchild could hold it open.
const WORDS_TIME_MAX: Duration = Duration::from_millis(500);
/// How often a loading process is looked at.
const LOOKS: Duration = Duration::from_millis(500);

/// A running process. A cheap clone; the last one does not end it, [`Process::kill`] does.
#[derive(Clone)]
pub(super) struct Process {
    id: Option<u32>,
    /// Cancelled when the process shall end.
    stop: CancellationToken,
    /// Cancelled when it has ended.
    ended: CancellationToken,
    words: Arc<Mutex<Words>>,
}

#[derive(Default)]
struct Words {
    lines: VecDeque<String>,
    /// Why the node ended it.
    reason: Option<String>,
    /// How it ended.
    end: Option<String>,
}

impl Process {
    /// Starts a program with one end of a socket pair as its standard input; gives the other end.
    ///
    /// # Errors
    /// `engine_missing` when the program does not start.
    pub(super) fn start(program: &Path) -> Result<(Self, StdUnixStream)> {
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
        let process = Self {
            id: child.id(),
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
            words: Arc::default(),
        };
        let reading = child.stderr.take();
        tokio::spawn(reap(process.clone(), child, reading));
        Ok((process, ours))
    }

    /// The system's number of the process.
    pub(super) fn id(&self) -> Option<u32> {
        self.id
    }

    /// Whether it runs and nobody has asked it to end.
    pub(super) fn is_wanted(&self) -> bool {
        !self.stop.is_cancelled() && !self.ended.is_cancelled()
    }

    /// Ends it, without asking it. The first reason given is the one that is shown.
    pub(super) fn kill(&self, reason: Option<&str>) {
        if let Some(reason) = reason {
            self.words().reason.get_or_insert_with(|| reason.to_owned());
        }
        self.stop.cancel();
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Waits until it has done nothing at all for that long: no computing, no reading.
    pub(super) async fn stuck(&self, silence: Duration) {
        let mut progress = self.progress();
        let mut silent = Duration::ZERO;
        // Looks are counted, not wall time, so that a suspended machine is no hang.
        while silent < silence {
            tokio::time::sleep(LOOKS).await;
            let now = self.progress();
            silent = if now == progress {
                silent + LOOKS
            } else {
                Duration::ZERO
            };
            progress = now;
        }
    }

    /// Ticks computed and pages faulted in (`/proc/PID/stat`, fields 10 to 15 of proc(5)), and bytes read.
    fn progress(&self) -> String {
        let Some(id) = self.id else {
            return String::new();
        };
        let text =
            |name: &str| fs::read_to_string(format!("/proc/{id}/{name}")).unwrap_or_default();
        let stat = text("stat");
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let counters: Vec<&str> = after_name.split_whitespace().skip(7).take(6).collect();
        format!("{} {}", counters.join(" "), text("io"))
    }

    /// How it ended and why, for people.
    pub(super) fn end(&self) -> String {
        let words = self.words();
        let end = words.end.as_deref().unwrap_or("stopped answering");
        match &words.reason {
            Some(reason) => format!("{end}: {reason}"),
            None => end.to_owned(),
        }
    }

    /// Its last lines, oldest first; nothing when it said nothing.
    pub(super) fn last_words(&self) -> Option<String> {
        let words = self.words();
        let lines: Vec<&str> = words.lines.iter().map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn words(&self) -> std::sync::MutexGuard<'_, Words> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn reap(process: Process, mut child: Child, stderr: Option<ChildStderr>) {
    let listening = tokio::spawn(listen(stderr, Arc::clone(&process.words)));
    let status = tokio::select! {
        status = child.wait() => status,
        () = process.stop.cancelled() => {
            // Fails only when it is dead already, which is what is wanted.
            let _ = child.start_kill();
            child.wait().await
        }
    };
    // Without an end of file after that time somebody else holds the pipe: what was said is enough.
    let _ = tokio::time::timeout(WORDS_TIME_MAX, listening).await;
    let end = status.map_or_else(|error| format!("was lost ({error})"), describe);
    process.words().end = Some(end);
    process.stop.cancel();
    process.ended.cancel();
}

async fn listen(stderr: Option<ChildStderr>, words: Arc<Mutex<Words>>) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(line, "engine");
        let line = line.chars().take(LINE_CHARACTERS_MAX).collect();
        let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
        if words.lines.len() == LAST_LINES {
            words.lines.pop_front();
        }
        words.lines.push_back(line);
    }
}

fn describe(status: ExitStatus) -> String {
    let name = |signal| match signal {
        4 => "illegal instruction",
        6 => "it aborted",
        7 | 11 => "it broke its memory",
        9 => "it was killed",
        15 => "it was told to end",
        31 => "it did what its sandbox forbids",
        _ => "a signal",
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("stopped by signal {signal} ({})", name(signal)),
        (None, Some(0)) => "ended".to_owned(),
        (None, code) => format!("ended with code {}", code.unwrap_or(-1)),
    }
}

fn missing(program: &Path, error: std::io::Error) -> Error {
    let message = format!(
        "the engine {} cannot be started; put guildhall-engine beside guildhall or set `engine.path`",
        program.display()
    );
    Error::unavailable("engine_missing", message, 60).with_source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{io::Write, os::unix::fs::OpenOptionsExt};

    use super::*;

    fn script(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o755)
            .open(&path)
            .unwrap();
        write!(file, "#!/bin/sh\n{text}\n").unwrap();
        drop(file);
        (directory, path)
    }

    #[tokio::test]
    async fn a_dead_process_is_described_with_its_last_words() {
        let (_directory, path) = script("echo out of luck >&2; kill -ABRT $$");
        let (process, _socket) = Process::start(&path).unwrap();
        process.ended().await;
        assert_eq!(process.end(), "stopped by signal 6 (it aborted)");
        assert_eq!(process.last_words().as_deref(), Some("out of luck"));
        assert!(!process.is_wanted());
    }

    #[tokio::test]
    async fn a_sleeping_process_is_stuck_and_can_be_killed_also_when_it_is_stopped() {
        let (_directory, path) = script("kill -STOP $$");
        let (process, _socket) = Process::start(&path).unwrap();
        process.stuck(Duration::from_millis(1500)).await;
        process.kill(Some("it hung"));
        process.ended().await;
        assert_eq!(
            process.end(),
            "stopped by signal 9 (it was killed): it hung"
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = Process::start(Path::new("/nowhere/engine")).err().unwrap();
        assert_eq!(error.code(), "engine_missing");
        assert!(error.message().contains("/nowhere/engine"));
    }
}
