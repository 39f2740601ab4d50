//! How many tokens a conversation takes before its answer.

use guildhall_engine_protocol::{Chat, Input};
use guildhall_kernel::{Ctx, Result};

use super::target::Target;
use crate::{
    app::App,
    chat::{self, Prepared},
    inference::Haste,
};

/// Counts with the model that would answer; for an employee with all that is put in front of its
/// conversations, in words where it quotes.
///
/// # Errors
/// Those of the name, of the employee, and of the engine.
pub(super) async fn tokens(app: &App, ctx: &Ctx, model: &str, chat: Chat) -> Result<u32> {
    let ve = match Target::find(app, ctx, model).await? {
        Target::Model(chosen) => {
            let input = Input::Chat(chat);
            return app.inference.count_tokens(&chosen.name, input).await;
        }
        Target::Employee(ve) => ve,
    };
    match chat::prepare(app, ctx, ve, (chat, Haste::default())).await? {
        Prepared::Prompt { model, chat, .. } => {
            app.inference.count_tokens(&model, Input::Chat(chat)).await
        }
        Prepared::Quotes { usage, .. } => Ok(usage.input_tokens),
    }
}
