//! People whom a directory, an identity provider or a provisioning client vouches for.
//!
//! Invariants: a source manages the memberships that it gave and no others; what was given by hand stays; an
//! address alone leads a source to nobody who administers the node, to no administrator with a password of their
//! own, and to nobody of an organisation that is not the source's; a source names, and ends everywhere, only
//! accounts that it made and that no such organisation has too. Withdrawing goes before keeping: what a source no
//! longer says is gone at once, even the last administrator of an organisation, which the audit log then says.

use std::sync::Arc;

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{Clock, Entitlements, Error, OrgId, PersonId, RequestId, Result, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{
    Live, afresh, credential_store,
    external_plan::{Plan, plan},
    external_store::{self, Link},
    login::{self, OpenedSession, Origin, Proof},
    model::{Person, checked_email},
    platform, platform_store, refusals,
    revoke::{RevokeParts, revoke_access, revoke_parts},
    store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event, Events},
    secrets::Secrets,
};

/// What stands for a password where there is none: no password fits it.
pub(super) const NO_PASSWORD: &str = "";

/// One organisation that a source lets somebody into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The organisation.
    pub organisation: OrgId,
    /// A built-in role's name, or the id of a custom role.
    pub role: String,
}

/// Somebody as a source describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// Id of the directory, identity provider or provisioning client: `dir_…`, `idp_…`, `scim_…`.
    pub source: String,
    /// What the source always calls the person: `entryUUID`, `objectGUID`, a `NameID`, `sub`, an id of SCIM.
    pub subject: String,
    /// E-mail address, the login name here.
    pub email: String,
    /// Shown name; the address stands in for an empty one.
    pub display_name: String,
    /// The organisations to be in. Empty: the person loses what this source gave.
    pub grants: Vec<Grant>,
    /// The organisations that the source is for, whomever it names: others have a say in accounts that they have too.
    pub organisations: Vec<OrgId>,
    /// Whether the source lets them in at all.
    pub active: bool,
}

/// What a source's word changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalChange {
    /// Who it is here. In a preview of somebody new, an id that is not kept.
    pub person: PersonId,
    /// Whether the account is new.
    pub created: bool,
    /// Memberships that are new or have another role.
    pub granted: Vec<Grant>,
    /// Organisations that the person is no longer in.
    pub withdrawn: Vec<OrgId>,
    /// Whether the source has another name or address for the account, which is not its alone to change.
    pub name_kept: bool,
}

/// What [`apply_external`] needs of the node.
#[derive(Clone)]
pub struct ExternalContext {
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Live news.
    pub events: Events,
    /// What ending access needs.
    pub revoke: RevokeParts,
    /// What the licence allows: a seat may not be free.
    pub entitlements: Arc<Entitlements>,
    /// Sealed secrets of authenticator apps.
    pub secrets: Secrets,
}

/// What [`apply_external`] needs, of this node.
pub fn external_context(app: &App) -> ExternalContext {
    ExternalContext {
        clock: Arc::clone(&app.clock),
        events: app.events.clone(),
        revoke: revoke_parts(app),
        entitlements: app.licensing.entitlements(),
        secrets: app.secrets.clone(),
    }
}

/// Creates or finds the person, sets the memberships that the source manages (only those) and ends the
/// access that is lost, in the caller's transaction. Somebody new is created even without a grant: whether
/// that makes sense is the source's to know.
///
/// # Errors
/// `account_exists` when the address belongs to an administrator, or to somebody of another organisation;
/// `license_restricted` for a seat that is not there; `unknown_role`; `invalid_email`, `invalid_name`.
pub fn apply_external(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    identity: &ExternalIdentity,
) -> Result<ExternalChange> {
    let now = parts.clock.now();
    let plan = plan(tx, parts.clock.as_ref(), identity)?;
    let person = plan.change.person;
    write_person(tx, parts, &plan, now)?;
    let key = (identity.source.as_str(), identity.subject.as_str());
    let link = Link {
        person,
        is_owner: plan.is_owner,
    };
    external_store::put_link(tx, key, &link, now)?;
    for grant in &plan.change.granted {
        platform::check_takes_people(tx, grant.organisation)?;
        admit_seat(tx, parts, person)?;
        let given = (grant.role.as_str(), identity.source.as_str());
        external_store::put_membership(tx, (grant.organisation, person), given, now)?;
    }
    for organisation in &plan.change.withdrawn {
        revoke_access(tx, &parts.revoke, person, Some(*organisation))?;
        store::delete_membership(tx, *organisation, person)?;
    }
    if !identity.active {
        // What the source vouched for ends in every organisation; the account itself where it is nobody else's.
        end_external_sessions(tx, &parts.revoke.live, key)?;
        if plan.is_its_own && !plan.has_password {
            revoke_access(tx, &parts.revoke, person, None)?;
        }
    }
    note(tx, parts, identity, &plan.change)?;
    Ok(plan.change)
}

/// What [`apply_external`] would do, without doing it.
///
/// # Errors
/// Those of [`apply_external`] but a missing seat; `no_grant` for somebody new in no group that counts.
pub fn preview_external(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
) -> Result<ExternalChange> {
    let plan = plan(reader, &guildhall_kernel::SystemClock, identity)?;
    if plan.change.created && plan.change.granted.is_empty() {
        return Err(no_grant());
    }
    Ok(plan.change)
}

/// Whether a source has vouched for somebody whom it calls so.
///
/// # Errors
/// Those of the database.
pub fn is_known(reader: &Reader<'_>, (source, subject): (&str, &str)) -> Result<bool> {
    Ok(external_store::find_link(reader, source, subject)?.is_some())
}

/// Everybody whom a source has vouched for, by what it calls them.
///
/// # Errors
/// Those of the database.
pub fn external_subjects(reader: &Reader<'_>, source: &str) -> Result<Vec<(String, PersonId)>> {
    external_store::list_links(reader, source)
}

/// Ends the sessions that a person opened through this source and the streams heard in them, as a single logout asks. Says
/// how many sessions.
///
/// # Errors
/// Those of the database.
pub fn end_external_sessions(
    tx: &Tx<'_>,
    live: &Live,
    (source, subject): (&str, &str),
) -> Result<usize> {
    let Some(link) = external_store::find_link(tx, source, subject)? else {
        return Ok(0);
    };
    let ended = external_store::delete_sessions_of_source(tx, link.person, source)?;
    for session in &ended {
        live.end_session_after(tx, *session);
    }
    Ok(ended.len())
}

/// What a source calls the person of a browser's session; nothing when the source did not open it.
///
/// # Errors
/// Those of the database.
pub fn external_subject(
    reader: &Reader<'_>,
    source: &str,
    session_token_hash: &str,
) -> Result<Option<String>> {
    let session = credential_store::find_session(reader, session_token_hash)?;
    match session.filter(|row| row.source.as_deref() == Some(source)) {
        Some(row) => external_store::newest_subject(reader, source, row.person),
        None => Ok(None),
    }
}

/// [`apply_external`] and a session. No second factor is asked for: the source has proven who it is.
///
/// # Errors
/// `no_grant` for who is in no organisation; `account_disabled`; those of [`apply_external`].
pub async fn log_in_external(
    app: &App,
    identity: ExternalIdentity,
    origin: Origin,
) -> Result<OpenedSession> {
    let parts = external_context(app);
    let said = identity.clone();
    let written = app.db.write(move |tx| enter(tx, &parts, (&said, &origin)));
    match written.await {
        Ok(answer) => answer,
        Err(error) => {
            refusals::tell(app, (identity, &error)).await;
            Err(error)
        }
    }
}

fn enter(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    (identity, origin): (&ExternalIdentity, &Origin),
) -> Result<Result<OpenedSession>> {
    let known = external_store::find_link(tx, &identity.source, &identity.subject)?;
    let is_welcome = identity.active && !identity.grants.is_empty();
    if known.is_none() && !is_welcome && !has_a_place_by_address(tx, identity)? {
        return Ok(Err(refused(identity)));
    }
    let change = apply_external(tx, parts, identity)?;
    refusals::note_change(tx, parts, (identity, &change))?;
    // What was withdrawn stays withdrawn, so the refusal is an answer and not an error in here.
    if !identity.active {
        return Ok(Err(refused(identity)));
    }
    let Some(first) = store::organisations_of(tx, change.person)?
        .into_iter()
        .next()
    else {
        return Ok(Err(no_grant()));
    };
    let person = store::find_person(tx, change.person)?;
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    let proof = Proof::of_source(&identity.source, parts.clock.now());
    credential_store::delete_expired(tx, parts.clock.now())?;
    let clock = Arc::clone(&parts.clock);
    login::open_session_with(tx, clock, (&person, first.id), origin, proof).map(Ok)
}

fn has_a_place_by_address(reader: &Reader<'_>, identity: &ExternalIdentity) -> Result<bool> {
    let email = checked_email("email", &identity.email)?;
    match external_store::find_account_by_email(reader, &email)? {
        Some(account) => platform_store::has_any_membership(reader, account.person),
        None => Ok(false),
    }
}

fn refused(identity: &ExternalIdentity) -> Error {
    if identity.active {
        return no_grant();
    }
    Error::forbidden(
        "account_disabled",
        "your account is disabled where it comes from; ask who manages it there",
    )
}

fn no_grant() -> Error {
    Error::forbidden(
        "no_grant",
        "your account is not in a group that may use Guildhall; ask an administrator to add you to one",
    )
}

fn write_person(tx: &Tx<'_>, parts: &ExternalContext, plan: &Plan, now: Timestamp) -> Result<()> {
    let person = plan.change.person;
    if plan.change.created {
        let person = Person {
            id: person,
            email: plan.email.clone(),
            display_name: plan.display_name.clone(),
        };
        return store::insert_person(tx, &person, NO_PASSWORD, false, now);
    }
    if plan.begins_afresh {
        afresh::begin(tx, &parts.secrets, person, (NO_PASSWORD, false))?;
    }
    if plan.is_renamed {
        external_store::rename(tx, person, (&plan.email, &plan.display_name))?;
    }
    Ok(())
}

fn admit_seat(tx: &Tx<'_>, parts: &ExternalContext, person: PersonId) -> Result<()> {
    if store::has_seat(tx, person)? {
        return Ok(());
    }
    parts.entitlements.admit_seat(|| store::count_seats(tx))
}

/// Tells everybody concerned, when there is something to tell.
fn note(
    tx: &Tx<'_>,
    parts: &ExternalContext,
    identity: &ExternalIdentity,
    change: &ExternalChange,
) -> Result<()> {
    if !change.created && change.granted.is_empty() && change.withdrawn.is_empty() {
        return Ok(());
    }
    parts.revoke.known_keys.forget_after(tx);
    let facts = json!({
        "source": identity.source,
        "created": change.created,
        "granted": change.granted,
        "withdrawn": change.withdrawn,
    });
    let subject = change.person.to_string();
    let what = ("person.synchronised", subject.as_str());
    audit::record_node(tx, parts.clock.as_ref(), &RequestId::new(), what, facts)?;
    let granted = change.granted.iter().map(|grant| grant.organisation);
    for organisation in granted.chain(change.withdrawn.iter().copied()) {
        if !platform_store::has_admin(tx, organisation)? {
            let subject = organisation.to_string();
            let what = ("organisation.without_administrator", subject.as_str());
            let facts = json!({ "source": identity.source });
            audit::record_node(tx, parts.clock.as_ref(), &RequestId::new(), what, facts)?;
        }
        let audience = Audience::Organisation(organisation);
        parts
            .events
            .publish_after(tx, audience, Event::PeopleChanged {});
        // A role in it may be another: what is heard there begins anew.
        parts
            .revoke
            .live
            .changed_after(tx, organisation, Some(change.person));
    }
    Ok(())
}
