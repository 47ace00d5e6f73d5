//! EDGE: fetches what a trainer put into the store, and puts its bundle where models are.
//!
//! Nothing is believed without `done.json`, and each file of the bundle has the digest that stands there. What else is in the
//! output (weights, `TorchScript`) is verified by who reads it.

use std::io::Error;
use std::path::{Path, PathBuf};

use bundles::{BundlePlace, BundleTrouble};
use eval::finished::{BUNDLE, DONE, FinishedTraining};
use message::{DocumentId, Fingerprint, InvalidDocumentId, ModelEntry, ModelState, TrainingRun};
use model::{BackendSettings, Bundle};
use objects::{FileStore, Look, OWN_PREFIX, Remedy, Store, StoreError};

use crate::done::{LARGEST_DONE, UnusableOutput, read_done};
use crate::trainer::{InvalidObjectPlace, ObjectPlace};

/// Why an output was not read or registered.
#[derive(Debug, thiserror::Error)]
pub enum OutputTrouble {
    /// The store or this machine's disk cannot be used now: try again.
    #[error("{0}")]
    Wait(String),
    /// It must not be used.
    #[error(transparent)]
    Unusable(#[from] UnusableOutput),
}

impl From<StoreError> for OutputTrouble {
    fn from(error: StoreError) -> Self {
        match error.remedy() {
            Remedy::Refuse => unusable(error.to_string()),
            Remedy::Wait | Remedy::Alarm => Self::Wait(error.to_string()),
        }
    }
}

impl From<BundleTrouble> for OutputTrouble {
    fn from(trouble: BundleTrouble) -> Self {
        match trouble {
            BundleTrouble::Store(error) => error.into(),
            BundleTrouble::Bundle(_)
            | BundleTrouble::Gone(_)
            | BundleTrouble::Digest { .. }
            | BundleTrouble::Entry { .. }
            | BundleTrouble::Place(_)
            | BundleTrouble::Folder { .. } => unusable(process::chain(&trouble)),
        }
    }
}

fn unusable(why: impl Into<String>) -> OutputTrouble {
    UnusableOutput(why.into()).into()
}

impl From<InvalidObjectPlace> for OutputTrouble {
    fn from(error: InvalidObjectPlace) -> Self {
        unusable(error.to_string())
    }
}

/// Where the output of a run is.
#[must_use]
pub fn output_place(bucket: &str, run: &str) -> ObjectPlace {
    ObjectPlace { bucket: bucket.to_owned(), prefix: format!("{OWN_PREFIX}runs/{run}/") }
}

/// What the trainer of `run` says of its output; none while it has not said so.
///
/// # Errors
/// See [`OutputTrouble`].
pub async fn look_done<S: Store>(
    store: &S,
    place: &ObjectPlace,
    run: &TrainingRun,
) -> Result<Option<FinishedTraining>, OutputTrouble> {
    let done = place.object(DONE)?;
    match store.look(&done, None, LARGEST_DONE).await? {
        Look::Found { bytes, .. } => Ok(Some(read_done(&bytes, run)?)),
        Look::TooLarge { size, .. } => Err(unusable(format!("{done} has {size} bytes"))),
        Look::Gone | Look::Unchanged => Ok(None),
    }
}

/// Where models go, and how their vectors are made.
#[derive(Clone, Debug)]
pub struct ModelShelf {
    /// The bucket of bundles.
    pub bucket: String,
    /// A folder for what is fetched; it holds one bundle at a time.
    pub scratch: PathBuf,
    /// What will run the model: it decides the fingerprint.
    pub backend: BackendSettings,
}

/// Fetches the bundle of an output, verifies each file, and puts it where models are. Gives what the registry is to say of it: a
/// candidate. Asked again, it does the same again. Of a model that is `known` nothing is written: its bundle has another name and
/// version inside, and the registry knows the digests of the one that is there.
///
/// # Errors
/// See [`OutputTrouble`].
pub async fn shelve<S: FileStore>(
    store: &S,
    place: &ObjectPlace,
    done: &FinishedTraining,
    shelf: &ModelShelf,
    known: impl Fn(&Fingerprint) -> Option<ModelEntry> + Send,
) -> Result<ModelEntry, OutputTrouble> {
    tokio::fs::create_dir_all(&shelf.scratch).await.map_err(|error| of_folder(&shelf.scratch, &error))?;
    // Dropped, it is removed.
    let folder = tempfile::Builder::new().prefix("bundle-").tempdir_in(&shelf.scratch);
    let folder = folder.map_err(|error| of_folder(&shelf.scratch, &error))?;
    for (name, expected) in done.bundle() {
        fetch(store, place, folder.path(), (name, expected)).await?;
    }
    let (bundle, entry) = described(folder.path(), &shelf.backend).await?;
    if bundle.dimension() != done.dimension {
        let (one, other) = (bundle.dimension(), done.dimension);
        return Err(unusable(format!("its bundle has {one} numbers in a vector, and {DONE} says {other}")));
    }
    if let Some(known) = known(&entry.fingerprint).filter(|known| known.bundle.is_some()) {
        return Ok(ModelEntry { state: ModelState::Candidate, ..known });
    }
    let there = BundlePlace::of(&shelf.bucket, &entry.fingerprint);
    Ok(bundles::put(store, &there, &bundle, entry).await?)
}

async fn fetch<S: FileStore>(
    store: &S,
    place: &ObjectPlace,
    folder: &Path,
    (name, expected): (&str, &str),
) -> Result<(), OutputTrouble> {
    let (object, file) = (place.object(&format!("{BUNDLE}/{name}"))?, folder.join(name));
    if !store.save(&object, &file).await? {
        return Err(unusable(format!("{object} is not there, and {DONE} names it")));
    }
    let found = tokio::task::spawn_blocking(move || model::file_digest(&file)).await;
    let found = found.map_err(|error| of_folder(folder, &Error::other(error)))?;
    let found = found.map_err(|error| OutputTrouble::Wait(process::chain(&error)))?;
    if found == expected {
        return Ok(());
    }
    Err(unusable(format!("{object} has the sha-256 {found}, and {DONE} says {expected}")))
}

async fn described(folder: &Path, backend: &BackendSettings) -> Result<(Bundle, ModelEntry), OutputTrouble> {
    let (path, backend) = (folder.to_path_buf(), backend.clone());
    let read = move || {
        let bundle = Bundle::open(&path)?;
        let fingerprint = model::generation(&bundle, &backend).model;
        let entry = bundles::described(&bundle, fingerprint, ModelState::Candidate)?;
        Ok::<_, BundleTrouble>((bundle, entry))
    };
    let read = tokio::task::spawn_blocking(read).await;
    Ok(read.map_err(|error| of_folder(folder, &Error::other(error)))??)
}

fn of_folder(folder: &Path, error: &Error) -> OutputTrouble {
    OutputTrouble::Wait(format!(
        "the folder {} cannot be written ({error}): make room, or set MILLRACE_DATA to one that can",
        folder.display()
    ))
}

/// Where the last lines of a job's log are kept, for `millrace train log`: beside the output, which is the trainer's alone.
///
/// # Errors
/// When the bucket's name is none.
pub fn log_of(bucket: &str, run: &str) -> Result<DocumentId, InvalidDocumentId> {
    DocumentId::new(bucket, &format!("{OWN_PREFIX}runs/{run}.log"))
}
