//! `/v1/embeddings`.

use std::time::Instant;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use data_encoding::BASE64;
use guildhall_kernel::{Ctx, Result};
use guildhall_web::{Auth, HttpResult, Json, limits::extend_deadline};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    super::{
        ANSWER_TIME_MAX,
        ask::{refused, unsupported},
        haste::{HasteHeaders, Hasty},
        metered::Row,
        target::check_model,
    },
    wire::OneOrMany,
};
use crate::{
    app::App,
    billing::{CallKind, Outcome},
    identity::perm,
    inference::{Caller, Embedded, Embedder, Priority},
};

/// Most texts of one call (OpenAI's own bound).
const TEXTS_MAX: usize = 2048;

/// Texts to turn into vectors. Fields that are not named here are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EmbeddingRequest {
    /// An embedding model's name, a provider's included, or `embedding`.
    model: String,
    #[schema(value_type = OneOrMany)]
    input: EmbeddingInput,
    /// `float` (the default) or `base64`: little-endian 32-bit floats.
    #[serde(default)]
    #[schema(pattern = "^(float|base64)$")]
    encoding_format: Option<String>,
    /// Only the model's own number of dimensions.
    #[serde(default)]
    dimensions: Option<i64>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum EmbeddingInput {
    /// One text.
    One(String),
    /// Several.
    Many(Vec<String>),
    /// Tokens of a vocabulary, which are refused: every model has its own.
    Tokens(Vec<Value>),
}

impl EmbeddingInput {
    fn texts(self) -> Result<Vec<String>> {
        let texts = match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
            Self::Tokens(_) => {
                let message = "send texts, not tokens: this model has a vocabulary of its own \
                               (in LangChain: check_embedding_ctx_length=False)";
                return Err(unsupported("input", message));
            }
        };
        if texts.is_empty() || texts.len() > TEXTS_MAX {
            return Err(refused("input", format!("send 1 to {TEXTS_MAX} texts")));
        }
        if texts.iter().any(String::is_empty) {
            return Err(refused("input", "a text is empty; leave it out"));
        }
        Ok(texts)
    }
}

/// Vectors, one per text, in the same order.
#[derive(Serialize, ToSchema)]
pub(super) struct EmbeddingList {
    object: &'static str,
    data: Vec<EmbeddingItem>,
    model: String,
    usage: EmbeddingUsage,
}

#[derive(Serialize, ToSchema)]
struct EmbeddingItem {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

/// A vector of length 1.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = EmbeddingVector)]
enum Vector {
    Float(Vec<f32>),
    /// Little-endian 32-bit floats in base64.
    Base64(String),
}

#[derive(Serialize, ToSchema)]
struct EmbeddingUsage {
    prompt_tokens: u32,
    total_tokens: u32,
}

/// Turns texts into vectors, as OpenAI's API of the same path.
#[utoipa::path(post, path = "/v1/embeddings", tag = "openai", request_body = EmbeddingRequest,
    params(HasteHeaders),
    responses((status = 200, body = EmbeddingList)))]
pub(super) async fn create_embeddings(
    Auth { ctx, .. }: Auth<perm::ModelsUse>,
    State(app): State<App>,
    hasty: Hasty,
    Json(request): Json<EmbeddingRequest>,
) -> HttpResult<Response> {
    extend_deadline(ANSWER_TIME_MAX);
    let is_base64 = match request.encoding_format.as_deref() {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            let message = "vectors come as `float` or `base64`";
            return Err(refused("encoding_format", message).into());
        }
    };
    let texts = request.input.texts()?;
    let caller = Caller::of(&ctx, Priority::Interactive).with_haste(hasty.haste()?);
    let embedded = embed(&app, (&ctx, caller), &request.model, texts).await?;
    check_dimensions(&embedded, request.dimensions)?;
    let vector = |vector: Vec<f32>| {
        if is_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|part| part.to_le_bytes()).collect();
            Vector::Base64(BASE64.encode(&bytes))
        } else {
            Vector::Float(vector)
        }
    };
    let items = embedded.vectors.into_iter().enumerate();
    let data = items.map(|(index, embedding)| EmbeddingItem {
        object: "embedding",
        index,
        embedding: vector(embedding),
    });
    Ok(Json(EmbeddingList {
        object: "list",
        data: data.collect(),
        model: embedded.model,
        usage: EmbeddingUsage {
            prompt_tokens: embedded.input_tokens,
            total_tokens: embedded.input_tokens,
        },
    })
    .into_response())
}

/// Embeds and meters; a call that its caller leaves is metered as cancelled.
async fn embed(
    app: &App,
    (ctx, caller): (&Ctx, Caller),
    model: &str,
    texts: Vec<String>,
) -> Result<Embedded> {
    let came = Instant::now();
    let embedder = allowed(app, ctx, model).await?;
    let of = (CallKind::Embedding, "embedding");
    let mut row = Row::new(app, ctx, of, &embedder.name).await?;
    let outcome = app.inference.embed_for(&caller, &embedder, &texts).await;
    row.latency(came);
    match &outcome {
        Ok(embedded) => {
            row.call.outcome = Outcome::Complete;
            row.call.input_tokens = embedded.input_tokens;
            row.call.queue_ms = u64::try_from(embedded.waited.as_millis()).unwrap_or(u64::MAX);
            if let Some(billed) = &embedded.billed {
                row.billed(billed);
            }
        }
        Err(error) => row.failed(error),
    }
    outcome
}

/// The embedding model of this name, or the one that an alias of this name leads to, if the caller may call it.
async fn allowed(app: &App, ctx: &Ctx, model: &str) -> Result<Embedder> {
    let embedder = app.inference.embedder(model);
    // Whoever may not know of a model is not told what is wrong with it.
    let named = embedder.as_ref().map_or(model, |embedder| &embedder.name);
    check_model(app, ctx, (model, named)).await?;
    embedder
}

/// The vectors here cannot be shortened truthfully, so only their own length may be asked for.
fn check_dimensions(embedded: &Embedded, wanted: Option<i64>) -> Result<()> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let own = embedded.vectors.first().map_or(0, Vec::len);
    if usize::try_from(wanted).is_ok_and(|wanted| wanted == own) {
        return Ok(());
    }
    let message = format!(
        "vectors of {} have {own} dimensions and lose their meaning when they are cut; leave `dimensions` out",
        embedded.model
    );
    Err(unsupported("dimensions", message))
}
