//! *Test*: one tiny real call, told step by step.

use std::time::Instant;

use guildhall_engine_protocol::{ChatMessage, ChatRole, Input, Prompt};
use guildhall_kernel::{Ctx, Error, ProviderId, Result};
use tokio::sync::mpsc;

use super::{
    Billed, ProviderRoute, Providers, TestOutcome, TestReport, TestStep, TestStepName, UsageSource,
    outlet::Outlet, wire::codes,
};
use crate::{
    egress::{ConnectSteps, Origin},
    inference::{Caller, DataClass, Priority, model::ModelKind},
};

const QUESTION: &str = "Reply with the word: ready";
const TOKENS_MAX: u32 = 16;

const ORDER: [TestStepName; 8] = [
    TestStepName::Allowed,
    TestStepName::Resolved,
    TestStepName::Connected,
    TestStepName::Encrypted,
    TestStepName::Authenticated,
    TestStepName::ModelThere,
    TestStepName::Answered,
    TestStepName::Usage,
];

/// The steps of a test so far.
#[derive(Default)]
struct Steps(Vec<TestStep>);

impl Steps {
    fn add(
        &mut self,
        step: TestStepName,
        outcome: TestOutcome,
        (detail, duration_ms): (impl Into<String>, Option<u64>),
    ) {
        self.0.push(TestStep {
            step,
            outcome,
            detail: detail.into(),
            duration_ms,
        });
    }

    fn pass(&mut self, step: TestStepName, detail: impl Into<String>, duration_ms: Option<u64>) {
        self.add(step, TestOutcome::Passed, (detail, duration_ms));
    }

    fn fail(&mut self, step: TestStepName, error: &Error) {
        let shown = error.body("").error.message;
        self.add(step, TestOutcome::Failed, (shown, None));
    }

    fn report(mut self, at: guildhall_kernel::Timestamp) -> TestReport {
        let failed = |step: &TestStep| step.outcome == TestOutcome::Failed;
        let has_failed = self.0.iter().any(failed);
        for step in ORDER {
            if !self.0.iter().any(|done| done.step == step) {
                self.add(step, TestOutcome::Skipped, ("not looked at", None));
            }
        }
        let place = |step: &TestStep| ORDER.iter().position(|known| *known == step.step);
        self.0.sort_by_key(place);
        TestReport {
            passed: !has_failed,
            at,
            steps: self.0,
        }
    }
}

impl Providers {
    /// Connects to a provider and has one of its models answer in a few tokens, switched on or not.
    ///
    /// # Errors
    /// `not_found`, `unknown_model`; what fails on the way stands in the report.
    pub async fn test(&self, ctx: &Ctx, id: ProviderId, model: Option<&str>) -> Result<TestReport> {
        let live = self.find(id)?;
        let model = match model {
            Some(name) => Some(live.row.model(name).cloned().ok_or_else(|| {
                let message = format!("the provider has no model `{name}` entered here");
                Error::invalid_field("model", "unknown_model", message)
            })?),
            None => live.row.models.first().cloned(),
        };
        let mut steps = Steps::default();
        if self.test_connection(ctx, id, &mut steps).await {
            match model {
                Some(model) => {
                    let route = ProviderRoute { live, model };
                    self.test_model(ctx, &route, &mut steps).await;
                }
                None => steps.add(
                    TestStepName::ModelThere,
                    TestOutcome::Failed,
                    (
                        "no model is entered for this provider yet; enter one and test again",
                        None,
                    ),
                ),
            }
        }
        let report = steps.report(ctx.now());
        self.save_test(ctx, id, &report).await?;
        self.read_anew().await?;
        Ok(report)
    }

    /// Whether a connection came about.
    async fn test_connection(&self, ctx: &Ctx, id: ProviderId, steps: &mut Steps) -> bool {
        let origin = Origin {
            organisation: Some(ctx.organisation),
            person: Some(ctx.person),
        };
        let mut found = ConnectSteps::default();
        let outcome = self.0.egress.probe(origin, id, &mut found).await;
        if let Err(error) = &outcome
            && error.code() == "egress_denied"
        {
            steps.fail(TestStepName::Allowed, error);
            return false;
        }
        steps.pass(
            TestStepName::Allowed,
            "the egress switch lets calls out",
            None,
        );
        if found.addresses.is_empty() {
            if let Err(error) = &outcome {
                steps.fail(TestStepName::Resolved, error);
            }
            return false;
        }
        let addresses = found.addresses.join(", ");
        steps.pass(TestStepName::Resolved, addresses, Some(found.resolved_ms));
        let Some(address) = found.connected else {
            if let Err(error) = &outcome {
                steps.fail(TestStepName::Connected, error);
            }
            return false;
        };
        steps.pass(TestStepName::Connected, address, Some(found.connected_ms));
        match (outcome, found.tls) {
            (Err(error), _) => {
                steps.fail(TestStepName::Encrypted, &error);
                return false;
            }
            (Ok(()), Some(version)) => {
                steps.pass(TestStepName::Encrypted, version, Some(found.tls_ms));
            }
            (Ok(()), None) => steps.add(
                TestStepName::Encrypted,
                TestOutcome::Skipped,
                ("not encrypted, as configured for the local network", None),
            ),
        }
        true
    }

    async fn test_model(&self, ctx: &Ctx, route: &ProviderRoute, steps: &mut Steps) {
        // What is asked says nothing of anybody.
        let caller = Caller::new(ctx.organisation, ctx.person, Priority::Interactive)
            .with_data_class(DataClass::Public);
        let began = Instant::now();
        let outcome = match route.model.kind {
            ModelKind::Generative | ModelKind::Adapter => self.test_answer(&caller, route).await,
            ModelKind::Embedding => self
                .embed_once(route, &caller, &[QUESTION.to_owned()])
                .await
                .map(|embedded| {
                    let length = embedded.vectors.first().map_or(0, Vec::len);
                    (format!("a vector of {length} numbers"), embedded.billed)
                }),
        };
        let elapsed = u64::try_from(began.elapsed().as_millis()).ok();
        match outcome {
            Ok((answer, billed)) => {
                steps.pass(TestStepName::Authenticated, "the key was taken", None);
                steps.pass(TestStepName::ModelThere, route.model.name.clone(), None);
                steps.pass(TestStepName::Answered, answer, elapsed);
                note_usage(&billed, steps);
            }
            Err(error) => {
                let failed = match error.code() {
                    codes::AUTH_FAILED | "secret_unreadable" => TestStepName::Authenticated,
                    "provider_model_missing" => TestStepName::ModelThere,
                    _ => TestStepName::Answered,
                };
                if failed == TestStepName::ModelThere {
                    steps.pass(TestStepName::Authenticated, "the key was taken", None);
                }
                steps.fail(failed, &error);
            }
        }
    }

    async fn test_answer(
        &self,
        caller: &Caller,
        route: &ProviderRoute,
    ) -> Result<(String, Billed)> {
        let question = ChatMessage::new(ChatRole::User, QUESTION);
        let prompt = Prompt::new(Input::chat(vec![question]), TOKENS_MAX);
        let (sender, mut events) = mpsc::channel(64);
        let listen = async { while events.recv().await.is_some() {} };
        let ask = async move {
            let mut outlet = Outlet::new(sender);
            let billed = self.attempt(route, caller, &prompt, &mut outlet).await?;
            let how = if outlet.has_spoken {
                "the answer was streamed to its end"
            } else {
                "the answer was empty, but complete"
            };
            Ok((how.to_owned(), billed))
        };
        let (outcome, ()) = tokio::join!(ask, listen);
        outcome
    }
}

fn note_usage(billed: &Billed, steps: &mut Steps) {
    let figures = format!(
        "{} tokens in, {} out, {} micro-credits",
        billed.input_tokens, billed.output_tokens, billed.cost.0
    );
    let detail = match billed.usage {
        UsageSource::Reported => figures,
        UsageSource::Corrected => {
            format!("{figures}; the provider's own figures cannot be right and were corrected")
        }
        UsageSource::Estimated => {
            format!("{figures}; estimated, since the provider reports none")
        }
    };
    steps.pass(TestStepName::Usage, detail, None);
}
