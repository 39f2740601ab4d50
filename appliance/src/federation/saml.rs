//! Logging in through a SAML provider: away with a request, back with a response.
//!
//! Invariants: a response is taken once, in answer to a request of this very browser (unless the
//! administrator allowed logins that begin at the provider); a login under way ends with its first
//! answer, whatever that says; what the provider says is read only from what it signed.

use guildhall_kernel::{Error, IdentityProviderId, Result, Timestamp, random_token};
use guildhall_saml::{
    Assertion, AuthnRequest, Direction, Expectations, redirect_url, validate_response,
};
use guildhall_web::token_hash;

use super::{
    address::safe_next,
    failure::refused,
    flow_store::{self, FlowRow},
    keys,
    mapping::{self, Claims},
    model::ProviderRow,
    saml_logout::KeptName,
    saml_settings::SpAddresses,
    saml_store::{self, SamlSessionRow},
    store,
    trial::{self, Trial},
};
use crate::{
    app::App,
    identity::{self, ExternalIdentity, OpenedSession, Origin},
};

/// How long a login may take at the provider.
const FLOW_SECONDS: i64 = 600;
/// Longer than any session lives.
const SESSION_SECONDS_MAX: i64 = 400 * 86_400;
const TOKEN_BYTES: usize = 20;
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// Where the browser goes, and what ties the answer to it.
pub(super) struct Departure {
    pub(super) location: String,
    /// The value of the flow's cookie.
    pub(super) browser: String,
}

/// What a login asks for.
pub(super) struct Wish {
    pub(super) next: Option<String>,
    pub(super) test: Option<String>,
    /// The flow's cookie, when the browser has one.
    pub(super) browser: Option<String>,
}

/// The fields of a response's form.
#[derive(Default)]
pub(super) struct ResponseForm {
    pub(super) response: String,
    pub(super) relay_state: Option<String>,
    pub(super) browser: Option<String>,
}

/// What a response led to.
pub(super) enum Arrival {
    LoggedIn {
        opened: Box<OpenedSession>,
        next: String,
    },
    Tested,
}

/// Begins a login and gives the address of the provider.
///
/// # Errors
/// `not_found`; `provider_disabled`.
pub(super) async fn begin(app: &App, id: IdentityProviderId, wish: Wish) -> Result<Departure> {
    let provider = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    provider.saml()?;
    let is_test = match &wish.test {
        Some(test) => trial::is_waiting(app, id, test.clone()).await?,
        None => false,
    };
    if !provider.enabled && !is_test {
        return Err(disabled());
    }
    let is_token = |token: &String| {
        (20..=100).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let browser = wish
        .browser
        .filter(is_token)
        .unwrap_or_else(|| random_token(TOKEN_BYTES));
    let (state, request_id) = (
        random_token(TOKEN_BYTES),
        format!("_{}", random_token(TOKEN_BYTES)),
    );
    let now = app.clock.now();
    let flow = FlowRow {
        browser_hash: token_hash(&browser),
        provider: id,
        asked: request_id.clone(),
        next: safe_next(wish.next.as_deref()).to_owned(),
        test: wish.test.filter(|_| is_test),
        expires_at: now.plus_seconds(FLOW_SECONDS),
    };
    let state_hash = token_hash(&state);
    app.db
        .write(move |tx| flow_store::insert_flow(tx, &state_hash, &flow, now))
        .await?;
    let location = request_url(app, &provider, (&request_id, &state)).await?;
    Ok(Departure { location, browser })
}

/// The provider's address with a login request in it.
async fn request_url(
    app: &App,
    provider: &ProviderRow,
    (request_id, state): (&str, &str),
) -> Result<String> {
    let settings = provider.saml()?;
    let keys = keys::open(app, provider.id).await?;
    let sp = SpAddresses::new(&app.origin, provider.id);
    let request = AuthnRequest {
        id: request_id,
        issued_at: app.clock.now(),
        destination: &settings.sso_url,
        issuer: &sp.entity_id,
        acs_url: &sp.acs_url,
        name_id_format: settings.name_id_format.as_deref(),
    };
    let key = keys.first().filter(|_| settings.sign_requests);
    let message = (Direction::Request, &*request.to_xml());
    redirect_url(&settings.sso_url, message, Some(state), key).map_err(|refusal| refused(&refusal))
}

/// Takes a response: logs the person in, or ends a test.
///
/// # Errors
/// Why the response was refused, for the administrator; `no_grant` and the like from identity.
pub(super) async fn arrive(
    app: &App,
    id: IdentityProviderId,
    form: ResponseForm,
    origin: Origin,
) -> Result<Arrival> {
    let provider = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    provider.saml()?;
    let flow = take_flow(app, id, &form).await?;
    if let Some(test) = flow.as_ref().and_then(|flow| flow.test.clone()) {
        try_out(app, &provider, flow.as_ref(), (form, &test)).await?;
        return Ok(Arrival::Tested);
    }
    if !provider.enabled {
        return Err(disabled());
    }
    let assertion = believe(app, &provider, flow.as_ref(), form.response).await?;
    let identity = identity_from(&provider, &assertion)?;
    let subject = identity.subject.clone();
    let opened = identity::log_in_external(app, identity, origin).await?;
    note_session(app, id, (&opened, subject), &assertion).await?;
    let next = flow.map_or_else(|| "/".to_owned(), |flow| flow.next);
    Ok(Arrival::LoggedIn {
        opened: Box::new(opened),
        next,
    })
}

/// The login that the response may answer: known by the state that went along and by the browser.
async fn take_flow(
    app: &App,
    id: IdentityProviderId,
    form: &ResponseForm,
) -> Result<Option<FlowRow>> {
    let (Some(state), Some(browser)) = (&form.relay_state, &form.browser) else {
        return Ok(None);
    };
    let (state, browser, now) = (token_hash(state), token_hash(browser), app.clock.now());
    app.db
        .write(move |tx| flow_store::take_flow(tx, (&state, &browser), id, now))
        .await
}

/// Decides on the response, and notes that it was taken.
async fn believe(
    app: &App,
    provider: &ProviderRow,
    flow: Option<&FlowRow>,
    response: String,
) -> Result<Assertion> {
    let settings = provider.saml()?.clone();
    let request_id = flow.map(|flow| flow.asked.clone());
    if request_id.is_none() && !settings.allow_idp_initiated {
        return Err(Error::forbidden(
            "saml_unsolicited",
            "the response answers no login that this browser began here in the last ten minutes; begin again at this node, \
             or allow logins that begin at the provider",
        ));
    }
    let (certificates, keys) = (
        settings.certificates()?,
        keys::open(app, provider.id).await?,
    );
    let (sp, now) = (SpAddresses::new(&app.origin, provider.id), app.clock.now());
    // Opening an encrypted assertion takes milliseconds.
    let decided = tokio::task::spawn_blocking(move || {
        let expected = Expectations {
            idp_entity_id: &settings.idp_entity_id,
            certificates: &certificates,
            sp_entity_id: &sp.entity_id,
            acs_url: &sp.acs_url,
            in_response_to: request_id.as_deref(),
            keys: &keys,
            want_encrypted: settings.want_encrypted,
        };
        validate_response(&response, &expected, now)
    });
    let decided = decided
        .await
        .map_err(|error| Error::internal("deciding on a response stopped").with_source(error))?;
    let assertion = decided.map_err(|refusal| refused(&refusal))?;
    take_once(
        app,
        provider.id,
        (assertion.id.clone(), assertion.expires_at),
    )
    .await?;
    Ok(assertion)
}

/// Refuses a message that was taken before.
///
/// # Errors
/// `saml_replayed`.
pub(super) async fn take_once(
    app: &App,
    id: IdentityProviderId,
    (message, expires_at): (String, Timestamp),
) -> Result<()> {
    let now = app.clock.now();
    let written = app
        .db
        .write(move |tx| saml_store::take_message(tx, id, (&message, expires_at), now));
    if written.await? {
        return Ok(());
    }
    Err(Error::forbidden(
        "saml_replayed",
        "this message was taken before; whoever sent it again may have stolen it",
    ))
}

/// Who the assertion is about, here.
fn identity_from(provider: &ProviderRow, assertion: &Assertion) -> Result<ExternalIdentity> {
    let name = &assertion.name_id;
    let format = name.format.as_deref().unwrap_or_default();
    // Other kinds of names may hold an `@` without being anybody's address.
    let is_unspecified = format.is_empty() || format.ends_with(":unspecified");
    let is_address =
        format.ends_with(":emailAddress") || is_unspecified && name.value.contains('@');
    let email = is_address.then_some(name.value.as_str());
    let claims = claims_of(assertion);
    let mut identity = mapping::identity_of(provider, (&name.value, email), &claims)?;
    if format == TRANSIENT {
        // Such a name is another one at each login; the address is what stays.
        identity.subject = format!("email:{}", identity.email.to_lowercase());
    }
    Ok(identity)
}

/// Attributes by name, and by friendly name where that is no other attribute's name.
fn claims_of(assertion: &Assertion) -> Claims {
    let mut claims = Claims::new();
    for attribute in &assertion.attributes {
        claims
            .entry(attribute.name.clone())
            .or_default()
            .extend(attribute.values.iter().cloned());
    }
    for attribute in &assertion.attributes {
        if let Some(friendly) = &attribute.friendly_name {
            claims
                .entry(friendly.clone())
                .or_insert_with(|| attribute.values.clone());
        }
    }
    claims
}

async fn note_session(
    app: &App,
    id: IdentityProviderId,
    (opened, subject): (&OpenedSession, String),
    assertion: &Assertion,
) -> Result<()> {
    let row = SamlSessionRow {
        provider: id,
        subject,
        name_id: serde_json::to_string(&KeptName::from(assertion.name_id.clone()))?,
        name: assertion.name_id.value.clone(),
        session_index: assertion.session_index.clone(),
    };
    let (session_hash, now) = (token_hash(&opened.token), app.clock.now());
    let times = (now, now.plus_seconds(-SESSION_SECONDS_MAX));
    app.db
        .write(move |tx| saml_store::insert_session(tx, &session_hash, &row, times))
        .await
}

/// Carries a test through: everything but the session.
async fn try_out(
    app: &App,
    provider: &ProviderRow,
    flow: Option<&FlowRow>,
    (form, test): (ResponseForm, &str),
) -> Result<()> {
    let mut trial = Trial::begin();
    trial.passed(
        "request",
        "the provider answered the login request of this node",
    );
    match believe(app, provider, flow, form.response).await {
        Err(error) => trial.failed("response", &error),
        Ok(assertion) => {
            let how = if assertion.encrypted {
                "signed and encrypted"
            } else {
                "signed"
            };
            trial.passed(
                "response",
                format!("the response is {how}, for this node and valid now"),
            );
            let mut said = claims_of(&assertion);
            said.entry("NameID".to_owned())
                .or_insert_with(|| vec![assertion.name_id.value.clone()]);
            trial.said(said);
            match identity_from(provider, &assertion) {
                Err(error) => trial.failed("attributes", &error),
                Ok(identity) => {
                    trial.passed(
                        "attributes",
                        format!("the person's address is {}", identity.email),
                    );
                    trial.preview(app, identity).await;
                }
            }
        }
    }
    trial.finish(app, provider, test).await
}

fn disabled() -> Error {
    Error::forbidden(
        "provider_disabled",
        "this identity provider is switched off; switch it on under its settings, or use its test",
    )
}
