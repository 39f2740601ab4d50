//! What is said to a provider: its description, tokens for a code, its keys, more about a person. All of it goes
//! through the egress module.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use data_encoding::BASE64;
use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::token::KeySet;
use crate::{
    app::App,
    egress::{Origin, ServiceCall},
    federation::model::ProviderRow,
};

const ANSWER_BYTES_MAX: usize = 512 * 1024;
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// What is used of a provider's description (OpenID Connect Discovery 1.0, 3). Kept with a login under way, so that
/// its answer is judged by what held when it began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// What comes for a code.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: Option<String>,
    access_token: Option<String>,
}

/// How one provider is spoken to.
pub(super) struct Client<'a> {
    pub(super) app: &'a App,
    pub(super) provider: &'a ProviderRow,
}

impl Client<'_> {
    /// Reads what the provider says about itself.
    ///
    /// # Errors
    /// Those of egress; `discovery_failed`.
    pub(super) async fn discover(&self) -> Result<Description> {
        let issuer = &self.provider.oidc()?.issuer;
        let address = format!("{issuer}{DISCOVERY}");
        let description: Description = self.get(&address, None, "discovery_failed").await?;
        // Some issuers end with a slash, which is stored without.
        if description.issuer.trim_end_matches('/') != *issuer {
            let shown: String = description.issuer.chars().take(120).collect();
            let message = format!(
                "the provider at {issuer} calls itself `{shown}`; enter that as the issuer if it is the right one"
            );
            return Err(Error::forbidden("issuer_wrong", message));
        }
        self.check_address(&description.authorization_endpoint)?;
        Ok(description)
    }

    /// The provider's keys, fetched for each login: a key that it changed a moment ago is known at once.
    ///
    /// # Errors
    /// Those of egress; `keys_failed`.
    pub(super) async fn keys(&self, description: &Description) -> Result<KeySet> {
        self.get(&description.jwks_uri, None, "keys_failed").await
    }

    /// Tokens for a code (RFC 6749, 4.1.3; RFC 7636, 4.5).
    ///
    /// # Errors
    /// Those of egress; `code_refused` with the provider's own words.
    pub(super) async fn redeem(
        &self,
        description: &Description,
        (code, redirect_uri, verifier): (&str, &str, &str),
    ) -> Result<Tokens> {
        let secret = self.secret().await?;
        let call = self.token_call(description, (code, redirect_uri, verifier), secret)?;
        self.send(call, "code_refused").await
    }

    fn token_call(
        &self,
        description: &Description,
        (code, redirect_uri, verifier): (&str, &str, &str),
        secret: Option<Zeroizing<String>>,
    ) -> Result<ServiceCall> {
        let client_id = &self.provider.oidc()?.client_id;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", verifier);
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        match &secret {
            Some(secret) if description.takes_basic() => {
                headers.insert(header::AUTHORIZATION, basic(client_id, secret)?);
            }
            Some(secret) => {
                form.append_pair("client_id", client_id)
                    .append_pair("client_secret", secret);
            }
            None => {
                form.append_pair("client_id", client_id);
            }
        }
        let body = form.finish().into_bytes();
        Ok(self.call(Method::POST, &description.token_endpoint, headers, body))
    }

    /// More about the person (OpenID Connect Core 1.0, 5.3); nothing where the provider offers none.
    ///
    /// # Errors
    /// Those of egress; `userinfo_failed`; `subject_wrong` when it is about somebody else.
    pub(super) async fn more(
        &self,
        description: &Description,
        tokens: &Tokens,
        subject: &str,
    ) -> Result<Map<String, Value>> {
        let (Some(address), Some(token)) = (&description.userinfo_endpoint, &tokens.access_token)
        else {
            return Ok(Map::new());
        };
        let claims: Map<String, Value> = self.get(address, Some(token), "userinfo_failed").await?;
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            let message = "the provider's userinfo is about somebody else than its ID token";
            return Err(Error::forbidden("subject_wrong", message));
        }
        Ok(claims)
    }

    async fn secret(&self) -> Result<Option<Zeroizing<String>>> {
        let Some(id) = self.provider.secret else {
            return Ok(None);
        };
        let owner = self.provider.id.to_string();
        let bytes = self.app.secrets.reveal(id, &owner).await?;
        let text = String::from_utf8(bytes.to_vec());
        text.map(|text| Some(Zeroizing::new(text)))
            .map_err(|_| Error::internal("a client secret that is no text"))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        address: &str,
        token: Option<&str>,
        code: &'static str,
    ) -> Result<T> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            headers.insert(
                header::AUTHORIZATION,
                sensitive(&format!("Bearer {token}"))?,
            );
        }
        self.send(self.call(Method::GET, address, headers, Vec::new()), code)
            .await
    }

    fn call(
        &self,
        method: Method,
        address: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> ServiceCall {
        ServiceCall {
            origin: Origin::default(),
            service: self.provider.id.to_string(),
            method,
            url: address.to_owned(),
            plain_loopback: self.app.config.plain_loopback_providers,
            ca_pem: self
                .provider
                .oidc()
                .ok()
                .and_then(|settings| settings.ca_pem.clone()),
            headers,
            body,
        }
    }

    async fn send<T: DeserializeOwned>(&self, call: ServiceCall, code: &'static str) -> Result<T> {
        let address = call.url.clone();
        let mut reply = self.app.egress.call_service(call).await?;
        let bytes = reply.bytes(ANSWER_BYTES_MAX).await?;
        if reply.status != 200 {
            let message = format!("{address} answered {}{}", reply.status, said(&bytes));
            return Err(Error::forbidden(code, message));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let message =
                format!("the answer of {address} is not what OpenID Connect wants: {error}");
            Error::forbidden(code, message)
        })
    }

    /// Browsers are sent over TLS only, but to this machine where the configuration says so.
    fn check_address(&self, address: &str) -> Result<()> {
        let plain = self.app.config.plain_loopback_providers && address.starts_with("http://");
        let is_plain_text = address.bytes().all(|byte| byte.is_ascii_graphic());
        if (address.starts_with("https://") || plain) && is_plain_text {
            return Ok(());
        }
        let shown: String = address.chars().take(120).collect();
        let message = format!("the provider sends people to `{shown}`, which is not encrypted");
        Err(Error::forbidden("discovery_failed", message))
    }
}

impl Description {
    /// `client_secret_basic` is what a provider takes that says nothing (OpenID Connect Discovery 1.0, 3).
    fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

/// RFC 6749, 2.3.1: both halves are form-encoded first.
fn basic(id: &str, secret: &str) -> Result<HeaderValue> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    sensitive(&format!("Basic {}", BASE64.encode(pair.as_bytes())))
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|error| Error::internal("building a header").with_source(error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The provider's own words in a refusal (RFC 6749, 5.2).
fn said(bytes: &[u8]) -> String {
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let words: Vec<String> = [text("error"), text("error_description")]
        .into_iter()
        .flatten()
        .collect();
    let plain: String = words
        .join(", ")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(300)
        .collect();
    if plain.is_empty() {
        plain
    } else {
        format!(": {plain}")
    }
}
