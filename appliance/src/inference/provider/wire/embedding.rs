//! Vectors of texts: OpenAI and what speaks like it, Azure, Ollama, and Titan on Bedrock. Source:
//! <https://platform.openai.com/docs/api-reference/embeddings>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>.

use guildhall_kernel::Result;
use serde_json::{Value, json};

use super::{
    Frame, Framing, Outgoing, Piece, ProviderKind, Reader, Target, Usage, at, bearer, bedrock,
    failure::{garbled, read_json},
    openai, outgoing, path_segment, unsupported,
};

/// Texts per request where a protocol takes several.
const TEXTS_MAX: usize = 64;
/// Longest vector believed.
const DIMENSIONS_MAX: usize = 16_384;

/// Vectors and what they took.
#[derive(Debug, PartialEq)]
pub(in crate::inference::provider) struct EmbeddingReply {
    pub(in crate::inference::provider) vectors: Vec<Vec<f32>>,
    pub(in crate::inference::provider) usage: Usage,
}

/// The requests that embed the texts, in their order, each with how many of them it takes.
pub(in crate::inference::provider) fn embedding_requests(
    target: Target<'_>,
    texts: &[String],
) -> Result<Vec<(Outgoing, usize)>> {
    match target.provider.kind {
        ProviderKind::Openai | ProviderKind::AzureOpenai | ProviderKind::OpenaiCompatible => texts
            .chunks(TEXTS_MAX)
            .map(|texts| {
                let body = json!({ "model": target.model.name, "input": texts, "encoding_format": "float" });
                let path = openai::path(target, "embeddings");
                let request = whole(path, openai::headers(target)?, &body)?;
                Ok((request, texts.len()))
            })
            .collect(),
        ProviderKind::Ollama => texts
            .chunks(TEXTS_MAX)
            .map(|texts| {
                let body = json!({ "model": target.model.name, "input": texts });
                let request = whole("/api/embed".to_owned(), bearer(target.credentials)?, &body)?;
                Ok((request, texts.len()))
            })
            .collect(),
        ProviderKind::Bedrock => texts
            .iter()
            .map(|text| {
                let path = format!("/model/{}/invoke", path_segment(&target.model.name));
                let body = json!({ "inputText": text });
                let request = whole(path, bearer(target.credentials)?, &body)?;
                Ok((bedrock::signed(target, request)?, 1))
            })
            .collect(),
        ProviderKind::Anthropic | ProviderKind::Gemini | ProviderKind::AmazonQ => {
            Err(unsupported(target, "texts to embed"))
        }
    }
}

fn whole(path: String, headers: axum::http::HeaderMap, body: &Value) -> Result<Outgoing> {
    outgoing(path, headers, body, (Framing::Whole, Box::new(Nothing)))
}

/// Vectors are read by [`read_embeddings`].
struct Nothing;

impl Reader for Nothing {
    fn read(&mut self, _frame: &Frame, _pieces: &mut Vec<Piece>) -> Result<()> {
        Ok(())
    }
}

/// Reads the answer to a request for `count` texts.
pub(in crate::inference::provider) fn read_embeddings(
    kind: ProviderKind,
    body: &[u8],
    count: usize,
) -> Result<EmbeddingReply> {
    let answer = read_json(body)?;
    let (vectors, usage) = match kind {
        ProviderKind::Bedrock => {
            let usage = Usage {
                input: at(&answer, "/inputTextTokenCount").as_u64(),
                ..Usage::default()
            };
            (vec![vector(at(&answer, "/embedding"))?], usage)
        }
        ProviderKind::Ollama => {
            let usage = Usage {
                input: at(&answer, "/prompt_eval_count").as_u64(),
                ..Usage::default()
            };
            let vectors = at(&answer, "/embeddings").as_array().into_iter().flatten();
            (vectors.map(vector).collect::<Result<_>>()?, usage)
        }
        _ => {
            let mut entries: Vec<&Value> = at(&answer, "/data")
                .as_array()
                .into_iter()
                .flatten()
                .collect();
            entries.sort_by_key(|entry| at(entry, "/index").as_u64());
            let vectors = entries
                .into_iter()
                .map(|entry| vector(at(entry, "/embedding")));
            let usage = openai::usage(at(&answer, "/usage")).unwrap_or_default();
            (vectors.collect::<Result<_>>()?, usage)
        }
    };
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.len() != count || vectors.iter().any(|vector| vector.len() != length) {
        return Err(garbled("sent other vectors than were asked for"));
    }
    Ok(EmbeddingReply { vectors, usage })
}

/// One vector, made of length 1 as those of the node are.
fn vector(value: &Value) -> Result<Vec<f32>> {
    let vector: Vec<f32> = serde_json::from_value(value.clone())
        .map_err(|_| garbled("sent a vector that cannot be read"))?;
    let norm = vector
        .iter()
        .map(|number| f64::from(*number).powi(2))
        .sum::<f64>()
        .sqrt();
    if vector.is_empty() || vector.len() > DIMENSIONS_MAX || !norm.is_finite() || norm < 1e-12 {
        return Err(garbled("sent a vector that cannot be used"));
    }
    #[allow(clippy::cast_possible_truncation)] // A number of at most 1.
    Ok(vector
        .into_iter()
        .map(|number| (f64::from(number) / norm) as f32)
        .collect())
}
