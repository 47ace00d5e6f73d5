//! Reads a bundle's folder and verifies that its files are those that `bundle.json` lists.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "edge: reads the model bundle's files"
)]
//!
//! Streams each file once with one buffer in memory, and never writes.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{Bundle, BundleError};

const BUFFER_BYTES: usize = 1 << 20;

impl Bundle {
    /// Opens the bundle in `folder`: reads `bundle.json` and verifies the SHA-256 of every file that it lists.
    ///
    /// # Errors
    /// When a file is missing or differs, `bundle.json` is malformed or has unknown fields, or the folder holds a
    /// file that it does not list.
    pub fn open(folder: &Path) -> Result<Self, BundleError> {
        let manifest = folder.join(Self::MANIFEST);
        let text = std::fs::read(&manifest).map_err(|source| BundleError::Read { file: manifest, source })?;
        let bundle = Self::describe(folder, &text)?;
        for (name, expected) in &bundle.manifest.files {
            let file = bundle.path(name);
            check(&file, expected, file_digest(&file)?)?;
        }
        refuse_unlisted(&bundle)?;
        Ok(bundle)
    }

    /// Reads a small file of the bundle (the tokenizer) and verifies it again, so that what is used is what was
    /// fingerprinted.
    ///
    /// # Errors
    /// When it cannot be read, or has changed since [`Bundle::open`].
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        let file = self.path(name);
        let bytes =
            std::fs::read(&file).map_err(|source| BundleError::Read { file: file.clone(), source })?;
        let expected = self.manifest.files.get(name).map(String::as_str).unwrap_or_default();
        check(&file, expected, hex::encode(Sha256::digest(&bytes)))?;
        Ok(bytes)
    }
}

fn check(file: &Path, expected: &str, found: String) -> Result<(), BundleError> {
    if found == expected {
        return Ok(());
    }
    Err(BundleError::Digest { file: file.to_path_buf(), expected: expected.to_owned(), found })
}

/// The SHA-256 of a file, in hex, read piece by piece.
///
/// # Errors
/// When it cannot be read.
pub fn file_digest(file: &Path) -> Result<String, BundleError> {
    digest_of(file).map_err(|source| BundleError::Read { file: file.to_path_buf(), source })
}

fn digest_of(file: &Path) -> std::io::Result<String> {
    let mut source = File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            length => hasher.update(buffer.get(..length).unwrap_or_default()),
        }
    }
}

/// A graph can keep weights in separate files: one that is not listed would belong to the model but not to its
/// fingerprint. Hidden files (`.DS_Store`, `.nfs…`) do not belong to a graph.
fn refuse_unlisted(bundle: &Bundle) -> Result<(), BundleError> {
    let failed = |source| BundleError::Read { file: bundle.folder.clone(), source };
    for entry in std::fs::read_dir(&bundle.folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != Bundle::MANIFEST && !name.starts_with('.') && !bundle.manifest.files.contains_key(&name) {
            return Err(BundleError::Unlisted { file: entry.path() });
        }
    }
    Ok(())
}
