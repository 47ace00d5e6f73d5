//! What is built from a bundle: the generation, which names topics, consumer groups and indexes.
//!
//! Pure. Every worker computes it from its own bundle and settings; workers that agree on the names agree on
//! everything that decides the vectors.

use std::sync::Arc;

use ::generation::{Generation, MAPPING_VERSION};
use document::{InvalidLimits, Limits, Splitter, Tokens, chunking_fingerprint};
use message::Fingerprint;

use crate::bundle::{Bundle, space_of};
use crate::encoder::hashing::Hashing;
use crate::encoder::{BackendKind, BackendSettings, Encoder as _};
use crate::tokenizer::Tokenizer;

/// The generation of `bundle`, the chosen encoder, and this program's mappings.
#[must_use]
pub fn generation(bundle: &Bundle, backend: &BackendSettings) -> Generation {
    generation_over(chunking(bundle), bundle, backend)
}

/// The same over passages that were cut by `chunking`, which may be that of another model: see [`fits`].
#[must_use]
pub fn generation_over(chunking: Fingerprint, bundle: &Bundle, backend: &BackendSettings) -> Generation {
    let (model, dimension) = match backend.encoder {
        BackendKind::Onnx => (bundle.model_fingerprint(), bundle.dimension()),
        BackendKind::Hashing => {
            let hashing = Hashing::sized(bundle, backend.hashing_dimension);
            (hashing.model_fingerprint(), hashing.dimension())
        }
    };
    Generation {
        space: space_of(&chunking, &model),
        chunking,
        dimension,
        model,
        name: bundle.manifest().name.clone(),
        mapping: message::IndexMapping::of(MAPPING_VERSION),
    }
}

/// Whether every passage that was or will be cut for the model of `from` is whole within that of `to`: the same tokenizer,
/// the same prefix, and no smaller limit.
///
/// # Errors
/// What differs.
pub fn fits(from: &Bundle, to: &Bundle) -> Result<(), String> {
    let tokenizer = |bundle: &Bundle| bundle.manifest().files.get(Bundle::TOKENIZER).cloned();
    let prefix = |bundle: &Bundle| bundle.manifest().prefixes.passage.clone();
    if tokenizer(from) != tokenizer(to) {
        return Err("its tokenizer is another one".to_owned());
    }
    if prefix(from) != prefix(to) {
        return Err(format!("its prefix of passages is {:?}, not {:?}", prefix(to), prefix(from)));
    }
    if to.max_tokens() < from.max_tokens() {
        return Err(format!("it takes {} tokens, not {}", to.max_tokens(), from.max_tokens()));
    }
    Ok(())
}

/// The fingerprint of how documents are split for the model of `bundle`.
#[must_use]
pub fn chunking(bundle: &Bundle) -> Fingerprint {
    let tokenizer = bundle.manifest().files.get(Bundle::TOKENIZER).map(String::as_str).unwrap_or_default();
    chunking_fingerprint(tokenizer, &limits(bundle, Limits::default().max_chunks))
}

/// The limits within which passages fit the model.
fn limits(bundle: &Bundle, most_chunks: usize) -> Limits {
    Limits {
        max_tokens: bundle.max_tokens(),
        overlap: bundle.overlap_tokens(),
        passage_prefix: bundle.manifest().prefixes.passage.clone(),
        max_chunks: most_chunks,
    }
}

/// A splitter whose passages fit the model of `bundle`; a document with more than `most_chunks` is rejected.
///
/// # Errors
/// When the model's token limit is too small for any passage, or for the overlap.
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

/// The splitter itself puts the model's prefix before a passage, so these counts exclude it.
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
