//! Organisations on the node, as its platform administrator manages them.

use guildhall_db::Tx;
use guildhall_kernel::{Clock, Ctx, Error, OrgId, Page, Result, Role};

use super::{
    model::{Organisation, checked_name, slug},
    store,
};
use crate::{app::App, audit};

const SLUG_TRIES: u32 = 1000;

/// Every organisation on the node, by name.
///
/// # Errors
/// Those of the database.
pub async fn list_organisations(app: &App) -> Result<Page<Organisation>> {
    Ok(Page::complete(
        app.db.read(store::list_organisations).await?,
    ))
}

/// Makes an organisation; its maker becomes its first administrator.
///
/// # Errors
/// `invalid_name`, `license_restricted`.
pub async fn create_organisation(app: &App, ctx: &Ctx, name: &str) -> Result<Organisation> {
    let name = checked_name("name", name)?;
    ctx.entitlements.admit_feature("organisations")?;
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let organisation = insert(tx, caller.clock.as_ref(), name)?;
        store::insert_membership(
            tx,
            organisation.id,
            caller.person,
            Role::Admin,
            caller.now(),
        )?;
        audit::record(tx, &caller, "organisation.created", organisation.id)?;
        Ok(organisation)
    });
    written.await
}

/// Inserts an organisation under a slug that is still free.
pub(super) fn insert(tx: &Tx<'_>, clock: &dyn Clock, name: String) -> Result<Organisation> {
    let base = slug(&name);
    for number in 1..=SLUG_TRIES {
        let slug = if number == 1 {
            base.clone()
        } else {
            format!("{base}-{number}")
        };
        if !store::slug_is_taken(tx, &slug)? {
            let organisation = Organisation {
                id: OrgId::new(clock),
                name,
                slug,
            };
            store::insert_organisation(tx, &organisation, clock.now())?;
            return Ok(organisation);
        }
    }
    Err(Error::conflict(
        "name_taken",
        "too many organisations have this name; choose another",
    ))
}
