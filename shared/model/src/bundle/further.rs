#![expect(clippy::disallowed_methods, reason = "edge: looks into the folder of further models")]
//! Further models on this machine, beside the one that the settings name.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use message::{Fingerprint, GenerationEntry};

use super::{Bundle, BundleError};
use crate::encoder::BackendSettings;
use crate::generation::{chunking, generation};

/// Where further models are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FurtherModels {
    /// Folder with the bundles of further models, one in each subfolder: generations of indexes that are built with another
    /// model than that of `MILLRACE_MODEL` need theirs. What `millrace model add` put into the store is fetched into it.
    #[arg(long, env = "MILLRACE_MODELS", value_name = "DIR")]
    pub models: Option<PathBuf>,
}

/// A bundle on this machine, as its manifest describes it. Verifying its files takes a second for each GB, so that it is left
/// to who uses them.
#[derive(Clone, Debug)]
pub struct DescribedBundle {
    bundle: Bundle,
    is_verified: bool,
}

impl DescribedBundle {
    /// The bundle, with every file as the manifest says.
    ///
    /// # Errors
    /// As [`Bundle::open`], and when the manifest has changed meanwhile.
    pub fn verified(self) -> Result<Bundle, BundleError> {
        if self.is_verified {
            return Ok(self.bundle);
        }
        let overlap_tokens = self.bundle.overlap_tokens;
        let opened = Bundle { overlap_tokens, ..Bundle::open(self.bundle.folder())? };
        if opened == self.bundle {
            return Ok(opened);
        }
        let problem = "it changed while it was read: try again".to_owned();
        Err(BundleError::Value { file: opened.path(Bundle::MANIFEST), problem })
    }
}

impl FurtherModels {
    /// The bundle for the vectors of `entry`: `own`, or one of the folder's; none when it is not on this machine.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn bundle_of(
        &self,
        own: &Bundle,
        backend: &BackendSettings,
        entry: &GenerationEntry,
    ) -> Result<Option<DescribedBundle>, BundleError> {
        let embeds = |bundle: &Bundle| generation(bundle, backend).model == entry.model;
        // Hashed words are the same whatever the tokenizer, whose limit counts all the same.
        let cuts = |bundle: &Bundle| embeds(bundle) && chunking(bundle) == entry.chunking;
        match self.find(own, cuts)? {
            Some(bundle) => Ok(Some(bundle)),
            None => self.find(own, embeds),
        }
    }

    /// A bundle whose tokenizer and limits make this chunking: `own`, or one of the folder's; none when there is none on this
    /// machine.
    ///
    /// # Errors
    /// As [`FurtherModels::bundle_of`].
    pub fn bundle_that_cuts(
        &self,
        own: &Bundle,
        wanted: &Fingerprint,
    ) -> Result<Option<DescribedBundle>, BundleError> {
        self.find(own, |bundle| chunking(bundle) == *wanted)
    }

    /// The first bundle that `is_wanted`. Others of the folder may be broken.
    fn find(
        &self,
        own: &Bundle,
        is_wanted: impl Fn(&Bundle) -> bool,
    ) -> Result<Option<DescribedBundle>, BundleError> {
        if is_wanted(own) {
            return Ok(Some(DescribedBundle { bundle: own.clone(), is_verified: true }));
        }
        let Some(folder) = &self.models else { return Ok(None) };
        for folder in subfolders(folder)? {
            let manifest = folder.join(Bundle::MANIFEST);
            let Ok(text) = std::fs::read(&manifest) else { continue };
            let Ok(described) = Bundle::describe(&folder, &text) else { continue };
            // The overlap is a setting of this process, for every model.
            let bundle = Bundle { overlap_tokens: own.overlap_tokens, ..described };
            if is_wanted(&bundle) {
                return Ok(Some(DescribedBundle { bundle, is_verified: false }));
            }
        }
        Ok(None)
    }
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let unreadable = |source| BundleError::Read { file: folder.to_path_buf(), source };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // Nothing was fetched into it yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        // A hidden one is being fetched.
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !is_hidden && entry.path().is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort_unstable();
    Ok(folders)
}
