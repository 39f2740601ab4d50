//! Vectors made by a provider.

use guildhall_kernel::{Error, Result};

use super::{
    Billed, ProviderRoute, Providers, Route,
    policy::{Verdict, verdict, wait_before_retry},
    settle::{Measured, settle},
    wire::{EmbeddingReply, Target, Usage, embedding_requests, read_embeddings},
};
use crate::inference::{Caller, EmbeddingChoice, model::ModelKind};

/// Texts at once.
const TEXTS_MAX: usize = 2048;
/// Largest answer with vectors: 64 of 16,384 numbers.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Vectors of length 1, one per text, and what they cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    pub vectors: Vec<Vec<f32>>,
    pub billed: Billed,
}

impl Providers {
    /// Turns texts into vectors with a provider's embedding model, such as
    /// `openai/text-embedding-3-small`. Vectors of different models have nothing in common: whoever
    /// keeps them keeps the model's name too.
    ///
    /// # Errors
    /// `unknown_model`, `wrong_kind`, `residency_local_only`, and those of a call.
    pub async fn embed_with(
        &self,
        caller: &Caller,
        model: &str,
        texts: &[String],
    ) -> Result<Embedded> {
        let Some(Route::Provider(route)) = self.route(model)? else {
            let message = format!("no provider has a model `{model}` here");
            return Err(Error::invalid("unknown_model", message));
        };
        if route.model.kind != ModelKind::Embedding {
            let message = format!("{model} writes text; choose an embedding model");
            return Err(Error::invalid("wrong_kind", message));
        }
        if texts.is_empty() || texts.len() > TEXTS_MAX {
            let message = format!("{} texts at once; send 1 to {TEXTS_MAX}", texts.len());
            return Err(Error::invalid("invalid_request", message));
        }
        self.check_residency(caller, &route.live.row)?;
        let row = &route.live.row;
        let mut tries = 0;
        loop {
            tries += 1;
            let pass = route.live.breaker.enter(&row.title, self.now())?;
            let error = match self.embed_once(&route, caller, texts).await {
                Ok(embedded) => {
                    pass.succeeded(self.now());
                    return Ok(embedded);
                }
                Err(error) => error,
            };
            match verdict(&error) {
                Verdict::Faulty => pass.failed(self.now(), error.code()),
                Verdict::Alive => pass.succeeded(self.now()),
                Verdict::NotAsked => drop(pass),
            }
            let wait = wait_before_retry(&error, tries);
            let Some(wait) = wait.filter(|_| tries <= row.settings.retries_max()) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Whether the caller's texts may go to the model right now.
    ///
    /// # Errors
    /// `unknown_model`, `egress_denied`, `residency_local_only`.
    pub(in crate::inference) fn check_reachable(&self, caller: &Caller, model: &str) -> Result<()> {
        let Some(Route::Provider(route)) = self.route(model)? else {
            let message = format!("no provider has a model `{model}` here");
            return Err(Error::invalid("unknown_model", message));
        };
        self.check_residency(caller, &route.live.row)?;
        self.0.egress.check_open(route.live.row.id)
    }

    /// The embedding models of switched-on providers whose protocol has a place for them.
    pub(in crate::inference) fn embedding_choices(&self) -> Vec<EmbeddingChoice> {
        let known = self.known();
        let live = known.providers.values().filter(|live| live.row.enabled);
        live.flat_map(|live| {
            let models = live.row.models.iter();
            models
                .filter(|model| model.kind == ModelKind::Embedding)
                .map(|model| EmbeddingChoice {
                    model: live.row.route(model),
                    title: format!("{} ({})", model.title, live.row.title),
                    is_outside: true,
                    available: self.0.egress.admits(live.row.id),
                })
        })
        .collect()
    }

    pub(super) async fn embed_once(
        &self,
        route: &ProviderRoute,
        caller: &Caller,
        texts: &[String],
    ) -> Result<Embedded> {
        let row = &route.live.row;
        let target = Target {
            provider: row,
            model: &route.model,
            credentials: self.credentials(&route.live).await?,
            now: self.now(),
        };
        let (mut vectors, mut input) = (Vec::with_capacity(texts.len()), Some(0_u64));
        let mut request_bytes = 0;
        for (outgoing, count) in embedding_requests(target, texts)? {
            request_bytes += outgoing.body.len();
            let (mut reply, ..) = self.send(route, caller, outgoing).await?;
            let body = reply.bytes(ANSWER_BYTES_MAX).await?;
            let EmbeddingReply {
                vectors: more,
                usage,
            } = read_embeddings(row.kind, &body, count)?;
            vectors.extend(more);
            // One answer without figures makes the sum unknown.
            input = input
                .zip(usage.input)
                .map(|(sum, more)| sum.saturating_add(more));
        }
        let usage = Usage {
            input,
            cached: None,
            output: Some(0),
        };
        let measured = Measured {
            request_bytes,
            answer_bytes: 0,
            output_max: 0,
        };
        let billed = settle(
            (row.id, row.route(&route.model)),
            &route.model,
            usage,
            measured,
        );
        Ok(Embedded { vectors, billed })
    }
}
