//! Further models: the encoders that their bundles make, and the bundles that this machine lacks.

use std::convert::Infallible;
use std::sync::Arc;

use message::GenerationEntry;
use model::{Backend, Bundle, BundleError, DescribedBundle, EncoderSettings, FurtherModels};
use objects::S3Store;
use registry::Heard;
use tokio::sync::watch;

use crate::encoders::OpenEncoder;
use crate::served::LoadFault;

/// The bundle that the settings name, and the folder of further ones.
#[derive(Clone, Debug)]
pub struct FurtherBundles {
    own: Bundle,
    further: FurtherModels,
    encoder: EncoderSettings,
}

impl FurtherBundles {
    /// `own` is the bundle that the settings name.
    #[must_use]
    pub fn new(own: Bundle, further: FurtherModels, encoder: EncoderSettings) -> Self {
        Self { own, further, encoder }
    }

    fn find(&self, entry: &GenerationEntry) -> Result<Option<DescribedBundle>, BundleError> {
        self.further.bundle_of(&self.own, &self.encoder.backend, entry)
    }

    /// Makes encoders from them.
    #[must_use]
    pub fn opening(&self) -> OpenEncoder<Backend> {
        let here = self.clone();
        Arc::new(move |entry: &GenerationEntry| {
            let found = here.find(entry).map_err(|error| LoadFault::Model(process::chain(&error)))?;
            let none =
                || LoadFault::NoModel { name: entry.name.clone(), model: entry.model.short().to_owned() };
            let bundle = found.ok_or_else(none)?.verified();
            let bundle = bundle.map_err(|error| LoadFault::Model(process::chain(&error)))?;
            Backend::open(&bundle, &here.encoder).map_err(|error| LoadFault::Model(process::chain(&error)))
        })
    }

    /// Fetches the bundles that the registry wants and this machine lacks. Never returns.
    pub async fn keep(self, store: S3Store, heard: watch::Receiver<Option<Heard>>) -> Infallible {
        let Some(folder) = self.further.models.clone() else { return std::future::pending().await };
        let is_missing = Box::new(move |entry: &GenerationEntry| {
            let is_here = matches!(self.find(entry), Ok(Some(_)));
            (!is_here).then(|| entry.model.clone())
        });
        bundles::keep(store, folder, heard, is_missing).await
    }
}
