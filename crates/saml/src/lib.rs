//! A SAML 2.0 service provider without I/O and without a clock: requests, metadata, and the decision
//! whether a response may be believed.
//!
//! Invariants: only bytes that a verified signature covers are read, and nothing in a message chooses
//! a key, a transform or an algorithm; the settings and the request do. What a message is refused for
//! has a stable code and one sentence for the administrator. The decision to verify the one shape of
//! signature that SAML allows here, rather than with a general XML-DSig engine, is
//! `docs/adr/0011-saml-verification.md`.
//! Deliberately absent: document types, comments, `KeyInfo`, XPath and XSLT, HMAC, SHA-1 signatures,
//! the artifact binding, metadata fetched from anywhere.
#![forbid(unsafe_code)]

mod algorithm;
mod assertion;
mod binding;
mod canonical;
mod certificate;
mod encoding;
mod encryption;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod logout;
mod message;
mod metadata;
mod refusal;
mod response;
mod scan;
mod signature;
#[cfg(test)]
mod tests;
mod xml;

pub use algorithm::RSA_SHA256;
pub use assertion::{Assertion, Attribute, NameId, SKEW_SECONDS};
pub use binding::{Direction, RedirectMessage, redirect_url};
pub use certificate::{Certificate, fingerprint};
pub use key::{KEY_BITS, SpKey};
pub use logout::{
    LogoutExpectations, LogoutMessage, LogoutRequest, read_logout_post, read_logout_redirect,
};
pub use message::{AuthnRequest, LogoutRequestMessage, LogoutResponseMessage};
pub use metadata::{IdpDescription, METADATA_BYTES_MAX, SpDescription, parse_metadata};
pub use refusal::{Refusal, Result};
pub use response::{Expectations, RESPONSE_BYTES_MAX, validate_response, validate_response_xml};
