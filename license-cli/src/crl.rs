//! `revoke` and `crl`: what is revoked goes into the ledger first, and into every list that is made from then on.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, builder::NonEmptyStringValueParser};
use guildhall_license::{Crl, Effect, Refusal, Revocation, RevocationTarget, verify};
use serde_json::json;

use crate::{
    Result,
    artefacts::{self, about},
    dates::{self, Moment},
    files,
    issue::Signing,
    ledger::{Event, Ledger, Signed},
    output::Answer,
    terms::word,
};

#[derive(Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    target: Target,
    /// Why, in a word such as `refunded`.
    #[arg(long, value_name = "WORD", value_parser = NonEmptyStringValueParser::new())]
    reason: String,
    /// What follows: warn, restrict_new or read_only.
    #[arg(long, value_parser = word::<Effect>, default_value = "restrict_new", value_name = "EFFECT")]
    effect: Effect,
    /// Since when; now, when left out.
    #[arg(long, value_name = "DATE")]
    at: Option<Moment>,
    /// A sentence for the administrators of the node.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// The ledger of what was issued.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// A licence, all its serials.
    #[arg(long, value_name = "ID")]
    license_id: Option<String>,
    /// A node, by the fingerprint of its install key.
    #[arg(long, value_name = "SHA256")]
    install_key_fp: Option<String>,
    /// A lease.
    #[arg(long, value_name = "ID")]
    lease_id: Option<String>,
    /// A key. Better revoke it in the keyring, which says what it really signed.
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// A bundle.
    #[arg(long, value_name = "SHA256")]
    bundle_sha256: Option<String>,
}

#[derive(Args)]
pub(crate) struct MakeCrl {
    #[command(flatten)]
    signing: Signing,
    /// A list from elsewhere, such as the licence server's: its entries are kept and its version is passed.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// Days until the next list is due.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    next_days: u32,
    /// Oldest version of a product that is still safe, as `guildhall=1.4.2`. Give it again for more.
    #[arg(long = "min-version", value_name = "PRODUCT=VERSION", value_parser = pair)]
    min_versions: Vec<(String, String)>,
}

impl Target {
    fn named(&self) -> Option<RevocationTarget> {
        let of =
            |value: &Option<String>, make: fn(String) -> RevocationTarget| value.clone().map(make);
        of(&self.license_id, RevocationTarget::LicenseId)
            .or_else(|| of(&self.install_key_fp, RevocationTarget::InstallKeyFp))
            .or_else(|| of(&self.lease_id, RevocationTarget::LeaseId))
            .or_else(|| of(&self.key_id, RevocationTarget::KeyId))
            .or_else(|| of(&self.bundle_sha256, RevocationTarget::BundleSha256))
    }
}

pub(crate) fn revoke(arguments: &Revoke) -> Result<Answer> {
    let mut ledger = Ledger::open(&arguments.ledger)?;
    let target = arguments.target.named().ok_or_else(|| {
        Refusal::new(
            "terms_incomplete",
            "nothing to revoke is named; give --license-id or another id",
        )
    })?;
    if let RevocationTarget::LicenseId(id) = &target
        && ledger.newest_license(id)?.is_none()
    {
        let message = format!(
            "the ledger knows no licence `{id}`; check the id, or give the ledger that it was issued with"
        );
        return Err(Refusal::new("license_unknown", message));
    }
    let now = dates::now();
    let revocation = Revocation {
        target,
        reason: arguments.reason.clone(),
        at: arguments.at.map_or(now, |moment| moment.0),
        effect: arguments.effect,
        message: arguments.message.clone(),
    };
    let value = json!(revocation);
    ledger.append(now, Event::Revoked { revocation })?;
    let line =
        "revoked in the ledger; now sign a list with `guildhall-license crl` and hand it out"
            .to_owned();
    Ok(Answer::new(value, [line]))
}

pub(crate) fn make(arguments: &MakeCrl) -> Result<Answer> {
    let signing = &arguments.signing;
    let mut ledger = signing.open_ledger()?;
    let trusted = signing.trust.load()?;
    let mut before: Vec<Crl> = ledger
        .newest_crl()?
        .map(|(list, _)| list)
        .into_iter()
        .collect();
    if let Some(path) = &arguments.previous {
        let list = verify::<Crl>(&files::read(path)?, &trusted.ring);
        before.push(list.map_err(|refusal| about(path, refusal))?.value);
    }
    let now = dates::now();
    let list = Crl {
        version: before.iter().map(|list| list.version).max().unwrap_or(0) + 1,
        this_update: now,
        next_update: dates::days_after(now, arguments.next_days),
        revoked: merged(&before, &ledger),
        min_versions: min_versions(&before, &arguments.min_versions),
    };
    let (envelope, verified) = artefacts::sign_checked(&list, &signing.keys.open()?, &trusted)?;
    ledger.append(
        now,
        Event::Signed {
            artefact: Signed::new(&envelope),
        },
    )?;
    artefacts::write(&signing.out, &envelope, signing.form())?;
    if signing.is_piped() {
        return Ok(Answer::silent());
    }
    let value = json!({
        "version": list.version, "revoked": list.revoked.len(), "next_update": list.next_update,
        "payload_sha256": verified.sha256, "file": signing.out,
    });
    let line = format!(
        "signed revocation list {} with {} entries, the next one due by {}: {}",
        list.version,
        list.revoked.len(),
        dates::day(list.next_update),
        signing.out.display()
    );
    Ok(Answer::new(value, [line]))
}

/// Everything that earlier lists and the ledger say. What was revoked once stays so; the last word about a thing counts.
fn merged(before: &[Crl], ledger: &Ledger) -> Vec<Revocation> {
    let mut revoked: Vec<Revocation> = Vec::new();
    let said = before.iter().flat_map(|list| &list.revoked);
    for revocation in said.chain(ledger.revocations()) {
        revoked.retain(|present| present.target != revocation.target);
        revoked.push(revocation.clone());
    }
    revoked
}

fn min_versions(before: &[Crl], now: &[(String, String)]) -> BTreeMap<String, String> {
    let said = before.iter().flat_map(|list| list.min_versions.clone());
    said.chain(now.iter().cloned()).collect()
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
