//! Whatever is changed: what is taken is what was signed.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::idp::{Draft, IDP_KEY, NOW, SP_KEY, certificate, decide};
use crate::{
    Expectations, RedirectMessage, parse_metadata, validate_response, validate_response_xml,
};

static GENUINE: LazyLock<[String; 2]> = LazyLock::new(|| {
    let draft = Draft::default();
    let outer = draft.signed_response(&draft.signed_assertion(&IDP_KEY), &IDP_KEY);
    [draft.usual(), outer]
});

/// A change of a document: replace, insert, delete, or copy a piece of it elsewhere.
#[derive(Clone, Debug)]
enum Change {
    Replace(prop::sample::Index, char),
    Insert(prop::sample::Index, String),
    Delete(prop::sample::Index, usize),
    Copy(prop::sample::Index, usize, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<char>()).prop_map(|(at, letter)| Change::Replace(at, letter)),
        (index(), "[<>/&;=\"'a-z!\\-]{1,6}").prop_map(|(at, text)| Change::Insert(at, text)),
        (index(), 1..400_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        (index(), 1..2000_usize, index())
            .prop_map(|(from, length, to)| Change::Copy(from, length, to)),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let length = letters.len();
    match change {
        Change::Replace(at, letter) => letters[at.index(length)] = *letter,
        Change::Insert(at, text) => {
            let at = at.index(length);
            letters.splice(at..at, text.chars());
        }
        Change::Delete(at, count) => {
            let at = at.index(length);
            letters.drain(at..(at + count).min(length));
        }
        Change::Copy(from, count, to) => {
            let from = from.index(length);
            let piece = letters[from..(from + count).min(length)].to_vec();
            let to = to.index(length);
            letters.splice(to..to, piece);
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_taken_is_what_was_signed(which in 0..2_usize, changes in prop::collection::vec(change(), 1..4)) {
        let genuine = decide(&GENUINE[which]).unwrap();
        let mut text = GENUINE[which].clone();
        for change in &changes {
            text = changed(&text, change);
        }
        if let Ok(taken) = decide(&text) {
            prop_assert_eq!(taken, genuine);
        }
    }

    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), text in ".{0,300}") {
        let (certificates, keys) = ([certificate(&IDP_KEY)], [SP_KEY.clone()]);
        let expected = Expectations {
            idp_entity_id: "a", certificates: &certificates, sp_entity_id: "b", acs_url: "c",
            in_response_to: None, keys: &keys, want_encrypted: false,
        };
        prop_assert!(validate_response_xml(&bytes, &expected, NOW).is_err());
        prop_assert!(validate_response(&text, &expected, NOW).is_err());
        drop(parse_metadata(&text, NOW));
        drop(RedirectMessage::read(&text));
    }
}
