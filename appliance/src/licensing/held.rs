//! What was verified and is in use: the keyring, licences with their leases, the revocation list. Nothing is verified again
//! until the keyring changes.

use std::sync::atomic::{AtomicU64, Ordering};

use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_license::{
    Artefact, Crl, Envelope, Keyring, Lease, License, Refusal, Verified, fingerprint,
    state::Holding, verify,
};

use super::memory::Memory;

/// What licences for this program name.
const PRODUCT: &str = "guildhall";
/// Licences on one node.
const LICENSES_MAX: usize = 64;
/// Serials of one licence that are held at the same time.
const SERIALS_MAX: usize = 4;

/// How many signatures were checked since the start, for the metric and for tests.
#[derive(Default)]
pub(super) struct Verifications(AtomicU64);

impl Verifications {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("guildhall_license_verifications_total").increment(1);
    }
}

/// Something that was verified.
pub(super) enum Signed {
    License(Verified<License>),
    Lease(Verified<Lease>),
    Crl(Verified<Crl>),
    Keyring(Box<Keyring>),
}

impl Signed {
    /// As stored.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::License(_) => License::KIND,
            Self::Lease(_) => Lease::KIND,
            Self::Crl(_) => Crl::KIND,
            Self::Keyring(_) => "keyring",
        }
    }

    /// The licence it is or belongs to; empty for what stands for itself.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::License(license) => &license.value.license_id,
            Self::Lease(lease) => &lease.value.license_id,
            Self::Crl(_) | Self::Keyring(_) => "",
        }
    }

    /// Serial, counter or version.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::License(license) => license.value.serial,
            Self::Lease(lease) => lease.value.counter,
            Self::Crl(crl) => crl.value.version,
            Self::Keyring(ring) => ring.version,
        }
    }

    /// The time it proves.
    fn issued_at(&self) -> Option<Timestamp> {
        match self {
            Self::License(license) => Some(license.value.issued_at()),
            Self::Lease(lease) => Some(lease.value.issued_at()),
            Self::Crl(crl) => Some(crl.value.issued_at()),
            Self::Keyring(_) => None,
        }
    }
}

/// What importing it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is taken.
    New,
    /// The node has this very one.
    Known,
}

struct KeptLicense {
    license: Verified<License>,
    imported_at: Timestamp,
    bytes: Vec<u8>,
}

struct KeptLease {
    lease: Verified<Lease>,
    bytes: Vec<u8>,
}

/// Everything in use.
pub(super) struct Held {
    pub(super) keyring: Keyring,
    licenses: Vec<KeptLicense>,
    leases: Vec<KeptLease>,
    crl: Option<(Verified<Crl>, Vec<u8>)>,
    /// SHA-256 of the bytes of keyrings of the chain.
    rings: Vec<String>,
}

impl Held {
    pub(super) fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            licenses: Vec::new(),
            leases: Vec::new(),
            crl: None,
            rings: Vec::new(),
        }
    }

    /// Verifies an artefact of any kind that is imported.
    ///
    /// # Errors
    /// The refusals of the licence crate; `artefact_wrong_type` for what is not imported here.
    pub(super) fn read(&self, bytes: &[u8], verifications: &Verifications) -> Result<Signed> {
        let envelope = Envelope::read(bytes).map_err(refused)?;
        verifications.note();
        let signed = match envelope.kind() {
            Some(License::KIND) => Signed::License(verify(bytes, &self.keyring).map_err(refused)?),
            Some(Lease::KIND) => Signed::Lease(verify(bytes, &self.keyring).map_err(refused)?),
            Some(Crl::KIND) => Signed::Crl(verify(bytes, &self.keyring).map_err(refused)?),
            Some("keyring") => Signed::Keyring(Box::new(self.next_keyring(&envelope.to_bytes())?)),
            other => {
                let message = format!(
                    "this file is a {}, which is not imported; choose a licence, a lease, a revocation list or a keyring",
                    other.unwrap_or("signed file of another program")
                );
                return Err(Error::invalid("artefact_wrong_type", message));
            }
        };
        Ok(signed)
    }

    /// The node goes on from its keyring only; one that it has already is not an error.
    fn next_keyring(&self, bytes: &[u8]) -> Result<Keyring> {
        if self.rings.contains(&fingerprint(bytes)) {
            return Ok(self.keyring.clone());
        }
        self.keyring.followed_by(bytes).map_err(refused)
    }

    /// Whether something verified is newer than what is in use.
    ///
    /// # Errors
    /// `license_other_product`, `license_older`, `license_differs`, `license_too_many`; `lease_other_node`, `lease_without_license`,
    /// `lease_other_serial`, `lease_older`; `crl_older`.
    pub(super) fn judge(&self, signed: &Signed, install_key_fp: &str) -> Result<Judgement> {
        match signed {
            Signed::License(license) => self.judge_license(license),
            Signed::Lease(lease) => self.judge_lease(lease, install_key_fp),
            Signed::Crl(crl) => self.judge_crl(crl),
            Signed::Keyring(ring) if ring.version == self.keyring.version => Ok(Judgement::Known),
            Signed::Keyring(_) => Ok(Judgement::New),
        }
    }

    fn judge_license(&self, license: &Verified<License>) -> Result<Judgement> {
        let id = &license.value.license_id;
        if license.value.product != PRODUCT {
            let message = format!(
                "licence {id} is for the product {}; this is {PRODUCT}: choose the other file, or ask the vendor for it",
                license.value.product
            );
            return Err(Error::invalid("license_other_product", message));
        }
        if self
            .licenses
            .iter()
            .any(|kept| kept.license.sha256 == license.sha256)
        {
            return Ok(Judgement::Known);
        }
        let of_id = self
            .licenses
            .iter()
            .filter(|kept| kept.license.value.license_id == *id);
        let newest = of_id.map(|kept| kept.license.value.serial).max();
        let serial = license.value.serial;
        if newest == Some(serial) {
            let message = format!(
                "this node has another file with serial {serial} of licence {id}; ask the vendor which one counts"
            );
            return Err(Error::conflict("license_differs", message));
        }
        if let Some(newest) = newest.filter(|newest| *newest > serial) {
            let message = format!(
                "this is serial {serial} of licence {id} and this node has serial {newest}, which stays; import the newest file of the vendor"
            );
            return Err(Error::conflict("license_older", message));
        }
        let replacing = self
            .licenses
            .iter()
            .find(|kept| kept.license.value.supersedes.contains(id));
        if let Some(replacing) = replacing {
            let message = format!(
                "licence {id} was replaced by {}, which this node has and keeps",
                replacing.license.value.license_id
            );
            return Err(Error::conflict("license_older", message));
        }
        if self.licenses.len() >= LICENSES_MAX {
            let message = format!(
                "this node holds {LICENSES_MAX} licences, the most there can be; ask the vendor for one that replaces some"
            );
            return Err(Error::conflict("license_too_many", message));
        }
        Ok(Judgement::New)
    }

    fn judge_lease(&self, lease: &Verified<Lease>, install_key_fp: &str) -> Result<Judgement> {
        if self
            .leases
            .iter()
            .any(|kept| kept.lease.sha256 == lease.sha256)
        {
            return Ok(Judgement::Known);
        }
        let lease = &lease.value;
        if lease.install_key_fp != install_key_fp {
            let message = "this lease is for another node; make an activation request on this one and send it to the vendor";
            return Err(Error::conflict("lease_other_node", message));
        }
        let newest = self.newest_license(&lease.license_id).ok_or_else(|| {
            let message = format!("this lease is for licence {}, which this node does not have; import the licence first", lease.license_id);
            Error::conflict("lease_without_license", message)
        })?;
        let known = self
            .leases
            .iter()
            .filter(|kept| kept.lease.value.license_id == lease.license_id);
        let newest_counter = known.map(|kept| kept.lease.value.counter).max();
        if newest_counter.is_some_and(|newest| newest >= lease.counter) {
            let message =
                "this node has a newer lease, which stays; import the newest file of the vendor";
            return Err(Error::conflict("lease_older", message));
        }
        if newest.sha256 != lease.license_sha256 {
            let message = format!(
                "this lease is for serial {} of licence {} and this node has serial {}; make a new activation request",
                lease.license_serial, lease.license_id, newest.value.serial
            );
            return Err(Error::conflict("lease_other_serial", message));
        }
        Ok(Judgement::New)
    }

    fn judge_crl(&self, crl: &Verified<Crl>) -> Result<Judgement> {
        match &self.crl {
            Some((known, _)) if known.sha256 == crl.sha256 => Ok(Judgement::Known),
            Some((known, _)) if known.value.version >= crl.value.version => {
                let message = format!(
                    "this revocation list has version {} and this node has {}, which stays; import the newest file of the vendor",
                    crl.value.version, known.value.version
                );
                Err(Error::conflict("crl_older", message))
            }
            _ => Ok(Judgement::New),
        }
    }

    /// Takes what was judged new. After a new keyring everything is verified again: what no longer holds is given back.
    pub(super) fn take(
        &mut self,
        signed: Signed,
        (bytes, imported_at): (&[u8], Timestamp),
        verifications: &Verifications,
    ) -> Vec<Refusal> {
        let bytes = bytes.to_vec();
        match signed {
            Signed::License(license) => {
                self.drop_old_serials(&license.value.license_id);
                self.licenses.push(KeptLicense {
                    license,
                    imported_at,
                    bytes,
                });
            }
            Signed::Lease(lease) => {
                self.leases
                    .retain(|kept| kept.lease.value.license_id != lease.value.license_id);
                self.leases.push(KeptLease { lease, bytes });
            }
            Signed::Crl(crl) => self.crl = Some((crl, bytes)),
            Signed::Keyring(ring) => {
                self.rings.push(fingerprint(&bytes));
                self.keyring = *ring;
                return self.verify_anew(verifications);
            }
        }
        Vec::new()
    }

    /// Of each licence the newest serials stay: one that begins later waits beside the one that counts.
    fn drop_old_serials(&mut self, id: &str) {
        let of_id = |kept: &KeptLicense| kept.license.value.license_id == id;
        while self.licenses.iter().filter(|kept| of_id(kept)).count() >= SERIALS_MAX {
            let serials = self
                .licenses
                .iter()
                .filter(|kept| of_id(kept))
                .map(|kept| kept.license.value.serial);
            let oldest = serials.min();
            self.licenses
                .retain(|kept| !of_id(kept) || Some(kept.license.value.serial) != oldest);
        }
    }

    fn verify_anew(&mut self, verifications: &Verifications) -> Vec<Refusal> {
        let mut dropped = Vec::new();
        let keyring = &self.keyring;
        self.licenses
            .retain(|kept| holds::<License>(&kept.bytes, keyring, verifications, &mut dropped));
        self.leases
            .retain(|kept| holds::<Lease>(&kept.bytes, keyring, verifications, &mut dropped));
        let is_held = self
            .crl
            .as_ref()
            .is_none_or(|(_, bytes)| holds::<Crl>(bytes, keyring, verifications, &mut dropped));
        if !is_held {
            self.crl = None;
        }
        dropped
    }

    /// The time that something proves, unless it proves none.
    pub(super) fn proves(signed: &Signed) -> Option<Timestamp> {
        signed.issued_at()
    }

    pub(super) fn crl(&self) -> Option<&Crl> {
        self.crl.as_ref().map(|(crl, _)| &crl.value)
    }

    /// The newest serial of a licence.
    pub(super) fn newest_license(&self, id: &str) -> Option<&Verified<License>> {
        let of_id = self
            .licenses
            .iter()
            .filter(|kept| kept.license.value.license_id == id);
        of_id
            .max_by_key(|kept| kept.license.value.serial)
            .map(|kept| &kept.license)
    }

    /// Ids of the leases in use.
    pub(super) fn lease_ids(&self) -> impl Iterator<Item = &str> {
        self.leases
            .iter()
            .map(|kept| kept.lease.value.lease_id.as_str())
    }

    /// The licences with their leases, as the ladder wants them.
    pub(super) fn holdings(&self, memory: &Memory) -> Vec<Holding> {
        let holdings = self.licenses.iter().map(|kept| {
            let lease = self
                .leases
                .iter()
                .find(|lease| lease.lease.value.license_id == kept.license.value.license_id)
                .map(|lease| lease.lease.clone());
            let spent_ms = lease
                .as_ref()
                .and_then(|lease| memory.lease_running_ms.get(&lease.value.lease_id))
                .copied()
                .unwrap_or(0);
            Holding {
                license: kept.license.clone(),
                imported_at: kept.imported_at,
                lease,
                lease_running_hours: u64::try_from(spent_ms / 3_600_000).unwrap_or(0),
            }
        });
        holdings.collect()
    }
}

fn holds<T: Artefact>(
    bytes: &[u8],
    keyring: &Keyring,
    verifications: &Verifications,
    dropped: &mut Vec<Refusal>,
) -> bool {
    verifications.note();
    match verify::<T>(bytes, keyring) {
        Ok(_) => true,
        Err(refusal) => {
            dropped.push(refusal);
            false
        }
    }
}

pub(super) fn refused(refusal: Refusal) -> Error {
    Error::invalid(refusal.code, refusal.message)
}
