//! Packs for other nodes, and whose packs are taken in here.

use std::{path::PathBuf, sync::Arc};

use guildhall_kernel::{Error, RequestId, Result};
use serde_json::json;

use super::{Inference, blocking, pack, signature::Publisher};
use crate::audit;

impl Inference {
    /// Writes a model with its hashes into one file, for another node.
    ///
    /// # Errors
    /// `unknown_model`, `model_built_in`, `file_exists`, `file_not_writable`; those of the disk.
    pub async fn pack(&self, name: &str, target: PathBuf) -> Result<PathBuf> {
        let slot = self.named(name)?;
        let row = slot.row();
        let path = slot.path().filter(|_| !row.built_in).ok_or_else(|| {
            let message = format!("{} ships with every node", row.title);
            Error::conflict("model_built_in", message)
        })?;
        let settings = Arc::clone(&self.0.settings);
        blocking(move || {
            let facts = (
                row.name.as_str(),
                row.title.as_str(),
                row.license.as_deref(),
            );
            pack::write(&target, &path, facts, &row.sha256, &settings.pack_keys)
        })
        .await
    }

    /// This node as a publisher of packs, and the publishers it trusts.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn publishers(&self) -> Result<Vec<Publisher>> {
        let keys = &self.0.settings.pack_keys;
        let own = std::iter::once(keys.own());
        Ok(own.chain(keys.publishers()?).collect())
    }

    /// Trusts a publisher's packs from now on, as the operator.
    ///
    /// # Errors
    /// `invalid_name`, `invalid_key`, `publisher_exists`; those of the disk.
    pub async fn trust_publisher(&self, name: &str, key: &str) -> Result<Publisher> {
        let publisher = self.0.settings.pack_keys.trust(name, key)?;
        let (clock, facts) = (
            Arc::clone(&self.0.settings.clock),
            json!({ "key": publisher.fingerprint }),
        );
        let subject = publisher.name.clone();
        let recorded = self.0.db.write(move |tx| {
            let what = ("model.publisher_trusted", subject.as_str());
            audit::record_operator(tx, clock.as_ref(), &RequestId::new(), what, facts)
        });
        recorded.await?;
        Ok(publisher)
    }
}
