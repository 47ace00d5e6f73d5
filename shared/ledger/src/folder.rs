#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: the folder of the working copies"
)]
//! Where working copies are stored: a folder locked by one process, with a subfolder for each partition.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::error::LedgerError;

/// A folder locked by this process until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: Arc<File>,
}

impl Folder {
    /// Locks the folder for this process, and creates it if it is missing.
    ///
    /// # Errors
    /// `InUse` if another process holds it; `Folder` or `Full` if it cannot be created.
    pub fn claim(path: &Path) -> Result<Self, LedgerError> {
        let failed = |error| LedgerError::folder(path, &error);
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => LedgerError::InUse { folder: path.to_owned() },
            std::fs::TryLockError::Error(error) => LedgerError::folder(path, &error),
        })?;
        Ok(Self { path: path.to_owned(), _lock: Arc::new(lock) })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the copies of a topic that is gone for good. A topic of that name that comes later is another one.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn forget(&self, topic: &str) -> Result<(), LedgerError> {
        let path = self.path.join(topic);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(LedgerError::folder(&path, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Where a working copy is stored, and how much memory its cache may take.
#[derive(Clone, Debug)]
pub struct LedgerPlace {
    /// The folder locked by this process.
    pub folder: Folder,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Size of the store's block cache in bytes.
    pub cache_bytes: usize,
}

impl LedgerPlace {
    /// The folder of the copy.
    pub(crate) fn copy(&self) -> PathBuf {
        self.folder.path.join(&self.topic).join(self.partition.to_string())
    }

    /// The old copy, kept while a new one is read from a topic that changed.
    fn aside(&self) -> PathBuf {
        self.copy().with_extension("aside")
    }

    /// A marker file: the copy must not be opened again.
    fn condemned(&self) -> PathBuf {
        self.copy().with_extension("condemned")
    }

    /// Marks the copy so that it is replaced instead of opened again.
    pub(crate) fn condemn(&self) {
        let path = self.condemned();
        if let Err(error) = File::create(&path) {
            warn!(path = %path.display(), %error, "a broken working copy cannot be marked; its checksums will fail again");
        }
    }

    /// Finishes what a crash interrupted, before the copy is opened. True if there is a copy to open.
    pub(crate) fn prepare(&self) -> Result<bool, LedgerError> {
        if self.aside().exists() {
            // The new copy was never finished, so only the old one knows what the topic must contain.
            self.put_back()?;
        }
        if self.condemned().exists() {
            self.discard()?;
        }
        Ok(self.copy().exists())
    }

    /// Deletes the copy and its marker.
    pub(crate) fn discard(&self) -> Result<(), LedgerError> {
        self.remove(&self.copy())?;
        match std::fs::remove_file(self.condemned()) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(LedgerError::folder(&self.copy(), &error))
            }
            _ => Ok(()),
        }
    }

    /// Moves the copy aside while a new one is made.
    pub(crate) fn put_aside(&self) -> Result<(), LedgerError> {
        self.remove(&self.aside())?;
        std::fs::rename(self.copy(), self.aside()).map_err(|error| LedgerError::folder(&self.copy(), &error))
    }

    /// Discards the new copy and puts the old one back.
    pub(crate) fn put_back(&self) -> Result<(), LedgerError> {
        self.remove(&self.copy())?;
        std::fs::rename(self.aside(), self.copy()).map_err(|error| LedgerError::folder(&self.copy(), &error))
    }

    /// Keeps the new copy and deletes the old one.
    pub(crate) fn forget_aside(&self) -> Result<(), LedgerError> {
        self.remove(&self.aside())
    }

    fn remove(&self, path: &Path) -> Result<(), LedgerError> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(LedgerError::folder(&self.copy(), &error))
            }
            _ => Ok(()),
        }
    }
}
