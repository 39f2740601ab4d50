//! The vendor's licence server: products, plans, customers, contracts, licences, installs, leases, the
//! revocation list, usage reports, an issuance log, and two portals over them.
//!
//! It holds the keys of the roles `lease` and `crl`; licences are signed elsewhere (`signing`). It signs
//! with Ed25519 only.

pub mod access;
pub mod app;
pub mod artefact;
pub mod audit;
pub mod backup;
pub mod cli;
pub mod crl;
pub mod ctx;
pub mod data_dir;
pub mod doctor;
pub mod events;
pub mod high_water;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod installs;
pub mod issuance_log;
pub mod keys;
pub mod licences;
pub mod node_api;
pub mod portal;
pub mod reports;
pub mod sales;
pub mod signing;
pub mod telemetry;
pub mod text;
pub mod trust;
pub mod webhooks;
