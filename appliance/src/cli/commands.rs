//! Commands that act on a node, running or stopped.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use guildhall_kernel::{Error, Result, Role};
use serde_json::Value;

use super::{load_config, output::Output};
use crate::{
    app::{App, AppOptions},
    config::Config,
    inference::Progress,
    ops::{
        self, Operation,
        control::{self, Answer},
        data_dir::{self, Taken},
    },
};

/// How long work that cannot be ended may keep the program from ending.
const BLOCKED_MAX: Duration = Duration::from_secs(5);

/// Where a command acts.
pub(super) struct Place {
    pub(super) data_dir: PathBuf,
    pub(super) config_file: Option<PathBuf>,
    pub(super) output: Output,
}

impl Place {
    /// Carries the operation out and prints its result.
    pub(super) fn carry_out(
        &self,
        operation: Operation,
        lines: impl FnOnce(&Value) -> Vec<String>,
    ) -> Result<ExitCode> {
        Ok(match self.ask(operation)? {
            Ok(value) => self.output.result(&value, lines),
            Err(code) => code,
        })
    }

    /// Carries the operation out: through the socket of the node that runs here, or directly. A refusal of a running node is
    /// told already; its exit code is left.
    pub(super) fn ask(&self, operation: Operation) -> Result<std::result::Result<Value, ExitCode>> {
        match data_dir::take(&self.data_dir)? {
            Taken::Busy(_) => {
                let progress = self.output.progress();
                let answer = control::send(&self.data_dir, &operation, |done, total| {
                    progress.show(done, total);
                })?;
                progress.end();
                Ok(match answer {
                    Answer::Error { code, message } => Err(self.output.fail(&code, &message)),
                    Answer::Ok(value) => Ok(value),
                    Answer::Progress { .. } => Err(ExitCode::FAILURE),
                })
            }
            Taken::Owned(owned) => {
                let config = load_config(self.config_file.as_deref())?;
                let progress = Arc::new(self.output.progress());
                let shown = Arc::clone(&progress);
                let show: Progress = Arc::new(move |done, total| shown.show(done, total));
                let done = blocking(carry_out_here(config, (owned.path(), show), operation))?;
                progress.end();
                done.map(Ok)
            }
        }
    }
}

async fn carry_out_here(
    config: Config,
    (data_dir, progress): (&Path, Progress),
    operation: Operation,
) -> Result<Value> {
    let app = App::open(AppOptions::new(config, data_dir)).await?;
    let outcome = ops::execute(&app, operation, progress).await;
    app.close().await;
    outcome
}

/// Runs a future on a runtime of its own.
pub(super) fn blocking<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime =
        runtime.map_err(|error| Error::internal("starting the runtime").with_source(error))?;
    let output = runtime.block_on(future);
    // Work that hangs in a system call, such as on a disk that is gone, cannot be ended and must not keep the
    // program from ending.
    runtime.shutdown_timeout(BLOCKED_MAX);
    Ok(output)
}

#[derive(Args)]
pub(super) struct InitArguments {
    /// Name of the organisation.
    #[arg(long, value_name = "NAME")]
    org: String,
    /// E-mail address of its first administrator.
    #[arg(long, value_name = "EMAIL")]
    admin: String,
    /// Shown name of the administrator; the part before the @ when left out.
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
    /// File that holds the administrator's password (its first line).
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
}

pub(super) fn init(place: &Place, arguments: InitArguments) -> Result<ExitCode> {
    let text = std::fs::read_to_string(&arguments.password_file).map_err(|error| {
        let message = format!(
            "the password file {} cannot be read: {error}",
            arguments.password_file.display()
        );
        Error::invalid("password_file_unreadable", message)
    })?;
    let local = arguments
        .admin
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned();
    let operation = Operation::Init {
        organisation: arguments.org,
        admin_name: arguments.admin_name.unwrap_or(local),
        admin_email: arguments.admin,
        password: text.lines().next().unwrap_or_default().to_owned(),
    };
    place.carry_out(operation, |value| {
        vec![format!(
            "{} is set up; {} can log in",
            text_at(value, "/organisation/name"),
            text_at(value, "/person/email")
        )]
    })
}

pub(super) fn setup_link(place: &Place) -> Result<ExitCode> {
    let config = load_config(place.config_file.as_deref())?;
    place.carry_out(Operation::SetupLink, |value| {
        vec![format!(
            "{}{}",
            config.origin(config.listen),
            text_at(value, "/path")
        )]
    })
}

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a person and print their temporary password.
    Add {
        /// E-mail address.
        email: String,
        /// Shown name.
        #[arg(long)]
        name: String,
        /// admin, staff, normal, another built-in role, or the id of a custom one.
        #[arg(long, default_value = "normal")]
        role: Role,
        /// The organisation's slug; the only one when left out.
        #[arg(long)]
        org: Option<String>,
        /// Have them administer the node, too; somebody who is in the organisation already keeps their role.
        #[arg(long)]
        platform: bool,
    },
    /// List the people of an organisation.
    List {
        /// The organisation's slug; the only one when left out.
        #[arg(long)]
        org: Option<String>,
    },
}

pub(super) fn user(place: &Place, command: UserCommand) -> Result<ExitCode> {
    match command {
        UserCommand::Add {
            email,
            name,
            role,
            org,
            platform,
        } => {
            let operation = Operation::AddUser {
                email,
                name,
                role,
                organisation: org,
                platform,
            };
            place.carry_out(operation, |value| {
                let password = value.get("temporary_password").and_then(Value::as_str);
                let told = password.map_or_else(
                    || "they keep the password they have on this node".to_owned(),
                    |password| format!("temporary password: {password}"),
                );
                vec![format!("added {}; {told}", text_at(value, "/member/email"))]
            })
        }
        UserCommand::List { org } => {
            let operation = Operation::ListUsers { organisation: org };
            place.carry_out(operation, |value| {
                rows(value, |row| {
                    format!(
                        "{:<8} {:<32} {}",
                        text_at(row, "/role"),
                        text_at(row, "/email"),
                        text_at(row, "/display_name")
                    )
                })
            })
        }
    }
}

#[derive(Subcommand)]
pub(super) enum OrgCommand {
    /// Make an organisation.
    Create {
        /// Its name.
        name: String,
        /// E-mail address of the person who administers it: somebody of the node, or somebody new.
        #[arg(long)]
        admin: String,
        /// How to call somebody new; by the address when left out.
        #[arg(long)]
        admin_name: Option<String>,
    },
    /// List the organisations.
    List,
}

pub(super) fn org(place: &Place, command: OrgCommand) -> Result<ExitCode> {
    match command {
        OrgCommand::Create {
            name,
            admin,
            admin_name,
        } => {
            let operation = Operation::CreateOrganisation {
                name,
                admin_email: admin,
                admin_name,
            };
            place.carry_out(operation, |value| {
                let mut lines = vec![format!(
                    "made {} ({})",
                    text_at(value, "/name"),
                    text_at(value, "/slug")
                )];
                if value
                    .get("temporary_password")
                    .is_some_and(Value::is_string)
                {
                    let email = text_at(value, "/administrator/email");
                    let password = text_at(value, "/temporary_password");
                    lines.push(format!(
                        "{email} logs in with the temporary password {password}"
                    ));
                }
                lines
            })
        }
        OrgCommand::List => place.carry_out(Operation::ListOrganisations, |value| {
            rows(value, |row| {
                format!("{:<32} {}", text_at(row, "/slug"), text_at(row, "/name"))
            })
        }),
    }
}

#[derive(Subcommand)]
pub(super) enum ApikeyCommand {
    /// Make an API key for a person and print it once.
    Create {
        /// The person's e-mail address.
        #[arg(long)]
        user: String,
        /// What the key is for.
        #[arg(long)]
        name: String,
        /// The organisation's slug; the person's first one when left out.
        #[arg(long)]
        org: Option<String>,
        /// Days until the key ends; never when left out.
        #[arg(long)]
        expires_in_days: Option<u32>,
    },
}

pub(super) fn apikey(place: &Place, command: ApikeyCommand) -> Result<ExitCode> {
    let ApikeyCommand::Create {
        user,
        name,
        org,
        expires_in_days,
    } = command;
    let operation = Operation::CreateApiKey {
        user,
        name,
        organisation: org,
        expires_in_days,
    };
    place.carry_out(operation, |value| vec![text_at(value, "/key").to_owned()])
}

#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Check the configuration and print what it comes to.
    Check,
    /// Print the JSON Schema of the file.
    Schema,
}

pub(super) fn config(place: &Place, command: ConfigCommand) -> Result<ExitCode> {
    match command {
        ConfigCommand::Check => {
            let config = load_config(place.config_file.as_deref())?;
            let value = serde_json::to_value(&config)?;
            let text = toml::to_string_pretty(&config)
                .map_err(|error| Error::internal("writing TOML").with_source(error))?;
            Ok(place
                .output
                .result(&value, |_| vec![text.trim_end().to_owned()]))
        }
        ConfigCommand::Schema => {
            place
                .output
                .text(&serde_json::to_string_pretty(&Config::schema())?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The text at a JSON pointer, or nothing.
pub(super) fn text_at<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// One line per item of a list.
pub(super) fn rows(value: &Value, line: impl Fn(&Value) -> String) -> Vec<String> {
    let items = value.get("items").and_then(Value::as_array);
    items
        .map(|items| items.iter().map(line).collect())
        .unwrap_or_default()
}
