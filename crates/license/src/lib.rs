//! Licence artefacts of Guildhall: what a vendor signs and a node with no network verifies.
//!
//! Every artefact is a DSSE v1 envelope around JSON. [`verify`] checks the bytes against a [`Keyring`] before it reads them;
//! [`clock`] and [`state`] are pure functions over what was verified. Nothing here reads a file, a socket or a clock.
//!
//! Signing stands behind the feature `sign`, which the node is built without: it signs its own requests and reports with
//! its install key through [`Envelope::new`] and [`pae`].
#![forbid(unsafe_code)]

mod artefact;
pub mod clock;
mod dsse;
mod entitlements;
mod json;
mod key;
mod keyring;
mod refusal;
mod revocation;
#[cfg(feature = "sign")]
pub mod sign;
pub mod state;
mod trust;
mod usage;
mod verify;

pub use artefact::{
    ActivationRequest, Artefact, Binding, BindingMode, CrlReference, Customer, Environment,
    ExpiryBehavior, Lease, LeaseTerms, License, LicenseKind, Overage, OveragePolicy, ReportTerms,
};
pub use dsse::{ENVELOPE_BYTES_MAX, Envelope, Signature, armour, armoured_parts, pae, unarmour};
pub use entitlements::{Entitlement, Entitlements, Unlimited};
pub use key::{Algorithm, PublicKey, StrongKey, fingerprint};
pub use keyring::{Keyring, KeyringKey, Role};
pub use refusal::Refusal;
pub use revocation::{Crl, Effect, Revocation, RevocationTarget};
pub use trust::{TrustRoot, compiled_in};
pub use usage::{UsageDay, UsagePeriod, UsageReport};
pub use verify::{Verified, activation_request, verify, verify_by_install_key};
