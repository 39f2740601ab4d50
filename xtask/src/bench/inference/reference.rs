//! What the engine is measured against: a bare llama.cpp loop of the same sources, and `llama-bench` and
//! `llama-server` where they are installed.

use std::{
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::Result;

const START_PATIENCE: Duration = Duration::from_secs(120);

/// Tokens per second.
#[derive(Clone, Copy)]
pub(super) struct Speed {
    pub(super) prefill: f64,
    pub(super) decode: f64,
}

/// The bare loop: `raw_loop`, an example of the crate `models`, beside the engine's build.
pub(super) fn raw_loop(
    program: &Path,
    model: &Path,
    threads: u32,
    tokens: (u32, u32),
) -> Result<Speed> {
    let output = Command::new(program)
        .arg(model)
        .args([threads, tokens.0, tokens.1].map(|number| number.to_string()))
        .stderr(Stdio::null())
        .output()?;
    let value: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{} printed no figures: {error}", program.display()))?;
    let figure = |name: &str| {
        value
            .get(name)
            .and_then(Value::as_f64)
            .ok_or("a figure is missing")
    };
    Ok(Speed {
        prefill: figure("prefill")?,
        decode: figure("decode")?,
    })
}

/// The installed program of that name, if any.
pub(super) fn installed(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// `llama-bench` with its defaults but for threads and sizes; it writes behind the prompt, as everybody here does.
pub(super) fn llama_bench(
    program: &Path,
    model: &Path,
    threads: u32,
    tokens: (u32, u32),
) -> Result<Speed> {
    let speed = |sizes: [u32; 3]| -> Result<f64> {
        let [prompt, answer, depth] = sizes.map(|number| number.to_string());
        let output = Command::new(program)
            .arg("-m")
            .arg(model)
            .args(["-t", &threads.to_string(), "-r", "1", "-o", "json"])
            .args(["-p", &prompt, "-n", &answer, "-d", &depth])
            .stderr(Stdio::null())
            .output()?;
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("llama-bench printed no figures: {error}"))?;
        let figure = rows.first().and_then(|row| row.get("avg_ts")?.as_f64());
        figure.ok_or_else(|| "llama-bench measured less than asked".into())
    };
    Ok(Speed {
        prefill: speed([tokens.0, 0, 0])?,
        decode: speed([0, tokens.1, tokens.0])?,
    })
}

/// A running `llama-server`.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it with so many slots and waits until it is healthy.
    pub(super) fn start(program: &Path, model: &Path, threads: u32, slots: u32) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(program)
            .arg("-m")
            .arg(model)
            .args(["-t", &threads.to_string(), "-np", &slots.to_string()])
            .args([
                "-c",
                &4096.max(512 * slots).to_string(),
                "--host",
                "127.0.0.1",
            ])
            .args(["--port", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { child, address };
        let began = Instant::now();
        while !matches!(server.ask("GET", "/health", ""), Ok((200, _))) {
            let has_ended = server.child.try_wait()?.is_some();
            if has_ended || began.elapsed() > START_PATIENCE {
                return Err("llama-server did not become healthy".into());
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(server)
    }

    /// Tokens written for all prompts together, asked at the same time.
    pub(super) fn answer_all(&self, texts: &[String], tokens: u32) -> Result<u64> {
        thread::scope(|scope| {
            let asked: Vec<_> = texts
                .iter()
                .map(|text| scope.spawn(move || self.complete(text, tokens)))
                .collect();
            let mut written = 0;
            for answer in asked {
                written += answer
                    .join()
                    .map_err(|_| "a request to llama-server panicked")??;
            }
            Ok(written)
        })
    }

    fn complete(&self, text: &str, tokens: u32) -> Result<u64> {
        let body = json!({
            "prompt": text, "n_predict": tokens, "temperature": 0.0, "ignore_eos": true, "cache_prompt": true,
        });
        let (status, answer) = self.ask("POST", "/completion", &body.to_string())?;
        let value: Value = serde_json::from_str(&answer)?;
        let tokens = value.get("tokens_predicted").and_then(Value::as_u64);
        tokens
            .filter(|_| status == 200)
            .ok_or_else(|| format!("llama-server answered {status}: {answer}").into())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        Ok((
            status.ok_or("llama-server gave no status")?,
            body.to_owned(),
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
