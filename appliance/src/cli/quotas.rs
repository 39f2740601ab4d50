//! `guildhall quota …`.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use guildhall_kernel::Result;
use serde_json::Value;

use super::commands::{Place, rows, text_at};
use crate::{
    inference::{Limits, QuotaScope},
    ops::{Operation, QuotasOperation},
};

#[derive(Subcommand)]
pub(super) enum QuotaCommand {
    /// List an organisation's limits and what was used of them today.
    List {
        /// The organisation's slug; the only one when left out.
        #[arg(long)]
        org: Option<String>,
    },
    /// Set a limit.
    Set {
        #[command(flatten)]
        target: Target,
        /// Tokens per day (UTC), prompts and answers together; no limit when left out.
        #[arg(long)]
        tokens_per_day: Option<u64>,
        /// Requests per minute; no limit when left out.
        #[arg(long)]
        requests_per_minute: Option<u32>,
        /// Share of a busy model beside others, 1 to 100.
        #[arg(long, default_value_t = 1)]
        weight: u32,
    },
    /// Remove a limit.
    Remove {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Args)]
pub(super) struct Target {
    /// What the limit is on.
    scope: Scope,
    /// Id of the person, employee or API key; not needed for the organisation itself.
    subject: Option<String>,
    /// The organisation's slug; the only one when left out.
    #[arg(long)]
    org: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    Organisation,
    Person,
    Ve,
    ApiKey,
}

impl From<Scope> for QuotaScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Organisation => Self::Organisation,
            Scope::Person => Self::Person,
            Scope::Ve => Self::Ve,
            Scope::ApiKey => Self::ApiKey,
        }
    }
}

pub(super) fn run(place: &Place, command: QuotaCommand) -> Result<ExitCode> {
    let operation = match command {
        QuotaCommand::List { org } => QuotasOperation::List { organisation: org },
        QuotaCommand::Set {
            target,
            tokens_per_day,
            requests_per_minute,
            weight,
        } => QuotasOperation::Set {
            organisation: target.org,
            scope: target.scope.into(),
            subject: target.subject,
            limits: Limits {
                tokens_per_day,
                requests_per_minute,
                weight,
            },
        },
        QuotaCommand::Remove { target } => QuotasOperation::Remove {
            organisation: target.org,
            scope: target.scope.into(),
            subject: target.subject,
        },
    };
    place.carry_out(Operation::Quotas(operation), |value| {
        match value.get("items") {
            Some(_) => rows(value, line),
            None if value.get("removed").is_some() => vec!["removed".to_owned()],
            None => vec![line(value)],
        }
    })
}

fn line(row: &Value) -> String {
    let number = |pointer: &str| match row.pointer(pointer).and_then(Value::as_u64) {
        Some(number) => number.to_string(),
        None => "no limit".to_owned(),
    };
    format!(
        "{:<13} {:<32} tokens a day: {} (used {}); requests a minute: {}; weight {}",
        text_at(row, "/scope"),
        text_at(row, "/subject_id"),
        number("/tokens_per_day"),
        number("/tokens_today"),
        number("/requests_per_minute"),
        number("/weight"),
    )
}
