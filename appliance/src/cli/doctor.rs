//! `guildhall doctor`: what a node needs, checked one by one.

use std::process::ExitCode;

use guildhall_kernel::Result;
use serde_json::{Value, json};

use super::{commands::Place, load_config};
use crate::{
    inference, licensing,
    ops::{
        LicenseOperation, Operation,
        control::{self, Answer},
        data_dir::{self, Taken},
    },
};

const FREE_BYTES_WANTED: u64 = 5 << 30;

pub(super) fn run(place: &Place) -> Result<ExitCode> {
    let mut checks = vec![check_config(place)];
    match data_dir::take(&place.data_dir) {
        Err(error) => checks.push(finding("data directory", Err(error.message().to_owned()))),
        Ok(Taken::Owned(_)) => {
            checks.push(finding(
                "data directory",
                Ok("writable, no node running".to_owned()),
            ));
            checks.push(check_space(place));
        }
        Ok(Taken::Busy(_)) => {
            checks.push(finding(
                "data directory",
                Ok("in use by a running node".to_owned()),
            ));
            checks.push(check_space(place));
            checks.push(check_node(place));
            checks.push(check_license(place));
        }
    }
    checks.push(check_engine(place));
    let trust_root = licensing::trust_root().unwrap_or("none");
    checks.push(check_trust_root(trust_root));
    let failed = checks
        .iter()
        .any(|check| check.get("ok") == Some(&Value::Bool(false)));
    let value = json!({ "ok": !failed, "trust_root": trust_root, "items": checks });
    place.output.result(&value, |value| {
        super::commands::rows(value, |row| {
            let mark = if row.get("ok") == Some(&Value::Bool(true)) {
                "ok  "
            } else {
                "FAIL"
            };
            let text = |field: &str| {
                row.get(field)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            format!("{mark} {:<16} {}", text("check"), text("finding"))
        })
    });
    Ok(if failed {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn finding(check: &str, outcome: std::result::Result<String, String>) -> Value {
    let ok = outcome.is_ok();
    let text = outcome.unwrap_or_else(|problem| problem);
    json!({ "check": check, "ok": ok, "finding": text })
}

fn check_config(place: &Place) -> Value {
    let outcome = load_config(place.config_file.as_deref());
    let told = place
        .config_file
        .as_ref()
        .map_or_else(|| "defaults".to_owned(), |file| file.display().to_string());
    finding(
        "configuration",
        outcome
            .map(|_| told)
            .map_err(|error| error.message().to_owned()),
    )
}

fn check_space(place: &Place) -> Value {
    let outcome = match rustix::fs::statvfs(&place.data_dir) {
        Err(error) => Err(format!("cannot be read: {error}")),
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let gib = free >> 30;
            if free >= FREE_BYTES_WANTED {
                Ok(format!("{gib} GiB free"))
            } else {
                Err(format!(
                    "{gib} GiB free; free at least {} GiB, models and backups need it",
                    FREE_BYTES_WANTED >> 30
                ))
            }
        }
    };
    finding("disk space", outcome)
}

fn check_node(place: &Place) -> Value {
    let outcome = match control::send(&place.data_dir, &Operation::CheckDatabase, |_, _| {}) {
        Ok(Answer::Ok(_) | Answer::Progress { .. }) => {
            Ok("answers; its database is sound".to_owned())
        }
        Ok(Answer::Error { message, .. }) => Err(message),
        Err(error) => Err(error.message().to_owned()),
    };
    finding("node", outcome)
}

/// The state of the licence is told, never a failure: the node works in all of them.
fn check_license(place: &Place) -> Value {
    let show = Operation::License {
        command: LicenseOperation::Show,
    };
    let outcome = match control::send(&place.data_dir, &show, |_, _| {}) {
        Ok(Answer::Ok(status)) => {
            let text = |pointer| super::commands::text_at(&status, pointer).to_owned();
            Ok(format!("{} since {}", text("/state"), text("/since")))
        }
        Ok(Answer::Error { message, .. }) => Err(message),
        Ok(Answer::Progress { .. }) => Err("gives no answer".to_owned()),
        Err(error) => Err(error.message().to_owned()),
    };
    finding("licence", outcome)
}

/// Whose root keys are in the program. The development root is no failure of a node that is developed on, so it is said and
/// not counted.
fn check_trust_root(trust_root: &str) -> Value {
    let told = match trust_root {
        "production" => Ok("production: the vendor's root keys".to_owned()),
        "development" => Ok("development: keys that everybody has; not for production".to_owned()),
        _ => Err("the program was built with a broken keyring; install it again".to_owned()),
    };
    finding("trust root", told)
}

fn check_engine(place: &Place) -> Value {
    let outcome = load_config(place.config_file.as_deref())
        .and_then(|config| inference::engine_version(&config))
        .map_err(|error| error.message().to_owned());
    finding("engine", outcome)
}
