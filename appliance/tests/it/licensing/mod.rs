//! Licences on a node: what they bound, how they are imported, and that nothing of them locks anybody out.

mod caps;
mod clock;
mod import;
mod lock_out;
mod online;
mod usage;
pub mod vendor;

use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

pub const DAY: i64 = 24 * 3600;

impl TestApp {
    /// Imports a file as the platform administrator.
    pub async fn import(&self, text: &str) -> Answer {
        self.admin()
            .post("/api/license/import", json!({ "text": text }))
            .await
    }

    /// `GET /api/license`.
    pub async fn license(&self) -> Value {
        let answer = self.admin().get("/api/license").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Goes on by whole days, as a node does that runs.
    pub async fn pass_days(&self, days: i64) {
        let mut left = days;
        while left > 0 {
            let step = left.min(60);
            self.clock.advance_seconds(step * DAY);
            guildhall::licensing::tick(&self.app, true).await;
            left -= step;
        }
    }

    /// Tries to hire one more employee.
    pub async fn try_hire(&self) -> Answer {
        self.admin()
            .post(
                "/api/marketplace/agents/invoice-clerk/hire",
                json!({ "model": "extractive" }),
            )
            .await
    }
}
