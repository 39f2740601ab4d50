//! Forms as OAuth clients send them, and how a client proves who it is.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use data_encoding::BASE64;
use guildhall_kernel::{OauthClientId, Result as KernelResult};
use guildhall_web::limits;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    model::{ClientRow, OauthClientKind},
    problem::{Problem, ProblemCode},
    store, token_hash,
};
use crate::{app::App, audit};

const BODY_PAIRS_MAX: usize = 100;

/// The parameters of a form, as sent.
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The parameter of this name; one without a value counts as left out (RFC 6749, 3.2).
    ///
    /// # Errors
    /// `invalid_request` when it is there twice.
    fn one(&self, name: &str) -> Result<Option<String>, Problem> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let first = found.next();
        if found.next().is_some() {
            let message = format!("the parameter {name} is there twice");
            return Err(Problem::new(ProblemCode::InvalidRequest, message));
        }
        Ok(first
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty()))
    }

    fn all(&self, name: &str) -> Vec<String> {
        let found = self.0.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).collect()
    }
}

/// A form of known parameters; others are ignored, as OAuth wants it.
pub(super) struct Form<T>(pub(super) T);

/// What reads itself from a form.
pub(super) trait FromPairs: Sized {
    /// # Errors
    /// `invalid_request` for a parameter that is there twice.
    fn from_pairs(pairs: &Pairs) -> Result<Self, Problem>;
}

impl<T: FromPairs, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let message = "send the parameters as application/x-www-form-urlencoded";
            return Err(Problem::new(ProblemCode::InvalidRequest, message));
        }
        let body = limits::read_body(request).await?;
        let pairs: Vec<_> = form_urlencoded::parse(&body)
            .take(BODY_PAIRS_MAX + 1)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if pairs.len() > BODY_PAIRS_MAX {
            return Err(Problem::new(
                ProblemCode::InvalidRequest,
                "too many parameters",
            ));
        }
        T::from_pairs(&Pairs(pairs)).map(Self)
    }
}

/// A request for tokens.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OauthTokenForm {
    /// `authorization_code`, `refresh_token`, `client_credentials` or
    /// `urn:ietf:params:oauth:grant-type:device_code`.
    #[schema(nullable = false)]
    pub(super) grant_type: Option<String>,
    #[schema(nullable = false)]
    pub(super) code: Option<String>,
    #[schema(nullable = false)]
    pub(super) redirect_uri: Option<String>,
    #[schema(nullable = false)]
    pub(super) code_verifier: Option<String>,
    #[schema(nullable = false)]
    pub(super) refresh_token: Option<String>,
    #[schema(nullable = false)]
    pub(super) device_code: Option<String>,
    #[schema(nullable = false)]
    pub(super) scope: Option<String>,
    /// May be there more than once.
    #[schema(required = false)]
    pub(super) resource: Vec<String>,
    #[schema(nullable = false)]
    pub(super) client_id: Option<String>,
    #[schema(nullable = false)]
    pub(super) client_secret: Option<String>,
}

impl FromPairs for OauthTokenForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, Problem> {
        Ok(Self {
            grant_type: pairs.one("grant_type")?,
            code: pairs.one("code")?,
            redirect_uri: pairs.one("redirect_uri")?,
            code_verifier: pairs.one("code_verifier")?,
            refresh_token: pairs.one("refresh_token")?,
            device_code: pairs.one("device_code")?,
            scope: pairs.one("scope")?,
            resource: pairs.all("resource"),
            client_id: pairs.one("client_id")?,
            client_secret: pairs.one("client_secret")?,
        })
    }
}

/// A device's request for codes.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OauthDeviceForm {
    #[schema(nullable = false)]
    pub(super) scope: Option<String>,
    /// May be there more than once.
    #[schema(required = false)]
    pub(super) resource: Vec<String>,
    #[schema(nullable = false)]
    pub(super) client_id: Option<String>,
    #[schema(nullable = false)]
    pub(super) client_secret: Option<String>,
}

impl FromPairs for OauthDeviceForm {
    fn from_pairs(pairs: &Pairs) -> Result<Self, Problem> {
        Ok(Self {
            scope: pairs.one("scope")?,
            resource: pairs.all("resource"),
            client_id: pairs.one("client_id")?,
            client_secret: pairs.one("client_secret")?,
        })
    }
}

/// A token to end or to look at.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct OauthTokenQuery {
    #[schema(nullable = false)]
    pub(super) token: Option<String>,
    #[schema(nullable = false)]
    pub(super) client_id: Option<String>,
    #[schema(nullable = false)]
    pub(super) client_secret: Option<String>,
}

impl FromPairs for OauthTokenQuery {
    fn from_pairs(pairs: &Pairs) -> Result<Self, Problem> {
        Ok(Self {
            token: pairs.one("token")?,
            client_id: pairs.one("client_id")?,
            client_secret: pairs.one("client_secret")?,
        })
    }
}

/// Name and secret from `Authorization: Basic …` (RFC 6749, 2.3.1).
#[derive(Default)]
pub(super) struct BasicCredentials(Option<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for BasicCredentials {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        basic(&parts.headers).map(Self)
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let read = || {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let bytes = BASE64.decode(text.trim().as_bytes()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((decoded(id), decoded(secret)))
    };
    read().map(Some).ok_or_else(|| {
        let message = "the header Authorization holds no name and secret of an application";
        Problem::new(ProblemCode::InvalidClient, message)
    })
}

/// Both halves are form-encoded before they are joined.
fn decoded(text: &str) -> String {
    let pair = form_urlencoded::parse(text.as_bytes()).next();
    pair.map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// The application that sends a request, once it proved who it is.
///
/// # Errors
/// `invalid_client`, the same for one that is not known and for a wrong secret.
pub(super) async fn client(
    app: &App,
    basic: BasicCredentials,
    (id, secret): (Option<&str>, Option<&str>),
) -> Result<ClientRow, Problem> {
    let refused = |message: &str| Problem::new(ProblemCode::InvalidClient, message);
    let (id, secret) = match (basic.0, id, secret) {
        (Some(_), _, Some(_)) => {
            let message = "the application proves itself in two ways at once";
            return Err(Problem::new(ProblemCode::InvalidRequest, message));
        }
        (Some((name, _)), Some(id), None) if name != id => {
            return Err(refused(
                "the header and the form name different applications",
            ));
        }
        (Some((name, secret)), _, None) => (name, Some(secret)),
        (None, Some(id), secret) => (id.to_owned(), secret.map(str::to_owned)),
        (None, None, _) => return Err(refused("no application is named; send client_id")),
    };
    let unknown = "the application is not known here, or its secret is wrong";
    let Ok(id) = id.parse::<OauthClientId>() else {
        return Err(refused(unknown));
    };
    let row = app
        .db
        .read(move |reader| store::find_client(reader, id))
        .await?;
    let row = row.ok_or_else(|| refused(unknown))?;
    let proven = match (row.client.kind, &row.secret_hash, secret) {
        // A secret that a public client sends says nothing.
        (OauthClientKind::Public, ..) => true,
        (OauthClientKind::Confidential, Some(hash), Some(secret)) => *hash == token_hash(&secret),
        _ => false,
    };
    if proven {
        return Ok(row);
    }
    note_refusal(app, &row).await?;
    Err(refused(unknown))
}

async fn note_refusal(app: &App, row: &ClientRow) -> KernelResult<()> {
    let (clock, request_id) = (app.clock.clone(), guildhall_web::request_id());
    let (id, organisation) = (row.client.id.to_string(), row.organisation);
    let written = app.db.write(move |tx| {
        let application = audit::Application {
            id: &id,
            organisation,
            person: None,
        };
        let what = ("oauth.client_refused", id.as_str());
        let who = (application, &request_id);
        audit::record_application(tx, clock.as_ref(), who, what, serde_json::Value::Null)
    });
    written.await
}
