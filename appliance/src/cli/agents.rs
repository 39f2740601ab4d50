//! `guildhall agents …`: what needs no data directory and no running node.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Subcommand;
use guildhall_kernel::Result;
use serde::Serialize;

use crate::catalog::{self, Manifest, PriceModel};

/// Check agents and list those that ship with this release.
#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// Check a manifest (and the handbook.md beside it); exits with 1 when something is wrong.
    Validate {
        /// The manifest.yaml to check.
        file: PathBuf,
    },
    /// List the agents that ship with this release.
    List,
    /// Print the JSON Schema of the manifest format.
    Schema,
}

/// One shipped agent.
#[derive(Serialize)]
struct ShippedAgent {
    id: guildhall_kernel::AgentId,
    slug: String,
    name: String,
    version: String,
    category: catalog::Category,
    price_model: PriceModel,
    sha256: String,
}

/// Runs the command and writes to standard output.
///
/// # Errors
/// When the file cannot be read at all, or standard output does not take the answer.
pub fn run(command: AgentsCommand, json: bool) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match command {
        AgentsCommand::Validate { file } => {
            let report = catalog::validate_file(&file)?;
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
            } else {
                writeln!(out, "{report}")?;
            }
            Ok(if report.valid {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        AgentsCommand::List => {
            list(&mut out, json)?;
            Ok(ExitCode::SUCCESS)
        }
        AgentsCommand::Schema => {
            let schema = serde_json::to_string_pretty(&Manifest::json_schema())?;
            writeln!(out, "{schema}")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(out: &mut impl Write, json: bool) -> Result<()> {
    let agents: Vec<ShippedAgent> = catalog::built_in_agents()
        .iter()
        .filter_map(shipped)
        .collect();
    if json {
        let list = serde_json::json!({ "items": agents, "next_cursor": null });
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(());
    }
    for agent in agents {
        let (category, price) = (agent.category.as_str(), agent.price_model.as_str());
        writeln!(
            out,
            "{:<24} {:<12} {:<14} {}",
            agent.slug, category, price, agent.name
        )?;
    }
    Ok(())
}

fn shipped(files: &catalog::AgentFiles) -> Option<ShippedAgent> {
    let manifest = Manifest::parse(&files.manifest_yaml).ok()?;
    Some(ShippedAgent {
        id: files.id(),
        slug: manifest.slug,
        name: manifest.name,
        version: manifest.version,
        category: manifest.category,
        price_model: manifest.price.model,
        sha256: files.sha256.clone(),
    })
}
