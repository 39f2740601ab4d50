//! What users and groups consist of (RFC 7643, sections 4 and 7). The documents that `/Schemas` gives are
//! the ones that decide here what is read, so that neither can say something else than the other.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The schema of a user.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of what companies add to a user.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of a group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema of a list's answer.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of a PATCH request.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The schema of a search in a request's body.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A number.
    Decimal,
    /// A whole number.
    Integer,
    /// An instant, as text.
    DateTime,
    /// Bytes in base64.
    Binary,
    /// An address of something else.
    Reference,
    /// Sub-attributes.
    Complex,
}

/// Who may write an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// The service only.
    ReadOnly,
    /// The client.
    #[default]
    ReadWrite,
    /// The client, once.
    Immutable,
    /// The client, without reading it back.
    WriteOnly,
}

/// One attribute, or a part of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Its name, in the spelling that answers have.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether it holds a list.
    #[serde(default)]
    pub multi_valued: bool,
    /// Whether a resource must have it.
    #[serde(default)]
    pub required: bool,
    /// Whether capitals count when it is compared.
    #[serde(default)]
    pub case_exact: bool,
    /// Who may write it.
    #[serde(default)]
    pub mutability: Mutability,
    /// The parts of a complex attribute.
    #[serde(default)]
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// The part with this name, capitals aside.
    pub fn part(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }
}

/// A named set of attributes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Schema {
    /// Its URN.
    pub id: String,
    /// Its short name.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute with this name, capitals aside.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    let mut attributes = attributes.iter();
    attributes.find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A type of resource: its own schema and those that extend it.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// Its name, such as `User`.
    pub name: &'static str,
    /// Where resources of this type lie, such as `/Users`.
    pub endpoint: &'static str,
    /// The schema that every such resource has.
    pub core: Schema,
    /// Schemas it may have beside.
    pub extensions: Vec<Schema>,
}

impl Definition {
    /// The extension with this URN, capitals aside.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        let mut extensions = self.extensions.iter();
        extensions.find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The schema with this URN: the core one when left out.
    pub fn schema(&self, urn: Option<&str>) -> Option<&Schema> {
        match urn {
            None => Some(&self.core),
            Some(urn) if urn.eq_ignore_ascii_case(&self.core.id) => Some(&self.core),
            Some(urn) => self.extension(urn),
        }
    }
}

const DOCUMENTS: [&str; 6] = [
    include_str!("schemas/user.json"),
    include_str!("schemas/enterprise_user.json"),
    include_str!("schemas/group.json"),
    include_str!("schemas/service_provider_config.json"),
    include_str!("schemas/resource_type.json"),
    include_str!("schemas/schema.json"),
];

/// The documents of `/Schemas`: user, enterprise extension, group and the three that describe the service.
pub fn schema_documents() -> &'static [Value] {
    static READ: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let read = |text: &&str| serde_json::from_str(text).ok();
        DOCUMENTS.iter().filter_map(read).collect()
    });
    &READ
}

fn schema(urn: &str) -> Schema {
    let mut documents = schema_documents().iter();
    let document = documents.find(|document| document.get("id").is_some_and(|id| id == urn));
    // The documents are part of the program; a test reads every one of them.
    document
        .and_then(|document| Schema::deserialize(document).ok())
        .unwrap_or_default()
}

/// What a user is.
pub fn user() -> &'static Definition {
    static USERS: LazyLock<Definition> = LazyLock::new(|| Definition {
        name: "User",
        endpoint: "/Users",
        core: schema(USER),
        extensions: vec![schema(ENTERPRISE_USER)],
    });
    &USERS
}

/// What a group is.
pub fn group() -> &'static Definition {
    static GROUPS: LazyLock<Definition> = LazyLock::new(|| Definition {
        name: "Group",
        endpoint: "/Groups",
        core: schema(GROUP),
        extensions: Vec::new(),
    });
    &GROUPS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_embedded_document_reads() {
        assert_eq!(schema_documents().len(), DOCUMENTS.len());
        for document in schema_documents() {
            let schema = Schema::deserialize(document).unwrap();
            assert!(!schema.attributes.is_empty(), "{}", schema.id);
        }
        assert!(user().core.attribute("USERNAME").unwrap().required);
        assert!(
            user()
                .extension(ENTERPRISE_USER)
                .unwrap()
                .attribute("manager")
                .is_some()
        );
        assert!(group().core.attribute("members").unwrap().multi_valued);
    }

    #[test]
    fn passwords_are_no_attribute() {
        assert!(user().core.attribute("password").is_none());
    }
}
