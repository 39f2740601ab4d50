//! What models are doing right now: memory, queues, speed.

use std::collections::BTreeMap;

use guildhall_kernel::{Ctx, ModelId, PersonId, Result, VeId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Inference, caller::Priority, import, memory, model::ModelState, queue::Waiter,
    schedule::ByPriority, slot::Slot,
};
use crate::identity;

/// What models are doing right now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ModelRuntime)]
pub struct Runtime {
    pub memory: MemoryBar,
    pub disk: DiskBar,
    /// Models that are in memory, on their way there, failed, or waited for.
    pub models: Vec<RunningModel>,
}

/// Memory of the machine as far as models are concerned, in bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MemoryBar {
    /// What the machine, or the node's control group, has.
    pub total_bytes: u64,
    /// What models may take together.
    pub budget_bytes: u64,
    /// What models take.
    pub used_bytes: u64,
    /// What models may still take: what is left of the budget, and of the machine.
    pub free_bytes: u64,
}

/// The disk that models lie on, in bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiskBar {
    pub free_bytes: u64,
    /// What model files take.
    pub used_bytes: u64,
}

/// What one model is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RunningModel {
    pub model_id: ModelId,
    pub name: String,
    pub title: String,
    pub state: ModelState,
    pub pinned: bool,
    /// Memory it takes, or will take once it is loaded.
    pub memory_bytes: u64,
    /// Conversations it computes at the same time at most.
    pub sequences: u32,
    /// Answers being written.
    pub running: u32,
    /// Tokens it remembers, and how many it can.
    pub cache_tokens_used: u32,
    pub cache_tokens: u32,
    /// Tokens written per second, measured over its last answer.
    #[schema(required)]
    pub tokens_per_second: Option<f64>,
    /// The system's number of its process; `null` while none runs.
    #[schema(required)]
    pub process_id: Option<u32>,
    /// Turns given since the node started.
    pub turns: ByPriority,
    /// Who waits, next one first.
    pub queue: Vec<Waiting>,
}

/// One who waits for a model.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WaitingRequest)]
pub struct Waiting {
    /// 1 is next.
    pub position: u32,
    /// Milliseconds until its turn; `null` while nothing was measured.
    #[schema(required)]
    pub estimate_ms: Option<u64>,
    pub waiting_ms: u64,
    /// Whether nobody watches it being written.
    pub background: bool,
    /// Who it is, when it is somebody of the caller's organisation.
    #[schema(required)]
    pub person: Option<String>,
    /// The employee that asks, within the caller's organisation.
    #[schema(required)]
    pub ve_id: Option<VeId>,
}

impl Inference {
    /// What models are doing right now. Who waits is named within the caller's organisation only.
    ///
    /// # Errors
    /// Those of the database and of the disk.
    pub async fn runtime(&self, ctx: &Ctx) -> Result<Runtime> {
        let slots = self.slots();
        let used_bytes = slots
            .iter()
            .filter_map(|slot| slot.status().memory_bytes)
            .fold(0, u64::saturating_add);
        let memory = memory::measure();
        let budget_bytes = self.0.settings.budget;
        let free = budget_bytes.saturating_sub(used_bytes);
        let mut models = Vec::new();
        for slot in &slots {
            let waiters = slot.queue.waiters();
            let is_quiet = waiters.is_empty() && slot.status().state == ModelState::Unloaded;
            if !is_quiet {
                let queue = self.waiting(ctx, waiters).await?;
                models.push(running(slot, queue));
            }
        }
        let on_disk = slots.iter().filter(|slot| slot.path().is_some());
        Ok(Runtime {
            memory: MemoryBar {
                total_bytes: memory.total,
                budget_bytes,
                used_bytes,
                free_bytes: free.min(memory.available),
            },
            disk: DiskBar {
                free_bytes: import::free_bytes(&self.0.settings.models)?,
                used_bytes: on_disk
                    .map(|slot| slot.row().size_bytes)
                    .fold(0, u64::saturating_add),
            },
            models,
        })
    }

    /// Turns given since the node started, and requests that wait, by the model's name.
    pub fn turns(&self) -> Vec<(String, ByPriority, ByPriority)> {
        let slots = self.slots().into_iter();
        let counted = slots.map(|slot| {
            let (turns, waiting) = slot.queue.turns_and_waiting();
            (slot.name.clone(), turns, waiting)
        });
        counted.collect()
    }

    async fn waiting(&self, ctx: &Ctx, waiters: Vec<Waiter>) -> Result<Vec<Waiting>> {
        let organisation = ctx.organisation;
        let is_mine = move |waiter: &Waiter| waiter.caller.organisation == organisation;
        let mine: Vec<PersonId> = waiters
            .iter()
            .filter(|waiter| is_mine(waiter))
            .map(|waiter| waiter.caller.person)
            .collect();
        let names = self.names(mine).await?;
        let shown = waiters.into_iter().map(|waiter| Waiting {
            position: waiter.position,
            estimate_ms: waiter.estimate_ms,
            waiting_ms: u64::try_from(waiter.waiting.as_millis()).unwrap_or(u64::MAX),
            background: waiter.caller.priority == Priority::Background,
            person: names
                .get(&waiter.caller.person)
                .filter(|_| is_mine(&waiter))
                .cloned(),
            ve_id: waiter.caller.ve.filter(|_| is_mine(&waiter)),
        });
        Ok(shown.collect())
    }

    async fn names(&self, people: Vec<PersonId>) -> Result<BTreeMap<PersonId, String>> {
        if people.is_empty() {
            return Ok(BTreeMap::new());
        }
        let read = self.0.db.read(move |reader| {
            let mut names = BTreeMap::new();
            for id in people {
                if let Some(person) = identity::find_person(reader, id)? {
                    names.insert(id, person.display_name);
                }
            }
            Ok(names)
        });
        read.await
    }
}

fn running(slot: &Slot, queue: Vec<Waiting>) -> RunningModel {
    let (row, status) = (slot.row(), slot.status());
    let engine = slot.running_now();
    let engine_status = engine.as_ref().map(|engine| engine.status());
    let cache_tokens = engine.as_ref().map(|engine| engine.loaded().cache_tokens);
    let (running, _) = slot.queue.counts();
    RunningModel {
        model_id: slot.id,
        name: row.name,
        title: row.title,
        state: status.state,
        pinned: row.pinned,
        memory_bytes: status.memory_bytes.unwrap_or(0),
        sequences: slot.queue.capacity().sequences,
        running: u32::try_from(running).unwrap_or(u32::MAX),
        cache_tokens_used: engine_status.map_or(0, |status| status.cache_tokens_used),
        cache_tokens: cache_tokens.unwrap_or(0),
        tokens_per_second: status.tokens_per_second,
        process_id: engine.and_then(|engine| engine.process_id()),
        turns: slot.queue.turns_and_waiting().0,
        queue,
    }
}
