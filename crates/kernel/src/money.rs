//! Money is integer: micro-credits inside the node, minor units of a currency outside.

use serde::{Deserialize, Serialize};

/// Millionths of a credit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroCredits(pub i64);

/// Minor units of a currency (cents).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Minor(pub i64);
