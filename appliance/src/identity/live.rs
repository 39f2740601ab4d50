//! What runs for somebody right now: open streams, and answers being written. Whoever loses their access
//! loses these at once, not with their next request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_db::{Reader, Tx};
use guildhall_kernel::{ApiKeyId, Ctx, OrgId, PersonId, Principal, Result, SessionId};
use guildhall_web::guard;
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use super::{credential_store, store};
use crate::app::App;

/// What runs for people. A cheap clone.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    next: u64,
    running: HashMap<u64, Running>,
}

struct Running {
    person: PersonId,
    organisation: OrgId,
    principal: Principal,
    kind: Kind,
    end: CancellationToken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Somebody listens: may begin anew, with what they may hear then.
    Stream,
    /// Something is being made for somebody, who need not be there.
    Work,
}

/// Whose running things end.
#[derive(Clone, Debug)]
enum Ended {
    /// Everything of a person, in one organisation or everywhere.
    Person(PersonId, Option<OrgId>),
    /// The streams of a person or of everybody in an organisation: what they may hear is another.
    Changed(OrgId, Option<PersonId>),
    /// The streams of a person in every organisation.
    Streams(PersonId),
    /// The streams of a session. The answers begun in it go on: a closed tab does not end them either.
    Session(SessionId),
    /// The streams of every session of a person but one.
    Sessions(PersonId, Option<SessionId>),
    /// Everything that a key does.
    ApiKey(ApiKeyId),
    /// Everything that an application's token does, by the id of the token.
    Token(String),
}

impl Ended {
    fn includes(&self, running: &Running) -> bool {
        let is_stream = running.kind == Kind::Stream;
        match self {
            Self::Person(person, organisation) => {
                running.person == *person
                    && organisation.is_none_or(|it| it == running.organisation)
            }
            Self::Changed(organisation, person) => {
                is_stream
                    && running.organisation == *organisation
                    && person.is_none_or(|person| person == running.person)
            }
            Self::Streams(person) => is_stream && running.person == *person,
            Self::Session(session) => {
                is_stream && running.principal == Principal::Session(*session)
            }
            Self::Sessions(person, kept) => match running.principal {
                Principal::Session(session) => {
                    is_stream && running.person == *person && Some(session) != *kept
                }
                _ => false,
            },
            Self::ApiKey(key) => running.principal == Principal::ApiKey(*key),
            Self::Token(token) => {
                matches!(&running.principal, Principal::Token(id) if **id == **token)
            }
        }
    }
}

/// Held while something runs; it ends on its own when this is dropped.
pub struct Watch {
    live: Live,
    number: u64,
    end: CancellationToken,
}

impl Watch {
    /// Resolves when the caller has lost the access that this runs on.
    pub fn ended(&self) -> WaitForCancellationFuture<'_> {
        self.end.cancelled()
    }

    /// Whether the caller has lost the access that this runs on.
    pub fn has_ended(&self) -> bool {
        self.end.is_cancelled()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.open().running.remove(&self.number);
    }
}

impl Live {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches a stream that the caller listens to.
    pub fn watch_stream(&self, ctx: &Ctx) -> Watch {
        self.watch(ctx, Kind::Stream, CancellationToken::new())
    }

    /// Watches work for the caller that `end` stops.
    pub fn watch_work(&self, ctx: &Ctx, end: CancellationToken) -> Watch {
        self.watch(ctx, Kind::Work, end)
    }

    fn watch(&self, ctx: &Ctx, kind: Kind, end: CancellationToken) -> Watch {
        let running = Running {
            person: ctx.person,
            organisation: ctx.organisation,
            principal: ctx.principal.clone(),
            kind,
            end: end.clone(),
        };
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.running.insert(number, running);
        Watch {
            live: self.clone(),
            number,
            end,
        }
    }

    fn end_after(&self, tx: &Tx<'_>, ended: Ended) {
        let live = self.clone();
        tx.after_commit(move || {
            for running in live.open().running.values() {
                if ended.includes(running) {
                    running.end.cancel();
                }
            }
        });
    }

    /// Ends everything that runs for a person, once the transaction is durable.
    pub fn end_person_after(&self, tx: &Tx<'_>, person: PersonId, organisation: Option<OrgId>) {
        self.end_after(tx, Ended::Person(person, organisation));
    }

    /// Ends the streams of a person, or of everybody in the organisation, who may now hear something else.
    pub fn changed_after(&self, tx: &Tx<'_>, organisation: OrgId, person: Option<PersonId>) {
        self.end_after(tx, Ended::Changed(organisation, person));
    }

    /// Ends the streams of a person in every organisation: what they may hear is another.
    pub fn end_person_streams_after(&self, tx: &Tx<'_>, person: PersonId) {
        self.end_after(tx, Ended::Streams(person));
    }

    /// Ends the streams of one session.
    pub fn end_session_after(&self, tx: &Tx<'_>, session: SessionId) {
        self.end_after(tx, Ended::Session(session));
    }

    /// Ends the streams of every session of a person but one.
    pub fn end_sessions_after(&self, tx: &Tx<'_>, person: PersonId, kept: Option<SessionId>) {
        self.end_after(tx, Ended::Sessions(person, kept));
    }

    /// Ends everything that an API key does.
    pub fn end_api_key_after(&self, tx: &Tx<'_>, key: ApiKeyId) {
        self.end_after(tx, Ended::ApiKey(key));
    }

    /// Ends everything that an application's token does.
    pub fn end_token_after(&self, tx: &Tx<'_>, token: &str) {
        self.end_after(tx, Ended::Token(token.to_owned()));
    }
}

/// Watches a stream of the caller, who may have lost their access between being let in and now: from here on
/// nothing is missed.
///
/// # Errors
/// `not_logged_in`; those of the database.
pub async fn watch_stream(app: &App, ctx: &Ctx) -> Result<Watch> {
    let watch = app.live.watch_stream(ctx);
    let caller = ctx.clone();
    let is_in = app
        .db
        .read(move |reader| still_has_access(reader, &caller))
        .await?;
    if is_in {
        Ok(watch)
    } else {
        Err(guard::not_logged_in())
    }
}

fn still_has_access(reader: &Reader<'_>, ctx: &Ctx) -> Result<bool> {
    let has_credential = match &ctx.principal {
        Principal::Session(id) => credential_store::find_session_by_id(reader, *id)?.is_some(),
        Principal::ApiKey(id) => credential_store::has_api_key(reader, ctx.organisation, *id)?,
        // Asked of its source with every request; a stream ends with the membership.
        Principal::Token(_) | Principal::Operator => true,
    };
    Ok(has_credential && store::find_membership(reader, ctx.organisation, ctx.person)?.is_some())
}

#[cfg(test)]
mod tests {
    use guildhall_kernel::SystemClock;

    use super::*;

    fn running(person: PersonId, organisation: OrgId, principal: Principal, kind: Kind) -> Running {
        Running {
            person,
            organisation,
            principal,
            kind,
            end: CancellationToken::new(),
        }
    }

    #[test]
    fn what_ends_is_what_lost_its_ground() {
        let clock = &SystemClock;
        let (person, organisation) = (PersonId::new(clock), OrgId::new(clock));
        let session = SessionId::new(clock);
        let principal = || Principal::Session(session);
        let stream = running(person, organisation, principal(), Kind::Stream);
        let work = running(person, organisation, principal(), Kind::Work);
        let token = Principal::Token(Arc::from("grant"));
        let token = running(person, organisation, token, Kind::Work);
        let elsewhere = Some(OrgId::new(clock));
        for (ended, expected) in [
            (Ended::Person(person, None), [true, true, true]),
            (
                Ended::Person(person, Some(organisation)),
                [true, true, true],
            ),
            (Ended::Person(person, elsewhere), [false, false, false]),
            (Ended::Changed(organisation, None), [true, false, false]),
            (Ended::Session(session), [true, false, false]),
            (
                Ended::Sessions(person, Some(session)),
                [false, false, false],
            ),
            (Ended::Token("grant".to_owned()), [false, false, true]),
        ] {
            let found = [&stream, &work, &token].map(|running| ended.includes(running));
            assert_eq!(found, expected, "{ended:?}");
        }
    }
}
