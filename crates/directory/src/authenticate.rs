//! Whether a login and a password are a person's of the directory.

use guildhall_kernel::{Error, Result};
use ldap3::Scope;
use zeroize::Zeroizing;

use crate::{
    Bind, Directory, Entry, Settings,
    answer::Found,
    connect, failure, filter, groups, person,
    search::{Query, search},
    session::{Session, contained},
};

const LOGIN_CHARACTERS_MAX: usize = 256;
const PASSWORD_BYTES_MAX: usize = 1024;

/// Checks a login and a password. Nothing when the directory knows no such person or the password is another one; a
/// person whose account is no longer active comes back with the reason.
///
/// # Errors
/// The directory cannot be asked: `directory_…`, those of the dialling, `directory_ambiguous_login`.
pub async fn authenticate(
    directory: &Directory,
    login: &str,
    password: &Zeroizing<String>,
) -> Result<Option<Entry>> {
    // A bind with a name and no password is one as nobody, which servers let pass (RFC 4513, 5.1.2).
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX || !is_login(login) {
        return Ok(None);
    }
    let (directory, login, password) =
        (directory.clone(), login.trim().to_owned(), password.clone());
    let limit = directory.settings.limits.login;
    contained(limit, Box::pin(ask(directory, login, password))).await
}

/// Whether the text could be somebody's login.
pub(crate) fn is_login(login: &str) -> bool {
    let length = login.trim().chars().count();
    (1..=LOGIN_CHARACTERS_MAX).contains(&length) && !login.chars().any(char::is_control)
}

async fn ask(
    directory: Directory,
    login: String,
    password: Zeroizing<String>,
) -> Result<Option<Entry>> {
    let settings = &directory.settings;
    let mut session = match connect::open_any(&directory, Some((login.as_str(), &password))).await {
        Err(error) if error.code() == "directory_person_refused" => return Ok(None),
        opened => opened?,
    };
    let Some(found) = find(&mut session, settings, &login).await? else {
        return Ok(None);
    };
    // Also after a bind under a name made of the login: such a name may mean another entry than the search found.
    let result = session.bind(&found.dn, &password).await?;
    if connect::is_refusal(result.rc) {
        return Ok(None);
    }
    if result.rc != 0 {
        return Err(failure::of_result(&result, "logging a person in"));
    }
    if let Bind::Account { .. } = settings.bind {
        connect::bind_for_search(&mut session, &settings.bind, None).await?;
    }
    let groups = groups::of_person(&mut session, settings, &found).await?;
    Ok(Some(
        Entry::read(settings, &found, directory.now).with_groups(groups),
    ))
}

/// The one entry that a login means.
///
/// # Errors
/// `directory_ambiguous_login`; those of searching.
pub(crate) async fn find(
    session: &mut Session,
    settings: &Settings,
    login: &str,
) -> Result<Option<Found>> {
    let filter = filter::of_login(settings, login);
    let query = Query {
        base: &settings.base_dn,
        scope: Scope::Subtree,
        filter: &filter,
        attributes: &person::attributes(settings),
        page: None,
        most: 1,
    };
    let listing = search(session, &query).await?;
    if listing.truncated {
        let message = "the login means more than one entry of the directory, so it is nobody's";
        return Err(Error::conflict("directory_ambiguous_login", message));
    }
    // An entry without a name could be bound as without any password.
    Ok(listing
        .entries
        .into_iter()
        .next()
        .filter(|found| !found.dn.trim().is_empty()))
}
