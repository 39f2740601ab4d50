//! `guildhall license …`.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use guildhall_kernel::{Error, Result};
use serde_json::Value;

use super::commands::{Place, rows, text_at};
use crate::ops::{LicenseOperation, Operation};

/// Files of the vendor are smaller than this; more is not read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Subcommand)]
pub(super) enum LicenseCommand {
    /// Import a licence, lease, revocation list or keyring.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
    },
    /// Show what the node may do, and why.
    Show,
    /// Make a request for a lease, to be carried to the vendor.
    Request {
        /// Id of the licence; the one that decides when left out.
        #[arg(long, value_name = "ID")]
        license: Option<String>,
        /// Where to write the file; standard output when left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write usage reports into a file, to be carried to the vendor.
    ExportUsage {
        /// Number of the first report; those never exported when left out.
        #[arg(long)]
        from: Option<u64>,
        /// Where to write the file; into a folder, one file per report; standard output when left out.
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
        /// Only show what the next report would say.
        #[arg(long, conflicts_with_all = ["from", "out"])]
        preview: bool,
    },
}

pub(super) fn run(place: &Place, command: LicenseCommand) -> Result<ExitCode> {
    match command {
        LicenseCommand::Import { file } => {
            let text = read(&file)?;
            place.carry_out(license(LicenseOperation::Import { text }), |value| {
                vec![imported(value)]
            })
        }
        LicenseCommand::Show => place.carry_out(license(LicenseOperation::Show), shown),
        LicenseCommand::Request { license: id, out } => {
            let operation = license(LicenseOperation::Request { license_id: id });
            carry_away(place, operation, out.as_deref())
        }
        LicenseCommand::ExportUsage { preview: true, .. } => {
            place.carry_out(license(LicenseOperation::PreviewUsage), |value| {
                let preview = value.get("preview").unwrap_or(value);
                vec![serde_json::to_string_pretty(preview).unwrap_or_default()]
            })
        }
        LicenseCommand::ExportUsage { from, out, .. } => carry_away(
            place,
            license(LicenseOperation::ExportUsage { from }),
            out.as_deref(),
        ),
    }
}

fn license(operation: LicenseOperation) -> Operation {
    Operation::License { command: operation }
}

fn read(file: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}", file.display());
        Error::invalid("file_unreadable", message)
    };
    let mut source: Box<dyn Read> = match file.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(fs::File::open(file).map_err(unreadable)?),
    };
    let mut text = String::new();
    source
        .by_ref()
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

/// Writes the `text` of a result where it is wanted; into a folder each of its `files`.
fn carry_away(place: &Place, operation: Operation, out: Option<&Path>) -> Result<ExitCode> {
    let value = match place.ask(operation)? {
        Ok(value) => value,
        Err(code) => return Ok(code),
    };
    let lines = match out {
        None => vec![text_at(&value, "/text").trim_end().to_owned()],
        Some(path) => save(path, &value)?,
    };
    Ok(place.output.result(&value, |_| lines))
}

/// Says what was written.
fn save(path: &Path, value: &Value) -> Result<Vec<String>> {
    let is_folder = path.is_dir();
    let files = value.get("files").and_then(Value::as_array);
    let parts = match files.filter(|_| is_folder) {
        Some(files) => files.iter().collect(),
        None => vec![value],
    };
    let written = parts.into_iter().map(|part| {
        let target = match is_folder {
            true => path.join(text_at(part, "/file_name")),
            false => path.to_owned(),
        };
        write(&target, text_at(part, "/text"))?;
        Ok(format!("wrote {}", target.display()))
    });
    written.collect()
}

fn write(path: &Path, text: &str) -> Result<()> {
    let made = fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(|error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Error::invalid("file_unwritable", message)
    })
}

fn imported(value: &Value) -> String {
    let what = match text_at(value, "/outcome") {
        "already_there" => "this node has it already",
        _ => "imported",
    };
    let number = value.get("number").and_then(Value::as_u64).unwrap_or(0);
    format!(
        "{what}: {} {} {number}; the licence is {}",
        text_at(value, "/kind"),
        text_at(value, "/license_id"),
        text_at(value, "/state")
    )
}

fn shown(value: &Value) -> Vec<String> {
    let meter = |name: &str| {
        let number = |field: &str| {
            value
                .pointer(&format!("/{name}/{field}"))
                .and_then(Value::as_u64)
        };
        let used = number("used").unwrap_or(0);
        number("max").map_or_else(
            || format!("{used}, no limit"),
            |max| format!("{used} of {max}"),
        )
    };
    let holder = match value.get("license") {
        Some(Value::Object(_)) => format!(
            "{} edition for {}, licence {}",
            text_at(value, "/license/edition"),
            text_at(value, "/license/customer"),
            text_at(value, "/license/license_id")
        ),
        _ => "the node's own trial".to_owned(),
    };
    let mut lines = vec![
        format!(
            "state       {} since {}",
            text_at(value, "/state"),
            text_at(value, "/since")
        ),
        format!("holder      {holder}"),
        format!("trust root  {}", text_at(value, "/trust_root")),
        format!("people      {}", meter("seats")),
        format!("employees   {}", meter("employees")),
        format!("this node   {}", text_at(value, "/install/key_fingerprint")),
    ];
    let told = |list: &str, line: &dyn Fn(&Value) -> String| {
        let items = serde_json::json!({ "items": value.get(list) });
        rows(&items, line)
    };
    lines.extend(told("notices", &|notice| {
        format!("notice      {}", text_at(notice, "/message"))
    }));
    lines.extend(
        told("files", &|file| match text_at(file, "/outcome") {
            "refused" => format!(
                "refused     {}: {}",
                text_at(file, "/name"),
                text_at(file, "/reason")
            ),
            _ => String::new(),
        })
        .into_iter()
        .filter(|line| !line.is_empty()),
    );
    lines
}
