//! Where an organisation's prompts may be computed.

use guildhall_kernel::{Error, Result};

use super::{AppliesTo, DataClass, KeepWithin, Providers, ResidencyRule, model::ProviderRow};
use crate::inference::Caller;

impl Providers {
    /// Whether the caller's organisation lets this prompt go to this provider.
    ///
    /// # Errors
    /// `residency_local_only`, naming the rule.
    pub(super) fn check_residency(&self, caller: &Caller, provider: &ProviderRow) -> Result<()> {
        let known = self.known();
        let Some(rules) = known.rules.get(&caller.organisation) else {
            return Ok(());
        };
        let broken = rules
            .iter()
            .filter(|rule| applies(rule, caller))
            .find(|rule| !admits(rule.keep_within, provider.local_network));
        match broken {
            None => Ok(()),
            Some(rule) => {
                let message = format!(
                    "{} may not get this: {} ({}); choose a model within those bounds, or an administrator can change the rule",
                    provider.title,
                    sentence(rule),
                    rule.id
                );
                Err(Error::forbidden("residency_local_only", message))
            }
        }
    }
}

fn applies(rule: &ResidencyRule, caller: &Caller) -> bool {
    match rule.applies_to {
        AppliesTo::Organisation {} => true,
        AppliesTo::Ve { ve_id } => caller.ve == Some(ve_id),
        AppliesTo::DataClass { data_class } => caller.data_class >= data_class,
    }
}

fn admits(keep_within: KeepWithin, is_local_network: bool) -> bool {
    match keep_within {
        KeepWithin::Node => false,
        KeepWithin::LocalNetwork => is_local_network,
    }
}

fn sentence(rule: &ResidencyRule) -> String {
    let what = match rule.applies_to {
        AppliesTo::Organisation {} => "everything of the organisation".to_owned(),
        AppliesTo::Ve { .. } => "what this employee is told".to_owned(),
        AppliesTo::DataClass { data_class } => match data_class {
            DataClass::Public => "data of every class".to_owned(),
            DataClass::Internal => "internal and more secret data".to_owned(),
            DataClass::Confidential => "confidential and personal data".to_owned(),
            DataClass::Personal => "personal data".to_owned(),
        },
    };
    let bounds = match rule.keep_within {
        KeepWithin::Node => "on this node",
        KeepWithin::LocalNetwork => "on the local network",
    };
    format!("a residency rule keeps {what} {bounds}")
}
