//! Trying a directory out, step by step, for the administrator who sets it up.

use std::time::{Duration, Instant};

use guildhall_kernel::{Error, Result};
use guildhall_trust::{Step, Steps};
use ldap3::Scope;
use zeroize::Zeroizing;

use crate::{
    Bind, Directory, Entry, Security, ServerUrl, authenticate,
    connect::{self, Reached, elapsed_ms},
    failure::{self, hint_for},
    filter, groups,
    search::{Query, read_entry, search},
    session::{Session, contained},
};

const CONNECT: &str = "connect";
const START_TLS: &str = "start_tls";
const TLS: &str = "tls";
const BIND: &str = "bind";
const BASE: &str = "base_dn";
const PEOPLE: &str = "search";
const GROUPS: &str = "groups";
const PERSON: &str = "find_person";
const PASSWORD: &str = "login";
const MEMBERSHIPS: &str = "person_groups";
/// Entries counted at most.
const COUNTED_MAX: usize = 1000;
/// How long a test takes at most: somebody waits for it in front of a screen.
const TEST_MAX: Duration = Duration::from_secs(25);

/// What trying a directory out came to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was tried, in its order.
    pub steps: Vec<Step>,
    /// The person who was looked up, with their groups, when they were found.
    pub person: Option<Entry>,
}

/// Tries a directory out: every server, then what it holds, then one person when a login is given.
pub async fn test(
    directory: &Directory,
    login: Option<&str>,
    password: Option<&Zeroizing<String>>,
) -> Tried {
    let steps = Steps::new(hint_for);
    if let Err(error) = directory.settings.check() {
        steps.failed("settings", &error, 0);
        let steps = steps.taken();
        return Tried {
            steps,
            person: None,
        };
    }
    let person = login.map(|login| (login.trim().to_owned(), password.cloned()));
    let trying = try_all(directory.clone(), person, steps.clone());
    let person = contained(TEST_MAX, Box::pin(trying))
        .await
        .unwrap_or_else(|error| {
            steps.failed("finish", &error, 0);
            None
        });
    let steps = steps.taken();
    Tried { steps, person }
}

type Person = (String, Option<Zeroizing<String>>);

async fn try_all(
    directory: Directory,
    person: Option<Person>,
    steps: Steps,
) -> Result<Option<Entry>> {
    let mut usable = None;
    for url in &directory.settings.urls {
        let session = try_server(&directory, url, person.as_ref(), &steps).await;
        usable = usable.or(session);
    }
    let Some(mut session) = usable else {
        for name in [BASE, PEOPLE, GROUPS] {
            steps.skipped(name, "no server could be asked");
        }
        return Ok(None);
    };
    if try_base(&directory, &mut session, &steps).await {
        try_people(&directory, &mut session, &steps).await;
        try_groups(&directory, &mut session, &steps).await;
    } else {
        steps.skipped(PEOPLE, "the base DN was not found");
        steps.skipped(GROUPS, "the base DN was not found");
    }
    let Some(person) = person else {
        steps.skipped(PERSON, "enter a login to try a person out");
        return Ok(None);
    };
    Ok(Box::pin(try_person(&directory, &mut session, person, &steps)).await)
}

/// Connects to a server, encrypts and logs in for searching; the conversation when all of it went well.
async fn try_server(
    directory: &Directory,
    url: &ServerUrl,
    person: Option<&Person>,
    steps: &Steps,
) -> Option<Session> {
    let mut reached = Reached::default();
    let started = Instant::now();
    let opened = connect::open(directory, url, &mut reached).await;
    match (&opened, reached.connected_ms) {
        (Err(error), None) => {
            steps.failed(CONNECT, error, elapsed_ms(started));
            return None;
        }
        (_, took) => steps.ok(
            CONNECT,
            format!("{url} takes connections"),
            took.unwrap_or_default(),
        ),
    }
    if directory.settings.security == Security::StartTls {
        match (&opened, reached.start_tls_ms) {
            (Err(error), None) => {
                steps.failed(START_TLS, error, elapsed_ms(started));
                return None;
            }
            (_, took) => steps.ok(
                START_TLS,
                "the server goes on encrypted",
                took.unwrap_or_default(),
            ),
        }
    }
    report_encryption(directory, &opened, &reached, steps);
    let mut session = opened.ok()?;
    let started = Instant::now();
    match bind(directory, &mut session, person).await {
        Ok(Some(who)) => {
            steps.ok(BIND, who, elapsed_ms(started));
            Some(session)
        }
        Ok(None) => {
            steps.skipped(
                BIND,
                "people log in under their own names; enter a login and a password to go on",
            );
            None
        }
        Err(error) => {
            steps.failed(BIND, &error, elapsed_ms(started));
            None
        }
    }
}

fn report_encryption(
    directory: &Directory,
    opened: &Result<Session>,
    reached: &Reached,
    steps: &Steps,
) {
    if directory.settings.security == Security::Plain {
        steps.skipped(TLS, "unencrypted logins are allowed for this directory");
        return;
    }
    match (opened, reached.encrypted_ms) {
        (Err(error), None) => steps.failed(TLS, error, 0),
        (_, took) => {
            let facts = reached
                .certificate
                .as_ref()
                .map(crate::Certificate::describe);
            steps.ok(
                TLS,
                facts.unwrap_or_else(|| "encrypted".into()),
                took.unwrap_or_default(),
            );
        }
    }
}

/// Logs in for searching and says as whom; nothing when there is nobody to log in as.
async fn bind(
    directory: &Directory,
    session: &mut Session,
    person: Option<&Person>,
) -> Result<Option<String>> {
    let bind = &directory.settings.bind;
    let typed = person.and_then(|(login, password)| Some((login.as_str(), password.as_ref()?)));
    let who = match bind {
        Bind::Anonymous => "as nobody: what the directory shows to everyone is searched".to_owned(),
        Bind::Account { dn, .. } => format!("as {}", failure::shown(dn)),
        Bind::Person { .. } if typed.is_none_or(|(_, password)| password.is_empty()) => {
            return Ok(None);
        }
        Bind::Person { .. } => "as the person".to_owned(),
    };
    connect::bind_for_search(session, bind, typed).await?;
    Ok(Some(who))
}

async fn try_base(directory: &Directory, session: &mut Session, steps: &Steps) -> bool {
    let base = &directory.settings.base_dn;
    let started = Instant::now();
    let found = read_entry(session, base, &["1.1".to_owned()]).await;
    let missing = || {
        let message = format!("the server has no entry `{base}`, or does not show it");
        failure::failed("directory_no_such_base", message)
    };
    match found.and_then(|found| found.ok_or_else(missing)) {
        Ok(found) => {
            steps.ok(BASE, failure::shown(&found.dn), elapsed_ms(started));
            true
        }
        Err(error) => {
            steps.failed(BASE, &error, elapsed_ms(started));
            false
        }
    }
}

async fn try_people(directory: &Directory, session: &mut Session, steps: &Steps) {
    let settings = &directory.settings;
    let found = count(
        session,
        (&settings.base_dn, &filter::of_people(settings)),
        settings.page_size,
        steps,
        PEOPLE,
    )
    .await;
    if found == Some(0) {
        let message = format!(
            "nobody below `{}` fits the user filter {}",
            settings.base_dn, settings.user_filter
        );
        let hint = "check the user filter, and whether the service account may read people";
        steps.wrong(PEOPLE, &message, Some(hint), 0);
    }
}

async fn try_groups(directory: &Directory, session: &mut Session, steps: &Steps) {
    let settings = &directory.settings;
    let place = (settings.group_base(), settings.group_filter.as_str());
    if count(session, place, settings.page_size, steps, GROUPS).await == Some(0) {
        steps.skipped(
            GROUPS,
            "no entry fits the group filter, so nobody gets access by a group",
        );
    }
}

/// Counts entries and reports when there are any; nothing when searching failed, which is reported too.
async fn count(
    session: &mut Session,
    (base, filter): (&str, &str),
    page: u32,
    steps: &Steps,
    name: &'static str,
) -> Option<usize> {
    let started = Instant::now();
    let query = Query {
        base,
        scope: Scope::Subtree,
        filter,
        attributes: &["1.1".to_owned()],
        page: Some(page),
        most: COUNTED_MAX,
    };
    match search(session, &query).await {
        Ok(listing) => {
            let count = listing.entries.len();
            let at_least = if listing.truncated { "at least " } else { "" };
            let example = listing
                .entries
                .first()
                .map(|found| format!(", such as {}", failure::shown(&found.dn)));
            if count > 0 {
                let detail = format!("{at_least}{count} found{}", example.unwrap_or_default());
                steps.ok(name, detail, elapsed_ms(started));
            }
            Some(count)
        }
        Err(error) => {
            steps.failed(name, &error, elapsed_ms(started));
            None
        }
    }
}

async fn try_person(
    directory: &Directory,
    session: &mut Session,
    (login, password): Person,
    steps: &Steps,
) -> Option<Entry> {
    let settings = &directory.settings;
    let started = Instant::now();
    let nobody = || {
        let message = format!("nobody has the login `{}`", failure::shown(&login));
        Error::conflict("directory_no_such_person", message)
    };
    let found = if authenticate::is_login(&login) {
        authenticate::find(session, settings, &login).await
    } else {
        Ok(None)
    };
    let found = match found.and_then(|found| found.ok_or_else(nobody)) {
        Ok(found) => found,
        Err(error) => {
            steps.failed(PERSON, &error, elapsed_ms(started));
            return None;
        }
    };
    let entry = Entry::read(settings, &found, directory.now);
    report_person(&entry, elapsed_ms(started), steps);
    match password.filter(|password| !password.is_empty()) {
        None => steps.skipped(PASSWORD, "no password was entered"),
        Some(password) => try_password(session, &found.dn, &password, steps).await,
    }
    let started = Instant::now();
    if let Bind::Account { .. } = settings.bind {
        // The search goes on as whoever searches at a login too.
        let _ = connect::bind_for_search(session, &settings.bind, None).await;
    }
    let names = match groups::of_person(session, settings, &found).await {
        Ok(names) => names,
        Err(error) => {
            steps.failed(MEMBERSHIPS, &error, elapsed_ms(started));
            return None;
        }
    };
    if names.is_empty() {
        steps.skipped(MEMBERSHIPS, "the person is in no group");
    } else {
        let shown: Vec<String> = names
            .iter()
            .take(20)
            .map(|name| failure::shown(name))
            .collect();
        steps.ok(
            MEMBERSHIPS,
            format!("{}: {}", names.len(), shown.join("; ")),
            elapsed_ms(started),
        );
    }
    Some(entry.with_groups(names))
}

fn report_person(entry: &Entry, took: u64, steps: &Steps) {
    let lacks = |what: &str, hint: &str| {
        let detail = format!("{} has no {what}", failure::shown(&entry.dn));
        steps.wrong(PERSON, &detail, Some(hint), took);
    };
    if entry.subject.is_empty() {
        lacks(
            "value of the attribute that identifies people",
            "choose an attribute that every person has, such as entryUUID or objectGUID, and let the service account read it",
        );
    } else if entry.email.is_empty() {
        lacks(
            "e-mail address",
            "fill in the attribute in the directory, or choose another one",
        );
    } else if let Some(inactive) = entry.inactive {
        let detail = format!("{}: {}", failure::shown(&entry.dn), inactive.reason());
        steps.wrong(PERSON, &detail, hint_for("directory_account_locked"), took);
    } else {
        let detail = format!(
            "{}, {} <{}>",
            failure::shown(&entry.dn),
            entry.display_name,
            entry.email
        );
        steps.ok(PERSON, detail, took);
    }
}

async fn try_password(
    session: &mut Session,
    dn: &str,
    password: &Zeroizing<String>,
    steps: &Steps,
) {
    let started = Instant::now();
    let error = match session.bind(dn, password).await {
        Ok(result) if result.rc == 0 => {
            return steps.ok(PASSWORD, "the directory accepts it", elapsed_ms(started));
        }
        Ok(result) => failure::of_result(&result, "logging the person in"),
        Err(error) => error,
    };
    if error.code() == "directory_bind_refused" {
        let hint = "check the password; the directory may also have locked the account";
        steps.wrong(PASSWORD, error.message(), Some(hint), elapsed_ms(started));
    } else {
        steps.failed(PASSWORD, &error, elapsed_ms(started));
    }
}
