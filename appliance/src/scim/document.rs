//! How the OpenAPI document describes the bodies of the protocol. Resources are described from the schemas that decide
//! what is read, so that neither can say something else than the other. What directories send beside the standard
//! (names in other capitals, single values in lists, truth values as text) is read too, and not described.

use std::borrow::Cow;

use guildhall_scim::{
    Attribute, Definition, Kind, LIST_RESPONSE, Mutability, PATCH_OP, SEARCH_REQUEST, group, list,
    patch::OPERATIONS_MAX,
    resource::{ENTRIES_MAX, TEXT_CHARACTERS_MAX},
    user,
};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{Array, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type},
    },
};

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident, $schema:expr;)*) => {
        $($(#[$doc])*
        pub(super) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.build().into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        })*
    };
}

bodies! {
    /// A user as a directory sends one.
    ScimUserInput, sent(user()).examples([example_user()]);
    /// A user as a directory reads one.
    ScimUser, shown(user());
    /// A page of users.
    ScimUserList, page(shown(user()));
    /// A group as a directory sends one.
    ScimGroupInput, sent(group()).examples([example_group()]);
    /// A group as a directory reads one.
    ScimGroup, shown(group());
    /// A page of groups.
    ScimGroupList, page(shown(group()));
    /// A page of whatever there is.
    ScimList, page(object());
    /// Operations that change a resource.
    ScimPatch, patch();
    /// What is searched for.
    ScimSearch, search();
    /// Something that the service says of itself.
    ScimDescription, object();
}

fn object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(TEXT_CHARACTERS_MAX))
}

fn whole_number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}

fn urns(named: impl IntoIterator<Item = impl Into<Value>>) -> ArrayBuilder {
    let urn = ObjectBuilder::new().schema_type(Type::String);
    ArrayBuilder::new()
        .items(urn.enum_values(Some(named)))
        .min_items(Some(1))
}

/// The URNs of a type's schemas, its own one first.
fn schemas(definition: &Definition) -> ArrayBuilder {
    let all = std::iter::once(&definition.core).chain(&definition.extensions);
    urns(all.map(|schema| schema.id.as_str()))
}

/// A resource as it is sent: what only the service writes is left out.
fn sent(definition: &Definition) -> ObjectBuilder {
    let start = object()
        .property("schemas", schemas(definition))
        .property("externalId", text());
    let mut built = parts(start, &definition.core.attributes, true);
    for extension in &definition.extensions {
        let members = parts(object(), &extension.attributes, true);
        built = built.property(extension.id.as_str(), members);
    }
    let required = definition.core.attributes.iter().filter(|one| one.required);
    required.fold(built, |built, attribute| {
        let something = text().min_length(Some(1)).pattern(Some(r"\S"));
        built
            .property(attribute.name.as_str(), something)
            .required(attribute.name.as_str())
    })
}

/// A resource as it is read. Which attributes it has is for the reader to say.
fn shown(definition: &Definition) -> ObjectBuilder {
    let instant = || ObjectBuilder::new().schema_type(Type::String);
    let meta = object()
        .property("resourceType", text())
        .property("created", instant())
        .property("lastModified", instant())
        .property("location", text())
        .property("version", text());
    let start = object()
        .property("schemas", schemas(definition))
        .property("id", text())
        .property("externalId", text())
        .property("meta", meta)
        .required("schemas")
        .required("id");
    let built = parts(start, &definition.core.attributes, false);
    definition
        .extensions
        .iter()
        .fold(built, |built, extension| {
            built.property(
                extension.id.as_str(),
                parts(object(), &extension.attributes, false),
            )
        })
}

fn parts(start: ObjectBuilder, attributes: &[Attribute], is_sent: bool) -> ObjectBuilder {
    let written = attributes
        .iter()
        .filter(|one| !is_sent || one.mutability != Mutability::ReadOnly);
    written.fold(start, |built, attribute| {
        let one = value(attribute, is_sent);
        match attribute.multi_valued {
            true => built.property(attribute.name.as_str(), entries(one)),
            false => built.property(attribute.name.as_str(), one),
        }
    })
}

fn value(attribute: &Attribute, is_sent: bool) -> ObjectBuilder {
    match attribute.kind {
        Kind::Complex => parts(object(), &attribute.sub_attributes, is_sent),
        Kind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean),
        Kind::Integer => whole_number(),
        Kind::Decimal => ObjectBuilder::new().schema_type(Type::Number),
        Kind::String | Kind::DateTime | Kind::Binary | Kind::Reference => text(),
    }
}

fn entries(one: ObjectBuilder) -> Array {
    let list = ArrayBuilder::new().items(one);
    list.max_items(Some(ENTRIES_MAX)).build()
}

fn page(one: ObjectBuilder) -> ObjectBuilder {
    let found = ArrayBuilder::new().items(one);
    let page = object()
        .property("schemas", urns([LIST_RESPONSE]))
        .property("totalResults", whole_number())
        .property("startIndex", whole_number())
        .property("itemsPerPage", whole_number())
        .property("Resources", found.max_items(Some(list::PAGE_MAX)));
    [
        "schemas",
        "totalResults",
        "startIndex",
        "itemsPerPage",
        "Resources",
    ]
    .into_iter()
    .fold(page, ObjectBuilder::required)
}

fn patch() -> ObjectBuilder {
    let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    let verb = ObjectBuilder::new().schema_type(Type::String);
    let operation = object()
        .property("op", verb.enum_values(Some(["add", "remove", "replace"])))
        .property("path", text())
        .property("value", anything)
        .required("op");
    let operations = ArrayBuilder::new()
        .items(operation)
        .min_items(Some(1))
        .max_items(Some(OPERATIONS_MAX));
    let example = json!({
        "schemas": [PATCH_OP],
        "Operations": [{ "op": "replace", "path": "displayName", "value": "Another name" }],
    });
    object()
        .property("schemas", urns([PATCH_OP]))
        .property("Operations", operations)
        .required("Operations")
        .examples([example])
}

fn search() -> ObjectBuilder {
    let order = ObjectBuilder::new().schema_type(Type::String);
    let names = || ArrayBuilder::new().items(text());
    let example = json!({
        "schemas": [SEARCH_REQUEST], "filter": "displayName pr", "startIndex": 1, "count": 10,
    });
    object()
        .property("schemas", urns([SEARCH_REQUEST]))
        .property("filter", text())
        .property("sortBy", text())
        .property(
            "sortOrder",
            order.enum_values(Some(["ascending", "descending"])),
        )
        .property("startIndex", whole_number())
        .property("count", whole_number())
        .property("attributes", names())
        .property("excludedAttributes", names())
        .examples([example])
}

fn example_user() -> Value {
    json!({
        "schemas": [user().core.id],
        "userName": "ada@example.org",
        "name": { "givenName": "Ada", "familyName": "Lovelace" },
        "emails": [{ "value": "ada@example.org", "type": "work", "primary": true }],
        "active": true,
    })
}

fn example_group() -> Value {
    json!({ "schemas": [group().core.id], "displayName": "Finance" })
}
