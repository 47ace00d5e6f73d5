//! The models on this machine, and the splitters that their tokenizers and limits make.

use std::convert::Infallible;

use message::{ChangeAuthor, FillSource, GenerationEntry};
use model::{BackendKind, BackendSettings, Bundle, DescribedBundle, FurtherModels, ModelSplitter, Tokenizer};
use objects::S3Store;
use process::Failure;
use registry::Heard;
use tokio::sync::watch;

use crate::follow::SplitterSource;

/// The bundle that the settings name, and the folder of further ones.
#[derive(Clone, Debug)]
pub struct ChunkModels {
    bundle: Bundle,
    further: FurtherModels,
    most_chunks: usize,
    store: S3Store,
}

impl ChunkModels {
    /// Tries the first bundle, so that one that cannot cut documents ends the worker at once. A document with more than
    /// `most_chunks` passages is refused. Further bundles are fetched from `store`.
    ///
    /// # Errors
    /// When its splitter cannot be made.
    pub fn open(
        bundle: Bundle,
        further: FurtherModels,
        most_chunks: usize,
        store: S3Store,
    ) -> Result<Self, Failure> {
        let models = Self { bundle, further, most_chunks, store };
        drop(models.splitter(&models.bundle)?);
        Ok(models)
    }

    fn splitter(&self, bundle: &Bundle) -> Result<ModelSplitter, Failure> {
        Ok(model::splitter(bundle, Tokenizer::open(bundle)?, self.most_chunks)?)
    }

    /// Any bundle that cuts as `entry` wants does: weights do not matter.
    fn bundle_of(&self, entry: &GenerationEntry) -> Result<DescribedBundle, String> {
        let found = self.further.bundle_that_cuts(&self.bundle, &entry.chunking);
        found.map_err(|error| process::chain(&error))?.ok_or_else(|| {
            format!(
                "no model on this machine cuts documents as generation {} wants ({}): put the bundle of the model {} into a folder \
                 below MILLRACE_MODELS, or into the store with `millrace model add`; if it is there, another release of Millrace cut \
                 them, and a `chunk` of that release has to run until the generation is retired",
                entry.id,
                entry.chunking.short(),
                entry.cut_by.as_ref().unwrap_or(&entry.model).short()
            )
        })
    }
}

impl SplitterSource for ChunkModels {
    fn local(&self) -> GenerationEntry {
        let author = ChangeAuthor { by: "chunk".to_owned(), at: stream::wall_seconds() };
        // How texts are embedded is not known here, and does not matter.
        let backend = BackendSettings { encoder: BackendKind::Onnx, hashing_dimension: None };
        model::generation(&self.bundle, &backend).entry("", FillSource::Reconcile, &author)
    }

    fn has(&self, entry: &GenerationEntry) -> Result<(), String> {
        self.bundle_of(entry).map(drop)
    }

    fn open(&self, entry: &GenerationEntry) -> Result<ModelSplitter, String> {
        let bundle = self.bundle_of(entry)?.verified().map_err(|error| process::chain(&error))?;
        self.splitter(&bundle).map_err(|error| process::chain(error.as_ref()))
    }

    async fn keep(&self, heard: watch::Receiver<Option<Heard>>) -> Infallible {
        let Some(folder) = self.further.models.clone() else { return std::future::pending().await };
        let here = self.clone();
        let is_missing = Box::new(move |entry: &GenerationEntry| {
            let model = entry.cut_by.as_ref().unwrap_or(&entry.model);
            here.has(entry).is_err().then(|| model.clone())
        });
        bundles::keep(self.store.clone(), folder, heard, is_missing).await
    }
}
