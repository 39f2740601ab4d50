//! Keeping up with what a directory says of the people who came from it.

use std::{collections::HashMap, time::Duration};

use guildhall_directory::{Entry, People, list_people};
use guildhall_kernel::{Ctx, DirectoryId, Error, RequestId, Result};
use serde_json::json;

use super::{
    model::{DirectoryRow, LastRefresh, RefreshState},
    reach, store,
    take_over::{Counts, Known, Round, known, said_of, take_over},
};
use crate::{
    app::App,
    audit,
    egress::Origin,
    events::{Audience, Event},
    identity,
};

const TICK: Duration = Duration::from_secs(30);
/// People read of a directory at most.
const PEOPLE_MAX: usize = 100_000;
/// From so many known people on, a directory that holds none of them any more is not believed.
const NOBODY_LEFT_MIN: usize = 5;
/// How long the removal of a directory waits for a refresh that is going on: five seconds.
const PATIENCE_TRIES: u32 = 100;
const PATIENCE_PAUSE: Duration = Duration::from_millis(50);

/// Refreshes every enabled directory when it is time to, until the node stops.
pub fn start(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = forget_interrupted(&app).await {
            tracing::warn!(error = %error.chain(), "interrupted refreshes of directories were not told");
        }
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let shutdown = app.shutdown.clone();
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = refresh_due(&app).await {
                tracing::warn!(error = %error.chain(), "directories were not refreshed");
            }
        }
    });
}

/// A refresh that was going on when the node stopped goes on no more.
async fn forget_interrupted(app: &App) -> Result<()> {
    let now = app.clock.now();
    let written = app.db.write(move |tx| {
        for row in store::list(tx)? {
            let is_running = row
                .last_refresh
                .is_some_and(|last| last.state == RefreshState::Running);
            if is_running {
                let state = LastRefresh {
                    at: now,
                    state: RefreshState::Failed,
                    message: Some("the node was stopped in the middle of it".to_owned()),
                    people: None,
                };
                store::end_refresh(tx, row.id, &state)?;
            }
        }
        Ok(())
    });
    written.await
}

async fn refresh_due(app: &App) -> Result<()> {
    let now = app.clock.now();
    for row in app.db.read(store::list).await? {
        let pause = i64::from(row.refresh_minutes).saturating_mul(60);
        let is_due = row
            .refreshed_at
            .is_none_or(|at| at.plus_seconds(pause) <= now);
        if row.enabled
            && is_due
            && let Ok(held) = hold(app, row.id)
        {
            Box::pin(refresh(app, &row, held)).await;
        }
    }
    Ok(())
}

/// Keeps others from refreshing or removing a directory at the same time, until it is dropped.
pub(super) struct Held {
    app: App,
    id: DirectoryId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.app.directories.refreshing().remove(&self.id);
    }
}

/// # Errors
/// `directory_refreshing`.
pub(super) fn hold(app: &App, id: DirectoryId) -> Result<Held> {
    if !app.directories.refreshing().insert(id) {
        let message = "the directory is being refreshed right now; wait until that is done";
        return Err(Error::conflict("directory_refreshing", message));
    }
    Ok(Held {
        app: app.clone(),
        id,
    })
}

/// The same, but waits a moment for a refresh that is going on.
///
/// # Errors
/// `directory_refreshing`.
pub(super) async fn hold_patiently(app: &App, id: DirectoryId) -> Result<Held> {
    for _ in 0..PATIENCE_TRIES {
        if let Ok(held) = hold(app, id) {
            return Ok(held);
        }
        tokio::time::sleep(PATIENCE_PAUSE).await;
    }
    hold(app, id)
}

/// Begins a refresh now and says that it goes on.
///
/// # Errors
/// `not_found`, `directory_refreshing`.
pub(super) async fn begin(app: &App, ctx: &Ctx, id: DirectoryId) -> Result<LastRefresh> {
    let row = app.db.read(move |reader| store::read(reader, id)).await?;
    let held = hold(app, id)?;
    let (state, caller) = (running(app), ctx.clone());
    let (begun, events) = (state.clone(), app.events.clone());
    let written = app.db.write(move |tx| {
        store::begin_refresh(tx, id, &begun)?;
        audit::record(tx, &caller, "directory.refresh_begun", id)?;
        events.publish_after(tx, Audience::Node, Event::DirectoriesChanged {});
        Ok(())
    });
    written.await?;
    let app = app.clone();
    tokio::spawn(async move {
        Box::pin(refresh(&app, &row, held)).await;
    });
    Ok(state)
}

fn running(app: &App) -> LastRefresh {
    LastRefresh {
        at: app.clock.now(),
        state: RefreshState::Running,
        message: None,
        people: None,
    }
}

/// One refresh from beginning to end; what goes wrong is told where the directory is shown.
async fn refresh(app: &App, row: &DirectoryRow, held: Held) {
    let outcome = async {
        let (id, state) = (row.id, running(app));
        let noted = app.db.write(move |tx| store::begin_refresh(tx, id, &state));
        noted.await?;
        bring_up_to_date(app, row).await
    };
    let outcome = Box::pin(outcome).await.unwrap_or_else(|error| {
        tracing::warn!(directory.id = %row.id, error = %error.chain(), "a directory was not refreshed");
        Outcome::nothing(RefreshState::Failed, error.message())
    });
    if let Err(error) = note_end(app, row, outcome).await {
        tracing::warn!(directory.id = %row.id, error = %error.chain(), "how a refresh went was not written down");
    }
    drop(held);
}

/// What a refresh came to.
struct Outcome {
    state: RefreshState,
    message: Option<String>,
    people: Option<u64>,
    counts: Counts,
}

impl Outcome {
    fn nothing(state: RefreshState, message: &str) -> Self {
        Self {
            state,
            message: Some(message.to_owned()),
            people: None,
            counts: Counts::default(),
        }
    }
}

async fn note_end(app: &App, row: &DirectoryRow, outcome: Outcome) -> Result<()> {
    let state = LastRefresh {
        at: app.clock.now(),
        state: outcome.state,
        message: outcome.message,
        people: outcome.people,
    };
    let changes_something = outcome.counts.granted + outcome.counts.withdrawn > 0;
    let facts = json!({
        "granted": outcome.counts.granted,
        "withdrawn": outcome.counts.withdrawn,
        "refused": outcome.counts.refused,
    });
    let (id, clock, events) = (row.id, app.clock.clone(), app.events.clone());
    let written = app.db.write(move |tx| {
        store::end_refresh(tx, id, &state)?;
        if changes_something {
            let subject = id.to_string();
            let what = ("directory.refreshed", subject.as_str());
            audit::record_node(tx, clock.as_ref(), &RequestId::new(), what, facts)?;
        }
        events.publish_after(tx, Audience::Node, Event::DirectoriesChanged {});
        Ok(())
    });
    written.await
}

async fn bring_up_to_date(app: &App, row: &DirectoryRow) -> Result<Outcome> {
    if !row.settings.has_account() && row.settings.bind_dn.is_some() {
        let message = "people log in under their own names only, so nobody can be asked about; enter a service account";
        return Ok(Outcome::nothing(RefreshState::Skipped, message));
    }
    let directory = reach::kept(app, row, Origin::default()).await?;
    let people = list_people(&directory, &row.wanted_groups(), PEOPLE_MAX).await?;
    let known = known(app, row).await?;
    if let Some(doubt) = doubt(&people, &known) {
        tracing::warn!(directory.id = %row.id, "{doubt}");
        return Ok(Outcome::nothing(RefreshState::Doubtful, &doubt));
    }
    let count = people.entries.len();
    let by_subject: HashMap<&str, &Entry> = people
        .entries
        .iter()
        .map(|entry| (entry.subject.as_str(), entry))
        .collect();
    let source = row.source();
    let refused = app
        .db
        .read(move |reader| identity::refused_subjects(reader, &source));
    let mut round = Round {
        counts: Counts::default(),
        refused: refused.await?,
    };
    for (subject, person) in known {
        let entry = by_subject.get(subject.as_str()).copied();
        let said = said_of(app, row, entry, (subject, person)).await;
        let applied = match said {
            Ok(identity) => take_over(app, identity, &mut round).await,
            Err(error) => Err(error),
        };
        if let Err(error) = applied {
            round.counts.refused += 1;
            tracing::warn!(person.id = %person, error = %error.chain(), "what a directory says of a person was not taken over");
        }
    }
    let counts = round.counts;
    Ok(Outcome {
        state: RefreshState::Ok,
        message: summary(&counts),
        people: u64::try_from(count).ok(),
        counts,
    })
}

fn summary(counts: &Counts) -> Option<String> {
    let parts = [
        (counts.granted, "got another role or organisation"),
        (counts.withdrawn, "lost access to an organisation"),
        (counts.refused, "could not be taken over, see the list"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Why an answer is not believed, if so: a mistake there or in the settings must not end everybody's work.
fn doubt(people: &People, known: &Known) -> Option<String> {
    if people.truncated {
        let message = "the directory gave only a part of its people or groups, so nothing was changed; raise its size limit for the service account";
        return Some(message.to_owned());
    }
    if known.is_empty() {
        return None;
    }
    if people.entries.is_empty() {
        let message = "the directory answered with nobody, so nothing was changed; check the base DN, the user filter and what the service account may read";
        return Some(message.to_owned());
    }
    let is_there = |subject: &str| people.entries.iter().any(|entry| entry.subject == subject);
    if known.len() >= NOBODY_LEFT_MIN && !known.iter().any(|(subject, _)| is_there(subject)) {
        return Some(format!(
            "none of the {} people who came from the directory is in it any more, so nothing was changed; check the base DN and the attribute that identifies people",
            known.len()
        ));
    }
    None
}
