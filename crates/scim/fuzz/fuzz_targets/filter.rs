//! No text makes reading or asking a filter panic, and its opposite holds where it does not.
#![no_main]

use guildhall_scim::{Filter, resource, user};
use serde_json::json;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else {
        return;
    };
    let sent = json!({ "userName": "ada", "active": true, "emails": [{ "type": "work", "value": "a@b.c" }] });
    let Ok(held) = resource::read(&sent, user()) else {
        return;
    };
    let inverse = Filter::Not(Box::new(filter.clone()));
    assert_ne!(
        filter.matches(&held, user()),
        inverse.matches(&held, user())
    );
});
