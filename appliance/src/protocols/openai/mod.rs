//! OpenAI's interface: chat completions, completions, responses, embeddings and models.

mod chat;
mod chat_input;
mod chat_output;
mod completions;
mod completions_output;
mod embeddings;
mod grammar;
mod models;
mod responses;
mod responses_input;
mod responses_output;
mod responses_stream;
mod wire;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(chat::create_chat_completion))
        .routes(routes!(completions::create_completion))
        .routes(routes!(responses::create_response))
        .routes(routes!(embeddings::create_embeddings))
        .routes(routes!(models::list_v1_models))
        .routes(routes!(models::find_v1_model))
}
