//! Which sequence holds which tokens, and whose cells of the key-value cache they are.
//!
//! A sequence that ends keeps its tokens until somebody needs the cells. A new request takes the
//! longest beginning that any sequence has in common with it, also one that is being computed:
//! sequences share cells, copying costs nothing.
//!
//! Invariant: cells in use, and those that running requests may still need, never exceed the
//! cache; so a step never fails for want of a cell. Cells are counted here, each once, however
//! many sequences share it.

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::token::LlamaToken;

/// What llama.cpp does with sequences; a trait because the bookkeeping is tested without it.
pub(super) trait Memory {
    /// Lets sequence `to`, which is empty, share the first `length` tokens of `from`.
    fn share(&mut self, from: usize, to: usize, length: usize) -> bool;
    /// Forgets all but the first `length` tokens. `false` when the model cannot.
    fn cut(&mut self, sequence: usize, length: usize) -> bool;
}

impl Memory for LlamaContext<'_> {
    fn share(&mut self, from: usize, to: usize, length: usize) -> bool {
        let (Ok(from), Ok(to), Ok(length)) = (
            i32::try_from(from),
            i32::try_from(to),
            u32::try_from(length),
        ) else {
            return false;
        };
        self.copy_kv_cache_seq(from, to, Some(0), Some(length))
            .is_ok()
    }

    fn cut(&mut self, sequence: usize, length: usize) -> bool {
        let (Ok(sequence), Ok(length)) = (u32::try_from(sequence), u32::try_from(length)) else {
            return false;
        };
        let start = (length > 0).then_some(length);
        matches!(
            self.clear_kv_cache_seq(Some(sequence), start, None),
            Ok(true)
        )
    }
}

/// What a request needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need<'a> {
    /// Its prompt, at least one token.
    pub(super) prompt: &'a [LlamaToken],
    /// Cells that prompt and answer take at most.
    pub(super) cells: usize,
    /// The adapter it is computed with: what another one computed is of no use.
    pub(super) adapter: Option<usize>,
    /// Nothing computed earlier may be used.
    pub(super) fresh: bool,
}

#[derive(Debug, Default)]
struct Slot {
    tokens: Vec<LlamaToken>,
    /// The cell of each token.
    cells: Vec<usize>,
    adapter: Option<usize>,
    /// Cells that the running request may take at most; 0 for an idle sequence.
    reserved: usize,
    /// When it was used last.
    used_at: u64,
}

/// The sequences of a context.
#[derive(Debug)]
pub(super) struct Cache {
    slots: Vec<Slot>,
    /// How many sequences hold each cell.
    holders: Vec<u32>,
    free: Vec<usize>,
    clock: u64,
    /// Whether the model can forget the end of a sequence; recurrent models cannot.
    can_cut: bool,
}

impl Cache {
    pub(super) fn new(sequences: usize, cells: usize, can_cut: bool) -> Self {
        Self {
            slots: (0..sequences).map(|_| Slot::default()).collect(),
            holders: vec![0; cells],
            free: (0..cells).rev().collect(),
            clock: 0,
            can_cut,
        }
    }

    /// Cells in use.
    pub(super) fn used(&self) -> usize {
        self.holders.len() - self.free.len()
    }

    /// Tokens that a sequence holds.
    pub(super) fn tokens(&self, sequence: usize) -> &[LlamaToken] {
        self.slots
            .get(sequence)
            .map_or(&[], |slot| slot.tokens.as_slice())
    }

    /// Gives a request a sequence; returns it and how many tokens of the prompt it holds already,
    /// all but one at most. `None` when the cells do not suffice now.
    pub(super) fn take(
        &mut self,
        need: &Need<'_>,
        memory: &mut impl Memory,
    ) -> Option<(usize, usize)> {
        let source = if need.fresh {
            None
        } else {
            self.longest_common(need)
        };
        let common = source.map_or(0, |(_, common)| common);
        if !self.fits(need, source) {
            return None;
        }
        let target = self.target(source)?;
        match source {
            Some((from, _)) if from == target => self.shorten(target, common, memory),
            Some((from, _)) => {
                self.clear(target, memory);
                if memory.share(from, target, common) {
                    self.copy(from, target, common);
                }
            }
            None => self.clear(target, memory),
        }
        let common = self.tokens(target).len();
        self.clock += 1;
        let slot = self.slots.get_mut(target)?;
        slot.adapter = need.adapter;
        slot.reserved = need.cells.max(1);
        slot.used_at = self.clock;
        self.make_room(memory);
        Some((target, common))
    }

    /// Whether there is an idle sequence that holds anything, and no running one.
    pub(super) fn forget_idle(&mut self, memory: &mut impl Memory) {
        for sequence in 0..self.slots.len() {
            if self.is_idle(sequence) {
                self.clear(sequence, memory);
            }
        }
    }

    /// Takes note of tokens that were computed. `false` when there is no cell for them, which
    /// the invariant excludes.
    pub(super) fn append(&mut self, sequence: usize, tokens: &[LlamaToken]) -> bool {
        let Some(slot) = self.slots.get_mut(sequence) else {
            return false;
        };
        for token in tokens {
            let Some(cell) = self.free.pop() else {
                return false;
            };
            if let Some(holders) = self.holders.get_mut(cell) {
                *holders = 1;
            }
            slot.tokens.push(*token);
            slot.cells.push(cell);
        }
        true
    }

    /// Keeps the first `length` tokens of a sequence, or none when the model cannot.
    pub(super) fn shorten(&mut self, sequence: usize, length: usize, memory: &mut impl Memory) {
        let held = self.tokens(sequence).len();
        if length >= held {
            return;
        }
        let length = if length > 0 && memory.cut(sequence, length) {
            length
        } else {
            memory.cut(sequence, 0);
            0
        };
        let Some(slot) = self.slots.get_mut(sequence) else {
            return;
        };
        slot.tokens.truncate(length);
        for cell in slot.cells.drain(length..) {
            let Some(holders) = self.holders.get_mut(cell) else {
                continue;
            };
            *holders = holders.saturating_sub(1);
            if *holders == 0 {
                self.free.push(cell);
            }
        }
    }

    /// Empties a sequence.
    pub(super) fn clear(&mut self, sequence: usize, memory: &mut impl Memory) {
        if self.tokens(sequence).is_empty() {
            return;
        }
        self.shorten(sequence, 0, memory);
    }

    /// A request has ended; its tokens stay for the next one.
    pub(super) fn release(&mut self, sequence: usize) {
        self.clock += 1;
        let clock = self.clock;
        if let Some(slot) = self.slots.get_mut(sequence) {
            slot.reserved = 0;
            slot.used_at = clock;
        }
    }

    fn is_idle(&self, sequence: usize) -> bool {
        self.slots
            .get(sequence)
            .is_some_and(|slot| slot.reserved == 0)
    }

    /// The sequence with the longest usable beginning, and its length. Idle ones win a tie.
    fn longest_common(&self, need: &Need<'_>) -> Option<(usize, usize)> {
        let usable = |slot: &Slot| {
            if slot.adapter != need.adapter {
                return 0;
            }
            let pairs = slot.tokens.iter().zip(need.prompt);
            let common = pairs.take_while(|(held, wanted)| held == wanted).count();
            if self.can_cut {
                common.min(need.prompt.len().saturating_sub(1))
            } else if common == slot.tokens.len() && common < need.prompt.len() {
                common
            } else {
                0
            }
        };
        self.slots
            .iter()
            .enumerate()
            .map(|(place, slot)| (place, usable(slot), slot.reserved == 0))
            .filter(|(_, common, _)| *common > 0)
            .max_by_key(|(_, common, idle)| (*common, *idle))
            .map(|(place, common, _)| (place, common))
    }

    /// The sequence to compute in: the source itself when it is idle and little of it would be
    /// lost, otherwise the idle one that was used least recently, empty ones first.
    fn target(&self, source: Option<(usize, usize)>) -> Option<usize> {
        if let Some((from, common)) = source
            && self.is_idle(from)
            && common * 2 >= self.tokens(from).len()
        {
            return Some(from);
        }
        let idle = (0..self.slots.len()).filter(|sequence| self.is_idle(*sequence));
        let from = source.map(|(from, _)| from);
        idle.min_by_key(|sequence| {
            let slot = self.slots.get(*sequence);
            let is_source = from == Some(*sequence);
            let used_at = slot.map_or(0, |slot| slot.used_at);
            let is_empty = slot.is_some_and(|slot| slot.tokens.is_empty());
            (is_source, !is_empty, used_at)
        })
    }

    /// Whether the request has room when everything idle is forgotten.
    fn fits(&self, need: &Need<'_>, source: Option<(usize, usize)>) -> bool {
        let mut kept = vec![false; self.holders.len()];
        let mut keep = |cells: &[usize]| {
            for cell in cells {
                if let Some(kept) = kept.get_mut(*cell) {
                    *kept = true;
                }
            }
        };
        let mut promised = need.cells;
        for slot in self.slots.iter().filter(|slot| slot.reserved > 0) {
            keep(&slot.cells);
            promised += slot.reserved.saturating_sub(slot.tokens.len());
        }
        if let Some((from, common)) = source {
            let cells = self
                .slots
                .get(from)
                .and_then(|slot| slot.cells.get(..common));
            keep(cells.unwrap_or_default());
            promised = promised.saturating_sub(common);
        }
        kept.iter().filter(|kept| **kept).count() + promised <= self.holders.len()
    }

    /// Forgets idle sequences, least recently used first, until every promise can be kept.
    fn make_room(&mut self, memory: &mut impl Memory) {
        loop {
            let running = self.slots.iter().filter(|slot| slot.reserved > 0);
            let promised: usize = running
                .map(|slot| slot.reserved.saturating_sub(slot.tokens.len()))
                .sum();
            if promised <= self.free.len() {
                return;
            }
            let oldest = (0..self.slots.len())
                .filter(|sequence| self.is_idle(*sequence) && !self.tokens(*sequence).is_empty())
                .min_by_key(|sequence| self.slots.get(*sequence).map(|slot| slot.used_at));
            let Some(oldest) = oldest else {
                return;
            };
            self.clear(oldest, memory);
        }
    }

    fn copy(&mut self, from: usize, to: usize, length: usize) {
        let Some(source) = self.slots.get(from) else {
            return;
        };
        let tokens = source.tokens.get(..length).unwrap_or_default().to_vec();
        let cells = source.cells.get(..length).unwrap_or_default().to_vec();
        for cell in &cells {
            if let Some(holders) = self.holders.get_mut(*cell) {
                *holders += 1;
            }
        }
        if let Some(target) = self.slots.get_mut(to) {
            target.tokens = tokens;
            target.cells = cells;
        }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
