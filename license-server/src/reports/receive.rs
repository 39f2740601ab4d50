//! Taking a report in.

use guildhall_kernel::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::{self, ChainEnd, NewReport};
use crate::{
    app::App,
    artefact, audit,
    ctx::Ctx,
    events::{self, About},
    ids::ReportId,
    installs, licences,
};

/// What became of a report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReportReceipt {
    /// SHA-256 of the report, in hex: what the next one names as the one before.
    pub sha256: String,
    pub seq: i64,
    /// Whether it was here before; it counts once.
    pub known: bool,
    /// Whether the chain branches here.
    pub forked: bool,
}

/// Takes a report in: the bytes of its file.
///
/// # Errors
/// `install_unknown`, and those of reading and verifying.
pub async fn receive(app: &App, ctx: &Ctx, bytes: Vec<u8>) -> Result<ReportReceipt> {
    let signer = artefact::report_signer(&bytes)?;
    let key = app
        .db
        .read(move |reader| installs::find_key(reader, &signer));
    let (public_key, newest) = key.await?.ok_or_else(unknown)?;
    let report = artefact::read_usage_report(&bytes, &public_key)?;
    // A report of the node's own trial names no licence: it belongs to what the node activated.
    let licence = match &report.licence {
        Some(id) => id.parse().map_err(|_| unknown())?,
        None => newest,
    };
    let (caller, key) = (ctx.clone(), artefact::sha256_hex(&public_key));
    let install = app.db.read(move |reader| {
        licences::require(reader, &caller, licence).map_err(|_| unknown())?;
        installs::find_by_key(reader, licence, &key)?.ok_or_else(unknown)
    });
    let install = install.await?;
    let ctx = ctx.verified_as(&install.key_fingerprint);
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(&ctx, move |tx| {
        let end = store::chain_end(tx, install.id, (report.seq, &report.sha256))?;
        let receipt = ReportReceipt {
            sha256: report.sha256.clone(),
            seq: report.seq,
            known: end.known,
            forked: is_fork(&end, report.seq, &report.prev_sha256),
        };
        if end.known {
            return Ok(receipt);
        }
        let new = NewReport {
            id: ReportId::new(caller.clock.as_ref()),
            licence,
            install: install.id,
            seq: report.seq,
            prev_sha256: &report.prev_sha256,
            sha256: &report.sha256,
            envelope: &bytes,
            summary: serde_json::to_string(&report.summary)?,
            forked: receipt.forked,
            received_at: caller.now(),
        };
        store::insert(tx, &new)?;
        let about = About {
            licence: Some(licence),
            customer: Some(licences::require(tx, &caller, licence)?.customer_id),
        };
        let details = json!({ "report": new.id, "seq": new.seq, "install": install.id });
        let what = if receipt.forked {
            let node = install.short_name();
            let summary = format!(
                "report {} of {node} does not go on from the one before",
                new.seq
            );
            ("report.forked", summary)
        } else {
            ("report.received", format!("report {}", new.seq))
        };
        events::publish(tx, (&server, &caller), about, what, details)?;
        audit::record(tx, &caller, "report.received", new.id)?;
        Ok(receipt)
    });
    written.await
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "install_unknown",
        "this report is of a node that has no activation here; activate the node first",
    )
}

/// A report is a fork when another one has its number, or when the report before it is here and is not
/// the one it names. A gap (the one before is not here yet) is not: files get lost and come later.
fn is_fork(end: &ChainEnd, seq: i64, prev_sha256: &str) -> bool {
    if end.known {
        return false;
    }
    let breaks = end
        .before
        .as_ref()
        .is_some_and(|before| before != prev_sha256);
    end.number_taken || breaks || (seq <= 1 && end.highest > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(before: Option<&str>, number_taken: bool, highest: i64) -> ChainEnd {
        ChainEnd {
            known: false,
            number_taken,
            before: before.map(str::to_owned),
            highest,
        }
    }

    #[test]
    fn a_chain_goes_on_and_a_branch_is_seen() {
        assert!(!is_fork(&end(None, false, 0), 1, ""));
        assert!(!is_fork(&end(Some("aa"), false, 1), 2, "aa"));
        assert!(
            is_fork(&end(Some("aa"), false, 1), 2, "bb"),
            "other predecessor"
        );
        assert!(
            is_fork(&end(Some("aa"), true, 2), 2, "aa"),
            "the number is taken"
        );
        assert!(
            is_fork(&end(None, false, 7), 1, ""),
            "a chain that starts again"
        );
        assert!(
            !is_fork(&end(None, false, 2), 9, "cc"),
            "a gap is not a fork"
        );
    }
}
