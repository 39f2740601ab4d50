#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const GOOD: &str = "\
manifest: guildhall/v1
slug: tea-taster
name: Tea taster
version: 1.0.0
publisher: Guildhall
category: operations
stability: beta
featured: false
icon: coffee
hue: rose
summary: Tastes tea and says which one to buy.
description: |
  Describe the tea you have and the tea you like. A comparison comes back, and a person decides.
features:
  - Compares two teas
tags: [tea, tasting]
sample_tasks:
  - title: Compare teas
    prompt: Which of these teas keeps longer?
persona:
  default_name: Ada Brew
  greeting: Hello, I am Ada.
  instructions: You are {persona}, a tea taster at {organisation}.
permissions:
  - id: read_conversation
    reason: To answer what you ask.
  - id: read_handbook
    reason: To quote it.
model:
  context_tokens_min: 4096
  parameters_min: 1.5B
  modes: [generative, extractive]
price:
  model: subscription
  amount_minor: 900
  currency: EUR
  unit: month
";

fn broken(edits: &[(&str, &str)]) -> String {
    let text = edits.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(
            text.contains(from),
            "the good manifest does not say `{from}`"
        );
        text.replacen(from, to, 1)
    });
    let problems = Manifest::parse(&text).unwrap_err();
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn repeated(text: &str, count: usize) -> String {
    text.repeat(count)
}

#[test]
fn a_good_manifest_reads() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.category, Category::Operations);
    assert_eq!(manifest.model.parameters_min, "1.5B");
    assert_eq!(manifest.price.unit, Some(PriceUnit::Month));
    let with_mark = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(
        Manifest::parse(&with_mark).unwrap().summary,
        manifest.summary
    );
}

#[test]
fn misspelt_and_missing_fields_are_named_with_their_place() {
    let problems = broken(&[
        ("summary:", "sumary:"),
        ("publisher: Guildhall\n", ""),
        ("  default_name: Ada Brew\n", "  default-name: Ada Brew\n"),
        ("  amount_minor: 900\n", "  amount: 900\n"),
        ("hue: rose", "hue: rose\ncolour: red"),
        ("    prompt: Which", "    promt: Which"),
    ]);
    insta::assert_snapshot!(problems, @"
    publisher: is missing: who made the agent and answers for it
    colour: unknown field; known here are category, description, featured, features, hue, icon, manifest, model, name, permissions, persona, price, publisher, sample_tasks, slug, stability, summary, tags, version [line 10]
    sumary: unknown field (did you mean `summary`?) [line 11]
    sample_tasks[0].promt: unknown field (did you mean `prompt`?) [line 19]
    persona.default-name: unknown field (did you mean `default_name`?) [line 21]
    price.amount: unknown field (did you mean `amount_minor`?) [line 35]
    ");
}

#[test]
fn values_that_are_not_known_come_with_the_nearest_one() {
    let problems = broken(&[
        ("guildhall/v1", "guildhall/v2"),
        ("category: operations", "category: opertions"),
        ("stability: beta", "stability: finished"),
        ("hue: rose", "hue: 3"),
        ("id: read_handbook", "id: read-handbook"),
        ("[generative, extractive]", "[generative, extractve]"),
        ("model: subscription", "model: Subscription"),
    ]);
    insta::assert_snapshot!(problems, @"
    manifest: is `guildhall/v2`; the only known value is `guildhall/v1` [line 1]
    category: is `opertions`; known values are finance, people, support, sales, legal, operations (did you mean `operations`?) [line 6]
    stability: is `finished`; known values are alpha, beta, stable [line 7]
    hue: must be one of magenta, violet, cyan, rose, not the number 3 [line 10]
    permissions[1].id: is `read-handbook`; known values are read_conversation, read_attachments, read_handbook (did you mean `read_handbook`?) [line 27]
    model.modes[1]: is `extractve`; known values are generative, extractive (did you mean `extractive`?) [line 32]
    price.model: is `Subscription`; known values are free, freemium, one_time, subscription, usage (did you mean `subscription`?) [line 34]
    ");
}

#[test]
fn values_of_another_type_say_what_is_needed() {
    let problems = broken(&[
        ("version: 1.0.0", "version: 1.0"),
        ("name: Tea taster", "name: [Tea, taster]"),
        ("featured: false", "featured: yes"),
        ("tags: [tea, tasting]", "tags: tea"),
        ("  context_tokens_min: 4096", "  context_tokens_min: 4k"),
        ("  amount_minor: 900", "  amount_minor: 9.5"),
        ("  - Compares two teas", "  - 7"),
        ("summary: Tastes tea and says which one to buy.", "summary:"),
        (
            "persona:\n  default_name: Ada Brew\n  greeting: Hello, I am Ada.\n  instructions: You are {persona}, a tea taster at {organisation}.",
            "persona: Ada Brew",
        ),
    ]);
    insta::assert_snapshot!(problems, @"
    name: must be text, not a list [line 3]
    version: must be text, not the number 1.0; put it in quotes [line 4]
    featured: must be true or false, not `yes` [line 8]
    summary: must not be empty [line 11]
    features[0]: must be text, not the number 7; put it in quotes [line 15]
    tags: must be a list (`- entry`), not `tea` [line 16]
    persona: must be a group of fields (`name: value`), not `Ada Brew` [line 20]
    model.context_tokens_min: must be a whole number, not `4k` [line 27]
    price.amount_minor: must be a whole number, not the number 9.5 [line 32]
    ");
}

#[test]
fn lengths_and_forms_are_checked() {
    let long = repeated("long ", 30);
    let problems = broken(&[
        ("slug: tea-taster", "slug: Tea Taster"),
        ("name: Tea taster", "name: T"),
        ("version: 1.0.0", "version: one"),
        ("icon: coffee", "icon: Coffee!"),
        ("summary: Tastes tea", &format!("summary: {long}tea")),
        ("publisher: Guildhall", "publisher: \"Guild\\nhall\""),
        ("tags: [tea, tasting]", "tags: [tea, Black Tea, tea]"),
        (
            "title: Compare teas",
            "title: Compare all the teas of the whole wide world",
        ),
        ("context_tokens_min: 4096", "context_tokens_min: 100"),
        ("parameters_min: 1.5B", "parameters_min: huge"),
        ("modes: [generative, extractive]", "modes: []"),
        ("currency: EUR", "currency: euro"),
        ("amount_minor: 900", "amount_minor: -1"),
        (
            "greeting: Hello, I am Ada.",
            "greeting: \"Hello\\u202E, I am Ada.\"",
        ),
    ]);
    insta::assert_snapshot!(problems, @"
    slug: is `Tea Taster`, which is not lower-case words joined by hyphens, such as `invoice-clerk` [line 2]
    name: is too short: at least 2 characters needed, 1 written [line 3]
    version: is `one`, which is not a version of three numbers, such as 1.0.0 [line 4]
    publisher: is `Guild hall`, which is not one line of text without spaces at its ends [line 5]
    icon: is `Coffee!`, which is not lower-case words joined by hyphens, such as `invoice-clerk` [line 9]
    summary: is too long: at most 120 characters allowed, 180 written [line 11]
    tags[1]: is `Black Tea`, which is not lower-case words joined by hyphens, such as `invoice-clerk` [line 16]
    tags[2]: repeats `tea` [line 16]
    sample_tasks[0].title: is too long: at most 40 characters allowed, 44 written [line 18]
    persona.greeting: holds the invisible character U+202E; remove it [line 22]
    model.context_tokens_min: is 100; at least 512 needed [line 30]
    model.parameters_min: is `huge`, which is not a model size such as 1.5B or 500M [line 31]
    model.modes: has too few entries: at least 1 needed, 0 written [line 32]
    price.amount_minor: is -1; at least 0 needed [line 35]
    price.currency: is `euro`, which is not a currency of three capital letters, such as EUR [line 36]
    ");
}

#[test]
fn fields_must_fit_each_other() {
    let problems = broken(&[
        ("model: subscription", "model: free"),
        ("at {organisation}", "at {company} for {Persona}"),
        (
            "  - id: read_handbook\n    reason: To quote it.\n",
            "  - id: read_conversation\n    reason: Again.\n",
        ),
        (
            "    prompt: Which of these teas keeps longer?\n",
            "    prompt: Which of these teas keeps longer?\n  - title: Compare teas\n    prompt: Which one?\n",
        ),
    ]);
    insta::assert_snapshot!(problems, @"
    sample_tasks[1].title: repeats an earlier title; give each task its own [line 20]
    persona.instructions: holds {Persona}; only {persona} and {organisation} are filled in (did you mean `persona`?) [line 25]
    persona.instructions: holds {company}; only {persona} and {organisation} are filled in [line 25]
    permissions: must list read_handbook, because extractive answers quote the handbook [line 26]
    permissions[1].id: is listed before; keep one reason per permission [line 29]
    price.amount_minor: is 900; a free agent costs 0 [line 37]
    price.unit: must be left out for this price model [line 39]
    ");
    let price = "  model: subscription\n  amount_minor: 900\n  currency: EUR\n  unit: month\n";
    let prices = [
        ("subscription", 900, ""),
        ("subscription", 0, "  unit: task\n"),
        ("usage", 2, "  unit: month\n"),
        ("one_time", 900, "  unit: month\n"),
    ];
    let problems = prices.map(|(model, amount, unit)| {
        let edit = format!("  model: {model}\n  amount_minor: {amount}\n  currency: EUR\n{unit}");
        broken(&[(price, &edit)])
    });
    insta::assert_snapshot!(problems.join("\n"), @"
    price.unit: must be month for a subscription [line 33]
    price.amount_minor: is 0; write the amount or set price.model to free [line 35]
    price.unit: must be month for a subscription [line 37]
    price.unit: must be message or task for a price by usage [line 37]
    price.unit: must be left out for this price model [line 37]
    ");
}

#[test]
fn every_price_model_has_a_form_that_is_taken() {
    let price = "  model: subscription\n  amount_minor: 900\n  currency: EUR\n  unit: month\n";
    let forms = [
        "free 0 -",
        "freemium 900 -",
        "one_time 900 -",
        "subscription 900 month",
        "usage 2 message",
        "usage 2 task",
    ];
    for form in forms {
        let mut words = form.split(' ');
        let mut next = || words.next().unwrap();
        let text = format!(
            "  model: {}\n  amount_minor: {}\n  currency: EUR\n",
            next(),
            next()
        );
        let unit = match next() {
            "-" => String::new(),
            unit => format!("  unit: {unit}\n"),
        };
        let manifest = GOOD.replace(price, &(text + &unit));
        assert!(Manifest::parse(&manifest).is_ok(), "{form}");
    }
}

#[test]
fn what_is_no_manifest_at_all_is_refused_in_one_sentence() {
    let texts = [
        "",
        "# only a comment\n",
        "just text",
        "- a\n- list\n",
        "name: [unclosed\n",
        "name: a\n  slug: b\n",
        "a: &a [x, x]\nb: [*a, *a]\n",
        "manifest: guildhall/v1\n---\nname: second\n",
    ];
    let problems = texts.map(|text| {
        Manifest::parse(text)
            .unwrap_err()
            .first()
            .unwrap()
            .to_string()
    });
    insta::assert_snapshot!(problems.join("\n"), @"
    file: is empty; write the manifest's fields
    file: is empty; write the manifest's fields
    file: must be a group of fields (`name: value`), not `just text` [line 1]
    file: must be a group of fields (`name: value`), not a list [line 1]
    file: is not valid YAML: while parsing a flow sequence, expected ',' or ']' [line 2]
    file: is not valid YAML: mapping values are not allowed in this context [line 2]
    a: uses a YAML anchor or alias (`&name`, `*name`); write the value out [line 1]
    file: a second document begins here; keep one document per file [line 2]
    ");
    let large = format!("{GOOD}# {}", "x".repeat(MANIFEST_BYTES_MAX));
    let problems = Manifest::parse(&large).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.starts_with("is 66"), "{}", problems[0]);
}

/// Every value of the good manifest, replaced by each of these, must get the same verdict from the
/// published schema (through an independent validator) as from the node, rules of several fields apart.
#[test]
fn the_published_schema_gives_the_same_verdict_as_the_node() {
    let validator = jsonschema::validator_for(&Manifest::json_schema()).unwrap();
    let good = yaml::parse(GOOD).unwrap();
    assert!(validator.is_valid(&good.value));
    let long = serde_json::json!(repeated("word ", 2000));
    let values = [
        serde_json::json!(null),
        serde_json::json!(true),
        serde_json::json!(7),
        serde_json::json!(-7),
        serde_json::json!(1.5),
        serde_json::json!("kebab-case"),
        serde_json::json!("Two words"),
        serde_json::json!("1.5B"),
        serde_json::json!("EUR"),
        serde_json::json!("x"),
        serde_json::json!([]),
        serde_json::json!(["tea", "tea"]),
        serde_json::json!({}),
        serde_json::json!({"unknown": 1}),
        long,
    ];
    let mut checked = 0;
    for pointer in pointers(&good.value, String::new()) {
        for value in &values {
            let mut document = yaml::Document::default();
            document.value = good.value.clone();
            *document.value.pointer_mut(&pointer).unwrap() = value.clone();
            let refused = !check::problems(&document).is_empty();
            assert_eq!(
                refused,
                !validator.is_valid(&document.value),
                "{pointer} = {value}"
            );
            checked += 1;
        }
    }
    assert!(checked > 500, "{checked}");
}

fn pointers(value: &serde_json::Value, at: String) -> Vec<String> {
    let inner: Vec<String> = match value {
        serde_json::Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| pointers(value, format!("{at}/{name}")))
            .collect(),
        serde_json::Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(place, value)| pointers(value, format!("{at}/{place}")))
            .collect(),
        _ => Vec::new(),
    };
    inner.into_iter().chain([at]).collect()
}

#[test]
fn the_published_schema_file_is_current() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/manifest.schema.json");
    let current = serde_json::to_string_pretty(&Manifest::json_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == current,
        "docs/manifest.schema.json is out of date; run the tests with UPDATE_GENERATED=1"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,300}") {
        let _ = Manifest::parse(&text);
    }

    #[test]
    fn no_yaml_makes_the_parser_panic(text in "([a-z_]{0,6}[:,&*!|>'\"\\[\\]{}#%@?-]{0,2}[ \n\t]{1,4}){0,60}") {
        let _ = Manifest::parse(&text);
    }

    #[test]
    fn a_damaged_manifest_is_taken_or_refused_with_words(
        place in 0..GOOD.len(), length in 0..40_usize, patch in "[a-z:,&*!|>'\"\\[\\]{}# \n-]{0,12}",
    ) {
        let end = (place + length).min(GOOD.len());
        let text = format!("{}{patch}{}", &GOOD[..place], &GOOD[end..]);
        if let Err(problems) = Manifest::parse(&text) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| !problem.message.is_empty() && !problem.path.is_empty()));
        }
    }
}
