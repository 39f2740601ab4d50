//! The switch of outgoing connections.

use axum::extract::State;
use guildhall_kernel::{Error, ErrorBody};
use guildhall_web::{Auth, HttpResult, Json};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    egress::{EgressMode, EgressView},
    identity::{self, perm},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_egress, set_egress))
}

/// How far calls may go from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetEgress {
    mode: EgressMode,
    /// To open the switch, the mode once more, typed by a person; closing it needs none.
    confirm: Option<String>,
}

/// The switch, where calls may go and what was called.
#[utoipa::path(get, path = "/api/admin/egress", tag = "egress", responses((status = 200, body = EgressView)))]
async fn read_egress(
    _: Auth<perm::EgressManage>,
    State(app): State<App>,
) -> HttpResult<Json<EgressView>> {
    Ok(Json(app.egress.view(identity::display_name).await?))
}

/// Turns the switch. Closing it ends calls under way.
#[utoipa::path(put, path = "/api/admin/egress", tag = "egress", request_body = SetEgress,
    responses((status = 200, body = EgressView), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn set_egress(
    Auth { ctx, .. }: Auth<perm::EgressManage>,
    State(app): State<App>,
    Json(input): Json<SetEgress>,
) -> HttpResult<Json<EgressView>> {
    let opens = input.mode != EgressMode::AirGapped;
    if opens && input.confirm.as_deref() != Some(input.mode.as_str()) {
        let message = format!(
            "this lets the node connect outwards; send `{}` as `confirm` to mean it",
            input.mode.as_str()
        );
        return Err(Error::invalid_field("confirm", "confirmation_needed", message).into());
    }
    app.egress.set_mode(&ctx, input.mode).await?;
    Ok(Json(app.egress.view(identity::display_name).await?))
}
