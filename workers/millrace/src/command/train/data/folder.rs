#![expect(clippy::disallowed_methods, reason = "edge: writes training data into a folder")]
//! Training data in a folder.

use std::collections::BTreeMap;
use std::path::Path;

use process::Failure;

/// Fails unless the folder is empty or missing: files of other data would be taken for these.
///
/// # Errors
/// When it holds something, or cannot be read.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    let is_empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(told(folder, &error)),
    };
    if is_empty {
        return Ok(());
    }
    Err(format!("{} holds something: give an empty folder with --to", folder.display()).into())
}

/// Writes the files, and the manifest after all of them.
///
/// # Errors
/// When one cannot be written.
pub(super) fn write(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    (name, manifest): (&str, &[u8]),
) -> Result<(), Failure> {
    let all = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    for (name, bytes) in all.chain([(name, manifest)]) {
        let path = folder.join(name);
        let above = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(above).map_err(|error| told(above, &error))?;
        std::fs::write(&path, bytes).map_err(|error| told(&path, &error))?;
    }
    Ok(())
}

fn told(path: &Path, error: &std::io::Error) -> Failure {
    format!("{}: {error}; give another folder with --to", path.display()).into()
}
