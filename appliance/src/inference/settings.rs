//! What an administrator changes of a model: its title, whether it stays in memory, its licence, and the
//! names that lead to it.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use guildhall_kernel::{
    Ctx, Error, ModelId, Result,
    text::{TitleText, one_line},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Inference, builtin, import,
    model::{Acceptance, Model, ModelKind, ModelRow, ModelState},
    registry::{By, OPERATOR, once_by},
    slot::Slot,
    store,
};

use crate::idempotency::{done_before, once};

/// The model that `auto` chooses.
pub(super) const DEFAULT: &str = "default";
/// The smallest model that answers by default, for quick work.
pub(super) const SMALL: &str = "small";
/// The model that turns text into vectors.
pub(super) const EMBEDDING: &str = "embedding";
const TITLE_CHARACTERS_MAX: usize = 120;
const ALIASES_MAX: usize = 200;

/// What to change of a model; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelChange {
    #[schema(value_type = Option<TitleText>)]
    pub title: Option<String>,
    /// Whether it stays in memory once it is there.
    pub pinned: Option<bool>,
    /// Whether `auto` may choose it.
    pub suitable_for_auto: Option<bool>,
    /// Accepts its licence; only `true` means something.
    pub accept_license: Option<bool>,
    /// The model that an adapter belongs to, by name; an empty one takes it off its model. A model that runs is
    /// loaded anew for it with the first request that names the adapter.
    pub base_model: Option<String>,
}

/// A name that leads to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alias {
    /// What people and API callers write, such as `default`.
    pub alias: String,
    /// The model's name; `null` when there is none that it could lead to.
    #[schema(required)]
    pub model: Option<String>,
    /// Whether somebody chose the model; otherwise the node does.
    pub is_set: bool,
}

impl Inference {
    /// Changes a model.
    ///
    /// # Errors
    /// `not_found`, `invalid_title`, `invalid_acceptance`, `adapter_alone`.
    pub async fn update_model(&self, ctx: &Ctx, id: ModelId, change: ModelChange) -> Result<Model> {
        let slot = self.slot_of(id)?;
        if done_before::<()>(&self.0.db, ctx).await?.is_some() {
            return self.view(&slot).await;
        }
        let title = change.title.as_deref().map(checked_title).transpose()?;
        if change.accept_license == Some(false) {
            let message = "a licence is accepted or not; remove the model if you do not accept it";
            return Err(Error::invalid_field(
                "accept_license",
                "invalid_acceptance",
                message,
            ));
        }
        if change.suitable_for_auto == Some(true) && slot.kind() != ModelKind::Generative {
            let message = format!("{} does not write text", slot.row().title);
            return Err(Error::invalid_field(
                "suitable_for_auto",
                "not_generative",
                message,
            ));
        }
        if let Some(base) = &change.base_model
            && (!base.is_empty() || slot.kind() != ModelKind::Adapter)
        {
            self.check_base(&slot, base)?;
        }
        let caller = ctx.clone();
        let facts = json!({
            "base_model": change.base_model,
            "name": slot.name, "title": title, "pinned": change.pinned,
            "suitable_for_auto": change.suitable_for_auto, "licence_accepted": change.accept_license,
        });
        let recorded = self.recorder(By::Person(ctx), "model.changed", id, facts);
        let written = self.0.db.write(move |tx| {
            let mut row = store::find(tx, id)?.ok_or_else(|| Error::not_found("model"))?;
            if change.accept_license == Some(true) && row.acceptance.is_none() {
                row.acceptance = Some(Acceptance {
                    by: caller.person.to_string(),
                    at: caller.now(),
                });
            }
            row.base_model = change
                .base_model
                .or(row.base_model)
                .filter(|base| !base.is_empty());
            row.title = title.unwrap_or(row.title);
            row.pinned = change.pinned.unwrap_or(row.pinned);
            row.suitable_for_auto = change.suitable_for_auto.unwrap_or(row.suitable_for_auto);
            once(tx, &caller, || {
                store::save(tx, &row)?;
                recorded(tx)
            })?;
            Ok(row)
        });
        let row: ModelRow = written.await?;
        slot.set_row(row);
        self.view(&slot).await
    }

    /// An adapter fits models of its own architecture only.
    fn check_base(&self, slot: &Slot, base: &str) -> Result<()> {
        let row = slot.row();
        let wrong = |message| Err(Error::invalid_field("base_model", "invalid_base", message));
        if row.kind != ModelKind::Adapter {
            return wrong(format!(
                "{} is a model of its own, not an adapter",
                row.title
            ));
        }
        match self.model_named(base).map(|base| base.row()) {
            Some(base)
                if base.kind == ModelKind::Generative && base.architecture == row.architecture =>
            {
                Ok(())
            }
            Some(base) => wrong(format!(
                "{} is made for models of architecture {} and {} is of {}",
                row.title, row.architecture, base.title, base.architecture
            )),
            None => wrong(format!("there is no model `{base}` here")),
        }
    }

    /// Accepts a model's licence as the operator, for the command line.
    ///
    /// # Errors
    /// `unknown_model`.
    pub async fn accept_license_by_name(&self, name: &str) -> Result<Model> {
        let slot = self.named(name)?;
        let (id, at) = (slot.id, self.0.settings.clock.now());
        let facts = json!({ "name": slot.name, "licence_accepted": true });
        let recorded = self.recorder(By::Operator, "model.changed", id, facts);
        let written = self.0.db.write(move |tx| {
            let mut row = store::find(tx, id)?.ok_or_else(|| Error::not_found("model"))?;
            let by = OPERATOR.to_owned();
            row.acceptance.get_or_insert(Acceptance { by, at });
            store::save(tx, &row)?;
            recorded(tx)?;
            Ok(row)
        });
        let row: ModelRow = written.await?;
        slot.set_row(row);
        self.view(&slot).await
    }

    /// Every alias, set or not.
    pub fn list_aliases(&self) -> Vec<Alias> {
        let set = self.aliases();
        let standing = [DEFAULT, SMALL, EMBEDDING].map(str::to_owned);
        let mut names: Vec<String> = standing.into_iter().chain(set.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|alias| self.alias_now(alias))
            .collect()
    }

    /// Leads an alias to a model; without one the alias is forgotten, or chosen by the node again.
    ///
    /// # Errors
    /// `unknown_model`, `invalid_name`, `name_taken`, `wrong_kind`, `too_many_aliases`.
    pub async fn set_alias(
        &self,
        by: Option<&Ctx>,
        alias: &str,
        model: Option<&str>,
    ) -> Result<Alias> {
        let alias = checked_alias(alias)?;
        self.check_name_free_of_models(&alias)?;
        let slot = model.map(|name| self.named(name)).transpose()?;
        if let Some(slot) = &slot {
            check_kind(&alias, slot)?;
        }
        if let Some(ctx) = by
            && done_before::<()>(&self.0.db, ctx).await?.is_some()
        {
            return Ok(self.alias_now(alias));
        }
        let is_new = !self.aliases().contains_key(&alias);
        if is_new && slot.is_some() && self.aliases().len() >= ALIASES_MAX {
            let message = format!("there are {ALIASES_MAX} aliases already; remove one first");
            return Err(Error::conflict("too_many_aliases", message));
        }
        let id = slot.as_ref().map(|slot| slot.id);
        let by = by.map_or(By::Operator, By::Person);
        let subject = id.or_else(|| self.alias(&alias).map(|slot| slot.id));
        let subject = subject.ok_or_else(|| Error::not_found("alias"))?;
        let facts = json!({ "alias": alias, "model": slot.as_ref().map(|slot| slot.name.clone()) });
        let caller = by.person();
        let recorded = self.recorder(by, "model.alias_set", subject, facts);
        let stored = alias.clone();
        let written = self.0.db.write(move |tx| {
            once_by(tx, caller.as_ref(), || {
                store::set_alias(tx, &stored, id)?;
                recorded(tx)
            })
        });
        written.await?;
        self.reload_aliases().await?;
        self.model_changed(subject);
        Ok(self.alias_now(alias))
    }

    fn alias_now(&self, alias: String) -> Alias {
        Alias {
            model: self.alias(&alias).map(|slot| slot.name.clone()),
            is_set: self.aliases().contains_key(&alias),
            alias,
        }
    }

    fn check_name_free_of_models(&self, alias: &str) -> Result<()> {
        let is_model = self.slots().iter().any(|slot| slot.name == alias);
        if is_model {
            let message = format!("{alias} is a model's own name; choose another alias");
            return Err(Error::conflict("name_taken", message));
        }
        Ok(())
    }

    pub(super) async fn reload_aliases(&self) -> Result<()> {
        let stored = self.0.db.read(store::aliases).await?;
        let mut aliases = self
            .0
            .aliases
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *aliases = stored.into_iter().collect();
        Ok(())
    }

    pub(super) fn aliases(&self) -> BTreeMap<String, ModelId> {
        self.0
            .aliases
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The model an alias leads to: the one that was set, else the node's own choice.
    pub(super) fn alias(&self, alias: &str) -> Option<Arc<Slot>> {
        let set = self.aliases().get(alias).copied();
        let set = set.and_then(|id| self.slot_of(id).ok());
        set.or_else(|| match alias {
            DEFAULT => self.largest(),
            SMALL => self.smallest(),
            EMBEDDING => self.model_named(builtin::EMBEDDING),
            _ => None,
        })
    }

    /// Models that may answer without being named.
    fn suitable(&self) -> impl Iterator<Item = Arc<Slot>> {
        let is_suitable = |slot: &Arc<Slot>| {
            let row = slot.row();
            let is_sound = !slot.status().is_down();
            row.kind == ModelKind::Generative
                && row.suitable_for_auto
                && row.is_accepted()
                && is_sound
        };
        self.slots().into_iter().filter(is_suitable)
    }

    fn largest(&self) -> Option<Arc<Slot>> {
        self.suitable().max_by_key(|slot| slot.row().parameters)
    }

    fn smallest(&self) -> Option<Arc<Slot>> {
        self.suitable().min_by_key(|slot| slot.row().parameters)
    }

    /// The model that `auto` chooses: the one `default` was set to while it is sound, else the largest
    /// one that may answer by default.
    pub(super) fn default_slot(&self) -> Option<Arc<Slot>> {
        let set = self.aliases().get(DEFAULT).copied();
        let set = set.and_then(|id| self.slot_of(id).ok());
        let sound = set
            .filter(|slot| slot.row().is_accepted() && slot.status().state != ModelState::Failed);
        sound.or_else(|| self.largest())
    }
}

fn checked_title(title: &str) -> Result<String> {
    let line = one_line(title, TITLE_CHARACTERS_MAX).map(str::to_owned);
    line.ok_or_else(|| {
        let message = format!("give a title of 1 to {TITLE_CHARACTERS_MAX} characters");
        Error::invalid_field("title", "invalid_title", message)
    })
}

/// An alias is a name like a model's, or one of those that mean something.
fn checked_alias(alias: &str) -> Result<String> {
    if [DEFAULT, SMALL, EMBEDDING].contains(&alias) {
        return Ok(alias.to_owned());
    }
    let plain = import::checked_name(alias)?;
    if plain == alias {
        return Ok(plain);
    }
    let message = format!("`{alias}` cannot be an alias; write it as `{plain}`");
    Err(Error::invalid_field("alias", "invalid_name", message))
}

fn check_kind(alias: &str, slot: &Slot) -> Result<()> {
    let wanted = if alias == EMBEDDING {
        ModelKind::Embedding
    } else {
        ModelKind::Generative
    };
    let kind = slot.kind();
    let fits_any = alias != DEFAULT && alias != SMALL && alias != EMBEDDING;
    if kind == wanted || (fits_any && kind == ModelKind::Embedding) {
        return Ok(());
    }
    let message = format!(
        "{} is a model of kind {} and `{alias}` wants one of kind {}",
        slot.row().title,
        kind.as_str(),
        wanted.as_str()
    );
    Err(Error::invalid_field("model", "wrong_kind", message))
}
