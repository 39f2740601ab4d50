//! What programs that name models by themselves need: choosing, listing, counting, embedding with usage.

use guildhall_engine_protocol::{
    CountTokens, EMBED_TEXTS_MAX, Embed, EngineMessage, Input, NodeMessage,
};
use guildhall_kernel::{Error, ErrorKind, Result, Timestamp};

use super::{
    AnswerMode, EMBED_BATCH, Inference,
    engine::refused,
    model::{AUTO, EXTRACTIVE, ModelKind},
};
use crate::app::App;

/// A generative model that a name comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The model's own name.
    pub name: String,
    /// Tokens it reads at once, when known.
    pub context_length: Option<u32>,
}

/// A model as programs are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCard {
    /// What to send as `model`.
    pub name: String,
    /// For people.
    pub title: String,
    /// Since when it is here.
    pub created_at: Timestamp,
    /// Tokens it reads at once, when known.
    pub context_length: Option<u32>,
}

/// Vectors and what they took.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// The model's own name.
    pub model: String,
    /// One per text, each of length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together.
    pub input_tokens: u32,
    /// How many texts were longer than the model reads.
    pub truncated_texts: u32,
}

impl Inference {
    /// The generative model that a name or alias comes to right now. One that failed is given too: asking
    /// it again says why, or finds it sound.
    ///
    /// # Errors
    /// `unknown_model`; `no_default_model` for `auto` where no model answers by default.
    pub fn choose_generative(&self, asked: &str) -> Result<Chosen> {
        let resolved = self.resolve(asked);
        if resolved.mode == AnswerMode::Generative {
            return Ok(Chosen {
                name: resolved.model,
                context_length: resolved.context_length,
            });
        }
        let named = self
            .slot(asked)
            .filter(|slot| slot.kind() == ModelKind::Generative);
        match named {
            Some(slot) => Ok(Chosen {
                name: slot.row().name.clone(),
                context_length: Some(slot.row().context_length),
            }),
            None if asked == AUTO => Err(Error::new(
                ErrorKind::NotFound,
                "no_default_model",
                "no model on this node answers by default; import one, or name one of those that GET /v1/models lists",
            )),
            None => Err(unknown(asked)),
        }
    }

    /// The models that programs may name, generative ones first.
    pub fn cards(&self) -> Vec<ModelCard> {
        let mut cards: Vec<ModelCard> = Vec::new();
        for choice in self.choices() {
            if choice.model == EXTRACTIVE || choice.mode == AnswerMode::Extractive {
                continue;
            }
            let resolved = self.resolve(&choice.model);
            let slot = self.slot(&resolved.model);
            cards.push(ModelCard {
                name: choice.model,
                title: choice.title,
                created_at: slot.map_or(Timestamp::from_millis(0), |slot| slot.row().imported_at),
                context_length: resolved.context_length,
            });
        }
        let embedding = |kind| kind == ModelKind::Embedding;
        let embedding = self
            .slots()
            .into_iter()
            .filter(|slot| embedding(slot.row().kind));
        cards.extend(embedding.map(|slot| ModelCard {
            name: slot.row().name.clone(),
            title: slot.row().title.clone(),
            created_at: slot.row().imported_at,
            context_length: Some(slot.row().context_length),
        }));
        cards
    }

    /// Counts a prompt's tokens, the model's chat template around it included.
    ///
    /// # Errors
    /// As [`Inference::choose_generative`]; what the engine says.
    pub async fn count_tokens(&self, model: &str, input: Input) -> Result<u32> {
        let slot = self.slot(model).ok_or_else(|| unknown(model))?;
        let engine = self.ready(&slot).await?;
        let mut replies = engine
            .request(|request_id| NodeMessage::CountTokens(CountTokens { request_id, input }))
            .await?;
        match replies.next().await {
            Some(EngineMessage::TokenCount { input_tokens, .. }) => Ok(input_tokens),
            Some(EngineMessage::RequestFailed { failure, .. }) => Err(refused(&failure)),
            _ => Err(engine.died()),
        }
    }

    /// Turns texts into vectors with the named embedding model and says what that took.
    ///
    /// # Errors
    /// `unknown_model`; what the engine says.
    pub async fn embed_with(&self, model: &str, texts: &[String]) -> Result<Embedded> {
        let slot = self
            .slot(model)
            .filter(|slot| slot.kind() == ModelKind::Embedding)
            .ok_or_else(|| unknown(model))?;
        let mut embedded = Embedded {
            model: slot.row().name.clone(),
            vectors: Vec::with_capacity(texts.len()),
            input_tokens: 0,
            truncated_texts: 0,
        };
        for batch in texts.chunks(EMBED_BATCH.min(EMBED_TEXTS_MAX)) {
            let engine = self.ready(&slot).await?;
            let mut replies = engine
                .request(|request_id| {
                    let texts = batch.to_vec();
                    NodeMessage::Embed(Embed { request_id, texts })
                })
                .await?;
            match replies.next().await {
                Some(EngineMessage::Embeddings(part)) => {
                    slot.note_answer(0, 0);
                    embedded.vectors.extend(part.vectors);
                    embedded.input_tokens += part.input_tokens;
                    embedded.truncated_texts += part.truncated_texts;
                }
                Some(EngineMessage::RequestFailed { failure, .. }) => {
                    return Err(refused(&failure));
                }
                _ => return Err(engine.died()),
            }
        }
        Ok(embedded)
    }
}

/// What people call the model that is chosen by this name; nothing when there is none of its own.
pub fn title_of(app: &App, name: &str) -> Option<String> {
    let cards = app.inference.cards().into_iter();
    let mut named = cards.filter(|card| card.name == name && card.name != AUTO);
    named.next().map(|card| card.title)
}

/// The refusal of a name that is no model's, or not one that the caller may know of.
pub fn unknown(asked: &str) -> Error {
    let shown: String = asked.chars().take(80).collect();
    let message = format!("there is no model `{shown}` here; GET /v1/models lists what there is");
    Error::new(ErrorKind::NotFound, "unknown_model", message)
}
