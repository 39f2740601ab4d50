//! Every SQL statement on licences, their serials and what waits for a signature.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Licence, LicenceSerial, LicenceState};
use crate::{
    ids::{ContractId, CustomerId, LicenceId, PlanId, SigningRequestId},
    sales::Kind,
};

const LICENCE: &str = "l.id, l.customer_id, c.name AS customer_name, l.contract_id,
    k.reference AS contract_reference, l.plan_id, p.name AS plan_name, l.kind, l.edition, l.current_serial,
    l.term_end, l.max_installs, l.revoked_at, l.created_at,
    (SELECT COUNT(*) FROM installs i WHERE i.licence_id = l.id AND i.released_at IS NULL) AS active_installs,
    (SELECT s.id FROM signing_requests s WHERE s.licence_id = l.id AND s.state = 'waiting') AS waiting_request
    FROM licences l JOIN customers c ON c.id = l.customer_id JOIN contracts k ON k.id = l.contract_id
    JOIN plans p ON p.id = l.plan_id";

/// What may be asked of the list of licences.
#[derive(Clone, Debug, Default)]
pub struct LicenceFilter {
    /// Only those of this customer.
    pub customer: Option<CustomerId>,
    /// Part of the id, or of the customer's name.
    pub query: String,
}

/// A licence to write down.
pub struct NewLicence {
    pub id: LicenceId,
    pub customer: CustomerId,
    pub contract: ContractId,
    pub plan: PlanId,
    pub kind: &'static str,
    pub edition: String,
    pub max_installs: u32,
    pub created_at: Timestamp,
}

/// What waits for a signature.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SigningRequest {
    pub id: SigningRequestId,
    pub licence_id: LicenceId,
    pub serial: u32,
    /// The DSSE payload type.
    pub payload_type: String,
    /// The bytes to sign, as text: they are JSON.
    pub payload: String,
    /// `waiting`, `signed` or `withdrawn`.
    pub state: String,
    pub requested_by: String,
    pub created_at: Timestamp,
}

/// A signed file to write down.
pub struct SignedLicence<'a> {
    pub licence: LicenceId,
    pub serial: u32,
    pub payload: &'a [u8],
    pub envelope: &'a [u8],
    pub hashes: (&'a str, &'a str),
    pub term_end: Option<Timestamp>,
    pub issued_at: Timestamp,
}

fn licence(row: &Row<'_>, now: Timestamp) -> Result<Licence> {
    let (serial, term_end) = (row.get("current_serial")?, row.get("term_end")?);
    let revoked_at = row.get("revoked_at")?;
    Ok(Licence {
        id: row.get("id")?,
        customer_id: row.get("customer_id")?,
        customer_name: row.get("customer_name")?,
        contract_id: row.get("contract_id")?,
        contract_reference: row.get("contract_reference")?,
        plan_id: row.get("plan_id")?,
        plan_name: row.get("plan_name")?,
        kind: Kind::parse(&row.get::<String>("kind")?)?,
        edition: row.get("edition")?,
        serial,
        term_end,
        max_installs: row.get("max_installs")?,
        active_installs: row.get("active_installs")?,
        state: LicenceState::of((serial, term_end), revoked_at, now),
        waiting_request: row.get("waiting_request")?,
        revoked_at,
        created_at: row.get("created_at")?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, new: &NewLicence) -> Result<()> {
    tx.execute(
        "INSERT INTO licences (id, customer_id, contract_id, plan_id, kind, edition, max_installs, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.id,
            new.customer,
            new.contract,
            new.plan,
            new.kind,
            new.edition,
            new.max_installs,
            new.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn find(reader: &Reader<'_>, id: LicenceId, now: Timestamp) -> Result<Option<Licence>> {
    let sql = format!("SELECT {LICENCE} WHERE l.id = ?");
    reader.query_opt(&sql, params![id], |row| licence(row, now))
}

/// What a validation needs to know of a licence.
pub struct StandingRow {
    pub serial: u32,
    pub term_end: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// How a licence stands, in one look at its row.
///
/// # Errors
/// Those of the database.
pub fn find_standing(reader: &Reader<'_>, id: LicenceId) -> Result<Option<StandingRow>> {
    reader.query_opt(
        "SELECT current_serial, term_end, revoked_at FROM licences WHERE id = ?",
        params![id],
        |row| {
            Ok(StandingRow {
                serial: row.get("current_serial")?,
                term_end: row.get("term_end")?,
                revoked_at: row.get("revoked_at")?,
            })
        },
    )
}

/// Newest first, before the id `before`.
pub(super) fn list(
    reader: &Reader<'_>,
    filter: &LicenceFilter,
    (before, limit): (Option<&str>, u32),
    now: Timestamp,
) -> Result<Vec<Licence>> {
    let sql = format!(
        "SELECT {LICENCE} WHERE l.id < ? AND (? IS NULL OR l.customer_id = ?)
         AND (? = '' OR instr(l.id || ' ' || lower(c.name), lower(?)) > 0) ORDER BY l.id DESC LIMIT ?"
    );
    reader.query_all(
        &sql,
        params![
            before.unwrap_or("~"),
            filter.customer,
            filter.customer,
            filter.query,
            filter.query,
            limit
        ],
        |row| licence(row, now),
    )
}

/// Another contract for the next serial, with the installs it allows.
pub(super) fn set_contract(
    tx: &Tx<'_>,
    id: LicenceId,
    contract: ContractId,
    max_installs: u32,
) -> Result<()> {
    tx.execute(
        "UPDATE licences SET contract_id = ?, max_installs = ? WHERE id = ?",
        params![contract, max_installs, id],
    )?;
    Ok(())
}

pub(super) fn set_revoked(tx: &Tx<'_>, id: LicenceId, at: Option<Timestamp>) -> Result<()> {
    tx.execute(
        "UPDATE licences SET revoked_at = ? WHERE id = ?",
        params![at, id],
    )?;
    Ok(())
}

/// Writes a signed file down and makes it the licence's newest.
pub(super) fn insert_signed(tx: &Tx<'_>, signed: &SignedLicence<'_>) -> Result<()> {
    tx.execute(
        "INSERT INTO licence_serials (licence_id, serial, payload, envelope, payload_sha256, envelope_sha256, issued_at, term_end)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            signed.licence,
            signed.serial,
            signed.payload,
            signed.envelope,
            signed.hashes.0,
            signed.hashes.1,
            signed.issued_at,
            signed.term_end
        ],
    )?;
    tx.execute(
        "UPDATE licences SET current_serial = ?, term_end = ? WHERE id = ? AND current_serial < ?",
        params![
            signed.serial,
            signed.term_end,
            signed.licence,
            signed.serial
        ],
    )?;
    Ok(())
}

pub(super) fn list_serials(reader: &Reader<'_>, id: LicenceId) -> Result<Vec<LicenceSerial>> {
    reader.query_all(
        "SELECT serial, payload_sha256, issued_at, term_end FROM licence_serials
         WHERE licence_id = ? ORDER BY serial DESC LIMIT 200",
        params![id],
        |row| {
            Ok(LicenceSerial {
                serial: row.get("serial")?,
                payload_sha256: row.get("payload_sha256")?,
                issued_at: row.get("issued_at")?,
                term_end: row.get("term_end")?,
            })
        },
    )
}

/// The signed bytes of a serial; of the newest when none is named.
pub(super) fn find_envelope(
    reader: &Reader<'_>,
    id: LicenceId,
    serial: Option<u32>,
) -> Result<Option<(u32, Vec<u8>)>> {
    reader.query_opt(
        "SELECT serial, envelope FROM licence_serials WHERE licence_id = ? AND (? IS NULL OR serial = ?)
         ORDER BY serial DESC LIMIT 1",
        params![id, serial, serial],
        |row| Ok((row.get("serial")?, row.get("envelope")?)),
    )
}

/// The payload of a licence's newest serial and its hash.
///
/// # Errors
/// Those of the database.
pub fn find_payload(reader: &Reader<'_>, id: LicenceId) -> Result<Option<(u32, Vec<u8>, String)>> {
    reader.query_opt(
        "SELECT serial, payload, payload_sha256 FROM licence_serials WHERE licence_id = ?
         ORDER BY serial DESC LIMIT 1",
        params![id],
        |row| {
            Ok((
                row.get("serial")?,
                row.get("payload")?,
                row.get("payload_sha256")?,
            ))
        },
    )
}

fn signing_request(row: &Row<'_>) -> Result<SigningRequest> {
    Ok(SigningRequest {
        id: row.get("id")?,
        licence_id: row.get("licence_id")?,
        serial: row.get("serial")?,
        payload_type: row.get("payload_type")?,
        payload: String::from_utf8_lossy(&row.get::<Vec<u8>>("payload")?).into_owned(),
        state: row.get("state")?,
        requested_by: row.get("requested_by")?,
        created_at: row.get("created_at")?,
    })
}

pub(super) fn insert_request(tx: &Tx<'_>, request: &SigningRequest) -> Result<()> {
    tx.execute(
        "INSERT INTO signing_requests (id, licence_id, serial, payload_type, payload, state, requested_by, created_at)
         VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?)",
        params![
            request.id,
            request.licence_id,
            request.serial,
            request.payload_type,
            request.payload.as_bytes(),
            request.requested_by,
            request.created_at
        ],
    )?;
    Ok(())
}

/// One request.
///
/// # Errors
/// Those of the database.
pub fn find_request(reader: &Reader<'_>, id: SigningRequestId) -> Result<Option<SigningRequest>> {
    reader.query_opt(
        "SELECT id, licence_id, serial, payload_type, payload, state, requested_by, created_at
         FROM signing_requests WHERE id = ?",
        params![id],
        signing_request,
    )
}

/// What waits, oldest first.
///
/// # Errors
/// Those of the database.
pub fn list_waiting(
    reader: &Reader<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<SigningRequest>> {
    reader.query_all(
        "SELECT id, licence_id, serial, payload_type, payload, state, requested_by, created_at
         FROM signing_requests WHERE state = 'waiting' AND id > ? ORDER BY id LIMIT ?",
        params![after.unwrap_or(""), limit],
        signing_request,
    )
}

/// `false` when the request does not wait any more.
pub(super) fn settle_request(
    tx: &Tx<'_>,
    id: SigningRequestId,
    state: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE signing_requests SET state = ?, settled_at = ? WHERE id = ? AND state = 'waiting'",
        params![state, now, id],
    )?;
    Ok(changed > 0)
}

/// The highest serial that was ever asked for.
pub(super) fn highest_serial(reader: &Reader<'_>, id: LicenceId) -> Result<u32> {
    reader.query_one(
        "SELECT COALESCE(MAX(serial), 0) AS serial FROM signing_requests WHERE licence_id = ?",
        params![id],
        |row| row.get("serial"),
    )
}
