//! Models in and out of memory: loaded when somebody needs them, within the budget, least recently used
//! ones first out.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use guildhall_engine_protocol::gguf::bytes_text;
use guildhall_kernel::{Ctx, Error, ModelId, Result};

use super::{
    Inference, Registry,
    engine::Engine,
    memory,
    model::{Model, ModelKind, ModelState},
    needs::{Needs, Plan},
    probe,
    slot::Slot,
    store,
};
use crate::{
    audit,
    idempotency::{done_before, once},
};

/// How often idle models are unloaded and abandoned uploads are looked for.
const ROUNDS: Duration = Duration::from_secs(10);

impl Inference {
    /// The model's engine, loaded first if need be. Loading goes on when the caller gives up.
    ///
    /// # Errors
    /// What the engine says of the model; `license_not_accepted`, `model_too_large`, `memory_full`;
    /// `model_restarting` while a crashed one waits.
    pub(super) async fn ready(&self, slot: &Arc<Slot>) -> Result<Arc<Engine>> {
        if let Some(engine) = slot.running().await {
            return Ok(engine);
        }
        check_runnable(slot)?;
        slot.wait_after_failure().await?;
        let (inference, slot) = (self.clone(), Arc::clone(slot));
        let starting = tokio::spawn(async move { inference.start(slot).await });
        starting
            .await
            .map_err(|error| Error::internal("starting an engine stopped").with_source(error))?
    }

    async fn start(&self, slot: Arc<Slot>) -> Result<Arc<Engine>> {
        let plan = match self.make_room(&slot).await {
            Ok(plan) => plan,
            Err(error) => {
                // A model that is only out of room is not broken: it stays as it was.
                if error.code() != "memory_full" {
                    slot.note_failed(&error);
                }
                return Err(error);
            }
        };
        let engine = Arc::clone(&slot)
            .start(plan, self.adapters_of(&slot))
            .await?;
        if slot.kind() == ModelKind::Generative && slot.row().probe.is_none() {
            tokio::spawn(probe::run(self.clone(), slot));
        }
        Ok(engine)
    }

    /// Decides how the model runs, unloading idle ones until it can, and keeps the memory for it.
    async fn make_room(&self, slot: &Arc<Slot>) -> Result<Plan> {
        let _one_at_a_time = self.0.room.lock().await;
        let (needs, wish) = (slot.learn_needs().await?, &self.0.settings.wish);
        let least = needs.least(wish);
        if least.bytes > self.0.settings.budget {
            return Err(self.too_large(slot, least.bytes));
        }
        let worthwhile = needs.worthwhile(wish);
        while self.free_for(slot) < worthwhile.bytes {
            let Some(victim) = self.least_recently_used(slot) else {
                break;
            };
            tracing::info!(
                model.name = victim.name,
                "model unloaded to make room for {}",
                slot.name
            );
            victim.unload().await;
        }
        let plan = needs.best(wish, self.free_for(slot));
        let plan = plan.ok_or_else(|| self.full(slot, &needs))?;
        let is_reserved = matches!(slot.status().state, ModelState::Ready | ModelState::Loading);
        if !is_reserved {
            slot.change(|status| status.begin_loading(plan.bytes));
        }
        Ok(plan)
    }

    /// Bytes that a model may take now: what the others leave of the budget, and what the machine has.
    fn free_for(&self, slot: &Slot) -> u64 {
        let others = self.slots().into_iter().filter(|other| other.id != slot.id);
        let used: u64 = others
            .filter_map(|other| other.status().memory_bytes)
            .fold(0, u64::saturating_add);
        let budget = self.0.settings.budget.saturating_sub(used);
        budget.min(memory::measure().available)
    }

    fn least_recently_used(&self, wanted: &Slot) -> Option<Arc<Slot>> {
        self.slots()
            .into_iter()
            .filter(|slot| slot.id != wanted.id && !slot.row().pinned && slot.is_idle())
            .min_by_key(|slot| slot.status().used_at)
    }

    fn too_large(&self, slot: &Slot, bytes: u64) -> Error {
        let message = format!(
            "{} needs {} of memory and models may take {} here; pick a smaller quantisation or raise \
             `engine.memory_budget_mb`",
            slot.row().title,
            bytes_text(bytes),
            bytes_text(self.0.settings.budget)
        );
        Error::conflict("model_too_large", message)
    }

    fn full(&self, slot: &Slot, needs: &Needs) -> Error {
        let loaded = self
            .slots()
            .into_iter()
            .filter(|other| other.id != slot.id && other.status().memory_bytes.is_some());
        let names: Vec<String> = loaded.map(|other| other.row().title).collect();
        let holders = if names.is_empty() {
            "other programs on this machine hold the rest".to_owned()
        } else {
            format!("{} are in use or pinned", names.join(", "))
        };
        let message = format!(
            "{} needs {} of memory and {} is free; {holders}; try again when they are idle",
            slot.row().title,
            bytes_text(needs.least(&self.0.settings.wish).bytes),
            bytes_text(self.free_for(slot))
        );
        Error::unavailable("memory_full", message, 30)
    }

    /// Starts loading a model in the background.
    ///
    /// # Errors
    /// `not_found`, `license_not_accepted`.
    pub async fn load(&self, ctx: &Ctx, id: ModelId) -> Result<Model> {
        let slot = self.slot_of(id)?;
        check_runnable(&slot)?;
        if !self.record(ctx, "model.load", id).await? {
            return self.view(&slot).await;
        }
        // Asked for by hand: an earlier failure does not count.
        if slot.status().state == ModelState::Failed {
            slot.unload().await;
        }
        let (inference, loading) = (self.clone(), Arc::clone(&slot));
        // A failure shows as the model's state.
        tokio::spawn(async move { inference.ready(&loading).await.is_ok() });
        tokio::task::yield_now().await;
        self.view(&slot).await
    }

    /// Takes a model out of memory.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn unload(&self, ctx: &Ctx, id: ModelId) -> Result<Model> {
        let slot = self.slot_of(id)?;
        if self.record(ctx, "model.unload", id).await? {
            slot.unload().await;
        }
        self.view(&slot).await
    }

    /// Writes down what is about to be done; `false` when this very request did it before.
    async fn record(&self, ctx: &Ctx, action: &'static str, id: ModelId) -> Result<bool> {
        if done_before::<()>(&self.0.db, ctx).await?.is_some() {
            return Ok(false);
        }
        let caller = ctx.clone();
        let written = self
            .0
            .db
            .write(move |tx| once(tx, &caller, || audit::record(tx, &caller, action, id)));
        written.await?;
        Ok(true)
    }

    /// Stops every engine.
    pub async fn shutdown(&self) {
        let ending = self.slots().into_iter().map(|slot| async move {
            slot.unload().await;
        });
        futures::future::join_all(ending).await;
    }

    /// Stores how fast a model is here.
    pub(super) async fn note_probe(&self, slot: &Slot, probe: super::Probe) -> Result<()> {
        let id = slot.id;
        let stored = self.0.db.write(move |tx| {
            let Some(mut row) = store::find(tx, id)? else {
                return Ok(None);
            };
            row.probe = Some(probe);
            store::save(tx, &row)?;
            Ok(Some(row))
        });
        if let Some(row) = stored.await? {
            slot.change(|status| {
                status.tokens_per_second = Some(probe.decode_tokens_per_second);
            });
            slot.set_row(row);
        }
        Ok(())
    }
}

/// Refuses a model that may not run.
fn check_runnable(slot: &Slot) -> Result<()> {
    let row = slot.row();
    if row.kind == ModelKind::Adapter {
        let message = format!(
            "{} is an adapter, which runs inside the model it belongs to; load that one",
            row.title
        );
        return Err(Error::conflict("adapter_alone", message));
    }
    if !row.is_accepted() {
        let licence = row
            .license
            .as_deref()
            .unwrap_or("a licence its file does not name");
        let message = format!(
            "{} comes under {licence}, which nobody has accepted yet; an administrator can under Models",
            row.title
        );
        return Err(Error::conflict("license_not_accepted", message));
    }
    Ok(())
}

/// What is done every now and then, for as long as the node runs.
pub(super) async fn make_rounds(registry: Weak<Registry>, idle_unload_s: u32) {
    let idle = Duration::from_secs(u64::from(idle_unload_s));
    loop {
        tokio::time::sleep(ROUNDS).await;
        let Some(registry) = registry.upgrade() else {
            return;
        };
        let inference = Inference(registry);
        for slot in inference.slots() {
            slot.unload_if_idle(idle).await;
            inference.keep_pinned(&slot);
        }
        if let Err(error) = inference.clean_uploads().await {
            tracing::warn!(error = %error.chain(), "abandoned uploads were not cleaned up");
        }
    }
}

impl Inference {
    /// Starts a pinned model again that was running and died. One that was unloaded by hand stays out.
    fn keep_pinned(&self, slot: &Arc<Slot>) {
        let status = slot.status();
        let died = status.state == ModelState::Failed && !status.is_down();
        if died && slot.row().pinned {
            let (inference, slot) = (self.clone(), Arc::clone(slot));
            tokio::spawn(async move { inference.ready(&slot).await.is_ok() });
        }
    }
}
