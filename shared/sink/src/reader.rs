//! The interface of readers: search, look-up, and scans for the audit. Vectors are returned only on request.

use generation::{Names, Target};
use message::{About, ChunkId, DocumentId, DocumentRecord, Fingerprint, Version};
use serde::Deserialize;

use crate::error::SinkError;
use crate::question::{Clause, Window, Words};

/// A readable generation of indexes. Answers are never partial: when a shard does not answer, the query fails. Searches, and
/// what is looked up for their answers, are refused when they find something of another space: an index may become another one
/// after it was checked. Scans, [`Reader::document`] and [`Reader::chunks_of`] bring it, for the audit, with the space named.
///
/// # Errors
/// Each method fails with [`SinkError::Unavailable`] when waiting should help, [`SinkError::Missing`] when an index
/// does not exist, and [`SinkError::Denied`] or [`SinkError::Rejected`] when a human must act;
/// [`Reader::drawn`], [`Reader::keyword`], [`Reader::vector`], [`Reader::both`], [`Reader::fused`], [`Reader::documents`] and
/// [`Reader::passages`] also with [`SinkError::Mismatch`].
pub trait Reader: Send + Sync + 'static {
    /// Compares the space recorded in the indexes with `space`; a reader calls it before its first query. Fails with
    /// [`SinkError::Mismatch`].
    fn check(&self, space: &Fingerprint) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// The languages of the passages, unordered: a question must be put into terms for each of them.
    fn languages(&self) -> impl Future<Output = Result<Vec<String>, SinkError>> + Send;

    /// The number of passages for which all clauses hold, and for each term the number of those that hold it (document
    /// frequency), in order. Give what an access key imposes, so that nobody learns how often a word is in passages that he may
    /// not see. What somebody only wants to look at (a folder, a language) need not be among the clauses: it makes no word rarer
    /// in the collection that he asks, and leaves too few passages to count.
    fn frequencies(
        &self,
        terms: &[&str],
        among: &[Clause],
    ) -> impl Future<Output = Result<(u64, Vec<u64>), SinkError>> + Send;

    /// At most `size` (1 to 10,000) passages, a pseudo-random sample that is always the same: those with the smallest
    /// ids, which are digests.
    fn drawn(&self, size: usize) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// The passages of the window that match the words best (BM25), best first; empty without words.
    fn keyword(
        &self,
        words: &Words,
        window: &Window,
    ) -> impl Future<Output = Result<Vec<Hit>, SinkError>> + Send;

    /// The passages of the window with the nearest vectors, best first. The score is (1 + cosine) / 2, or near it where
    /// vectors are quantised and not compared again: see [`VectorKind`](crate::VectorKind).
    fn vector(
        &self,
        vector: &[f32],
        window: &Window,
    ) -> impl Future<Output = Result<Vec<Hit>, SinkError>> + Send;

    /// [`Reader::keyword`] and [`Reader::vector`] in one request.
    fn both(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> impl Future<Output = Result<(Vec<Hit>, Vec<Hit>), SinkError>> + Send;

    /// [`Reader::keyword`] and [`Reader::vector`] fused by the engine itself: reciprocal rank fusion over the window
    /// with the constant [`RANK_CONSTANT`], scores in [`Hit::score`]. None where the engine does not offer it; that
    /// is tried once.
    fn fused(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> impl Future<Output = Result<Option<Vec<Hit>>, SinkError>> + Send;

    /// A document's record as last written, even before a refresh; none when there is none.
    fn document(
        &self,
        document: &DocumentId,
    ) -> impl Future<Output = Result<Option<StoredDocument>, SinkError>> + Send;

    /// The records of these documents, even before a refresh; missing ones are left out.
    fn documents(
        &self,
        documents: &[DocumentId],
    ) -> impl Future<Output = Result<Vec<StoredDocument>, SinkError>> + Send;

    /// These chunks as far as they are visible, unordered.
    fn passages(&self, ids: &[ChunkId]) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// The number of visible items (after a refresh: of all items).
    fn count(&self, target: Target) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// The next `size` (1 to 10,000) chunks after `after`, sorted by document (bytewise), then by id. Start with
    /// none.
    fn scan_chunks(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> impl Future<Output = Result<Page<StoredChunk>, SinkError>> + Send;

    /// The next `size` (1 to 10,000) document records after `after`, sorted by document (bytewise). A record may have
    /// several MB.
    fn scan_documents(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> impl Future<Output = Result<Page<StoredDocument>, SinkError>> + Send;

    /// All visible chunks of one document, sorted by id.
    fn chunks_of(
        &self,
        document: &DocumentId,
    ) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// The vectors of these chunks as the engine holds them, unordered; missing ones are left out.
    fn vectors(&self, ids: &[ChunkId]) -> impl Future<Output = Result<Vec<StoredVector>, SinkError>> + Send;

    /// Makes all writes visible to searches, counts and scans.
    fn refresh(&self) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// The constant of reciprocal rank fusion, Σ 1 / (constant + rank): the value of Cormack, Clarke and Büttcher (SIGIR
/// 2009), and the default of every engine that offers it.
pub const RANK_CONSTANT: u32 = 60;

/// A passage found by a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The passage's id.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// What it can be filtered by; the language is the passage's own.
    pub about: About,
    /// The space of its vector.
    pub space: Fingerprint,
    /// The engine's score, comparable only within one answer.
    pub score: f64,
}

/// A page of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The items, in the scan's order.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last.
    pub after: Option<Place>,
}

/// A position in a scan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The document, `bucket/key`.
    pub document: String,
    /// The item's id in the index.
    pub id: String,
}

/// A chunk as stored in the engine, without its vector.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredChunk {
    /// The passage's id.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// Tokens in heading path and text together.
    pub tokens: u32,
    /// The version that wrote it.
    pub version: Version,
    /// The space of its vector.
    pub space: Fingerprint,
}

/// A document record as stored in the engine.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredDocument {
    /// The record.
    #[serde(flatten)]
    pub record: DocumentRecord,
    /// The space of its passages.
    pub space: Fingerprint,
}

/// A chunk's vector as stored in the engine.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// The passage's id.
    pub id: ChunkId,
    /// The numbers. An engine may have normalised them.
    pub vector: Vec<f32>,
}

/// Refuses what was written with another space than that of the generation that is read: somebody restored another index under
/// its name, or put an alias there.
///
/// # Errors
/// [`SinkError::Mismatch`], with the first other space.
pub fn check_spaces<'a>(
    names: &Names,
    target: Target,
    found: impl IntoIterator<Item = &'a Fingerprint>,
) -> Result<(), SinkError> {
    let Some(other) = found.into_iter().find(|space| *space != names.space()) else { return Ok(()) };
    let what = match target {
        Target::Chunks => "passages of the space",
        Target::Documents => "records of the space",
    };
    let (found, expected) = (other.to_string(), names.space().to_string());
    Err(SinkError::Mismatch { index: names.physical(target), what, found, expected })
}

/// The cosine that [`Reader::vector`] ranks by; 0 when a vector is zero.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let length = dot(a, a).sqrt() * dot(b, b).sqrt();
    if length == 0.0 { 0.0 } else { dot(a, b) / length }
}
