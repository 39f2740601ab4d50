//! No request makes PATCH panic; a refused one changes nothing, and a resource stays one.
#![no_main]

use guildhall_scim::{patch, resource, user};
use serde_json::{Value, json};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let _ = resource::read(&request, user());
    let sent = json!({ "userName": "ada", "emails": [{ "type": "work", "value": "a@b.c" }] });
    let Ok(mut held) = resource::read(&sent, user()) else {
        return;
    };
    let before = held.clone();
    match patch::apply(&mut held, &request, user()) {
        Ok(()) => assert!(resource::read(&Value::Object(held), user()).is_ok()),
        Err(_) => assert_eq!(held, before),
    }
});
