//! Satisfaction by agent and model.

use std::collections::BTreeMap;

use guildhall_kernel::{AgentId, Ctx, Error, Page, PageRequest, Result, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Verdict,
    model::{median, wilson_interval},
    store::{self, Counted},
};
use crate::app::App;

/// How many ratings one report looks back on.
const RATINGS_MAX: u32 = 50_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Longest period of a report.
pub(super) const DAYS_MAX: u32 = 366;

/// Satisfaction with one agent on one model.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct RatingResult {
    /// `null` for answers of the playground.
    #[schema(required)]
    agent: Option<RatedAgent>,
    model: String,
    /// Thumbs given.
    ratings: u32,
    up: u32,
    /// Share of thumbs up, 0 to 1; `null` without thumbs.
    #[schema(required)]
    up_share: Option<f64>,
    /// Bounds of the true share at 95 % confidence (Wilson's score interval).
    up_share_low: f64,
    up_share_high: f64,
    /// Comparisons it stood in, and won.
    compared: u32,
    best: u32,
    /// Median over the judged answers, in milliseconds.
    #[schema(required)]
    first_token_ms: Option<f64>,
    /// Median over the judged answers.
    #[schema(required)]
    tokens_per_second: Option<f64>,
    /// How many thumbs come with a reason.
    reasons: u32,
}

/// The agent of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RatedAgent {
    id: AgentId,
    /// Its address in the marketplace; `null` when it is no longer there.
    #[schema(required)]
    slug: Option<String>,
    name: String,
}

/// Satisfaction by agent and model over a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct RatingResults {
    items: Vec<RatingResult>,
    since: Timestamp,
    /// False when there are more ratings than one report looks back on: the newest are counted.
    complete: bool,
}

/// Why somebody gave a thumb. Who it was is not said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct RatingReason {
    verdict: Verdict,
    reason: String,
    rated_at: Timestamp,
}

#[derive(Default)]
struct Group {
    ratings: u32,
    up: u32,
    compared: u32,
    best: u32,
    reasons: u32,
    first_token_ms: Vec<f64>,
    tokens_per_second: Vec<f64>,
}

impl Group {
    fn add(&mut self, row: &Counted) {
        self.ratings += u32::from(row.verdict.is_some());
        self.up += u32::from(row.verdict == Some(Verdict::Up));
        self.compared += u32::from(row.compared);
        self.best += u32::from(row.best);
        self.reasons += u32::from(row.has_reason);
        self.first_token_ms
            .extend(row.first_token_ms.map(f64::from));
        self.tokens_per_second.extend(row.tokens_per_second);
    }

    fn finish(self, agent: Option<RatedAgent>, model: String) -> RatingResult {
        let (up_share_low, up_share_high) = wilson_interval(self.up, self.ratings);
        RatingResult {
            agent,
            model,
            ratings: self.ratings,
            up: self.up,
            up_share: (self.ratings > 0).then(|| f64::from(self.up) / f64::from(self.ratings)),
            up_share_low,
            up_share_high,
            compared: self.compared,
            best: self.best,
            first_token_ms: median(self.first_token_ms),
            tokens_per_second: median(self.tokens_per_second),
            reasons: self.reasons,
        }
    }
}

/// What the organisation thought of its answers in the last `days`, most judged first.
pub(super) async fn results(app: &App, ctx: &Ctx, days: u32) -> Result<RatingResults> {
    if days == 0 || days > DAYS_MAX {
        let message = format!("`days` is a number from 1 to {DAYS_MAX}");
        return Err(Error::invalid_field("days", "invalid_period", message));
    }
    let organisation = ctx.organisation;
    let since = ctx.now().plus_seconds(-i64::from(days) * SECONDS_PER_DAY);
    let read = app.db.read(move |reader| {
        store::list_counted(reader, organisation, since, RATINGS_MAX.saturating_add(1))
    });
    let mut rows = read.await?;
    let most = usize::try_from(RATINGS_MAX).unwrap_or(usize::MAX);
    let complete = rows.len() <= most;
    rows.truncate(most);
    let mut groups: BTreeMap<(Option<AgentId>, String), Group> = BTreeMap::new();
    for row in &rows {
        let group = groups.entry((row.agent, row.model.clone())).or_default();
        group.add(row);
    }
    let mut items = Vec::with_capacity(groups.len());
    for ((agent, model), group) in groups {
        items.push(group.finish(named(app, agent).await?, model));
    }
    items.sort_by_key(|item| std::cmp::Reverse((item.ratings, item.compared)));
    Ok(RatingResults {
        items,
        since,
        complete,
    })
}

async fn named(app: &App, agent: Option<AgentId>) -> Result<Option<RatedAgent>> {
    let Some(id) = agent else {
        return Ok(None);
    };
    let listing = app.catalog.listing(&app.db, id).await?;
    Ok(Some(RatedAgent {
        id,
        slug: listing
            .as_ref()
            .map(|listing| listing.manifest.slug.clone()),
        name: listing.map_or_else(|| id.to_string(), |listing| listing.manifest.name.clone()),
    }))
}

/// One page of the reasons given for an agent on a model, newest first.
pub(super) async fn reasons(
    app: &App,
    ctx: &Ctx,
    (agent, model): (Option<AgentId>, String),
    page: &PageRequest,
) -> Result<Page<RatingReason>> {
    let (organisation, limit) = (ctx.organisation, page.limit());
    let before = page.after()?.as_deref().map(read_position).transpose()?;
    let read = app.db.read(move |reader| {
        store::list_reasons(reader, (organisation, agent, &model), before, limit + 1)
    });
    let position =
        |last: &store::Reason| format!("{}:{}", last.rated_at.as_millis(), last.answer_id);
    let page = Page::cut(read.await?, limit, position);
    Ok(page.map(|row| RatingReason {
        verdict: row.verdict,
        reason: row.reason,
        rated_at: row.rated_at,
    }))
}

fn read_position(text: &str) -> Result<(Timestamp, String)> {
    let parsed = text
        .split_once(':')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    let (millis, id) = parsed
        .ok_or_else(|| Error::invalid("invalid_cursor", "the cursor is not one this list gave"))?;
    Ok((Timestamp::from_millis(millis), id))
}
