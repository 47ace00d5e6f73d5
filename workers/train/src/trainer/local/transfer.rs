#![expect(clippy::disallowed_methods, reason = "edge: files from and for the object store")]
//! Brings data and base from the object store, and the output to it. What is there already, with its digest, is not
//! brought again.

use std::collections::BTreeMap;
use std::io::Error;
use std::path::{Component, Path};

use objects::{FileStore, Remedy, StoreError};
use serde::Deserialize;

use super::folder::RunFolder;
use crate::trainer::{ObjectPlace, TrainerTrouble};

/// Maximum number of files that a manifest may name.
const MOST_FILES: usize = 1000;
/// Maximum size of a manifest in bytes; that of the training data names every document.
const LARGEST_MANIFEST: u64 = 256 << 20;
/// The last file of an output: without it there is none.
pub(super) const DONE: &str = "done.json";
/// Files of an output that are for people, and that no digest vouches for.
const REPORTS: [&str; 2] = ["report.json", "report.html"];

/// What every manifest here has: the SHA-256 of each file, in lower-case hex. `manifest.json` of training data,
/// `bundle.json` of a model, and `done.json` of an output.
#[derive(Debug, Deserialize)]
struct Digests {
    files: BTreeMap<String, String>,
    /// The run, in `done.json`.
    #[serde(default)]
    token: String,
}

impl Digests {
    /// Reads a manifest; its names become paths, so that none may lead out of the folder.
    fn read(file: &Path) -> Result<Self, String> {
        let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
        if size > LARGEST_MANIFEST {
            return Err(format!("it has {size} bytes, more than {LARGEST_MANIFEST}"));
        }
        let text = std::fs::read(file).map_err(|error| error.to_string())?;
        let read: Self = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        if read.files.len() > MOST_FILES {
            return Err(format!("it names {} files, more than {MOST_FILES}", read.files.len()));
        }
        match read.files.keys().find(|name| !is_below(name)) {
            Some(name) => Err(format!("it names the file {name:?}, which is not one below its folder")),
            None => Ok(read),
        }
    }
}

/// Whether a name is the path of a file below a folder, and a key below a prefix.
fn is_below(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(['\\', '\0'])
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        && !name.split('/').any(str::is_empty)
}

/// Brings the files that `manifest` names from `place` into the folder `to`, at most `most` bytes of them. The manifest
/// comes last.
pub(super) async fn fetch<S: FileStore>(
    store: &S,
    place: &ObjectPlace,
    manifest: &str,
    to: &Path,
    most: u64,
) -> Result<(), TrainerTrouble> {
    let partial = to.join(".partial");
    bring(store, place, manifest, &partial).await?;
    let wrong = |what: &str| TrainerTrouble::Refused(format!("{place}{manifest}: {what}; make it anew"));
    let listed = Digests::read(&partial).map_err(|what| wrong(&what))?;
    rename(&partial, &to.join(".manifest"))?;
    let mut bytes = 0_u64;
    for (name, digest) in &listed.files {
        let file = to.join(name);
        if digest_of(&file).await.as_ref() == Some(digest) {
            continue;
        }
        bytes = bytes.saturating_add(size_of(store, place, name).await?);
        if bytes > most {
            return Err(TrainerTrouble::Refused(format!(
                "the files of {place} have more than {most} bytes; set MILLRACE_TRAINER_DISK_GIB higher where the disk has room"
            )));
        }
        bring(store, place, name, &partial).await?;
        match digest_of(&partial).await {
            Some(found) if found == *digest => {}
            found => {
                return Err(wrong(&format!(
                    "{name} has the sha-256 {}, and the manifest says {digest}: somebody replaced it",
                    found.unwrap_or_default()
                )));
            }
        }
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|error| of_disk(folder, &error))?;
        }
        rename(&partial, &file)?;
    }
    rename(&to.join(".manifest"), &to.join(manifest))
}

async fn size_of<S: FileStore>(store: &S, place: &ObjectPlace, name: &str) -> Result<u64, TrainerTrouble> {
    let object = place.object(name).map_err(|error| TrainerTrouble::Refused(error.to_string()))?;
    match store.head(&object).await {
        Ok(Some(entry)) => Ok(entry.size),
        Ok(None) => Err(gone(place, name)),
        Err(error) => Err(of_store(&error)),
    }
}

async fn bring<S: FileStore>(
    store: &S,
    place: &ObjectPlace,
    name: &str,
    file: &Path,
) -> Result<(), TrainerTrouble> {
    let object = place.object(name).map_err(|error| TrainerTrouble::Refused(error.to_string()))?;
    match store.save(&object, file).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(gone(place, name)),
        Err(error) => Err(of_store(&error)),
    }
}

/// Why an output is not delivered.
#[derive(Debug)]
pub(super) enum Undelivered {
    /// It is no output of this run.
    Unusable(String),
    /// The store or the disk does not do it.
    Trouble(TrainerTrouble),
}

/// Puts the output of `run`, the folder `out` of `folder`, into its place; `done.json` comes last. What was put before
/// is not put again.
pub(super) async fn deliver<S: FileStore>(
    store: &S,
    folder: &RunFolder,
    run: &str,
    place: &ObjectPlace,
) -> Result<(), Undelivered> {
    let out = folder.path("out");
    let listed = Digests::read(&out.join(DONE))
        .map_err(|what| Undelivered::Unusable(format!("it ended without a usable {DONE}: {what}")))?;
    if listed.token != run {
        return Err(Undelivered::Unusable(format!("its {DONE} is that of the run {:?}", listed.token)));
    }
    let before = folder.read("delivered").ok().flatten().unwrap_or_default();
    for (name, digest) in &listed.files {
        if before.lines().any(|line| line == name) {
            continue;
        }
        if digest_of(&out.join(name)).await.as_ref() != Some(digest) {
            return Err(Undelivered::Unusable(format!("{name} is not the file that {DONE} names")));
        }
        put(store, &out, place, name).await?;
        folder
            .add("delivered", name)
            .map_err(|error| Undelivered::Trouble(of_disk(folder.root(), &error)))?;
    }
    for name in REPORTS.into_iter().filter(|name| !listed.files.contains_key(*name)) {
        if out.join(name).is_file() {
            put(store, &out, place, name).await?;
        }
    }
    put(store, &out, place, DONE).await
}

async fn put<S: FileStore>(
    store: &S,
    out: &Path,
    place: &ObjectPlace,
    name: &str,
) -> Result<(), Undelivered> {
    let object = place.object(name).map_err(|error| Undelivered::Unusable(error.to_string()))?;
    let put = store.put_file(&object, &out.join(name)).await;
    put.map_err(|error| Undelivered::Trouble(of_store(&error)))
}

/// The digest of a file; none when it cannot be read.
async fn digest_of(file: &Path) -> Option<String> {
    let file = file.to_path_buf();
    let digest = tokio::task::spawn_blocking(move || model::file_digest(&file)).await;
    digest.ok()?.ok()
}

fn rename(from: &Path, to: &Path) -> Result<(), TrainerTrouble> {
    std::fs::rename(from, to).map_err(|error| of_disk(to, &error))
}

fn gone(place: &ObjectPlace, name: &str) -> TrainerTrouble {
    TrainerTrouble::Refused(format!("{place}{name} is not in the object store: make it anew"))
}

/// What the caller does about a failure of the store.
fn of_store(error: &StoreError) -> TrainerTrouble {
    match error.remedy() {
        Remedy::Wait => TrainerTrouble::Busy { after: error.retry_after(), why: error.to_string() },
        Remedy::Refuse | Remedy::Alarm => TrainerTrouble::Denied(error.to_string()),
    }
}

/// A folder of this machine that cannot be used.
pub(super) fn of_disk(place: &Path, error: &Error) -> TrainerTrouble {
    TrainerTrouble::Denied(format!(
        "{} cannot be used ({error}): set MILLRACE_TRAINER_WORK to a folder that can be written and has room",
        place.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_below_the_folder_are_files() {
        for name in ["train.jsonl", "judged/qrels/dev.tsv", "bundle/model.onnx"] {
            assert!(is_below(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\\b", "a\0"] {
            assert!(!is_below(name), "{name}");
        }
    }
}
