//! The people of an organisation, as its administrator manages them.

use guildhall_db::Tx;
use guildhall_kernel::{
    Ctx, Error, Page, PageRequest, PersonId, Principal, Result, Role, random_token,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    afresh, credential_store,
    model::{CreatedMember, Member, Person, all_checked, checked_email, checked_name},
    password, password_reset_store, platform, platform_store,
    reauthenticate::no_local_password,
    revoke, roles, store,
};
use crate::{
    app::App,
    audit,
    events::{Audience, Event},
};

/// 50 random bits as ten letters and digits: typed once, then replaced.
const TEMPORARY_PASSWORD_BYTES: usize = 10;

/// Somebody to add.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// Login name.
    pub email: String,
    /// Shown name.
    pub display_name: String,
    /// Role in the organisation.
    pub role: Role,
}

/// What to change of a member; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub(super) struct MemberChange {
    pub(super) role: Option<Role>,
    pub(super) disabled: Option<bool>,
    pub(super) display_name: Option<String>,
}

/// One page of the organisation's people, as far as the caller may know of them.
///
/// # Errors
/// `invalid_cursor`.
pub async fn list_members(app: &App, ctx: &Ctx, page: &PageRequest) -> Result<Page<Member>> {
    let (organisation, after, limit) = (ctx.organisation, page.after()?, page.limit());
    let members = app
        .db
        .read(move |reader| store::list_members(reader, organisation, after.as_deref(), limit + 1))
        .await?;
    let members = members.into_iter().map(|member| {
        let locked_until = app.login_limits.locked_until(member.id, &member.email);
        let member = Member {
            locked_until,
            ..member
        };
        shown_to(ctx, member)
    });
    Ok(Page::cut(members.collect(), limit, |member: &Member| {
        member.id.to_string()
    }))
}

/// Whether the caller may know of accounts what does not concern the organisation: who administers the node, and the
/// operator at the machine.
fn knows_the_node(ctx: &Ctx) -> bool {
    ctx.may("node.organisations") || ctx.principal == Principal::Operator
}

/// A member as the caller may know them: of an account that belongs to other organisations too, what it is here.
fn shown_to(ctx: &Ctx, member: Member) -> Member {
    if !member.belongs_elsewhere || member.id == ctx.person || knows_the_node(ctx) {
        return member;
    }
    Member {
        platform_administrator: false,
        second_factor: None,
        locked_until: None,
        last_seen_at: None,
        ..member
    }
}

/// Somebody to add, with what they could log in with first.
pub(super) struct Prepared {
    email: String,
    display_name: String,
    role: Role,
    temporary: String,
    hash: String,
}

/// Checks what is said of somebody, and makes a temporary password.
///
/// # Errors
/// `invalid_email`, `invalid_name`.
pub(super) async fn prepare(input: NewMember) -> Result<Prepared> {
    let (email, name) = (
        checked_email("email", &input.email),
        checked_name("display_name", &input.display_name),
    );
    let (email, display_name) = match (email, name) {
        (Ok(email), Ok(name)) => (email, name),
        (email, name) => {
            all_checked([("email", email.err()), ("display_name", name.err())])?;
            return Err(Error::internal("a refused field without a reason"));
        }
    };
    let temporary = random_token(TEMPORARY_PASSWORD_BYTES);
    Ok(Prepared {
        email,
        display_name,
        role: input.role,
        hash: password::hash(Zeroizing::new(temporary.clone())).await?,
        temporary,
    })
}

/// Adds a person, with a temporary password unless they belong to another organisation. On a node of several organisations
/// only its administrator adds people so: everybody else invites, whoever it is, so that nobody learns of whom the node
/// knows, or makes an account in somebody's name.
///
/// # Errors
/// `invalid_email`, `invalid_name`; `already_a_member`, `invite_instead`; `unknown_role`, `role_above_yours`;
/// `hidden_organisation`; `license_restricted`.
pub async fn add_member(app: &App, ctx: &Ctx, input: NewMember) -> Result<CreatedMember> {
    let prepared = prepare(input).await?;
    let (caller, inside) = (ctx.clone(), app.clone());
    let written = app.write_secret(ctx, move |tx| add(tx, &caller, prepared, &inside));
    written.await
}

/// Adds somebody to the caller's organisation.
///
/// # Errors
/// Those of [`add_member`] but those of the fields.
pub(super) fn add(tx: &Tx<'_>, ctx: &Ctx, new: Prepared, app: &App) -> Result<CreatedMember> {
    roles::check_role(tx, ctx, new.role)?;
    platform::check_takes_people(tx, ctx.organisation)?;
    let found = store::find_credentials(tx, &new.email)?.map(|found| found.person);
    let begins = check_may_add(tx, ctx, found.as_ref())?;
    let id = match found {
        Some(person) => {
            if begins {
                afresh::begin(tx, &app.secrets, person.id, (&new.hash, true))?;
                store::update_display_name(tx, person.id, &new.display_name)?;
            }
            person.id
        }
        None => insert_person(tx, ctx, (new.email, new.display_name), &new.hash)?,
    };
    admit_seat(tx, ctx, id)?;
    store::insert_membership(tx, ctx.organisation, id, new.role, ctx.now())?;
    let facts = json!({ "role": new.role });
    audit::record_with(tx, ctx, "person.added", id, facts)?;
    let audience = Audience::Organisation(ctx.organisation);
    app.events
        .publish_after(tx, audience, Event::PeopleChanged {});
    Ok(CreatedMember {
        member: shown_to(ctx, find(tx, ctx, id)?),
        temporary_password: begins.then_some(new.temporary),
    })
}

/// Whether somebody begins afresh, since they belong to no organisation now.
///
/// # Errors
/// `already_a_member`; `invite_instead`, unless the caller knows the node.
fn check_may_add(tx: &Tx<'_>, ctx: &Ctx, person: Option<&Person>) -> Result<bool> {
    if let Some(person) = person
        && store::find_member(tx, ctx.organisation, person.id)?.is_some()
    {
        let message = format!("{} already belongs to this organisation", person.email);
        return Err(Error::conflict("already_a_member", message));
    }
    let is_the_nodes = match person {
        Some(person) => platform_store::is_administrator(tx, person.id)?,
        None => false,
    };
    let is_shared = is_the_nodes || store::count_organisations(tx)? > 1;
    if is_shared && !knows_the_node(ctx) {
        let message = "on a node that several organisations share, people come in by invitation; invite this person instead";
        return Err(Error::conflict("invite_instead", message));
    }
    match person {
        Some(person) => Ok(!platform_store::has_any_membership(tx, person.id)?),
        None => Ok(true),
    }
}

/// Refuses a seat above the licence's number to somebody who has none yet, in no organisation.
fn admit_seat(tx: &Tx<'_>, ctx: &Ctx, person: PersonId) -> Result<()> {
    if store::has_seat(tx, person)? {
        return Ok(());
    }
    ctx.entitlements.admit_seat(|| store::count_seats(tx))
}

fn insert_person(
    tx: &Tx<'_>,
    ctx: &Ctx,
    (email, display_name): (String, String),
    password_hash: &str,
) -> Result<PersonId> {
    let person = Person {
        id: PersonId::new(ctx.clock.as_ref()),
        email,
        display_name,
    };
    store::insert_person(tx, &person, password_hash, true, ctx.now())?;
    Ok(person.id)
}

/// The member of the caller's organisation with this id.
///
/// # Errors
/// `not_found`.
pub(super) fn find(tx: &Tx<'_>, ctx: &Ctx, id: PersonId) -> Result<Member> {
    store::find_member(tx, ctx.organisation, id)?.ok_or_else(|| Error::not_found("person"))
}

/// Changes a member's role, name or whether they may log in.
///
/// # Errors
/// `not_found`, `last_admin`, `last_platform_administrator`, `invalid_name`, `not_yourself`; `unknown_role`, `role_above_yours`;
/// `belongs_elsewhere` for another name; `license_restricted` for one who comes back.
pub(super) async fn update_member(
    app: &App,
    ctx: &Ctx,
    id: PersonId,
    change: MemberChange,
) -> Result<Member> {
    let display_name = change
        .display_name
        .as_deref()
        .map(|name| checked_name("display_name", name))
        .transpose()?;
    let caller = ctx.clone();
    let (events, parts) = (app.events.clone(), revoke::revoke_parts(app));
    let written = app.write(ctx, move |tx| {
        let member = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, member.role)?;
        let role = change.role.unwrap_or(member.role);
        let disabled = change.disabled.unwrap_or(member.disabled);
        if role != member.role {
            roles::check_role(tx, &caller, role)?;
        }
        keep_an_admin(tx, &caller, &member, role == Role::Admin && !disabled)?;
        refuse_of_oneself(&caller, &member, (role, disabled))?;
        if member.disabled && !disabled {
            admit_seat(tx, &caller, id)?;
        }
        store::update_membership(tx, caller.organisation, id, role, disabled)?;
        if let Some(name) = display_name.filter(|name| *name != member.display_name) {
            // The name is the account's, not the place's.
            if id != caller.person {
                check_is_ours(&caller, &member)?;
            }
            store::update_display_name(tx, id, &name)?;
        }
        if disabled {
            platform::keep_one(tx, id, caller.organisation)?;
            revoke::revoke_access(tx, &parts, id, Some(caller.organisation))?;
        } else {
            parts.known_keys.forget_after(tx);
            parts.live.changed_after(tx, caller.organisation, Some(id));
        }
        let facts = json!({ "role": role, "disabled": disabled });
        audit::record_with(tx, &caller, "person.changed", id, facts)?;
        events.publish_after(
            tx,
            Audience::Organisation(caller.organisation),
            Event::PeopleChanged {},
        );
        Ok(shown_to(&caller, find(tx, &caller, id)?))
    });
    written.await
}

/// Refuses a change that would leave the organisation without an administrator, or take the last one with a password of
/// the node's own, who gets in when no directory and no identity provider can be asked.
fn keep_an_admin(tx: &Tx<'_>, ctx: &Ctx, member: &Member, stays_admin: bool) -> Result<()> {
    let is_admin = member.role == Role::Admin && !member.disabled;
    if !is_admin || stays_admin {
        return Ok(());
    }
    let others = platform_store::other_admins(tx, (ctx.organisation, member.id))?;
    if !others.suffice(store::has_password(tx, member.id)?) {
        let message = "this is the organisation's last administrator, or the last with a password here; make somebody else one first";
        return Err(Error::conflict("last_admin", message));
    }
    Ok(())
}

/// Refuses what who does it by mistake could not undo.
fn refuse_of_oneself(ctx: &Ctx, member: &Member, (role, disabled): (Role, bool)) -> Result<()> {
    let what = match member.id == ctx.person {
        true if disabled => "disable yourself",
        true if role != member.role => "change your own role",
        _ => return Ok(()),
    };
    let message = format!("you cannot {what}; ask another administrator");
    Err(Error::conflict("not_yourself", message))
}

/// Refuses what concerns a person's whole account when that is not the caller's organisation's alone.
///
/// # Errors
/// `belongs_elsewhere`.
pub(super) fn check_is_ours(ctx: &Ctx, member: &Member) -> Result<()> {
    let is_not_ours = member.belongs_elsewhere || member.platform_administrator;
    if is_not_ours && !ctx.may("node.organisations") {
        let message =
            "this person's account is not this organisation's alone; ask the node's administrator";
        return Err(Error::conflict("belongs_elsewhere", message));
    }
    Ok(())
}

/// Gives a member a new temporary password and ends their sessions.
///
/// # Errors
/// `not_found`; `role_above_yours`; `belongs_elsewhere` when the person also belongs to other organisations, whose
/// administrators have a say too.
pub(super) async fn reset_password(app: &App, ctx: &Ctx, id: PersonId) -> Result<String> {
    let temporary = random_token(TEMPORARY_PASSWORD_BYTES);
    let hash = password::hash(Zeroizing::new(temporary.clone())).await?;
    let (caller, live) = (ctx.clone(), app.live.clone());
    let node = app.clone();
    let written = app.write_secret(ctx, move |tx| {
        let member = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, member.role)?;
        check_is_ours(&caller, &member)?;
        if !store::has_password(tx, id)? {
            return Err(no_local_password());
        }
        tx.after_commit(move || node.login_limits.unlock(id, &member.email));
        store::update_password(tx, id, &hash, true)?;
        password_reset_store::delete(tx, id)?;
        credential_store::delete_other_sessions(tx, id, None)?;
        live.end_sessions_after(tx, id, None);
        audit::record(tx, &caller, "person.password_reset", id)?;
        Ok(temporary)
    });
    written.await
}

/// Takes a member out of the organisation: sessions and keys end with it.
///
/// # Errors
/// `not_found`, `last_admin`, `last_platform_administrator`, `role_above_yours`, `not_yourself`.
pub(super) async fn remove_member(app: &App, ctx: &Ctx, id: PersonId) -> Result<()> {
    let caller = ctx.clone();
    let (events, parts) = (app.events.clone(), revoke::revoke_parts(app));
    let written = app.write(ctx, move |tx| {
        let member = find(tx, &caller, id)?;
        roles::check_over(tx, &caller, member.role)?;
        if id == caller.person {
            return Err(Error::conflict(
                "not_yourself",
                "you cannot remove yourself; ask another administrator",
            ));
        }
        keep_an_admin(tx, &caller, &member, false)?;
        platform::keep_one(tx, id, caller.organisation)?;
        revoke::revoke_access(tx, &parts, id, Some(caller.organisation))?;
        store::delete_membership(tx, caller.organisation, id)?;
        audit::record(tx, &caller, "person.removed", id)?;
        events.publish_after(
            tx,
            Audience::Organisation(caller.organisation),
            Event::PeopleChanged {},
        );
        Ok(())
    });
    written.await
}
