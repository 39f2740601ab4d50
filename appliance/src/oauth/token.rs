//! Tokens: who gets which, and what they look like.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use guildhall_db::Tx;
use guildhall_kernel::{
    Clock, OauthGrantId, PersonId, RequestId, Result as KernelResult, Timestamp, random_token,
};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    code_store, device,
    form::OauthTokenForm,
    jwt,
    model::{ACCESS_SECONDS, ClientRow, CodeRow, GrantRow, OauthGrantType, REFRESH_SECONDS},
    problem::{Problem, ProblemCode},
    refresh, scope, service, store, token_hash,
};
use crate::{app::App, audit, identity};

const RESOURCES_MAX: usize = 10;
const RESOURCE_CHARACTERS_MAX: usize = 500;
const TOKEN_BYTES: usize = 32;
/// RFC 8628, 3.4.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// New tokens (RFC 6749, 5.1).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct OauthTokens {
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

/// One request of an application: what its transaction needs to know. A cheap clone.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) client: Arc<ClientRow>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) request_id: RequestId,
    pub(super) live: identity::Live,
}

impl Turn {
    pub(super) fn new(app: &App, client: ClientRow) -> Self {
        Self {
            client: Arc::new(client),
            clock: Arc::clone(&app.clock),
            request_id: guildhall_web::request_id(),
            live: app.live.clone(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Leaves an entry in the audit log.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn note(
        &self,
        tx: &Tx<'_>,
        person: Option<PersonId>,
        what: (&str, &str),
        details: Value,
    ) -> KernelResult<()> {
        let id = self.client.client.id.to_string();
        let application = audit::Application {
            id: &id,
            organisation: self.client.organisation,
            person,
        };
        let who = (application, &self.request_id);
        audit::record_application(tx, self.clock.as_ref(), who, what, details)
    }

    /// Ends a grant with everything that came of it, and says why.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) fn end_grant(
        &self,
        tx: &Tx<'_>,
        (id, person): (OauthGrantId, PersonId),
        action: &str,
    ) -> KernelResult<()> {
        if store::delete_grant(tx, id)? {
            let id = id.to_string();
            self.live.end_token_after(tx, &id);
            self.note(tx, Some(person), (action, &id), Value::Null)?;
        }
        Ok(())
    }
}

/// What a grant gives this time.
pub(super) struct Issued {
    pub(super) grant: GrantRow,
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) refresh_token: Option<String>,
}

/// What a person or service account lets the application do.
pub(super) struct NewGrant {
    pub(super) person: PersonId,
    pub(super) grant_type: OauthGrantType,
    pub(super) scopes: Vec<String>,
    pub(super) resources: Vec<String>,
}

/// Answers a token request of an application that proved who it is.
///
/// # Errors
/// Those of RFC 6749, 5.2, RFC 8628, 3.5 and RFC 8707, 2.
pub(super) async fn exchange(
    app: &App,
    client: ClientRow,
    form: OauthTokenForm,
) -> Result<OauthTokens, Problem> {
    let turn = Turn::new(app, client);
    let resources = resources(&app.origin, &form.resource)?;
    let written = match form.grant_type.as_deref() {
        Some("authorization_code") => {
            admit(&turn, OauthGrantType::AuthorizationCode)?;
            let turn = turn.clone();
            app.db
                .write(move |tx| redeem(tx, &turn, &form, resources))
                .await
        }
        Some("refresh_token") => {
            let turn = turn.clone();
            app.db
                .write(move |tx| refresh::renew(tx, &turn, &form, resources))
                .await
        }
        Some("client_credentials") => {
            admit(&turn, OauthGrantType::ClientCredentials)?;
            let turn = turn.clone();
            app.db
                .write(move |tx| service::begin(tx, &turn, &form, resources))
                .await
        }
        Some(DEVICE_GRANT) => {
            admit(&turn, OauthGrantType::Device)?;
            let turn = turn.clone();
            app.db.write(move |tx| device::poll(tx, &turn, &form)).await
        }
        Some(_) => {
            let message =
                "use authorization_code, refresh_token, client_credentials or the device grant";
            return Err(Problem::new(ProblemCode::UnsupportedGrantType, message));
        }
        None => return Err(missing("grant_type")),
    };
    let issued = written??;
    answer(app, &turn, issued)
}

fn admit(turn: &Turn, grant: OauthGrantType) -> Result<(), Problem> {
    if turn.client.takes(grant) {
        return Ok(());
    }
    let message = "the application may not get tokens this way; an administrator can allow it";
    Err(Problem::new(ProblemCode::UnauthorizedClient, message))
}

/// A parameter that is not there.
pub(super) fn missing(parameter: &str) -> Problem {
    let message = format!("the parameter {parameter} is missing");
    Problem::new(ProblemCode::InvalidRequest, message)
}

/// A code or token that is good for nothing.
pub(super) fn invalid_grant(message: &str) -> Problem {
    Problem::new(ProblemCode::InvalidGrant, message)
}

/// The resources asked for (RFC 8707, 2), all of which lie on this node.
///
/// # Errors
/// `invalid_target`.
pub(super) fn resources(issuer: &str, asked: &[String]) -> Result<Vec<String>, Problem> {
    let is_fit = |resource: &String| {
        resource.len() <= RESOURCE_CHARACTERS_MAX
            && !resource.contains('#')
            && jwt::is_of_node(resource, issuer)
    };
    if asked.len() > RESOURCES_MAX || !asked.iter().all(is_fit) {
        let message = format!("tokens are for {issuer} and what lies below it only");
        return Err(Problem::new(ProblemCode::InvalidTarget, message));
    }
    Ok(asked.to_vec())
}

/// Those of the resources granted that are asked for now; all of them when none is.
///
/// # Errors
/// `invalid_target`.
pub(super) fn narrowed(granted: &[String], asked: Vec<String>) -> Result<Vec<String>, Problem> {
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    // Nothing named means the whole node.
    if granted.is_empty() || asked.iter().all(|resource| granted.contains(resource)) {
        return Ok(asked);
    }
    let message = "this resource was not agreed to";
    Err(Problem::new(ProblemCode::InvalidTarget, message))
}

/// Gives tokens for a code. A code that comes twice was stolen from one of the two, so what it gave ends.
fn redeem(
    tx: &Tx<'_>,
    turn: &Turn,
    form: &OauthTokenForm,
    resources: Vec<String>,
) -> KernelResult<Result<Issued, Problem>> {
    let Some(code) = form.code.as_deref() else {
        return Ok(Err(missing("code")));
    };
    let hash = token_hash(code);
    let found = code_store::find_code(tx, &hash)?;
    let Some(row) = found.filter(|row| row.client == turn.client.client.id) else {
        return Ok(Err(invalid_grant(
            "the code is not one that this application got",
        )));
    };
    if let Some(grant) = row.grant {
        turn.end_grant(tx, (grant, row.person), "oauth.code_replayed")?;
        return Ok(Err(invalid_grant("the code was used before")));
    }
    let resources =
        match check_code(turn, form, &row).and_then(|()| narrowed(&row.resources, resources)) {
            Ok(resources) => resources,
            Err(problem) => return Ok(Err(problem)),
        };
    if !identity::is_member(tx, row.organisation, row.person)? {
        return Ok(Err(invalid_grant(
            "the person is no longer in the organisation",
        )));
    }
    let new = NewGrant {
        person: row.person,
        grant_type: OauthGrantType::AuthorizationCode,
        scopes: row.scopes,
        resources: row.resources,
    };
    let mut issued = begin(tx, turn, new)?;
    issued.resources = resources;
    code_store::use_code(tx, &hash, issued.grant.id)?;
    Ok(Ok(issued))
}

fn check_code(turn: &Turn, form: &OauthTokenForm, row: &CodeRow) -> Result<(), Problem> {
    if row.expires_at <= turn.now() {
        return Err(invalid_grant("the code has ended; ask again"));
    }
    if form
        .redirect_uri
        .as_ref()
        .is_some_and(|uri| *uri != row.redirect_uri)
    {
        return Err(invalid_grant(
            "redirect_uri is another one than the code was asked for with",
        ));
    }
    let Some(verifier) = form.code_verifier.as_deref() else {
        return Err(missing("code_verifier"));
    };
    let digest = Sha256::digest(verifier.as_bytes());
    if BASE64URL_NOPAD.encode(&digest) != row.code_challenge {
        return Err(invalid_grant("code_verifier does not fit the challenge"));
    }
    Ok(())
}

/// Writes a grant down and makes its first refresh token.
///
/// # Errors
/// Those of the database.
pub(super) fn begin(tx: &Tx<'_>, turn: &Turn, new: NewGrant) -> KernelResult<Issued> {
    let now = turn.now();
    let grant = GrantRow {
        id: OauthGrantId::new(turn.clock.as_ref()),
        client: turn.client.client.id,
        organisation: turn.client.organisation,
        person: new.person,
        grant_type: new.grant_type,
        scopes: new.scopes,
        resources: new.resources,
        created_at: now,
        last_used_at: Some(now),
        expires_at: now.plus_seconds(REFRESH_SECONDS),
    };
    store::insert_grant(tx, &grant)?;
    store::touch_client(tx, grant.client, now)?;
    let refresh_token = refresh::issue(tx, grant.id, now)?;
    let details = json!({ "grant_type": grant.grant_type.as_str(), "scopes": grant.scopes });
    let what = ("oauth.granted", grant.id.to_string());
    turn.note(tx, Some(grant.person), (what.0, &what.1), details)?;
    Ok(Issued {
        scopes: grant.scopes.clone(),
        resources: grant.resources.clone(),
        grant,
        refresh_token: Some(refresh_token),
    })
}

/// A new secret and the hash that is stored of it.
pub(super) fn secret(prefix: &str) -> (String, String) {
    let token = format!("{prefix}{}", random_token(TOKEN_BYTES));
    let hash = token_hash(&token);
    (token, hash)
}

fn answer(app: &App, turn: &Turn, issued: Issued) -> Result<OauthTokens, Problem> {
    let seconds = turn.now().as_millis().div_euclid(1000);
    // An administrator may have taken a scope from the application since.
    let allowed = &turn.client.client.scopes;
    let scopes = issued
        .scopes
        .into_iter()
        .filter(|scope| allowed.contains(scope));
    let scope = scopes.collect::<Vec<_>>().join(" ");
    let aud = if issued.resources.is_empty() {
        vec![app.origin.clone()]
    } else {
        issued.resources
    };
    let claims = jwt::Claims {
        iss: app.origin.clone(),
        sub: issued.grant.person,
        aud,
        client_id: issued.grant.client,
        scope: scope.clone(),
        iat: seconds,
        exp: seconds.saturating_add(ACCESS_SECONDS),
        jti: random_token(10),
        organisation: issued.grant.organisation,
        grant: issued.grant.id,
    };
    Ok(OauthTokens {
        access_token: jwt::write(&app.oauth.keys, &claims)?,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token: issued.refresh_token,
        scope,
    })
}

/// The scopes asked for, none of which may be more than what was granted.
///
/// # Errors
/// `invalid_scope`.
pub(super) fn asked_scopes(
    form: &OauthTokenForm,
    granted: &[String],
) -> Result<Vec<String>, Problem> {
    scope::asked(form.scope.as_deref(), granted)
}
