//! Full-text search over the catalogue. The index on disk is a cache of the database: when it is
//! missing, of another catalogue, damaged or cannot be written, it is built anew (in memory, if need
//! be), and nobody but the log hears of it.

mod query;

use std::{fs, path::Path};

use guildhall_kernel::{Error, Result};
use tantivy::{
    DocAddress, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Score, Searcher,
    TantivyDocument,
    collector::TopDocs,
    columnar::Column,
    directory::MmapDirectory,
    merge_policy::NoMergePolicy,
    schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer},
};

use super::manifest::Manifest;

/// Changes whenever fields or analysis change, so that older indexes are built anew.
const INDEX_FORMAT: u32 = 1;
const WRITER_MEMORY_BYTES: usize = 32 * 1024 * 1024;
const WORD_BYTES_MAX: usize = 60;
const ANALYZER: &str = "words";

/// The searched fields and how much a word in them weighs.
const FIELDS: [(&str, f32); 8] = [
    ("name", 8.0),
    ("tags", 5.0),
    ("category", 4.0),
    ("persona", 4.0),
    ("summary", 3.0),
    ("tasks", 2.0),
    ("features", 2.0),
    ("description", 1.0),
];

/// What the index knows of one agent, in the order of [`FIELDS`].
pub(super) struct SearchDocument([String; FIELDS.len()]);

impl SearchDocument {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let tasks = manifest
            .sample_tasks
            .iter()
            .map(|task| format!("{} {}", task.title, task.prompt));
        Self([
            manifest.name.clone(),
            // A slug may join what a name sets apart: "it-helpdesk" is "IT help desk".
            format!("{} {}", manifest.tags.join(" "), manifest.slug),
            manifest.category.as_str().to_owned(),
            manifest.persona.default_name.clone(),
            manifest.summary.clone(),
            tasks.collect::<Vec<_>>().join(" "),
            manifest.features.join(" "),
            manifest.description.clone(),
        ])
    }
}

/// The index of one catalogue.
pub(super) struct SearchIndex {
    searcher: Searcher,
    /// By segment: the place in the catalogue of each document.
    positions: Vec<Column<u64>>,
    fields: Vec<(Field, f32)>,
    analyzer: TextAnalyzer,
}

impl SearchIndex {
    /// Opens the index in `directory` when it is sound and was built for `fingerprint`.
    pub(super) fn open(directory: &Path, fingerprint: &str) -> Option<Self> {
        let index = Index::open(MmapDirectory::open(directory).ok()?).ok()?;
        let is_current = index.load_metas().ok()?.payload.as_deref() == Some(&stamp(fingerprint))
            && index.schema() == schema()
            && index.validate_checksum().ok()?.is_empty();
        if !is_current {
            return None;
        }
        index.tokenizers().register(ANALYZER, analyzer());
        Self::new(&index).ok()
    }

    /// Builds the index of `documents` in `directory`, or in memory when that fails.
    pub(super) fn build(
        directory: &Path,
        fingerprint: &str,
        documents: &[SearchDocument],
    ) -> Result<Self> {
        match Self::build_on_disk(directory, fingerprint, documents) {
            Ok(index) => Ok(index),
            Err(error) => {
                tracing::warn!(
                    error = error.chain(),
                    "the search index is kept in memory: it cannot be written"
                );
                Self::fill(Index::create_in_ram(schema()), fingerprint, documents)
            }
        }
    }

    fn build_on_disk(
        directory: &Path,
        fingerprint: &str,
        documents: &[SearchDocument],
    ) -> Result<Self> {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory)?;
        let files = MmapDirectory::open(directory).map_err(|error| failed("opening", error))?;
        let index = Index::create(files, schema(), IndexSettings::default());
        Self::fill(
            index.map_err(|error| failed("creating", error))?,
            fingerprint,
            documents,
        )
    }

    fn fill(index: Index, fingerprint: &str, documents: &[SearchDocument]) -> Result<Self> {
        index.tokenizers().register(ANALYZER, analyzer());
        write(&index, fingerprint, documents).map_err(|error| failed("writing", error))?;
        Self::new(&index).map_err(|error| failed("opening", error))
    }

    fn new(index: &Index) -> tantivy::Result<Self> {
        let reader: IndexReader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let searcher = reader.searcher();
        let segments = searcher.segment_readers().iter();
        let positions = segments.map(|segment| segment.fast_fields().u64("position"));
        let schema = index.schema();
        let fields = FIELDS
            .iter()
            .map(|(name, weight)| Ok((schema.get_field(name)?, *weight)));
        Ok(Self {
            positions: positions.collect::<tantivy::Result<_>>()?,
            fields: fields.collect::<tantivy::Result<_>>()?,
            searcher,
            analyzer: analyzer(),
        })
    }

    /// The positions of the documents that match `text`, best first. Words that occur nowhere are
    /// taken as mistyped; when no document has all words, one with half of them will do.
    ///
    /// # Errors
    /// Internal, when the index cannot be read.
    pub(super) fn search(&self, text: &str) -> Result<Vec<usize>> {
        self.matches(text)
            .map_err(|error| failed("searching", error))
    }

    fn matches(&self, text: &str) -> tantivy::Result<Vec<usize>> {
        let documents = usize::try_from(self.searcher.num_docs())
            .unwrap_or(usize::MAX)
            .max(1);
        let words = query::words(self.analyzer.clone(), text);
        for query in query::of_words(&self.searcher, &self.fields, &words)? {
            let top = TopDocs::with_limit(documents).order_by_score();
            let top = self.searcher.search(&query, &top)?;
            if !top.is_empty() {
                let mut found: Vec<(Score, usize)> = top
                    .into_iter()
                    .filter_map(|(score, at)| Some((score, self.position(at)?)))
                    .collect();
                // Equal matches stand in the order of the catalogue.
                found.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
                return Ok(found.into_iter().map(|(_, position)| position).collect());
            }
        }
        Ok(Vec::new())
    }

    fn position(&self, at: DocAddress) -> Option<usize> {
        let column = self.positions.get(usize::try_from(at.segment_ord).ok()?)?;
        usize::try_from(column.first(at.doc_id)?).ok()
    }
}

fn write(index: &Index, fingerprint: &str, documents: &[SearchDocument]) -> tantivy::Result<()> {
    let schema = index.schema();
    let position_field = schema.get_field("position")?;
    let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY_BYTES)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for (position, SearchDocument(texts)) in documents.iter().enumerate() {
        let mut document = TantivyDocument::new();
        document.add_u64(position_field, position as u64);
        for ((name, _), text) in FIELDS.iter().zip(texts) {
            document.add_text(schema.get_field(name)?, text);
        }
        writer.add_document(document)?;
    }
    let mut commit = writer.prepare_commit()?;
    commit.set_payload(&stamp(fingerprint));
    commit.commit()?;
    writer.wait_merging_threads()
}

fn stamp(fingerprint: &str) -> String {
    format!("{INDEX_FORMAT} {fingerprint}")
}

fn schema() -> Schema {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqs);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut builder = Schema::builder();
    builder.add_u64_field("position", FAST);
    for (name, _) in FIELDS {
        builder.add_text_field(name, options.clone());
    }
    builder.build()
}

fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(WORD_BYTES_MAX))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

fn failed(doing: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal(format!("{doing} the search index")).with_source(error)
}

#[cfg(test)]
mod tests;
