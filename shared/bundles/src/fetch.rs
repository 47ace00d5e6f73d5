#![expect(clippy::disallowed_methods, reason = "edge: writes the folder of models")]
//! Fetches a bundle into the folder of models.

use std::io::{Error, ErrorKind};
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
/// When the store does not have it as the registry says, or the folder cannot be written.
pub async fn fetch<S: FileStore>(
    store: &S,
    entry: &ModelEntry,
    models: &Path,
) -> Result<PathBuf, BundleTrouble> {
    let place: BundlePlace = entry.bundle.as_deref().unwrap_or_default().parse()?;
    let whole = models.join(entry.fingerprint.short());
    if whole.join(Bundle::MANIFEST).exists() {
        return Ok(whole);
    }
    // Several processes of a machine may share the folder. Its name hides it from who looks for bundles.
    let partial = models.join(format!(".{}.{}", entry.fingerprint.short(), std::process::id()));
    let fetched = fetch_into(store, entry, &place, &partial).await;
    let moved = fetched.and_then(|()| match std::fs::rename(&partial, &whole) {
        // Another process was faster.
        Err(error) if !whole.join(Bundle::MANIFEST).exists() => Err(of_folder(&whole, &error)),
        Ok(()) | Err(_) => Ok(whole),
    });
    match std::fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(folder = %partial.display(), %error, "not removed: remove it by hand");
        }
        Ok(()) | Err(_) => {}
    }
    moved
}

async fn fetch_into<S: FileStore>(
    store: &S,
    entry: &ModelEntry,
    place: &BundlePlace,
    folder: &Path,
) -> Result<(), BundleTrouble> {
    std::fs::create_dir_all(folder).map_err(|error| of_folder(folder, &error))?;
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
