//! Models over HTTP: every route of this feature.

use utoipa_axum::router::OpenApiRouter;

use super::{routes_dropped, routes_models, routes_quotas, routes_uploads};
use crate::app::App;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes_models::router()
        .merge(routes_dropped::router())
        .merge(routes_uploads::router())
        .merge(routes_quotas::router())
        .merge(super::provider::router())
}
