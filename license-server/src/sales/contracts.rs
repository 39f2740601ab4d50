//! Contracts.

use guildhall_kernel::{Error, Result, Timestamp};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    model::{Contract, Kind, Quote},
    require_customer, require_plan, store,
};
use crate::{
    app::App,
    audit,
    ctx::Ctx,
    ids::{ContractId, CustomerId, PlanId},
    text,
};

const QUANTITY_MAX: u32 = 1_000_000;
const CONTRACTS_MAX: u32 = 1_000;
const DAY_SECONDS: i64 = 86_400;

/// A contract to conclude.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewContract {
    pub(super) customer_id: CustomerId,
    pub(super) plan_id: PlanId,
    /// The vendor's own number for it.
    pub(super) reference: String,
    /// Seats, when the plan is priced by the seat; licences otherwise.
    pub(super) quantity: u32,
    /// When the first term begins; now when left out.
    pub(super) starts_at: Option<Timestamp>,
}

/// A quantity of a plan to price.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuoteRequest {
    pub(super) quantity: u32,
}

fn checked_quantity(quantity: u32) -> Result<u32> {
    if (1..=QUANTITY_MAX).contains(&quantity) {
        return Ok(quantity);
    }
    Err(Error::invalid_field(
        "quantity",
        "invalid_quantity",
        format!("give a quantity from 1 to {QUANTITY_MAX}"),
    ))
}

/// What a quantity of a plan costs for one term.
pub(super) async fn quote(app: &App, plan: PlanId, quantity: u32) -> Result<Quote> {
    let quantity = checked_quantity(quantity)?;
    let plan = app
        .db
        .read(move |reader| require_plan(reader, plan))
        .await?;
    plan.price.quote(quantity)
}

/// Concludes a contract at today's price of the plan.
pub(super) async fn create(app: &App, ctx: &Ctx, input: NewContract) -> Result<Contract> {
    let quantity = checked_quantity(input.quantity)?;
    let reference = text::checked_name("reference", &input.reference)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let customer = require_customer(tx, input.customer_id)?;
        let plan = require_plan(tx, input.plan_id)?;
        if plan.archived_at.is_some() {
            return Err(Error::conflict(
                "plan_archived",
                format!(
                    "the plan `{}` is not on sale any more; choose another",
                    plan.code
                ),
            ));
        }
        if plan.terms.kind == Kind::Trial
            && let Some(rule) = &plan.terms.trial
            && store::trials_of(tx, customer.id, plan.id)? >= rule.per_customer_max
        {
            return Err(Error::conflict(
                "trial_used",
                format!(
                    "{} has had its {} trial(s) of this plan; conclude a contract on a paid plan",
                    customer.name, rule.per_customer_max
                ),
            ));
        }
        let starts_at = input.starts_at.unwrap_or_else(|| caller.now());
        let days = match (&plan.terms.trial, plan.terms.kind) {
            (Some(rule), Kind::Trial) => Some(rule.days),
            _ => plan.terms.term_days,
        };
        let contract = Contract {
            id: ContractId::new(caller.clock.as_ref()),
            customer_id: customer.id,
            plan_id: plan.id,
            reference,
            quantity,
            starts_at,
            ends_at: days.map(|days| starts_at.plus_seconds(i64::from(days) * DAY_SECONDS)),
            quote: plan.price.quote(quantity)?,
            created_at: caller.now(),
            ended_at: None,
        };
        store::insert_contract(tx, &contract)?;
        let facts = json!({ "plan": plan.code, "quantity": quantity });
        audit::record_with(tx, &caller, "contract.created", contract.id, facts)?;
        Ok(contract)
    });
    written.await
}

/// The contracts of a customer, at most a thousand.
pub(super) async fn list(app: &App, customer: CustomerId) -> Result<Vec<Contract>> {
    let read = app.db.read(move |reader| {
        require_customer(reader, customer)?;
        store::list_customer_contracts(reader, customer, CONTRACTS_MAX)
    });
    read.await
}

/// Ends a contract: nothing more is issued or renewed on it; what was issued runs out by itself.
pub(super) async fn end(app: &App, ctx: &Ctx, id: ContractId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if !store::end_contract(tx, id, caller.now())? {
            return Err(Error::not_found("running contract"));
        }
        audit::record(tx, &caller, "contract.ended", id)
    });
    written.await
}
