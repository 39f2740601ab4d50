//! Roles of people in an organisation: those that ship with the product, and those an organisation makes
//! for itself.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, Result, RoleId};

/// A person's role in one organisation. Its text is the built-in name, or the id of a custom role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Runs the organisation: everything in it.
    Admin,
    /// Hires, manages and works with employees.
    Staff,
    /// Works with the employees that others hired.
    Normal,
    /// Builds on the programming interfaces.
    Developer,
    /// Keeps employees, models and limits running.
    Operator,
    /// Decides what others may go ahead with.
    Approver,
    /// Looks at everything and changes nothing.
    Viewer,
    /// Looks at everything, the audit log included.
    Auditor,
    /// What the organisation made for itself.
    Custom(RoleId),
}

impl Role {
    /// Every role that ships with the product.
    pub const BUILT_IN: [Self; 8] = [
        Self::Admin,
        Self::Staff,
        Self::Normal,
        Self::Developer,
        Self::Operator,
        Self::Approver,
        Self::Viewer,
        Self::Auditor,
    ];

    /// The name of a built-in role; nothing for a custom one.
    pub fn built_in_name(self) -> Option<&'static str> {
        match self {
            Self::Admin => Some("admin"),
            Self::Staff => Some("staff"),
            Self::Normal => Some("normal"),
            Self::Developer => Some("developer"),
            Self::Operator => Some("operator"),
            Self::Approver => Some("approver"),
            Self::Viewer => Some("viewer"),
            Self::Auditor => Some("auditor"),
            Self::Custom(_) => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom(id) => id.fmt(formatter),
            built_in => formatter.write_str(built_in.built_in_name().unwrap_or_default()),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let built_in = Self::BUILT_IN
            .into_iter()
            .find(|role| role.built_in_name() == Some(text));
        if let Some(role) = built_in {
            return Ok(role);
        }
        text.parse().map(Self::Custom).map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            let message = format!(
                "`{shown}` is not a role; use admin, staff, normal, developer, operator, approver, viewer, auditor or the id of a custom role"
            );
            Error::invalid_field("role", "unknown_role", message)
        })
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Role {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let names: Vec<&str> = Self::BUILT_IN
            .into_iter()
            .filter_map(Self::built_in_name)
            .collect();
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("A built-in role, or the id of a custom one."))
            .pattern(Some(format!(
                "^({}|role_[0-7][0-9a-hjkmnp-tv-z]{{25}})$",
                names.join("|")
            )))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Role {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Role")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::SystemClock;

    #[test]
    fn roles_round_trip_as_text() {
        let custom = Role::Custom(RoleId::new(&SystemClock));
        for role in Role::BUILT_IN.into_iter().chain([custom]) {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{role}\""));
            assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
        }
        assert_eq!("owner".parse::<Role>().unwrap_err().code(), "unknown_role");
    }
}
