//! Plans: the terms on which something is sold, and its price. The price is for the quote that is printed; it never enters a licence.

use std::path::Path;

use guildhall_license::Refusal;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Result, files, terms::Terms};

const BASIS_POINTS: i64 = 10_000;
const TIERS_MAX: usize = 20;

/// A plan file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) terms: Terms,
    /// What is different in a trial of it.
    pub(crate) trial: Option<Terms>,
    pub(crate) price: Option<Price>,
}

/// What it costs for one term.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Price {
    /// ISO 4217, such as `EUR`.
    currency: String,
    unit: Unit,
    /// Cents, or what the currency has in their place, for one unit.
    unit_amount_minor: i64,
    /// Volume discounts, rising.
    #[serde(default)]
    tiers: Vec<Tier>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    Seat,
    Licence,
}

/// A discount from some number of units on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tier {
    quantity_min: u64,
    /// On the whole amount, in hundredths of a per cent.
    discount_basis_points: u32,
}

/// A price worked out.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Quote {
    currency: String,
    quantity: u64,
    unit_amount_minor: i64,
    discount_basis_points: u32,
    list_amount_minor: i64,
    amount_minor: i64,
}

/// Reads a TOML file.
///
/// # Errors
/// `request_malformed`, `file_unreadable`.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T> {
    toml::from_str(&files::read_text(path)?).map_err(|error| {
        let line = error.message().replace('\n', " ");
        let place = error
            .span()
            .map_or(String::new(), |span| format!(" (byte {})", span.start));
        let message = format!("{} cannot be used: {line}{place}", path.display());
        Refusal::new("request_malformed", message)
    })
}

impl Price {
    /// The price of so many units for one term: the highest tier that the quantity reaches gives its discount on the whole amount,
    /// rounded to the customer's advantage. The licence server reckons in the same way.
    ///
    /// # Errors
    /// `price_malformed`, `amount_too_large`.
    pub(crate) fn quote(&self, seats: Option<u64>) -> Result<Quote> {
        self.check()?;
        let quantity = match (self.unit, seats) {
            (Unit::Licence, _) => 1,
            (Unit::Seat, Some(seats)) => seats,
            (Unit::Seat, None) => {
                let message = "the plan is priced by the seat and the licence names no number of seats; give --seats";
                return Err(Refusal::new("terms_incomplete", message));
            }
        };
        let reached = self
            .tiers
            .iter()
            .filter(|tier| tier.quantity_min <= quantity);
        let discount = reached
            .map(|tier| tier.discount_basis_points)
            .max()
            .unwrap_or(0);
        let list = i64::try_from(quantity)
            .ok()
            .and_then(|units| self.unit_amount_minor.checked_mul(units));
        let kept = BASIS_POINTS - i64::from(discount);
        let paid = list
            .and_then(|list| list.checked_mul(kept))
            .map(|scaled| scaled / BASIS_POINTS);
        let (Some(list_amount_minor), Some(amount_minor)) = (list, paid) else {
            let message = "the amount is larger than can be written; lower the seats or the price";
            return Err(Refusal::new("amount_too_large", message));
        };
        Ok(Quote {
            currency: self.currency.clone(),
            quantity,
            unit_amount_minor: self.unit_amount_minor,
            discount_basis_points: discount,
            list_amount_minor,
            amount_minor,
        })
    }

    fn check(&self) -> Result<()> {
        let is_currency =
            self.currency.len() == 3 && self.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        let rising = self.tiers.windows(2).all(|pair| match pair {
            [low, high] => {
                low.quantity_min < high.quantity_min
                    && low.discount_basis_points <= high.discount_basis_points
            }
            _ => true,
        });
        let within = self.tiers.len() <= TIERS_MAX
            && self
                .tiers
                .iter()
                .all(|tier| i64::from(tier.discount_basis_points) <= BASIS_POINTS);
        if is_currency && rising && within && self.unit_amount_minor >= 0 {
            return Ok(());
        }
        let message = "the plan's price cannot be used: give a currency such as EUR, an amount that is not negative, and at most 20 tiers that rise in quantity and in discount (to 10000 basis points)";
        Err(Refusal::new("price_malformed", message))
    }
}

impl Quote {
    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let money = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
        format!(
            "quote: {} × {} {} less {}.{:02} % is {} {} for one term (not in the file)",
            self.quantity,
            money(self.unit_amount_minor),
            self.currency,
            self.discount_basis_points / 100,
            self.discount_basis_points % 100,
            money(self.amount_minor),
            self.currency,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_tier_reached_counts_for_the_whole_amount() {
        let price: Price = toml::from_str(
            "currency = 'EUR'\nunit = 'seat'\nunit_amount_minor = 999\ntiers = [{quantity_min = 10, discount_basis_points = 500}, {quantity_min = 50, discount_basis_points = 1250}]",
        )
        .unwrap();
        let paid = |seats| price.quote(Some(seats)).unwrap().amount_minor;
        assert_eq!(
            (paid(9), paid(10), paid(49), paid(50)),
            (8991, 9490, 46503, 43706)
        );
        assert_eq!(price.quote(None).unwrap_err().code, "terms_incomplete");
        assert_eq!(
            price.quote(Some(u64::MAX)).unwrap_err().code,
            "amount_too_large"
        );
    }
}
