//! Products and plans.

use guildhall_kernel::{Error, Page, PageRequest, Result};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    model::{Plan, Price, Product, Terms},
    store,
};
use crate::{
    app::App,
    audit,
    ctx::Ctx,
    ids::{PlanId, ProductId},
    text,
};

/// A product to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProduct {
    /// What licence files name it by: lower-case letters, digits and `-`.
    pub(super) code: String,
    pub(super) name: String,
}

/// A plan to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPlan {
    pub(super) product_id: ProductId,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) terms: Terms,
    pub(super) price: Price,
}

fn checked_code(text: &str) -> Result<String> {
    let is_code = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_code {
        return Ok(text.to_owned());
    }
    Err(Error::invalid_field(
        "code",
        "invalid_code",
        "give a code of 1 to 64 lower-case letters, digits and hyphens",
    ))
}

pub(super) async fn create_product(app: &App, ctx: &Ctx, input: NewProduct) -> Result<Product> {
    let product = Product {
        id: ProductId::new(ctx.clock.as_ref()),
        code: checked_code(&input.code)?,
        name: text::checked_name("name", &input.name)?,
        created_at: ctx.now(),
    };
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        store::insert_product(tx, &product)?;
        audit::record(tx, &caller, "product.created", product.id)?;
        Ok(product)
    });
    written.await
}

pub(super) async fn list_products(app: &App, page: PageRequest) -> Result<Page<Product>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items = store::list_products(reader, after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |item| item.id.to_string()))
    });
    read.await
}

pub(super) async fn create_plan(app: &App, ctx: &Ctx, input: NewPlan) -> Result<Plan> {
    input.terms.check()?;
    input.price.check()?;
    let code = checked_code(&input.code)?;
    let name = text::checked_name("name", &input.name)?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let product = store::find_product(tx, input.product_id)?
            .ok_or_else(|| Error::not_found("product"))?;
        let plan = Plan {
            id: PlanId::new(caller.clock.as_ref()),
            product_id: product.id,
            product: product.code,
            code,
            name,
            terms: input.terms,
            price: input.price,
            created_at: caller.now(),
            archived_at: None,
        };
        store::insert_plan(tx, &plan)?;
        audit::record(tx, &caller, "plan.created", plan.id)?;
        Ok(plan)
    });
    written.await
}

pub(super) async fn list_plans(app: &App, page: PageRequest) -> Result<Page<Plan>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items = store::list_plans(reader, after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |item| item.id.to_string()))
    });
    read.await
}

/// Takes a plan off sale; contracts on it go on.
pub(super) async fn archive_plan(app: &App, ctx: &Ctx, id: PlanId) -> Result<()> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        if !store::archive_plan(tx, id, caller.now())? {
            return Err(Error::not_found("plan on sale"));
        }
        audit::record(tx, &caller, "plan.archived", id)
    });
    written.await
}
