//! Customers' ways into the portal. Staff makes a code for a customer's person; the code signs in.

use guildhall_kernel::{Error, Result, random_token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{model::PortalAccess, store, token_hash};
use crate::{
    app::App,
    audit,
    ctx::Ctx,
    ids::{CustomerId, PortalAccessId},
    sales, text,
};

const CODE_BYTES: usize = 20;
const ACCESSES_MAX: u32 = 100;
const EXPIRY_DAYS_MAX: u32 = 3650;

/// An access to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccess {
    /// Whose it is, such as a person's name.
    pub name: String,
    /// Days until it stops working; it does not when left out.
    pub expires_in_days: Option<u32>,
}

/// A new access with its code, which is shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedAccess {
    pub id: PortalAccessId,
    /// What the customer enters to sign in; it is not stored and cannot be shown again.
    pub code: String,
}

/// Makes a way into the portal.
///
/// # Errors
/// `not_found` for the customer; `invalid_name`, `invalid_expiry`, `too_many_accesses`.
pub async fn create_access(
    app: &App,
    ctx: &Ctx,
    customer: CustomerId,
    input: NewAccess,
) -> Result<CreatedAccess> {
    if input
        .expires_in_days
        .is_some_and(|days| !(1..=EXPIRY_DAYS_MAX).contains(&days))
    {
        return Err(Error::invalid_field(
            "expires_in_days",
            "invalid_expiry",
            format!("give 1 to {EXPIRY_DAYS_MAX} days, or leave it out"),
        ));
    }
    let now = ctx.now();
    let row = PortalAccess {
        id: PortalAccessId::new(ctx.clock.as_ref()),
        customer_id: customer,
        name: text::checked_name("name", &input.name)?,
        created_at: now,
        expires_at: input
            .expires_in_days
            .map(|days| now.plus_seconds(i64::from(days) * 86_400)),
        last_used_at: None,
    };
    let code = format!("gpa_{}", random_token(CODE_BYTES));
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        sales::require_customer(tx, customer)?;
        if store::list_accesses(tx, customer, ACCESSES_MAX)?.len() >= ACCESSES_MAX as usize {
            return Err(Error::conflict(
                "too_many_accesses",
                format!("a customer has at most {ACCESSES_MAX} portal accesses; revoke one first"),
            ));
        }
        store::insert_access(tx, &row, &token_hash(&code))?;
        audit::record(tx, &caller, "portal_access.created", row.id)?;
        Ok(CreatedAccess { id: row.id, code })
    });
    written.await
}

/// The accesses of a customer that work, at most a hundred.
///
/// # Errors
/// `not_found` for the customer.
pub async fn list_accesses(app: &App, customer: CustomerId) -> Result<Vec<PortalAccess>> {
    let read = app.db.read(move |reader| {
        sales::require_customer(reader, customer)?;
        store::list_accesses(reader, customer, ACCESSES_MAX)
    });
    read.await
}

/// Ends an access and signs out whoever uses it.
///
/// # Errors
/// `not_found`.
pub async fn revoke_access(app: &App, ctx: &Ctx, id: PortalAccessId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if !store::revoke_access(tx, id, caller.now())? {
            return Err(Error::not_found("portal access"));
        }
        audit::record(tx, &caller, "portal_access.revoked", id)
    });
    written.await
}
