//! Terms, prices and quotes as pure rules.

use std::collections::BTreeMap;

use guildhall_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::{ContractId, CustomerId, PlanId, ProductId};

const BASIS_POINTS: i64 = 10_000;

/// What sort of licence a plan gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Trial,
    Subscription,
    Perpetual,
    /// Not for resale: partners and demonstrations.
    Nfr,
    /// The vendor's own use.
    Internal,
}

impl Kind {
    /// The kind as it stands in a licence file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Subscription => "subscription",
            Self::Perpetual => "perpetual",
            Self::Nfr => "nfr",
            Self::Internal => "internal",
        }
    }

    /// The kind of a stored name.
    ///
    /// # Errors
    /// Internal when there is no such kind.
    pub fn parse(text: &str) -> Result<Self> {
        let known = [
            Self::Trial,
            Self::Subscription,
            Self::Perpetual,
            Self::Nfr,
            Self::Internal,
        ];
        known
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal("a stored kind of licence is none"))
    }
}

/// To what a licence is bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindingTerms {
    /// `install_key`, `site` or `none`.
    pub mode: String,
    /// Nodes on which the licence may be active at a time.
    pub max_installs: u32,
}

/// Whether and how long a node lives on a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseTerms {
    pub required: bool,
    /// Days a lease lasts.
    pub max_days: u32,
    /// Days a new node works before its first lease.
    pub first_use_days: u32,
}

/// What happens above the limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverageTerms {
    /// `none`, `pct` or `always`.
    pub policy: String,
    /// Per cent above the limit that are tolerated.
    pub pct: u32,
    /// Whether the overage is paid for afterwards.
    pub true_up: bool,
}

/// Whether and how often usage is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportTerms {
    pub required: bool,
    pub every_days: u32,
}

/// When a plan may be had as a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialRule {
    /// Days a trial lasts.
    pub days: u32,
    /// Trials of this plan that one customer may have.
    pub per_customer_max: u32,
}

/// What a licence of a plan says. Never changes once the plan is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub kind: Kind,
    pub edition: String,
    /// Days a term lasts; a perpetual licence has none.
    pub term_days: Option<u32>,
    /// Days after the end in which everything still works.
    pub grace_days: u32,
    /// Days of updates; as long as the term when left out.
    pub maintenance_days: Option<u32>,
    pub binding: BindingTerms,
    pub lease: LeaseTerms,
    /// Features (`feature.…`: true or false) and limits (`agents.max`, `models`, …).
    /// `seats.named` is the contract's quantity when the plan is priced by the seat.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    pub entitlements: BTreeMap<String, Value>,
    pub overage: OverageTerms,
    /// `warn`, `restrict_new` or `read_only`.
    pub expiry_behavior: String,
    pub report: ReportTerms,
    pub trial: Option<TrialRule>,
}

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// One named seat for one term.
    Seat,
    /// One licence for one term.
    Licence,
}

/// A discount from some quantity on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The least quantity it is given for.
    pub quantity_min: u32,
    /// The discount on the whole amount, in hundredths of a per cent.
    pub discount_basis_points: u32,
}

/// What a plan costs for one term.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// ISO 4217, such as `EUR`.
    pub currency: String,
    pub unit: PriceUnit,
    /// Minor units (cents) for one unit.
    pub unit_amount_minor: i64,
    /// Volume discounts, rising in quantity.
    pub tiers: Vec<Tier>,
}

/// A price worked out for a quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    pub currency: String,
    pub quantity: u32,
    pub unit_amount_minor: i64,
    pub discount_basis_points: u32,
    /// The amount before the discount.
    pub list_amount_minor: i64,
    /// What is to be paid for one term.
    pub amount_minor: i64,
}

/// Something that is sold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Product {
    pub id: ProductId,
    /// What the licence file names it by, such as `guildhall`.
    pub code: String,
    pub name: String,
    pub created_at: Timestamp,
}

/// The terms on which a product is sold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    pub id: PlanId,
    pub product_id: ProductId,
    /// The product's code.
    pub product: String,
    pub code: String,
    pub name: String,
    pub terms: Terms,
    pub price: Price,
    pub created_at: Timestamp,
    pub archived_at: Option<Timestamp>,
}

/// An organisation that buys licences.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    pub id: CustomerId,
    pub name: String,
    /// ISO 3166 alpha-2, or empty.
    pub country: String,
    pub contact_name: String,
    pub contact_email: String,
    pub notes: String,
    pub created_at: Timestamp,
}

/// An agreement with a customer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Contract {
    pub id: ContractId,
    pub customer_id: CustomerId,
    pub plan_id: PlanId,
    /// The vendor's own number for it; it stands in the licence file.
    pub reference: String,
    pub quantity: u32,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub quote: Quote,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Price {
    /// The price of `quantity` units for one term: the highest tier that the quantity reaches gives its
    /// discount on the whole amount, rounded to the customer's advantage.
    ///
    /// # Errors
    /// `amount_too_large` when the amount does not fit.
    pub fn quote(&self, quantity: u32) -> Result<Quote> {
        let units = match self.unit {
            PriceUnit::Seat => quantity,
            PriceUnit::Licence => 1,
        };
        let discount = self
            .tiers
            .iter()
            .filter(|tier| tier.quantity_min <= quantity)
            .map(|tier| tier.discount_basis_points)
            .max()
            .unwrap_or(0);
        let list = self.unit_amount_minor.checked_mul(i64::from(units));
        let paid = list.and_then(|list| {
            let kept = BASIS_POINTS - i64::from(discount);
            list.checked_mul(kept).map(|scaled| scaled / BASIS_POINTS)
        });
        let (Some(list_amount_minor), Some(amount_minor)) = (list, paid) else {
            return Err(Error::invalid_field(
                "quantity",
                "amount_too_large",
                "the amount is larger than can be written; lower the quantity or the price",
            ));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> Price {
        Price {
            currency: "EUR".to_owned(),
            unit: PriceUnit::Seat,
            unit_amount_minor: 9_900,
            tiers: vec![
                Tier {
                    quantity_min: 10,
                    discount_basis_points: 500,
                },
                Tier {
                    quantity_min: 100,
                    discount_basis_points: 1_250,
                },
            ],
        }
    }

    #[test]
    fn the_highest_tier_reached_counts_for_the_whole_amount() {
        let price = price();
        assert_eq!(price.quote(9).unwrap().amount_minor, 89_100);
        assert_eq!(price.quote(10).unwrap().amount_minor, 94_050);
        let large = price.quote(100).unwrap();
        assert_eq!(
            (large.list_amount_minor, large.amount_minor),
            (990_000, 866_250)
        );
        assert_eq!(
            Price {
                unit: PriceUnit::Licence,
                ..price
            }
            .quote(100)
            .unwrap()
            .amount_minor,
            8_662,
            "rounded down: half a cent is the customer's"
        );
    }

    #[test]
    fn an_amount_that_does_not_fit_is_refused() {
        let price = Price {
            unit_amount_minor: i64::MAX,
            ..price()
        };
        assert_eq!(price.quote(2).unwrap_err().code(), "amount_too_large");
    }
}
