//! Well-known open models: what their publishers say, and what this machine makes of them. Facts to choose
//! by, compiled in; nothing is fetched.

use std::sync::OnceLock;

use guildhall_kernel::{Error, Result};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Inference, inspect,
    model::{ModelKind, Verdict},
    needs::Needs,
};

#[derive(RustEmbed)]
#[folder = "../models/catalog"]
#[include = "*.toml"]
struct Files;

/// Bits per weight of usual quantisations, times 100 (llama.cpp's `quantize` prints them).
const QUANTISATIONS: [(&str, u64); 5] = [
    ("MXFP4", 450),
    ("Q4_K_M", 485),
    ("Q5_K_M", 569),
    ("Q8_0", 850),
    ("F16", 1600),
];
/// What is offered unless the model's publisher ships something else.
const GENERATIVE: [&str; 3] = ["Q4_K_M", "Q5_K_M", "Q8_0"];
const EMBEDDING: [&str; 2] = ["Q8_0", "F16"];

/// A model as its file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    name: String,
    publisher: String,
    license: String,
    kind: ModelKind,
    architecture: String,
    summary: String,
    parameters: u64,
    active_parameters: Option<u64>,
    context_length: u32,
    layers: u64,
    key_value_heads: u64,
    head_length: u64,
    #[serde(default)]
    quantisations: Vec<String>,
}

/// A well-known open model.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KnownModel {
    pub name: String,
    pub publisher: String,
    pub licence: String,
    /// Whether the licence is one that asks for nothing before use.
    pub licence_is_permissive: bool,
    pub kind: ModelKind,
    pub architecture: String,
    /// One sentence for people.
    pub summary: String,
    pub parameters: u64,
    /// The part that works on each token, when it is not all of them.
    #[schema(required)]
    pub active_parameters: Option<u64>,
    pub context_length: u32,
    /// Usual forms of the file, smallest first.
    pub options: Vec<KnownOption>,
}

/// One form of a well-known model's file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KnownOption {
    pub quantisation: String,
    /// Estimate of the file's size, from the number of weights.
    pub size_bytes: u64,
    pub verdict: Verdict,
}

fn facts() -> Result<&'static [Facts]> {
    static FACTS: OnceLock<std::result::Result<Vec<Facts>, String>> = OnceLock::new();
    let read = FACTS.get_or_init(|| {
        let files = Files::iter().filter_map(|name| Some((name.clone(), Files::get(&name)?)));
        let mut facts = Vec::new();
        for (name, file) in files {
            let text = String::from_utf8_lossy(&file.data);
            let read = toml::from_str::<Facts>(&text);
            facts.push(read.map_err(|error| format!("{name}: {error}"))?);
        }
        facts.sort_by_key(|model| (model.kind.as_str() != "generative", model.parameters));
        Ok(facts)
    });
    match read {
        Ok(facts) => Ok(facts),
        Err(reason) => Err(Error::internal(format!(
            "a known model does not read: {reason}"
        ))),
    }
}

impl Facts {
    fn options(&self) -> Vec<(&'static str, u64)> {
        let usual: &[&str] = if self.kind == ModelKind::Embedding {
            &EMBEDDING
        } else {
            &GENERATIVE
        };
        let is_offered = |name: &str| {
            if self.quantisations.is_empty() {
                usual.contains(&name)
            } else {
                self.quantisations.iter().any(|own| own == name)
            }
        };
        let offered = QUANTISATIONS
            .into_iter()
            .filter(|(name, _)| is_offered(name));
        offered.collect()
    }

    /// Bytes of `parameters` weights at hundredths of a bit each.
    fn bytes(parameters: u64, centibits: u64) -> u64 {
        parameters.saturating_mul(centibits) / 800
    }

    fn cache_per_token(&self) -> u64 {
        // Keys and values, two bytes each.
        self.layers * self.key_value_heads * self.head_length * 4
    }
}

impl Inference {
    /// Well-known open models, smallest first, with what this machine makes of them.
    ///
    /// # Errors
    /// Internal when the program carries a damaged list.
    pub fn known_models(&self) -> Result<Vec<KnownModel>> {
        let known = facts()?.iter().map(|model| KnownModel {
            name: model.name.clone(),
            publisher: model.publisher.clone(),
            licence: model.license.clone(),
            licence_is_permissive: inspect::is_permissive(&model.license),
            kind: model.kind,
            architecture: model.architecture.clone(),
            summary: model.summary.clone(),
            parameters: model.parameters,
            active_parameters: model.active_parameters,
            context_length: model.context_length,
            options: self.options(model),
        });
        Ok(known.collect())
    }

    fn options(&self, model: &Facts) -> Vec<KnownOption> {
        let settings = &self.0.settings;
        let options = model.options().into_iter();
        options
            .map(|(quantisation, centibits)| {
                let size_bytes = Facts::bytes(model.parameters, centibits);
                let read = model.active_parameters.unwrap_or(model.parameters);
                let speed = self.expected_speed(Facts::bytes(read, centibits));
                let needs = Needs {
                    weights: size_bytes,
                    cache_per_token: model.cache_per_token(),
                    context_length: model.context_length,
                };
                let of = (model.kind, &needs);
                KnownOption {
                    quantisation: quantisation.to_owned(),
                    size_bytes,
                    verdict: inspect::verdict(of, &settings.wish, settings.budget, speed),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_reads_and_says_what_the_engine_knows() {
        let architectures = include_str!("../../../models/catalog/architectures.txt");
        let facts = facts().unwrap();
        assert!(facts.len() >= 30, "{}", facts.len());
        for model in facts {
            let known = architectures.lines().any(|line| line == model.architecture);
            assert!(known, "{}: {}", model.name, model.architecture);
            assert!(!model.options().is_empty(), "{}", model.name);
            assert!(model.summary.ends_with('.'), "{}", model.name);
        }
    }

    #[test]
    fn sizes_are_what_people_find() {
        let qwen = facts()
            .unwrap()
            .iter()
            .find(|model| model.name == "Qwen3 8B")
            .unwrap();
        let size = Facts::bytes(qwen.parameters, 485);
        assert!((4_900_000_000..5_100_000_000).contains(&size), "{size}");
        assert_eq!(qwen.cache_per_token(), 147_456);
    }
}
