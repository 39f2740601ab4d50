//! What the start page shows, in one answer.

use axum::extract::State;
use guildhall_kernel::{Ctx, PageRequest, Result, Timestamp};
use guildhall_web::{Auth, HttpResult, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    billing,
    chat::{self, Conversation},
    identity::{self, perm},
    team::{self, Ve, VeState},
};

const RECENT: u32 = 6;
const DAY_SECONDS: i64 = 86_400;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(overview))
}

/// A conversation with who it is with.
#[derive(Serialize, ToSchema)]
struct OverviewConversation {
    #[serde(flatten)]
    conversation: Conversation,
    ve: Ve,
}

/// Sums over the organisation's employees.
#[derive(Serialize, ToSchema)]
struct OverviewTotals {
    employees: u64,
    conversations: u64,
    messages: u64,
    /// Words and tokens written.
    output_tokens: u64,
    /// Words quoted from sources.
    words_quoted: u64,
}

/// The last 24 hours.
#[derive(Serialize, ToSchema)]
struct OverviewToday {
    /// Questions asked.
    messages: u64,
    /// Answers given.
    answers: u64,
}

/// First steps and whether they are done.
#[derive(Serialize, ToSchema)]
struct Checklist {
    model_imported: bool,
    people_added: bool,
    hired: bool,
    chatted: bool,
}

/// What the start page shows.
#[derive(Serialize, ToSchema)]
struct Overview {
    /// The employees, last hired first, at most 100.
    employees: Vec<Ve>,
    /// The caller's own conversations, last used first.
    recent: Vec<OverviewConversation>,
    totals: OverviewTotals,
    today: OverviewToday,
    checklist: Checklist,
    /// Whether a generative model that answers by default is there.
    generative_model: bool,
}

/// What the start page shows.
#[utoipa::path(get, path = "/api/overview", tag = "overview", responses((status = 200, body = Overview)))]
async fn overview(
    Auth { ctx, .. }: Auth<perm::TeamRead>,
    State(app): State<App>,
) -> HttpResult<Json<Overview>> {
    let everyone = PageRequest {
        cursor: None,
        limit: Some(100),
    };
    let employees = team::list(&app, &ctx, Some(VeState::Active), &everyone)
        .await?
        .items;
    let employees = team::views(&app, employees).await?;
    let recent = chat::recent_conversations(&app, &ctx, RECENT).await?;
    let recent = with_employees(&app, &ctx, recent, &employees).await?;
    let yesterday = ctx.now().plus_seconds(-DAY_SECONDS);
    let messages = chat::count_questions(&app, &ctx, yesterday).await?;
    let organisation = ctx.organisation;
    let read = app.db.read(move |reader| {
        let ever = billing::totals(reader, organisation, Timestamp::from_millis(0))?;
        let today = billing::totals(reader, organisation, yesterday)?;
        Ok((
            ever,
            today,
            identity::has_several_people(reader, organisation)?,
        ))
    });
    let (ever, today, people_added) = read.await?;
    let generative_model = app.inference.has_default_model();
    let sum = |part: fn(&Ve) -> u32| employees.iter().map(|ve| u64::from(part(ve))).sum();
    Ok(Json(Overview {
        totals: OverviewTotals {
            employees: u64::try_from(employees.len()).unwrap_or(u64::MAX),
            conversations: sum(|ve| ve.conversations),
            messages: sum(|ve| ve.messages),
            output_tokens: ever.output_tokens,
            words_quoted: ever.words_quoted,
        },
        today: OverviewToday {
            messages,
            answers: today.messages,
        },
        checklist: Checklist {
            model_imported: generative_model,
            people_added,
            hired: !employees.is_empty(),
            chatted: ever.messages > 0,
        },
        employees,
        recent,
        generative_model,
    }))
}

/// Adds to each conversation who it is with; dismissed employees are looked up.
async fn with_employees(
    app: &App,
    ctx: &Ctx,
    conversations: Vec<Conversation>,
    active: &[Ve],
) -> Result<Vec<OverviewConversation>> {
    let mut recent = Vec::with_capacity(conversations.len());
    for conversation in conversations {
        let id = conversation.ve_id;
        let ve = match active.iter().find(|ve| ve.id == id) {
            Some(ve) => ve.clone(),
            None => {
                let organisation = ctx.organisation;
                let employee = app
                    .db
                    .read(move |reader| team::find(reader, organisation, id))
                    .await?;
                team::view(app, employee).await?
            }
        };
        recent.push(OverviewConversation { conversation, ve });
    }
    Ok(recent)
}
