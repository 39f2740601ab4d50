//! `report`: takes in the usage reports of nodes and shows them. A node's reports form a chain by the hash of the one before; two that
//! stand on the same place come from two copies of a node.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::{Args, Subcommand};
use guildhall_license::{
    Envelope, Refusal, UsageReport, Verified, activation_request, armoured_parts,
    verify_by_install_key,
};
use serde_json::{Value, json};

use crate::{
    Result,
    artefacts::about,
    dates, files,
    ledger::{Event, Ledger, Reported, Signed},
    output::Answer,
};

#[derive(Subcommand)]
pub(crate) enum ReportCommand {
    /// Take in usage reports.
    Import(Import),
    /// Show what nodes reported.
    Show(Show),
}

#[derive(Args)]
pub(crate) struct Import {
    /// The report, or several in one file as a node exports them.
    file: PathBuf,
    /// The ledger of what was issued.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// An activation request of the node, for one that the ledger does not know: it names the node's key.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The ledger of what was issued.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// Only this node.
    #[arg(long, value_name = "ID")]
    install_id: Option<String>,
}

/// How a report stands to those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It follows the last one, or is the first.
    Next,
    /// It is there already.
    Known,
    /// Reports between the last one and this are missing.
    Gap,
    /// Another report stands in its place, or before it.
    Fork,
}

pub(crate) fn run(command: &ReportCommand) -> Result<Answer> {
    match command {
        ReportCommand::Import(import) => take(import),
        ReportCommand::Show(arguments) => show(arguments),
    }
}

fn take(arguments: &Import) -> Result<Answer> {
    let mut ledger = Ledger::open(&arguments.ledger)?;
    let bytes = files::read(&arguments.file)?;
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    // A node writes all that is due into one file.
    for part in armoured_parts(&bytes) {
        let (value, line) = take_one(part, arguments, &mut ledger)?;
        values.push(value);
        lines.push(line);
    }
    let value = match values.pop() {
        Some(only) if values.is_empty() => only,
        last => json!({ "items": values.into_iter().chain(last).collect::<Vec<_>>() }),
    };
    Ok(Answer::new(value, lines))
}

fn take_one(bytes: &[u8], arguments: &Import, ledger: &mut Ledger) -> Result<(Value, String)> {
    let report =
        verified(bytes, arguments, ledger).map_err(|refusal| about(&arguments.file, refusal))?;
    let mut reports = ledger.reports()?;
    let known = reports.remove(&report.value.install_id).unwrap_or_default();
    let place = place(&report, &known);
    if place != Place::Known {
        let event = Event::Reported {
            artefact: Signed::new(&Envelope::read(bytes)?),
            fork: place == Place::Fork,
        };
        ledger.append(dates::now(), event)?;
    }
    let (id, seq) = (&report.value.install_id, report.value.seq);
    let (word, line) = match place {
        Place::Next => ("taken", format!("took report {seq} of node {id}")),
        Place::Known => (
            "known",
            format!("report {seq} of node {id} was taken before"),
        ),
        Place::Gap => (
            "gap",
            format!("took report {seq} of node {id}; earlier ones are missing, ask for them"),
        ),
        Place::Fork => {
            let message = format!(
                "report {seq} of node {id} contradicts one that was taken before: the node exists twice, or was restored from a backup; both are kept in the ledger, ask the customer"
            );
            return Err(Refusal::new("report_fork", message));
        }
    };
    let value = json!({
        "install_id": id, "seq": seq, "outcome": word, "payload_sha256": report.sha256, "period": report.value.period,
        "overage": report.value.overage, "clock_anomalies": report.value.clock_anomalies,
    });
    Ok((value, line))
}

/// Checks a report with the key of its node. What it says about the node only chooses the key.
pub(crate) fn verified_by(
    bytes: &[u8],
    request: Option<&Path>,
    ledger: Option<&Ledger>,
) -> Result<Verified<UsageReport>> {
    let key = match (request, ledger) {
        (Some(path), _) => {
            activation_request(&files::read(path)?)?
                .value
                .install_public_key
        }
        (None, Some(ledger)) => key_of(bytes, ledger)?,
        (None, None) => {
            let message = "a usage report is checked with its node's key; name an activation request of that node with --request";
            return Err(Refusal::new("install_unknown", message));
        }
    };
    let key = STANDARD.decode(key).map_err(|_| {
        Refusal::new(
            "key_malformed",
            "the node's key is not base 64; export its activation request again",
        )
    })?;
    verify_by_install_key(bytes, &key)
}

fn verified(bytes: &[u8], arguments: &Import, ledger: &Ledger) -> Result<Verified<UsageReport>> {
    verified_by(bytes, arguments.request.as_deref(), Some(ledger))
}

fn key_of(bytes: &[u8], ledger: &Ledger) -> Result<String> {
    let envelope = Envelope::read(bytes)?;
    let signers: Vec<&str> = envelope
        .signatures()
        .iter()
        .map(|signature| signature.key_id.as_str())
        .collect();
    let leases = ledger.leases()?;
    let node = leases
        .iter()
        .find(|(_, request)| signers.contains(&request.install_key_fp.as_str()));
    node.map(|(_, request)| request.install_public_key.clone()).ok_or_else(|| {
        let message = "the ledger does not know the node that signed the report; name an activation request of it with --request";
        Refusal::new("install_unknown", message)
    })
}

fn place(report: &Verified<UsageReport>, known: &[Reported]) -> Place {
    if known.iter().any(|other| other.sha256 == report.sha256) {
        return Place::Known;
    }
    let at = |seq: u64| known.iter().find(move |other| other.report.seq == seq);
    if at(report.value.seq).is_some() {
        return Place::Fork;
    }
    let before = report.value.seq.checked_sub(1).and_then(at);
    let names = |sha256: &String| report.value.prev_sha256.as_ref() == Some(sha256);
    let behind = at(report.value.seq.saturating_add(1));
    let fits_behind =
        behind.is_none_or(|behind| behind.report.prev_sha256.as_ref() == Some(&report.sha256));
    match before {
        Some(before) if names(&before.sha256) && fits_behind => Place::Next,
        Some(_) => Place::Fork,
        None if !fits_behind => Place::Fork,
        None if report.value.prev_sha256.is_none() => Place::Next,
        None => Place::Gap,
    }
}

fn show(arguments: &Show) -> Result<Answer> {
    let ledger = Ledger::read(&arguments.ledger)?;
    let (mut nodes, mut lines) = (Vec::new(), Vec::new());
    for (id, mut reports) in ledger.reports()? {
        if arguments
            .install_id
            .as_ref()
            .is_some_and(|wanted| *wanted != id)
        {
            continue;
        }
        reports.sort_by_key(|reported| reported.report.seq);
        lines.push(format!("node {id}"));
        lines.extend(
            reports
                .iter()
                .map(|reported| line(&reported.report, reported.fork)),
        );
        let reports: Vec<Value> = reports
            .iter()
            .map(
                |Reported {
                     report,
                     sha256,
                     fork,
                 }| json!({ "payload_sha256": sha256, "fork": fork, "report": report }),
            )
            .collect();
        nodes.push(json!({ "install_id": id, "reports": reports }));
    }
    if nodes.is_empty() {
        lines.push("no usage report was taken in yet".to_owned());
    }
    Ok(Answer::new(json!({ "items": nodes }), lines))
}

fn line(report: &UsageReport, fork: bool) -> String {
    let most = |value: fn(&guildhall_license::UsageDay) -> u64| {
        report.daily.iter().map(value).max().unwrap_or(0)
    };
    format!(
        "  {:>4}  {} to {}  seats {}  employees {}  clock anomalies {}{}",
        report.seq,
        report.period.from,
        report.period.to,
        most(|day| day.seats),
        most(|day| day.ves_peak),
        report.clock_anomalies,
        if fork { "  FORK" } else { "" }
    )
}
