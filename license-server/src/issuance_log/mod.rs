//! Provisional.

use guildhall_db::Tx;
use guildhall_kernel::Result;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, ctx::Ctx};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}

pub fn append(_tx: &Tx<'_>, _ctx: &Ctx, _what: (&str, &str), _envelope: &[u8]) -> Result<()> {
    Ok(())
}
