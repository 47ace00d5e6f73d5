//! A question's way: embed it, ask the engine, fuse, answer.

use std::collections::HashMap;

use message::{ChunkId, DocumentId, Fingerprint};
use model::{Encoder, Role};
use serde::{Deserialize, Serialize};
use sink::{Hit, Reader, SinkError};
use tokio::sync::OnceCell;

use crate::fuse::fuse;

/// Passages of each ranking that are fused, at least: deeper than any page, so that a passage which is far down in
/// one ranking can still be lifted by the other.
const WINDOW: usize = 100;
/// Candidates that the engine looks at in each shard, for each passage asked for: recall against time.
const CANDIDATES: usize = 4;
/// The longest answer.
pub const LONGEST: usize = 1000;

/// How passages are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By words: BM25.
    Keyword,
    /// By meaning: nearest vectors.
    Vector,
    /// By both, fused.
    #[default]
    Hybrid,
}

/// An answer.
#[derive(Debug, Serialize, PartialEq)]
pub struct Answer {
    /// How it was found.
    pub mode: Mode,
    /// The space of the vectors.
    pub space: Fingerprint,
    /// The passages, best first.
    pub hits: Vec<Found>,
}

/// A passage of an answer.
#[derive(Debug, Serialize, PartialEq)]
pub struct Found {
    /// Which passage.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// The score of its mode; comparable within one answer only.
    pub score: f64,
    /// Its rank by words, from 1; in a hybrid answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_rank: Option<u32>,
    /// Its rank by vector, from 1; in a hybrid answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_rank: Option<u32>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The question cannot be answered as it is.
    #[error("{0}")]
    Question(String),
    /// The engine or the encoder cannot answer now.
    #[error("search is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One immutable snapshot: an encoder, its space, and the indexes of that space.
#[derive(Debug)]
pub struct Search<E, R> {
    encoder: E,
    space: Fingerprint,
    reader: R,
    checked: OnceCell<()>,
}

impl<E: Encoder, R: Reader> Search<E, R> {
    /// A snapshot. The reader's indexes are checked before the first question.
    #[must_use]
    pub fn new(encoder: E, space: Fingerprint, reader: R) -> Self {
        Self { encoder, space, reader, checked: OnceCell::new() }
    }

    /// Checks that the indexes are there and hold this space; true for ever once it was.
    ///
    /// # Errors
    /// When the engine is away, an index is missing, or it holds another space.
    pub async fn ready(&self) -> Result<(), SearchError> {
        let checked = self.checked.get_or_try_init(|| self.reader.check(&self.space)).await;
        checked.copied().map_err(unavailable)
    }

    /// Answers a question with at most `size` passages.
    ///
    /// # Errors
    /// [`SearchError::Question`] when it cannot be answered as it is, otherwise [`SearchError::Unavailable`].
    pub async fn answer(&self, question: &str, mode: Mode, size: usize) -> Result<Answer, SearchError> {
        let question = question.trim();
        if question.is_empty() {
            return Err(SearchError::Question(
                "the question is empty: give it in the parameter q".to_owned(),
            ));
        }
        if size == 0 || size > LONGEST {
            return Err(SearchError::Question(format!("size is {size}: ask for 1 to {LONGEST} passages")));
        }
        self.ready().await?;
        let hits = match mode {
            Mode::Keyword => plain(self.reader.keyword(question, size).await.map_err(unavailable)?),
            Mode::Vector => {
                let vector = self.embed(question).await?;
                let found = self.reader.vector(&vector, size, size * CANDIDATES).await;
                plain(found.map_err(unavailable)?)
            }
            Mode::Hybrid => {
                let vector = self.embed(question).await?;
                let window = size.max(WINDOW);
                let both = self.reader.both(question, &vector, window, window * CANDIDATES).await;
                let (keyword, vector) = both.map_err(unavailable)?;
                fused(keyword, vector, size)
            }
        };
        Ok(Answer { mode, space: self.space.clone(), hits })
    }

    async fn embed(&self, question: &str) -> Result<Vec<f32>, SearchError> {
        let vectors = self.encoder.embed(vec![question.to_owned()], Role::Query).await;
        let vectors = vectors.map_err(|error| {
            if let model::EncodeError::TooLong { tokens, limit, .. } = error {
                return SearchError::Question(format!(
                    "the question has {tokens} tokens and the model takes {limit}: ask a shorter one, or with mode=keyword"
                ));
            }
            SearchError::Unavailable(Box::new(error))
        })?;
        vectors
            .into_iter()
            .next()
            .ok_or_else(|| SearchError::Question("no vector for the question".to_owned()))
    }
}

fn unavailable(error: SinkError) -> SearchError {
    SearchError::Unavailable(Box::new(error))
}

fn plain(hits: Vec<Hit>) -> Vec<Found> {
    hits.into_iter().map(|hit| found(hit, None, (None, None))).collect()
}

fn fused(keyword: Vec<Hit>, vector: Vec<Hit>, size: usize) -> Vec<Found> {
    let ranking = fuse(keyword.iter().map(|hit| &hit.id), vector.iter().map(|hit| &hit.id));
    let mut hits: HashMap<ChunkId, Hit> =
        keyword.into_iter().chain(vector).map(|hit| (hit.id.clone(), hit)).collect();
    let best = ranking.into_iter().take(size);
    best.filter_map(|rank| {
        let hit = hits.remove(&rank.id)?;
        Some(found(hit, Some(rank.score), (rank.keyword_rank, rank.vector_rank)))
    })
    .collect()
}

fn found(hit: Hit, score: Option<f64>, (keyword_rank, vector_rank): (Option<u32>, Option<u32>)) -> Found {
    Found {
        id: hit.id,
        document: hit.document,
        heading_path: hit.heading_path,
        text: hit.text,
        score: score.unwrap_or(hit.score),
        keyword_rank,
        vector_rank,
    }
}
