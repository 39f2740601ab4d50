//! The vocabulary every Guildhall crate shares: typed ids, time, money, pages, errors and the
//! request context. No I/O lives here; randomness and time come in as parameters where a test
//! must control them.

mod clock;
mod ctx;
mod entitlements;
mod error;
mod id;
mod money;
mod page;

pub use clock::{Clock, FixedClock, SystemClock, Timestamp};
pub use ctx::{Ctx, IdempotencyKey, Principal, Role};
pub use entitlements::{Entitlements, Growth};
pub use error::{Error, ErrorBody, ErrorDetail, ErrorFields, ErrorKind, FieldError, Result};
pub use id::{Id, IdKind, RequestId, random_token};
pub use money::{MicroCredits, Minor};
pub use page::{Cursor, Page, PageRequest};

macro_rules! id_kinds {
    ($($(#[$doc:meta])* $name:ident, $alias:ident, $prefix:literal;)*) => {
        /// Marker types of the id kinds, one per entity.
        pub mod kinds {
            $($(#[$doc])* #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)] pub struct $name;
            impl super::IdKind for $name { const PREFIX: &'static str = $prefix; })*
        }
        $($(#[$doc])* pub type $alias = Id<kinds::$name>;)*
    };
}

id_kinds! {
    /// A person: somebody who can log in, in one or several organisations.
    Person, PersonId, "per";
    /// An organisation: the tenant every owned row belongs to.
    Organisation, OrgId, "org";
    /// A logged-in browser.
    Session, SessionId, "ses";
    /// An API key.
    ApiKey, ApiKeyId, "key";
    /// A listing in the catalogue.
    Agent, AgentId, "agt";
    /// A virtual employee: an agent hired by an organisation.
    Ve, VeId, "ve";
    /// One thread of messages between a person and a virtual employee.
    Conversation, ConversationId, "cnv";
    /// One message of a conversation.
    Message, MessageId, "msg";
    /// A model file known to the node.
    Model, ModelId, "mdl";
    /// A model file on its way to the node.
    Upload, UploadId, "upl";
    /// One audit entry.
    Audit, AuditId, "aud";
    /// One metered call.
    Usage, UsageId, "usg";
    /// A prompt template with its versions.
    PromptTemplate, PromptTemplateId, "tpl";
    /// One prompt answered by several models side by side.
    PlaygroundRun, PlaygroundRunId, "plr";
    /// One model's answer in a playground run.
    PlaygroundAnswer, PlaygroundAnswerId, "pla";
    /// A provider of models outside the node.
    Provider, ProviderId, "prv";
    /// A sealed secret.
    Secret, SecretId, "sec";
    /// A rule about where an organisation's prompts may be computed.
    ResidencyRule, ResidencyRuleId, "rsr";
}
