//! Asking for a licence, and for its next serial.

use guildhall_db::Tx;
use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    model::{Licence, Term, require_not_revoked},
    require,
    store::{self, NewLicence, SigningRequest},
};
use crate::{
    app::App,
    artefact::{self, LicenceFacts},
    audit, crl,
    ctx::Ctx,
    events::{self, About},
    ids::{ContractId, LicenceId, SigningRequestId},
    sales::{self, Contract, Customer, Plan},
};

const INSTALLS_MAX: u32 = 100_000;

/// What a licence is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    #[default]
    Production,
    Nonproduction,
}

/// A licence to issue on a contract.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueInput {
    pub(super) contract_id: ContractId,
    #[serde(default)]
    pub(super) environment: Environment,
    /// When it becomes valid; when the contract begins, when left out.
    pub(super) starts_at: Option<Timestamp>,
    /// Nodes it may be active on; what the plan says when left out.
    pub(super) max_installs: Option<u32>,
    /// The fingerprint of the one install key it is for, when that is known beforehand.
    pub(super) install_key_fp: Option<String>,
}

/// The next serial of a licence.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenewInput {
    /// Another contract of the same customer, for other terms or another quantity.
    pub(super) contract_id: Option<ContractId>,
}

/// On what a licence is issued.
struct Ground {
    contract: Contract,
    plan: Plan,
    customer: Customer,
}

fn ground(tx: &Tx<'_>, contract: ContractId) -> Result<Ground> {
    let contract = sales::require_contract(tx, contract)?;
    if contract.ended_at.is_some() {
        return Err(Error::conflict(
            "contract_ended",
            format!(
                "the contract {} has ended; conclude a new one first",
                contract.reference
            ),
        ));
    }
    Ok(Ground {
        plan: sales::require_plan(tx, contract.plan_id)?,
        customer: sales::require_customer(tx, contract.customer_id)?,
        contract,
    })
}

fn checked_installs(asked: Option<u32>, plan: &Plan) -> Result<u32> {
    let count = asked.unwrap_or(plan.terms.binding.max_installs);
    if (1..=INSTALLS_MAX).contains(&count) {
        return Ok(count);
    }
    Err(Error::invalid_field(
        "max_installs",
        "invalid_installs",
        format!("give 1 to {INSTALLS_MAX} installs"),
    ))
}

/// Writes down a licence and the request for its signature, and has it signed at once where a signer
/// is attached.
///
/// # Errors
/// `not_found`, `contract_ended`, `invalid_installs`; those of signing are not errors here: the
/// request waits then.
pub(super) async fn issue(app: &App, ctx: &Ctx, input: IssueInput) -> Result<Licence> {
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let ground = ground(tx, input.contract_id)?;
        let max_installs = checked_installs(input.max_installs, &ground.plan)?;
        let licence = NewLicence {
            id: LicenceId::new(caller.clock.as_ref()),
            customer: ground.customer.id,
            contract: ground.contract.id,
            plan: ground.plan.id,
            kind: ground.plan.terms.kind.as_str(),
            edition: ground.plan.terms.edition.clone(),
            max_installs,
            created_at: caller.now(),
        };
        store::insert(tx, &licence)?;
        let starts_at = input.starts_at.unwrap_or(ground.contract.starts_at);
        let facts = LicenceFacts {
            licence: licence.id,
            serial: 1,
            environment: input.environment,
            term: Term::first(&ground.plan.terms, starts_at),
            max_installs,
            install_key_fp: input.install_key_fp,
            issued_at: caller.now(),
            min_crl_version: crl::version(tx)?,
        };
        request(tx, (&server, &caller), &ground, &facts)
    });
    super::sign::sign_if_possible(app, ctx, written.await?).await
}

/// Asks for the next serial.
///
/// # Errors
/// `not_found`, `contract_ended`, `licence_revoked`, `signature_waiting`, `not_signed_yet`,
/// `other_customer`.
pub(super) async fn renew(
    app: &App,
    ctx: &Ctx,
    id: LicenceId,
    input: RenewInput,
) -> Result<Licence> {
    let (caller, server) = (ctx.clone(), app.clone());
    let written = app.write(ctx, move |tx| {
        let licence = require(tx, &caller, id)?;
        require_not_revoked(licence.revoked_at)?;
        let (payload, contract) = renewable(tx, &licence, &input)?;
        let ground = ground(tx, contract)?;
        if ground.customer.id != licence.customer_id {
            return Err(Error::conflict(
                "other_customer",
                "the contract is another customer's; issue a new licence on it instead",
            ));
        }
        let before = artefact::read_licence_payload(&payload)?;
        let max_installs = licence
            .max_installs
            .max(ground.plan.terms.binding.max_installs);
        store::set_contract(tx, id, ground.contract.id, max_installs)?;
        let facts = LicenceFacts {
            licence: id,
            serial: store::highest_serial(tx, id)? + 1,
            environment: match before.environment {
                guildhall_license::Environment::Production => Environment::Production,
                guildhall_license::Environment::Nonproduction => Environment::Nonproduction,
            },
            term: Term::next(&ground.plan.terms, licence.term_end, caller.now()),
            max_installs,
            install_key_fp: before.binding.install_key_fp,
            issued_at: caller.now(),
            min_crl_version: crl::version(tx)?,
        };
        request(tx, (&server, &caller), &ground, &facts)
    });
    super::sign::sign_if_possible(app, ctx, written.await?).await
}

/// The payload that a renewal goes on from, and the contract it is on.
fn renewable(tx: &Tx<'_>, licence: &Licence, input: &RenewInput) -> Result<(Vec<u8>, ContractId)> {
    if let Some(waiting) = licence.waiting_request {
        return Err(Error::conflict(
            "signature_waiting",
            format!("{waiting} of this licence waits for a signature; sign or withdraw it first"),
        ));
    }
    let newest = store::find_payload(tx, licence.id)?;
    let (_, payload, _) = newest.ok_or_else(|| {
        Error::conflict(
            "not_signed_yet",
            "this licence was never signed; issue it first",
        )
    })?;
    Ok((payload, input.contract_id.unwrap_or(licence.contract_id)))
}

fn request(
    tx: &Tx<'_>,
    (app, ctx): (&App, &Ctx),
    ground: &Ground,
    facts: &LicenceFacts,
) -> Result<SigningRequestId> {
    let payload =
        artefact::licence_payload(facts, (&ground.customer, &ground.contract), &ground.plan)?;
    let row = SigningRequest {
        id: SigningRequestId::new(ctx.clock.as_ref()),
        licence_id: facts.licence,
        serial: facts.serial,
        payload_type: artefact::LICENCE_TYPE.to_owned(),
        payload,
        state: "waiting".to_owned(),
        requested_by: ctx.actor.label(),
        created_at: ctx.now(),
    };
    store::insert_request(tx, &row)?;
    let details = json!({ "serial": facts.serial, "contract": ground.contract.reference });
    let about = About {
        licence: Some(facts.licence),
        customer: Some(ground.customer.id),
    };
    let summary = format!("serial {} was asked for", facts.serial);
    events::publish(
        tx,
        (app, ctx),
        about,
        ("licence.requested", summary),
        details.clone(),
    )?;
    audit::record_with(tx, ctx, "licence.requested", facts.licence, details)?;
    Ok(row.id)
}
