#![expect(clippy::disallowed_methods, reason = "edge: looks into the folder of further models")]
//! Further models on this machine, beside the one that the settings name.

use std::path::{Path, PathBuf};

use message::Fingerprint;

use super::{Bundle, BundleError};
use crate::encoder::BackendSettings;
use crate::generation::generation;

/// Where further models are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FurtherModels {
    /// Folder with the bundles of further models, one in each subfolder: generations of indexes that are built with another
    /// model than that of `MILLRACE_MODEL` need theirs.
    #[arg(long, env = "MILLRACE_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,
}

impl FurtherModels {
    /// The bundle of the model with this fingerprint: `own`, or one of the folder's; none when it is not on this machine.
    ///
    /// # Errors
    /// When the folder cannot be read, or the bundle is there and broken.
    pub fn bundle_of(
        &self,
        own: &Bundle,
        backend: &BackendSettings,
        model: &Fingerprint,
    ) -> Result<Option<Bundle>, BundleError> {
        if generation(own, backend).model == *model {
            return Ok(Some(own.clone()));
        }
        let Some(folder) = &self.models else { return Ok(None) };
        for folder in subfolders(folder)? {
            let manifest = folder.join(Bundle::MANIFEST);
            let Ok(text) = std::fs::read(&manifest) else { continue };
            // Other bundles of the folder may be broken: only the one that is wanted matters.
            let Ok(described) = Bundle::describe(&folder, &text) else { continue };
            if generation(&described, backend).model == *model {
                return Bundle::open(&folder).map(Some);
            }
        }
        Ok(None)
    }
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let unreadable = |source| BundleError::Read { file: folder.to_path_buf(), source };
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort_unstable();
    Ok(folders)
}
