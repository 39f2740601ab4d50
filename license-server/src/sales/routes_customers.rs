//! Customers, their contracts and their ways into the portal.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{Page, PageRequest};
use guildhall_web::{HttpResult, Json, Path, Query};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    contracts::{self, NewContract},
    customers::{self, CustomerInput},
    model::{Contract, Customer},
};
use crate::{
    access::{self, Auth, CreatedAccess, NewAccess, PortalAccess, perm},
    app::App,
    ids::{ContractId, CustomerId, PortalAccessId},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_customers, create_customer))
        .routes(routes!(read_customer, change_customer))
        .routes(routes!(list_contracts))
        .routes(routes!(create_contract))
        .routes(routes!(end_contract))
        .routes(routes!(list_accesses, create_access))
        .routes(routes!(revoke_access))
}

/// Which customers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct CustomerFilter {
    /// Part of a name or an e-mail address.
    #[serde(default)]
    q: Option<String>,
    /// Where to go on, from the previous page's `next_cursor`.
    cursor: Option<String>,
    /// How many entries, 1 to 100; 50 when left out.
    limit: Option<u32>,
}

/// The customers.
#[utoipa::path(get, path = "/api/customers", tag = "customers", params(CustomerFilter),
    responses((status = 200, body = Page<Customer>)))]
async fn list_customers(
    _: Auth<perm::CustomersRead>,
    State(app): State<App>,
    Query(filter): Query<CustomerFilter>,
) -> HttpResult<Json<Page<Customer>>> {
    let page = PageRequest {
        cursor: filter.cursor,
        limit: filter.limit,
    };
    let found = customers::list(&app, filter.q.unwrap_or_default(), page).await?;
    Ok(Json(found))
}

/// Adds a customer.
#[utoipa::path(post, path = "/api/customers", tag = "customers", request_body = CustomerInput,
    responses((status = 201, body = Customer)))]
async fn create_customer(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Json(input): Json<CustomerInput>,
) -> HttpResult<(StatusCode, Json<Customer>)> {
    let created = customers::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// One customer.
#[utoipa::path(get, path = "/api/customers/{customer}", tag = "customers",
    params(("customer" = CustomerId, Path)), responses((status = 200, body = Customer)))]
async fn read_customer(
    _: Auth<perm::CustomersRead>,
    State(app): State<App>,
    Path(id): Path<CustomerId>,
) -> HttpResult<Json<Customer>> {
    Ok(Json(customers::find(&app, id).await?))
}

/// Changes what is known about a customer.
#[utoipa::path(put, path = "/api/customers/{customer}", tag = "customers",
    params(("customer" = CustomerId, Path)), request_body = CustomerInput,
    responses((status = 200, body = Customer)))]
async fn change_customer(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Path(id): Path<CustomerId>,
    Json(input): Json<CustomerInput>,
) -> HttpResult<Json<Customer>> {
    Ok(Json(customers::change(&app, &ctx, id, input).await?))
}

/// The contracts of a customer.
#[utoipa::path(get, path = "/api/customers/{customer}/contracts", tag = "customers",
    params(("customer" = CustomerId, Path)), responses((status = 200, body = Page<Contract>)))]
async fn list_contracts(
    _: Auth<perm::CustomersRead>,
    State(app): State<App>,
    Path(id): Path<CustomerId>,
) -> HttpResult<Json<Page<Contract>>> {
    Ok(Json(Page::complete(contracts::list(&app, id).await?)))
}

/// Concludes a contract.
#[utoipa::path(post, path = "/api/contracts", tag = "customers", request_body = NewContract,
    responses((status = 201, body = Contract)))]
async fn create_contract(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Json(input): Json<NewContract>,
) -> HttpResult<(StatusCode, Json<Contract>)> {
    let created = contracts::create(&app, &ctx, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends a contract: nothing more is issued on it.
#[utoipa::path(post, path = "/api/contracts/{contract}/end", tag = "customers",
    params(("contract" = ContractId, Path)), responses((status = 204)))]
async fn end_contract(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Path(id): Path<ContractId>,
) -> HttpResult<StatusCode> {
    contracts::end(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A customer's ways into the portal.
#[utoipa::path(get, path = "/api/customers/{customer}/accesses", tag = "customers",
    params(("customer" = CustomerId, Path)), responses((status = 200, body = Page<PortalAccess>)))]
async fn list_accesses(
    _: Auth<perm::CustomersRead>,
    State(app): State<App>,
    Path(id): Path<CustomerId>,
) -> HttpResult<Json<Page<PortalAccess>>> {
    Ok(Json(Page::complete(access::list_accesses(&app, id).await?)))
}

/// Makes a way into the portal; its code is in the answer and nowhere else.
#[utoipa::path(post, path = "/api/customers/{customer}/accesses", tag = "customers",
    params(("customer" = CustomerId, Path)), request_body = NewAccess,
    responses((status = 201, body = CreatedAccess)))]
async fn create_access(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Path(id): Path<CustomerId>,
    Json(input): Json<NewAccess>,
) -> HttpResult<(StatusCode, Json<CreatedAccess>)> {
    let created = access::create_access(&app, &ctx, id, input).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends a way into the portal.
#[utoipa::path(delete, path = "/api/accesses/{access}", tag = "customers",
    params(("access" = PortalAccessId, Path)), responses((status = 204)))]
async fn revoke_access(
    Auth { ctx, .. }: Auth<perm::CustomersManage>,
    State(app): State<App>,
    Path(id): Path<PortalAccessId>,
) -> HttpResult<StatusCode> {
    access::revoke_access(&app, &ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
