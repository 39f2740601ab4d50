//! What provisioned people may do, and bringing everybody in line when that changes.

use std::time::Duration;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Ctx, Result, ScimResourceId, ScimSourceId};
use serde_json::json;

use super::{access::Access, model::ScimSettings, resource_store, store, tokens};
use crate::{app::App, audit, identity};

/// People brought in line at once, so that one commit is for many.
const STEP: u32 = 100;
/// How long bringing everybody in line may take.
const TIME_MAX: Duration = Duration::from_secs(600);

/// The organisation's settings.
pub(super) async fn read(app: &App, ctx: &Ctx) -> Result<ScimSettings> {
    let organisation = ctx.organisation;
    app.db
        .read(move |reader| store::find_settings(reader, organisation))
        .await
}

/// Changes the settings, then what everybody may do.
pub(super) async fn change(app: &App, ctx: &Ctx, settings: ScimSettings) -> Result<ScimSettings> {
    let settings = settings.checked()?;
    let (caller, new) = (ctx.clone(), settings.clone());
    let events = app.events.clone();
    let written = app.write(ctx, move |tx| {
        let source = ScimSourceId::new(caller.clock.as_ref());
        store::ensure_source(tx, (source, caller.organisation), caller.now())?;
        put(tx, &caller, &new)?;
        tokens::announce(tx, &events, &caller);
        Ok(())
    });
    written.await?;
    guildhall_web::limits::extend_deadline(TIME_MAX);
    bring_in_line(app, ctx).await?;
    Ok(settings)
}

/// Stores settings and records who changed them.
pub(super) fn put(tx: &Tx<'_>, ctx: &Ctx, settings: &ScimSettings) -> Result<()> {
    check_roles(tx, ctx, settings)?;
    store::put_settings(tx, ctx.organisation, settings)?;
    audit::record_with(tx, ctx, "scim.changed", ctx.organisation, json!(settings))
}

/// Refuses settings that give more than the caller may give.
pub(super) fn check_roles(reader: &Reader<'_>, ctx: &Ctx, settings: &ScimSettings) -> Result<()> {
    for role in settings.roles() {
        identity::check_role(reader, ctx, role)?;
    }
    Ok(())
}

/// Gives everybody the access that the settings now say, each in a transaction of their own: what is refused for one leaves
/// nothing of theirs half-changed, and keeps nobody else from their change.
async fn bring_in_line(app: &App, ctx: &Ctx) -> Result<()> {
    let organisation = ctx.organisation;
    let access = Access::new(app, organisation);
    let mut after = None;
    loop {
        let step = app
            .db
            .read(move |reader| resource_store::user_ids_after(reader, organisation, after, STEP));
        let ids = step.await?;
        let Some(last) = ids.last().copied() else {
            return Ok(());
        };
        after = Some(last);
        let settled = ids.into_iter().map(|id| settle(app, access.clone(), id));
        futures::future::join_all(settled).await;
    }
}

/// Settles one person. One without a free seat stays as they are, which the log says.
async fn settle(app: &App, access: Access, id: ScimResourceId) {
    let written = app.db.write(move |tx| access.settle_all(tx, [id]));
    if let Err(error) = written.await {
        tracing::warn!(scim.user = %id, code = error.code(), "a provisioned person's access stays as it was");
    }
}
