//! Where licences run: activation requests in, leases out. The same code answers a connected node, a
//! customer's upload and the vendor's support.
//!
//! Invariants: a request's nonce counts once; of many requests for the last free install one wins; a
//! lease never reaches beyond its licence's term and grace; counters of leases only rise, also after a
//! restore; activating again is never an error. Deliberately absent: any judgement of fingerprints.

mod activate;
mod model;
mod routes;
mod store;

use utoipa_axum::router::OpenApiRouter;

pub use activate::{Door, answer};
pub use model::{Install, Lease};
pub(crate) use routes::{InstallList, lease_download, list, newest_lease_file, release};
pub use store::{find_by_key, find_key, lease_end};

use crate::app::App;

/// Every route of this feature.
pub fn router() -> OpenApiRouter<App> {
    routes::router()
}
