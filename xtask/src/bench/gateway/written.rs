//! What the node wrote down: calls that are answered and not written yet are work that is still to be done, and
//! calls that are never written would make any rate worthless.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use super::{
    super::client::{Connection, request},
    PATIENCE,
};
use crate::Result;

/// How often the node is asked, which is also how exact the time is.
const EVERY: Duration = Duration::from_millis(25);

/// Counts the rows of a node's calls.
pub(super) struct Written {
    address: SocketAddr,
    request: Vec<u8>,
}

impl Written {
    pub(super) fn new(address: SocketAddr, key: &str) -> Self {
        Self {
            address,
            request: request("GET", "/metrics", key, None),
        }
    }

    /// Rows written so far.
    pub(super) fn rows(&self) -> Result<u64> {
        let answer = Connection::open(self.address, PATIENCE)?.send(&self.request)?;
        if answer.status != 200 {
            return Err(format!("`/metrics` answered {}", answer.status).into());
        }
        let text = String::from_utf8_lossy(&answer.body);
        let rows = text
            .lines()
            .filter(|line| line.starts_with("guildhall_model_calls_total{"))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        Ok(rows.sum())
    }

    /// Waits until `rows` are written.
    ///
    /// # Errors
    /// When they are not within [`PATIENCE`]: then some are lost.
    pub(super) fn wait_for(&self, rows: u64) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let written = self.rows()?;
            if written >= rows {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(format!("of {rows} calls {written} were written down").into());
            }
            thread::sleep(EVERY);
        }
    }
}
