//! An answer from outside the node, with the same events as one from here.

use guildhall_engine_protocol::Prompt;
use guildhall_kernel::{Error, Result};
use tokio::sync::mpsc;

use super::{
    ProviderRoute, Providers, Route,
    outlet::Outlet,
    policy::{Verdict, verdict, wait_before_retry},
};
use crate::inference::{Caller, Generation, Inference, deadline::within, schedule::Weight};

/// Events on their way to a slow listener.
const BUFFER: usize = 64;

/// Has a provider, or a chain of models, answer as far as somebody reads the answer.
pub(in crate::inference) fn serve(
    inference: Inference,
    route: Route,
    (caller, weights): (Caller, (Weight, Weight)),
    prompt: Prompt,
) -> Generation {
    let (sender, events) = mpsc::channel(BUFFER);
    // Dropping the generation ends the call.
    let work = async move {
        let mut outlet = Outlet::new(sender);
        let asked = (&caller, &prompt);
        let answering = Box::pin(answer((&inference, weights), route, asked, &mut outlet));
        let outcome = within(caller.deadline, answering).await;
        if let Err(error) = outcome {
            tracing::info!(org.id = %caller.organisation, error.code = error.code(), "a provider did not answer");
            outlet.fail(error).await;
        }
    };
    Generation::of(events, Box::pin(work))
}

async fn answer(
    (inference, weights): (&Inference, (Weight, Weight)),
    route: Route,
    asked: (&Caller, &Prompt),
    outlet: &mut Outlet,
) -> Result<()> {
    let providers = inference.providers();
    match route {
        Route::Provider(route) => providers.ask(&route, asked, outlet).await,
        Route::Chain { name, steps } => {
            let mut failures = Vec::new();
            for step in steps {
                let outcome = match providers.route(&step) {
                    Ok(Some(Route::Provider(route))) => providers.ask(&route, asked, outlet).await,
                    Ok(Some(Route::Chain { .. })) => Err(Error::internal("a chain within a chain")),
                    Ok(None) => {
                        Box::pin(ask_here((inference, weights), &step, asked, outlet)).await
                    }
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(()) => return Ok(()),
                    Err(error) if outlet.has_spoken => return Err(error),
                    Err(error) => {
                        tracing::info!(
                            chain = name,
                            step,
                            error.code = error.code(),
                            "falling back"
                        );
                        failures.push((step, error));
                    }
                }
            }
            Err(exhausted(&name, failures))
        }
    }
}

async fn ask_here(
    (inference, weights): (&Inference, (Weight, Weight)),
    model: &str,
    (caller, prompt): (&Caller, &Prompt),
    outlet: &mut Outlet,
) -> Result<()> {
    let mut generation = inference.generate_here((caller, weights), model, prompt.clone())?;
    while let Some(event) = generation.next().await {
        outlet.forward(event?).await;
    }
    Ok(())
}

/// Nobody in the chain answered: says what each failed with.
fn exhausted(name: &str, failures: Vec<(String, Error)>) -> Error {
    let wait = failures
        .iter()
        .filter_map(|(_, error)| error.retry_after_seconds())
        .min();
    let reasons: Vec<String> = failures
        .iter()
        .map(|(step, error)| format!("{step}: {}", error.body("").error.message))
        .collect();
    let message = format!(
        "no model of fallback/{name} could answer ({})",
        reasons.join("; ")
    );
    Error::unavailable("fallback_exhausted", message, wait.unwrap_or(30))
}

impl Providers {
    /// Has a provider answer; a try that brought no token is repeated where that makes sense.
    async fn ask(
        &self,
        route: &ProviderRoute,
        (caller, prompt): (&Caller, &Prompt),
        outlet: &mut Outlet,
    ) -> Result<()> {
        let row = &route.live.row;
        self.check_residency(caller, row)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let pass = route.live.breaker.enter(&row.title, self.now())?;
            let Err(error) = self.attempt(route, caller, prompt, outlet).await else {
                pass.succeeded(self.now());
                return Ok(());
            };
            match verdict(&error) {
                Verdict::Faulty => pass.failed(self.now(), error.code()),
                Verdict::Alive => pass.succeeded(self.now()),
                Verdict::NotAsked => drop(pass),
            }
            let wait = wait_before_retry(&error, tries);
            let Some(wait) =
                wait.filter(|_| !outlet.has_spoken && tries <= row.settings.retries_max())
            else {
                return Err(error);
            };
            tracing::info!(
                provider.slug = row.slug,
                error.code = error.code(),
                tries,
                "trying again"
            );
            tokio::time::sleep(wait).await;
        }
    }
}
