//! Somebody else who has a say: a service of the organisation's own that is asked whether an action may go
//! ahead.
//!
//! Invariants: it is asked only after the node's own rules have allowed the action, so it can refuse and
//! never permit; no answer is a refusal unless its administrator chose otherwise; calls go through egress. It
//! is asked about every change, every question to an employee and every use of a model; not about reading,
//! not about one's own account (who may log in may log out), and not about itself, so that a broken one can be
//! switched off. An answer counts for a few seconds for the same person, action and resource.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use guildhall_db::{Db, Tx};
use guildhall_kernel::{Ctx, Error, OrgId, PersonId, Principal, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::policy_store;
use crate::{
    app::App,
    egress::{Origin, ServiceCall},
};

/// For how long an answer counts.
const REMEMBERED_SECONDS: i64 = 5;
/// Answers remembered at most; beyond it all are forgotten and asked for anew.
const REMEMBERED_MAX: usize = 10_000;
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARACTERS_MAX: usize = 200;
/// Where it is set up; it is not asked about that.
const OWN_PATH: &str = "/api/admin/authoriser";

/// What happens when it does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The action is refused.
    #[default]
    Deny,
    /// The action goes ahead: the node's own rules allow it.
    Allow,
}

impl OnFailure {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }

    /// What is not understood refuses.
    pub(super) fn from_stored(text: &str) -> Self {
        if text == "allow" {
            Self::Allow
        } else {
            Self::Deny
        }
    }
}

/// Whom to ask, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Authoriser)]
pub struct AuthoriserSettings {
    /// Where questions are posted: `https`, or `http` on this machine's own loopback address.
    #[schema(max_length = 500, pattern = "^https?://")]
    pub url: String,
    /// How long to wait for an answer, 50 to 10,000 milliseconds.
    #[schema(minimum = 50, maximum = 10000)]
    pub timeout_ms: u32,
    /// What no answer means.
    #[serde(default)]
    pub on_failure: OnFailure,
    pub enabled: bool,
}

/// How a question that nobody wanted an answer to was answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuthoriserTest {
    /// Whether an answer came that could be read.
    pub ok: bool,
    /// What it said.
    #[schema(required)]
    pub allow: Option<bool>,
    #[schema(required)]
    pub reason: Option<String>,
    pub milliseconds: u64,
    /// Why no answer could be read.
    #[schema(required)]
    pub error: Option<String>,
}

/// An answer, as the authoriser gives it. What else it says is not read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Verdict {
    pub(super) allow: bool,
    pub(super) reason: Option<String>,
}

/// The authorisers of every organisation and what they said last. A cheap clone.
#[derive(Clone, Default)]
pub struct Authorisers(Arc<RwLock<State>>);

#[derive(Default)]
struct State {
    settings: HashMap<OrgId, Arc<AuthoriserSettings>>,
    remembered: HashMap<Question, (Verdict, Timestamp)>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Question {
    organisation: OrgId,
    person: PersonId,
    /// A key may be refused where its person is not.
    principal: String,
    action: String,
    resource: String,
}

impl Authorisers {
    /// Reads all of them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open(db: &Db) -> Result<Self> {
        let stored = db.read(policy_store::list_authorisers).await?;
        let settings = stored.into_iter();
        let state = State {
            settings: settings
                .map(|(organisation, settings)| (organisation, Arc::new(settings)))
                .collect(),
            remembered: HashMap::new(),
        };
        Ok(Self(Arc::new(RwLock::new(state))))
    }

    pub(super) fn of(&self, organisation: OrgId) -> Option<Arc<AuthoriserSettings>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.settings.get(&organisation).cloned()
    }

    fn recall(&self, question: &Question, now: Timestamp) -> Option<Verdict> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (verdict, at) = state.remembered.get(question)?;
        (at.plus_seconds(REMEMBERED_SECONDS) > now).then(|| verdict.clone())
    }

    fn remember(&self, question: Question, verdict: Verdict, now: Timestamp) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.remembered.len() >= REMEMBERED_MAX {
            state.remembered.clear();
        }
        state.remembered.insert(question, (verdict, now));
    }

    /// Takes other settings, or none, once the transaction is durable; what was answered before is forgotten.
    pub(super) fn replace_after(
        &self,
        tx: &Tx<'_>,
        organisation: OrgId,
        settings: Option<AuthoriserSettings>,
    ) {
        let authorisers = self.clone();
        tx.after_commit(move || authorisers.replace(organisation, settings));
    }

    fn replace(&self, organisation: OrgId, settings: Option<AuthoriserSettings>) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match settings {
            Some(settings) => state.settings.insert(organisation, Arc::new(settings)),
            None => state.settings.remove(&organisation),
        };
        state
            .remembered
            .retain(|question, _| question.organisation != organisation);
    }
}

/// Asks about a request whose permission the caller holds.
pub(super) async fn ask_about_request(
    app: &App,
    ctx: &Ctx,
    parts: &Parts,
    permission: &'static str,
) -> Result<()> {
    let path = parts.uri.path();
    let is_reading = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let is_own = matches!(permission, "session.read" | "account.manage");
    // Which model or employee a call under `/v1` is for stands in its body: that is asked about there.
    let is_asked_later = path.starts_with("/v1/");
    if is_reading || is_own || is_asked_later || path.starts_with(OWN_PATH) {
        return Ok(());
    }
    authorise(app, ctx, permission, path).await
}

/// Asks the organisation's authoriser, if it has one, whether an action that the node's own rules allow may
/// go ahead.
///
/// # Errors
/// `denied_by_authoriser`; `authoriser_unavailable` when no answer came and that is a refusal.
pub async fn authorise(app: &App, ctx: &Ctx, action: &str, resource: &str) -> Result<()> {
    let settings = app.authorisers.of(ctx.organisation);
    let Some(settings) = settings.filter(|settings| settings.enabled) else {
        return Ok(());
    };
    let question = Question {
        organisation: ctx.organisation,
        person: ctx.person,
        principal: principal_of(ctx).1,
        action: action.to_owned(),
        resource: resource.to_owned(),
    };
    if let Some(verdict) = app.authorisers.recall(&question, ctx.now()) {
        return refusal(verdict);
    }
    // Large, and for few calls.
    match Box::pin(ask(app, ctx, &settings, (action, resource))).await {
        Ok(verdict) => {
            app.authorisers
                .remember(question, verdict.clone(), ctx.now());
            refusal(verdict)
        }
        Err(error) => {
            tracing::warn!(organisation.id = %ctx.organisation, error = %error.chain(), "the authoriser did not answer");
            if settings.on_failure == OnFailure::Allow {
                return Ok(());
            }
            let message = "your organisation's authoriser did not answer, so this was not done; try again, or ask an administrator";
            Err(Error::unavailable("authoriser_unavailable", message, 5))
        }
    }
}

fn refusal(verdict: Verdict) -> Result<()> {
    if verdict.allow {
        return Ok(());
    }
    let reason = verdict
        .reason
        .map(|reason| shortened(&reason))
        .filter(|reason| !reason.is_empty());
    let message = reason.map_or_else(
        || "your organisation's authoriser refused this".to_owned(),
        |reason| format!("your organisation's authoriser refused this: {reason}"),
    );
    Err(Error::forbidden("denied_by_authoriser", message))
}

/// A reason as it is shown: short and without control characters.
pub(super) fn shortened(text: &str) -> String {
    let plain = text.chars().filter(|letter| !letter.is_control());
    plain.take(REASON_CHARACTERS_MAX).collect()
}

fn principal_of(ctx: &Ctx) -> (&'static str, String) {
    match &ctx.principal {
        // One browser's answer is another's.
        Principal::Session(_) => ("session", String::new()),
        Principal::ApiKey(id) => ("api_key", id.to_string()),
        Principal::Token(id) => ("token", id.to_string()),
        Principal::Operator => ("operator", String::new()),
    }
}

/// Asks, without remembering the answer.
///
/// # Errors
/// Why there is no answer that can be read.
pub(super) async fn ask(
    app: &App,
    ctx: &Ctx,
    settings: &AuthoriserSettings,
    (action, resource): (&str, &str),
) -> Result<Verdict> {
    let (kind, id) = principal_of(ctx);
    let question = json!({
        "subject": {
            "id": ctx.person,
            "role": ctx.role,
            "principal": kind,
            "principal_id": (!id.is_empty()).then_some(id),
        },
        "organisation": ctx.organisation,
        "action": action,
        "resource": resource,
    });
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json.clone());
    headers.insert(header::ACCEPT, json);
    let call = ServiceCall {
        origin: Origin {
            organisation: Some(ctx.organisation),
            person: Some(ctx.person),
        },
        service: service_of(ctx.organisation),
        method: Method::POST,
        url: settings.url.clone(),
        plain_loopback: true,
        ca_pem: None,
        headers,
        body: serde_json::to_vec(&question)?,
    };
    let exchange = async {
        let mut reply = app.egress.call_service(call).await?;
        let body = reply.bytes(ANSWER_BYTES_MAX).await?;
        Ok::<_, Error>((reply.status, body))
    };
    let wait = Duration::from_millis(u64::from(settings.timeout_ms));
    let answered = tokio::time::timeout(wait, exchange).await;
    let (status, body) = answered.map_err(|_| {
        let message = format!("it did not answer within {} ms", settings.timeout_ms);
        Error::unavailable("authoriser_unavailable", message, 5)
    })??;
    let unread = |what: String| Error::unavailable("authoriser_unavailable", what, 5);
    if status != 200 {
        return Err(unread(format!(
            "it answered with the status {status}, not 200"
        )));
    }
    serde_json::from_slice(&body)
        .map_err(|_| unread("its answer is no JSON object with `allow`".to_owned()))
}

fn service_of(organisation: OrgId) -> String {
    format!("authoriser_{organisation}")
}
