//! Model files read again, to find what changed on the disk.

use guildhall_kernel::{Ctx, ModelId, Result};
use serde_json::json;

use super::{
    Inference, blocking, import::Source, model::Verified, registry::By, sentence_model, slot::Slot,
};

impl Inference {
    /// Reads every model file again and compares its hash.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn verify(&self) -> Result<Vec<Verified>> {
        let mut results = Vec::new();
        for slot in self.slots() {
            results.push(self.verify_slot(&slot).await?);
        }
        Ok(results)
    }

    /// Reads one model's file again and compares its hash.
    ///
    /// # Errors
    /// `not_found`; those of the disk.
    pub async fn verify_one(&self, ctx: &Ctx, id: ModelId) -> Result<Verified> {
        let slot = self.slot_of(id)?;
        let verified = self.verify_slot(&slot).await?;
        let facts = json!({ "result": verified.result });
        let recorded = self.recorder(By::Person(ctx), "model.verified", id, facts);
        self.0.db.write(recorded).await?;
        Ok(verified)
    }

    async fn verify_slot(&self, slot: &Slot) -> Result<Verified> {
        let weights = slot.path().map(|path| match path.is_dir() {
            true => path.join(sentence_model::WEIGHTS),
            false => path,
        });
        let result = match weights {
            None => "carried by the engine",
            Some(path) if !path.is_file() => "missing",
            Some(path) => {
                let sha256 = blocking(move || Source::file(&path)?.hash()).await?;
                if sha256 == slot.row().sha256 {
                    "ok"
                } else {
                    "changed"
                }
            }
        };
        Ok(Verified {
            name: slot.name.clone(),
            result,
        })
    }
}
