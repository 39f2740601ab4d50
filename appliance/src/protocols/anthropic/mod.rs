//! Anthropic's interface: messages and counting their tokens. Its list of models is OpenAI's address
//! asked with `anthropic-version`; any version is taken, since what is read here has not changed.

mod input;
mod messages;
mod output;
mod stream;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(messages::create_message))
        .routes(routes!(messages::count_message_tokens))
}
