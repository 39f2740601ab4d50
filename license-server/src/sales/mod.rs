//! What is sold, to whom and on what terms: products, plans, customers, contracts.
//!
//! Invariants: a plan's terms never change (a new plan replaces an archived one), so that what a
//! contract was concluded on stays readable; a contract keeps the quote it was concluded at; prices and
//! discounts never enter a licence file. Deliberately absent: invoices and payments.

mod check;
mod contracts;
mod customers;
mod model;
mod products;
mod routes;
mod routes_customers;
mod store;

use guildhall_db::Reader;
use guildhall_kernel::{Error, Result};
use utoipa_axum::router::OpenApiRouter;

pub use model::{
    BindingTerms, Contract, Customer, Kind, LeaseTerms, OverageTerms, Plan, Price, PriceUnit,
    Quote, ReportTerms, Terms, Tier, TrialRule,
};
pub use store::{list_customer_contracts, trials_of};

use crate::ids::{ContractId, CustomerId, PlanId};

/// Every route of this feature.
pub fn router() -> OpenApiRouter<crate::app::App> {
    routes::router().merge(routes_customers::router())
}

/// The customer with this id.
///
/// # Errors
/// `not_found`.
pub fn require_customer(reader: &Reader<'_>, id: CustomerId) -> Result<Customer> {
    store::find_customer(reader, id)?.ok_or_else(|| Error::not_found("customer"))
}

/// The plan with this id.
///
/// # Errors
/// `not_found`.
pub fn require_plan(reader: &Reader<'_>, id: PlanId) -> Result<Plan> {
    store::find_plan(reader, id)?.ok_or_else(|| Error::not_found("plan"))
}

/// The contract with this id.
///
/// # Errors
/// `not_found`.
pub fn require_contract(reader: &Reader<'_>, id: ContractId) -> Result<Contract> {
    store::find_contract(reader, id)?.ok_or_else(|| Error::not_found("contract"))
}
