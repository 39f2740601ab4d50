//! The mail server.

use axum::{extract::State, http::StatusCode};
use guildhall_kernel::{Error, ErrorBody};
use guildhall_smtp::{Step, StepState};
use guildhall_web::{Auth, HttpResult, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::App,
    identity::{self, perm},
    mail::{self, MailInput, MailState, MailTrial},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(read_mail, update_mail, delete_mail))
        .routes(routes!(test_mail))
}

/// How a step of a trial went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MailStepState {
    Ok,
    Failed,
    Skipped,
}

/// One step of a trial.
#[derive(Serialize, ToSchema)]
struct MailStep {
    /// What was tried, such as `connect`.
    name: String,
    state: MailStepState,
    /// What was found, or what went wrong.
    detail: String,
    /// The way out, when there is one to name.
    #[schema(required)]
    hint: Option<String>,
    milliseconds: u64,
}

impl From<Step> for MailStep {
    fn from(step: Step) -> Self {
        Self {
            name: step.name.to_owned(),
            state: match step.state {
                StepState::Ok => MailStepState::Ok,
                StepState::Failed => MailStepState::Failed,
                StepState::Skipped => MailStepState::Skipped,
            },
            detail: step.detail,
            hint: step.hint,
            milliseconds: step.milliseconds,
        }
    }
}

/// How a trial went.
#[derive(Serialize, ToSchema)]
struct MailTest {
    /// Whether the server took the mail.
    ok: bool,
    steps: Vec<MailStep>,
}

/// The mail server and how sending goes.
#[utoipa::path(get, path = "/api/admin/mail", tag = "mail", responses((status = 200, body = MailState)))]
async fn read_mail(
    _: Auth<perm::MailManage>,
    State(app): State<App>,
) -> HttpResult<Json<MailState>> {
    Ok(Json(mail::read(&app).await?))
}

/// Enters a mail server, in the place of the one before.
#[utoipa::path(put, path = "/api/admin/mail", tag = "mail", request_body = MailInput,
    responses((status = 200, body = MailState), (status = 400, body = ErrorBody)))]
async fn update_mail(
    Auth { ctx, .. }: Auth<perm::MailManage>,
    State(app): State<App>,
    Json(input): Json<MailInput>,
) -> HttpResult<Json<MailState>> {
    Ok(Json(mail::update(&app, &ctx, input).await?))
}

/// Forgets the mail server and the mails that wait for it.
#[utoipa::path(delete, path = "/api/admin/mail", tag = "mail", responses((status = 204)))]
async fn delete_mail(
    Auth { ctx, .. }: Auth<perm::MailManage>,
    State(app): State<App>,
) -> HttpResult<StatusCode> {
    mail::remove(&app, &ctx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a mail server out with a real mail, step by step, without keeping anything.
#[utoipa::path(post, path = "/api/admin/mail/test", tag = "mail", request_body = MailTrial,
    responses((status = 200, body = MailTest), (status = 400, body = ErrorBody)))]
async fn test_mail(
    Auth { ctx, .. }: Auth<perm::MailManage>,
    State(app): State<App>,
    Json(input): Json<MailTrial>,
) -> HttpResult<Json<MailTest>> {
    let person = ctx.person;
    let caller = app
        .db
        .read(move |reader| identity::find_person(reader, person))
        .await?;
    let caller = caller.ok_or_else(|| Error::not_found("person"))?;
    let steps = Box::pin(mail::test(&app, &ctx, (input, caller.email))).await?;
    let ok = steps.iter().all(|step| step.state != StepState::Failed);
    let steps = steps.into_iter().map(Into::into).collect();
    Ok(Json(MailTest { ok, steps }))
}
