//! The terms of a licence as they are asked for: by a plan, by a request file, by options. Later ones take the place of earlier ones.

use std::collections::BTreeMap;

use clap::Args;
use guildhall_kernel::Timestamp;
use guildhall_license::{
    Binding, BindingMode, Customer, Entitlement, Environment, ExpiryBehavior, LeaseTerms, License,
    LicenseKind, Overage, OveragePolicy, Refusal, ReportTerms, Unlimited,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Result,
    dates::{self, Moment},
};

/// What may be said of a licence. In TOML the names are these, in the command line `--customer-id` and so on.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Terms {
    /// The vendor's id of the customer.
    #[arg(long, value_name = "ID")]
    customer_id: Option<String>,
    /// The customer's name.
    #[arg(long, value_name = "NAME")]
    customer_name: Option<String>,
    /// The vendor's name for the agreement.
    #[arg(long, value_name = "REFERENCE")]
    contract_ref: Option<String>,
    /// trial, subscription, perpetual, nfr or internal.
    #[arg(long, value_parser = word::<LicenseKind>, value_name = "KIND")]
    kind: Option<LicenseKind>,
    /// production or nonproduction.
    #[arg(long, value_parser = word::<Environment>, value_name = "ENVIRONMENT")]
    environment: Option<Environment>,
    /// What is licensed.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// The product's edition.
    #[arg(long, value_name = "NAME")]
    edition: Option<String>,
    /// When it begins to count; at once, when left out.
    #[arg(long, value_name = "DATE")]
    pub(crate) not_before: Option<Moment>,
    /// Days from its beginning to its end.
    #[arg(long, value_name = "DAYS", conflicts_with = "term_end")]
    pub(crate) term_days: Option<u32>,
    /// When it ends.
    #[arg(long, value_name = "DATE")]
    pub(crate) term_end: Option<Moment>,
    /// Days after the end in which everything still works.
    #[arg(long, value_name = "DAYS")]
    grace_days: Option<u32>,
    /// Until when upgrades are included.
    #[arg(long, value_name = "DATE")]
    maintenance_end: Option<Moment>,
    /// install_key, site or none.
    #[arg(long, value_parser = word::<BindingMode>, value_name = "MODE")]
    binding: Option<BindingMode>,
    /// Fingerprint of the one node's install key, for the binding `install_key`.
    #[arg(long, value_name = "SHA256")]
    install_key_fp: Option<String>,
    /// Nodes that may be active at the same time.
    #[arg(long, value_name = "NUMBER")]
    max_installs: Option<u32>,
    /// Whether a node must fetch leases.
    #[arg(long, value_name = "true|false")]
    lease_required: Option<bool>,
    /// The longest time that a lease is given for.
    #[arg(long, value_name = "DAYS")]
    lease_max_days: Option<u32>,
    /// Days after the import in which no lease is needed yet.
    #[arg(long, value_name = "DAYS")]
    lease_first_use_days: Option<u32>,
    /// People who may have an account (`seats.named`).
    #[arg(long, value_name = "NUMBER")]
    seats: Option<u64>,
    /// Employees that may be hired (`agents.max`).
    #[arg(long, value_name = "NUMBER")]
    agents: Option<u64>,
    /// A feature that is granted, such as `sso`; `*` is all of them. Give it again for more.
    #[arg(long = "feature", value_name = "NAME")]
    features: Vec<String>,
    /// Anything else that is granted: `models=a,b`, `feature.bus=false`, `storage.gb=500`, `agents.max=unlimited`.
    #[arg(long = "entitlement", value_name = "NAME=VALUE", value_parser = entitlement)]
    #[serde(skip)]
    more: Vec<(String, Entitlement)>,
    #[arg(skip)]
    entitlements: BTreeMap<String, Entitlement>,
    /// What happens above the numbers: none, pct or always.
    #[arg(long, value_parser = word::<OveragePolicy>, value_name = "POLICY")]
    overage: Option<OveragePolicy>,
    /// How much more, in percent, for the policy `pct`.
    #[arg(long, value_name = "PERCENT")]
    overage_pct: Option<u32>,
    /// Whether overage is charged with the next report.
    #[arg(long, value_name = "true|false")]
    true_up: Option<bool>,
    /// What follows the grace days: warn, restrict_new or read_only.
    #[arg(long, value_parser = word::<ExpiryBehavior>, value_name = "BEHAVIOR")]
    expiry_behavior: Option<ExpiryBehavior>,
    /// Ask for usage reports, so often.
    #[arg(long, value_name = "DAYS")]
    report_every_days: Option<u32>,
    /// The oldest revocation list that may stand beside it without a warning.
    #[arg(long, value_name = "VERSION")]
    min_crl_version: Option<u64>,
    /// A field that a node must understand to take the licence. Give it again for more.
    #[arg(long, value_name = "FIELD")]
    crit: Vec<String>,
}

/// A licence before anything was said of it.
pub(crate) fn blank(license_id: String, issued_at: Timestamp) -> License {
    License {
        license_id,
        serial: 1,
        supersedes: Vec::new(),
        customer: Customer {
            id: String::new(),
            name: String::new(),
        },
        contract_ref: None,
        kind: LicenseKind::Subscription,
        environment: Environment::Production,
        product: "guildhall".to_owned(),
        edition: String::new(),
        issued_at,
        not_before: issued_at,
        term_end: None,
        grace_days: 14,
        maintenance_end: None,
        binding: Binding {
            mode: BindingMode::None,
            install_key_fp: None,
            max_installs: 1,
        },
        lease: LeaseTerms {
            required: false,
            max_days: 0,
            first_use_days: 0,
        },
        entitlements: guildhall_license::Entitlements::default(),
        overage: Overage {
            policy: OveragePolicy::None,
            pct: 0,
            true_up: false,
        },
        expiry_behavior: ExpiryBehavior::RestrictNew,
        report: ReportTerms {
            required: false,
            every_days: 0,
        },
        min_crl_version: 0,
        crit: Vec::new(),
    }
}

impl Terms {
    /// Writes what is said here over what `license` says. The end of the term follows from its beginning, so set that first.
    pub(crate) fn apply(&self, license: &mut License) {
        set(&mut license.customer.id, self.customer_id.as_ref());
        set(&mut license.customer.name, self.customer_name.as_ref());
        if self.contract_ref.is_some() {
            license.contract_ref.clone_from(&self.contract_ref);
        }
        set(&mut license.kind, self.kind.as_ref());
        set(&mut license.environment, self.environment.as_ref());
        set(&mut license.product, self.product.as_ref());
        set(&mut license.edition, self.edition.as_ref());
        set(&mut license.grace_days, self.grace_days.as_ref());
        set(&mut license.expiry_behavior, self.expiry_behavior.as_ref());
        set(&mut license.min_crl_version, self.min_crl_version.as_ref());
        self.apply_times(license);
        self.apply_use(license);
        self.apply_entitlements(license);
        license.crit.extend(self.crit.iter().cloned());
    }

    fn apply_times(&self, license: &mut License) {
        set(
            &mut license.not_before,
            self.not_before.map(|moment| moment.0).as_ref(),
        );
        if let Some(moment) = self.maintenance_end {
            license.maintenance_end = Some(moment.0);
        }
        if let Some(days) = self.term_days {
            license.term_end = Some(dates::days_after(license.not_before, days));
        }
        if let Some(moment) = self.term_end {
            license.term_end = Some(moment.0);
        }
    }

    fn apply_use(&self, license: &mut License) {
        set(&mut license.binding.mode, self.binding.as_ref());
        set(
            &mut license.binding.max_installs,
            self.max_installs.as_ref(),
        );
        if let Some(fingerprint) = &self.install_key_fp {
            license.binding.install_key_fp = Some(fingerprint.to_lowercase());
        }
        set(&mut license.lease.required, self.lease_required.as_ref());
        set(&mut license.lease.max_days, self.lease_max_days.as_ref());
        set(
            &mut license.lease.first_use_days,
            self.lease_first_use_days.as_ref(),
        );
        set(&mut license.overage.policy, self.overage.as_ref());
        set(&mut license.overage.pct, self.overage_pct.as_ref());
        set(&mut license.overage.true_up, self.true_up.as_ref());
        if let Some(every_days) = self.report_every_days {
            license.report = ReportTerms {
                required: every_days > 0,
                every_days,
            };
        }
    }

    fn apply_entitlements(&self, license: &mut License) {
        let granted = &mut license.entitlements.0;
        granted.extend(self.entitlements.clone());
        granted.extend(
            self.seats
                .map(|seats| ("seats.named".to_owned(), Entitlement::Limit(seats))),
        );
        granted.extend(
            self.agents
                .map(|agents| ("agents.max".to_owned(), Entitlement::Limit(agents))),
        );
        let features = self.features.iter();
        granted.extend(features.map(|name| (format!("feature.{name}"), Entitlement::Flag(true))));
        granted.extend(self.more.iter().cloned());
    }
}

/// What a licence must say before it is signed.
///
/// # Errors
/// `terms_incomplete`, `terms_contradict`.
pub(crate) fn check(license: &License) -> Result<()> {
    let missing = |what: &str| {
        let message = format!(
            "the licence says nothing about {what}; give it as an option, in the request or in the plan"
        );
        Err(Refusal::new("terms_incomplete", message))
    };
    let contradiction = |why: &str| {
        Err(Refusal::new(
            "terms_contradict",
            format!("the licence contradicts itself: {why}"),
        ))
    };
    if license.customer.id.is_empty() || license.customer.name.is_empty() {
        return missing("its customer (customer_id, customer_name)");
    }
    if license.edition.is_empty() {
        return missing("the edition");
    }
    if license.entitlements.0.is_empty() {
        return missing("what it grants (features, seats, agents)");
    }
    match (license.kind, license.term_end) {
        (LicenseKind::Perpetual, _) => {}
        (_, None) => {
            return missing("its end (term_days or term_end; only a perpetual licence has none)");
        }
        (_, Some(end)) if end <= license.not_before => {
            return contradiction("it ends before it begins");
        }
        (_, Some(_)) => {}
    }
    let is_bound = license.binding.mode == BindingMode::InstallKey;
    if is_bound != license.binding.install_key_fp.is_some() {
        return contradiction("the binding `install_key` and install_key_fp go together");
    }
    if license.lease.required && license.lease.max_days == 0 {
        return missing("how long a lease may be (lease_max_days)");
    }
    if (license.overage.policy == OveragePolicy::Pct) != (license.overage.pct > 0) {
        return contradiction("the overage `pct` and overage_pct go together");
    }
    Ok(())
}

fn set<T: Clone>(field: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

/// Reads a word as it stands in the artefacts.
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| error.to_string())
}

fn entitlement(text: &str) -> std::result::Result<(String, Entitlement), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .ok_or("write NAME=VALUE")?;
    let value = match value {
        "true" => Entitlement::Flag(true),
        "false" => Entitlement::Flag(false),
        "unlimited" => Entitlement::Unlimited(Unlimited::Unlimited),
        value => value
            .parse()
            .map(Entitlement::Limit)
            .unwrap_or_else(|_| Entitlement::List(value.split(',').map(str::to_owned).collect())),
    };
    Ok((name.to_owned(), value))
}
