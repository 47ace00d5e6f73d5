//! Puts a bundle into the store. Stage: awaits a store.

use message::{Fingerprint, ModelEntry, ModelState};
use model::Bundle;
use objects::FileStore;

use crate::error::BundleTrouble;
use crate::place::BundlePlace;

/// What the registry says of a bundle that is on this machine, with the digest of each file, that of `bundle.json` too.
///
/// # Errors
/// When `bundle.json` cannot be read.
pub fn described(
    bundle: &Bundle,
    fingerprint: Fingerprint,
    state: ModelState,
) -> Result<ModelEntry, BundleTrouble> {
    let manifest = bundle.manifest();
    let mut files = manifest.files.clone();
    files.insert(Bundle::MANIFEST.to_owned(), model::file_digest(&bundle.path(Bundle::MANIFEST))?);
    Ok(ModelEntry {
        fingerprint,
        name: manifest.name.clone(),
        bundle: None,
        files,
        dimension: manifest.dimension,
        max_tokens: manifest.max_tokens,
        scores: std::collections::BTreeMap::new(),
        state,
        reason: None,
    })
}

/// Puts every file of `bundle` below `place`, and says so in the entry.
///
/// # Errors
/// When the store does not take one. Asked again, it puts all of them again.
pub async fn put<S: FileStore>(
    store: &S,
    place: &BundlePlace,
    bundle: &Bundle,
    entry: ModelEntry,
) -> Result<ModelEntry, BundleTrouble> {
    for name in entry.files.keys() {
        store.put_file(&place.file(name)?, &bundle.path(name)).await?;
    }
    Ok(ModelEntry { bundle: Some(place.to_string()), ..entry })
}
