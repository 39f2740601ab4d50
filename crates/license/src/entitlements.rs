use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every feature there is and will be.
const ALL_FEATURES: &str = "feature.*";
/// Most employees that may be hired.
const AGENTS_MAX: &str = "agents.max";
/// Most people who may have an account.
const SEATS_NAMED: &str = "seats.named";

/// What one name grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entitlement {
    /// `feature.*`.
    Flag(bool),
    /// A number of things, such as `agents.max`.
    Limit(u64),
    /// Names, such as `models`.
    List(Vec<String>),
    /// As many as one likes.
    Unlimited(Unlimited),
}

/// The word for a number without a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unlimited {
    /// As many as one likes.
    #[serde(rename = "unlimited")]
    Unlimited,
}

/// What a licence grants, by name. A feature that is not named is not granted; a number that no licence names is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entitlements(pub BTreeMap<String, Entitlement>);

impl Entitlements {
    /// All features, no limits: what a trial grants.
    pub fn everything() -> Self {
        Self(BTreeMap::from([(
            ALL_FEATURES.to_owned(),
            Entitlement::Flag(true),
        )]))
    }

    /// Whether `feature.<name>` is granted.
    pub fn feature(&self, name: &str) -> bool {
        let granted = |name: &str| matches!(self.0.get(name), Some(Entitlement::Flag(true)));
        granted(ALL_FEATURES) || granted(&format!("feature.{name}"))
    }

    /// Employees that may be hired; none: as many as one likes.
    pub fn agents_max(&self) -> Option<u64> {
        self.limit(AGENTS_MAX)
    }

    /// People who may have an account; none: as many as one likes.
    pub fn seats_named(&self) -> Option<u64> {
        self.limit(SEATS_NAMED)
    }

    /// The number of that name; none where it is not limited.
    pub fn limit(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Entitlement::Limit(limit)) => Some(*limit),
            _ => None,
        }
    }

    /// What two licences grant together: every feature of either, the sum of the numbers that they name, the names of both.
    #[must_use]
    pub fn together(&self, other: &Self) -> Self {
        let mut sum = self.0.clone();
        for (name, granted) in &other.0 {
            let together = match sum.get(name) {
                Some(present) => present.and(granted),
                None => granted.clone(),
            };
            sum.insert(name.clone(), together);
        }
        Self(sum)
    }
}

impl Entitlement {
    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Flag(one), Self::Flag(two)) => Self::Flag(*one || *two),
            (Self::Limit(one), Self::Limit(two)) => Self::Limit(one.saturating_add(*two)),
            (Self::List(one), Self::List(two)) => {
                let mut names = one.clone();
                names.extend(two.iter().filter(|name| !one.contains(name)).cloned());
                Self::List(names)
            }
            (_, Self::Unlimited(word)) | (Self::Unlimited(word), _) => Self::Unlimited(*word),
            // Licences that do not agree on what a name means: the first one counts.
            _ => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Entitlements {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn licences_add_up() {
        let base =
            read(r#"{"feature.sso": false, "agents.max": 5, "seats.named": 10, "models": ["a"]}"#);
        let more = read(r#"{"feature.sso": true, "agents.max": 2, "models": ["a", "b"]}"#);
        let sum = base.together(&more);
        assert!(sum.feature("sso") && !sum.feature("bus"));
        assert_eq!(sum.agents_max(), Some(7));
        assert_eq!(sum.seats_named(), Some(10));
        assert_eq!(
            sum.together(&read(r#"{"agents.max": "unlimited"}"#))
                .agents_max(),
            None
        );
        assert_eq!(read("{}").agents_max(), None);
        let models = Entitlement::List(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(sum.0.get("models"), Some(&models));
    }

    #[test]
    fn a_trial_has_everything() {
        let all = Entitlements::everything();
        assert!(all.feature("anything") && all.agents_max().is_none());
    }
}
