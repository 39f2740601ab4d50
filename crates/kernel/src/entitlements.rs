//! What the node's licence allows, as a snapshot that travels in every context.

use std::collections::BTreeSet;

use crate::{Error, Result, Timestamp};

/// What the licence allows right now. It bounds what is new; what exists goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entitlements {
    /// Name of the licence's state, such as `active`.
    pub state: &'static str,
    /// When that state began.
    pub since: Timestamp,
    /// Whether anything new may begin at all.
    pub growth: Growth,
    /// Most employees that may work here, overage included; none: as many as one likes.
    pub agents_max: Option<u64>,
    /// Most people who may have a seat, overage included; none: as many as one likes.
    pub seats_max: Option<u64>,
    /// Names of the granted features without `feature.`; none: every one.
    pub features: Option<BTreeSet<String>>,
}

/// How much may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Whatever the numbers and features allow.
    Free,
    /// Nobody is hired, nobody gets a seat, no licensed feature is set up.
    Stopped,
    /// Nothing changes but what gives the data back.
    ReadOnly,
}

impl Entitlements {
    /// Everything without a limit: for what no licence ever bounds, such as setting the node up.
    pub const fn unlimited() -> Self {
        Self {
            state: "active",
            since: Timestamp::from_millis(0),
            growth: Growth::Free,
            agents_max: None,
            seats_max: None,
            features: None,
        }
    }

    /// Whether one more employee may work here beside the `employed` ones, who are counted only where their number is limited.
    ///
    /// # Errors
    /// `license_restricted`; those of the counting.
    pub fn admit_employee(&self, employed: impl FnOnce() -> Result<u64>) -> Result<()> {
        self.admit("agents.max", "nobody new can be hired")?;
        let Some(most) = self.agents_max else {
            return Ok(());
        };
        let employed = employed()?;
        if employed < most {
            return Ok(());
        }
        Err(self.refuse("agents.max", format!(
            "the licence allows {most} employees and {employed} work here; dismiss one, or import a licence for more under Administration"
        )))
    }

    /// Whether one more person may have a seat beside the `taken` ones, who are counted only where their number is limited.
    ///
    /// # Errors
    /// `license_restricted`; those of the counting.
    pub fn admit_seat(&self, taken: impl FnOnce() -> Result<u64>) -> Result<()> {
        self.admit("seats.named", "nobody new can be added")?;
        let Some(most) = self.seats_max else {
            return Ok(());
        };
        let taken = taken()?;
        if taken < most {
            return Ok(());
        }
        Err(self.refuse("seats.named", format!(
            "the licence allows {most} people and {taken} have a seat; remove or disable one, or import a licence for more under Administration"
        )))
    }

    /// Whether the licensed feature of that name (without `feature.`) may be set up.
    ///
    /// # Errors
    /// `license_restricted`.
    pub fn admit_feature(&self, name: &str) -> Result<()> {
        let feature = format!("feature.{name}");
        self.admit(&feature, "it cannot be set up")?;
        if self
            .features
            .as_ref()
            .is_none_or(|granted| granted.contains(name))
        {
            return Ok(());
        }
        Err(self.refuse(
            &feature,
            format!(
                "the licence does not include {name}; import one that does under Administration"
            ),
        ))
    }

    /// Whether something may change that is neither login, licence, export nor deletion.
    ///
    /// # Errors
    /// `license_restricted`.
    pub fn admit_change(&self) -> Result<()> {
        if self.growth != Growth::ReadOnly {
            return Ok(());
        }
        Err(self.refuse(
            "changes",
            "the licence has ended and this node is read-only; import a renewal under Administration; reading, export and deletion go on".to_owned(),
        ))
    }

    fn admit(&self, feature: &str, what: &str) -> Result<()> {
        if self.growth == Growth::Free {
            return Ok(());
        }
        let message = format!(
            "{what} until a renewal of the licence is imported under Administration; everything that runs goes on"
        );
        Err(self.refuse(feature, message))
    }

    fn refuse(&self, feature: &str, message: String) -> Error {
        Error::restricted(feature, self.state, self.since, message)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_bound_what_is_new() {
        let mut granted = Entitlements::unlimited();
        granted.agents_max = Some(2);
        granted.features = Some(BTreeSet::from(["providers".to_owned()]));
        let uncounted = || unreachable!("counted without a limit");
        assert!(granted.admit_employee(|| Ok(1)).is_ok() && granted.admit_seat(uncounted).is_ok());
        let error = granted.admit_employee(|| Ok(2)).unwrap_err();
        assert_eq!((error.code(), error.status()), ("license_restricted", 403));
        assert!(granted.admit_feature("providers").is_ok());
        assert!(granted.admit_feature("organisations").is_err());
        granted.growth = Growth::Stopped;
        assert!(granted.admit_employee(|| Ok(0)).is_err() && granted.admit_seat(|| Ok(0)).is_err());
        assert!(granted.admit_change().is_ok());
    }
}
