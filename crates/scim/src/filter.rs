//! Filters (RFC 7644, 3.4.2.2): `userName eq "ada" and not (active eq false)`.

mod evaluate;
mod parse;

use crate::path::AttributePath;

pub(crate) use evaluate::{member, values};
pub(crate) use parse::bracketed;
pub use parse::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX};

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Contains.
    Contains,
    /// Begins with.
    StartsWith,
    /// Ends with.
    EndsWith,
    /// Greater than, or later than.
    Greater,
    /// Greater than or equal.
    GreaterOrEqual,
    /// Less than, or earlier than.
    Less,
    /// Less than or equal.
    LessOrEqual,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Text, or an instant.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// No value.
    Null,
}

/// A condition that a resource, or an entry of one of its lists, meets or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// One of them at least.
    Or(Vec<Filter>),
    /// Not this one.
    Not(Box<Filter>),
    /// A comparison.
    Compare(AttributePath, Operator, Operand),
    /// The attribute has a value.
    Present(AttributePath),
    /// One entry of the list meets the whole condition.
    Within(AttributePath, Box<Filter>),
}

impl Filter {
    /// The value that `attribute` must equal for any resource to be found, when the filter says so: what a
    /// store can look up in an index. The filter still decides about what is found there.
    pub fn required_text(&self, attribute: &str) -> Option<&str> {
        match self {
            Self::Compare(path, Operator::Equal, Operand::Text(text)) if path.is(attribute) => {
                Some(text)
            }
            Self::And(all) => all.iter().find_map(|one| one.required_text(attribute)),
            _ => None,
        }
    }
}
