//! `/v1/models`: what may be named as a model, in OpenAI's shape or, for who sends `anthropic-version`,
//! in Anthropic's.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use guildhall_kernel::{Ctx, Error, ErrorKind, PageRequest, Result, Timestamp};
use guildhall_web::{Auth, HttpResult, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    identity::perm,
    team::{self, VeState},
};

/// Pages of employees read at most: ten thousand employees.
const PAGES_MAX: usize = 100;

/// What may be named as a model.
struct Named {
    id: String,
    title: String,
    created_at: Timestamp,
    owned_by: &'static str,
    context_length: Option<u32>,
}

/// A model.
#[derive(Serialize, ToSchema)]
#[schema(as = V1Model)]
pub(super) struct ModelObject {
    id: String,
    object: &'static str,
    created: i64,
    /// `guildhall` for models, `organisation` for employees.
    owned_by: &'static str,
    /// Not OpenAI's: what people call it.
    name: String,
    /// Not OpenAI's: tokens it reads at once, as vLLM has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_model_len: Option<u32>,
}

/// Every model.
#[derive(Serialize, ToSchema)]
#[schema(as = V1ModelList)]
pub(super) struct ModelList {
    object: &'static str,
    data: Vec<ModelObject>,
}

/// A model in Anthropic's shape.
#[derive(Serialize, ToSchema)]
pub(super) struct AnthropicModel {
    r#type: &'static str,
    id: String,
    display_name: String,
    created_at: Timestamp,
    #[schema(required)]
    max_input_tokens: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AnthropicModelList {
    data: Vec<AnthropicModel>,
    has_more: bool,
    #[schema(required)]
    first_id: Option<String>,
    #[schema(required)]
    last_id: Option<String>,
}

impl From<Named> for ModelObject {
    fn from(named: Named) -> Self {
        Self {
            id: named.id,
            object: "model",
            created: named.created_at.as_millis() / 1000,
            owned_by: named.owned_by,
            name: named.title,
            max_model_len: named.context_length,
        }
    }
}

impl From<Named> for AnthropicModel {
    fn from(named: Named) -> Self {
        Self {
            r#type: "model",
            id: named.id,
            display_name: named.title,
            created_at: named.created_at,
            max_input_tokens: named.context_length,
        }
    }
}

fn speaks_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

/// What may be named as a model: models of the node, then employees of the organisation.
#[utoipa::path(get, path = "/v1/models", tag = "openai",
    responses((status = 200, content((ModelList = "application/json"), (AnthropicModelList = "application/json+anthropic")))))]
pub(super) async fn list_v1_models(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let named = everything(&app, &ctx).await?;
    if speaks_anthropic(&headers) {
        let data: Vec<AnthropicModel> = named.into_iter().map(AnthropicModel::from).collect();
        return Ok(Json(AnthropicModelList {
            has_more: false,
            first_id: data.first().map(|model| model.id.clone()),
            last_id: data.last().map(|model| model.id.clone()),
            data,
        })
        .into_response());
    }
    Ok(Json(ModelList {
        object: "list",
        data: named.into_iter().map(ModelObject::from).collect(),
    })
    .into_response())
}

/// One of them.
#[utoipa::path(get, path = "/v1/models/{id}", tag = "openai", params(("id" = String, Path)),
    responses((status = 200, content((ModelObject = "application/json"), (AnthropicModel = "application/json+anthropic")))))]
pub(super) async fn find_v1_model(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let named = everything(&app, &ctx).await?;
    let found = named.into_iter().find(|named| named.id == id);
    let found = found.ok_or_else(|| {
        let shown: String = id.chars().take(80).collect();
        let message =
            format!("there is no model `{shown}` here; GET /v1/models lists what there is");
        Error::new(ErrorKind::NotFound, "unknown_model", message)
    })?;
    if speaks_anthropic(&headers) {
        return Ok(Json(AnthropicModel::from(found)).into_response());
    }
    Ok(Json(ModelObject::from(found)).into_response())
}

async fn everything(app: &App, ctx: &Ctx) -> Result<Vec<Named>> {
    let cards = app.inference.cards().into_iter();
    let is_within_reach = |name: &str| ctx.reach.ves.is_none() && ctx.may_use_model(name);
    let mut named: Vec<Named> = cards
        .filter(|card| {
            let bases = card.base.iter().map(String::as_str);
            bases.chain([card.name.as_str()]).all(is_within_reach)
        })
        .map(|card| Named {
            id: card.name,
            title: card.title,
            created_at: card.created_at,
            owned_by: "guildhall",
            context_length: card.context_length,
        })
        .collect();
    if !ctx.may("chat.use") {
        return Ok(named);
    }
    let mut page = PageRequest {
        cursor: None,
        limit: Some(100),
    };
    for _ in 0..PAGES_MAX {
        let employees = team::list(app, ctx, Some(VeState::Active), &page).await?;
        let usable = employees.items.into_iter();
        let usable = usable.filter(|employee| ctx.may_use_ve(employee.id));
        named.extend(usable.map(|employee| Named {
            id: employee.id.to_string(),
            title: employee.persona_name,
            created_at: employee.hired_at,
            owned_by: "organisation",
            context_length: None,
        }));
        match employees.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(named)
}
