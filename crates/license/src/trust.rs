use serde::{Deserialize, Serialize};

use crate::{Keyring, Refusal};

/// Whose root keys are in the program. Nothing changes that at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustRoot {
    /// Keys whose private halves lie in the repository: anybody can issue licences for it.
    Development,
    /// The vendor's keys, named by `GUILDHALL_TRUST_ROOT` when the program was built.
    Production,
}

impl TrustRoot {
    /// As it is shown: `development` or `production`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// The first keyring of the chain, as compiled in, and whose it is.
///
/// # Errors
/// Those of [`Keyring::first`], when the program was built with a broken keyring.
pub fn compiled_in() -> Result<(Keyring, TrustRoot), Refusal> {
    let ring = Keyring::first(include_bytes!(concat!(env!("OUT_DIR"), "/trust_root.json")))?;
    let root = match env!("GUILDHALL_TRUST_ROOT_KIND") {
        "production" => TrustRoot::Production,
        _ => TrustRoot::Development,
    };
    Ok((ring, root))
}
