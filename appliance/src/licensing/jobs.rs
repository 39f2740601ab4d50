//! What happens by itself: the clock is watched, the folder looked at, states are told, days counted, reports made.

use std::{sync::Arc, time::Duration};

use guildhall_kernel::{Result, Timestamp};
use serde_json::json;

use super::{Actor, Licensing, online, store, verdict::Current, view};
use crate::{
    app::App,
    events::{Audience, Event},
};

const TICK: Duration = Duration::from_secs(60);
/// Every so many ticks the marks are written and the day is counted, also when nothing happened.
const SLOW_TICKS: u64 = 10;
/// Days before an end at which it is told.
const TOLD_DAYS: [i64; 4] = [1, 7, 14, 30];
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Starts what happens by itself, until the node stops.
pub fn start(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut number: u64 = 0;
        while app
            .shutdown
            .run_until_cancelled(ticks.tick())
            .await
            .is_some()
        {
            tick(&app, number.is_multiple_of(SLOW_TICKS)).await;
            if number.is_multiple_of(SLOW_TICKS) {
                online::contact_when_due(&app).await;
            }
            number += 1;
        }
    });
}

/// One round; `slow` does what need not happen every minute. Nothing in it stops the node.
pub async fn tick(app: &App, slow: bool) {
    let licensing = &app.licensing;
    let mut is_changed = licensing.scan().await;
    let current = licensing.look_again();
    is_changed |= logged(
        "telling the state of the licence",
        licensing.tell(&current).await,
    )
    .unwrap_or(false);
    if slow {
        logged("counting the day's use", licensing.count_day().await);
        logged("making usage reports", licensing.make_daily_reports().await);
    }
    licensing.remember(slow).await;
    if is_changed {
        app.events.publish(Audience::Node, Event::LicenseChanged {});
    }
}

fn logged<T>(what: &str, outcome: Result<T>) -> Option<T> {
    outcome
        .inspect_err(
            |error| tracing::warn!(error = %error.chain(), "{what} failed and is tried again"),
        )
        .ok()
}

impl Licensing {
    /// Tells a new state, an end that comes near and a clock that is wrong: once each. Says whether anything was told.
    async fn tell(&self, current: &Current) -> Result<bool> {
        let state = current.node.verdict.state.name();
        let anomalies = current.time.marks.anomalies;
        let (before, news, told_anomalies) = {
            let known = self.known();
            let memory = &known.watch.memory;
            let end = view::next_end(current, memory.first_start);
            let near = end.and_then(|end| Some((end, days_told(current.time.now, end)?)));
            let is_nearer = |(end, days): &(Timestamp, i64)| {
                memory
                    .told_days
                    .is_none_or(|(told_end, told)| told_end != *end || *days < told)
            };
            let news = near.filter(is_nearer);
            (memory.told_state.clone(), news, memory.told_anomalies)
        };
        let is_other = before.as_deref() != Some(state);
        let is_wrong = anomalies > told_anomalies;
        if !is_other && news.is_none() && !is_wrong {
            return Ok(false);
        }
        let (now, since, anomaly) = (
            current.time.now,
            current.node.verdict.since,
            current.time.anomaly,
        );
        let actor = Actor::Node(Arc::clone(&self.0.clock));
        let written = self.0.db.write(move |tx| {
            if is_other {
                let details = json!({ "from": before, "to": state, "since": since });
                store::insert_event(tx, now, "state_changed", &details)?;
                actor.record(tx, "license.state_changed", state, details)?;
            }
            if let Some((end, days)) = news {
                let details = json!({ "state": state, "end": end, "days": days });
                store::insert_event(tx, now, "notice", &details)?;
            }
            if is_wrong {
                let details = json!({ "anomaly": anomaly, "total": anomalies });
                store::insert_event(tx, now, "clock_anomaly", &details)?;
                actor.record(tx, "license.clock_anomaly", "node", details)?;
            }
            Ok(())
        });
        written.await?;
        tracing::info!(license.state = state, "the state of the licence was told");
        let mut known = self.known();
        let memory = &mut known.watch.memory;
        memory.told_state = Some(state.to_owned());
        memory.told_days = news.or(memory.told_days);
        memory.told_anomalies = anomalies;
        known.watch.touch();
        Ok(true)
    }

    /// Writes what is remembered of time in both places, when there is something new or `always`.
    pub(crate) async fn remember(&self, always: bool) {
        let memory = {
            let mut known = self.known();
            if !known.watch.take_dirty() && !always {
                return;
            }
            known.watch.memory.clone()
        };
        let (folder, copy) = (self.0.folder.clone(), memory.clone());
        let in_file = tokio::task::spawn_blocking(move || folder.write_memory(&copy)).await;
        let at = self.0.clock.now();
        let in_database = self
            .0
            .db
            .write(move |tx| store::save_memory(tx, &memory, at))
            .await;
        let failed = |error: &guildhall_kernel::Error| {
            tracing::warn!(error = %error.chain(), "the marks of the clock were not written in both places");
        };
        if let Ok(Err(error)) = &in_file {
            failed(error);
        }
        if let Err(error) = &in_database {
            failed(error);
        }
        if in_database.is_err() {
            self.known().watch.touch();
        }
    }
}

/// The number of days to tell before `end`: the smallest that is not over yet.
fn days_told(now: Timestamp, end: Timestamp) -> Option<i64> {
    let left = end.as_millis().saturating_sub(now.as_millis());
    TOLD_DAYS.into_iter().find(|days| left <= days * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_at_four_times() {
        let at = |days: i64| Timestamp::from_millis(days * DAY_MS);
        assert_eq!(days_told(at(0), at(31)), None);
        assert_eq!(days_told(at(1), at(31)), Some(30));
        assert_eq!(days_told(at(17), at(31)), Some(14));
        assert_eq!(days_told(at(24), at(31)), Some(7));
        assert_eq!(days_told(at(30), at(31)), Some(1));
        assert_eq!(days_told(at(32), at(31)), Some(1));
    }
}
