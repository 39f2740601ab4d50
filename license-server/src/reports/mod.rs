//! Usage reports: signed by the node, chained by their hashes, kept as they came.
//!
//! Invariants: a report counts once; two reports of one node with the same number, or one that does not
//! go on from the newest, are a fork and are kept and marked, not refused: both are evidence.
//! Deliberately absent: personal data, and any effect of a fork on the customer.

mod receive;
mod routes;
mod store;

use utoipa_axum::router::OpenApiRouter;

pub use receive::{ReportReceipt, receive};
pub use store::{ReportFilter, UsageReportView, list};

use crate::app::App;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}
