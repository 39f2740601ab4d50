//! The description of the interface describes itself.

use std::collections::BTreeSet;

use serde_json::Value;

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(guildhall::http::openapi()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    let leads_nowhere = |reference: &&String| {
        let pointer = reference.trim_start_matches('#');
        document.pointer(pointer).is_none()
    };
    let wrong: Vec<&String> = found.iter().filter(leads_nowhere).collect();
    assert!(found.len() > 100, "only {} were found", found.len());
    assert!(
        wrong.is_empty(),
        "name them in `declare_ids` (http/mod.rs): {wrong:?}"
    );
}
