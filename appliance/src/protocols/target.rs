//! Who answers to a name: a model of the node, or an employee of the caller's organisation.

use guildhall_kernel::{Ctx, Error, Result, VeId};
use guildhall_web::guard;

use crate::{app::App, inference::Chosen, team};

/// Longest name that is looked up, in bytes.
const NAME_BYTES_MAX: usize = 200;
const CHAT_USE: &str = "chat.use";

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
    /// `unknown_model`, `no_default_model`; `permission_missing` for who may not talk to employees.
    pub(super) async fn find(app: &App, ctx: &Ctx, name: &str) -> Result<Self> {
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            let message = "name a model, such as `auto`; GET /v1/models lists what there is";
            return Err(Error::invalid_field("model", "invalid_value", message));
        }
        if let Ok(ve) = name.parse::<VeId>() {
            return employee(ctx, ve);
        }
        let error = match app.inference.choose_generative(name) {
            Ok(chosen) => return Ok(Self::Model(chosen)),
            Err(error) => error,
        };
        let (organisation, wanted) = (ctx.organisation, name.to_owned());
        let called = app
            .db
            .read(move |reader| team::find_by_name(reader, organisation, &wanted))
            .await?;
        match called {
            Some(found) => employee(ctx, found.id),
            None => Err(error),
        }
    }
}

fn employee(ctx: &Ctx, ve: VeId) -> Result<Target> {
    if !ctx.may(CHAT_USE) {
        return Err(guard::permission_missing(CHAT_USE));
    }
    Ok(Target::Employee(ve))
}
