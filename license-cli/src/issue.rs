//! `issue` and `renew`.

use std::path::{Path, PathBuf};

use clap::Args;
use guildhall_kernel::{Id, IdKind, SystemClock};
use guildhall_license::{Artefact, License, Refusal, Verified, verify};
use serde_json::{Value, json};

use crate::{
    Result,
    artefacts::{self, Draft, Form, Trust, Trusted, about},
    dates, files,
    keys::KeyArguments,
    ledger::{Event, Ledger, Signed},
    output::Answer,
    plan::{Plan, Quote, read_toml},
    terms::{self, Terms},
};

#[derive(Clone, Copy)]
struct LicenseKind;

impl IdKind for LicenseKind {
    const PREFIX: &'static str = "lic";
}

/// What every command needs that signs something for a customer.
#[derive(Args)]
pub(crate) struct Signing {
    #[command(flatten)]
    pub(crate) keys: KeyArguments,
    #[command(flatten)]
    pub(crate) trust: Trust,
    /// The ledger that keeps everything that was issued; it is made when it is not there.
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: PathBuf,
    /// The file to write; `-` is the standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write the form for mail, with BEGIN and END lines.
    #[arg(long)]
    pub(crate) armour: bool,
}

#[derive(Args)]
pub(crate) struct Issue {
    #[command(flatten)]
    signing: Signing,
    /// A plan (TOML): terms, what is different in a trial, and the price that the quote is made of.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Issue the plan's trial.
    #[arg(long, requires = "plan")]
    trial: bool,
    /// A request (TOML) with the names of the options below, such as `customer_id`.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// Sign what a licence server asks for: a file with `payload_type` and `payload`; `-` is the standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "request", "Terms"])]
    signing_request: Option<PathBuf>,
    #[command(flatten)]
    terms: Terms,
}

#[derive(Args)]
pub(crate) struct Renew {
    /// The licence to renew, or its id when the ledger knows it.
    license: String,
    /// Id of another licence that the new one takes the place of. Give it again for more.
    #[arg(long, value_name = "ID")]
    supersedes: Vec<String>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    terms: Terms,
}

pub(crate) fn issue(issue: &Issue) -> Result<Answer> {
    if let Some(path) = &issue.signing_request {
        return answer_request(path, &issue.signing);
    }
    let now = dates::now();
    let mut license = terms::blank(Id::<LicenseKind>::new(&SystemClock).to_string(), now);
    let plan: Option<Plan> = issue.plan.as_deref().map(read_toml).transpose()?;
    if let Some(plan) = &plan {
        plan.terms.apply(&mut license);
        if issue.trial {
            trial_of(plan)?.apply(&mut license);
        }
    }
    if let Some(path) = &issue.request {
        read_toml::<Terms>(path)?.apply(&mut license);
    }
    issue.terms.apply(&mut license);
    let seats = license.entitlements.seats_named();
    let price = plan.and_then(|plan| plan.price).filter(|_| !issue.trial);
    let quote = price.map(|price| price.quote(seats)).transpose()?;
    let mut ledger = issue.signing.open_ledger()?;
    sign(&license, &issue.signing, &mut ledger, quote)
}

fn trial_of(plan: &Plan) -> Result<&Terms> {
    plan.trial.as_ref().ok_or_else(|| {
        let message = format!(
            "the plan {} has no trial; add a table [trial] to it",
            plan.name
        );
        Refusal::new("terms_incomplete", message)
    })
}

pub(crate) fn renew(renew: &Renew) -> Result<Answer> {
    let mut ledger = renew.signing.open_ledger()?;
    let trusted = renew.signing.trust.load()?;
    let before = find_license(&renew.license, &trusted, &ledger)?.value;
    let known = ledger.newest_license(&before.license_id)?;
    let serial = known.map_or(before.serial, |(known, _)| known.serial.max(before.serial));
    let mut license = renewed(&before, serial + 1, &renew.terms)?;
    license.supersedes.extend(renew.supersedes.iter().cloned());
    sign(&license, &renew.signing, &mut ledger, None)
}

/// The terms once more, with what is said anew. A number of days counts from the end of the last term, or from now where that has passed.
fn renewed(before: &License, serial: u64, terms: &Terms) -> Result<License> {
    let (now, mut license) = (dates::now(), before.clone());
    license.serial = serial;
    license.issued_at = now;
    if let Some(end) = before.term_end {
        if terms.term_days.is_none() && terms.term_end.is_none() {
            let message = format!(
                "licence {} has an end; say with --term-days or --term-end until when it is renewed",
                before.license_id
            );
            return Err(Refusal::new("terms_incomplete", message));
        }
        license.not_before = end.max(now);
    }
    terms.apply(&mut license);
    // What runs goes on under the new serial at once.
    if terms.not_before.is_none() {
        license.not_before = before.not_before.min(now);
    }
    Ok(license)
}

/// A licence from a file, or the newest of an id that the ledger knows.
///
/// # Errors
/// `license_unknown` and those of [`verify`].
pub(crate) fn find_license(
    name: &str,
    trusted: &Trusted,
    ledger: &Ledger,
) -> Result<Verified<License>> {
    let path = Path::new(name);
    if path.is_file() {
        return verify(&files::read(path)?, &trusted.ring).map_err(|refusal| about(path, refusal));
    }
    match ledger.newest_license(name)? {
        Some((_, signed)) => verify(signed.envelope.as_bytes(), &trusted.ring),
        None => {
            let message = format!(
                "`{name}` is neither a licence file nor the id of a licence in the ledger; give its file"
            );
            Err(Refusal::new("license_unknown", message))
        }
    }
}

fn sign(
    license: &License,
    signing: &Signing,
    ledger: &mut Ledger,
    quote: Option<Quote>,
) -> Result<Answer> {
    terms::check(license)?;
    let trusted = signing.trust.load()?;
    let signers = signing.keys.open()?;
    let (envelope, verified) = artefacts::sign_checked(license, &signers, &trusted)?;
    ledger.append(
        dates::now(),
        Event::Signed {
            artefact: Signed::new(&envelope),
        },
    )?;
    artefacts::write(&signing.out, &envelope, signing.form())?;
    Ok(answer(&verified, signing, &trusted, quote))
}

impl Signing {
    /// Opens the ledger, once it is sure that what is signed has somewhere to go.
    ///
    /// # Errors
    /// `file_exists` and those of [`Ledger::open`].
    pub(crate) fn open_ledger(&self) -> Result<Ledger> {
        files::require_new(&self.out)?;
        Ledger::open(&self.ledger)
    }

    pub(crate) fn form(&self) -> Form {
        if self.armour {
            Form::Armour
        } else {
            Form::Json
        }
    }

    /// Whether the standard output is taken by the artefact.
    pub(crate) fn is_piped(&self) -> bool {
        self.out == Path::new("-")
    }
}

fn answer(
    verified: &Verified<License>,
    signing: &Signing,
    trusted: &Trusted,
    quote: Option<Quote>,
) -> Answer {
    if signing.is_piped() {
        return Answer::silent();
    }
    let license = &verified.value;
    let value = json!({
        "license_id": license.license_id, "serial": license.serial, "term_end": license.term_end, "payload_sha256": verified.sha256,
        "signers": verified.signers, "file": signing.out, "trust_root": trusted.origin,
        "quote": quote.as_ref().map_or(Value::Null, |quote| json!(quote)),
    });
    let end = license.term_end.map_or_else(
        || "without an end".to_owned(),
        |end| format!("until {}", dates::day(end)),
    );
    let mut lines = vec![
        format!(
            "signed licence {} serial {} for {}, {end}",
            license.license_id, license.serial, license.customer.name
        ),
        format!("  file:    {}", signing.out.display()),
        format!("  payload: {}", verified.sha256),
    ];
    lines.extend(quote.map(|quote| format!("  {}", quote.line())));
    if trusted.origin == "development" {
        lines.push(
            "  signed under the DEVELOPMENT root: anybody can issue such licences".to_owned(),
        );
    }
    Answer::new(value, lines)
}

/// Signs the very bytes that a licence server asks for.
fn answer_request(path: &Path, signing: &Signing) -> Result<Answer> {
    let mut draft = Draft::read(path)?;
    if draft.is_signed || draft.envelope.kind() != Some(License::KIND) {
        let message = format!(
            "{} is no request for the signature of a licence; fetch the request from the licence server",
            path.display()
        );
        return Err(Refusal::new("artefact_wrong_type", message));
    }
    let mut ledger = signing.open_ledger()?;
    let trusted = signing.trust.load()?;
    for signer in signing.keys.open()? {
        guildhall_license::sign::add_signature(&mut draft.envelope, signer.as_ref())?;
    }
    artefacts::check_signers::<License>(&draft.envelope, &trusted)?;
    let verified: Verified<License> = verify(&draft.envelope.to_bytes(), &trusted.ring)?;
    terms::check(&verified.value)?;
    require_new(&ledger, &verified)?;
    ledger.append(
        dates::now(),
        Event::Signed {
            artefact: Signed::new(&draft.envelope),
        },
    )?;
    artefacts::write(&signing.out, &draft.envelope, signing.form())?;
    Ok(answer(&verified, signing, &trusted, None))
}

/// The same request may be signed again; another licence under the same serial, or an earlier one, is not.
fn require_new(ledger: &Ledger, verified: &Verified<License>) -> Result<()> {
    let license = &verified.value;
    let is_known = ledger
        .signed()
        .any(|(_, signed)| signed.payload_sha256 == verified.sha256);
    let newest = ledger.newest_license(&license.license_id)?;
    match newest.filter(|(newest, _)| newest.serial >= license.serial && !is_known) {
        Some((newest, _)) => {
            let message = format!(
                "licence {} has serial {} already and this request is for serial {}; make the next one",
                license.license_id, newest.serial, license.serial
            );
            Err(Refusal::new("serial_reused", message))
        }
        None => Ok(()),
    }
}
