//! Devices without a browser of their own (RFC 8628): they show a code, and a person types it elsewhere.

use guildhall_db::Tx;
use guildhall_kernel::{Ctx, Error, Result as KernelResult, Timestamp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    authorize::{self, Asked},
    code_store,
    form::{OauthDeviceForm, OauthTokenForm},
    model::{ClientRow, DEVICE_SECONDS, DeviceRow, DeviceState, INTERVAL_SECONDS, OauthGrantType},
    problem::{Problem, ProblemCode},
    scope, store,
    token::{self, Issued, NewGrant, Turn, invalid_grant, missing, secret},
    token_hash,
};
use crate::{app::App, audit, identity};

/// Letters that nobody takes for another one, and that spell no word (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const USER_CODE_LETTERS: usize = 8;
/// Devices of one application that wait at a time.
const WAITING_MAX: u32 = 1000;

/// What the device shows and asks with (RFC 8628, 3.2).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OauthDeviceCodes {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    /// Seconds.
    expires_in: i64,
    /// Seconds between two questions.
    interval: i64,
}

/// Begins a device's request.
///
/// # Errors
/// `unauthorized_client`, `invalid_scope`, `invalid_target`; `temporarily_unavailable` when too many wait.
pub(super) async fn start(
    app: &App,
    client: ClientRow,
    form: OauthDeviceForm,
) -> Result<OauthDeviceCodes, Problem> {
    if !client.takes(OauthGrantType::Device) {
        let message = "the application may not be used on devices; an administrator can allow it";
        return Err(Problem::new(ProblemCode::UnauthorizedClient, message));
    }
    let now = app.clock.now();
    let (device_code, device_hash) = secret("ghd_");
    let user_code = user_code()?;
    let user_hash = token_hash(&user_code);
    let row = DeviceRow {
        device_hash,
        client: client.client.id,
        organisation: client.organisation,
        scopes: scope::asked(form.scope.as_deref(), &client.client.scopes)?,
        resources: token::resources(&app.origin, &form.resource)?,
        expires_at: now.plus_seconds(DEVICE_SECONDS),
        interval_seconds: INTERVAL_SECONDS,
        polled_at: None,
        state: DeviceState::Waiting,
        person: None,
    };
    let turn = Turn::new(app, client);
    let written = app.db.write(move |tx| {
        if code_store::count_devices(tx, row.client, now)? >= WAITING_MAX {
            let message = "too many devices wait for their people; try again in some minutes";
            return Err(Error::unavailable("too_many_devices", message, 60));
        }
        code_store::insert_device(tx, &row, &user_hash, now)?;
        let subject = row.client.to_string();
        turn.note(
            tx,
            None,
            ("oauth.device_asked", &subject),
            json!({ "scopes": row.scopes }),
        )
    });
    written.await?;
    let shown = shown(&user_code);
    let verification_uri = format!("{}/device", app.origin);
    Ok(OauthDeviceCodes {
        device_code,
        verification_uri_complete: format!("{verification_uri}?user_code={shown}"),
        verification_uri,
        user_code: shown,
        expires_in: DEVICE_SECONDS,
        interval: INTERVAL_SECONDS,
    })
}

/// Answers a device that asks whether its person has agreed.
///
/// # Errors
/// Those of the database; a refusal is an answer, since how often was asked is written down.
pub(super) fn poll(
    tx: &Tx<'_>,
    turn: &Turn,
    form: &OauthTokenForm,
) -> KernelResult<Result<Issued, Problem>> {
    let Some(code) = form.device_code.as_deref() else {
        return Ok(Err(missing("device_code")));
    };
    let found = code_store::find_device(tx, &token_hash(code))?;
    let Some(row) = found.filter(|row| row.client == turn.client.client.id) else {
        return Ok(Err(invalid_grant(
            "the device code is not one that this application got",
        )));
    };
    let now = turn.now();
    if row.expires_at <= now {
        let message = "nobody agreed in time; begin again";
        return Ok(Err(Problem::new(ProblemCode::ExpiredToken, message)));
    }
    if is_too_soon(&row, now) {
        // RFC 8628, 3.5: five seconds more, for this and all later questions.
        let interval = row.interval_seconds.saturating_add(INTERVAL_SECONDS);
        code_store::note_poll(tx, &row.device_hash, now, interval)?;
        let message = format!("ask every {interval} seconds at most");
        return Ok(Err(Problem::new(ProblemCode::SlowDown, message)));
    }
    match (row.state, row.person) {
        (DeviceState::Waiting, _) => {
            code_store::note_poll(tx, &row.device_hash, now, row.interval_seconds)?;
            let message = "the person has not decided yet";
            Ok(Err(Problem::new(
                ProblemCode::AuthorizationPending,
                message,
            )))
        }
        (DeviceState::Allowed, Some(person)) => {
            code_store::delete_device(tx, &row.device_hash)?;
            if !identity::is_member(tx, row.organisation, person)? {
                return Ok(Err(invalid_grant(
                    "the person is no longer in the organisation",
                )));
            }
            let new = NewGrant {
                person,
                grant_type: OauthGrantType::Device,
                scopes: row.scopes,
                resources: row.resources,
            };
            token::begin(tx, turn, new).map(Ok)
        }
        _ => {
            code_store::delete_device(tx, &row.device_hash)?;
            let message = "the person refused";
            Ok(Err(Problem::new(ProblemCode::AccessDenied, message)))
        }
    }
}

fn is_too_soon(row: &DeviceRow, now: Timestamp) -> bool {
    row.polled_at
        .is_some_and(|polled| now < polled.plus_seconds(row.interval_seconds))
}

/// What the device behind a user code asks for.
///
/// # Errors
/// `unknown_user_code`; `too_many_attempts`.
pub(super) async fn check(app: &App, ctx: &Ctx, user_code: &str) -> KernelResult<Asked> {
    authorize::check_person(ctx)?;
    let (row, client) = find(app, ctx, user_code).await?;
    authorize::asked(app, ctx, &client, &row.scopes).await
}

/// Lets the device behind a user code in, or refuses it.
///
/// # Errors
/// `unknown_user_code`; `too_many_attempts`.
pub(super) async fn decide(
    app: &App,
    ctx: &Ctx,
    (user_code, allow): (&str, bool),
) -> KernelResult<()> {
    authorize::check_person(ctx)?;
    find(app, ctx, user_code).await?;
    let (caller, hash) = (ctx.clone(), token_hash(&plain(user_code)));
    let written = app.write(ctx, move |tx| {
        let now = caller.now();
        let row = code_store::find_waiting(tx, caller.organisation, &hash, now)?;
        let row = row.ok_or_else(unknown)?;
        let (state, action) = if allow {
            (DeviceState::Allowed, "oauth.device_allowed")
        } else {
            (DeviceState::Refused, "oauth.device_refused")
        };
        code_store::decide_device(tx, &row.device_hash, state, caller.person)?;
        audit::record_with(
            tx,
            &caller,
            action,
            row.client,
            json!({ "scopes": row.scopes }),
        )
    });
    written.await
}

/// The waiting request of a user code. Guessing is slowed down person by person.
async fn find(app: &App, ctx: &Ctx, user_code: &str) -> KernelResult<(DeviceRow, ClientRow)> {
    app.oauth.user_codes.attempt(&ctx.person)?;
    let (organisation, now) = (ctx.organisation, ctx.now());
    let hash = token_hash(&plain(user_code));
    let read = app.db.read(move |reader| {
        let row = code_store::find_waiting(reader, organisation, &hash, now)?;
        let Some(row) = row else { return Ok(None) };
        let client = store::find_client_of(reader, organisation, row.client)?;
        Ok(client.map(|client| (row, client)))
    });
    let found = read.await?.ok_or_else(unknown)?;
    app.oauth.user_codes.succeeded(&ctx.person);
    Ok(found)
}

fn unknown() -> Error {
    Error::invalid_field(
        "user_code",
        "unknown_user_code",
        "no device waits under this code in your organisation; check the letters, or let the device show a new one",
    )
}

/// Eight letters, each as likely as the others.
fn user_code() -> KernelResult<String> {
    let mut code = String::new();
    // More than enough: 240 of 256 values are taken.
    for _ in 0..100 {
        let mut byte = [0_u8; 1];
        getrandom::fill(&mut byte).map_err(|error| {
            Error::internal("the system's random source does not answer").with_source(error)
        })?;
        let [value] = byte;
        let index = usize::from(value);
        // Values beyond a multiple of 20 would make some letters likelier.
        if index >= 240 {
            continue;
        }
        if let Some(letter) = LETTERS.get(index % LETTERS.len()) {
            code.push(char::from(*letter));
        }
        if code.len() == USER_CODE_LETTERS {
            return Ok(code);
        }
    }
    Err(Error::internal("the system's random source repeats itself"))
}

/// In two halves, which are easier to read aloud.
fn shown(code: &str) -> String {
    match code.split_at_checked(USER_CODE_LETTERS / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// The letters alone, as they are hashed.
fn plain(typed: &str) -> String {
    let letters = typed.chars().filter(char::is_ascii_alphabetic);
    letters
        .take(40)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = user_code().unwrap();
        assert_eq!(code.len(), 8);
        assert!(
            code.bytes().all(|letter| LETTERS.contains(&letter)),
            "{code}"
        );
        let typed = shown(&code).to_lowercase();
        assert_eq!(plain(&format!(" {typed} ")), code);
        assert_ne!(user_code().unwrap(), code);
    }
}
