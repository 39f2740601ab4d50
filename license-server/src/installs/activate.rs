//! Answering an activation request with a lease.

use guildhall_db::Tx;
use guildhall_kernel::{Error, Result, Timestamp};
use guildhall_license::License;
use serde_json::{Value, json};

use super::{
    model::{Install, Lease},
    store,
};
use crate::{
    app::App,
    artefact::{self, ActivationRequest, LeaseFacts},
    audit, crl,
    ctx::Ctx,
    events::{self, About},
    high_water::Counter,
    ids::{InstallId, LeaseId},
    issuance_log,
    licences::{self, Licence},
};

const DAY_SECONDS: i64 = 86_400;
/// A lease is only as long as the list of revocations it names is of use, when the licence asks for none.
const LEASE_DAYS_DEFAULT: u32 = 30;

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Take a place for a new install, or go on with one that has its place.
    Activate,
    /// Only go on with an install that has its place.
    Renew,
}

/// What a request and its licence come to.
struct Case<'a> {
    request: &'a ActivationRequest,
    licence: Licence,
    payload: License,
    payload_sha256: String,
    serial: u32,
}

/// Checks the request's signature, gives the node its place and signs a lease. The answer is the lease
/// file: an envelope as JSON text.
///
/// # Errors
/// Those of reading the request; `nonce_replayed`, `licence_unknown`, `licence_revoked`,
/// `licence_expired`, `install_revoked`, `installs_exhausted`, `not_activated`, `bound_to_other_install`.
pub async fn answer(app: &App, ctx: &Ctx, bytes: &[u8], door: Door) -> Result<String> {
    let request = artefact::read_activation_request(bytes)?;
    app.node_limits.check_install(&request.key_fingerprint)?;
    let ctx = ctx.verified_as(&request.key_fingerprint);
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(&ctx, move |tx| {
        let case = case(tx, &caller, &request)?;
        if !store::use_nonce(tx, &request.nonce, caller.now())? {
            return Err(Error::conflict(
                "nonce_replayed",
                "this request was answered before; make a new one on the node",
            ));
        }
        let install = place(tx, (&server, &caller), &case, door)?;
        lease(tx, (&server, &caller), &case, &install)
    });
    let lease = written.await?;
    metrics::counter!("license_server_leases_issued_total").increment(1);
    Ok(lease)
}

fn case<'a>(tx: &Tx<'_>, ctx: &Ctx, request: &'a ActivationRequest) -> Result<Case<'a>> {
    let unknown = || {
        Error::new(
            guildhall_kernel::ErrorKind::NotFound,
            "licence_unknown",
            "this server knows no such licence; check that the request is for a licence of this vendor",
        )
    };
    let id = request.licence.ok_or_else(unknown)?;
    let licence = licences::require(tx, ctx, id).map_err(|_| unknown())?;
    licences::require_not_revoked(licence.revoked_at)?;
    let (serial, payload, payload_sha256) = licences::find_payload(tx, id)?.ok_or_else(unknown)?;
    let payload = artefact::read_licence_payload(&payload)?;
    if crl::names_install(tx, &request.key_fingerprint)? {
        return Err(Error::forbidden(
            "install_revoked",
            "this node's install key is revoked; ask your vendor",
        ));
    }
    if payload
        .binding
        .install_key_fp
        .as_ref()
        .is_some_and(|bound| *bound != request.key_fingerprint)
    {
        return Err(Error::forbidden(
            "bound_to_other_install",
            "this licence is bound to another node's install key; ask your vendor for one for this node",
        ));
    }
    Ok(Case {
        request,
        licence,
        payload,
        payload_sha256,
        serial,
    })
}

/// The node's place: the one it has, or a free one.
fn place(tx: &Tx<'_>, by: (&App, &Ctx), case: &Case<'_>, door: Door) -> Result<Install> {
    let known = store::find_by_key(tx, case.licence.id, &case.request.key_fingerprint)?;
    let has_place = known
        .as_ref()
        .is_some_and(|install| install.released_at.is_none());
    if !has_place {
        require_free_place(tx, case, door)?;
    }
    let went_back = known
        .as_ref()
        .is_some_and(|install| case.request.counter <= install.request_counter);
    let mut install = known.unwrap_or_else(|| new_install(by.1, case));
    let now = by.1.now();
    if !has_place {
        install.activated_at = now;
        install.released_at = None;
    }
    if went_back {
        install.clone_suspected_at = install.clone_suspected_at.or(Some(now));
    }
    install.node_id.clone_from(&case.request.node_id);
    install
        .product_version
        .clone_from(&case.request.product_version);
    install.last_seen_at = now;
    install.request_counter = install.request_counter.max(case.request.counter);
    store::put(tx, &install)?;
    if !has_place {
        tell_of_place(tx, by, case, &install)?;
    }
    if went_back {
        tell_of_copy(tx, by, case, &install)?;
    }
    Ok(install)
}

fn require_free_place(tx: &Tx<'_>, case: &Case<'_>, door: Door) -> Result<()> {
    if door == Door::Renew {
        return Err(Error::conflict(
            "not_activated",
            "this node has no place on the licence; activate it first",
        ));
    }
    let max = case.licence.max_installs;
    if store::count_active(tx, case.licence.id)? < max {
        return Ok(());
    }
    Err(Error::conflict(
        "installs_exhausted",
        format!(
            "the licence is active on all {max} of its installs; release one, or ask your vendor for more"
        ),
    ))
}

fn new_install(ctx: &Ctx, case: &Case<'_>) -> Install {
    let (request, now) = (case.request, ctx.now());
    Install {
        id: InstallId::new(ctx.clock.as_ref()),
        licence_id: case.licence.id,
        key_fingerprint: request.key_fingerprint.clone(),
        node_id: request.node_id.clone(),
        product_version: request.product_version.clone(),
        activated_at: now,
        last_seen_at: now,
        released_at: None,
        clone_suspected_at: None,
        last_report_seq: 0,
        public_key: request.public_key.clone(),
        request_counter: request.counter,
    }
}

fn tell_of_place(tx: &Tx<'_>, by: (&App, &Ctx), case: &Case<'_>, install: &Install) -> Result<()> {
    let summary = format!("activated on {}", install.short_name());
    let details = json!({ "install": install.id });
    tell(tx, by, case, ("install.activated", summary), details)?;
    audit::record(tx, by.1, "install.activated", install.id)
}

fn tell_of_copy(tx: &Tx<'_>, by: (&App, &Ctx), case: &Case<'_>, install: &Install) -> Result<()> {
    let node = install.short_name();
    let summary = format!("the request counter of {node} went back: a copy or a restored snapshot");
    let details = json!({ "install": install.id, "counter": case.request.counter });
    metrics::counter!("license_server_clones_suspected_total").increment(1);
    tell(tx, by, case, ("install.clone_suspected", summary), details)
}

fn lease(
    tx: &Tx<'_>,
    (app, ctx): (&App, &Ctx),
    case: &Case<'_>,
    install: &Install,
) -> Result<String> {
    let now = ctx.now();
    let valid_until = valid_until(case, now)?;
    let newest = crl::newest(tx)?.map(|(list, _)| (list.version, list.payload_sha256));
    let row = Lease {
        id: LeaseId::new(ctx.clock.as_ref()),
        licence_id: case.licence.id,
        install_id: install.id,
        serial: case.serial,
        counter: app.high_water.next(tx, Counter::Lease)?,
        issued_at: now,
        valid_until,
    };
    let payload = artefact::lease_payload(&LeaseFacts {
        lease: &row,
        payload_sha256: &case.payload_sha256,
        request: case.request,
        crl: newest,
    })?;
    let envelope = artefact::sign(&app.keys.lease(), artefact::LEASE_TYPE, payload.as_bytes())?;
    store::insert_lease(tx, &row, &envelope)?;
    issuance_log::append(tx, ctx, ("lease", &row.id.to_string()), &envelope)?;
    let details = json!({ "lease": row.id, "install": install.id, "counter": row.counter, "valid_until": valid_until });
    let day: String = valid_until.to_rfc3339().chars().take(10).collect();
    let summary = format!("lease {} until {day}", row.counter);
    tell(tx, (app, ctx), case, ("lease.issued", summary), details)?;
    audit::record(tx, ctx, "lease.issued", row.id)?;
    String::from_utf8(envelope)
        .map_err(|error| Error::internal("an envelope that is not text").with_source(error))
}

/// As long as the licence's leases last, and never beyond its term and grace.
fn valid_until(case: &Case<'_>, now: Timestamp) -> Result<Timestamp> {
    let days = match case.payload.lease.max_days {
        0 => LEASE_DAYS_DEFAULT,
        days => days,
    };
    let wanted = now.plus_seconds(i64::from(days) * DAY_SECONDS);
    let Some(end) = case.payload.term_end else {
        return Ok(wanted);
    };
    let last = end.plus_seconds(i64::from(case.payload.grace_days) * DAY_SECONDS);
    if last <= now {
        return Err(Error::forbidden(
            "licence_expired",
            "this licence's term and grace are over; renew it first",
        ));
    }
    Ok(wanted.min(last))
}

fn tell(
    tx: &Tx<'_>,
    by: (&App, &Ctx),
    case: &Case<'_>,
    what: (&'static str, String),
    details: Value,
) -> Result<()> {
    let about = About {
        licence: Some(case.licence.id),
        customer: Some(case.licence.customer_id),
    };
    events::publish(tx, by, about, what, details)
}
