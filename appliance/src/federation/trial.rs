//! Logins that an administrator tries out: everything but the session, told step by step.

use std::time::Instant;

use guildhall_kernel::{Ctx, Error, IdentityProviderId, RequestId, Result, random_token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{mapping::Claims, model::ProviderRow, store};
use crate::{
    app::App,
    audit,
    identity::{self, ExternalIdentity, Grant},
};

/// How long a test waits for its login.
const TEST_SECONDS: i64 = 900;
const TEST_BYTES: usize = 20;
/// Where the tab of a test ends, well or not: it says that nobody was signed in, and where the result is.
pub(super) const TESTED_PAGE: &str = "/login-tested";

/// Where a test begins, in another tab.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginTest {
    pub test: String,
    pub login_path: String,
}

/// A test's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginTestResult {
    pub state: LoginTestState,
    pub steps: Vec<LoginTestStep>,
    /// What the provider said, by attribute or claim.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub attributes: Claims,
    /// What the person would get here.
    #[schema(value_type = Vec<LoginTestGrant>)]
    pub would_grant: Vec<LoginTestGrant>,
}

/// Whether somebody has logged in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginTestState {
    Waiting,
    Done,
}

/// A role that the person would get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginTestGrant {
    pub organisation: guildhall_kernel::OrgId,
    pub role: String,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginTestStep {
    pub name: String,
    pub state: LoginTestOutcome,
    /// One sentence for the administrator.
    pub detail: String,
    #[schema(required)]
    pub hint: Option<String>,
    pub milliseconds: u64,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoginTestOutcome {
    Ok,
    Failed,
    Skipped,
}

/// Begins a test. The provider may still be switched off.
///
/// # Errors
/// `not_found`.
pub(super) async fn begin(app: &App, ctx: &Ctx, id: IdentityProviderId) -> Result<LoginTest> {
    let caller = ctx.clone();
    let written = app.write(ctx, move |tx| {
        let provider = store::read_provider(tx, id)?;
        let test = random_token(TEST_BYTES);
        let now = caller.now();
        store::insert_test(tx, id, (&test, now.plus_seconds(TEST_SECONDS)), now)?;
        audit::record(tx, &caller, "identity_provider.test_begun", id)?;
        let protocol = provider.kind().as_str();
        let login_path = format!("/{protocol}/{id}/login?test={test}");
        Ok(LoginTest { test, login_path })
    });
    written.await
}

/// How a test stands.
///
/// # Errors
/// `not_found` for a test that is not known or older than a quarter of an hour.
pub(super) async fn read(
    app: &App,
    id: IdentityProviderId,
    test: String,
) -> Result<LoginTestResult> {
    let now = app.clock.now();
    let found = app
        .db
        .read(move |reader| store::find_test(reader, id, &test, now))
        .await?;
    match found {
        None => Err(Error::not_found("test")),
        Some(None) => Ok(LoginTestResult {
            state: LoginTestState::Waiting,
            steps: Vec::new(),
            attributes: Claims::new(),
            would_grant: Vec::new(),
        }),
        Some(Some(result)) => Ok(serde_json::from_str(&result)?),
    }
}

/// Whether a test of the provider waits for a login.
///
/// # Errors
/// Those of the database.
pub(super) async fn is_waiting(app: &App, id: IdentityProviderId, test: String) -> Result<bool> {
    let now = app.clock.now();
    let found = app
        .db
        .read(move |reader| store::find_test(reader, id, &test, now))
        .await?;
    Ok(matches!(found, Some(None)))
}

/// The steps of a test as they are taken.
pub(super) struct Trial {
    began: Instant,
    steps: Vec<LoginTestStep>,
    attributes: Claims,
    would_grant: Vec<LoginTestGrant>,
}

impl Trial {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            steps: Vec::new(),
            attributes: Claims::new(),
            would_grant: Vec::new(),
        }
    }

    /// A step that went well.
    pub(super) fn passed(&mut self, name: &str, detail: impl Into<String>) {
        self.step(name, LoginTestOutcome::Ok, detail.into());
    }

    /// A step that failed.
    pub(super) fn failed(&mut self, name: &str, error: &Error) {
        let detail = error.message().to_owned();
        self.step(name, LoginTestOutcome::Failed, detail);
    }

    fn step(&mut self, name: &str, state: LoginTestOutcome, detail: String) {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.began = Instant::now();
        self.steps.push(LoginTestStep {
            name: name.to_owned(),
            state,
            detail,
            hint: None,
            milliseconds,
        });
    }

    /// What the provider said.
    pub(super) fn said(&mut self, claims: Claims) {
        self.attributes = claims;
    }

    /// Looks what the login would do, without doing it.
    pub(super) async fn preview(&mut self, app: &App, identity: ExternalIdentity) {
        self.would_grant = identity.grants.iter().map(LoginTestGrant::from).collect();
        let email = identity.email.clone();
        let preview = app
            .db
            .read(move |reader| identity::preview_external(reader, &identity))
            .await;
        match preview {
            Ok(change) if change.created => self.passed(
                "account",
                format!("a new account for {email} would be made"),
            ),
            Ok(_) => self.passed("account", format!("{email} has an account here")),
            Err(error) => self.failed("account", &error),
        }
    }

    /// Keeps the result for who began the test.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn finish(self, app: &App, provider: &ProviderRow, test: &str) -> Result<()> {
        let result = LoginTestResult {
            state: LoginTestState::Done,
            steps: self.steps,
            attributes: self.attributes,
            would_grant: self.would_grant,
        };
        let passed = result
            .steps
            .iter()
            .all(|step| step.state != LoginTestOutcome::Failed);
        let (text, id, test) = (
            serde_json::to_string(&result)?,
            provider.id,
            test.to_owned(),
        );
        let (clock, request_id) = (app.clock.clone(), guildhall_web::request_id());
        app.db
            .write(move |tx| {
                store::finish_test(tx, id, &test, &text)?;
                record(tx, clock.as_ref(), &request_id, (id, passed))
            })
            .await
    }
}

fn record(
    tx: &guildhall_db::Tx<'_>,
    clock: &dyn guildhall_kernel::Clock,
    request_id: &RequestId,
    (provider, passed): (IdentityProviderId, bool),
) -> Result<()> {
    let facts = serde_json::json!({ "passed": passed });
    let subject = provider.to_string();
    let what = ("identity_provider.tested", subject.as_str());
    audit::record_anonymous(tx, clock, request_id, what, facts)
}

impl From<&Grant> for LoginTestGrant {
    fn from(grant: &Grant) -> Self {
        Self {
            organisation: grant.organisation,
            role: grant.role.clone(),
        }
    }
}
