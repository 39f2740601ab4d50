//! Which model answers: what may be chosen and what a choice comes to.

use guildhall_kernel::{Error, Result};

use super::{
    AnswerMode, Inference,
    model::{AUTO, Answering, EXTRACTIVE, ModelChoice, ModelKind, ModelState},
    slot::Slot,
};

impl Inference {
    /// Whether a model is there that answers by default.
    pub fn has_default_model(&self) -> bool {
        self.default_slot().is_some()
    }

    /// What a choice comes to right now.
    pub fn resolve(&self, chosen: &str) -> Answering {
        if chosen == EXTRACTIVE {
            return extractive("Quotes the handbook and what you send, word for word");
        }
        if chosen == AUTO {
            return match self.default_slot() {
                Some(slot) => {
                    let title = slot.row().title;
                    generative(&slot, format!("{title} is the best model on this node"))
                }
                None => extractive(
                    "No language model is imported yet, so answers are quoted from the handbook and what you send",
                ),
            };
        }
        if let Some(answering) = self.providers().resolve(chosen) {
            return answering;
        }
        let slot = self
            .slot(chosen)
            .filter(|slot| slot.kind() != ModelKind::Embedding);
        match slot {
            Some(slot) if slot.kind() == ModelKind::Adapter => self.resolve_adapter(&slot),
            Some(slot) if slot.status().is_down() || !slot.row().is_accepted() => {
                let title = slot.row().title;
                extractive(&format!(
                    "{title} does not run at the moment, so answers are quoted"
                ))
            }
            Some(slot) => {
                let title = slot.row().title;
                generative(&slot, format!("{title} was chosen"))
            }
            None => extractive(&format!(
                "The model {chosen} is no longer on this node, so answers are quoted"
            )),
        }
    }

    /// What an adapter comes to: its model with the adapter applied.
    fn resolve_adapter(&self, adapter: &Slot) -> Answering {
        let title = adapter.row().title;
        let Ok(writer) = self.adapted(adapter) else {
            return extractive(&format!(
                "The adapter {title} belongs to no model at the moment, so answers are quoted"
            ));
        };
        let base = self.resolve(&writer.slot.name);
        if base.mode == AnswerMode::Extractive {
            return base;
        }
        Answering {
            model: adapter.name.clone(),
            reason: format!(
                "{title} was chosen, an adapter of {}",
                writer.slot.row().title
            ),
            ..base
        }
    }

    /// Whether something of this name may be chosen.
    ///
    /// # Errors
    /// `unknown_model`, naming what there is.
    pub fn check_choice(&self, chosen: &str) -> Result<()> {
        let choices = self.choices();
        let leads_to_writer = |slot: std::sync::Arc<Slot>| slot.kind() == ModelKind::Generative;
        let is_known = choices.iter().any(|choice| choice.model == chosen);
        if is_known || self.alias(chosen).is_some_and(leads_to_writer) {
            return Ok(());
        }
        let known: Vec<&str> = choices.iter().map(|choice| choice.model.as_str()).collect();
        let message = format!(
            "there is no model `{chosen}` here; use one of {}",
            known.join(", ")
        );
        Err(Error::invalid_field("model", "unknown_model", message))
    }

    /// What may be chosen for an employee.
    pub fn choices(&self) -> Vec<ModelChoice> {
        let auto = self.resolve(AUTO);
        let mut choices = vec![
            choice(AUTO, "Automatic", auto.mode, auto.reason),
            choice(
                EXTRACTIVE,
                "Quotes only",
                AnswerMode::Extractive,
                self.resolve(EXTRACTIVE).reason,
            ),
        ];
        let generative = self
            .slots()
            .into_iter()
            .filter(|slot| slot.kind() == ModelKind::Generative);
        for slot in generative {
            choices.push(choice_of(&slot));
            choices.extend(self.adapter_choices(&slot));
        }
        choices.extend(self.providers().choices());
        choices
    }
}

impl Inference {
    /// The adapters of a model, which may be chosen in its place.
    fn adapter_choices(&self, base: &Slot) -> Vec<ModelChoice> {
        let adapters = self.adapters_of(base).into_iter();
        let slots = adapters.filter_map(|attached| self.model_named(&attached.name));
        let of_base = choice_of(base);
        let choices = slots.map(|slot| ModelChoice {
            available: of_base.available,
            base: Some(base.name.clone()),
            ..choice(
                &slot.name,
                &slot.row().title,
                AnswerMode::Generative,
                format!("An adapter of {}", of_base.title),
            )
        });
        choices.collect()
    }
}

fn choice_of(slot: &Slot) -> ModelChoice {
    let row = slot.row();
    let note = if !row.is_accepted() {
        "Its licence has not been accepted yet".to_owned()
    } else if row.suitable_for_auto {
        format!(
            "{}, {} parameters",
            row.quantisation,
            short_count(row.parameters)
        )
    } else {
        "A very small model for trying generation; it makes mistakes".to_owned()
    };
    let mut choice = choice(&row.name, &row.title, AnswerMode::Generative, note);
    choice.available = row.is_accepted() && !slot.status().is_down();
    choice
}

fn extractive(reason: &str) -> Answering {
    Answering {
        mode: AnswerMode::Extractive,
        model: EXTRACTIVE.to_owned(),
        reason: reason.to_owned(),
        ready: true,
        context_length: None,
    }
}

fn generative(slot: &Slot, reason: String) -> Answering {
    let status = slot.status();
    Answering {
        mode: AnswerMode::Generative,
        model: slot.name.clone(),
        reason,
        ready: status.state == ModelState::Ready,
        context_length: Some(
            status
                .context_length
                .unwrap_or_else(|| slot.row().context_length),
        ),
    }
}

fn choice(model: &str, title: &str, mode: AnswerMode, note: String) -> ModelChoice {
    ModelChoice {
        model: model.to_owned(),
        title: title.to_owned(),
        mode,
        available: true,
        note,
        base: None,
    }
}

/// `3868928` as `3.9M`.
fn short_count(count: u64) -> String {
    let scales = [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "k")];
    let scale = scales.into_iter().find(|(size, _)| count >= *size);
    scale.map_or_else(
        || count.to_string(),
        |(size, unit)| {
            let tenths = count.saturating_mul(10) / size;
            format!("{}.{}{unit}", tenths / 10, tenths % 10)
        },
    )
}
