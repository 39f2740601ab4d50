//! Making a conversation fit a provider's model, by an estimate: tokens cannot be counted here.

use guildhall_engine_protocol::{ChatRole, Input, OnOverflow, Prompt};

/// Bytes that make a token on average, in the languages that need most tokens: an estimate below it
/// would send what the provider refuses.
const BYTES_PER_TOKEN: usize = 3;
const TOKENS_PER_MESSAGE: usize = 8;

/// A prompt cut to the model's context, and how many messages were left out.
pub(super) fn fit(mut prompt: Prompt, context_length: u32) -> (Prompt, u32) {
    let room =
        usize::try_from(context_length.saturating_sub(prompt.max_tokens)).unwrap_or(usize::MAX);
    let Input::Chat(chat) = &mut prompt.input else {
        return (prompt, 0);
    };
    if prompt.on_overflow == OnOverflow::Refuse {
        // The provider counts exactly and says so.
        return (prompt, 0);
    }
    let tools = serde_json::to_string(&chat.tools).map_or(0, |text| text.len() / BYTES_PER_TOKEN);
    let size = |message: &guildhall_engine_protocol::ChatMessage| {
        let calls: usize = message
            .tool_calls
            .iter()
            .map(|call| call.name.len() + call.arguments.len())
            .sum();
        (message.content.len() + calls) / BYTES_PER_TOKEN + TOKENS_PER_MESSAGE
    };
    let mut total: usize = tools + chat.messages.iter().map(size).sum::<usize>();
    let mut left_out = 0;
    while total > room {
        let last = chat.messages.len().saturating_sub(1);
        let Some(oldest) = chat
            .messages
            .iter()
            .position(|message| message.role != ChatRole::System)
            .filter(|oldest| *oldest < last)
        else {
            break;
        };
        // A call and its results belong together: cut up to the next message of a person.
        let mut next = oldest;
        loop {
            total = total.saturating_sub(size(&chat.messages.remove(next)));
            left_out += 1;
            let follows = chat.messages.get(next).map(|message| message.role);
            let is_last = next + 1 >= chat.messages.len();
            if is_last || !matches!(follows, Some(ChatRole::Assistant | ChatRole::Tool)) {
                break;
            }
            next = oldest;
        }
    }
    (prompt, left_out)
}

/// Tokens of this many bytes, where nobody counted them.
pub(in crate::inference) fn estimate(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use guildhall_engine_protocol::ChatMessage;

    use super::*;

    fn roles(prompt: &Prompt) -> Vec<ChatRole> {
        let Input::Chat(chat) = &prompt.input else {
            panic!("no chat");
        };
        chat.messages.iter().map(|message| message.role).collect()
    }

    #[test]
    fn the_oldest_turns_go_first_and_calls_stay_with_their_results() {
        use ChatRole::{Assistant, System, Tool, User};
        let long = "x".repeat(300);
        let said = [
            System, User, Assistant, Tool, Assistant, User, Assistant, User,
        ];
        let messages = said
            .map(|role| ChatMessage::new(role, long.clone()))
            .to_vec();
        let prompt = Prompt::new(Input::chat(messages), 100);
        let (same, none) = fit(prompt.clone(), 4000);
        assert_eq!((roles(&same).len(), none), (8, 0));
        let (shorter, left_out) = fit(prompt.clone(), 800);
        assert_eq!(
            (roles(&shorter), left_out),
            (vec![System, User, Assistant, User], 4)
        );
        let (least, _) = fit(prompt.clone(), 300);
        assert_eq!(roles(&least), [System, User]);
        let refuse = Prompt {
            on_overflow: OnOverflow::Refuse,
            ..prompt
        };
        assert_eq!(fit(refuse, 300).1, 0);
    }
}
