//! The audit log: who did what to which thing, written in the same transaction as the change.
//!
//! Invariants: an entry's leaf bytes are written once and never change (the database refuses
//! updates and deletes); sequence numbers have no gaps, since each is taken in the transaction that
//! commits it. Deliberately absent: prompts, answers, passwords and keys never stand in an entry.

mod store;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{
    AuditId, Clock, Ctx, OrgId, PersonId, Principal, RequestId, Result, Timestamp,
};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use store::{Entry, count, entries_of};

/// SHA-256 of the newest entry's bytes, in hexadecimal: where the log stands.
///
/// # Errors
/// Those of the database.
pub fn head(reader: &Reader<'_>) -> Result<Option<String>> {
    let leaf = store::newest_leaf(reader)?;
    Ok(leaf.map(|leaf| data_encoding::HEXLOWER.encode(&Sha256::digest(&leaf))))
}

/// The bytes that are signed and proved later: one JSON object, keys in this order.
#[derive(Serialize)]
struct Leaf<'a, D = Value> {
    sequence: i64,
    id: AuditId,
    at: Timestamp,
    organisation: Option<OrgId>,
    person: Option<String>,
    principal: &'a str,
    principal_id: Option<String>,
    request_id: &'a str,
    action: &'a str,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<D>,
}

/// Records one action of `ctx` on `subject`, in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub fn record(tx: &Tx<'_>, ctx: &Ctx, action: &str, subject: impl ToString) -> Result<()> {
    record_of(tx, ctx, action, subject.to_string(), None::<Value>)
}

/// Like [`record`], with an object of facts that help an auditor (never content or secrets).
///
/// # Errors
/// Those of the database.
pub fn record_with(
    tx: &Tx<'_>,
    ctx: &Ctx,
    action: &str,
    subject: impl ToString,
    details: impl Serialize,
) -> Result<()> {
    record_of(tx, ctx, action, subject.to_string(), Some(details))
}

fn record_of(
    tx: &Tx<'_>,
    ctx: &Ctx,
    action: &str,
    subject: String,
    details: Option<impl Serialize>,
) -> Result<()> {
    let (principal, principal_id) = match &ctx.principal {
        Principal::Session(id) => ("session", Some(id.to_string())),
        Principal::ApiKey(id) => ("api_key", Some(id.to_string())),
        Principal::Token(id) => ("token", Some(id.to_string())),
        Principal::Operator => ("operator", None),
    };
    let actor = Actor {
        organisation: Some(ctx.organisation),
        person: (ctx.principal != Principal::Operator).then_some(ctx.person),
        principal,
        principal_id,
        request_id: &ctx.request_id,
    };
    write(tx, ctx.clock.as_ref(), actor, (action, subject), details)
}

/// Who acts, as an entry names them.
struct Actor<'a> {
    organisation: Option<OrgId>,
    person: Option<PersonId>,
    principal: &'a str,
    principal_id: Option<String>,
    request_id: &'a RequestId,
}

fn write(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    actor: Actor<'_>,
    (action, subject): (&str, String),
    details: Option<impl Serialize>,
) -> Result<()> {
    let leaf = Leaf {
        sequence: store::next_sequence(tx)?,
        id: AuditId::new(clock),
        at: clock.now(),
        organisation: actor.organisation,
        person: actor.person.map(|person| person.to_string()),
        principal: actor.principal,
        principal_id: actor.principal_id,
        request_id: actor.request_id.as_str(),
        action,
        subject,
        details,
    };
    store::insert(tx, &leaf)
}

/// Details that may be null, for which an entry has no field.
fn write_given(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    actor: Actor<'_>,
    (action, subject): (&str, &str),
    details: Value,
) -> Result<()> {
    let details = Some(details).filter(|details| !details.is_null());
    write(tx, clock, actor, (action, subject.to_owned()), details)
}

/// An application that acts for somebody who does not send the request themselves.
#[derive(Clone, Copy, Debug)]
pub struct Application<'a> {
    /// The application's id.
    pub id: &'a str,
    /// The organisation it belongs to.
    pub organisation: OrgId,
    /// For whom it acts; nobody before it is known.
    pub person: Option<PersonId>,
}

/// Records what an application did with the node's tokens.
///
/// # Errors
/// Those of the database.
pub fn record_application(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    (application, request_id): (Application<'_>, &RequestId),
    what: (&str, &str),
    details: Value,
) -> Result<()> {
    let actor = Actor {
        organisation: Some(application.organisation),
        person: application.person,
        principal: "application",
        principal_id: Some(application.id.to_owned()),
        request_id,
    };
    write_given(tx, clock, actor, what, details)
}

/// Records something that happened before anybody was known, such as a failed login.
///
/// # Errors
/// Those of the database.
pub fn record_anonymous(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    request_id: &RequestId,
    what: (&str, &str),
    details: Value,
) -> Result<()> {
    record_of_node(tx, clock, ("anonymous", request_id), what, details)
}

/// Records what the operator did to the node itself at the machine.
///
/// # Errors
/// Those of the database.
pub fn record_operator(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    request_id: &RequestId,
    what: (&str, &str),
    details: Value,
) -> Result<()> {
    record_of_node(tx, clock, ("operator", request_id), what, details)
}

/// Records what the node did by itself.
///
/// # Errors
/// Those of the database.
pub fn record_node(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    request_id: &RequestId,
    what: (&str, &str),
    details: Value,
) -> Result<()> {
    record_of_node(tx, clock, ("node", request_id), what, details)
}

fn record_of_node(
    tx: &Tx<'_>,
    clock: &dyn Clock,
    (principal, request_id): (&str, &RequestId),
    what: (&str, &str),
    details: Value,
) -> Result<()> {
    let actor = Actor {
        organisation: None,
        person: None,
        principal,
        principal_id: None,
        request_id,
    };
    write_given(tx, clock, actor, what, details)
}
