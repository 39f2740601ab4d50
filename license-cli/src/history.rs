//! `ledger`: what was issued, and the files themselves once more.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use guildhall_license::{Envelope, Refusal};
use serde_json::{Value, json};

use crate::{
    Result,
    artefacts::{self, Form},
    ledger::{Entry, Event, Ledger, Signed},
    output::Answer,
};

#[derive(Subcommand)]
pub(crate) enum LedgerCommand {
    /// List everything in the ledger, and check that nothing in it was changed.
    Show(Show),
    /// Write a file that was issued once more.
    Export(Export),
}

#[derive(Args)]
pub(crate) struct Show {
    /// The ledger.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
}

#[derive(Args)]
pub(crate) struct Export {
    /// SHA-256 of its payload, or the first digits of it.
    payload_sha256: String,
    /// The ledger.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// The file to write; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write the form for mail, with BEGIN and END lines.
    #[arg(long)]
    armour: bool,
}

pub(crate) fn run(command: &LedgerCommand) -> Result<Answer> {
    match command {
        LedgerCommand::Show(arguments) => {
            let ledger = Ledger::read(&arguments.ledger)?;
            let items: Vec<Value> = ledger.entries.iter().map(item).collect();
            let lines: Vec<String> = ledger.entries.iter().map(line).collect();
            Ok(Answer::new(json!({ "items": items }), lines))
        }
        LedgerCommand::Export(arguments) => export(arguments),
    }
}

fn export(arguments: &Export) -> Result<Answer> {
    let ledger = Ledger::read(&arguments.ledger)?;
    let wanted = |artefact: &&Signed| {
        artefact
            .payload_sha256
            .starts_with(&arguments.payload_sha256)
    };
    let found = ledger
        .entries
        .iter()
        .filter_map(|entry| artefact(&entry.event))
        .find(wanted);
    let found = found.ok_or_else(|| {
        let message = format!(
            "the ledger has nothing whose payload begins with `{}`; see `guildhall-license ledger show`",
            arguments.payload_sha256
        );
        Refusal::new("artefact_unknown", message)
    })?;
    let form = if arguments.armour {
        Form::Armour
    } else {
        Form::Json
    };
    artefacts::write(
        &arguments.out,
        &Envelope::read(found.envelope.as_bytes())?,
        form,
    )?;
    if arguments.out.as_os_str() == "-" {
        return Ok(Answer::silent());
    }
    let value = json!({ "kind": found.kind, "payload_sha256": found.payload_sha256, "file": arguments.out });
    Ok(Answer::new(
        value,
        [format!(
            "wrote the {} to {}",
            found.kind,
            arguments.out.display()
        )],
    ))
}

fn artefact(event: &Event) -> Option<&Signed> {
    match event {
        Event::Signed { artefact }
        | Event::Leased { artefact, .. }
        | Event::Reported { artefact, .. } => Some(artefact),
        Event::Revoked { .. } => None,
    }
}

fn item(entry: &Entry) -> Value {
    let (name, artefact) = (entry.event.name(), artefact(&entry.event));
    json!({
        "at": entry.at, "event": name, "kind": artefact.map(|artefact| &artefact.kind),
        "payload_sha256": artefact.map(|artefact| &artefact.payload_sha256), "signers": artefact.map(|artefact| &artefact.signers),
    })
}

fn line(entry: &Entry) -> String {
    let what = match &entry.event {
        Event::Revoked { revocation } => json!(revocation.target).to_string(),
        event => artefact(event).map_or(String::new(), |artefact| {
            format!("{:<12} {}", artefact.kind, artefact.payload_sha256)
        }),
    };
    format!(
        "{}  {:<8} {what}",
        entry.at.to_rfc3339(),
        entry.event.name()
    )
}
