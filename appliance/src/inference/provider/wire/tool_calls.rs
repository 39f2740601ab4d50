//! Tool calls whose parts come in pieces.

use std::collections::BTreeMap;

use guildhall_engine_protocol::ToolCall;
use guildhall_kernel::Result;
use serde_json::Value;

use super::{Piece, failure::garbled};

/// Calls in one answer.
const CALLS_MAX: usize = 128;
/// Bytes of one call's arguments.
const ARGUMENTS_BYTES_MAX: usize = 1 << 20;

/// The calls of one answer, by their place in it.
#[derive(Default)]
pub(super) struct ToolCalls {
    open: BTreeMap<u64, ToolCall>,
    /// How many are complete.
    pub(super) complete: u32,
}

impl ToolCalls {
    /// Adds to the call at `index`: the first id and name count, arguments are joined.
    pub(super) fn add(
        &mut self,
        index: u64,
        (id, name): (Option<&str>, Option<&str>),
        arguments: &str,
    ) -> Result<()> {
        if self.open.len() >= CALLS_MAX && !self.open.contains_key(&index) {
            return Err(garbled("called more than 128 tools at once"));
        }
        let call = self.open.entry(index).or_insert_with(|| ToolCall {
            id: String::new(),
            name: String::new(),
            arguments: String::new(),
        });
        if let Some(id) = id.filter(|_| call.id.is_empty()) {
            id.clone_into(&mut call.id);
        }
        if let Some(name) = name.filter(|_| call.name.is_empty()) {
            name.clone_into(&mut call.name);
        }
        if call.arguments.len() + arguments.len() > ARGUMENTS_BYTES_MAX {
            return Err(garbled("called a tool with more than 1 MB of arguments"));
        }
        call.arguments.push_str(arguments);
        Ok(())
    }

    /// Whether the call at `index` is of this tool.
    pub(super) fn is_of(&self, index: u64, name: &str) -> bool {
        self.open.get(&index).is_some_and(|call| call.name == name)
    }

    /// Drops the call at `index`.
    pub(super) fn forget(&mut self, index: u64) {
        self.open.remove(&index);
    }

    /// Ends the call at `index`, when there is one.
    pub(super) fn close(&mut self, index: u64, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some(mut call) = self.open.remove(&index) else {
            return Ok(());
        };
        if call.name.is_empty() {
            return Err(garbled("called a tool without naming it"));
        }
        if call.arguments.trim().is_empty() {
            call.arguments = "{}".to_owned();
        }
        if !serde_json::from_str::<Value>(&call.arguments).is_ok_and(|value| value.is_object()) {
            return Err(garbled(
                "called a tool with arguments that are no JSON object",
            ));
        }
        if call.id.is_empty() {
            call.id = format!("call_{}", self.complete);
        }
        self.complete += 1;
        pieces.push(Piece::ToolCall(call));
        Ok(())
    }

    /// Ends every call.
    pub(super) fn close_all(&mut self, pieces: &mut Vec<Piece>) -> Result<()> {
        let open: Vec<u64> = self.open.keys().copied().collect();
        open.into_iter()
            .try_for_each(|index| self.close(index, pieces))
    }
}
