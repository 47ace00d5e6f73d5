#![expect(clippy::disallowed_methods, reason = "edge: reads and writes the file of scores")]
//! Scores in a file.

use std::path::Path;

use crate::UnusableFile;
use crate::compare::Baseline;

/// Reads the scores of a file.
///
/// # Errors
/// When there is no such file, or it holds something else.
pub fn read(path: &Path) -> Result<Baseline, UnusableFile> {
    let text = std::fs::read_to_string(path).map_err(|error| UnusableFile::new(path, &error))?;
    let read = serde_json::from_str(&text);
    read.map_err(|error| UnusableFile::new(path, &format!("{error}: make it with `millrace eval --save`")))
}

/// Writes scores into a file.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, baseline: &Baseline) -> Result<(), UnusableFile> {
    let text = serde_json::to_string(baseline).map_err(|error| UnusableFile::new(path, &error))?;
    std::fs::write(path, text).map_err(|error| UnusableFile::new(path, &error))
}
