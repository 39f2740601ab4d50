//! Computing one step: its batch, the tokens that follow from it, and what to do when it fails.

use guildhall_engine_protocol::{EngineMessage, Failure, FinishReason};
use llama_cpp_2::token::LlamaToken;

use super::cache::Memory;
use super::inference_failed;
use super::run::Outcome;
use super::schedule::Scheduler;
use super::step::Share;
use crate::logging;

impl Scheduler<'_> {
    pub(super) fn compute(&mut self, shares: &mut [Share]) -> Result<(), Failure> {
        let adapter = shares
            .first()
            .and_then(|share| self.runs.get(share.run))
            .and_then(|run| run.adapter);
        self.use_adapter(adapter)?;
        self.batch.clear();
        for share in shares.iter() {
            let Some(run) = self.runs.get(share.run) else {
                continue;
            };
            let sequence = i32::try_from(run.sequence).unwrap_or(0);
            let ends_reading = share.held + share.tokens.len() == run.prompt.len();
            for (index, token) in share.tokens.iter().enumerate() {
                let position = i32::try_from(share.held + index).unwrap_or(i32::MAX);
                let is_last = index + 1 == share.tokens.len();
                let wanted = share.writes || (is_last && ends_reading);
                self.batch
                    .add(*token, position, &[sequence], wanted)
                    .map_err(inference_failed)?;
            }
        }
        let _ = logging::take_first_error();
        self.parts
            .context
            .decode(&mut self.batch)
            .map_err(inference_failed)
    }

    fn use_adapter(&mut self, adapter: Option<usize>) -> Result<(), Failure> {
        if self.adapter == adapter {
            return Ok(());
        }
        let context = &mut self.parts.context;
        let wanted = adapter.and_then(|place| self.parts.adapters.get_mut(place));
        match wanted {
            Some(wanted) => context
                .lora_adapter_set(wanted, 1.0)
                .map_err(inference_failed)?,
            None => {
                // Takes any of them and removes all.
                if let Some(any) = self.parts.adapters.first_mut() {
                    context.lora_adapter_remove(any).map_err(inference_failed)?;
                }
            }
        }
        self.adapter = adapter;
        Ok(())
    }

    /// Takes note of what was computed and picks the tokens that follow from it.
    pub(super) fn advance(&mut self, share: &Share) -> Result<Option<FinishReason>, Failure> {
        let Some(run) = self.runs.get_mut(share.run) else {
            return Ok(None);
        };
        if !self.cache.append(run.sequence, &share.tokens) {
            return Err(inference_failed("the key-value cache is full"));
        }
        let held = share.held + share.tokens.len();
        if !share.writes {
            if run.save_at == Some(held) {
                run.save_at = None;
                if let Some(store) = &self.parts.store {
                    let tokens = self.cache.tokens(run.sequence);
                    store.save(&self.parts.context, run.sequence, tokens, run.adapter);
                }
            }
            if held < run.prompt.len() {
                return Ok(None);
            }
        }
        // When reading, the last token's scores count; when writing, those of every token whose
        // predecessors were guessed rightly.
        let first = if share.writes {
            0
        } else {
            share.tokens.len() - 1
        };
        let mut used = first;
        let mut outcome = Outcome::Continue;
        let mut token = LlamaToken::new(0);
        while used < share.tokens.len() {
            let index = i32::try_from(share.place + used).unwrap_or(i32::MAX);
            let logits = self.parts.context.get_logits_ith(index);
            let picked = run.picker.pick(logits, &mut self.candidates)?;
            used += 1;
            token = picked.token;
            outcome = run.take(
                &picked,
                share.held + used,
                &self.parts.language,
                &mut self.parcel,
            )?;
            let guessed = share.tokens.get(used) == Some(&token);
            if outcome != Outcome::Continue || !guessed {
                break;
            }
        }
        if share.writes {
            run.lookup.observe(share.tokens.len() - 1, used - 1);
        }
        let kept = share.held + used;
        self.cache
            .shorten(run.sequence, kept, &mut self.parts.context);
        match outcome {
            Outcome::Continue => run.next = Some(token),
            Outcome::End(reason) => return Ok(Some(reason)),
            Outcome::Shift => {
                let keep = run.shift(self.cache.tokens(run.sequence), token);
                self.cache
                    .shorten(run.sequence, keep, &mut self.parts.context);
            }
        }
        Ok(None)
    }

    /// After a step that failed: everything is as before it, and each of its requests is
    /// computed alone once, so that only the one at fault fails.
    pub(super) fn recover(&mut self, shares: &[Share], failure: Failure) {
        for share in shares {
            let Some(run) = self.runs.get_mut(share.run) else {
                continue;
            };
            if self.parts.context.cut(run.sequence, share.held) {
                continue;
            }
            // The model cannot forget a part: it reads everything again.
            let held = self.cache.tokens(run.sequence);
            if let Some(next) = run.next.take() {
                run.prompt = [held, &[next]].concat();
            }
            self.cache.clear(run.sequence, &mut self.parts.context);
        }
        if let [only] = shares {
            let run = self.remove(only.run);
            self.parcel.add(&EngineMessage::RequestFailed {
                request_id: run.request_id,
                failure,
            });
            return;
        }
        tracing::warn!(
            code = failure.code,
            "a common step failed: {}",
            failure.message
        );
        let ids = shares.iter().filter_map(|share| self.runs.get(share.run));
        self.alone = ids.map(|run| run.request_id).collect();
    }
}
