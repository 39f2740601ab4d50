//! `inspect` and `verify`: what a file says, and whether it is to be believed.

use std::path::{Path, PathBuf};

use clap::Args;
use guildhall_license::{
    Artefact, Crl, Envelope, Keyring, Lease, License, Refusal, activation_request, verify,
};
use serde_json::{Value, json};

use crate::{
    Result,
    artefacts::{self, Draft, Trust, about},
    files,
    ledger::Ledger,
    output::Answer,
    report,
};

#[derive(Args)]
pub(crate) struct Inspect {
    /// Any artefact, or a payload that waits for its signature.
    file: PathBuf,
    #[command(flatten)]
    origin: Origin,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// Any artefact.
    file: PathBuf,
    #[command(flatten)]
    origin: Origin,
}

/// What an artefact is checked against.
#[derive(Args)]
struct Origin {
    #[command(flatten)]
    trust: Trust,
    /// For a usage report: an activation request of its node, which names the node's key.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// For a usage report: the ledger, which knows the nodes that leases were given to.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// What was found out about an artefact that is good.
struct Found {
    sha256: String,
    signers: Vec<String>,
    trust_root: &'static str,
}

pub(crate) fn check(arguments: &Verify) -> Result<Answer> {
    let bytes = files::read(&arguments.file)?;
    let kind = Envelope::read(&bytes).map_err(|refusal| about(&arguments.file, refusal))?;
    let kind = kind.kind().unwrap_or_default().to_owned();
    let found = examine(&bytes, &kind, &arguments.origin)
        .map_err(|refusal| about(&arguments.file, refusal))?;
    let value = json!({
        "kind": kind, "valid": true, "payload_sha256": found.sha256, "signers": found.signers, "trust_root": found.trust_root,
    });
    let line = format!(
        "{}: a good {kind}, signed by {} (trust: {})",
        arguments.file.display(),
        found.signers.join(" and "),
        found.trust_root
    );
    Ok(Answer::new(value, [line]))
}

pub(crate) fn inspect(arguments: &Inspect) -> Result<Answer> {
    let draft = Draft::read(&arguments.file)?;
    let (envelope, path) = (&draft.envelope, &arguments.file);
    let kind = envelope.kind().unwrap_or("unknown").to_owned();
    let payload: Value = serde_json::from_slice(envelope.payload()).map_err(|error| {
        let message = format!(
            "{}: its payload is not JSON: {error}; ask for the file again",
            path.display()
        );
        Refusal::new("artefact_malformed", message)
    })?;
    let verdict = match draft.is_signed {
        true => examine(&envelope.to_bytes(), &kind, &arguments.origin),
        false => Err(Refusal::new("artefact_unsigned", "nobody signed it yet")),
    };
    let signers: Vec<&str> = envelope
        .signatures()
        .iter()
        .map(|signature| signature.key_id.as_str())
        .collect();
    let error = verdict.as_ref().err();
    let value = json!({
        "kind": kind, "payload_sha256": artefacts::sha256(envelope.payload()), "signers": signers, "valid": error.is_none(),
        "error": error.map(|refusal| json!({ "code": refusal.code, "message": refusal.message })),
        "trust_root": verdict.as_ref().ok().map(|found| found.trust_root), "payload": payload,
    });
    Ok(Answer::new(
        value,
        lines(path, &kind, &verdict, (&signers, &payload)),
    ))
}

fn lines(
    path: &Path,
    kind: &str,
    verdict: &Result<Found>,
    (signers, payload): (&[&str], &Value),
) -> Vec<String> {
    let mut lines = vec![format!("{}: {kind}", path.display())];
    lines.push(match verdict {
        Ok(found) => format!("  good (trust: {})", found.trust_root),
        Err(refusal) => format!("  NOT TO BE BELIEVED: {}", refusal.message),
    });
    lines.extend(
        signers
            .iter()
            .map(|signer| format!("  signature of {signer}")),
    );
    flatten("", payload, &mut lines);
    lines
}

/// One line for each thing that is said, `binding.max_installs  1`.
fn flatten(name: &str, value: &Value, lines: &mut Vec<String>) {
    let inner = |key: &str| {
        if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        }
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                flatten(&inner(key), value, lines);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, value) in items.iter().enumerate() {
                flatten(&inner(&(number + 1).to_string()), value, lines);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            lines.push(format!("  {name:<28} {}", items.join(", ")));
        }
        value => lines.push(format!("  {name:<28} {}", plain(value))),
    }
}

/// Text without quotes and without control characters, which could fool a terminal.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text
            .chars()
            .map(|letter| {
                if letter.is_control() {
                    '\u{fffd}'
                } else {
                    letter
                }
            })
            .collect(),
        value => value.to_string(),
    }
}

fn examine(bytes: &[u8], kind: &str, origin: &Origin) -> Result<Found> {
    match kind {
        "license" => by_ring::<License>(bytes, origin),
        "lease" => by_ring::<Lease>(bytes, origin),
        "crl" => by_ring::<Crl>(bytes, origin),
        "keyring" => keyring(bytes, origin),
        "activation-request" => {
            let request = activation_request(bytes)?;
            Ok(Found {
                sha256: request.sha256,
                signers: request.signers,
                trust_root: "its own key",
            })
        }
        "usage-report" => {
            let ledger = origin.ledger.as_deref().map(Ledger::read).transpose()?;
            let report = report::verified_by(bytes, origin.request.as_deref(), ledger.as_ref())?;
            Ok(Found {
                sha256: report.sha256,
                signers: report.signers,
                trust_root: "its node's key",
            })
        }
        other => {
            let message = format!(
                "this version does not know what a `{other}` is; upgrade, or choose the other file"
            );
            Err(Refusal::new("artefact_wrong_type", message))
        }
    }
}

fn by_ring<T: Artefact>(bytes: &[u8], origin: &Origin) -> Result<Found> {
    let trusted = origin.trust.load()?;
    let verified = verify::<T>(bytes, &trusted.ring)?;
    Ok(Found {
        sha256: verified.sha256,
        signers: verified.signers,
        trust_root: trusted.origin,
    })
}

/// A keyring is good when it is the trusted one or follows it.
fn keyring(bytes: &[u8], origin: &Origin) -> Result<Found> {
    let (trusted, envelope) = (origin.trust.load()?, Envelope::read(bytes)?);
    if Keyring::first(bytes)? != trusted.ring {
        trusted.ring.followed_by(bytes)?;
    }
    Ok(Found {
        sha256: artefacts::sha256(envelope.payload()),
        signers: envelope
            .signatures()
            .iter()
            .map(|signature| signature.key_id.clone())
            .collect(),
        trust_root: trusted.origin,
    })
}
