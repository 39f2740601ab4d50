//! The embedded portals.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use guildhall_web::assets::Assets;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../ui/dist-portal"]
struct Portal;

pub(super) fn assets() -> Assets {
    Assets::new::<Portal>()
}

/// A JSON text that is ready to be sent.
pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
