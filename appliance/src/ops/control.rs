//! `DATA/control.sock`: how a command reaches the node that runs on the same data directory. One JSON
//! object per line in each direction; only the owner of the directory can open the socket.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream as StdUnixStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader as AsyncBufReader},
    net::{UnixListener, UnixStream},
};

use super::{Operation, execute};
use crate::{app::App, inference::Progress};

/// A request has this many bytes at most: names, paths, and a licence file of up to 64 KiB as JSON text.
const REQUEST_BYTES_MAX: u64 = 256 * 1024;
/// Importing a large model is the longest command: it hashes the whole file.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(3600);

/// How often a command says how far it is.
const PROGRESS_PAUSE: Duration = Duration::from_millis(200);

/// What the node answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// How far a command is that takes long; more answers follow.
    Progress {
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The command's result.
    Ok(Value),
    /// Why it failed.
    Error {
        /// Stable code.
        code: String,
        /// One sentence.
        message: String,
    },
}

/// Where the socket lies.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Answers commands until the node stops.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(app: &App) -> Result<()> {
    let path = socket_path(&app.data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let app = app.clone();
    tokio::spawn(async move {
        let shutdown = app.shutdown.clone();
        while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((stream, _)) => {
                    let app = app.clone();
                    tokio::spawn(async move {
                        if let Err(error) = serve(&app, stream).await {
                            tracing::warn!(error = %error.chain(), "a command was not answered");
                        }
                    });
                }
                Err(error) => tracing::warn!(%error, "a command could not connect"),
            }
        }
        // The next start makes a new one.
        let _ = std::fs::remove_file(path);
    });
    Ok(())
}

async fn serve(app: &App, stream: UnixStream) -> Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut bounded =
        AsyncBufReader::new(tokio::io::AsyncReadExt::take(reading, REQUEST_BYTES_MAX));
    bounded.read_line(&mut line).await?;
    let (sender, mut steps) = tokio::sync::watch::channel((0, 0));
    let progress: Progress = Arc::new(move |done, total| {
        // Nobody listens any more once the command is done.
        let _ = sender.send((done, total));
    });
    let work = async {
        match serde_json::from_str::<Operation>(&line) {
            Ok(operation) => execute(app, operation, progress).await,
            Err(error) => Err(Error::invalid(
                "unknown_command",
                "the node does not know this command; use the same version",
            )
            .with_source(error)),
        }
    };
    let mut work = std::pin::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            Ok(()) = steps.changed() => {
                let (done, total) = *steps.borrow_and_update();
                write_answer(&mut writing, &Answer::Progress { done, total }).await?;
                tokio::time::sleep(PROGRESS_PAUSE).await;
            }
        }
    };
    let answer = match outcome {
        Ok(value) => Answer::Ok(value),
        Err(error) => Answer::Error {
            code: error.code().to_owned(),
            message: error.message().to_owned(),
        },
    };
    write_answer(&mut writing, &answer).await
}

async fn write_answer(
    writing: &mut tokio::net::unix::OwnedWriteHalf,
    answer: &Answer,
) -> Result<()> {
    let mut bytes = serde_json::to_vec(answer)?;
    bytes.push(b'\n');
    writing.write_all(&bytes).await?;
    Ok(())
}

/// Sends a command to the node that runs on the data directory; `progress` hears bytes done and bytes in
/// all.
///
/// # Errors
/// `node_not_answering` when the socket is not there or the node does not answer.
pub fn send(data_dir: &Path, operation: &Operation, progress: impl Fn(u64, u64)) -> Result<Answer> {
    let silent = |error: std::io::Error| {
        let message = format!(
            "the node on {} does not answer; see its log or restart it",
            data_dir.display()
        );
        Error::unavailable("node_not_answering", message, 1).with_source(error)
    };
    let mut stream = StdUnixStream::connect(socket_path(data_dir)).map_err(silent)?;
    stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    let mut request = serde_json::to_vec(operation)?;
    request.push(b'\n');
    stream.write_all(&request).map_err(silent)?;
    let mut reading = BufReader::new(stream);
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).map_err(silent)?;
        let answer = serde_json::from_str(&line);
        match answer.map_err(|error| silent(std::io::Error::other(error)))? {
            Answer::Progress { done, total } => progress(done, total),
            answer => return Ok(answer),
        }
    }
}
