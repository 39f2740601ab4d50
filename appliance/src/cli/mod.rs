//! The command line. Every command: `--json` for programs; exit code 0, 1 or 2 (done, failed, wrong
//! usage); errors on standard error as one sentence that says what to do.

mod agents;
mod commands;
mod doctor;
mod license;
mod models;
mod output;
mod outside;
mod quotas;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use guildhall_kernel::Result;

use self::output::Output;
use crate::config::Config;

/// The Guildhall node: hire AI employees that work on your own machine, with no network.
#[derive(Parser)]
#[command(name = "guildhall", version, propagate_version = true)]
struct Arguments {
    /// Where the node keeps its data.
    #[arg(
        long,
        global = true,
        env = "GUILDHALL_DATA_DIR",
        default_value = "./data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// Configuration file (TOML); `DATA_DIR/guildhall.toml` when it is there.
    #[arg(long, global = true, env = "GUILDHALL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node.
    Serve(serve::ServeArguments),
    /// Make the first organisation and its administrator.
    Init(commands::InitArguments),
    /// People.
    #[command(subcommand)]
    User(commands::UserCommand),
    /// Organisations.
    #[command(subcommand)]
    Org(commands::OrgCommand),
    /// API keys.
    #[command(subcommand)]
    Apikey(commands::ApikeyCommand),
    /// The catalogue of agents.
    #[command(subcommand)]
    Agents(agents::AgentsCommand),
    /// Models.
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Limits of use.
    #[command(subcommand)]
    Quota(quotas::QuotaCommand),
    /// Providers of models outside the node.
    #[command(subcommand)]
    Providers(outside::ProvidersCommand),
    /// The switch of outgoing connections.
    #[command(subcommand)]
    Egress(outside::EgressCommand),
    /// Licences.
    #[command(subcommand)]
    License(license::LicenseCommand),
    /// Sealed secrets.
    #[command(subcommand)]
    Secrets(outside::SecretsCommand),
    /// The configuration.
    #[command(subcommand)]
    Config(commands::ConfigCommand),
    /// Print a new one-time set-up link for a node without an organisation.
    SetupLink,
    /// Check that everything the node needs is in order.
    Doctor,
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
    let default_file = arguments.data_dir.join("guildhall.toml");
    let file = arguments
        .config
        .or_else(|| default_file.is_file().then_some(default_file));
    let place = commands::Place {
        data_dir: arguments.data_dir,
        config_file: file,
        output,
    };
    match arguments.command {
        Command::Serve(serve) => serve::run(&place, &serve),
        Command::Init(init) => commands::init(&place, init),
        Command::User(command) => commands::user(&place, command),
        Command::Org(command) => commands::org(&place, command),
        Command::Apikey(command) => commands::apikey(&place, command),
        Command::Agents(command) => agents::run(command, place.output.json),
        Command::Models(command) => models::run(&place, command),
        Command::Quota(command) => quotas::run(&place, command),
        Command::Providers(command) => outside::providers(&place, &command),
        Command::Egress(command) => outside::egress(&place, command),
        Command::License(command) => license::run(&place, command),
        Command::Secrets(command) => outside::secrets(&place, &command),
        Command::Config(command) => commands::config(&place, command),
        Command::SetupLink => commands::setup_link(&place),
        Command::Doctor => doctor::run(&place),
        Command::Openapi => {
            let document = guildhall_web::openapi::to_stable_json(&crate::http::openapi())?;
            output.text(document.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads the configuration with this process's environment.
fn load_config(file: Option<&std::path::Path>) -> Result<Config> {
    Config::load(file, |name| std::env::var(name).ok())
}
