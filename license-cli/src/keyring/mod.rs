//! `keyring`: the root ceremony. Each step is a run of its own, so that each root key can stay on its own machine; what
//! travels between them is one file.

mod ceremony;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use guildhall_kernel::Timestamp;
use guildhall_license::{ENVELOPE_BYTES_MAX, Envelope, Keyring, KeyringKey, Refusal, Role, sign};

use self::ceremony::{Ceremony, KIND, unverified};
use crate::{
    Result,
    artefacts::{Draft, about},
    dates::{self, Moment},
    files,
    keys::{KeyArguments, PublicFile},
    ledger::Ledger,
    output::Answer,
};

/// What fits into an envelope in base 64, with room for its signatures.
const PAYLOAD_BYTES_MAX: usize = (ENVELOPE_BYTES_MAX - 4096) / 4 * 3;

#[derive(Subcommand)]
pub(crate) enum KeyringCommand {
    /// Begin the first keyring: three root keys of which two must sign, and the keys of the other roles.
    New(New),
    /// Write the next keyring with further keys.
    Add(Add),
    /// Write the next keyring with a key revoked. What that key really signed stays good if you say so.
    Revoke(Revoke),
    /// Add the signature of a root key, and say how many are missing.
    Sign(Sign),
    /// Show a keyring's keys, who signed it and how many signatures are missing.
    Show(Show),
}

#[derive(Args)]
pub(crate) struct New {
    /// Public halves of the keys, of every role: `root-1.pub.json` and so on.
    #[arg(required = true, value_name = "PUBLIC_KEY")]
    keys: Vec<PathBuf>,
    /// How many root keys must sign.
    #[arg(long, default_value_t = 2, value_name = "NUMBER")]
    threshold: usize,
    #[command(flatten)]
    terms: KeyTerms,
    /// The file to write, which then goes from one root key to the next.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
struct KeyTerms {
    /// For how long the added keys may sign.
    #[arg(long, default_value_t = 3650, value_name = "DAYS")]
    key_days: u32,
    /// When the keyring is due to be renewed; it only warns then. Five years from now, when left out.
    #[arg(long, value_name = "DATE")]
    expires: Option<Moment>,
}

#[derive(Args)]
pub(crate) struct Add {
    /// The keyring to go on from. One that waits for signatures keeps its version, and loses those it has.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Public halves of the new keys.
    #[arg(required = true, value_name = "PUBLIC_KEY")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    terms: KeyTerms,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// The keyring to go on from. One that waits for signatures keeps its version, and loses those it has.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Id of the key to revoke, or the first digits of it.
    #[arg(long, value_name = "ID")]
    key_id: String,
    /// Since when it is not to be trusted; now, when left out.
    #[arg(long, value_name = "DATE")]
    after: Option<Moment>,
    /// The ledger of what was issued: everything in it that the key signed before that moment stays good.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// SHA-256 of a payload that stays good besides.
    #[arg(long, value_name = "SHA256")]
    genuine: Vec<String>,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Sign {
    /// The keyring to sign; it is written again with the signature.
    file: PathBuf,
    /// The keyring before it, whose root keys must agree too; needed from version 2 on.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    #[command(flatten)]
    keys: KeyArguments,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The keyring.
    file: PathBuf,
    /// The keyring before it.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
}

pub(crate) fn run(command: &KeyringCommand) -> Result<Answer> {
    match command {
        KeyringCommand::New(new) => begin(new),
        KeyringCommand::Add(add) => extend(add),
        KeyringCommand::Revoke(revoke) => withdraw(revoke),
        KeyringCommand::Sign(sign) => add_signature(sign),
        KeyringCommand::Show(show) => {
            let ceremony = Ceremony::open(&show.file, show.previous.as_deref())?;
            Ok(ceremony.answer())
        }
    }
}

fn begin(new: &New) -> Result<Answer> {
    let keys = new_keys(&new.keys, &new.terms)?;
    let thresholds = BTreeMap::from([(Role::Root, new.threshold)]);
    let ring = Keyring::new(1, expiry(&new.terms), keys, thresholds)?;
    write_draft(&new.out, &ring, None)
}

fn extend(add: &Add) -> Result<Answer> {
    let (base, version, previous) = next_of(&add.from)?;
    let mut keys = base.keys;
    for key in new_keys(&add.keys, &add.terms)? {
        if keys.iter().any(|present| present.id == key.id) {
            let message = format!("the key {} is in the keyring already; make another", key.id);
            return Err(Refusal::new("key_present", message));
        }
        keys.push(key);
    }
    let ring = Keyring::new(version, expiry(&add.terms), keys, base.thresholds)?;
    write_draft(&add.out, &ring, previous.as_ref())
}

fn withdraw(revoke: &Revoke) -> Result<Answer> {
    let (mut base, version, previous) = next_of(&revoke.from)?;
    let after = revoke.after.map_or_else(dates::now, |moment| moment.0);
    let mut fitting = base
        .keys
        .iter_mut()
        .filter(|key| key.id.starts_with(&revoke.key_id));
    let (Some(key), None) = (fitting.next(), fitting.next()) else {
        let message = format!(
            "not exactly one key of the keyring begins with `{}`; see `guildhall-license keyring show`",
            revoke.key_id
        );
        return Err(Refusal::new("key_unknown", message));
    };
    let mut genuine: BTreeSet<String> = key.genuine.drain(..).collect();
    genuine.extend(revoke.genuine.iter().map(|hash| hash.to_lowercase()));
    if let Some(path) = &revoke.ledger {
        genuine.extend(Ledger::read(path)?.signed_by(&key.id, after));
    }
    if let Some(odd) = genuine.iter().find(|hash| !is_sha256(hash)) {
        let message = format!("`{odd}` is no SHA-256; give 64 hexadecimal digits");
        return Err(Refusal::new("hash_malformed", message));
    }
    key.revoked_after = Some(after);
    key.genuine = genuine.into_iter().collect();
    let ring = Keyring::new(version, base.expires, base.keys, base.thresholds)?;
    write_draft(&revoke.out, &ring, previous.as_ref())
}

fn add_signature(arguments: &Sign) -> Result<Answer> {
    let mut ceremony = Ceremony::open(&arguments.file, arguments.previous.as_deref())?;
    for signer in arguments.keys.open()? {
        if !ceremony.is_root(&signer.key_id()) {
            let message = format!(
                "the key {} is no root key of this keyring or of the one before; sign with a root key",
                signer.key_id()
            );
            return Err(Refusal::new("artefact_wrong_key", message));
        }
        sign::add_signature(&mut ceremony.draft.envelope, signer.as_ref())?;
        ceremony.draft.is_signed = true;
    }
    // A complete one must be taken by whoever has the one before.
    if ceremony.missing() == 0 {
        let bytes = ceremony.draft.envelope.to_bytes();
        match &ceremony.previous {
            Some(previous) => previous.followed_by(&bytes)?,
            None => Keyring::first(&bytes)?,
        };
    }
    files::replace(
        &arguments.file,
        &ceremony.draft.to_bytes(),
        files::Access::Everybody,
    )?;
    Ok(ceremony.answer())
}

/// The ring to go on from, the version that is to be written, and the ring that it follows when that is known.
fn next_of(path: &Path) -> Result<(Keyring, u64, Option<Keyring>)> {
    let draft = Draft::read(path)?;
    let ring = unverified(&draft.envelope).map_err(|refusal| about(path, refusal))?;
    let ceremony = Ceremony {
        path: path.to_owned(),
        draft,
        ring: ring.clone(),
        previous: None,
    };
    if ceremony.missing() > 0 {
        let version = ring.version;
        return Ok((ring, version, None));
    }
    let version = ring.version + 1;
    Ok((ring.clone(), version, Some(ring)))
}

fn new_keys(paths: &[PathBuf], terms: &KeyTerms) -> Result<Vec<KeyringKey>> {
    let begin = dates::now();
    let keys = paths.iter().map(|path| {
        let key = PublicFile::read(path)?;
        Ok(KeyringKey {
            id: key.id,
            alg: key.alg,
            role: key.role,
            public: key.public,
            not_before: begin,
            not_after: dates::days_after(begin, terms.key_days),
            revoked_after: None,
            genuine: Vec::new(),
        })
    });
    keys.collect()
}

fn expiry(terms: &KeyTerms) -> Timestamp {
    let in_five_years = || dates::days_after(dates::now(), 5 * 365);
    terms.expires.map_or_else(in_five_years, |moment| moment.0)
}

fn write_draft(path: &Path, ring: &Keyring, previous: Option<&Keyring>) -> Result<Answer> {
    let payload = serde_json::to_vec(ring).map_err(|error| {
        Refusal::new(
            "signing_failed",
            format!("the keyring cannot be written: {error}"),
        )
    })?;
    if payload.len() > PAYLOAD_BYTES_MAX {
        let message = format!(
            "the keyring has {} bytes and {PAYLOAD_BYTES_MAX} is the most that nodes take; list fewer genuine payloads and issue the others again",
            payload.len()
        );
        return Err(Refusal::new("keyring_too_large", message));
    }
    let ceremony = Ceremony {
        path: path.to_owned(),
        draft: Draft {
            envelope: Envelope::new(KIND, payload, Vec::new()),
            is_signed: false,
        },
        ring: ring.clone(),
        previous: previous.cloned(),
    };
    files::create(path, &ceremony.draft.to_bytes(), files::Access::Everybody)?;
    Ok(ceremony.answer())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
