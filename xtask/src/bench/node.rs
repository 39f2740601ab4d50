//! A node of its own, on a new data directory that is deleted afterwards.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::Result;

const ADMINISTRATOR: &str = "bench@example.test";

/// A data directory with an organisation and an API key in it.
pub(super) struct DataDirectory {
    program: PathBuf,
    folder: PathBuf,
    /// The administrator's API key.
    pub(super) key: String,
}

/// How long a node may take to stop.
const STOP_TIME: Duration = Duration::from_secs(15);

/// A node that runs; dropping it stops it.
pub(super) struct Node {
    child: Child,
    /// Where it answers.
    pub(super) address: SocketAddr,
    /// From the start of the process to its ready line.
    pub(super) ready_after: Duration,
}

impl DataDirectory {
    /// Makes it with the program's own commands.
    pub(super) fn create(program: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("guildhall-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut directory = Self {
            program: program.to_owned(),
            folder,
            key: String::new(),
        };
        let password = directory.folder.join("password");
        fs::write(&password, "a password for measuring\n")?;
        let password = password.to_string_lossy().into_owned();
        let options = [
            "--org",
            "Bench",
            "--admin",
            ADMINISTRATOR,
            "--password-file",
            &password,
        ];
        directory.command(&[&["init"], options.as_slice()].concat())?;
        let key = [
            "apikey",
            "create",
            "--user",
            ADMINISTRATOR,
            "--name",
            "bench",
            "--json",
        ];
        let created: Value = serde_json::from_str(&directory.command(&key)?)?;
        let key = created.get("key").and_then(Value::as_str);
        directory.key = key.ok_or("`apikey create` printed no key")?.to_owned();
        Ok(directory)
    }

    /// The folder that holds it, for probes of the same disk.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.folder.join("data"));
        let output = command.output()?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?)
        } else {
            let words = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "`guildhall {}` failed: {}",
                arguments.join(" "),
                words.trim()
            )
            .into())
        }
    }

    /// Starts a node on it and waits for the ready line.
    pub(super) fn serve(&self) -> Result<Node> {
        let mut command = Command::new(&self.program);
        command.args([
            "serve",
            "--insecure-http",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
        ]);
        command.arg(self.folder.join("data"));
        // One log line per request, as in production, but not on this terminal.
        let log = fs::File::create(self.folder.join("log"))?;
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("the node has no output")?).lines();
        let ready = lines.map_while(std::result::Result::ok).find_map(|line| {
            Some(
                line.strip_prefix("guildhall ready on http://localhost:")?
                    .to_owned(),
            )
        });
        let ready_after = began.elapsed();
        let Some(port) = ready else {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            return Err(format!("the node did not become ready: {log}").into());
        };
        Ok(Node {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], port.parse()?)),
            ready_after,
        })
    }
}

impl Drop for DataDirectory {
    fn drop(&mut self) {
        // A folder that stays behind is of no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Node {
    /// The process, for its memory.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Node {
    /// Asks it to stop, as an operator does: only so does a node that counts what it does write its counts.
    fn drop(&mut self) {
        let mut ask = Command::new("kill");
        let asked = ask.arg(self.child.id().to_string()).status().is_ok();
        let began = Instant::now();
        while asked && began.elapsed() < STOP_TIME {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        // It is gone already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
