//! `guildhall-license-server doctor`.

use std::{path::Path, process::ExitCode};

use guildhall_kernel::Result;
use serde_json::json;

use super::{blocking, init::open_app, open_db, output::Output};
use crate::doctor;

/// Exit code 1 when something is broken; a warning is no failure.
pub(super) fn run(data_dir: &Path, output: Output) -> Result<ExitCode> {
    let db = open_db(data_dir)?;
    let sound = blocking(db.integrity_check())?;
    db.close();
    let app = blocking(open_app(data_dir))??;
    let warnings = doctor::warnings(&app);
    let signing = app.signing.name();
    let trust = app.trust.describe();
    // The counters' bounds stay: a running server owns them.
    app.db.clone().close();
    let ok = sound.is_ok();
    let mut lines = vec![match &sound {
        Ok(()) => "ok    the database is sound".to_owned(),
        Err(error) => format!("FAIL  {}", error.message()),
    }];
    lines.push(format!("ok    licences are signed by: {signing}"));
    lines.extend(warnings.iter().map(|text| format!("WARN  {text}")));
    let value = json!({ "ok": ok, "warnings": warnings, "signing": signing, "keyring": trust });
    output.result(&value, &lines);
    Ok(if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
