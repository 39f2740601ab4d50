//! Which models turn texts into vectors, on this node and outside it, under one name.

use guildhall_kernel::{Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Inference, builtin,
    caller::{Caller, Priority},
    deadline::within,
    model::{ModelKind, ModelRow},
    provider::{Billed, Route},
    settings::EMBEDDING,
    vectors::{Embedded, Reader},
};

/// A model that turns texts into vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedder {
    /// The name that calls it: one on this node, or a provider's `…/…`.
    pub name: String,
    /// Tells its vectors from those of every other model, also of one that had the same name before.
    pub key: String,
    /// Whether texts leave the node.
    pub is_outside: bool,
}

/// Vectors of length 1, one per text, and what a provider takes for them.
#[derive(Clone, Debug)]
pub struct EmbeddedTexts {
    pub vectors: Vec<Vec<f32>>,
    pub billed: Option<Billed>,
}

/// A model that can be chosen for a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EmbeddingChoice {
    /// What is chosen: an alias, a model's name or a provider's `…/…`.
    pub model: String,
    pub title: String,
    /// Whether texts leave the node.
    pub is_outside: bool,
    /// Whether it can be asked right now.
    pub available: bool,
}

impl Inference {
    /// The model that ships with the node, which always answers.
    ///
    /// # Errors
    /// Internal when it is not registered.
    pub fn own_embedder(&self) -> Result<Embedder> {
        self.embedder(builtin::EMBEDDING)
    }

    /// What a name, an alias or a provider's model comes to.
    ///
    /// # Errors
    /// `unknown_model`, `wrong_kind`, `provider_disabled`.
    pub fn embedder(&self, name: &str) -> Result<Embedder> {
        match self.0.providers.route(name)? {
            Some(Route::Provider(route)) => {
                return if route.kind() == ModelKind::Embedding {
                    Ok(Embedder {
                        name: name.to_owned(),
                        key: route.key(),
                        is_outside: true,
                    })
                } else {
                    Err(wrong_kind(name))
                };
            }
            Some(Route::Chain { .. }) => return Err(wrong_kind(name)),
            None => {}
        }
        let slot = self.slot(name).ok_or_else(|| unknown(name))?;
        if slot.kind() != ModelKind::Embedding {
            return Err(wrong_kind(name));
        }
        Ok(Embedder {
            name: slot.name.clone(),
            key: local_key(&slot.row()),
            is_outside: false,
        })
    }

    /// Whether the caller's texts may go to the model right now; nothing is sent.
    ///
    /// # Errors
    /// `egress_denied`, `residency_local_only`.
    pub fn check_embedder(&self, caller: &Caller, embedder: &Embedder) -> Result<()> {
        if !embedder.is_outside {
            return Ok(());
        }
        self.0.providers.check_reachable(caller, &embedder.name)
    }

    /// Turns texts into vectors.
    ///
    /// # Errors
    /// What the engine or the provider says.
    pub async fn embed_as(
        &self,
        caller: &Caller,
        embedder: &Embedder,
        texts: &[String],
    ) -> Result<EmbeddedTexts> {
        // What the node reads for itself is not metered, so it counts towards no limit either.
        let charge = embedder
            .is_outside
            .then(|| self.admit_part(caller))
            .transpose()?;
        let reader = Reader {
            caller,
            weights: self.weights_of(caller),
            is_patient: caller.priority == Priority::Background,
        };
        let embedded = self.vectors(reader, embedder, texts).await?;
        if let Some(charge) = charge {
            charge.settle(embedded.input_tokens, 0);
        }
        Ok(EmbeddedTexts {
            vectors: embedded.vectors,
            billed: embedded.billed,
        })
    }

    /// Turns texts into vectors for a call of its own, which limits let in and count.
    ///
    /// # Errors
    /// `quota_exceeded`, `residency_local_only`; what the engine or the provider says.
    pub async fn embed_for(
        &self,
        caller: &Caller,
        embedder: &Embedder,
        texts: &[String],
    ) -> Result<Embedded> {
        let charge = self.admit(caller)?;
        let reader = Reader {
            caller,
            weights: charge.weights(),
            is_patient: false,
        };
        let embedded = self.vectors(reader, embedder, texts).await?;
        charge.settle(embedded.input_tokens, 0);
        Ok(embedded)
    }

    async fn vectors(
        &self,
        reader: Reader<'_>,
        embedder: &Embedder,
        texts: &[String],
    ) -> Result<Embedded> {
        let deadline = reader.caller.deadline;
        let name = &embedder.name;
        if !embedder.is_outside {
            let embedding = Box::pin(self.embed_here(reader, name, texts));
            return within(deadline, embedding).await;
        }
        let asking = Box::pin(self.0.providers.embed_with(reader.caller, name, texts));
        let embedded = within(deadline, asking).await?;
        Ok(Embedded {
            vectors: embedded.vectors,
            input_tokens: embedded.billed.input_tokens,
            billed: Some(embedded.billed),
            ..Embedded::blank(name.clone(), 0)
        })
    }

    /// Every model that can be chosen for a collection, those of this node first.
    pub fn embedding_choices(&self) -> Vec<EmbeddingChoice> {
        let of_alias = self.slot(EMBEDDING).map(|slot| EmbeddingChoice {
            model: EMBEDDING.to_owned(),
            title: format!("The node's choice ({})", slot.row().title),
            is_outside: false,
            available: true,
        });
        let here = self
            .slots()
            .into_iter()
            .filter(|slot| slot.kind() == ModelKind::Embedding)
            .map(|slot| EmbeddingChoice {
                model: slot.name.clone(),
                title: slot.row().title,
                is_outside: false,
                available: slot.row().is_accepted(),
            });
        let outside = self.0.providers.embedding_choices();
        of_alias.into_iter().chain(here).chain(outside).collect()
    }
}

fn local_key(row: &ModelRow) -> String {
    let short: String = row.sha256.chars().take(16).collect();
    format!("{}@{short}", row.name)
}

fn unknown(name: &str) -> Error {
    let shown: String = name.chars().take(80).collect();
    let message = format!("there is no embedding model `{shown}`, on this node or of a provider");
    Error::invalid_field("model", "unknown_model", message)
}

fn wrong_kind(name: &str) -> Error {
    let message = format!(
        "{name} writes text and makes no vectors; choose an embedding model, such as `{EMBEDDING}`"
    );
    Error::invalid_field("model", "wrong_kind", message)
}
