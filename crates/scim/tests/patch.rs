//! PATCH as the standard has it and as Entra ID and Okta send it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use guildhall_scim::{Definition, ENTERPRISE_USER, ScimType, group, patch, resource, user};
use serde_json::{Value, json};

fn patched(start: &Value, operations: &Value, definition: &Definition) -> Value {
    let mut held = resource::read(start, definition).unwrap();
    patch::apply(&mut held, &json!({ "Operations": operations }), definition).unwrap();
    Value::Object(held)
}

fn refused(start: &Value, operations: &Value) -> ScimType {
    let mut held = resource::read(start, user()).unwrap();
    let before = held.clone();
    let problem =
        patch::apply(&mut held, &json!({ "Operations": operations }), user()).unwrap_err();
    assert_eq!(held, before, "half done");
    problem.scim_type.unwrap()
}

fn ada() -> Value {
    json!({ "userName": "ada", "active": true, "emails": [{ "type": "work", "value": "a@work.example", "primary": true }] })
}

#[test]
fn entra_disables_with_capitals_and_text() {
    let after = patched(
        &ada(),
        &json!([{ "op": "Replace", "path": "active", "value": "False" }]),
        user(),
    );
    assert_eq!(after["active"], json!(false));
}

#[test]
fn okta_disables_without_a_path() {
    let operations = json!([{ "op": "replace", "value": { "active": false, "id": "x" } }]);
    assert_eq!(patched(&ada(), &operations, user())["active"], json!(false));
}

#[test]
fn entra_sets_parts_of_entries_that_are_not_there() {
    let operations = json!([
        { "op": "Add", "path": "emails[type eq \"home\"].value", "value": "a@home.example" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@work.example" },
        { "op": "Add", "path": "name.givenName", "value": "Ada" },
        { "op": "Add", "path": format!("{ENTERPRISE_USER}:department"), "value": "Maths" },
        { "op": "Add", "path": format!("{ENTERPRISE_USER}:manager"), "value": "boss" },
        { "op": "Add", "path": "externalId", "value": "e-1" },
        { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "kept by nobody" },
    ]);
    let after = patched(&ada(), &operations, user());
    assert_eq!(
        after["emails"],
        json!([{ "type": "work", "value": "new@work.example", "primary": true },
               { "type": "home", "value": "a@home.example" }])
    );
    assert_eq!(after["name"], json!({ "givenName": "Ada" }));
    assert_eq!(
        after[ENTERPRISE_USER],
        json!({ "department": "Maths", "manager": { "value": "boss" } })
    );
    assert_eq!(after["externalId"], json!("e-1"));
    assert_eq!(after.get("roles"), None);
}

#[test]
fn dotted_names_without_a_path_are_paths() {
    let urn = format!("{ENTERPRISE_USER}:division");
    let operations = json!([{ "op": "add", "value": { "name.familyName": "L", urn: "D", "displayName": "Ada L" } }]);
    let after = patched(&ada(), &operations, user());
    assert_eq!(after["name"]["familyName"], json!("L"));
    assert_eq!(after[ENTERPRISE_USER]["division"], json!("D"));
}

#[test]
fn members_come_and_go_in_every_shape() {
    let start = json!({ "displayName": "g", "members": [{ "value": "1" }, { "value": "2" }, { "value": "3" }] });
    let operations = json!([
        { "op": "Add", "path": "members", "value": [{ "value": "4" }, { "value": "1" }] },
        { "op": "Remove", "path": "members", "value": [{ "value": "2" }] },
        { "op": "remove", "path": "members[value eq \"3\"]" },
        { "op": "remove", "path": "members[value eq \"nobody\"]" },
    ]);
    assert_eq!(
        patched(&start, &operations, group())["members"],
        json!([{ "value": "1" }, { "value": "4" }])
    );
    let emptied = patched(
        &start,
        &json!([{ "op": "remove", "path": "members" }]),
        group(),
    );
    assert_eq!(emptied.get("members"), None);
    let replaced = json!([{ "op": "replace", "value": { "displayName": "h", "members": [{ "value": "9" }] } }]);
    assert_eq!(
        patched(&start, &replaced, group()),
        json!({ "displayName": "h", "members": [{ "value": "9" }] })
    );
}

#[test]
fn a_new_primary_entry_takes_the_place_of_the_old_one() {
    let operations =
        json!([{ "op": "add", "path": "emails", "value": [{ "value": "b@x", "primary": true }] }]);
    let after = patched(&ada(), &operations, user());
    assert_eq!(after["emails"][0]["primary"], json!(false));
    assert_eq!(after["emails"][1]["primary"], json!(true));
}

#[test]
fn an_extension_is_set_and_removed_as_a_whole() {
    let set = json!([{ "op": "add", "path": ENTERPRISE_USER, "value": { "department": "M" } }]);
    let after = patched(&ada(), &set, user());
    assert_eq!(after[ENTERPRISE_USER], json!({ "department": "M" }));
    let removed = patched(
        &after,
        &json!([{ "op": "remove", "path": ENTERPRISE_USER }]),
        user(),
    );
    assert_eq!(removed.get(ENTERPRISE_USER), None);
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let first = json!({ "op": "replace", "path": "displayName", "value": "half" });
    for (operation, kind) in [
        (
            json!({ "op": "remove", "path": "userName" }),
            ScimType::InvalidValue,
        ),
        (
            json!({ "op": "replace", "path": "id", "value": "x" }),
            ScimType::Mutability,
        ),
        (
            json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }),
            ScimType::Mutability,
        ),
        (json!({ "op": "remove" }), ScimType::NoTarget),
        (
            json!({ "op": "add", "path": "displayName" }),
            ScimType::InvalidValue,
        ),
        (
            json!({ "op": "replace", "path": "active", "value": "perhaps" }),
            ScimType::InvalidValue,
        ),
        (
            json!({ "op": "replace", "path": "emails[type co \"x\"].value", "value": "y" }),
            ScimType::NoTarget,
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq", "value": "y" }),
            ScimType::InvalidFilter,
        ),
        (
            json!({ "op": "replace", "path": "a b", "value": "y" }),
            ScimType::InvalidPath,
        ),
        (
            json!({ "op": "move", "path": "title", "value": "y" }),
            ScimType::InvalidSyntax,
        ),
        (json!("remove"), ScimType::InvalidSyntax),
    ] {
        assert_eq!(
            refused(&ada(), &json!([first, operation])),
            kind,
            "{operation}"
        );
    }
    assert_eq!(refused(&ada(), &json!([])), ScimType::InvalidSyntax);
}
