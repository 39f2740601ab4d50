//! What a new plan may say: terms that a licence file can carry, and prices that can be worked out.

use guildhall_kernel::{Error, Result};
use serde_json::Value;

use super::model::{Kind, Price, Terms};

const ENTITLEMENTS_MAX: usize = 200;
const TIERS_MAX: usize = 20;
const DAYS_MAX: u32 = 3660;

impl Price {
    /// # Errors
    /// `invalid_price` naming the field.
    pub(super) fn check(&self) -> Result<()> {
        let fail =
            |field: &str, message: &str| Err(Error::invalid_field(field, "invalid_price", message));
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            return fail(
                "price.currency",
                "give a currency of three letters such as EUR",
            );
        }
        if self.unit_amount_minor < 0 {
            return fail("price.unit_amount_minor", "a price is not negative");
        }
        if self.tiers.len() > TIERS_MAX {
            return fail("price.tiers", "give at most 20 discount tiers");
        }
        let rising = self.tiers.windows(2).all(|pair| match pair {
            [low, high] => {
                low.quantity_min < high.quantity_min
                    && low.discount_basis_points <= high.discount_basis_points
            }
            _ => true,
        });
        let within = self
            .tiers
            .iter()
            .all(|tier| tier.quantity_min > 1 && tier.discount_basis_points <= 10_000);
        if !rising || !within {
            return fail(
                "price.tiers",
                "tiers rise in quantity (from 2) and in discount (to 10000 basis points)",
            );
        }
        Ok(())
    }
}

impl Terms {
    /// # Errors
    /// `invalid_terms` naming the field.
    pub(super) fn check(&self) -> Result<()> {
        let one_of = |field: &str, text: &str, known: &[&str]| {
            if known.contains(&text) {
                return Ok(());
            }
            let message = format!("`{text}` is not one of {}", known.join(", "));
            Err(Error::invalid_field(field, "invalid_terms", message))
        };
        one_of(
            "terms.binding.mode",
            &self.binding.mode,
            &["install_key", "site", "none"],
        )?;
        one_of(
            "terms.overage.policy",
            &self.overage.policy,
            &["none", "pct", "always"],
        )?;
        one_of(
            "terms.expiry_behavior",
            &self.expiry_behavior,
            &["warn", "restrict_new", "read_only"],
        )?;
        self.check_days()?;
        self.check_entitlements()
    }

    fn check_days(&self) -> Result<()> {
        let fail = |field: &str, message: String| {
            Err(Error::invalid_field(field, "invalid_terms", message))
        };
        let is_perpetual = self.kind == Kind::Perpetual;
        if self.term_days.is_none() != is_perpetual {
            return fail(
                "terms.term_days",
                "every kind but `perpetual` has a term, and `perpetual` has none".to_owned(),
            );
        }
        let days = [
            ("terms.term_days", self.term_days),
            ("terms.grace_days", Some(self.grace_days)),
            ("terms.maintenance_days", self.maintenance_days),
            ("terms.lease.max_days", Some(self.lease.max_days)),
            (
                "terms.lease.first_use_days",
                Some(self.lease.first_use_days),
            ),
            ("terms.report.every_days", Some(self.report.every_days)),
            (
                "terms.trial.days",
                self.trial.as_ref().map(|trial| trial.days),
            ),
        ];
        for (field, days) in days {
            if days.is_some_and(|days| days > DAYS_MAX) {
                return fail(field, format!("give at most {DAYS_MAX} days"));
            }
        }
        if self.lease.required && self.lease.max_days == 0 {
            return fail(
                "terms.lease.max_days",
                "a required lease lasts at least a day".to_owned(),
            );
        }
        if self.term_days == Some(0) || self.trial.as_ref().is_some_and(|trial| trial.days == 0) {
            return fail("terms.term_days", "a term lasts at least a day".to_owned());
        }
        Ok(())
    }

    fn check_entitlements(&self) -> Result<()> {
        let fail = |message: String| {
            Err(Error::invalid_field(
                "terms.entitlements",
                "invalid_terms",
                message,
            ))
        };
        if self.entitlements.len() > ENTITLEMENTS_MAX {
            return fail(format!("give at most {ENTITLEMENTS_MAX} entitlements"));
        }
        for (name, value) in &self.entitlements {
            let is_name = !name.is_empty()
                && name.len() <= 100
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
            let is_value = match value {
                Value::Bool(_) => true,
                Value::Number(number) => !name.starts_with("feature.") && number.is_u64(),
                Value::Array(items) => {
                    !name.starts_with("feature.")
                        && items.len() <= 100
                        && items.iter().all(Value::is_string)
                }
                _ => false,
            };
            if !is_name || !is_value {
                return fail(format!(
                    "`{name}` is not an entitlement: features are true or false, limits are whole numbers, lists hold names"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{PriceUnit, Tier};
    use super::*;

    #[test]
    fn tiers_must_rise() {
        let tier = |quantity_min, discount_basis_points| Tier {
            quantity_min,
            discount_basis_points,
        };
        let mut price = Price {
            currency: "EUR".to_owned(),
            unit: PriceUnit::Seat,
            unit_amount_minor: 9_900,
            tiers: vec![tier(10, 500), tier(100, 1_250)],
        };
        assert!(price.check().is_ok());
        price.tiers.reverse();
        assert_eq!(price.check().unwrap_err().code(), "invalid_price");
    }
}
