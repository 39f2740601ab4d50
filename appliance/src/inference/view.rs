//! Models as shown.

use std::sync::Arc;

use guildhall_kernel::{Ctx, ModelId, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Inference, ModelUser, inspect,
    model::{Model, ModelKind, ModelRow, ModelState, Verdict},
    slot::Slot,
    users::ModelUsers,
};

/// Employees named in the list of those who use a model.
const USERS_SHOWN: u32 = 100;
/// A model smaller than this fits into a processor's caches and says nothing of others' speed.
const TELLING_BYTES: u64 = 200_000_000;

/// Who uses a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UsedBy {
    /// Active employees on the node that have chosen it by name.
    pub employees: u32,
    /// Those of the caller's own organisation, at most 100.
    pub mine: Vec<ModelUser>,
    /// Names that lead to it.
    pub aliases: Vec<String>,
}

impl Inference {
    /// How many models are in memory.
    pub fn ready_count(&self) -> u32 {
        let ready = self
            .slots()
            .iter()
            .filter(|slot| slot.status().state == ModelState::Ready)
            .count();
        u32::try_from(ready).unwrap_or(u32::MAX)
    }

    /// Every model as shown.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Model>> {
        let slots = self.slots();
        for slot in &slots {
            // A file that cannot be read has no verdict; loading it says why.
            let _ = slot.learn_needs().await;
        }
        let names: Vec<String> = slots.iter().map(|slot| slot.name.clone()).collect();
        let ModelUsers { count, .. } = self.0.users;
        let counts = self.0.db.read(move |reader| {
            let counts = names.iter().map(|name| count(reader, name));
            counts.collect::<Result<Vec<u32>>>()
        });
        let shown = slots.iter().zip(counts.await?);
        Ok(shown
            .map(|(slot, used_by)| self.shown(slot, used_by))
            .collect())
    }

    pub(super) async fn view(&self, slot: &Arc<Slot>) -> Result<Model> {
        let _ = slot.learn_needs().await;
        let (name, count) = (slot.name.clone(), self.0.users.count);
        let used_by = self.0.db.read(move |reader| count(reader, &name)).await?;
        Ok(self.shown(slot, used_by))
    }

    /// Who uses a model, by name within the caller's organisation.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn used_by(&self, ctx: &Ctx, id: ModelId) -> Result<UsedBy> {
        let slot = self.slot_of(id)?;
        let (users, organisation, name) = (self.0.users, ctx.organisation, slot.name.clone());
        let read = self.0.db.read(move |reader| {
            let mine = (users.list)(reader, organisation, &name, USERS_SHOWN)?;
            Ok(((users.count)(reader, &name)?, mine))
        });
        let (employees, mine) = read.await?;
        Ok(UsedBy {
            employees,
            mine,
            aliases: self.aliases_of(id),
        })
    }

    fn aliases_of(&self, id: ModelId) -> Vec<String> {
        let aliases = self.list_aliases().into_iter();
        let leads_here = |alias: &String| self.alias(alias).is_some_and(|slot| slot.id == id);
        aliases
            .map(|alias| alias.alias)
            .filter(leads_here)
            .collect()
    }

    fn shown(&self, slot: &Slot, used_by: u32) -> Model {
        let (row, status) = (slot.row(), slot.status());
        let (running, waiting) = slot.queue.counts();
        let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Model {
            verdict: self.verdict(slot, &row),
            aliases: self.aliases_of(row.id),
            needs_acceptance: !row.is_accepted(),
            id: row.id,
            name: row.name,
            title: row.title,
            kind: row.kind,
            built_in: row.built_in,
            architecture: row.architecture,
            quantisation: row.quantisation,
            parameters: row.parameters,
            context_length: row.context_length,
            size_bytes: row.size_bytes,
            sha256: row.sha256,
            licence: row.license,
            state: status.state,
            state_detail: status.detail,
            memory_bytes: status.memory_bytes,
            loaded_at: status.loaded_at,
            tokens_per_second: status.tokens_per_second,
            used_by,
            suitable_for_auto: row.suitable_for_auto,
            imported_at: row.imported_at,
            error: status.error,
            pinned: row.pinned,
            has_chat_template: row.has_chat_template,
            has_tool_template: status.has_tool_template.unwrap_or(row.has_tool_template),
            licence_accepted_at: row.acceptance.map(|acceptance| acceptance.at),
            speed: row.probe,
            base_model: row.base_model,
            running: small(running),
            waiting: small(waiting),
            notes: status.notes,
        }
    }

    fn verdict(&self, slot: &Slot, row: &ModelRow) -> Option<Verdict> {
        if row.kind == ModelKind::Adapter {
            return None;
        }
        let needs = slot.needs().ok()?;
        let measured = row.probe.map(|probe| probe.decode_tokens_per_second);
        let speed = measured.or_else(|| self.expected_speed(needs.weights));
        let settings = &self.0.settings;
        let of = (row.kind, &needs);
        Some(inspect::verdict(of, &settings.wish, settings.budget, speed))
    }

    /// Tokens per second that a model with so many bytes of weights may write here. Writing is bound by
    /// reading the weights once per token, so bytes per second measured with another model carry over;
    /// nothing while none of a telling size was measured.
    pub(super) fn expected_speed(&self, weights: u64) -> Option<f64> {
        if weights < TELLING_BYTES {
            return None;
        }
        let measured = self.slots().into_iter().filter_map(|slot| {
            let (row, needs) = (slot.row(), slot.needs().ok()?);
            let speed = row.probe?.decode_tokens_per_second;
            (needs.weights >= TELLING_BYTES).then_some(speed * needs.weights as f64)
        });
        let bytes_per_second = measured.reduce(f64::max)?;
        Some(bytes_per_second / weights as f64)
    }
}
