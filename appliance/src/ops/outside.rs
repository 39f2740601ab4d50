//! What commands do about what lies outside the node.

use guildhall_kernel::{Ctx, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{app::App, egress::EgressMode, identity, oauth};

/// A command about what lies outside the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "outside", rename_all = "snake_case")]
pub enum OutsideOperation {
    /// How far outgoing connections may go, and what was called.
    ShowEgress,
    /// Turn the switch of outgoing connections.
    SetEgress { mode: EgressMode },
    /// Every provider of models.
    ListProviders,
    /// Make a new key-encryption key and seal every secret anew.
    RotateSecrets,
    /// Sign applications' tokens with a new key.
    RotateTokenKey,
}

pub(super) async fn execute(app: &App, ctx: &Ctx, operation: OutsideOperation) -> Result<Value> {
    match operation {
        OutsideOperation::ShowEgress => Ok(serde_json::to_value(
            app.egress.view(identity::display_name).await?,
        )?),
        OutsideOperation::SetEgress { mode } => {
            app.egress.set_mode(ctx, mode).await?;
            Ok(serde_json::to_value(
                app.egress.view(identity::display_name).await?,
            )?)
        }
        OutsideOperation::ListProviders => {
            let providers = app.inference.providers().list().await?;
            Ok(json!({ "items": providers, "next_cursor": null }))
        }
        OutsideOperation::RotateSecrets => {
            Ok(json!({ "resealed": app.secrets.rotate(ctx).await? }))
        }
        OutsideOperation::RotateTokenKey => {
            oauth::rotate_key(app, ctx).await?;
            Ok(json!({ "rotated": true }))
        }
    }
}
