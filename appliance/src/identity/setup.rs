//! The first organisation and its administrator: by a one-time link in the browser, or by
//! `guildhall init`.

use std::{collections::BTreeSet, sync::Arc};

use guildhall_db::Tx;
use guildhall_kernel::{
    Clock, Ctx, Entitlements, Error, ErrorKind, OrgId, PersonId, Principal, Reach, RequestId,
    Result, Role, Timestamp, random_token,
};
use zeroize::Zeroizing;

use super::{
    login::{self, OpenedSession, Origin},
    model::{
        Organisation, PASSWORD_CHARACTERS_MIN, Person, all_checked, checked_email, checked_name,
        checked_password,
    },
    organisations, password, platform_store, setup_store, store, token_hash,
};
use crate::{app::App, audit};

const LINK_SECONDS: i64 = 24 * 3600;
const LINK_BYTES: usize = 20;

/// A one-time link's secret and its end.
pub struct SetupLink {
    /// What stands after `#token=`.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who sets the node up, and for which organisation.
pub struct FirstAdministrator {
    /// Name of the organisation.
    pub organisation_name: String,
    /// Shown name of the administrator.
    pub admin_name: String,
    /// Login name of the administrator.
    pub admin_email: String,
    /// Password of the administrator.
    pub admin_password: Zeroizing<String>,
}

/// Whether the node still waits for its first organisation.
///
/// # Errors
/// Those of the database.
pub(super) async fn is_needed(app: &App) -> Result<bool> {
    Ok(app.db.read(store::count_organisations).await? == 0)
}

/// Makes a new one-time link and forgets older ones; `None` when the node is set up already.
///
/// # Errors
/// Those of the database.
pub async fn create_setup_link(app: &App) -> Result<Option<SetupLink>> {
    let now = app.clock.now();
    let link = SetupLink {
        token: random_token(LINK_BYTES),
        expires_at: now.plus_seconds(LINK_SECONDS),
    };
    let (hash, expires_at) = (token_hash(&link.token), link.expires_at);
    let written = app.db.write(move |tx| {
        if store::count_organisations(tx)? > 0 {
            return Ok(false);
        }
        setup_store::delete_setup_links(tx)?;
        setup_store::insert_setup_link(tx, &hash, now, expires_at)?;
        Ok(true)
    });
    Ok(written.await?.then_some(link))
}

/// Whether a link's token still opens the wizard.
///
/// # Errors
/// `setup_done`, `setup_link_unknown`, `setup_link_expired`.
pub(super) async fn check_link(app: &App, token: &str) -> Result<()> {
    let (hash, now) = (token_hash(token), app.clock.now());
    app.db.read(move |reader| check(reader, &hash, now)).await
}

fn check(reader: &guildhall_db::Reader<'_>, hash: &str, now: Timestamp) -> Result<()> {
    if store::count_organisations(reader)? > 0 {
        return Err(setup_done());
    }
    match setup_store::setup_link_expiry(reader, hash)? {
        Some(end) if end > now => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::Gone,
            "setup_link_expired",
            "this set-up link has expired; restart the node to get a new one on its console",
        )),
        None => Err(Error::new(
            ErrorKind::Gone,
            "setup_link_unknown",
            "this set-up link is not the newest one; use the link the node printed at its last start",
        )),
    }
}

fn setup_done() -> Error {
    Error::conflict("setup_done", "this node is set up already; log in instead")
}

/// Sets the node up from the wizard and logs its first administrator in.
///
/// # Errors
/// Those of [`check_link`] and of the fields.
pub(super) async fn set_up_by_link(
    app: &App,
    token: &str,
    input: FirstAdministrator,
    origin: Origin,
) -> Result<OpenedSession> {
    check_link(app, token).await?;
    let link = token_hash(token);
    let checked = check_input(input).await?;
    let clock = Arc::clone(&app.clock);
    let written = app.db.write(move |tx| {
        check(tx, &link, clock.now())?;
        let (organisation, person) = insert(tx, &clock, &checked, &origin.request_id)?;
        login::open_session(tx, clock, (&person, organisation.id), &origin)
    });
    written.await
}

/// Sets the node up from the command line.
///
/// # Errors
/// `setup_done`; those of the fields.
pub async fn setup_organisation(
    app: &App,
    input: FirstAdministrator,
) -> Result<(Organisation, Person)> {
    let checked = check_input(input).await?;
    let clock = Arc::clone(&app.clock);
    let written = app.db.write(move |tx| {
        if store::count_organisations(tx)? > 0 {
            return Err(setup_done());
        }
        insert(tx, &clock, &checked, &RequestId::new())
    });
    written.await
}

struct Checked {
    organisation_name: String,
    admin_name: String,
    admin_email: String,
    password_hash: String,
}

async fn check_input(input: FirstAdministrator) -> Result<Checked> {
    let organisation = checked_name("organisation_name", &input.organisation_name);
    let name = checked_name("admin_name", &input.admin_name);
    let email = checked_email("admin_email", &input.admin_email);
    let password = checked_password(
        "admin_password",
        &input.admin_password,
        (&input.admin_email, PASSWORD_CHARACTERS_MIN),
    );
    match (organisation, name, email, password) {
        (Ok(organisation_name), Ok(admin_name), Ok(admin_email), Ok(())) => {
            let password_hash = password::hash(input.admin_password).await?;
            Ok(Checked {
                organisation_name,
                admin_name,
                admin_email,
                password_hash,
            })
        }
        (organisation, name, email, password) => {
            all_checked([
                ("organisation_name", organisation.err()),
                ("admin_name", name.err()),
                ("admin_email", email.err()),
                ("admin_password", password.err()),
            ])?;
            Err(Error::internal("a refused field without a reason"))
        }
    }
}

fn insert(
    tx: &Tx<'_>,
    clock: &Arc<dyn Clock>,
    input: &Checked,
    request_id: &RequestId,
) -> Result<(Organisation, Person)> {
    let now = clock.now();
    let organisation = organisations::insert(tx, clock.as_ref(), input.organisation_name.clone())?;
    let person = Person {
        id: PersonId::new(clock.as_ref()),
        email: input.admin_email.clone(),
        display_name: input.admin_name.clone(),
    };
    store::insert_person(tx, &person, &input.password_hash, false, now)?;
    store::insert_membership(tx, organisation.id, person.id, Role::Admin, now)?;
    platform_store::insert(tx, person.id, now)?;
    setup_store::delete_setup_links(tx)?;
    let ctx = operator(
        (Arc::clone(clock), Arc::new(Entitlements::unlimited())),
        organisation.id,
        person.id,
        request_id.clone(),
    );
    audit::record(tx, &ctx, "node.set_up", organisation.id)?;
    Ok((organisation, person))
}

/// The context of the operator at the machine itself, acting for a person.
pub fn operator_context(
    app: &App,
    organisation: OrgId,
    person: PersonId,
    request_id: RequestId,
) -> Ctx {
    let node = (Arc::clone(&app.clock), app.licensing.entitlements());
    operator(node, organisation, person, request_id)
}

fn operator(
    (clock, entitlements): (Arc<dyn Clock>, Arc<Entitlements>),
    organisation: OrgId,
    person: PersonId,
    request_id: RequestId,
) -> Ctx {
    Ctx {
        person,
        organisation,
        role: Role::Admin,
        permissions: Arc::new(BTreeSet::new()),
        reach: Reach::default(),
        principal: Principal::Operator,
        request_id,
        idempotency: None,
        entitlements,
        clock,
    }
}
