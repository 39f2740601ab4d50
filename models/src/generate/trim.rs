//! Makes a conversation fit: the oldest turns go first, instructions and the last message stay.

use guildhall_engine_protocol::{ChatMessage, ChatRole};

/// A prompt that fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted<T> {
    /// What the measure made of the messages that stayed.
    pub(super) prompt: T,
    /// How many messages were left out.
    pub(super) trimmed_messages: usize,
}

/// What came of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fit<T> {
    /// It fits, perhaps with older messages left out.
    Fits(Fitted<T>),
    /// It would fit only with messages left out, which was not allowed.
    NeedsTrimming,
    /// Instructions and last message alone do not fit.
    TooLong,
}

/// Leaves out as few of the oldest messages as needed. `measure` returns the prompt of the
/// messages given, or `None` when it does not fit; it is called a logarithmic number of times.
///
/// System messages at the beginning stay. What is left after them starts with a person's
/// message, because chat templates expect turns to alternate.
pub(super) fn fit<T, E>(
    messages: &[ChatMessage],
    may_trim: bool,
    mut measure: impl FnMut(&[&ChatMessage]) -> Result<Option<T>, E>,
) -> Result<Fit<T>, E> {
    let is_instruction = |message: &&ChatMessage| message.role == ChatRole::System;
    let (instructions, turns) =
        messages.split_at(messages.iter().take_while(is_instruction).count());
    let mut attempt = |left_out: usize| {
        let kept: Vec<_> = instructions
            .iter()
            .chain(turns.iter().skip(left_out))
            .collect();
        measure(&kept)
    };
    if let Some(prompt) = attempt(0)? {
        return Ok(Fit::Fits(Fitted {
            prompt,
            trimmed_messages: 0,
        }));
    }
    let places = places_to_start(turns);
    let mut best = None;
    let (mut low, mut high) = (0, places.len());
    while low < high {
        let middle = low.midpoint(high);
        let left_out = places.get(middle).copied().unwrap_or_default();
        match attempt(left_out)? {
            Some(prompt) => {
                best = Some(Fitted {
                    prompt,
                    trimmed_messages: left_out,
                });
                high = middle;
            }
            None => low = middle + 1,
        }
    }
    Ok(match best {
        None => Fit::TooLong,
        Some(_) if !may_trim => Fit::NeedsTrimming,
        Some(fitted) => Fit::Fits(fitted),
    })
}

/// Where a shortened conversation may begin: at a person's message or at the last one.
fn places_to_start(turns: &[ChatMessage]) -> Vec<usize> {
    let last = turns.len().saturating_sub(1);
    turns
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(place, message)| message.role == ChatRole::User || *place == last)
        .map(|(place, _)| place)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(role: ChatRole, length: usize) -> ChatMessage {
        ChatMessage::new(role, "x".repeat(length))
    }

    /// Measures in characters and returns what stayed.
    fn fit_characters(messages: &[ChatMessage], may_trim: bool, limit: usize) -> Fit<Vec<usize>> {
        let fitted = fit(messages, may_trim, |kept| {
            let lengths: Vec<usize> = kept.iter().map(|message| message.content.len()).collect();
            Ok::<_, ()>((lengths.iter().sum::<usize>() <= limit).then_some(lengths))
        });
        fitted.unwrap_or(Fit::TooLong)
    }

    fn conversation() -> Vec<ChatMessage> {
        use ChatRole::{Assistant, System, User};
        [
            (System, 10),
            (User, 20),
            (Assistant, 30),
            (User, 40),
            (Assistant, 50),
            (User, 60),
        ]
        .map(|(role, length)| message(role, length))
        .to_vec()
    }

    #[test]
    fn a_conversation_that_fits_is_untouched() {
        let Fit::Fits(fitted) = fit_characters(&conversation(), false, 210) else {
            unreachable!("it fits");
        };
        assert_eq!(fitted.trimmed_messages, 0);
        assert_eq!(fitted.prompt.len(), 6);
    }

    #[test]
    fn whole_turns_go_oldest_first() {
        let fitted = Fitted {
            prompt: vec![10, 40, 50, 60],
            trimmed_messages: 2,
        };
        assert_eq!(
            fit_characters(&conversation(), true, 209),
            Fit::Fits(fitted)
        );
        let fitted = Fitted {
            prompt: vec![10, 60],
            trimmed_messages: 4,
        };
        assert_eq!(fit_characters(&conversation(), true, 70), Fit::Fits(fitted));
    }

    #[test]
    fn refusals_tell_a_long_conversation_from_a_long_message() {
        assert_eq!(
            fit_characters(&conversation(), false, 209),
            Fit::NeedsTrimming
        );
        assert_eq!(fit_characters(&conversation(), true, 69), Fit::TooLong);
        assert_eq!(fit_characters(&conversation(), false, 69), Fit::TooLong);
        assert_eq!(
            fit_characters(&[message(ChatRole::User, 5)], true, 4),
            Fit::TooLong
        );
    }

    proptest! {
        #[test]
        fn as_little_as_possible_is_left_out(
            lengths in proptest::collection::vec(0_usize..50, 1..20),
            limit in 0_usize..300,
        ) {
            let messages: Vec<_> = lengths
                .iter()
                .enumerate()
                .map(|(place, length)| {
                    let role = if place % 2 == 0 { ChatRole::User } else { ChatRole::Assistant };
                    message(role, *length)
                })
                .collect();
            let starts = (0..messages.len()).filter(|s| s % 2 == 0 || s + 1 == messages.len());
            let fits = |start: &usize| lengths.iter().skip(*start).sum::<usize>() <= limit;
            let expected = starts.into_iter().find(fits);
            let found = match fit_characters(&messages, true, limit) {
                Fit::Fits(fitted) => Some(fitted.trimmed_messages),
                _ => None,
            };
            prop_assert_eq!(found, expected);
        }
    }
}
