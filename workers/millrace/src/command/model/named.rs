#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests write files"))]
//! What a proof is about, as it is named: by a folder, or by what it is called in the registry or the store.

use std::path::{Path, PathBuf};

use eval::finished::{BUNDLE, DONE, FinishedTraining};
use eval::guard::{GuardFolder, GuardSet};
use eval::judged::{JudgedData, fetch_judged};
use model::Bundle;
use objects::S3Store;
use process::Failure;
use registry::rules;

use crate::cli::ProveModel;

/// A model, and what its training said, if it was trained.
#[derive(Debug)]
pub(super) struct NamedModel {
    pub(super) bundle: Bundle,
    pub(super) training: Option<FinishedTraining>,
}

/// Whether anything is in the store: then looks at the golden set are counted there.
pub(super) fn uses_store(ask: &ProveModel) -> bool {
    let models = std::iter::once(&ask.candidate).chain(&ask.against);
    ask.accept || models.chain([&ask.data]).any(|named| !Path::new(named).is_dir())
}

/// The model of this name, fetched below `scratch` unless the settings name a folder for models.
pub(super) async fn model(ask: &ProveModel, named: &str, scratch: &Path) -> Result<NamedModel, Failure> {
    let folder = PathBuf::from(named);
    if folder.is_dir() {
        return of_folder(&folder);
    }
    let registry = super::read(&ask.registry).await?;
    let entry = rules::model_of(&registry, named)
        .map_err(|refusal| format!("{named} is no folder of a bundle, and {refusal}"))?;
    let models = ask.further.models.clone().unwrap_or_else(|| scratch.join("models"));
    let folder = bundles::fetch(&S3Store::new(&ask.bucket.store)?, entry, &models).await?;
    Ok(NamedModel { bundle: Bundle::open(&folder)?, training: None })
}

/// A bundle, or the output of a training, which counts only when it is whole.
fn of_folder(folder: &Path) -> Result<NamedModel, Failure> {
    if folder.join(DONE).exists() {
        let training = FinishedTraining::read(folder)?;
        return Ok(NamedModel { bundle: Bundle::open(&folder.join(BUNDLE))?, training: Some(training) });
    }
    if folder.join(Bundle::MANIFEST).exists() {
        return Ok(NamedModel { bundle: Bundle::open(folder)?, training: None });
    }
    Err(format!(
        "{} holds neither {} nor {DONE}: name the folder of a bundle, or the output of a training that has ended",
        folder.display(),
        Bundle::MANIFEST
    )
    .into())
}

/// The training data of this name, fetched below `scratch` when it is named by its digest.
pub(super) async fn data(ask: &ProveModel, scratch: &Path) -> Result<JudgedData, Failure> {
    let folder = Path::new(&ask.data);
    if folder.is_dir() {
        return Ok(JudgedData::read(folder)?);
    }
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if ask.data.len() != 12 || !ask.data.bytes().all(digit) {
        let data = &ask.data;
        return Err(
            format!("{data} is neither a folder of training data nor a digest of 12 hex digits").into()
        );
    }
    let store = S3Store::new(&ask.bucket.store)?;
    Ok(fetch_judged(&store, (&ask.bucket.bucket, &ask.data), &scratch.join("data")).await?)
}

/// The general sets, each with at most `most` documents.
pub(super) fn guards(named: &[GuardFolder], most: usize) -> Result<Vec<GuardSet>, Failure> {
    Ok(named.iter().map(|one| one.read(most)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use eval::judged::JUDGED_FILES;
    use message::DocumentId;
    use objects::{FileStore as _, MemoryStore, Store as _};

    use super::*;

    async fn stored(digest: &str, folder: &Path) -> MemoryStore {
        let store = MemoryStore::default();
        store.ensure_bucket("docs", None).await.unwrap();
        for name in JUDGED_FILES {
            let place = DocumentId::new("docs", &format!(".millrace/training/{digest}/{name}")).unwrap();
            store.put_file(&place, &folder.join(name)).await.unwrap();
        }
        store
    }

    #[tokio::test]
    async fn training_data_is_fetched_whole_or_not_at_all() {
        let scratch = tempfile::tempdir().unwrap();
        let made = scratch.path().join("made");
        fixture::judged::training_data(&made, (120, 60)).unwrap();
        let store = stored("0123456789ab", &made).await;
        let get = async |digest: &str, to: &str| {
            fetch_judged(&store, ("docs", digest), &scratch.path().join(to)).await
        };
        let data = get("0123456789ab", "a").await.unwrap();
        assert_eq!((data.golden.questions.len(), data.index.as_str()), (60, "manual"));
        let error = get("ba9876543210", "b").await.unwrap_err().to_string();
        assert!(error.contains("manifest.json is not there") && error.contains("train data"), "{error}");
        let graded =
            DocumentId::new("docs", ".millrace/training/0123456789ab/judged/qrels/golden.tsv").unwrap();
        store.put(&graded, "query-id\tcorpus-id\tscore\nq1\td2\t1\n".into(), "").await.unwrap();
        let error = get("0123456789ab", "c").await.unwrap_err().to_string();
        assert!(error.contains("it was changed"), "{error}");
        // Another's data under this digest.
        let store = stored("ba9876543210", &made).await;
        let error =
            fetch_judged(&store, ("docs", "ba9876543210"), &scratch.path().join("d")).await.unwrap_err();
        assert!(error.to_string().contains("holds the data 0123456789ab"), "{error}");
    }

    #[test]
    fn a_training_that_has_not_ended_is_none() {
        let scratch = tempfile::tempdir().unwrap();
        fixture::judged::trained(scratch.path(), "domain", 512, [0.5, 0.6, 0.7]).unwrap();
        assert!(of_folder(scratch.path()).unwrap().training.is_some());
        assert!(of_folder(&scratch.path().join("bundle")).unwrap().training.is_none());
        std::fs::remove_file(scratch.path().join("done.json")).unwrap();
        let error = of_folder(scratch.path()).unwrap_err().to_string();
        assert!(error.contains("neither bundle.json nor done.json"), "{error}");
    }
}
