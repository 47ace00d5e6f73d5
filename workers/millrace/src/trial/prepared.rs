//! The splitter and the encoder: those of the model, or simple ones that only know words.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use document::{Limits, Splitter, Tokens, chunking_fingerprint};
use generation::{Generation, MAPPING_VERSION};
use message::Fingerprint;
use model::{
    Backend, BackendKind, EncodeError, Encoder, EncoderSettings, Hashing, ModelSplitter, Role, TextFault,
    Tokenizer,
};
use process::Failure;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::cli::Try;

/// Dimension of the vectors of hashed words: the same as the default model's.
const DIMENSION: NonZeroUsize = NonZeroUsize::MIN.saturating_add(383);

/// The splitter and the encoder, with their generation.
pub(super) struct Prepared {
    pub(super) generation: Generation,
    pub(super) splitter: ModelSplitter,
    pub(super) encoder: SharedEncoder,
}

/// The encoder that passages and questions share.
#[derive(Clone, Debug)]
pub(super) struct SharedEncoder(Arc<Backend>);

impl Encoder for SharedEncoder {
    async fn embed_each(
        &self,
        texts: Vec<String>,
        role: Role,
    ) -> Result<Vec<Result<Vec<f32>, TextFault>>, EncodeError> {
        self.0.embed_each(texts, role).await
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn model_fingerprint(&self) -> Fingerprint {
        self.0.model_fingerprint()
    }
}

impl Prepared {
    /// Opens the encoder that the settings name.
    ///
    /// # Errors
    /// When there is no model; the message names the command that makes one.
    pub(super) fn open(ask: &Try) -> Result<Self, Failure> {
        match ask.backend.encoder {
            BackendKind::Onnx => Self::model(ask),
            BackendKind::Hashing => Self::words(ask.backend.hashing_dimension.unwrap_or(DIMENSION)),
        }
    }

    fn model(ask: &Try) -> Result<Self, Failure> {
        let (model, onnx) = (ask.model(), ask.onnx());
        let library = onnx.onnxruntime.clone().unwrap_or_default();
        for (what, path) in [("model", model.model.join("bundle.json")), ("ONNX Runtime", library)] {
            if !path.is_file() {
                return Err(format!(
                    "there is no {what} at {}. Make it, once and in about 40 s: `compose/install onnxruntime model` (in the \
                     folder of Millrace's sources). Or name yours with --model and --onnxruntime; or try with \
                     --encoder hashing, which finds words and no meaning",
                    path.display()
                )
                .into());
            }
        }
        let bundle = model.open()?;
        let settings = EncoderSettings { backend: ask.backend.clone(), onnx };
        Ok(Self {
            generation: model::generation(&bundle, &ask.backend),
            splitter: model::splitter(&bundle, Tokenizer::open(&bundle)?, Limits::default().max_chunks)?,
            encoder: SharedEncoder(Arc::new(Backend::open(&bundle, &settings)?)),
        })
    }

    fn words(dimension: NonZeroUsize) -> Result<Self, Failure> {
        let limits = Limits::default();
        let encoder = Hashing::new(dimension);
        let chunking = chunking_fingerprint("words", &limits);
        let tokens: Arc<dyn Tokens> = Arc::new(Words);
        Ok(Self {
            generation: Generation {
                space: encoder.space(&chunking),
                chunking,
                dimension: dimension.get(),
                model: encoder.model_fingerprint(),
                name: "hashed words, no model".to_owned(),
                mapping: message::IndexMapping::of(MAPPING_VERSION),
            },
            splitter: Splitter::new(tokens, limits)?,
            encoder: SharedEncoder(Arc::new(Backend::Hashing(encoder))),
        })
    }
}

/// Words and punctuation marks instead of a model's tokens.
#[derive(Debug)]
struct Words;

impl Tokens for Words {
    fn special(&self) -> usize {
        0
    }

    fn offsets(&self, text: &str) -> Vec<Range<usize>> {
        let words = text.split_word_bound_indices().filter(|(_, word)| !word.trim().is_empty());
        words.map(|(at, word)| at..at + word.len()).collect()
    }

    fn count(&self, text: &str) -> usize {
        self.offsets(text).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks_are_counted_in_any_script() {
        let counted =
            ["", "  \n", "Sailing boats, tacking.", "猫在窗台上", "a_b 3.5"].map(|text| Words.count(text));
        assert_eq!(counted, [0, 0, 5, 5, 2]);
        assert_eq!(Words.offsets("a, b"), [0..1, 1..2, 3..4]);
    }
}
