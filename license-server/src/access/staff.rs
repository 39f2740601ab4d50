//! The vendor's staff.

use guildhall_db::{Db, Tx};
use guildhall_kernel::{Error, Page, PageRequest, Result, random_token};
use guildhall_web::password;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Role,
    model::{StaffMember, checked_password},
    store,
};
use crate::{app::App, audit, ctx::Ctx, ids::StaffId, text};

const TEMPORARY_BYTES: usize = 12;

/// Somebody to add to the staff.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    pub email: String,
    pub display_name: String,
    pub role: Role,
}

/// A new member of the staff, with the temporary password that is shown once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedStaff {
    pub member: StaffMember,
    pub temporary_password: String,
}

/// What may change about a member of the staff.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffChange {
    pub display_name: Option<String>,
    pub role: Option<Role>,
    pub disabled: Option<bool>,
}

fn member(ctx: &Ctx, input: &NewStaff, must_change_password: bool) -> Result<StaffMember> {
    Ok(StaffMember {
        id: StaffId::new(ctx.clock.as_ref()),
        email: text::checked_email("email", &input.email)?,
        display_name: text::checked_name("display_name", &input.display_name)?,
        role: input.role,
        disabled: false,
        must_change_password,
        created_at: ctx.now(),
        last_seen_at: None,
    })
}

fn insert(tx: &Tx<'_>, ctx: &Ctx, member: &StaffMember, hash: &str) -> Result<()> {
    store::insert_staff(tx, member, hash)?;
    let facts = json!({ "role": member.role });
    audit::record_with(tx, ctx, "staff.created", member.id, facts)
}

/// Adds a member of the staff with a temporary password.
///
/// # Errors
/// `invalid_email`, `invalid_name`, `already_exists`.
pub(super) async fn create(app: &App, ctx: &Ctx, input: NewStaff) -> Result<CreatedStaff> {
    let member = member(ctx, &input, true)?;
    let temporary_password = random_token(TEMPORARY_BYTES);
    let hash = password::hash(Zeroizing::new(temporary_password.clone())).await?;
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        insert(tx, &caller, &member, &hash)?;
        Ok(CreatedStaff {
            member,
            temporary_password,
        })
    });
    written.await
}

/// Checks what would be wrong about a new member of the staff.
///
/// # Errors
/// `invalid_email`, `invalid_name`, `weak_password`.
pub fn check_staff(input: &NewStaff, password: &str) -> Result<()> {
    let email = text::checked_email("email", &input.email)?;
    text::checked_name("display_name", &input.display_name)?;
    checked_password("password", password, &email).map(|_| ())
}

/// Adds a member of the staff with a password of their own, for the command line.
///
/// # Errors
/// As for the HTTP operation, and `weak_password`.
pub fn create_staff_blocking(
    db: &Db,
    ctx: &Ctx,
    input: &NewStaff,
    password: &str,
) -> Result<StaffMember> {
    let member = member(ctx, input, false)?;
    let password = checked_password("password", password, &member.email)?;
    let hash = password::hash_blocking(&password)?;
    let caller = ctx.clone();
    db.write_blocking(move |tx| {
        insert(tx, &caller, &member, &hash)?;
        Ok(member)
    })
}

/// Gives a member of the staff a new password, for an operator whose administrators are locked out.
///
/// # Errors
/// `not_found`, `weak_password`.
pub fn reset_password_blocking(db: &Db, ctx: &Ctx, email: &str, password: &str) -> Result<()> {
    let email = text::checked_email("email", email)?;
    let password = checked_password("password", password, &email)?;
    let hash = password::hash_blocking(&password)?;
    let caller = ctx.clone();
    db.write_blocking(move |tx| {
        let found = store::find_staff_by_email(tx, &email)?;
        let (mut member, _) = found.ok_or_else(|| Error::not_found("member of the staff"))?;
        member.disabled = false;
        store::update_staff(tx, &member)?;
        store::update_password(tx, member.id, &hash, false)?;
        store::delete_other_sessions(tx, member.id, None)?;
        audit::record(tx, &caller, "staff.password_reset", member.id)
    })
}

/// One page of the staff.
///
/// # Errors
/// `invalid_cursor`.
pub(super) async fn list(app: &App, page: PageRequest) -> Result<Page<StaffMember>> {
    let after = page.after()?;
    let read = app.db.read(move |reader| {
        let items = store::list_staff(reader, after.as_deref(), page.limit() + 1)?;
        Ok(Page::cut(items, page.limit(), |member| {
            member.id.to_string()
        }))
    });
    read.await
}

/// Changes a member of the staff. Whoever is disabled is signed out at once.
///
/// # Errors
/// `not_found`, `invalid_name`, `last_administrator`.
pub(super) async fn change(
    app: &App,
    ctx: &Ctx,
    id: StaffId,
    input: StaffChange,
) -> Result<StaffMember> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let found = store::find_staff(tx, id)?;
        let mut member = found.ok_or_else(|| Error::not_found("member of the staff"))?;
        if let Some(name) = &input.display_name {
            member.display_name = text::checked_name("display_name", name)?;
        }
        member.role = input.role.unwrap_or(member.role);
        member.disabled = input.disabled.unwrap_or(member.disabled);
        store::update_staff(tx, &member)?;
        if store::count_administrators(tx)? == 0 {
            return Err(Error::conflict(
                "last_administrator",
                "this is the last administrator who can sign in; make another one first",
            ));
        }
        if member.disabled {
            store::delete_other_sessions(tx, id, None)?;
        }
        let facts = json!({ "role": member.role, "disabled": member.disabled });
        audit::record_with(tx, &caller, "staff.changed", id, facts)?;
        Ok(member)
    });
    written.await
}

/// Gives a member of the staff a new temporary password and ends their sessions.
///
/// # Errors
/// `not_found`.
pub(super) async fn reset(app: &App, ctx: &Ctx, id: StaffId) -> Result<CreatedStaff> {
    let temporary_password = random_token(TEMPORARY_BYTES);
    let hash = password::hash(Zeroizing::new(temporary_password.clone())).await?;
    let caller = ctx.clone();
    let written = app.write_secret(ctx, move |tx| {
        store::update_password(tx, id, &hash, true)?;
        store::delete_other_sessions(tx, id, None)?;
        let member = store::find_staff(tx, id)?;
        let member = member.ok_or_else(|| Error::not_found("member of the staff"))?;
        audit::record(tx, &caller, "staff.password_reset", id)?;
        Ok(CreatedStaff {
            member,
            temporary_password,
        })
    });
    written.await
}
