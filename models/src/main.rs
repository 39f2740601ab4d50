//! `guildhall-engine`: runs one model in a process of its own.
//!
//! The node starts it with one end of a Unix socket pair as standard input and speaks
//! [`guildhall_engine_protocol`] with it. Standard error carries log lines, never prompts or
//! answers. It has no network, no database and no configuration: a validated request comes in,
//! a stream goes out.
//!
//! Threads: the main thread reads messages, one inference thread does all the computing (a
//! llama.cpp context belongs to one thread). Requests wait in [`queue::JobQueue`] in between.

mod cores;
mod embed;
mod generate;
mod logging;
mod memory;
mod outbox;
mod queue;
mod sandbox;
mod serve;
mod worker;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

const HELP: &str = "guildhall-engine: runs one model for a Guildhall node

The node starts it; there is nothing to run by hand. Start `guildhall serve` instead.

  --version   print the version
  --help      print this text
";

fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => run(),
        Some("--version" | "-V") => {
            print(&format!("guildhall-engine {}\n", env!("CARGO_PKG_VERSION")))
        }
        Some("--help" | "-h") => print(HELP),
        Some(other) => usage_error(&format!("unknown argument {other:?}; see --help")),
    }
}

fn run() -> ExitCode {
    match node_socket() {
        Ok(socket) => {
            wait_without_spinning();
            logging::start();
            serve::serve(socket)
        }
        Err(_) => usage_error(
            "standard input is no socket; the node starts this program, run `guildhall serve`",
        ),
    }
}

/// On a machine that does not say how busy it is, makes compute threads sleep while they wait for each other, by starting this
/// program again with the environment that OpenMP reads before `main`. Elsewhere the scheduler sees to it that they do not spin on
/// cores that another program wants.
fn wait_without_spinning() {
    if std::env::var_os("OMP_WAIT_POLICY").is_some() || cores::is_known() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let error = Command::new(program)
        .env("OMP_WAIT_POLICY", "passive")
        .env("GOMP_SPINCOUNT", "0")
        .exec();
    let _ = writeln!(
        io::stderr(),
        "guildhall-engine: cannot start again: {error}"
    );
}

/// The socket that the node passed as standard input.
fn node_socket() -> io::Result<UnixStream> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    let socket = UnixStream::from(descriptor);
    socket.peer_addr()?;
    Ok(socket)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn usage_error(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "guildhall-engine: {message}");
    ExitCode::from(2)
}
