//! From a prompt to a run under way: checked, stored, then answered in the background.

use guildhall_kernel::{Ctx, Error, PlaygroundAnswerId, PlaygroundRunId, PromptTemplateId, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    PlaygroundRun, announce, answer,
    model::{
        AnswerState, Facts, Parameters, PlaygroundMessage, PlaygroundPrompt, PlaygroundRole,
        StoredAnswer, StoredRun, UsedTemplate,
    },
    store,
};
use crate::{
    app::App,
    audit,
    inference::{AUTO, EXTRACTIVE},
    prompts::{self, Values},
    ratings,
};

const COLUMNS_MIN: usize = 2;
const COLUMNS_MAX: usize = 4;
const MESSAGES_MAX: usize = 50;
const PROMPT_CHARACTERS_MAX: usize = 100_000;
const SYSTEM_CHARACTERS_MAX: usize = 20_000;
const ANSWER_TOKENS_MAX: u32 = 4_096;
const STOP_TEXTS_MAX: usize = 4;
const STOP_CHARACTERS_MAX: usize = 100;
/// Runs kept per person; older ones go.
const RUNS_KEPT: u32 = 500;

/// A prompt for several models. It has messages or a template, not both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunPlayground {
    /// Instructions, at most 20,000 characters.
    #[serde(default)]
    #[schema(max_length = 20000)]
    system: String,
    /// Oldest first, at most 50; the last one is the person's.
    #[serde(default)]
    #[schema(max_items = 50)]
    messages: Vec<PlaygroundMessage>,
    template: Option<TemplateInput>,
    /// 2 to 4 models. One model may stand in several columns, to compare parameters.
    #[schema(min_items = 2, max_items = 4)]
    columns: Vec<ColumnInput>,
    /// Have them answer one after the other: slower, but no model slows another down.
    #[serde(default)]
    in_turn: bool,
}

/// A template to ask with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaygroundTemplate)]
struct TemplateInput {
    id: PromptTemplateId,
    /// The version; the newest when left out.
    version: Option<u32>,
    /// By variable name.
    #[serde(default)]
    values: Values,
}

/// One column.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlaygroundColumn)]
struct ColumnInput {
    model: String,
    #[serde(default)]
    parameters: Parameters,
}

/// Stores a run and has it answered.
pub(super) async fn begin(app: &App, ctx: &Ctx, input: RunPlayground) -> Result<PlaygroundRun> {
    check_columns(app, ctx, &input.columns)?;
    check_text(&input)?;
    let place = app.playground.take_place(ctx.person)?;
    let (caller, events) = (ctx.clone(), app.events.clone());
    let written = app.write(ctx, move |tx| {
        let prompt = prompt_of(tx, &caller, &input)?;
        let run = StoredRun {
            id: PlaygroundRunId::new(caller.clock.as_ref()),
            person: caller.person,
            prompt_sha256: hash(&prompt)?,
            prompt,
            in_turn: input.in_turn,
            best_answer: None,
            created_at: caller.now(),
        };
        store::insert_run(tx, caller.organisation, &run)?;
        for (position, column) in (0_u32..).zip(input.columns) {
            let answer = StoredAnswer {
                id: PlaygroundAnswerId::new(caller.clock.as_ref()),
                organisation: caller.organisation,
                run: run.id,
                position,
                model: column.model,
                parameters: column.parameters,
                state: AnswerState::Running,
                text: String::new(),
                facts: Facts::default(),
            };
            store::insert_answer(tx, &answer)?;
        }
        let owner = (caller.organisation, caller.person);
        for old in store::list_surplus(tx, owner, RUNS_KEPT)? {
            ratings::forget_reasons(tx, caller.organisation, &old.to_string())?;
            store::delete_run(tx, caller.organisation, old)?;
        }
        audit::record(tx, &caller, "playground.run_started", run.id)?;
        announce(tx, &events, &caller, run.id);
        Ok(run.id)
    });
    let id = written.await?;
    answer::start(app, ctx, id, place).await?;
    super::detail(app, ctx, id).await
}

/// What is sent: the messages given, or the template filled in.
fn prompt_of(
    reader: &guildhall_db::Reader<'_>,
    ctx: &Ctx,
    input: &RunPlayground,
) -> Result<PlaygroundPrompt> {
    let system = input.system.trim().to_owned();
    let Some(template) = &input.template else {
        return Ok(PlaygroundPrompt {
            system,
            messages: input.messages.clone(),
            template: None,
        });
    };
    let rendered = prompts::render(
        reader,
        (ctx.organisation, template.id),
        template.version,
        (&template.values, "template.values"),
    )?;
    Ok(PlaygroundPrompt {
        system,
        messages: vec![PlaygroundMessage {
            role: PlaygroundRole::User,
            content: rendered.text,
        }],
        template: Some(UsedTemplate {
            id: template.id,
            version: rendered.version,
            values: template.values.clone(),
        }),
    })
}

/// SHA-256 in hex over instructions and messages as JSON.
fn hash(prompt: &PlaygroundPrompt) -> Result<String> {
    let text = serde_json::to_string(&(&prompt.system, &prompt.messages))?;
    Ok(data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())))
}

fn check_columns(app: &App, ctx: &Ctx, columns: &[ColumnInput]) -> Result<()> {
    if columns.len() < COLUMNS_MIN || columns.len() > COLUMNS_MAX {
        let message = format!("compare {COLUMNS_MIN} to {COLUMNS_MAX} models");
        return Err(Error::invalid_field("columns", "invalid_columns", message));
    }
    let choices = app.inference.choices();
    let known: Vec<&str> = choices
        .iter()
        .filter(|choice| {
            let mut base = choice.base.iter();
            base.all(|base| ctx.may_use_model(base))
        })
        .map(|choice| choice.model.as_str())
        .filter(|model| *model != AUTO && *model != EXTRACTIVE && ctx.may_use_model(model))
        .collect();
    for (index, column) in columns.iter().enumerate() {
        let field = format!("columns[{index}]");
        if !known.contains(&column.model.as_str()) {
            let message = format!(
                "there is no model `{}` that writes here; use one of {}",
                column.model,
                known.join(", ")
            );
            return Err(Error::invalid_field(
                &format!("{field}.model"),
                "unknown_model",
                message,
            ));
        }
        check_parameters(&column.parameters, &format!("{field}.parameters"))?;
    }
    Ok(())
}

fn check_parameters(parameters: &Parameters, at: &str) -> Result<()> {
    let refuse = |field: &str, message: &str| {
        let field = format!("{at}.{field}");
        Err(Error::invalid_field(&field, "invalid_parameter", message))
    };
    if !(0.0..=2.0).contains(&parameters.temperature) {
        return refuse("temperature", "the temperature is a number from 0 to 2");
    }
    if !(parameters.top_p > 0.0 && parameters.top_p <= 1.0) {
        return refuse("top_p", "`top_p` is a number above 0 and at most 1");
    }
    if parameters.max_tokens == 0 || parameters.max_tokens > ANSWER_TOKENS_MAX {
        let message =
            format!("the longest answer is a number of tokens from 1 to {ANSWER_TOKENS_MAX}");
        return refuse("max_tokens", &message);
    }
    let is_odd = |text: &String| text.is_empty() || text.chars().count() > STOP_CHARACTERS_MAX;
    if parameters.stop.len() > STOP_TEXTS_MAX || parameters.stop.iter().any(is_odd) {
        let message = format!(
            "give at most {STOP_TEXTS_MAX} texts that end the answer, each of 1 to {STOP_CHARACTERS_MAX} characters"
        );
        return refuse("stop", &message);
    }
    Ok(())
}

fn check_text(input: &RunPlayground) -> Result<()> {
    if input.system.chars().count() > SYSTEM_CHARACTERS_MAX {
        let message = format!("the instructions have at most {SYSTEM_CHARACTERS_MAX} characters");
        return Err(Error::invalid_field("system", "prompt_too_long", message));
    }
    match (&input.template, input.messages.as_slice()) {
        (Some(_), []) => Ok(()),
        (Some(_), _) => Err(Error::invalid_field(
            "template",
            "two_prompts",
            "send messages or a template, not both",
        )),
        (None, messages) => check_messages(messages),
    }
}

fn check_messages(messages: &[PlaygroundMessage]) -> Result<()> {
    let refuse = |code, message: String| Err(Error::invalid_field("messages", code, message));
    let is_question = |message: &PlaygroundMessage| {
        message.role == PlaygroundRole::User && !message.content.trim().is_empty()
    };
    if !messages.last().is_some_and(is_question) {
        return refuse("empty_prompt", "write something to send".to_owned());
    }
    if messages.len() > MESSAGES_MAX {
        let message = format!("send at most {MESSAGES_MAX} messages");
        return refuse("too_many_messages", message);
    }
    let characters: usize = messages
        .iter()
        .map(|message| message.content.chars().count())
        .sum();
    if characters > PROMPT_CHARACTERS_MAX {
        let message =
            format!("the messages have at most {PROMPT_CHARACTERS_MAX} characters together");
        return refuse("prompt_too_long", message);
    }
    Ok(())
}
