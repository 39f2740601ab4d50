//! A dry run: what logins and a refresh would do, without doing it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use guildhall_db::Reader;
use guildhall_directory::{Entry, list_people};
use guildhall_kernel::{DirectoryId, Error, OrgId, PersonId, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{grants, model::DirectoryRow, reach, store};
use crate::{
    app::App,
    egress::Origin,
    identity::{self, ExternalChange, ExternalIdentity, Grant},
};

/// People shown at most.
const LIMIT_MAX: u32 = 500;
const LIMIT_USUAL: u32 = 100;
/// How long the directory may take: somebody waits for the answer.
const ANSWER_MAX: Duration = Duration::from_secs(25);
/// Why most people of a directory do not get in.
const NO_GROUP: &str = "is in no group of the group map";
/// Groups of a person shown at most.
const GROUPS_SHOWN: usize = 50;

/// How many people to show.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRunRequest {
    /// 1 to 500; 100 when left out.
    limit: Option<u32>,
}

/// What would become of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DryRunChange {
    /// Gets an account at the first login.
    Create,
    /// Gets another role or a further organisation.
    Update,
    /// Loses access.
    Withdraw,
    /// Nothing.
    None,
    /// Is not let in, for the reason given.
    Refused,
}

/// A role in an organisation that a group gives.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DryRunGrant {
    /// The organisation's name.
    pub organisation: String,
    /// A built-in role or the id of a custom one.
    pub role: String,
}

/// A person of the directory and what would become of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DryRunPerson {
    pub login: String,
    pub email: String,
    pub display_name: String,
    /// DNs of the groups.
    pub groups: Vec<String>,
    pub grants: Vec<DryRunGrant>,
    pub change: DryRunChange,
    #[schema(required)]
    pub reason: Option<String>,
}

/// What logins and a refresh would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DirectoryDryRun {
    pub people: Vec<DryRunPerson>,
    /// Whether the directory holds more people.
    pub truncated: bool,
}

/// Looks at a directory's people and says what would become of them.
///
/// # Errors
/// `not_found`; what keeps the directory from being asked, as a conflict.
pub(super) async fn dry_run(
    app: &App,
    id: DirectoryId,
    request: &DryRunRequest,
    origin: Origin,
) -> Result<DirectoryDryRun> {
    let limit = request.limit.unwrap_or(LIMIT_USUAL).clamp(1, LIMIT_MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let row = app.db.read(move |reader| store::read(reader, id)).await?;
    let mut directory = reach::kept(app, &row, origin).await?;
    Arc::make_mut(&mut directory.settings).limits.list = ANSWER_MAX;
    let people = Box::pin(list_people(&directory, &row.wanted_groups(), limit)).await;
    // What is wrong is the directory or its settings, not this node.
    let people = people.map_err(|error| Error::conflict(error.code(), error.message()))?;
    let truncated = people.truncated;
    let read = move |reader: &Reader<'_>| judge_all(reader, &row, (&people.entries, truncated));
    Ok(DirectoryDryRun {
        people: app.db.read(read).await?,
        truncated,
    })
}

fn judge_all(
    reader: &Reader<'_>,
    row: &DirectoryRow,
    (entries, truncated): (&[Entry], bool),
) -> Result<Vec<DryRunPerson>> {
    let known = identity::external_subjects(reader, &row.source())?;
    let subjects: HashSet<&str> = known.iter().map(|(subject, _)| subject.as_str()).collect();
    let mut names = Names::default();
    let mut judged = Vec::with_capacity(entries.len());
    for entry in entries {
        let is_known = subjects.contains(entry.subject.as_str());
        judged.push(judge(reader, row, (entry, is_known), &mut names)?);
    }
    // Who is not in a part may be in the rest.
    if !truncated {
        let found: HashSet<&str> = entries.iter().map(|entry| entry.subject.as_str()).collect();
        let gone = known
            .iter()
            .filter(|(subject, _)| !found.contains(subject.as_str()));
        for (subject, person) in gone {
            judged.extend(judge_gone(reader, row, (subject, *person))?);
        }
    }
    Ok(judged)
}

fn judge(
    reader: &Reader<'_>,
    row: &DirectoryRow,
    (entry, is_known): (&Entry, bool),
    names: &mut Names,
) -> Result<DryRunPerson> {
    let identity = grants::identity_of(row, entry);
    let grants = grants::grants_of(&row.group_map, &entry.groups);
    let (change, reason) = match identity {
        _ if grants.is_empty() && !is_known => (DryRunChange::None, Some(NO_GROUP.to_owned())),
        Err(error) => (DryRunChange::Refused, Some(error.message().to_owned())),
        Ok(identity) => verdict(reader, &identity, (entry, is_known))?,
    };
    Ok(DryRunPerson {
        login: entry.login.clone(),
        email: entry.email.clone(),
        display_name: entry.display_name.clone(),
        groups: entry.groups.iter().take(GROUPS_SHOWN).cloned().collect(),
        grants: names.of(reader, &grants)?,
        change,
        reason,
    })
}

/// What would become of somebody, and why.
fn verdict(
    reader: &Reader<'_>,
    identity: &ExternalIdentity,
    (entry, is_known): (&Entry, bool),
) -> Result<(DryRunChange, Option<String>)> {
    let inactive = entry.inactive.map(|why| why.reason().to_owned());
    if !is_known && inactive.is_some() {
        return Ok((DryRunChange::None, inactive));
    }
    let change = match identity::preview_external(reader, identity) {
        Ok(change) => change,
        Err(error) if error.status() < 500 => {
            return Ok((DryRunChange::Refused, Some(error.message().to_owned())));
        }
        Err(error) => return Err(error),
    };
    Ok((kind_of(&change), inactive))
}

fn kind_of(change: &ExternalChange) -> DryRunChange {
    if change.created {
        DryRunChange::Create
    } else if !change.granted.is_empty() {
        DryRunChange::Update
    } else if !change.withdrawn.is_empty() {
        DryRunChange::Withdraw
    } else {
        DryRunChange::None
    }
}

/// Somebody who came from the directory and is no longer found in it; nothing when they have nothing left to lose.
fn judge_gone(
    reader: &Reader<'_>,
    row: &DirectoryRow,
    (subject, person): (&str, PersonId),
) -> Result<Option<DryRunPerson>> {
    let Some(person) = identity::find_person(reader, person)? else {
        return Ok(None);
    };
    let identity = ExternalIdentity {
        source: row.source(),
        subject: subject.to_owned(),
        email: person.email.clone(),
        display_name: person.display_name.clone(),
        grants: Vec::new(),
        organisations: row.organisations(),
        active: false,
    };
    let change = identity::preview_external(reader, &identity)?;
    if change.withdrawn.is_empty() {
        return Ok(None);
    }
    Ok(Some(DryRunPerson {
        login: String::new(),
        email: person.email,
        display_name: person.display_name,
        groups: Vec::new(),
        grants: Vec::new(),
        change: DryRunChange::Withdraw,
        reason: Some("is no longer found in the directory".to_owned()),
    }))
}

/// Names of organisations, looked up once.
#[derive(Default)]
struct Names(BTreeMap<OrgId, String>);

impl Names {
    fn of(&mut self, reader: &Reader<'_>, grants: &[Grant]) -> Result<Vec<DryRunGrant>> {
        let mut named = Vec::with_capacity(grants.len());
        for grant in grants {
            let organisation = match self.0.get(&grant.organisation) {
                Some(name) => name.clone(),
                None => identity::organisation_name(reader, grant.organisation)?,
            };
            self.0.insert(grant.organisation, organisation.clone());
            named.push(DryRunGrant {
                organisation,
                role: grant.role.clone(),
            });
        }
        Ok(named)
    }
}
