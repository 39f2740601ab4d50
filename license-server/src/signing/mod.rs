//! How licences get their signature. The key of the role `license` lives with a signer: a program that
//! is attached and spoken to over its standard input and output, somebody who fetches what waits and
//! hands in what was signed, or (only when an operator enabled it) a key of this server's own.
//!
//! An attached signer gets one line of JSON, `{"payload_type", "payload"}` with the payload in base64,
//! and answers with the DSSE envelope as JSON.

mod routes;

use std::{process::Stdio, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use guildhall_kernel::{Error, Result};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Mutex,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, artefact};

/// A person may have to touch a card.
const PATIENCE: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: u64 = 128 * 1024;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}

/// What signs licences.
pub struct Signing {
    /// A program with its arguments, separated by spaces.
    attached: Option<Vec<String>>,
    local: Option<Arc<SigningKey>>,
    /// A signer is asked one thing at a time.
    turn: Mutex<()>,
}

impl Signing {
    /// An attached signer goes before a local key.
    pub fn new(attached: Option<String>, local: Option<Arc<SigningKey>>) -> Self {
        let attached = attached.map(|line| line.split_whitespace().map(str::to_owned).collect());
        Self {
            attached,
            local,
            turn: Mutex::new(()),
        }
    }

    /// `attached`, `local` or `queue`.
    pub fn name(&self) -> &'static str {
        match (&self.attached, &self.local) {
            (Some(_), _) => "attached",
            (None, Some(_)) => "local",
            (None, None) => "queue",
        }
    }

    /// Whether signing needs nobody to come by.
    pub fn is_at_hand(&self) -> bool {
        self.attached.is_some() || self.local.is_some()
    }

    /// The signed envelope of a payload.
    ///
    /// # Errors
    /// `no_signer`; `signer_failed` with the signer's words.
    pub async fn sign(&self, payload_type: &str, payload: &[u8]) -> Result<Vec<u8>> {
        let _turn = self.turn.lock().await;
        if let Some(command) = &self.attached {
            let asked = tokio::time::timeout(PATIENCE, ask(command, payload_type, payload)).await;
            return asked.unwrap_or_else(|_| {
                Err(failed(&format!(
                    "it did not answer within {} s",
                    PATIENCE.as_secs()
                )))
            });
        }
        match &self.local {
            Some(key) => artefact::sign(key, payload_type, payload),
            None => Err(Error::conflict(
                "no_signer",
                "no signer is attached; fetch the request with `guildhall-license`, sign it and hand it in",
            )),
        }
    }
}

async fn ask(command: &[String], payload_type: &str, payload: &[u8]) -> Result<Vec<u8>> {
    let [program, arguments @ ..] = command else {
        return Err(failed("its command is empty"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&format!("`{program}` cannot be started ({error})")))?;
    let mut question = serde_json::to_vec(&json!({
        "payload_type": payload_type,
        "payload": STANDARD.encode(payload),
    }))?;
    question.push(b'\n');
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Error::internal("a signer has no standard streams"));
    };
    let (mut answer, mut words) = (Vec::new(), String::new());
    let asking = async {
        // A signer may answer without reading to the end: what it says is what counts.
        let _ = stdin.write_all(&question).await;
        drop(stdin);
    };
    let ((), read, told) = tokio::join!(
        asking,
        async { stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await },
        async { stderr.take(4096).read_to_string(&mut words).await },
    );
    let status = child.wait().await?;
    if !status.success() || read.is_err() || told.is_err() {
        return Err(failed(&format!("it ended with {status}: {}", words.trim())));
    }
    Ok(answer)
}

fn failed(words: &str) -> Error {
    Error::unavailable(
        "signer_failed",
        format!("the attached signer did not sign: {words}"),
        30,
    )
}
