//! Claims of an ID token, as the mapping to people and roles reads them.

use serde_json::{Map, Value};

use crate::federation::{mapping::Claims, model::ProviderRow};

const VALUES_MAX: usize = 2000;
const NAMES_MAX: usize = 200;
const DEPTH_MAX: usize = 4;
/// Of the protocol itself; nobody maps them, and an administrator need not read them.
const OF_PROTOCOL: [&str; 12] = [
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "azp",
    "at_hash",
    "c_hash",
    "jti",
    "sid",
    "auth_time",
];

/// Every claim that holds a text, a number, a truth value or a list of such, by its name; what lies deeper by its
/// path with dots, such as `realm_access.roles`.
pub(super) fn flatten(said: &Map<String, Value>) -> Claims {
    let mut found = Claims::new();
    collect("", said, &mut found, DEPTH_MAX);
    for name in OF_PROTOCOL {
        found.remove(name);
    }
    found
}

fn collect(before: &str, object: &Map<String, Value>, found: &mut Claims, depth: usize) {
    for (name, value) in object {
        if found.len() >= NAMES_MAX {
            return;
        }
        let path = if before.is_empty() {
            name.clone()
        } else {
            format!("{before}.{name}")
        };
        match value {
            Value::Object(inner) if depth > 0 => collect(&path, inner, found, depth - 1),
            Value::Array(items) => {
                let texts = items.iter().filter_map(text).take(VALUES_MAX).collect();
                found.insert(path, texts);
            }
            single => {
                if let Some(text) = text(single) {
                    found.insert(path, vec![text]);
                }
            }
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Whether something that the settings name, or the usual names of it, is not in the token.
pub(super) fn is_more_needed(provider: &ProviderRow, said: &Map<String, Value>) -> bool {
    let known = flatten(said);
    let names = &provider.attributes;
    let usual = |entered: &String, usual: &str| {
        let name = if entered.is_empty() {
            usual.to_owned()
        } else {
            entered.clone()
        };
        !known.contains_key(&name)
    };
    usual(&names.email, "email")
        || usual(&names.display_name, "name")
        || (!provider.group_map.is_empty() && usual(&names.groups, "groups"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let said = json!({
            "iss": "x", "email": "a@b.example", "groups": ["one", 2, { "no": 1 }], "email_verified": true,
            "realm_access": { "roles": ["r"], "deep": { "er": { "still": { "too": { "deep": 1 } } } } },
        });
        let found = flatten(said.as_object().unwrap());
        assert_eq!(found["groups"], ["one", "2"]);
        assert_eq!(found["realm_access.roles"], ["r"]);
        assert_eq!(found["email_verified"], ["true"]);
        assert!(!found.contains_key("iss"));
        assert!(!found.keys().any(|name| name.ends_with("too.deep")));
    }
}
