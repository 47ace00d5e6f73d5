//! What is built from a bundle: the names that topics, groups and indexes carry.
//!
//! Pure. Every worker computes them from its own bundle and settings; two workers that agree on the names agree on
//! everything that decides the vectors.

use std::sync::Arc;

use document::{InvalidLimits, Limits, Splitter, Tokens, chunking_fingerprint};
use message::Fingerprint;

use crate::bundle::{Bundle, space_of};
use crate::encoder::hashing::Hashing;
use crate::encoder::{BackendKind, BackendSettings, Encoder as _};
use crate::tokenizer::Tokenizer;

/// A chunking, the space over it, and the shape of its vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The fingerprint of extractor, chunker, tokenizer, token limit and overlap.
    pub chunking: Fingerprint,
    /// The fingerprint of that and the model.
    pub space: Fingerprint,
    /// Numbers in a vector.
    pub dimension: usize,
    /// The model's name, for people.
    pub model: String,
}

impl Generation {
    /// What `bundle` and the choice of encoder give.
    #[must_use]
    pub fn of(bundle: &Bundle, backend: &BackendSettings) -> Self {
        let chunking = chunking(bundle);
        let (model, dimension) = match backend.encoder {
            BackendKind::Onnx => (bundle.model_fingerprint(), bundle.dimension()),
            BackendKind::Hashing => {
                let hashing = Hashing::sized(bundle, backend.hashing_dimension);
                (hashing.model_fingerprint(), hashing.dimension())
            }
        };
        Self {
            space: space_of(&chunking, &model),
            chunking,
            dimension,
            model: bundle.manifest().name.clone(),
        }
    }
}

/// The fingerprint of how documents are cut for the model of `bundle`.
#[must_use]
pub fn chunking(bundle: &Bundle) -> Fingerprint {
    let tokenizer = bundle.manifest().files.get(Bundle::TOKENIZER).map(String::as_str).unwrap_or_default();
    chunking_fingerprint(tokenizer, &limits(bundle, Limits::default().max_chunks))
}

/// The limits within which passages fit the model of `bundle`.
fn limits(bundle: &Bundle, most_chunks: usize) -> Limits {
    Limits {
        max_tokens: bundle.max_tokens(),
        overlap: bundle.overlap_tokens(),
        passage_prefix: bundle.manifest().prefixes.passage.clone(),
        max_chunks: most_chunks,
    }
}

/// A splitter whose passages fit the model of `bundle`; a document with more than `most_chunks` is refused by it.
///
/// # Errors
/// When the model takes too few tokens for any passage, or for the overlap.
pub fn splitter(
    bundle: &Bundle,
    tokenizer: Tokenizer,
    most_chunks: usize,
) -> Result<ModelSplitter, InvalidLimits> {
    let tokens: Arc<dyn Tokens> = Arc::new(tokenizer);
    Splitter::new(tokens, limits(bundle, most_chunks))
}

/// A splitter that counts with a model's tokenizer.
pub type ModelSplitter = Splitter<Arc<dyn Tokens>>;

/// The splitter puts the model's prefix before a passage by itself, so that these count without it.
impl Tokens for Tokenizer {
    fn special(&self) -> usize {
        self.plain_count("")
    }

    fn offsets(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        Self::offsets(self, text)
    }

    fn count(&self, text: &str) -> usize {
        self.plain_count(text)
    }
}
