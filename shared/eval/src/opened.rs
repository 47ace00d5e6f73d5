//! A model that is opened in order to be measured.

use message::Fingerprint;
use model::{Backend, Bundle, EncoderSettings, OpenEncoderError, Tokenizer, TokenizerError};

use crate::UnusableFile;
use crate::proof::ProofModel;

/// Why a model cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum OpenModelError {
    /// It does not run here.
    #[error(transparent)]
    Encoder(#[from] OpenEncoderError),
    /// Its tokens cannot be counted.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A file of it is gone.
    #[error(transparent)]
    File(#[from] UnusableFile),
}

/// A model with all that [`crate::proof::measure`] wants of it.
#[derive(Debug)]
pub struct OpenedModel {
    /// What was opened.
    pub bundle: Bundle,
    /// What embeds.
    pub encoder: Backend,
    /// The model's fingerprint with this encoder.
    pub fingerprint: Fingerprint,
    tokenizer: Tokenizer,
    size: u64,
}

impl OpenedModel {
    /// Opens the model of a bundle; it takes as long as the encoder takes to load.
    ///
    /// # Errors
    /// See [`OpenModelError`].
    pub fn open(bundle: Bundle, settings: &EncoderSettings) -> Result<Self, OpenModelError> {
        let mut size = 0;
        for name in bundle.manifest().files.keys().filter(|name| *name != Bundle::TOKENIZER) {
            let path = bundle.path(name);
            let found = std::fs::metadata(&path).map_err(|error| UnusableFile::new(&path, &error))?;
            size += found.len();
        }
        Ok(Self {
            encoder: Backend::open(&bundle, settings)?,
            tokenizer: Tokenizer::open(&bundle)?,
            fingerprint: model::generation(&bundle, &settings.backend).model,
            size,
            bundle,
        })
    }

    /// What counts its tokens.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The model as it is measured.
    #[must_use]
    pub fn measured(&self) -> ProofModel<'_, Backend> {
        let Self { encoder, tokenizer, size, bundle, .. } = self;
        ProofModel { encoder, tokenizer, limit: bundle.max_tokens(), size: *size }
    }
}
