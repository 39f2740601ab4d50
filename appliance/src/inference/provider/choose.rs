//! Models outside the node among those that may be chosen for an employee.

use guildhall_kernel::Result;

use super::{CircuitState, Live, Providers, Route, rule::FALLBACK};
use crate::inference::{
    AnswerMode, Chosen,
    gateway::writes_nothing,
    model::{Answering, EXTRACTIVE, ModelChoice, ModelKind},
};

impl Providers {
    /// What the switched-on providers and the chains offer.
    pub(in crate::inference) fn choices(&self) -> Vec<ModelChoice> {
        let known = self.known();
        let mut choices = Vec::new();
        for live in known.providers.values().filter(|live| live.row.enabled) {
            let models = live.row.models.iter();
            for model in models.filter(|model| model.kind == ModelKind::Generative) {
                choices.push(ModelChoice {
                    model: live.row.route(model),
                    title: format!("{} ({})", model.title, live.row.title),
                    mode: AnswerMode::Generative,
                    available: self.is_available(live),
                    note: note(live).to_owned(),
                    base: None,
                });
            }
        }
        for (name, steps) in &known.chains {
            choices.push(ModelChoice {
                model: format!("{FALLBACK}/{name}"),
                title: name.clone(),
                mode: AnswerMode::Generative,
                available: true,
                note: format!("The first of {} that answers", steps.join(", ")),
                base: None,
            });
        }
        choices
    }

    fn is_available(&self, live: &Live) -> bool {
        self.0.egress.admits(live.row.id) && live.breaker.health().circuit != CircuitState::Open
    }

    /// What a choice outside the node comes to; nothing when it is none.
    pub(in crate::inference) fn resolve(&self, chosen: &str) -> Option<Answering> {
        let quoted = |reason: String| Answering {
            mode: AnswerMode::Extractive,
            model: EXTRACTIVE.to_owned(),
            reason,
            ready: true,
            context_length: None,
        };
        let written = |context_length, reason| Answering {
            mode: AnswerMode::Generative,
            model: chosen.to_owned(),
            reason,
            ready: true,
            context_length: Some(context_length),
        };
        match self.route(chosen) {
            Ok(None) => None,
            Err(error) => Some(quoted(format!(
                "{chosen} cannot be used, so answers are quoted: {}",
                error.message()
            ))),
            Ok(Some(Route::Chain { name, steps })) => {
                let context = self.smallest_context(&steps);
                let reason = format!("The first model of {FALLBACK}/{name} that can answers");
                Some(written(context, reason))
            }
            Ok(Some(Route::Provider(route))) => {
                let row = &route.live.row;
                Some(if self.0.egress.admits(row.id) {
                    let reason = format!("{} of {} was chosen", route.model.title, row.title);
                    written(route.model.context_length, reason)
                } else {
                    quoted(format!(
                        "This node does not connect to {}, so answers are quoted",
                        row.title
                    ))
                })
            }
        }
    }

    /// The generative model or chain of that name, whether it can be asked right now or not: asking it says
    /// why not. Nothing when the name leads to no provider and no chain.
    ///
    /// # Errors
    /// `unknown_model`, `provider_disabled`, `wrong_kind`.
    pub(in crate::inference) fn choose(&self, asked: &str) -> Result<Option<Chosen>> {
        let context = match self.route(asked)? {
            None => return Ok(None),
            Some(Route::Chain { steps, .. }) => self.smallest_context(&steps),
            Some(Route::Provider(route)) if route.kind() == ModelKind::Embedding => {
                return Err(writes_nothing(asked));
            }
            Some(Route::Provider(route)) => route.model.context_length,
        };
        Ok(Some(Chosen {
            name: asked.to_owned(),
            context_length: Some(context),
            base: None,
        }))
    }

    /// Every step must have room for the prompt that one of them will get.
    fn smallest_context(&self, steps: &[String]) -> u32 {
        let contexts = steps.iter().filter_map(|step| match self.route(step) {
            Ok(Some(Route::Provider(route))) => Some(route.model.context_length),
            _ => None,
        });
        contexts.min().unwrap_or(8192)
    }
}

fn note(live: &Live) -> &'static str {
    if live.row.local_network {
        "Runs on a server of the local network"
    } else {
        "Runs outside this node: what is asked leaves the house"
    }
}
