//! The vendor's record of everything that was issued and taken in: one line of JSON each, only ever appended, each naming the one before
//! by its hash, so that a line that is changed or missing is noticed. Counters, serials and nonces are never used twice because of it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use guildhall_kernel::Timestamp;
use guildhall_license::{
    Crl, Envelope, Lease, License, Refusal, Revocation, UsageReport, fingerprint,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Result, files};

/// A ledger of this size holds some hundred thousand entries; begin another one long before.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// One line.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    seq: u64,
    /// SHA-256 of the line before; empty in the first.
    prev: String,
    pub(crate) at: Timestamp,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// What happened. Envelopes stand in it whole, so that the ledger alone answers every later question.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// A licence or a revocation list was signed.
    Signed { artefact: Signed },
    /// A lease answered a request.
    Leased { artefact: Signed, request: Request },
    /// Something is to stand in the next revocation list.
    Revoked { revocation: Revocation },
    /// A usage report was taken in.
    Reported {
        artefact: Signed,
        /// Whether it contradicts an earlier one.
        fork: bool,
    },
}

impl Event {
    /// As it stands in the ledger.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Signed { .. } => "signed",
            Self::Leased { .. } => "leased",
            Self::Revoked { .. } => "revoked",
            Self::Reported { .. } => "reported",
        }
    }
}

/// An artefact and who signed it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Signed {
    pub(crate) kind: String,
    pub(crate) payload_sha256: String,
    pub(crate) signers: Vec<String>,
    /// The envelope's JSON.
    pub(crate) envelope: String,
}

/// What is remembered of an activation request.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) install_id: String,
    pub(crate) install_key_fp: String,
    pub(crate) install_public_key: String,
    pub(crate) nonce: String,
    pub(crate) counter: u64,
}

/// A usage report that was taken in.
pub(crate) struct Reported {
    pub(crate) report: UsageReport,
    pub(crate) sha256: String,
    /// Whether it contradicts an earlier one.
    pub(crate) fork: bool,
}

impl Signed {
    pub(crate) fn new(envelope: &Envelope) -> Self {
        let signatures = envelope.signatures().iter();
        Self {
            kind: envelope.kind().unwrap_or_default().to_owned(),
            payload_sha256: fingerprint(envelope.payload()),
            signers: signatures
                .map(|signature| signature.key_id.clone())
                .collect(),
            envelope: String::from_utf8_lossy(&envelope.to_bytes()).into_owned(),
        }
    }

    /// What it says. It was checked when it was written down, and the chain shows that nobody changed it since.
    pub(crate) fn value<T: DeserializeOwned>(&self) -> Result<T> {
        let envelope = Envelope::read(self.envelope.as_bytes())?;
        serde_json::from_slice(envelope.payload()).map_err(|error| {
            let message = format!("an entry of the ledger cannot be read: {error}");
            Refusal::new("ledger_damaged", message)
        })
    }
}

/// The ledger, held by this process alone while it is open for writing.
pub(crate) struct Ledger {
    path: PathBuf,
    /// None for one that is only read.
    file: Option<File>,
    pub(crate) entries: Vec<Entry>,
    last_hash: String,
}

impl Ledger {
    /// Opens the ledger to go on with, and makes it where there is none.
    ///
    /// # Errors
    /// `ledger_busy`, `ledger_damaged`, `file_unwritable`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| files::unwritable(path, &error))?;
        if file.try_lock().is_err() {
            let message = format!(
                "the ledger {} is in use by another command; wait until it is done",
                path.display()
            );
            return Err(Refusal::new("ledger_busy", message));
        }
        Self::load(path, file, true)
    }

    /// Reads a ledger that is there.
    ///
    /// # Errors
    /// `file_unreadable`, `ledger_damaged`.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| {
            let message = format!("the ledger {} cannot be read: {error}", path.display());
            Refusal::new("file_unreadable", message)
        })?;
        Self::load(path, file, false)
    }

    fn load(path: &Path, file: File, writable: bool) -> Result<Self> {
        let damaged = |why: &str| {
            let message = format!(
                "the ledger {} is damaged: {why}; restore it from a backup and do not issue anything before",
                path.display()
            );
            Refusal::new("ledger_damaged", message)
        };
        let mut text = String::new();
        (&file)
            .take(BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| damaged(&error.to_string()))?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(damaged("its last line is not complete"));
        }
        let (mut entries, mut last_hash) = (Vec::new(), String::new());
        for (number, line) in text.lines().enumerate() {
            let entry: Entry = serde_json::from_str(line)
                .map_err(|error| damaged(&format!("line {} is no entry ({error})", number + 1)))?;
            if entry.prev != last_hash || entry.seq != number as u64 + 1 {
                return Err(damaged(&format!(
                    "line {} does not follow the one before",
                    number + 1
                )));
            }
            last_hash = fingerprint(line.as_bytes());
            entries.push(entry);
        }
        Ok(Self {
            path: path.to_owned(),
            file: writable.then_some(file),
            entries,
            last_hash,
        })
    }

    /// Writes an event down, to the disk, before what it is about leaves the house: a crash between the two wastes a number and never
    /// gives it twice.
    ///
    /// # Errors
    /// `file_unwritable`.
    pub(crate) fn append(&mut self, at: Timestamp, event: Event) -> Result<()> {
        let entry = Entry {
            seq: self.entries.len() as u64 + 1,
            prev: self.last_hash.clone(),
            at,
            event,
        };
        let refuse = |error: std::io::Error| files::unwritable(&self.path, &error);
        let line = serde_json::to_string(&entry).map_err(|error| refuse(error.into()))?;
        let mut file = self
            .file
            .as_ref()
            .ok_or_else(|| refuse(std::io::ErrorKind::ReadOnlyFilesystem.into()))?;
        file.write_all(format!("{line}\n").as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(refuse)?;
        self.last_hash = fingerprint(line.as_bytes());
        self.entries.push(entry);
        Ok(())
    }

    /// Everything that was signed, oldest first.
    pub(crate) fn signed(&self) -> impl DoubleEndedIterator<Item = (&Entry, &Signed)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Signed { artefact } | Event::Leased { artefact, .. } => Some((entry, artefact)),
            Event::Revoked { .. } | Event::Reported { .. } => None,
        })
    }

    /// Hashes of the payloads that a key signed up to a moment.
    pub(crate) fn signed_by<'a>(
        &'a self,
        key_id: &'a str,
        until: Timestamp,
    ) -> impl Iterator<Item = String> + 'a {
        self.signed()
            .filter(move |(entry, artefact)| {
                entry.at <= until && artefact.signers.iter().any(|signer| signer == key_id)
            })
            .map(|(_, artefact)| artefact.payload_sha256.clone())
    }

    /// The licence of that id with the highest serial.
    ///
    /// # Errors
    /// `ledger_damaged`.
    pub(crate) fn newest_license(&self, license_id: &str) -> Result<Option<(License, &Signed)>> {
        let mut newest: Option<(License, &Signed)> = None;
        for (_, artefact) in self
            .signed()
            .filter(|(_, artefact)| artefact.kind == "license")
        {
            let license: License = artefact.value()?;
            let is_newer = newest
                .as_ref()
                .is_none_or(|(known, _)| known.serial < license.serial);
            if license.license_id == license_id && is_newer {
                newest = Some((license, artefact));
            }
        }
        Ok(newest)
    }

    /// The newest revocation list, and the hash of its payload.
    ///
    /// # Errors
    /// `ledger_damaged`.
    pub(crate) fn newest_crl(&self) -> Result<Option<(Crl, &Signed)>> {
        let newest = self.signed().rfind(|(_, artefact)| artefact.kind == "crl");
        newest
            .map(|(_, artefact)| Ok((artefact.value()?, artefact)))
            .transpose()
    }

    /// Everything that was ever revoked.
    pub(crate) fn revocations(&self) -> impl Iterator<Item = &Revocation> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Revoked { revocation } => Some(revocation),
            _ => None,
        })
    }

    /// Every lease with the request that it answered.
    ///
    /// # Errors
    /// `ledger_damaged`.
    pub(crate) fn leases(&self) -> Result<Vec<(Lease, &Request)>> {
        let leases = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Leased { artefact, request } => {
                Some(artefact.value().map(|lease| (lease, request)))
            }
            _ => None,
        });
        leases.collect()
    }

    /// Usage reports of every node, in the order in which they came.
    ///
    /// # Errors
    /// `ledger_damaged`.
    pub(crate) fn reports(&self) -> Result<BTreeMap<String, Vec<Reported>>> {
        let mut reports: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for entry in &self.entries {
            if let Event::Reported { artefact, fork } = &entry.event {
                let report: UsageReport = artefact.value()?;
                let of_node = reports.entry(report.install_id.clone()).or_default();
                of_node.push(Reported {
                    report,
                    sha256: artefact.payload_sha256.clone(),
                    fork: *fork,
                });
            }
        }
        Ok(reports)
    }
}
