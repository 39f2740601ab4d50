//! Models of providers and what they cost.

use guildhall_kernel::{Error, MicroCredits, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::inference::model::ModelKind;

const MODELS_MAX: usize = 200;
/// Highest price, in micro-credits per million tokens: far above any, and products stay in range.
const PRICE_MAX: i64 = 1_000_000_000_000_000;

/// What a provider's model costs, in micro-credits per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = TokenPrice)]
#[serde(deny_unknown_fields, default)]
pub struct Price {
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    pub input: i64,
    /// Tokens of the prompt that the provider had in its cache.
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    pub cached: i64,
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    pub output: i64,
}

impl Price {
    /// What a call costs, rounded up to a whole micro-credit.
    pub(super) fn cost(self, input: u32, cached: u32, output: u32) -> MicroCredits {
        let fresh = input.saturating_sub(cached);
        let parts = [
            (self.input, fresh),
            (self.cached, cached.min(input)),
            (self.output, output),
        ];
        let sum: i128 = parts
            .into_iter()
            .map(|(price, tokens)| i128::from(price) * i128::from(tokens))
            .sum();
        let cost = (sum + 999_999) / 1_000_000;
        MicroCredits(i64::try_from(cost).unwrap_or(i64::MAX))
    }
}

/// A model of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderModel {
    /// As the provider calls it; on Azure the deployment.
    #[schema(pattern = "^[!-~]{1,200}$")]
    pub name: String,
    /// What people see; the name when left out.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub title: String,
    #[serde(default = "generative")]
    pub kind: ModelKind,
    /// Tokens it reads at once, prompt and answer together; older turns are left out beyond it.
    #[serde(default = "usual_context")]
    #[schema(minimum = 256, maximum = 100000000)]
    pub context_length: u32,
    #[serde(default)]
    pub price: Price,
}

fn generative() -> ModelKind {
    ModelKind::Generative
}

fn usual_context() -> u32 {
    128_000
}

impl ProviderModel {
    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::invalid_field("models", "invalid_model", message));
        let name = &self.name;
        if !(1..=200).contains(&name.len()) || name.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return wrong(format!("`{name}` cannot be a model's name"));
        }
        if self.title.chars().count() > 100 {
            return wrong(format!("the title of {name} is longer than 100 characters"));
        }
        if !(256..=100_000_000).contains(&self.context_length) {
            return wrong(format!(
                "the context of {name} must have 256 tokens or more"
            ));
        }
        let prices = [self.price.input, self.price.cached, self.price.output];
        if prices.iter().any(|price| !(0..=PRICE_MAX).contains(price)) {
            return wrong(format!(
                "the prices of {name} must not be negative or absurd"
            ));
        }
        Ok(())
    }
}

/// Checks a provider's models and gives each a title.
pub(super) fn check_models(models: Vec<ProviderModel>) -> Result<Vec<ProviderModel>> {
    let wrong = |message: &str| Err(Error::invalid_field("models", "invalid_model", message));
    if models.len() > MODELS_MAX {
        return wrong("a provider has at most 200 models");
    }
    let mut names = std::collections::BTreeSet::new();
    let mut checked = Vec::with_capacity(models.len());
    for mut model in models {
        model.check()?;
        if !names.insert(model.name.clone()) {
            return wrong(&format!("`{}` is named twice", model.name));
        }
        if model.title.trim().is_empty() {
            model.title.clone_from(&model.name);
        }
        checked.push(model);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_exact_and_rounded_up() {
        let price = Price {
            input: 2_500_000,
            cached: 1_250_000,
            output: 10_000_000,
        };
        assert_eq!(price.cost(1000, 0, 100), MicroCredits(3500));
        assert_eq!(price.cost(1000, 400, 0), MicroCredits(2000));
        assert_eq!(price.cost(1, 0, 0), MicroCredits(3));
        assert_eq!(
            price.cost(5, 9, 0),
            MicroCredits(7),
            "cached tokens are at most all"
        );
        assert_eq!(
            Price::default().cost(u32::MAX, 0, u32::MAX),
            MicroCredits(0)
        );
        let most = Price {
            input: PRICE_MAX,
            cached: 0,
            output: PRICE_MAX,
        };
        assert_eq!(
            most.cost(u32::MAX, 0, u32::MAX),
            MicroCredits(8_589_934_590_000_000_000)
        );
    }
}
