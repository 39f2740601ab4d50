//! One login: to the provider and back. What binds the answer to the browser that began (state, nonce, verifier of
//! the challenge) is derived from a secret that only a cookie of that browser holds.

use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64URL_NOPAD;
use guildhall_kernel::{Error, IdentityProviderId, Result, random_token};
use guildhall_web::token_hash;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::{
    browser::{FLOW_SECONDS, SECRET_BYTES, browser_hash, cookie, derived, secret_in},
    claims,
    client::{Client, Description, Tokens},
    token::{self, Expected},
};
use crate::{
    app::App,
    federation::{
        address::safe_next,
        flow_store::{self, FlowRow},
        mapping,
        model::ProviderRow,
        store,
        trial::{self, Trial},
    },
    identity::ExternalIdentity,
};

const TEXT_BYTES_MAX: usize = 4096;

/// Where a login begins.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OidcLoginQuery {
    /// The page of this node to go on to.
    pub(super) next: Option<String>,
    /// An administrator's test.
    pub(super) test: Option<String>,
}

/// What the provider sends the browser back with. It may send more.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OidcCallbackQuery {
    pub(super) state: Option<String>,
    pub(super) code: Option<String>,
    pub(super) error: Option<String>,
    pub(super) error_description: Option<String>,
    /// RFC 9207.
    pub(super) iss: Option<String>,
}

/// Where the browser goes, and what it keeps meanwhile.
pub(super) struct Begun {
    pub(super) address: String,
    pub(super) cookie: HeaderValue,
}

/// The provider, if people may log in with it or a test of it waits.
///
/// # Errors
/// `not_found`.
async fn provider(app: &App, id: IdentityProviderId, test: Option<&str>) -> Result<ProviderRow> {
    let row = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    row.oidc()?;
    let is_tested = match test {
        Some(test) => trial::is_waiting(app, id, test.to_owned()).await?,
        None => false,
    };
    if is_tested || (row.enabled && test.is_none()) {
        return Ok(row);
    }
    Err(Error::not_found("identity provider"))
}

/// Begins a login.
///
/// # Errors
/// `not_found`; what the provider cannot be reached for.
pub(super) async fn begin(
    app: &App,
    id: IdentityProviderId,
    query: OidcLoginQuery,
    headers: &HeaderMap,
) -> Result<Begun> {
    let row = provider(app, id, query.test.as_deref()).await?;
    let client = Client {
        app,
        provider: &row,
    };
    let description = client.discover().await?;
    // Several logins of one browser at a time share its secret, but nothing that is made of it.
    let secret = secret_in(app, headers).unwrap_or_else(|| random_token(SECRET_BYTES));
    let state = random_token(SECRET_BYTES);
    let address = address(app, &row, &description, (&secret, &state))?;
    let now = app.clock.now();
    let flow = FlowRow {
        browser_hash: browser_hash(&secret, &state),
        provider: id,
        asked: serde_json::to_string(&description)?,
        next: safe_next(query.next.as_deref()).to_owned(),
        test: query.test,
        expires_at: now.plus_seconds(FLOW_SECONDS),
    };
    let state_hash = token_hash(&state);
    app.db
        .write(move |tx| flow_store::insert_flow(tx, &state_hash, &flow, now))
        .await?;
    Ok(Begun {
        address,
        cookie: cookie(app, &secret)?,
    })
}

/// Ends a test whose login could not even begin; `false` when there is no such test.
///
/// # Errors
/// Those of the database.
pub(super) async fn end_test(
    app: &App,
    id: IdentityProviderId,
    (test, error): (Option<&str>, &Error),
) -> Result<bool> {
    let Some(test) = test else { return Ok(false) };
    if !trial::is_waiting(app, id, test.to_owned()).await? {
        return Ok(false);
    }
    let row = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    let mut trial = Trial::begin();
    trial.failed("discovery", error);
    trial.finish(app, &row, test).await?;
    Ok(true)
}

/// The request to the provider (OpenID Connect Core 1.0, 3.1.2.1).
fn address(
    app: &App,
    row: &ProviderRow,
    description: &Description,
    (secret, state): (&str, &str),
) -> Result<String> {
    let settings = row.oidc()?;
    let challenge = Sha256::digest(derived(secret, state, "verifier")?.as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", &redirect_uri(app, row.id))
        .append_pair("scope", &settings.scopes.join(" "))
        .append_pair("state", state)
        .append_pair("nonce", &derived(secret, state, "nonce")?)
        .append_pair("code_challenge", &BASE64URL_NOPAD.encode(&challenge))
        .append_pair("code_challenge_method", "S256");
    let endpoint = &description.authorization_endpoint;
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    Ok(format!("{endpoint}{separator}{}", query.finish()))
}

/// Where the provider sends people back to.
fn redirect_uri(app: &App, id: IdentityProviderId) -> String {
    format!("{}/oidc/{id}/callback", app.origin)
}

/// A login that came back: whose it is, and where the person wanted to go.
pub(super) struct Answered {
    pub(super) provider: ProviderRow,
    pub(super) next: String,
    pub(super) test: Option<String>,
    query: OidcCallbackQuery,
    description: Description,
    secret: String,
    state: String,
}

/// Takes the login that an answer belongs to. It cannot be answered again.
///
/// # Errors
/// `login_expired` for an answer to nothing that this browser began.
pub(super) async fn take(
    app: &App,
    id: IdentityProviderId,
    query: OidcCallbackQuery,
    headers: &HeaderMap,
) -> Result<Answered> {
    let unknown = || {
        let message = "this browser began no such login, or more than ten minutes ago; begin again";
        Error::forbidden("login_expired", message)
    };
    let secret = secret_in(app, headers).ok_or_else(unknown)?;
    let state = query.state.clone().filter(|state| state.len() <= 200);
    let state = state.ok_or_else(unknown)?;
    let hashes = (token_hash(&state), browser_hash(&secret, &state));
    let now = app.clock.now();
    let taken = app.db.write(move |tx| {
        let flow = flow_store::take_flow(tx, (&hashes.0, &hashes.1), id, now)?;
        let Some(flow) = flow else { return Ok(None) };
        Ok(store::find_provider(tx, id)?.map(|row| (flow, row)))
    });
    let (flow, provider) = taken.await?.ok_or_else(unknown)?;
    Ok(Answered {
        provider,
        next: flow.next,
        test: flow.test,
        query,
        description: serde_json::from_str(&flow.asked)?,
        secret,
        state,
    })
}

impl Answered {
    /// Who logged in, found step by step.
    ///
    /// # Errors
    /// What was wrong, in words for an administrator.
    pub(super) async fn identity(&self, app: &App, trial: &mut Trial) -> Result<ExternalIdentity> {
        if !self.provider.enabled && self.test.is_none() {
            return Err(Error::not_found("identity provider"));
        }
        let code = self
            .code()
            .inspect_err(|error| trial.failed("answer", error))?;
        trial.passed("answer", "the provider sent the browser back with a code");
        let client = Client {
            app,
            provider: &self.provider,
        };
        let redeemed = self.redeem(app, &client, code).await;
        let tokens = redeemed.inspect_err(|error| trial.failed("code", error))?;
        trial.passed("code", "the provider gave tokens for the code");
        let read = self.read_token(app, &client, &tokens).await;
        let said = read.inspect_err(|error| trial.failed("token", error))?;
        trial.passed(
            "token",
            "the ID token is signed by the provider and meant for this login",
        );
        let subject = said
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let said = self
            .complete(&client, (&tokens, &subject), said, trial)
            .await?;
        let known = claims::flatten(&said);
        trial.said(known.clone());
        let identity = check_email(&said)
            .and_then(|()| mapping::identity_of(&self.provider, (&subject, None), &known))
            .inspect_err(|error| trial.failed("claims", error))?;
        trial.passed(
            "claims",
            format!("the provider says that it is {}", identity.email),
        );
        Ok(identity)
    }

    fn code(&self) -> Result<&str> {
        if let Some(error) = &self.query.error {
            let words = [
                Some(error.as_str()),
                self.query.error_description.as_deref(),
            ];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            let shown: String = words
                .join(": ")
                .chars()
                .filter(|letter| !letter.is_control())
                .take(300)
                .collect();
            return Err(Error::forbidden(
                "provider_refused",
                format!("the provider refused: {shown}"),
            ));
        }
        let issuer = &self.description.issuer;
        let is_issuer = match &self.query.iss {
            Some(iss) => iss == issuer,
            None => {
                !self
                    .description
                    .authorization_response_iss_parameter_supported
            }
        };
        if !is_issuer {
            let message = "the answer does not say that it is of this provider";
            return Err(Error::forbidden("issuer_wrong", message));
        }
        let code = self
            .query
            .code
            .as_deref()
            .filter(|code| (1..=TEXT_BYTES_MAX).contains(&code.len()));
        code.ok_or_else(|| Error::forbidden("provider_refused", "the provider sent no code"))
    }

    async fn redeem(&self, app: &App, client: &Client<'_>, code: &str) -> Result<Tokens> {
        let verifier = derived(&self.secret, &self.state, "verifier")?;
        let back = redirect_uri(app, self.provider.id);
        client
            .redeem(&self.description, (code, &back, &verifier))
            .await
    }

    async fn read_token(
        &self,
        app: &App,
        client: &Client<'_>,
        tokens: &Tokens,
    ) -> Result<Map<String, Value>> {
        let missing = || Error::forbidden("token_unreadable", "the provider gave no ID token");
        let id_token = tokens.id_token.as_deref().ok_or_else(missing)?;
        let keys = client.keys(&self.description).await?;
        let nonce = derived(&self.secret, &self.state, "nonce")?;
        let expected = Expected {
            issuer: &self.description.issuer,
            client_id: &self.provider.oidc()?.client_id,
            nonce: &nonce,
            now: app.clock.now(),
        };
        token::read(&keys, id_token, &expected)
    }

    /// Asks for what the token does not say, where something needed is missing. The token's own word goes first.
    async fn complete(
        &self,
        client: &Client<'_>,
        (tokens, subject): (&Tokens, &str),
        said: Map<String, Value>,
        trial: &mut Trial,
    ) -> Result<Map<String, Value>> {
        if !claims::is_more_needed(&self.provider, &said) {
            return Ok(said);
        }
        let more = client.more(&self.description, tokens, subject).await;
        let mut all = more.inspect_err(|error| trial.failed("userinfo", error))?;
        if !all.is_empty() {
            trial.passed("userinfo", "the provider said more about the person");
        }
        all.extend(said);
        Ok(all)
    }
}

/// An address that the provider itself does not vouch for would let anybody take an account over.
fn check_email(said: &Map<String, Value>) -> Result<()> {
    let is_unverified = match said.get("email_verified") {
        Some(Value::Bool(verified)) => !verified,
        Some(Value::String(text)) => text == "false",
        _ => false,
    };
    if is_unverified {
        let message = "the provider says that the person's e-mail address is not verified";
        return Err(Error::forbidden("email_unverified", message));
    }
    Ok(())
}

/// Where the browser goes to log out at the provider, too; nothing where the provider knows no such thing (OpenID
/// Connect RP-Initiated Logout 1.0, 2).
///
/// # Errors
/// `not_found`; what the provider cannot be reached for.
pub(super) async fn logout_address(app: &App, id: IdentityProviderId) -> Result<Option<String>> {
    let row = provider(app, id, None).await?;
    let client = Client {
        app,
        provider: &row,
    };
    let description = client.discover().await?;
    let client_id = &row.oidc()?.client_id;
    Ok(description.end_session_endpoint.map(|endpoint| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", client_id).append_pair(
            "post_logout_redirect_uri",
            &format!("{}/signin", app.origin),
        );
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{separator}{}", query.finish())
    }))
}
