//! Taking over what a directory says of the people who came from it, one by one.

use std::collections::BTreeSet;

use guildhall_directory::Entry;
use guildhall_kernel::{Error, PersonId, Result};

use super::{grants, model::DirectoryRow};
use crate::{
    app::App,
    identity::{
        self, ExternalChange, ExternalIdentity, apply_external, external_context, external_subjects,
    },
};

/// What a refresh did, by people.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) granted: usize,
    pub(super) withdrawn: usize,
    pub(super) refused: usize,
}

/// People who came from a directory, by what it calls them.
pub(super) type Known = Vec<(String, PersonId)>;

/// Everybody who came from the directory.
pub(super) async fn known(app: &App, row: &DirectoryRow) -> Result<Known> {
    let source = row.source();
    let read = move |reader: &guildhall_db::Reader<'_>| external_subjects(reader, &source);
    app.db.read(read).await
}

/// What the directory says now of somebody who came from it. Who is gone, or lacks what is needed, is no longer let in.
pub(super) async fn said_of(
    app: &App,
    row: &DirectoryRow,
    entry: Option<&Entry>,
    (subject, person): (String, PersonId),
) -> Result<ExternalIdentity> {
    if let Some(entry) = entry
        && let Ok(identity) = grants::identity_of(row, entry)
    {
        return Ok(identity);
    }
    let found = app
        .db
        .read(move |reader| identity::find_person(reader, person))
        .await?;
    let found = found.ok_or_else(|| Error::not_found("person"))?;
    Ok(ExternalIdentity {
        source: row.source(),
        subject,
        email: found.email,
        display_name: found.display_name,
        grants: Vec::new(),
        organisations: row.organisations(),
        active: false,
    })
}

/// What a refresh has come to so far.
pub(super) struct Round {
    pub(super) counts: Counts,
    /// Whom a refusal is written down for.
    pub(super) refused: BTreeSet<String>,
}

/// Takes over what is said of one person; what is refused is written down beside the directory, until it is not any more.
pub(super) async fn take_over(
    app: &App,
    identity: ExternalIdentity,
    round: &mut Round,
) -> Result<()> {
    let was_refused = round.refused.contains(&identity.subject);
    let said = identity.clone();
    match apply(app, identity, &mut round.counts).await {
        Ok(change) if change.name_kept || was_refused => {
            round.counts.refused += usize::from(change.name_kept);
            let parts = external_context(app);
            let written = app
                .db
                .write(move |tx| identity::note_change(tx, &parts, (&said, &change)));
            written.await
        }
        Ok(_) => Ok(()),
        Err(error) => {
            identity::tell_refusal(app, (said, &error)).await;
            Err(error)
        }
    }
}

/// Takes over what is said of one person, in a transaction of its own. Says what changed, or would have.
async fn apply(
    app: &App,
    identity: ExternalIdentity,
    counts: &mut Counts,
) -> Result<ExternalChange> {
    let asked = identity.clone();
    let preview = app
        .db
        .read(move |reader| identity::preview_external(reader, &asked));
    let preview = preview.await?;
    let changes_nothing = preview.granted.is_empty() && preview.withdrawn.is_empty();
    if changes_nothing && identity.active {
        return Ok(preview);
    }
    let parts = external_context(app);
    let change = app
        .db
        .write(move |tx| apply_external(tx, &parts, &identity))
        .await?;
    counts.granted += usize::from(!change.granted.is_empty());
    counts.withdrawn += usize::from(!change.withdrawn.is_empty());
    Ok(change)
}

/// Takes from everybody who came from a directory what it gave. Says how many lost something.
///
/// # Errors
/// Those of the database.
pub(super) async fn withdraw_everybody(app: &App, row: &DirectoryRow) -> Result<usize> {
    let mut counts = Counts::default();
    for (subject, person) in known(app, row).await? {
        let identity = said_of(app, row, None, (subject, person)).await?;
        apply(app, identity, &mut counts).await?;
    }
    Ok(counts.withdrawn)
}
