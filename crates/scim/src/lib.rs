//! SCIM 2.0 (RFC 7643 and RFC 7644) as far as it needs no I/O: what users and groups look like, filters,
//! PATCH operations, sorting, pages, projections and error bodies.
//!
//! Resources are JSON objects in the shape of the schemas embedded here: [`resource::read`] brings what a
//! client sent into that shape, and everything else relies on it. What the service does not keep (unknown
//! attributes, passwords) is left out rather than refused, since every directory sends more than it is
//! asked for. Every parser has bounds on length, depth and number, each stated as a constant.

pub mod filter;
pub mod list;
pub mod patch;
mod path;
mod problem;
mod projection;
pub mod resource;
mod schema;

pub use filter::Filter;
pub use path::AttributePath;
pub use problem::{Problem, Result, ScimType};
pub use projection::Projection;
pub use schema::{
    Attribute, Definition, ENTERPRISE_USER, GROUP, Kind, LIST_RESPONSE, Mutability, PATCH_OP,
    SEARCH_REQUEST, Schema, USER, group, schema_documents, user,
};
