//! Who answers to a name: a model of the node, or an employee of the caller's organisation.

use guildhall_kernel::{Ctx, Error, ErrorKind, Result, VeId};
use guildhall_web::guard;

use crate::{
    app::App,
    identity,
    inference::{Chosen, unknown_model},
    team,
};

/// Longest name that is looked up, in bytes.
const NAME_BYTES_MAX: usize = 200;
const CHAT_USE: &str = "chat.use";
const MODELS_USE: &str = "models.use";

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Model(Chosen),
    Employee(VeId),
}

impl Target {
    /// Finds who is meant: an employee's id, a model's name or alias, then an employee's name.
    ///
    /// # Errors
    /// `unknown_model`, `no_default_model`, `wrong_kind`, `provider_disabled`; `permission_missing` for who may not talk to employees;
    /// `not_in_policy`; `denied_by_authoriser`, `authoriser_unavailable`.
    pub(super) async fn find(app: &App, ctx: &Ctx, name: &str) -> Result<Self> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let message = "name a model, such as `auto`; GET /v1/models lists what there is";
            return Err(Error::invalid_field("model", "invalid_value", message));
        }
        if let Ok(ve) = name.parse::<VeId>() {
            return employee(app, ctx, ve).await;
        }
        let error = match app.inference.choose_generative(name) {
            Ok(chosen) => match check_chosen(app, ctx, (name, &chosen)).await {
                Ok(()) => return Ok(Self::Model(chosen)),
                // An employee may go by the same name.
                Err(error) if error.kind() == ErrorKind::NotFound => error,
                Err(error) => return Err(error),
            },
            // Whoever may not know of a model is not told what is wrong with it.
            Err(_) if is_out_of_reach(ctx, name) => unknown_model(name),
            Err(error) => error,
        };
        let (caller, wanted) = (ctx.clone(), name.to_owned());
        let called = app
            .db
            .read(move |reader| team::find_by_name(reader, &caller, &wanted))
            .await?;
        match called {
            Some(found) => employee(app, ctx, found.id).await,
            None => Err(error),
        }
    }
}

/// Whether the caller may call the model itself: a key for some employees calls no models, a policy keeps
/// some for others, and the organisation's authoriser has a say.
///
/// # Errors
/// `unknown_model` for who may not know of it; `denied_by_authoriser`, `authoriser_unavailable`.
pub(super) async fn check_model(app: &App, ctx: &Ctx, (asked, name): (&str, &str)) -> Result<()> {
    if is_out_of_reach(ctx, name) || is_out_of_reach(ctx, asked) {
        return Err(unknown_model(asked));
    }
    identity::authorise(app, ctx, MODELS_USE, &format!("model/{name}")).await
}

/// As [`check_model`]; who may not use a model may not use its adapters.
async fn check_chosen(app: &App, ctx: &Ctx, (asked, chosen): (&str, &Chosen)) -> Result<()> {
    let base = chosen.base.as_deref();
    if base.is_some_and(|base| is_out_of_reach(ctx, base)) {
        return Err(unknown_model(asked));
    }
    check_model(app, ctx, (asked, &chosen.name)).await
}

fn is_out_of_reach(ctx: &Ctx, model: &str) -> bool {
    ctx.reach.ves.is_some() || !ctx.may_use_model(model)
}

async fn employee(app: &App, ctx: &Ctx, ve: VeId) -> Result<Target> {
    if !ctx.may(CHAT_USE) {
        return Err(guard::permission_missing(CHAT_USE));
    }
    team::check_use(ctx, ve)?;
    identity::authorise(app, ctx, CHAT_USE, &format!("ve/{ve}")).await?;
    Ok(Target::Employee(ve))
}
