//! Ids of what the licence server keeps; those it shares with the node come from the kernel.

use guildhall_kernel::{Id, IdKind};

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
    /// A member of the vendor's staff.
    Staff, StaffId, "stf";
    /// An organisation that buys licences.
    Customer, CustomerId, "cus";
    /// A customer's way into the portal.
    PortalAccess, PortalAccessId, "acc";
    /// Something that is sold.
    Product, ProductId, "prd";
    /// The terms on which a product is sold.
    Plan, PlanId, "pln";
    /// An agreement with a customer.
    Contract, ContractId, "con";
    /// A licence, over all its serials.
    Licence, LicenceId, "lic";
    /// A licence that waits for its signature.
    SigningRequest, SigningRequestId, "sgn";
    /// A node on which a licence was activated.
    Install, InstallId, "ins";
    /// A lease.
    Lease, LeaseId, "lse";
    /// A usage report.
    Report, ReportId, "rep";
    /// Something that happened.
    Event, EventId, "evt";
    /// Where to tell of what happens.
    Webhook, WebhookId, "whk";
    /// One telling.
    Delivery, DeliveryId, "dlv";
}
