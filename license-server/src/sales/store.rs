//! Every SQL statement on products, plans, customers and contracts.

use guildhall_db::{Reader, Row, Tx, params};
use guildhall_kernel::{Result, Timestamp};

use super::model::{Contract, Customer, Plan, Product};
use crate::ids::{ContractId, CustomerId, PlanId, ProductId};

const PLAN: &str = "plans.id, plans.product_id, products.code AS product, plans.code, plans.name, plans.terms,
    plans.price, plans.created_at, plans.archived_at FROM plans JOIN products ON products.id = plans.product_id";
const CUSTOMER: &str =
    "id, name, country, contact_name, contact_email, notes, created_at FROM customers";
const CONTRACT: &str = "id, customer_id, plan_id, reference, quantity, starts_at, ends_at, quote, created_at, ended_at FROM contracts";

fn product(row: &Row<'_>) -> Result<Product> {
    Ok(Product {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}

fn plan(row: &Row<'_>) -> Result<Plan> {
    Ok(Plan {
        id: row.get("id")?,
        product_id: row.get("product_id")?,
        product: row.get("product")?,
        code: row.get("code")?,
        name: row.get("name")?,
        terms: serde_json::from_str(&row.get::<String>("terms")?)?,
        price: serde_json::from_str(&row.get::<String>("price")?)?,
        created_at: row.get("created_at")?,
        archived_at: row.get("archived_at")?,
    })
}

fn customer(row: &Row<'_>) -> Result<Customer> {
    Ok(Customer {
        id: row.get("id")?,
        name: row.get("name")?,
        country: row.get("country")?,
        contact_name: row.get("contact_name")?,
        contact_email: row.get("contact_email")?,
        notes: row.get("notes")?,
        created_at: row.get("created_at")?,
    })
}

fn contract(row: &Row<'_>) -> Result<Contract> {
    Ok(Contract {
        id: row.get("id")?,
        customer_id: row.get("customer_id")?,
        plan_id: row.get("plan_id")?,
        reference: row.get("reference")?,
        quantity: row.get("quantity")?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
        quote: serde_json::from_str(&row.get::<String>("quote")?)?,
        created_at: row.get("created_at")?,
        ended_at: row.get("ended_at")?,
    })
}

pub(super) fn insert_product(tx: &Tx<'_>, product: &Product) -> Result<()> {
    tx.execute(
        "INSERT INTO products (id, code, name, created_at) VALUES (?, ?, ?, ?)",
        params![product.id, product.code, product.name, product.created_at],
    )?;
    Ok(())
}

pub(super) fn find_product(reader: &Reader<'_>, id: ProductId) -> Result<Option<Product>> {
    reader.query_opt(
        "SELECT id, code, name, created_at FROM products WHERE id = ?",
        params![id],
        product,
    )
}

pub(super) fn list_products(
    reader: &Reader<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Product>> {
    reader.query_all(
        "SELECT id, code, name, created_at FROM products WHERE id > ? ORDER BY id LIMIT ?",
        params![after.unwrap_or(""), limit],
        product,
    )
}

pub(super) fn insert_plan(tx: &Tx<'_>, plan: &Plan) -> Result<()> {
    tx.execute(
        "INSERT INTO plans (id, product_id, code, name, terms, price, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            plan.id,
            plan.product_id,
            plan.code,
            plan.name,
            serde_json::to_string(&plan.terms)?,
            serde_json::to_string(&plan.price)?,
            plan.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_plan(reader: &Reader<'_>, id: PlanId) -> Result<Option<Plan>> {
    let sql = format!("SELECT {PLAN} WHERE plans.id = ?");
    reader.query_opt(&sql, params![id], plan)
}

pub(super) fn list_plans(
    reader: &Reader<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Plan>> {
    let sql = format!("SELECT {PLAN} WHERE plans.id > ? ORDER BY plans.id LIMIT ?");
    reader.query_all(&sql, params![after.unwrap_or(""), limit], plan)
}

/// `false` when there is no such plan, or it is archived already.
pub(super) fn archive_plan(tx: &Tx<'_>, id: PlanId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE plans SET archived_at = ? WHERE id = ? AND archived_at IS NULL",
        params![now, id],
    )?;
    Ok(changed > 0)
}

pub(super) fn insert_customer(tx: &Tx<'_>, customer: &Customer) -> Result<()> {
    tx.execute(
        "INSERT INTO customers (id, name, country, contact_name, contact_email, notes, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            customer.id,
            customer.name,
            customer.country,
            customer.contact_name,
            customer.contact_email,
            customer.notes,
            customer.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn update_customer(tx: &Tx<'_>, customer: &Customer) -> Result<()> {
    tx.execute(
        "UPDATE customers SET name = ?, country = ?, contact_name = ?, contact_email = ?, notes = ? WHERE id = ?",
        params![
            customer.name,
            customer.country,
            customer.contact_name,
            customer.contact_email,
            customer.notes,
            customer.id
        ],
    )?;
    Ok(())
}

pub(super) fn find_customer(reader: &Reader<'_>, id: CustomerId) -> Result<Option<Customer>> {
    let sql = format!("SELECT {CUSTOMER} WHERE id = ?");
    reader.query_opt(&sql, params![id], customer)
}

/// Customers whose name or contact contains `query`, in the order they were made.
pub(super) fn list_customers(
    reader: &Reader<'_>,
    query: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Customer>> {
    let sql = format!(
        "SELECT {CUSTOMER} WHERE id > ? AND (? = '' OR instr(lower(name || ' ' || contact_email), lower(?)) > 0)
         ORDER BY id LIMIT ?"
    );
    reader.query_all(
        &sql,
        params![after.unwrap_or(""), query, query, limit],
        customer,
    )
}

pub(super) fn insert_contract(tx: &Tx<'_>, contract: &Contract) -> Result<()> {
    tx.execute(
        "INSERT INTO contracts (id, customer_id, plan_id, reference, quantity, starts_at, ends_at, quote, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            contract.id,
            contract.customer_id,
            contract.plan_id,
            contract.reference,
            contract.quantity,
            contract.starts_at,
            contract.ends_at,
            serde_json::to_string(&contract.quote)?,
            contract.created_at
        ],
    )?;
    Ok(())
}

pub(super) fn find_contract(reader: &Reader<'_>, id: ContractId) -> Result<Option<Contract>> {
    let sql = format!("SELECT {CONTRACT} WHERE id = ?");
    reader.query_opt(&sql, params![id], contract)
}

/// The contracts of a customer, oldest first.
///
/// # Errors
/// Those of the database.
pub fn list_customer_contracts(
    reader: &Reader<'_>,
    id: CustomerId,
    limit: u32,
) -> Result<Vec<Contract>> {
    let sql = format!("SELECT {CONTRACT} WHERE customer_id = ? ORDER BY id LIMIT ?");
    reader.query_all(&sql, params![id, limit], contract)
}

/// `false` when there is no such contract, or it has ended.
pub(super) fn end_contract(tx: &Tx<'_>, id: ContractId, now: Timestamp) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE contracts SET ended_at = ? WHERE id = ? AND ended_at IS NULL",
        params![now, id],
    )?;
    Ok(changed > 0)
}

/// Contracts that a customer ever had on a plan: how many trials it used.
///
/// # Errors
/// Those of the database.
pub fn trials_of(reader: &Reader<'_>, customer: CustomerId, plan: PlanId) -> Result<u32> {
    reader.query_one(
        "SELECT COUNT(*) AS trials FROM contracts WHERE customer_id = ? AND plan_id = ?",
        params![customer, plan],
        |row| row.get("trials"),
    )
}
