//! `ChatSync` of Amazon Q Business: one whole answer, no tools, no instructions, no figures.
//! Source: <https://docs.aws.amazon.com/amazonq/latest/api-reference/API_ChatSync.html>.

use axum::http::HeaderMap;
use guildhall_engine_protocol::{Chat, ChatRole, FinishReason, Prompt, ToolChoice};
use guildhall_kernel::{Error, Result};
use serde_json::json;

use super::{
    Framing, Outgoing, Piece, Reader, Target, add_text, at, bedrock, failure::read_json,
    frame::Frame, outgoing, path_segment, unsupported,
};
const SERVICE: &str = "qbusiness";
/// What the service takes at most, in characters.
const MESSAGE_CHARACTERS_MAX: usize = 7000;

pub(super) fn request(target: Target<'_>, prompt: &Prompt, chat: &Chat) -> Result<Outgoing> {
    if !chat.tools.is_empty() && chat.tool_choice != ToolChoice::None {
        return Err(unsupported(target, "tools"));
    }
    if prompt.constraint.is_some() {
        return Err(unsupported(target, "a form for its answers"));
    }
    let application = target.provider.settings.application_id.as_deref();
    let application = application.unwrap_or_default();
    let body = json!({ "userMessage": message(chat), "chatMode": "RETRIEVAL_MODE" });
    let path = format!(
        "/applications/{}/conversations?sync",
        path_segment(application)
    );
    let request = outgoing(
        path,
        HeaderMap::new(),
        &body,
        (Framing::Whole, Box::new(Answer)),
    )?;
    bedrock::signed_for(target, request, SERVICE)
}

/// The conversation as one text, the newest turns of it; the service keeps conversations itself, but
/// one here may come from any model.
fn message(chat: &Chat) -> String {
    let mut turns = chat.messages.iter().rev();
    let mut text = turns
        .next()
        .map_or_else(String::new, |last| last.content.clone());
    for turn in turns.filter(|turn| !turn.content.is_empty()) {
        let speaker = match turn.role {
            ChatRole::System => "Instructions",
            ChatRole::User => "Earlier question",
            ChatRole::Assistant => "Earlier answer",
            ChatRole::Tool => continue,
        };
        let longer = format!("{speaker}: {}\n\n{text}", turn.content);
        if longer.chars().count() > MESSAGE_CHARACTERS_MAX {
            break;
        }
        text = longer;
    }
    text
}

struct Answer;

impl Reader for Answer {
    fn read(&mut self, frame: &Frame, pieces: &mut Vec<Piece>) -> Result<()> {
        let answer = read_json(&frame.data)?;
        if at(&answer, "/actionReview").is_object()
            || at(&answer, "/authChallengeRequest").is_object()
        {
            return Err(Error::conflict(
                "provider_wants_person",
                "Amazon Q Business wants to act or to log a person in, which a person must confirm there",
            ));
        }
        let text = at(&answer, "/systemMessage").as_str();
        let text = text.ok_or_else(|| super::failure::garbled("sent no answer"))?;
        add_text(pieces, text);
        pieces.push(Piece::Finish(FinishReason::Stop));
        Ok(())
    }
}
