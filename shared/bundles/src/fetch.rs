#![expect(clippy::disallowed_methods, reason = "edge: writes the folder of models")]
//! Fetches a bundle into the folder of models.

use std::io::Error;
use std::path::{Path, PathBuf};

use message::ModelEntry;
use model::Bundle;
use objects::FileStore;

use crate::error::BundleTrouble;
use crate::place::BundlePlace;

/// Fetches the bundle of `entry` into a folder below `models`, which appears when every file is there and has its digest. Nothing
/// happens when it is there already.
///
/// # Errors
/// When the store does not have it as the registry says, the registry says what nobody would have written, or the folder cannot
/// be written.
pub async fn fetch<S: FileStore>(
    store: &S,
    entry: &ModelEntry,
    models: &Path,
) -> Result<PathBuf, BundleTrouble> {
    let place: BundlePlace = entry.bundle.as_deref().unwrap_or_default().parse()?;
    check(entry)?;
    let whole = models.join(entry.fingerprint.short());
    if is_whole(models, entry) {
        return Ok(whole);
    }
    // Several processes may share the folder. Its name hides it from who looks for bundles; dropped, it is removed.
    let prefix = format!(".{}.", entry.fingerprint.short());
    std::fs::create_dir_all(models).map_err(|error| of_folder(models, &error))?;
    let partial = tempfile::Builder::new().prefix(&prefix).tempdir_in(models);
    let partial = partial.map_err(|error| of_folder(models, &error))?;
    fetch_into(store, entry, &place, partial.path()).await?;
    match std::fs::rename(partial.path(), &whole) {
        Ok(()) => {
            drop(partial.keep());
            Ok(whole)
        }
        // Another process was faster.
        Err(_) if is_whole(models, entry) => Ok(whole),
        Err(error) => Err(of_folder(&whole, &error)),
    }
}

/// Whether the bundle of `entry` was fetched before.
pub(crate) fn is_whole(models: &Path, entry: &ModelEntry) -> bool {
    models.join(entry.fingerprint.short()).join(Bundle::MANIFEST).exists()
}

/// Its names become paths, so that no others may be written than those of a bundle.
fn check(entry: &ModelEntry) -> Result<(), BundleTrouble> {
    let odd = |what: String| BundleTrouble::Entry { model: entry.name.clone(), what };
    if !Bundle::is_digest(entry.fingerprint.as_str()) {
        return Err(odd("its fingerprint is none".to_owned()));
    }
    if !entry.files.contains_key(Bundle::MANIFEST) {
        return Err(odd(format!("it does not name {}", Bundle::MANIFEST)));
    }
    match entry.files.iter().find(|(name, digest)| !Bundle::is_plain(name) || !Bundle::is_digest(digest)) {
        Some((name, digest)) => Err(odd(format!("the file {name:?} with the digest {digest:?}"))),
        None => Ok(()),
    }
}

async fn fetch_into<S: FileStore>(
    store: &S,
    entry: &ModelEntry,
    place: &BundlePlace,
    folder: &Path,
) -> Result<(), BundleTrouble> {
    for (name, expected) in &entry.files {
        let (object, file) = (place.file(name)?, folder.join(name));
        if !store.save(&object, &file).await? {
            return Err(BundleTrouble::Gone(object.to_string()));
        }
        let found = tokio::task::spawn_blocking(move || model::file_digest(&file)).await;
        let found = found.map_err(|error| of_folder(folder, &Error::other(error)))??;
        if found != *expected {
            return Err(BundleTrouble::Digest {
                file: object.to_string(),
                expected: expected.clone(),
                found,
            });
        }
    }
    Ok(())
}

fn of_folder(folder: &Path, error: &Error) -> BundleTrouble {
    BundleTrouble::Folder { folder: folder.display().to_string(), cause: error.to_string() }
}
