//! Commands on licences. They work before there is an organisation, too.

use std::sync::Arc;

use guildhall_kernel::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::execute::to_json;
use crate::{
    app::App,
    licensing::{self, Actor},
};

/// One command on licences.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum LicenseOperation {
    /// Import a licence, lease, revocation list or keyring.
    Import { text: String },
    /// What the node may do, and why.
    Show,
    /// Make a request for a lease.
    Request { license_id: Option<String> },
    /// Usage reports as a file.
    ExportUsage { from: Option<u64> },
    /// What an export would hold.
    PreviewUsage,
}

pub(super) async fn execute(app: &App, operation: LicenseOperation) -> Result<Value> {
    let operator = || Actor::Operator(Arc::clone(&app.clock));
    match operation {
        LicenseOperation::Import { text } => {
            to_json(licensing::import(app, operator(), text.as_bytes()).await?)
        }
        LicenseOperation::Show => to_json(licensing::status(app).await?),
        LicenseOperation::Request { license_id } => {
            to_json(licensing::make_request(app, operator(), license_id.as_deref()).await?)
        }
        LicenseOperation::ExportUsage { from } => {
            to_json(licensing::export_usage(app, operator(), from).await?)
        }
        LicenseOperation::PreviewUsage => to_json(licensing::read_usage(app).await?),
    }
}
