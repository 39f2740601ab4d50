//! The command line. Every command: `--json` for programs; exit code 0, 1 or 2 (done, failed, wrong
//! usage); errors on standard error as one sentence that says what to do.

mod backup;
mod doctor;
mod init;
mod keys;
mod output;
mod serve;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use guildhall_db::{Db, DbOptions};
use guildhall_kernel::{Error, Result};

use self::output::Output;
use crate::app::{DATABASE, MIGRATIONS};

/// The Guildhall licence server: sells, issues, renews and revokes licences for Guildhall nodes.
#[derive(Parser)]
#[command(name = "guildhall-license-server", version, propagate_version = true)]
struct Arguments {
    /// Where the server keeps its data.
    #[arg(
        long,
        global = true,
        env = "GUILDHALL_LICENSE_SERVER_DATA_DIR",
        default_value = "./license-server-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set the server up: its keys and its first administrator.
    Init(init::InitArguments),
    /// Run the server.
    Serve(serve::ServeArguments),
    /// Check that everything is in order, and say what is not.
    Doctor,
    /// The server's own public keys, for the key ceremony.
    Keys,
    /// The keyring.
    #[command(subcommand)]
    Keyring(keys::KeyringCommand),
    /// A `license` key on this server; better without.
    #[command(subcommand)]
    LocalKey(keys::LocalKeyCommand),
    /// The vendor's staff.
    #[command(subcommand)]
    Staff(init::StaffCommand),
    /// API keys.
    #[command(subcommand)]
    Apikey(init::ApikeyCommand),
    /// Backups.
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    /// Print the OpenAPI document.
    Openapi,
}

/// Runs the program and says how it went.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output {
        json: arguments.json,
    };
    match run(arguments, output) {
        Ok(code) => code,
        Err(error) => output.fail(error.code(), error.message()),
    }
}

fn run(arguments: Arguments, output: Output) -> Result<ExitCode> {
    let data_dir = arguments.data_dir;
    match arguments.command {
        Command::Init(init) => init::init(&data_dir, &init, output),
        Command::Serve(serve) => serve::run(&data_dir, serve, output),
        Command::Doctor => doctor::run(&data_dir, output),
        Command::Keys => keys::show(&data_dir, output),
        Command::Keyring(command) => keys::keyring(&data_dir, command, output),
        Command::LocalKey(command) => keys::local_key(&data_dir, command, output),
        Command::Staff(command) => init::staff(&data_dir, command, output),
        Command::Apikey(command) => init::apikey(&data_dir, command, output),
        Command::Backup(command) => backup::run(&data_dir, command, output),
        Command::Openapi => {
            let document = guildhall_web::openapi::to_stable_json(&crate::http::openapi())?;
            output.text(document.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The database of a server that was set up.
fn open_db(data_dir: &Path) -> Result<Db> {
    let path = data_dir.join(DATABASE);
    if !path.exists() {
        return Err(Error::conflict(
            "not_set_up",
            format!(
                "there is no licence server in {}; run `guildhall-license-server init` first",
                data_dir.display()
            ),
        ));
    }
    Db::open(DbOptions::new(path, MIGRATIONS))
}

/// Runs a future on a runtime of its own.
fn blocking<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|error| Error::internal("starting the runtime").with_source(error))?;
    Ok(runtime.block_on(future))
}

/// The first line of a file that holds a secret.
fn read_secret(path: &Path) -> Result<zeroize::Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::invalid(
            "secret_file_unreadable",
            format!("the file {} cannot be read: {error}", path.display()),
        )
    })?;
    let text = zeroize::Zeroizing::new(text);
    Ok(zeroize::Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}
