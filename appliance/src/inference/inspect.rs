//! What a model file says of itself, and whether that suits this node: read from its header alone, so that
//! a file is judged before the rest of it has arrived.

use guildhall_engine_protocol::gguf::Header;
use guildhall_kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    model::{ModelKind, Verdict},
    needs::{self, Needs, Wish},
};

/// Architectures that the engine loads, one per line.
const ARCHITECTURES: &str = include_str!("../../../models/catalog/architectures.txt");
/// Architectures that turn text into vectors.
const EMBEDDING: [&str; 11] = [
    "bert",
    "eurobert",
    "gemma-embedding",
    "jina-bert-v2",
    "jina-bert-v3",
    "llama-embed",
    "modern-bert",
    "neo-bert",
    "nomic-bert",
    "nomic-bert-moe",
    "t5encoder",
];
/// Licences that ask for nothing before use (SPDX identifiers in lower case).
const PERMISSIVE: [&str; 10] = [
    "0bsd",
    "apache-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc-by-4.0",
    "cc0-1.0",
    "isc",
    "mit",
    "mit-0",
    "unlicense",
];
const TITLE_CHARACTERS_MAX: usize = 120;

/// What a model file says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inspection {
    pub kind: ModelKind,
    /// The model's own name, else the file's.
    pub title: String,
    pub architecture: String,
    pub quantisation: String,
    /// Number of weights.
    pub parameters: u64,
    /// Tokens it was trained to read at once.
    pub context_length: u32,
    /// The licence the file names.
    #[schema(required)]
    pub licence: Option<String>,
    /// Whether the licence is one that asks for nothing before use.
    pub licence_is_permissive: bool,
    pub has_chat_template: bool,
    /// Whether its chat template knows tools; it can call tools without, by grammar.
    pub has_tool_template: bool,
    /// Bytes of the weights.
    pub weight_bytes: u64,
    /// Bytes of memory per token of context, as 16-bit floats.
    pub cache_bytes_per_token: u64,
    /// What is known of the pack the model comes in, when it comes in one.
    #[serde(default)]
    #[schema(required)]
    pub pack: Option<PackFacts>,
}

/// What is known of a model pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PackFacts {
    /// This node, or the publisher known here who signed it; `null` when nobody vouches for it.
    #[schema(required)]
    pub signed_by: Option<String>,
}

impl Inspection {
    /// Judges a header; `file` names the file in refusals, `title` is used when the model has no name.
    ///
    /// # Errors
    /// `split_model`, `not_generative`, `model_unsupported`, `model_corrupt`.
    pub(super) fn of(header: &Header, file: &str, title: &str) -> Result<Self> {
        let refuse = |code, reason: String| Err(Error::invalid(code, format!("{file} {reason}")));
        let architecture = header.architecture();
        if header.split_count() > 1 {
            let parts = header.split_count();
            return refuse(
                "split_model",
                format!("is one of {parts} parts; merge them into one file first"),
            );
        }
        if header.tensors.is_empty() || architecture.is_empty() {
            return refuse(
                "model_corrupt",
                "holds no model; choose a model's .gguf file".to_owned(),
            );
        }
        let Some(kind) = kind_of(header) else {
            return refuse(
                "not_generative",
                format!("is a `{architecture}` model, which does not write text"),
            );
        };
        if !ARCHITECTURES.lines().any(|known| known == architecture) {
            return refuse(
                "model_unsupported",
                format!(
                    "is of architecture `{architecture}`, which this release does not know; choose another \
                     model or a newer release"
                ),
            );
        }
        let needs = Needs::of(header);
        let licence = header
            .license()
            .map(|text| clean(text, TITLE_CHARACTERS_MAX));
        Ok(Self {
            kind,
            title: clean(header.name().unwrap_or(title), TITLE_CHARACTERS_MAX),
            architecture: architecture.to_owned(),
            quantisation: header.quantisation(),
            parameters: header.parameters(),
            context_length: needs.context_length,
            licence_is_permissive: licence.as_deref().is_some_and(is_permissive),
            licence,
            has_chat_template: header.chat_template().is_some(),
            has_tool_template: header
                .chat_template()
                .is_some_and(|template| template.contains("tools")),
            weight_bytes: needs.weights,
            cache_bytes_per_token: needs.cache_per_token,
            pack: None,
        })
    }

    pub(super) fn needs(&self) -> Needs {
        Needs {
            weights: self.weight_bytes,
            cache_per_token: self.cache_bytes_per_token,
            context_length: self.context_length,
        }
    }
}

/// Whether a model of those needs fits, in figures and in words. An embedding model keeps no cache.
pub(super) fn verdict(
    (kind, needs): (ModelKind, &Needs),
    wish: &Wish,
    budget: u64,
    speed: Option<f64>,
) -> Verdict {
    let needs = match kind {
        ModelKind::Generative => *needs,
        ModelKind::Embedding | ModelKind::Adapter => Needs {
            cache_per_token: 0,
            ..*needs
        },
    };
    let plan = needs.best(wish, budget);
    let least = needs.least(wish).bytes;
    let speed = speed.filter(|_| plan.is_some() && kind == ModelKind::Generative);
    Verdict {
        fits: plan.is_some(),
        needs_bytes: plan.as_ref().map_or(least, |plan| plan.bytes),
        budget_bytes: budget,
        context_length: plan.as_ref().map_or(0, |plan| plan.context_length),
        sequences: plan.as_ref().map_or(0, |plan| plan.serving.sequences),
        tokens_per_second: speed,
        sentence: needs::sentence(plan.as_ref(), least, budget, speed),
    }
}

fn kind_of(header: &Header) -> Option<ModelKind> {
    let declared = header.metadata.get("general.type");
    if declared.and_then(guildhall_engine_protocol::gguf::Value::as_text) == Some("adapter") {
        return Some(ModelKind::Adapter);
    }
    if EMBEDDING.contains(&header.architecture()) {
        return Some(ModelKind::Embedding);
    }
    header.is_generative().then_some(ModelKind::Generative)
}

/// Whether a licence asks for nothing before use.
pub(super) fn is_permissive(licence: &str) -> bool {
    PERMISSIVE.contains(&licence.trim().to_ascii_lowercase().as_str())
}

/// A line of text from a foreign file: no control characters, no more than `characters_max`.
fn clean(text: &str, characters_max: usize) -> String {
    let printable = text.chars().filter(|letter| !letter.is_control());
    printable
        .take(characters_max)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use guildhall_engine_protocol::testing::{GgufWriter, TinyModel};

    use super::*;

    fn inspect(file: &GgufWriter) -> Result<Inspection> {
        let bytes = file.to_bytes();
        let header = Header::read(bytes.as_slice(), bytes.len() as u64).unwrap();
        Inspection::of(&header, "x.gguf", "x")
    }

    fn code(file: &GgufWriter) -> &'static str {
        inspect(file).unwrap_err().code()
    }

    #[test]
    fn a_model_is_described_from_its_header() {
        let inspection = inspect(&TinyModel::default().gguf()).unwrap();
        assert_eq!(inspection.kind, ModelKind::Generative);
        assert_eq!(inspection.title, "Tiny random model");
        assert!(inspection.licence_is_permissive && inspection.has_chat_template);
        assert!(!inspection.has_tool_template && inspection.parameters > 10_000);
    }

    #[test]
    fn files_of_other_kinds_are_told_apart() {
        let of = |architecture: &str| {
            GgufWriter::new()
                .text("general.architecture", architecture)
                .tensor("a", &[1], vec![1.0])
        };
        assert_eq!(inspect(&of("bert")).unwrap().kind, ModelKind::Embedding);
        let adapter = of("llama").text("general.type", "adapter");
        assert_eq!(inspect(&adapter).unwrap().kind, ModelKind::Adapter);
        assert_eq!(code(&of("clip")), "not_generative");
        assert_eq!(code(&of("no-such-network")), "model_unsupported");
        assert_eq!(code(&of("llama").u32("split.count", 3)), "split_model");
        let empty = GgufWriter::new().text("general.architecture", "llama");
        assert_eq!(code(&empty), "model_corrupt");
    }

    #[test]
    fn foreign_text_stays_one_short_line() {
        let hostile = TinyModel::default().gguf();
        let bytes = hostile.to_bytes();
        let mut header = Header::read(bytes.as_slice(), bytes.len() as u64).unwrap();
        let name = format!("a\nb\u{1b}[31m{}", "x".repeat(5000));
        let value = guildhall_engine_protocol::gguf::Value::Text(name);
        header.metadata.insert("general.name".to_owned(), value);
        let title = Inspection::of(&header, "x.gguf", "x").unwrap().title;
        assert!(
            title.starts_with("ab[31m") && title.chars().count() == 120,
            "{title}"
        );
    }
}
