//! A search result as it is sent. Pure.

use std::collections::HashSet;

use message::{About, ChunkId, DocumentId, Fingerprint};
use serde::{Serialize, Serializer};
use sink::Hit;

use crate::highlight::Piece;
use crate::place::PassagePlace;
use crate::question::{Fusion, Mode, rfc3339};

/// A search result.
#[derive(Debug, Serialize, PartialEq)]
pub struct Answer {
    /// The mode of the search.
    pub mode: Mode,
    /// How the two rankings were fused; only in a hybrid search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<Fusion>,
    /// Number of passages that were reranked; absent if there was no reranking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reranked: Option<usize>,
    /// The space of the vectors.
    pub space: Fingerprint,
    /// The id of the generation that answers.
    pub generation: String,
    /// Relevance of the best passages (see [`crate::relevance`]); on request, if it can be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<f64>,
    /// What its reader should know of how it was found, such as a question that was cut.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Time spent in each step.
    pub timing: Timing,
    /// The passages, best first.
    pub hits: Vec<FoundPassage>,
}

/// A search's result, and what is kept of it besides.
#[derive(Debug, PartialEq)]
pub struct LookedUp {
    /// The result.
    pub answer: Answer,
    /// The question's vector, if it was embedded.
    pub vector: Option<Vec<f32>>,
    /// How far words and vectors agree: see [`overlap`].
    pub overlap: Option<f64>,
}

/// How many of the best passages are compared.
const BEST: usize = 10;

/// Of the ten best passages by words and the ten best by vectors, the share of the longer list that is in both, 0 to 1; none
/// when both are empty.
#[must_use]
pub fn overlap(keyword: &[Hit], vector: &[Hit]) -> Option<f64> {
    let best: HashSet<&ChunkId> = keyword.iter().take(BEST).map(|hit| &hit.id).collect();
    let both = vector.iter().take(BEST).filter(|hit| best.contains(&hit.id)).count();
    let longer = keyword.len().max(vector.len()).min(BEST);
    let number = |count: usize| u8::try_from(count).map_or(f64::NAN, f64::from);
    (longer > 0).then(|| number(both) / number(longer))
}

/// Milliseconds spent in each step of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Embedding the question.
    pub embed_ms: f64,
    /// The engine's search.
    pub engine_ms: f64,
    /// Fusing and gathering.
    pub fuse_ms: f64,
    /// Reranking.
    pub rerank_ms: f64,
    /// Looking up positions and neighbours.
    pub place_ms: f64,
}

/// A passage in a result.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct FoundPassage {
    /// The passage's id.
    pub id: ChunkId,
    /// Its document.
    pub document: DocumentId,
    /// The headings above it, outermost first.
    pub heading_path: Vec<String>,
    /// The passage.
    pub text: String,
    /// The score in its mode; comparable only within one result.
    pub score: f64,
    /// The reranker's score, by which reranked passages are sorted; comparable only within one result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank_score: Option<f32>,
    /// Its keyword rank, from 1; if the result was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_rank: Option<u32>,
    /// Its keyword score (BM25); if the result was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword_score: Option<f64>,
    /// Its vector rank, from 1; if the result was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_rank: Option<u32>,
    /// Its vector score, (1 + cosine) / 2; if the result was fused here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector_score: Option<f64>,
    /// The passage's language, its document's format, and since when its text exists.
    #[serde(flatten, serialize_with = "about")]
    pub about: About,
    /// The passage in pieces, with the question's words marked; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlights: Option<Vec<Piece>>,
    /// Its document's title, if any; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its position in the document; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PassagePlace>,
    /// The passage before it; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The passage after it; on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether the passages before and after it stand under the same headings.
    #[serde(skip)]
    pub same_section: [bool; 2],
    /// Other documents found with the same passage.
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
    /// Converts an engine's hit.
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
            same_section: [false; 2],
            copies: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(names: &str) -> Vec<Hit> {
        let hit = |name: &str| Hit {
            id: ChunkId::from_text(name),
            score: 1.0,
            document: DocumentId::new("docs", "a").unwrap(),
            heading_path: Vec::new(),
            text: String::new(),
            about: About::default(),
            space: Fingerprint::of(&[]),
        };
        names.split_whitespace().map(hit).collect()
    }

    #[test]
    fn how_far_words_and_vectors_agree() {
        let many = "a b c d e f g h i j k l";
        for (keyword, vector, expected) in [
            ("", "", None),
            ("", many, Some(0.0)),
            ("a", "a", Some(1.0)),
            ("a b", "b", Some(0.5)),
            (many, "k l", Some(0.0)),
            (many, "j i h", Some(0.3)),
        ] {
            assert_eq!(overlap(&hits(keyword), &hits(vector)), expected, "{keyword:?} {vector:?}");
        }
    }
}
