//! Whatever comes, nothing panics, and what was read stays what it is.
#![allow(clippy::unwrap_used)]

use guildhall_scim::{Filter, group, list::ListRequest, patch, resource, user};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "[a-zA-Z]{1,8}",
        Just("userName".to_owned()),
        Just("members".to_owned()),
        Just("emails".to_owned()),
        Just("value".to_owned()),
        Just("op".to_owned()),
        Just("path".to_owned()),
        Just("Operations".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("replace")),
        Just(json!("emails[type eq \"work\"].value")),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Filters as clients write them, put together at random.
fn any_filter() -> impl Strategy<Value = String> {
    let attribute = "[a-z][a-zA-Z]{0,6}(\\.[a-z]{1,4})?";
    let comparison = (attribute, "(eq|ne|co|sw|ew|gt|ge|lt|le)", ".{0,8}")
        .prop_map(|(name, operator, text)| format!("{name} {operator} {}", Value::from(text)));
    let leaf = prop_oneof![comparison, attribute.prop_map(|name| format!("{name} pr"))];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("{one} and {two}")),
            (inner.clone(), inner.clone()).prop_map(|(one, two)| format!("({one}) or ({two})")),
            inner.clone().prop_map(|one| format!("not ({one})")),
            inner.prop_map(|one| format!("emails[{one}]")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_refused(text in ".{0,200}") {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn filters_as_clients_write_them_read_and_never_contradict(text in any_filter(), sent in any_json()) {
        let filter = Filter::parse(&text).unwrap();
        if let Ok(held) = resource::read(&sent, user()) {
            let inverse = Filter::parse(&format!("not ({text})")).unwrap();
            prop_assert_ne!(filter.matches(&held, user()), inverse.matches(&held, user()));
        }
    }

    #[test]
    fn what_was_read_reads_the_same_again(sent in any_json()) {
        for definition in [user(), group()] {
            if let Ok(held) = resource::read(&sent, definition) {
                let again = resource::read(&Value::Object(held.clone()), definition).unwrap();
                prop_assert_eq!(held, again);
            }
        }
    }

    #[test]
    fn any_patch_is_carried_out_or_changes_nothing(operations in prop::collection::vec(any_json(), 1..4)) {
        let start = json!({ "userName": "ada", "emails": [{ "type": "work", "value": "a@b.c" }] });
        let mut held = resource::read(&start, user()).unwrap();
        let before = held.clone();
        match patch::apply(&mut held, &json!({ "Operations": operations }), user()) {
            Ok(()) => {
                let again = resource::read(&Value::Object(held.clone()), user()).unwrap();
                prop_assert_eq!(held, again);
            }
            Err(_) => prop_assert_eq!(held, before),
        }
    }

    #[test]
    fn any_search_is_read_or_refused(body in any_json()) {
        let _ = ListRequest::from_body(&body);
    }
}
