//! Rules that one field cannot tell alone: what a price of some model needs, what may repeat, which
//! placeholders exist.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    AgentPermission, AnswerMode, Manifest, PermissionId, Price, PriceModel, PriceUnit, SampleTask,
    report::Problem, yaml::Document,
};

/// What the instructions may ask to be filled in.
const PLACEHOLDERS: [&str; 2] = ["persona", "organisation"];

static PLACEHOLDER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\{([A-Za-z_]+)\}").ok());

/// Every rule that a well-formed manifest breaks.
pub(super) fn problems(manifest: &Manifest, document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    price(&manifest.price, &mut problems);
    permissions(manifest, &mut problems);
    sample_tasks(&manifest.sample_tasks, &mut problems);
    placeholders(&manifest.persona.instructions, &mut problems);
    for problem in &mut problems {
        problem.line = document.line(&problem.path);
    }
    problems
}

fn price(price: &Price, problems: &mut Vec<Problem>) {
    let mut refuse = |path: &str, message: String| problems.push(Problem::new(path, None, message));
    let is_free = price.model == PriceModel::Free;
    if is_free && price.amount_minor != 0 {
        refuse(
            "price.amount_minor",
            format!("is {}; a free agent costs 0", price.amount_minor),
        );
    }
    if !is_free && price.amount_minor == 0 {
        refuse(
            "price.amount_minor",
            "is 0; write the amount or set price.model to free".into(),
        );
    }
    match (price.model, price.unit) {
        (PriceModel::Subscription, Some(PriceUnit::Month)) => {}
        (PriceModel::Subscription, _) => {
            refuse("price.unit", "must be month for a subscription".into());
        }
        (PriceModel::Usage, Some(PriceUnit::Message | PriceUnit::Task)) => {}
        (PriceModel::Usage, _) => {
            refuse(
                "price.unit",
                "must be message or task for a price by usage".into(),
            );
        }
        (_, None) => {}
        (_, Some(_)) => {
            refuse("price.unit", "must be left out for this price model".into());
        }
    }
}

fn permissions(manifest: &Manifest, problems: &mut Vec<Problem>) {
    let ids: Vec<PermissionId> = manifest.permissions.iter().map(|entry| entry.id).collect();
    for (place, AgentPermission { id, .. }) in manifest.permissions.iter().enumerate() {
        if ids.iter().take(place).any(|earlier| earlier == id) {
            let path = format!("permissions[{place}].id");
            problems.push(Problem::new(
                path,
                None,
                "is listed before; keep one reason per permission",
            ));
        }
    }
    let quotes = manifest.model.modes.contains(&AnswerMode::Extractive);
    if quotes && !ids.contains(&PermissionId::ReadHandbook) {
        let message = "must list read_handbook, because extractive answers quote the handbook";
        problems.push(Problem::new("permissions", None, message));
    }
}

fn sample_tasks(tasks: &[SampleTask], problems: &mut Vec<Problem>) {
    for (place, task) in tasks.iter().enumerate() {
        if tasks
            .iter()
            .take(place)
            .any(|earlier| earlier.title == task.title)
        {
            let path = format!("sample_tasks[{place}].title");
            problems.push(Problem::new(
                path,
                None,
                "repeats an earlier title; give each task its own",
            ));
        }
    }
}

fn placeholders(instructions: &str, problems: &mut Vec<Problem>) {
    let found = PLACEHOLDER
        .iter()
        .flat_map(|regex| regex.captures_iter(instructions));
    for name in found
        .filter_map(|captures| captures.get(1))
        .map(|name| name.as_str())
    {
        if !PLACEHOLDERS.contains(&name) {
            let message =
                format!("holds {{{name}}}; only {{persona}} and {{organisation}} are filled in");
            let problem = Problem::new("persona.instructions", None, message);
            problems.push(problem.suggesting(name, PLACEHOLDERS));
        }
    }
}
