//! The models on this machine, and the encoders that they make.

use std::convert::Infallible;

use generation::Generation;
use message::{ChangeAuthor, FillSource, GenerationEntry};
use model::{Backend, Bundle, DescribedBundle, EncoderSettings, FurtherModels};
use objects::S3Store;
use process::Failure;
use registry::Heard;
use tokio::sync::watch;

use crate::follow::EncoderSource;

/// The bundle that the settings name, and the folder of further ones.
#[derive(Clone, Debug)]
pub struct EmbedModels {
    bundle: Bundle,
    further: FurtherModels,
    encoder: EncoderSettings,
    store: S3Store,
}

impl EmbedModels {
    /// Tries the first model, so that one that cannot be run ends the worker at once. Further ones are fetched from `store`.
    ///
    /// # Errors
    /// When its encoder cannot be made.
    pub fn open(
        bundle: Bundle,
        further: FurtherModels,
        encoder: EncoderSettings,
        store: S3Store,
    ) -> Result<Self, Failure> {
        drop(Backend::open(&bundle, &encoder)?);
        Ok(Self { bundle, further, encoder, store })
    }

    fn bundle_of(&self, entry: &GenerationEntry) -> Result<DescribedBundle, String> {
        let found = self.further.bundle_of(&self.bundle, &self.encoder.backend, entry);
        found.map_err(|error| process::chain(&error))?.ok_or_else(|| {
            format!(
                "its model {} ({}) is not on this machine: put its bundle into a folder below MILLRACE_MODELS, or into \
                 the store with `millrace model add`",
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
        let bundle = self.bundle_of(entry)?.verified().map_err(|error| process::chain(&error))?;
        Backend::open(&bundle, &self.encoder).map_err(|error| process::chain(&error))
    }

    async fn keep(&self, heard: watch::Receiver<Option<Heard>>) -> Infallible {
        let Some(folder) = self.further.models.clone() else { return std::future::pending().await };
        let here = self.clone();
        let is_missing =
            Box::new(move |entry: &GenerationEntry| here.has(entry).is_err().then(|| entry.model.clone()));
        bundles::keep(self.store.clone(), folder, heard, is_missing).await
    }
}
