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

/// Adds a person, with a temporary password unless they belong to another organisation: such a person is for the node's
/// administrator to add, and for everybody else to invite.
///
/// # Errors
/// `invalid_email`, `invalid_name`; `already_a_member`, `belongs_elsewhere`; `unknown_role`, `role_above_yours`;
/// `hidden_organisation`; `license_restricted`.
pub async fn add_member(app: &App, ctx: &Ctx, input: NewMember) -> Result<CreatedMember> {
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
    let hash = password::hash(Zeroizing::new(temporary.clone())).await?;
    let caller = ctx.clone();
    let (events, secrets) = (app.events.clone(), app.secrets.clone());
    let written = app.write_secret(ctx, move |tx| {
        roles::check_role(tx, &caller, input.role)?;
        platform::check_takes_people(tx, caller.organisation)?;
        let (id, is_new) = match store::find_credentials(tx, &email)?.map(|found| found.person) {
            Some(person) => {
                let begins = check_may_add(tx, &caller, &person)?;
                if begins {
                    afresh::begin(tx, &secrets, person.id, (&hash, true))?;
                    store::update_display_name(tx, person.id, &display_name)?;
                }
                (person.id, begins)
            }
            None => (
                insert_person(tx, &caller, (email, display_name), &hash)?,
                true,
            ),
        };
        admit_seat(tx, &caller, id)?;
        store::insert_membership(tx, caller.organisation, id, input.role, caller.now())?;
        let facts = json!({ "role": input.role });
        audit::record_with(tx, &caller, "person.added", id, facts)?;
        let audience = Audience::Organisation(caller.organisation);
        events.publish_after(tx, audience, Event::PeopleChanged {});
        Ok(CreatedMember {
            member: shown_to(&caller, find(tx, &caller, id)?),
            temporary_password: is_new.then_some(temporary),
        })
    });
    written.await
}

/// Whether somebody whom the node knows begins afresh, since they belong to no organisation now.
///
/// # Errors
/// `already_a_member`; `belongs_elsewhere`, unless the caller knows the node.
fn check_may_add(tx: &Tx<'_>, ctx: &Ctx, person: &Person) -> Result<bool> {
    if store::find_member(tx, ctx.organisation, person.id)?.is_some() {
        let message = format!("{} already belongs to this organisation", person.email);
        return Err(Error::conflict("already_a_member", message));
    }
    let belongs_somewhere = platform_store::has_any_membership(tx, person.id)?;
    let is_the_nodes = platform_store::is_administrator(tx, person.id)?;
    if (belongs_somewhere || is_the_nodes) && !knows_the_node(ctx) {
        let message = "this address has an account in another organisation of the node; invite its holder, or ask the node's administrator";
        return Err(Error::conflict("belongs_elsewhere", message));
    }
    Ok(!belongs_somewhere)
}

/// Refuses a seat above the licence's number to somebody who has none yet, in no organisation.
fn admit_seat(tx: &Tx<'_>, ctx: &Ctx, person: PersonId) -> Result<()> {
    if store::has_seat(tx, person)? {
        return Ok(());
    }
    ctx.entitlements.admit_seat(store::count_seats(tx)?)
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
