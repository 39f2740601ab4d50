//! Commands on limits of use.

use guildhall_kernel::{Ctx, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::execute::to_json;
use crate::{
    app::App,
    inference::{Limits, QuotaScope},
};

/// One command on limits of use, within an organisation (the only or first one when not named).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum QuotasOperation {
    /// The organisation's limits.
    List { organisation: Option<String> },
    /// Set a limit; without a subject it is the organisation's own.
    Set {
        organisation: Option<String>,
        scope: QuotaScope,
        subject: Option<String>,
        limits: Limits,
    },
    /// Remove a limit.
    Remove {
        organisation: Option<String>,
        scope: QuotaScope,
        subject: Option<String>,
    },
}

impl QuotasOperation {
    pub(super) fn organisation(&self) -> Option<&str> {
        match self {
            Self::List { organisation }
            | Self::Set { organisation, .. }
            | Self::Remove { organisation, .. } => organisation.as_deref(),
        }
    }
}

pub(super) async fn execute(app: &App, ctx: &Ctx, operation: QuotasOperation) -> Result<Value> {
    let of = |scope, subject: Option<String>| {
        let subject = subject.unwrap_or_else(|| ctx.organisation.to_string());
        (None, scope, subject)
    };
    match operation {
        QuotasOperation::List { .. } => {
            let items = app.inference.list_quotas(ctx, None)?;
            Ok(json!({ "items": items, "next_cursor": null }))
        }
        QuotasOperation::Set {
            scope,
            subject,
            limits,
            ..
        } => {
            let set = app.inference.set_quota(ctx, of(scope, subject), limits);
            to_json(set.await?)
        }
        QuotasOperation::Remove { scope, subject, .. } => {
            app.inference.remove_quota(ctx, of(scope, subject)).await?;
            Ok(json!({ "removed": scope }))
        }
    }
}
