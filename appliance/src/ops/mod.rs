//! Running a node: its data directory, the commands that act on it, and the socket through which
//! they reach a node that is running.

pub mod control;
pub mod data_dir;
mod demo;
mod execute;
mod license;
mod models;
mod outside;
mod quotas;

pub use demo::{Demo, seed as seed_demo};
pub use execute::{Operation, execute};
pub use license::LicenseOperation;
pub use models::ModelsOperation;
pub use outside::OutsideOperation;
pub use quotas::QuotasOperation;
