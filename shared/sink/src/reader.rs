//! The seam of readers: search, look-up, and scans for the audit. Vectors come only when they are asked for.

use generation::Target;
use message::{About, ChunkId, DocumentId, DocumentRecord, Fingerprint, Version};
use serde::Deserialize;

use crate::error::SinkError;
use crate::question::{Window, Words};

/// Something that holds one generation of indexes and can be asked. Every answer is whole: when a shard does not
/// answer, the question fails instead of being answered in part.
///
/// # Errors
/// Each method fails with [`SinkError::Unavailable`] when waiting should help, [`SinkError::Missing`] when an index is
/// not there, and [`SinkError::Denied`] or [`SinkError::Rejected`] when a human must act.
pub trait Reader: Send + Sync + 'static {
    /// Compares what the indexes say of themselves with `space`; a reader calls it before its first question.
    /// Fails with [`SinkError::Mismatch`].
    fn check(&self, space: &Fingerprint) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// The languages that passages are in, in no order: what a question has to be put into terms for.
    fn languages(&self) -> impl Future<Output = Result<Vec<String>, SinkError>> + Send;

    /// How many passages there are, and how many of them hold each of these terms, in their order: what a term's rarity
    /// is counted from. No filter applies.
    fn frequencies(&self, terms: &[&str]) -> impl Future<Output = Result<(u64, Vec<u64>), SinkError>> + Send;

    /// At most `size` (1 to 10,000) passages as if drawn by chance, and always the same: those whose ids, which are
    /// digests, are the smallest.
    fn drawn(&self, size: usize) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// The passages of the window that match the words best (BM25), best first; none without words.
    fn keyword(
        &self,
        words: &Words,
        window: &Window,
    ) -> impl Future<Output = Result<Vec<Hit>, SinkError>> + Send;

    /// The passages of the window whose vectors are nearest, best first. The score is (1 + cosine) / 2.
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

    /// [`Reader::keyword`] and [`Reader::vector`] fused by the engine itself: reciprocal rank fusion with the constant
    /// [`RANK_CONSTANT`] over the window, its scores in [`Hit::score`]. None where the engine does not offer that, which it
    /// is asked once.
    fn fused(
        &self,
        words: &Words,
        vector: &[f32],
        window: &Window,
    ) -> impl Future<Output = Result<Option<Vec<Hit>>, SinkError>> + Send;

    /// A document's record as it was last written, refreshed or not; none when it is not there.
    fn document(
        &self,
        document: &DocumentId,
    ) -> impl Future<Output = Result<Option<StoredDocument>, SinkError>> + Send;

    /// The records of these documents, refreshed or not; one that is not there is left out.
    fn documents(
        &self,
        documents: &[DocumentId],
    ) -> impl Future<Output = Result<Vec<StoredDocument>, SinkError>> + Send;

    /// These chunks as far as the index shows them, in no order.
    fn passages(&self, ids: &[ChunkId]) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// How many items an index shows (after a refresh: holds).
    fn count(&self, target: Target) -> impl Future<Output = Result<u64, SinkError>> + Send;

    /// The next `size` (1 to 10,000) chunks after `after`, sorted by document (the order of its bytes), then by id.
    /// Begin with none.
    fn scan_chunks(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> impl Future<Output = Result<Page<StoredChunk>, SinkError>> + Send;

    /// The next `size` (1 to 10,000) document records after `after`, sorted by document (the order of its bytes). A
    /// record may have some MB.
    fn scan_documents(
        &self,
        after: Option<&Place>,
        size: usize,
    ) -> impl Future<Output = Result<Page<StoredDocument>, SinkError>> + Send;

    /// Every chunk of one document that the index shows, sorted by id.
    fn chunks_of(
        &self,
        document: &DocumentId,
    ) -> impl Future<Output = Result<Vec<StoredChunk>, SinkError>> + Send;

    /// The vectors of these chunks as the engine holds them, in no order; an id that is not there is left out.
    fn vectors(&self, ids: &[ChunkId]) -> impl Future<Output = Result<Vec<StoredVector>, SinkError>> + Send;

    /// Makes everything that was written visible to searches, counts and scans.
    fn refresh(&self) -> impl Future<Output = Result<(), SinkError>> + Send;
}

/// The constant of reciprocal rank fusion, Σ 1 / (constant + rank): that of Cormack, Clarke and Büttcher (SIGIR 2009), and
/// the default of every engine that offers it.
pub const RANK_CONSTANT: u32 = 60;

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Which passage.
    pub id: ChunkId,
    /// Whose.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// What it can be filtered by; the language is its own.
    pub about: About,
    /// The engine's score; comparable within one answer only.
    pub score: f64,
}

/// A page of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What it holds, in the scan's order.
    pub items: Vec<T>,
    /// Where the next page begins; none after the last page.
    pub after: Option<Place>,
}

/// An item's place in the order of a scan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// `bucket/key` of its document.
    pub document: String,
    /// Its id in the index.
    pub id: String,
}

/// A chunk as the engine stores it, without its vector.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredChunk {
    /// Which passage.
    pub id: ChunkId,
    /// Whose.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// Tokens of heading path and text.
    pub tokens: u32,
    /// The version that wrote it.
    pub version: Version,
    /// The space of its vector.
    pub space: Fingerprint,
}

/// A document record as the engine stores it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredDocument {
    /// The record.
    #[serde(flatten)]
    pub record: DocumentRecord,
    /// The space of its passages.
    pub space: Fingerprint,
}

/// A chunk's vector as the engine stores it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredVector {
    /// Which passage.
    pub id: ChunkId,
    /// Its numbers. An engine may have normalised them.
    pub vector: Vec<f32>,
}

/// The cosine that [`Reader::vector`] ranks by; 0 where a vector has no length.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot =
        |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    let length = dot(a, a).sqrt() * dot(b, b).sqrt();
    if length == 0.0 { 0.0 } else { dot(a, b) / length }
}
