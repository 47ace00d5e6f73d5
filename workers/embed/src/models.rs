//! The models on this machine, and the encoders that they make.

use generation::Generation;
use message::{ChangeAuthor, FillSource, GenerationEntry};
use model::{Backend, Bundle, EncoderSettings, FurtherModels};
use process::Failure;

use crate::follow::EncoderSource;

/// The bundle that the settings name, and the folder of further ones.
#[derive(Clone, Debug)]
pub struct EmbedModels {
    bundle: Bundle,
    further: FurtherModels,
    encoder: EncoderSettings,
}

impl EmbedModels {
    /// Tries the first model, so that one that cannot be run ends the worker at once.
    ///
    /// # Errors
    /// When its encoder cannot be made.
    pub fn open(bundle: Bundle, further: FurtherModels, encoder: EncoderSettings) -> Result<Self, Failure> {
        drop(Backend::open(&bundle, &encoder)?);
        Ok(Self { bundle, further, encoder })
    }

    fn bundle_of(&self, entry: &GenerationEntry) -> Result<Bundle, String> {
        let found = self.further.bundle_of(&self.bundle, &self.encoder.backend, &entry.model);
        found.map_err(|error| error.to_string())?.ok_or_else(|| {
            format!(
                "its model {} ({}) is not on this machine: put its bundle into a folder below MILLRACE_MODELS",
                entry.name,
                entry.model.short()
            )
        })
    }
}

impl EncoderSource for EmbedModels {
    type Encoder = Backend;

    fn local(&self) -> GenerationEntry {
        let author = ChangeAuthor { by: "embed".to_owned(), at: stream::wall_seconds() };
        let generation: Generation = model::generation(&self.bundle, &self.encoder.backend);
        generation.entry("", FillSource::Chunks, &author)
    }

    fn has(&self, entry: &GenerationEntry) -> Result<(), String> {
        self.bundle_of(entry).map(drop)
    }

    fn open(&self, entry: &GenerationEntry) -> Result<Backend, String> {
        let bundle = self.bundle_of(entry)?;
        Backend::open(&bundle, &self.encoder).map_err(|error| process::chain(&error))
    }
}
