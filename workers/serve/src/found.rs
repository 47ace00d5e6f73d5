//! An answer and its passages, as they are sent. Pure.

use message::{About, ChunkId, DocumentId, Fingerprint};
use serde::{Serialize, Serializer};
use sink::Hit;

use crate::highlight::Piece;
use crate::place::PassagePlace;
use crate::question::{Fusion, Mode, rfc3339};

/// An answer.
#[derive(Debug, Serialize, PartialEq)]
pub struct Answer {
    /// How it was found.
    pub mode: Mode,
    /// How two rankings became one; in a hybrid answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<Fusion>,
    /// How many of the best passages were judged again beside the question; none were if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reranked: Option<usize>,
    /// The space of the vectors.
    pub space: Fingerprint,
    /// How relevant the best of it is (see [`crate::relevance`]); on request, and where it can be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
    /// Where the time went.
    pub timing: Timing,
    /// The passages, best first.
    pub hits: Vec<FoundPassage>,
}

/// Milliseconds of each step of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Embedding the question.
    pub embed_ms: f64,
    /// The engine's search.
    pub engine_ms: f64,
    /// Fusing and gathering.
    pub fuse_ms: f64,
    /// Judging the best passages again.
    pub rerank_ms: f64,
    /// Looking up places and neighbours.
    pub place_ms: f64,
}

/// A passage of an answer.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct FoundPassage {
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
    /// The reranker's score, which passages that have one are sorted by; comparable within one answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank_score: Option<f32>,
    /// Its rank by words, from 1; in a hybrid answer that was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_rank: Option<u32>,
    /// Its score by words (BM25); in a hybrid answer that was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_score: Option<f64>,
    /// Its rank by vector, from 1; in a hybrid answer that was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_rank: Option<u32>,
    /// Its score by vector, (1 + cosine) / 2; in a hybrid answer that was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_score: Option<f64>,
    /// The language of the passage, the format of its document, and since when this text stands.
    #[serde(flatten, serialize_with = "about")]
    pub about: About,
    /// The passage in pieces, with the question's words marked; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlights: Option<Vec<Piece>>,
    /// Its document's title, if it has one; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it stands in its document; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PassagePlace>,
    /// The passage before it; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The passage after it; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Other documents that hold the same passage and were found with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<DocumentId>,
}

fn about<S: Serializer>(about: &About, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        modified: Option<String>,
    }
    let About { language, format, modified } = about;
    let (language, format) = (language.as_deref(), format.as_deref());
    Shown { language, format, modified: modified.map(rfc3339) }.serialize(serializer)
}

impl FoundPassage {
    /// A passage as the engine found it.
    #[must_use]
    pub fn of(hit: Hit) -> Self {
        Self {
            id: hit.id,
            document: hit.document,
            heading_path: hit.heading_path,
            text: hit.text,
            score: hit.score,
            rerank_score: None,
            keyword_rank: None,
            keyword_score: None,
            vector_rank: None,
            vector_score: None,
            about: hit.about,
            highlights: None,
            title: None,
            place: None,
            before: None,
            after: None,
            copies: Vec::new(),
        }
    }
}
