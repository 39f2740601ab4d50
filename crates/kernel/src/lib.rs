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
mod reach;
mod role;
mod second_step;
pub mod text;

pub use clock::{Clock, FixedClock, SystemClock, Timestamp};
pub use ctx::{Ctx, IdempotencyKey, Principal};
pub use entitlements::{Entitlements, Growth};
pub use error::{Error, ErrorBody, ErrorDetail, ErrorFields, ErrorKind, FieldError, Result};
pub use id::{Id, IdKind, RequestId, random_token};
pub use money::{MicroCredits, Minor};
pub use page::{Cursor, Page, PageRequest};
pub use reach::{Reach, ResourceType};
pub use role::Role;
pub use second_step::SecondStep;

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
    /// A passkey.
    Passkey, PasskeyId, "psk";
    /// A link that lets somebody into an organisation.
    Invitation, InvitationId, "inv";
    /// A request for an account.
    SignUp, SignUpId, "sgn";
    /// A role that an organisation made for itself.
    Role, RoleId, "role";
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
    /// What an organisation's directory is known by: memberships that it gave name it.
    ScimSource, ScimSourceId, "scim";
    /// What a directory proves itself with.
    ScimToken, ScimTokenId, "sct";
    /// A user or group as a directory describes it.
    ScimResource, ScimResourceId, "scr";
    /// A sealed secret.
    Secret, SecretId, "sec";
    /// A mail that waits for the mail server.
    Mail, MailId, "mail";
    /// A rule about where an organisation's prompts may be computed.
    ResidencyRule, ResidencyRuleId, "rsr";
    /// An application that asks people, or acts for a service account.
    OauthClient, OauthClientId, "ocl";
    /// A directory that people log in with.
    Directory, DirectoryId, "dir";
    /// An identity provider that people log in with.
    IdentityProvider, IdentityProviderId, "idp";
    /// What an application was allowed once: every token of it ends with it.
    OauthGrant, OauthGrantId, "ogr";
}
