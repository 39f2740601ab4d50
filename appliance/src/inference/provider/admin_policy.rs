//! Entering, changing and removing chains and residency rules.

use guildhall_kernel::{Ctx, Error, ResidencyRuleId, Result};
use serde_json::json;

use super::{
    AppliesTo, FallbackChain, KeepWithin, Providers, ResidencyRule, Route, admin::too_many,
    rule::FALLBACK, store,
};
use crate::{audit, idempotency::once};

const CHAINS_MAX: usize = 100;
const STEPS_MAX: usize = 8;
const RULES_MAX: usize = 200;

impl Providers {
    /// Every chain.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_chains(&self) -> Result<Vec<FallbackChain>> {
        let chains = self.0.db.read(store::list_chains).await?;
        let view = |(name, steps): (String, Vec<String>)| chain(name, steps);
        Ok(chains.into_iter().map(view).collect())
    }

    /// Makes or replaces a chain. `is_here` tells whether this node has a model of that name.
    ///
    /// # Errors
    /// `invalid_chain`; `unknown_model` for a step that leads nowhere.
    pub async fn save_chain(
        &self,
        ctx: &Ctx,
        (name, steps): (String, Vec<String>),
        is_here: impl Fn(&str) -> bool,
    ) -> Result<FallbackChain> {
        let wrong =
            |field: &str, message: &str| Err(Error::invalid_field(field, "invalid_chain", message));
        let is_name = (1..=40).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_name {
            return wrong(
                "name",
                "a chain's name holds 1 to 40 lower-case letters, digits and `-`",
            );
        }
        if steps.is_empty() || steps.len() > STEPS_MAX {
            return wrong("steps", "a chain has 1 to 8 models");
        }
        for step in &steps {
            let is_known = match self.route(step) {
                Ok(Some(Route::Chain { .. })) => {
                    return wrong("steps", "a chain cannot hold another chain");
                }
                Ok(Some(Route::Provider(_))) => true,
                Ok(None) => is_here(step),
                Err(error) => error.code() == "provider_disabled",
            };
            if !is_known {
                let message = format!("there is no model `{step}`, on this node or of a provider");
                return Err(Error::invalid_field("steps", "unknown_model", message));
            }
        }
        let (caller, saved) = (ctx.clone(), (name.clone(), steps.clone()));
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                let (name, steps) = saved;
                let others = store::list_chains(tx)?;
                let others = others.iter().filter(|(known, _)| *known != name);
                if others.count() >= CHAINS_MAX {
                    return Err(too_many("chains", CHAINS_MAX));
                }
                store::save_chain(tx, &name, &steps, caller.now())?;
                let facts = json!({ "steps": steps });
                audit::record_with(tx, &caller, "fallback.saved", name, facts)
            })
        });
        written.await?;
        self.changed().await?;
        Ok(chain(name, steps))
    }

    /// Removes a chain.
    ///
    /// # Errors
    /// `not_found`; `chain_in_use` while employees have chosen it.
    pub async fn delete_chain(&self, ctx: &Ctx, name: String) -> Result<()> {
        let (caller, count_users) = (ctx.clone(), self.0.users.count);
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                let users = count_users(tx, &format!("{FALLBACK}/{name}"))?;
                if users > 0 {
                    let message = format!(
                        "{users} employees chose {FALLBACK}/{name}; give them another model first"
                    );
                    return Err(Error::conflict("chain_in_use", message));
                }
                if !store::delete_chain(tx, &name)? {
                    return Err(Error::not_found("chain"));
                }
                audit::record(tx, &caller, "fallback.deleted", name)
            })
        });
        written.await?;
        self.changed().await
    }

    /// The residency rules of the caller's organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list_rules(&self, ctx: &Ctx) -> Result<Vec<ResidencyRule>> {
        let organisation = ctx.organisation;
        self.0
            .db
            .read(move |reader| store::list_rules(reader, organisation))
            .await
    }

    /// Makes a rule for the caller's organisation, in the place of one for the same prompts.
    ///
    /// # Errors
    /// `too_many`.
    pub async fn save_rule(
        &self,
        ctx: &Ctx,
        applies_to: AppliesTo,
        keep_within: KeepWithin,
    ) -> Result<ResidencyRule> {
        let rule = ResidencyRule {
            id: ResidencyRuleId::new(ctx.clock.as_ref()),
            applies_to,
            keep_within,
            created_at: ctx.now(),
            organisation: ctx.organisation,
        };
        let caller = ctx.clone();
        let written = self.0.db.write(move |tx| {
            let id = once(tx, &caller, || {
                if store::list_rules(tx, caller.organisation)?.len() >= RULES_MAX {
                    return Err(too_many("residency rules", RULES_MAX));
                }
                store::save_rule(tx, &rule)?;
                let facts =
                    json!({ "applies_to": rule.applies_to, "keep_within": rule.keep_within });
                audit::record_with(tx, &caller, "residency.saved", rule.id, facts)?;
                Ok(rule.id)
            })?;
            let rules = store::list_rules(tx, caller.organisation)?;
            let rule = rules.into_iter().find(|rule| rule.id == id);
            rule.ok_or_else(|| Error::not_found("residency rule"))
        });
        let rule = written.await?;
        self.changed().await?;
        Ok(rule)
    }

    /// Removes a rule of the caller's organisation.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn delete_rule(&self, ctx: &Ctx, id: ResidencyRuleId) -> Result<()> {
        let caller = ctx.clone();
        let written = self.0.db.write(move |tx| {
            once(tx, &caller, || {
                if !store::delete_rule(tx, caller.organisation, id)? {
                    return Err(Error::not_found("residency rule"));
                }
                audit::record(tx, &caller, "residency.deleted", id)
            })
        });
        written.await?;
        self.changed().await
    }
}

fn chain(name: String, steps: Vec<String>) -> FallbackChain {
    FallbackChain {
        model: format!("{FALLBACK}/{name}"),
        name,
        steps,
    }
}
