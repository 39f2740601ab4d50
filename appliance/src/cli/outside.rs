//! Commands about what lies outside the node: providers, the egress switch, and their secrets.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use guildhall_kernel::{Error, Result};
use serde_json::Value;

use super::commands::{Place, rows, text_at};
use crate::{
    egress::EgressMode,
    ops::{Operation, OutsideOperation},
};

#[derive(Subcommand)]
pub(super) enum ProvidersCommand {
    /// List the providers and how they are doing.
    List,
}

pub(super) fn providers(place: &Place, command: &ProvidersCommand) -> Result<ExitCode> {
    match command {
        ProvidersCommand::List => {
            place.carry_out(outside(OutsideOperation::ListProviders), |value| {
                rows(value, |row| {
                    let enabled = row.get("enabled").and_then(Value::as_bool);
                    format!(
                        "{:<20} {:<18} {:<4} {:<10} {}",
                        text_at(row, "/slug"),
                        text_at(row, "/kind"),
                        if enabled == Some(true) { "on" } else { "off" },
                        text_at(row, "/health/circuit"),
                        text_at(row, "/base_url")
                    )
                })
            })
        }
    }
}

#[derive(Subcommand)]
pub(super) enum EgressCommand {
    /// Say how far outgoing connections may go.
    Show,
    /// Turn the switch.
    Set {
        /// How far they may go from now on.
        mode: Mode,
        /// Mean it: needed for every mode but air-gapped.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Nowhere.
    AirGapped,
    /// To configured providers on the local network.
    LocalNetwork,
    /// To every configured provider.
    Allowed,
}

impl Mode {
    fn egress(self) -> EgressMode {
        match self {
            Self::AirGapped => EgressMode::AirGapped,
            Self::LocalNetwork => EgressMode::LocalNetwork,
            Self::Allowed => EgressMode::Allowed,
        }
    }
}

pub(super) fn egress(place: &Place, command: EgressCommand) -> Result<ExitCode> {
    let operation = match command {
        EgressCommand::Show => OutsideOperation::ShowEgress,
        EgressCommand::Set { mode, yes } if yes || mode == Mode::AirGapped => {
            OutsideOperation::SetEgress {
                mode: mode.egress(),
            }
        }
        EgressCommand::Set { .. } => {
            let message = "this lets the node connect outwards; add `--yes` to mean it";
            return Err(Error::invalid("confirmation_needed", message));
        }
    };
    place.carry_out(outside(operation), |value| {
        let mut lines = vec![format!("outgoing connections: {}", text_at(value, "/mode"))];
        let destinations = value.get("destinations").and_then(Value::as_array);
        for destination in destinations.into_iter().flatten() {
            let open = destination.get("open").and_then(Value::as_bool);
            let port = destination.get("port").and_then(Value::as_u64);
            lines.push(format!(
                "{:<6} {:<20} {}:{}",
                if open == Some(true) { "open" } else { "closed" },
                text_at(destination, "/provider"),
                text_at(destination, "/host"),
                port.unwrap_or_default()
            ));
        }
        lines
    })
}

fn outside(command: OutsideOperation) -> Operation {
    Operation::Outside { command }
}

#[derive(Subcommand)]
pub(super) enum SecretsCommand {
    /// Make a new key-encryption key and seal every secret anew.
    Rotate,
    /// Sign applications' access tokens with a new key; those of the one before stay good until they end.
    RotateTokenKey,
}

pub(super) fn secrets(place: &Place, command: &SecretsCommand) -> Result<ExitCode> {
    match command {
        SecretsCommand::Rotate => {
            place.carry_out(outside(OutsideOperation::RotateSecrets), |value| {
                let count = value.get("resealed").and_then(Value::as_u64);
                vec![format!(
                    "sealed {} secrets with a new key",
                    count.unwrap_or_default()
                )]
            })
        }
        SecretsCommand::RotateTokenKey => place
            .carry_out(outside(OutsideOperation::RotateTokenKey), |_| {
                vec!["access tokens are signed with a new key from now on".to_owned()]
            }),
    }
}
