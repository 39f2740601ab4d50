//! The consent page: what an application asks for, and what the person says to it.

use data_encoding::BASE64URL_NOPAD;
use guildhall_kernel::{Ctx, Error, OauthClientId, Principal, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    code_store,
    model::{CODE_SECONDS, ClientRow, CodeRow, OauthClientKind, OauthGrantType},
    problem::{Problem, ProblemCode},
    redirect, scope, store, token,
};
use crate::{app::App, audit, identity};

const STATE_CHARACTERS_MAX: usize = 2000;

/// What stands in the address of the consent page (RFC 6749, 4.1.1; RFC 7636, 4.3; RFC 8707, 2).
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) scope: String,
    #[serde(default)]
    pub(super) state: String,
    pub(super) code_challenge: String,
    pub(super) code_challenge_method: String,
    pub(super) response_type: String,
    #[serde(default)]
    pub(super) resource: Option<String>,
}

/// A scope in words that a person can decide on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ScopeLine {
    name: String,
    description: &'static str,
}

/// An application as the consent page shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AskingClient {
    id: OauthClientId,
    name: String,
    kind: OauthClientKind,
}

/// What an application asks for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OauthAsked)]
pub(super) struct Asked {
    client: AskingClient,
    /// The name of the organisation that it would act in.
    organisation: String,
    scopes: Vec<ScopeLine>,
}

/// A request that may be shown to the person.
struct Request {
    client: ClientRow,
    redirect_uri: String,
    scopes: Vec<String>,
    resources: Vec<String>,
}

/// Only a person in their browser may agree to something, and only once their own account is in order.
///
/// # Errors
/// `not_a_session`, `account_restricted`.
pub(super) fn check_person(ctx: &Ctx) -> Result<()> {
    if !matches!(ctx.principal, Principal::Session(_)) {
        let message = "only a person in a logged-in browser can decide this";
        return Err(Error::forbidden("not_a_session", message));
    }
    let is_own = |name: &&str| name.starts_with("session.") || name.starts_with("account.");
    if ctx.permissions.iter().all(is_own) {
        let message = "your account must be set up first: change your password or add a second factor under Account";
        return Err(Error::forbidden("account_restricted", message));
    }
    Ok(())
}

/// Checks a request and says what it asks for.
///
/// # Errors
/// `invalid_client` and `invalid_redirect_uri`, after which nobody may be sent anywhere; the other codes of RFC
/// 6749, 4.1.2.1.
pub(super) async fn check(app: &App, ctx: &Ctx, asked_for: AuthorizeRequest) -> Result<Asked> {
    check_person(ctx)?;
    let request = read(app, ctx, &asked_for).await?;
    asked(app, ctx, &request.client, &request.scopes).await
}

/// What an application asks for, for the page.
///
/// # Errors
/// Those of the database.
pub(super) async fn asked(
    app: &App,
    ctx: &Ctx,
    client: &ClientRow,
    scopes: &[String],
) -> Result<Asked> {
    let organisation = ctx.organisation;
    let name = app
        .db
        .read(move |reader| identity::organisation_name(reader, organisation))
        .await?;
    let lines = scopes.iter().map(|name| ScopeLine {
        name: name.clone(),
        description: scope::description(name).unwrap_or_default(),
    });
    Ok(Asked {
        client: AskingClient {
            id: client.client.id,
            name: client.client.name.clone(),
            kind: client.client.kind,
        },
        organisation: name,
        scopes: lines.collect(),
    })
}

/// Where the browser goes once the person has decided.
///
/// # Errors
/// As [`check`].
pub(super) async fn decide(
    app: &App,
    ctx: &Ctx,
    (asked_for, allow): (AuthorizeRequest, bool),
) -> Result<String> {
    check_person(ctx)?;
    let request = read(app, ctx, &asked_for).await?;
    let (redirect_uri, client) = (request.redirect_uri.clone(), request.client.client.id);
    let mut parameters = vec![("iss", app.origin.as_str())];
    if !asked_for.state.is_empty() {
        parameters.push(("state", &asked_for.state));
    }
    let caller = ctx.clone();
    if !allow {
        let written = app.write(ctx, move |tx| {
            audit::record(tx, &caller, "oauth.refused", client)
        });
        written.await?;
        parameters.push(("error", "access_denied"));
        return Ok(redirect::with_parameters(&redirect_uri, &parameters));
    }
    let (code, hash) = token::secret("gha_");
    let row = CodeRow {
        client,
        organisation: ctx.organisation,
        person: ctx.person,
        redirect_uri: redirect_uri.clone(),
        code_challenge: asked_for.code_challenge.clone(),
        scopes: request.scopes,
        resources: request.resources,
        expires_at: ctx.now().plus_seconds(CODE_SECONDS),
        grant: None,
    };
    let written = app.write_secret(ctx, move |tx| {
        code_store::insert_code(tx, &hash, &row, caller.now())?;
        audit::record_with(
            tx,
            &caller,
            "oauth.allowed",
            client,
            json!({ "scopes": row.scopes }),
        )
    });
    written.await?;
    parameters.push(("code", &code));
    Ok(redirect::with_parameters(&redirect_uri, &parameters))
}

async fn read(app: &App, ctx: &Ctx, asked_for: &AuthorizeRequest) -> Result<Request> {
    let client = client(app, ctx, &asked_for.client_id).await?;
    let redirect_uri = redirect_uri(&client, &asked_for.redirect_uri)?;
    check_form(&client, asked_for).map_err(Problem::into_error)?;
    let scopes = scope::asked(Some(&asked_for.scope), &client.client.scopes);
    let resource = asked_for.resource.iter().filter(|text| !text.is_empty());
    let resources: Vec<String> = resource.cloned().collect();
    Ok(Request {
        redirect_uri,
        scopes: scopes.map_err(Problem::into_error)?,
        resources: token::resources(&app.origin, &resources).map_err(Problem::into_error)?,
        client,
    })
}

async fn client(app: &App, ctx: &Ctx, id: &str) -> Result<ClientRow> {
    let unknown = || {
        let message = "there is no such application in the organisation you are logged in for; check where the link came from, or switch to the organisation it belongs to";
        Error::invalid_field("client_id", "invalid_client", message)
    };
    let id: OauthClientId = id.parse().map_err(|_| unknown())?;
    let organisation = ctx.organisation;
    let found = app
        .db
        .read(move |reader| store::find_client_of(reader, organisation, id))
        .await?;
    found.ok_or_else(unknown)
}

/// The registered address that the request names; the only one when it names none.
fn redirect_uri(client: &ClientRow, asked: &str) -> Result<String> {
    let registered = &client.client.redirect_uris;
    if let ([only], "") = (registered.as_slice(), asked) {
        return Ok(only.clone());
    }
    if registered.iter().any(|uri| redirect::matches(uri, asked)) {
        return Ok(asked.to_owned());
    }
    let message = "the application wants you sent to an address that is not registered for it; ask who runs the application";
    Err(Error::invalid_field(
        "redirect_uri",
        "invalid_redirect_uri",
        message,
    ))
}

fn check_form(
    client: &ClientRow,
    asked_for: &AuthorizeRequest,
) -> std::result::Result<(), Problem> {
    let invalid = |message: &str| Err(Problem::new(ProblemCode::InvalidRequest, message));
    if !client.takes(OauthGrantType::AuthorizationCode) {
        let message =
            "the application may not ask people in their browser; an administrator can allow it";
        return Err(Problem::new(ProblemCode::UnauthorizedClient, message));
    }
    if asked_for.response_type != "code" {
        return invalid("response_type must be code");
    }
    if asked_for.code_challenge_method != "S256" {
        return invalid("code_challenge_method must be S256");
    }
    let digest = BASE64URL_NOPAD.decode(asked_for.code_challenge.as_bytes());
    if digest.ok().is_none_or(|digest| digest.len() != 32) {
        return invalid("code_challenge must be the SHA-256 of the verifier in base64url");
    }
    if asked_for.state.len() > STATE_CHARACTERS_MAX {
        return invalid("state is too long");
    }
    Ok(())
}
