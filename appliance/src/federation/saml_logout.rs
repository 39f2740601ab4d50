//! Single Logout, both ways: a person logs out here and at the provider, or the provider ends what it
//! once began here.

use guildhall_kernel::{IdentityProviderId, Result, random_token};
use guildhall_saml::{
    Direction, LogoutExpectations, LogoutMessage, LogoutRequest, LogoutRequestMessage,
    LogoutResponseMessage, NameId, RedirectMessage, read_logout_post, read_logout_redirect,
    redirect_url,
};
use guildhall_web::token_hash;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    failure::refused,
    keys,
    model::ProviderRow,
    saml::take_once,
    saml_settings::SpAddresses,
    saml_store::{self, SamlSessionRow},
    store,
};
use crate::{app::App, audit, identity};

/// Where a browser without a session goes.
const SIGN_IN: &str = "/signin";
/// How long the id of a logout request is remembered: longer than one is taken for.
const REQUEST_SECONDS: i64 = 3600;
const ID_BYTES: usize = 20;

/// A name as it is kept for Single Logout.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptName {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
}

impl From<NameId> for KeptName {
    fn from(name: NameId) -> Self {
        let NameId {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
        } = name;
        Self {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
        }
    }
}

impl From<KeptName> for NameId {
    fn from(name: KeptName) -> Self {
        let KeptName {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
        } = name;
        Self {
            value,
            format,
            name_qualifier,
            sp_name_qualifier,
        }
    }
}

/// A message of the provider, as it came.
pub(super) enum Incoming {
    /// In the address.
    Redirect(RedirectMessage),
    /// In a form.
    Post {
        direction: Direction,
        encoded: String,
        relay_state: Option<String>,
    },
}

/// Logs a person out here, and gives the address that logs them out at the provider.
///
/// # Errors
/// `not_found`.
pub(super) async fn by_person(
    app: &App,
    id: IdentityProviderId,
    session_token: Option<&str>,
) -> Result<String> {
    let provider = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    let settings = provider.saml()?;
    let Some(token) = session_token else {
        return Ok(SIGN_IN.to_owned());
    };
    let hash = token_hash(token);
    let found = app.db.read(move |reader| {
        let Some(subject) = identity::external_subject(reader, &id.to_string(), &hash)? else {
            return Ok(None);
        };
        // Ours may be another session since, of another organisation; the provider's is the same.
        let session = saml_store::find_session(reader, id, (&subject, &hash))?;
        Ok(Some((subject, session)))
    });
    let Some((subject, session)) = found.await? else {
        // Whoever logs out is logged out, however they logged in.
        identity::end_session(app, token).await?;
        return Ok(SIGN_IN.to_owned());
    };
    end(app, id, vec![subject]).await?;
    match settings.slo_url.as_deref().zip(session) {
        Some((slo_url, session)) => request(app, &provider, slo_url, session).await,
        None => Ok(SIGN_IN.to_owned()),
    }
}

async fn request(
    app: &App,
    provider: &ProviderRow,
    slo_url: &str,
    session: SamlSessionRow,
) -> Result<String> {
    let keys = keys::open(app, provider.id).await?;
    let sp = SpAddresses::new(&app.origin, provider.id);
    let name_id = NameId::from(serde_json::from_str::<KeptName>(&session.name_id)?);
    let request = LogoutRequestMessage {
        id: &format!("_{}", random_token(ID_BYTES)),
        issued_at: app.clock.now(),
        destination: slo_url,
        issuer: &sp.entity_id,
        name_id: &name_id,
        session_index: session.session_index.as_deref(),
    }
    .to_xml();
    redirect_url(slo_url, (Direction::Request, &request), None, keys.first())
        .map_err(|refusal| refused(&refusal))
}

/// Ends the sessions that these people opened through the provider.
async fn end(app: &App, id: IdentityProviderId, subjects: Vec<String>) -> Result<()> {
    let (clock, request_id) = (app.clock.clone(), guildhall_web::request_id());
    let live = app.live.clone();
    let written = app.db.write(move |tx| {
        let source = id.to_string();
        let mut ended = 0;
        for subject in &subjects {
            ended += identity::end_external_sessions(tx, &live, (&source, subject))?;
            saml_store::delete_sessions_named(tx, id, subject)?;
        }
        let what = ("session.closed", source.as_str());
        let facts = json!({ "single_logout": true, "sessions": ended });
        audit::record_anonymous(tx, clock.as_ref(), &request_id, what, facts)
    });
    written.await
}

/// Takes a logout message of the provider, and gives the address that the browser goes to.
///
/// # Errors
/// Why the message was refused, for the administrator.
pub(super) async fn by_provider(
    app: &App,
    id: IdentityProviderId,
    incoming: Incoming,
) -> Result<String> {
    let provider = app
        .db
        .read(move |reader| store::read_provider(reader, id))
        .await?;
    let settings = provider.saml()?;
    let (certificates, now) = (settings.certificates()?, app.clock.now());
    let sp = SpAddresses::new(&app.origin, id);
    let expected = LogoutExpectations {
        idp_entity_id: &settings.idp_entity_id,
        certificates: &certificates,
        slo_url: &sp.slo_url,
    };
    let (message, relay_state) = match incoming {
        Incoming::Redirect(message) => {
            let read = read_logout_redirect(&message, &expected, now);
            (read, message.relay_state)
        }
        Incoming::Post {
            direction,
            encoded,
            relay_state,
        } => {
            let read = read_logout_post(direction, &encoded, &expected, now);
            (read, relay_state)
        }
    };
    match message.map_err(|refusal| refused(&refusal))? {
        LogoutMessage::Request(request) => obey(app, &provider, (request, relay_state), &sp).await,
        LogoutMessage::Response { failure, .. } => {
            if let Some(failure) = failure {
                tracing::info!(provider.id = %id, code = failure.code(), "the provider did not log out everywhere");
            }
            Ok(SIGN_IN.to_owned())
        }
    }
}

/// Ends the sessions that a request names, and answers it.
async fn obey(
    app: &App,
    provider: &ProviderRow,
    (request, relay_state): (LogoutRequest, Option<String>),
    sp: &SpAddresses,
) -> Result<String> {
    let (id, now) = (provider.id, app.clock.now());
    take_once(
        app,
        id,
        (request.id.clone(), now.plus_seconds(REQUEST_SECONDS)),
    )
    .await?;
    let (name, indexes) = (request.name_id.value, request.session_indexes);
    let subjects = app
        .db
        .read(move |reader| saml_store::subjects_named(reader, id, &name, &indexes))
        .await?;
    end(app, id, subjects).await?;
    let Some(slo_url) = provider.saml()?.slo_url.clone() else {
        return Ok(SIGN_IN.to_owned());
    };
    let keys = keys::open(app, id).await?;
    let answer = LogoutResponseMessage {
        id: &format!("_{}", random_token(ID_BYTES)),
        issued_at: now,
        destination: &slo_url,
        issuer: &sp.entity_id,
        in_response_to: &request.id,
    }
    .to_xml();
    redirect_url(
        &slo_url,
        (Direction::Response, &answer),
        relay_state.as_deref(),
        keys.first(),
    )
    .map_err(|refusal| refused(&refusal))
}
