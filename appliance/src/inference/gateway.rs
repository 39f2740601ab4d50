//! What programs that name models by themselves need: choosing, listing, counting, embedding with usage.

use guildhall_engine_protocol::{CountTokens, EngineMessage, Input, NodeMessage};
use guildhall_kernel::{Error, ErrorKind, Result, Timestamp};

use std::sync::Arc;

use super::{
    AnswerMode, Inference,
    adapters::Writer,
    engine::refused,
    model::{AUTO, ModelKind},
    provider,
    slot::Slot,
    status::ENGINE_STOPPED,
};
use crate::app::App;

/// What an engine dies of while it has answered nothing is tried again once.
const TRIES: u32 = 2;

/// A generative model that a name comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The model's own name.
    pub name: String,
    /// Tokens it reads at once, when known.
    pub context_length: Option<u32>,
    /// The model that it is an adapter of.
    pub base: Option<String>,
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
    /// The model that it is an adapter of.
    pub base: Option<String>,
}

impl Inference {
    /// The generative model that a name or alias comes to right now. One that failed, or a provider's that the
    /// node does not connect to, is given too: asking it says why, or finds it sound.
    ///
    /// # Errors
    /// `unknown_model`; `wrong_kind` for an embedding model; `provider_disabled`; `adapter_alone`,
    /// `license_not_accepted` of an adapter; `no_default_model` for `auto` where no model answers by default.
    pub fn choose_generative(&self, asked: &str) -> Result<Chosen> {
        if let Some(chosen) = self.providers().choose(asked)? {
            return Ok(chosen);
        }
        let resolved = self.resolve(asked);
        if resolved.mode == AnswerMode::Generative {
            return Ok(Chosen {
                context_length: resolved.context_length,
                base: self.base_of(&resolved.model),
                name: resolved.model,
            });
        }
        if asked == AUTO {
            return Err(Error::new(
                ErrorKind::NotFound,
                "no_default_model",
                "no model on this node answers by default; import one, or name one of those that GET /v1/models lists",
            ));
        }
        let writer = self.named_writer(asked)?;
        let row = writer.slot.row();
        Ok(Chosen {
            context_length: Some(row.context_length),
            base: writer.adapter.is_some().then(|| row.name.clone()),
            name: writer.adapter.unwrap_or(row.name),
        })
    }

    /// As [`Inference::writer`], with the refusal that programs get of a name that is no model's.
    fn named_writer(&self, asked: &str) -> Result<Writer> {
        self.slot(asked).ok_or_else(|| unknown(asked))?;
        self.writer(asked)
    }

    /// The models that programs may name, generative ones first.
    pub fn cards(&self) -> Vec<ModelCard> {
        let mut cards: Vec<ModelCard> = Vec::new();
        for choice in self.choices() {
            let is_model = choice.base.is_none() && choice.mode == AnswerMode::Generative;
            if !is_model {
                continue;
            }
            let resolved = self.resolve(&choice.model);
            let slot = self.slot(&resolved.model);
            cards.push(ModelCard {
                name: choice.model,
                title: choice.title,
                created_at: slot.map_or(Timestamp::from_millis(0), |slot| slot.row().imported_at),
                context_length: resolved.context_length,
                base: None,
            });
        }
        cards.extend(self.adapter_cards());
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
            base: None,
        }));
        let outside = self.providers().embedding_choices();
        cards.extend(outside.into_iter().map(|choice| ModelCard {
            name: choice.model,
            title: choice.title,
            created_at: Timestamp::from_millis(0),
            context_length: None,
            base: None,
        }));
        cards
    }

    /// Counts a prompt's tokens, the model's chat template around it included. What a provider would count is
    /// estimated from the length, as where a provider does not say.
    ///
    /// # Errors
    /// As [`Inference::choose_generative`]; what the engine says.
    pub async fn count_tokens(&self, model: &str, input: Input) -> Result<u32> {
        if self.providers().choose(model)?.is_some() {
            let bytes = match &input {
                Input::Text { text } => text.len(),
                Input::Chat(chat) => serde_json::to_string(chat)?.len(),
            };
            return Ok(provider::estimate(bytes));
        }
        let slot = self.named_writer(model)?.slot;
        let count = |request_id| {
            let input = input.clone();
            NodeMessage::CountTokens(CountTokens { request_id, input })
        };
        match self.ask_engine(&slot, count).await? {
            EngineMessage::TokenCount { input_tokens, .. } => Ok(input_tokens),
            _ => Err(Error::internal("the engine counted no tokens")),
        }
    }

    /// The engine's one answer to a request. An engine that dies before it has answered is asked once more.
    pub(super) async fn ask_engine(
        &self,
        slot: &Arc<Slot>,
        make: impl Fn(u64) -> NodeMessage,
    ) -> Result<EngineMessage> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.ask_engine_once(slot, &make).await {
                Err(error) if error.code() == ENGINE_STOPPED && tries < TRIES => {
                    tracing::info!(model.name = slot.name, "a request is tried again");
                }
                outcome => return outcome,
            }
        }
    }

    async fn ask_engine_once(
        &self,
        slot: &Arc<Slot>,
        make: impl Fn(u64) -> NodeMessage,
    ) -> Result<EngineMessage> {
        let engine = self.ready(slot).await?;
        let mut replies = engine.request(make).await?;
        match replies.next().await {
            Some(EngineMessage::RequestFailed { failure, .. }) => Err(refused(&failure)),
            Some(message) => Ok(message),
            None => Err(engine.died()),
        }
    }
}

/// What people call the model that is chosen by this name; nothing when there is none of its own.
pub fn title_of(app: &App, name: &str) -> Option<String> {
    let cards = app.inference.cards().into_iter();
    let mut named = cards.filter(|card| card.name == name && card.name != AUTO);
    named.next().map(|card| card.title)
}

/// The refusal of an embedding model where a model is to write.
pub(super) fn writes_nothing(name: &str) -> Error {
    let message = format!(
        "{name} turns texts into vectors and writes nothing; send texts for it to /v1/embeddings, or name a model that writes"
    );
    Error::invalid_field("model", "wrong_kind", message)
}

/// The refusal of a name that is no model's, or not one that the caller may know of.
pub fn unknown(asked: &str) -> Error {
    let shown: String = asked.chars().take(80).collect();
    let message = format!("there is no model `{shown}` here; GET /v1/models lists what there is");
    Error::new(ErrorKind::NotFound, "unknown_model", message)
}
