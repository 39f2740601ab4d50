//! Customers.

use guildhall_kernel::{Page, PageRequest, Result};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{model::Customer, require_customer, store};
use crate::{app::App, audit, ctx::Ctx, ids::CustomerId, text};

const NOTES_CHARACTERS_MAX: usize = 4000;

/// What there is to know about a customer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerInput {
    pub(super) name: String,
    /// ISO 3166 alpha-2, such as `DE`.
    #[serde(default)]
    pub(super) country: String,
    #[serde(default)]
    pub(super) contact_name: String,
    #[serde(default)]
    pub(super) contact_email: String,
    #[serde(default)]
    pub(super) notes: String,
}

fn fill(customer: Customer, input: &CustomerInput) -> Result<Customer> {
    let contact_email = match input.contact_email.trim() {
        "" => String::new(),
        email => text::checked_email("contact_email", email)?,
    };
    let contact_name = match input.contact_name.trim() {
        "" => String::new(),
        name => text::checked_name("contact_name", name)?,
    };
    Ok(Customer {
        name: text::checked_name("name", &input.name)?,
        country: text::checked_country("country", &input.country)?,
        contact_name,
        contact_email,
        notes: text::checked_text("notes", &input.notes, NOTES_CHARACTERS_MAX)?,
        ..customer
    })
}

pub(super) async fn create(app: &App, ctx: &Ctx, input: CustomerInput) -> Result<Customer> {
    let blank = Customer {
        id: CustomerId::new(ctx.clock.as_ref()),
        name: String::new(),
        country: String::new(),
        contact_name: String::new(),
        contact_email: String::new(),
        notes: String::new(),
        created_at: ctx.now(),
    };
    let customer = fill(blank, &input)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        store::insert_customer(tx, &customer)?;
        audit::record(tx, &caller, "customer.created", customer.id)?;
        Ok(customer)
    });
    written.await
}

pub(super) async fn change(
    app: &App,
    ctx: &Ctx,
    id: CustomerId,
    input: CustomerInput,
) -> Result<Customer> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let customer = fill(require_customer(tx, id)?, &input)?;
        store::update_customer(tx, &customer)?;
        audit::record(tx, &caller, "customer.changed", id)?;
        Ok(customer)
    });
    written.await
}

pub(super) async fn find(app: &App, id: CustomerId) -> Result<Customer> {
    app.db
        .read(move |reader| require_customer(reader, id))
        .await
}

pub(super) async fn list(app: &App, query: String, page: PageRequest) -> Result<Page<Customer>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items =
            store::list_customers(reader, query.trim(), after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |item| item.id.to_string()))
    });
    read.await
}
