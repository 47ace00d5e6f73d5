//! What can be wrong with a file.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// A file that is not there, or not what it should be: somebody has to see to it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub struct UnusableFile {
    path: PathBuf,
    cause: String,
}

impl UnusableFile {
    pub(crate) fn new(path: &Path, cause: &dyn Display) -> Self {
        Self { path: path.to_owned(), cause: cause.to_string() }
    }
}
