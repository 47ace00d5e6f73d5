use message::{ModelEntry, ModelState, RegistryEntry, RunState, TrainingRun};
use objects::{MemoryStore, Store as _};
use serde_json::json;

use super::*;

/// The output of a training with a `TorchScript`, which is none.
fn trained(folder: &Path) {
    fixture::judged::trained(folder, "domain", 512, [0.5, 0.6, 0.7]).unwrap();
    for (name, content) in [(SCRIPT, "zip"), (CONFIG, r#"{"model_type": "xlm-roberta"}"#)] {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
    }
    let mut done: Value = serde_json::from_slice(&std::fs::read(folder.join(DONE)).unwrap()).unwrap();
    for name in [SCRIPT, CONFIG] {
        done["files"][name] = model::file_digest(&folder.join(name)).unwrap().into();
    }
    std::fs::write(folder.join(DONE), done.to_string()).unwrap();
}

async fn stored(folder: &Path) -> MemoryStore {
    let store = MemoryStore::default();
    store.ensure_bucket("docs", None).await.unwrap();
    let done = FinishedTraining::read(folder).unwrap();
    for name in done.files.keys().map(String::as_str).chain([DONE]) {
        let place = DocumentId::new("docs", &format!(".millrace/runs/abc/{name}")).unwrap();
        store.put_file(&place, &folder.join(name)).await.unwrap();
    }
    store
}

fn here() -> (String, String) {
    ("docs".to_owned(), ".millrace/runs/abc/".to_owned())
}

#[tokio::test]
async fn an_output_is_fetched_and_told_as_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let made = scratch.path().join("made");
    trained(&made);
    let output = fetched(&stored(&made).await, &here(), &scratch.path().join("a")).await.unwrap();
    let fingerprint = output.bundle.model_fingerprint();
    let hosted = output.hosted("domain-emb", &fingerprint);
    assert_eq!((hosted.name.as_str(), hosted.bytes, hosted.dimension), ("domain-emb", 3, 512));
    assert_eq!(hosted.model_type, "xlm-roberta");
    assert_eq!(hosted.digest, model::file_digest(&made.join(SCRIPT)).unwrap());
    assert!(hosted.description.contains(fingerprint.short()), "{}", hosted.description);
}

#[tokio::test]
async fn a_file_that_was_changed_in_the_store_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let made = scratch.path().join("made");
    trained(&made);
    let store = stored(&made).await;
    let place = DocumentId::new("docs", &format!(".millrace/runs/abc/{SCRIPT}")).unwrap();
    store.put(&place, "other".into(), "").await.unwrap();
    let error = fetched(&store, &here(), &scratch.path().join("a")).await.unwrap_err().to_string();
    assert!(error.contains("it was changed"), "{error}");
    let nowhere = ("docs".to_owned(), ".millrace/runs/other/".to_owned());
    let error = fetched(&store, &nowhere, &scratch.path().join("b")).await.unwrap_err().to_string();
    assert!(error.contains("done.json is not there"), "{error}");
}

#[test]
fn an_output_without_torchscript_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    fixture::judged::trained(scratch.path(), "domain", 512, [0.5, 0.6, 0.7]).unwrap();
    let done = FinishedTraining::read(scratch.path()).unwrap();
    let error = TrainedOutput::of(scratch.path(), &done).unwrap_err().to_string();
    assert!(error.contains("names no torchscript/model.zip"), "{error}");
}

#[test]
fn a_model_is_found_by_the_run_that_made_it() {
    let fingerprint = Fingerprint::of(&[("weights", "a")]);
    let model = json!({
        "fingerprint": fingerprint, "name": "domain", "dimension": 384, "max_tokens": 256, "files": {},
        "state": "accepted",
    });
    let model: ModelEntry = serde_json::from_value(model).unwrap();
    assert_eq!(model.state, ModelState::Accepted);
    let run = TrainingRun {
        id: "0123456789ab".to_owned(),
        index: "manual".to_owned(),
        trainer: "local".to_owned(),
        base: Fingerprint::of(&[("weights", "base")]),
        data: None,
        job: None,
        output: Some("docs/.millrace/runs/0123456789ab/".to_owned()),
        model: Some(fingerprint.clone()),
        state: RunState::Accepted,
        stop: false,
        reason: None,
        outcome: None,
        since: 1,
        by: "maria".to_owned(),
    };
    let mut registry = Registry::default();
    for entry in [RegistryEntry::Model(model), RegistryEntry::Run(run)] {
        registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
    }
    let found = place(&registry, "manual", fingerprint.short()).unwrap();
    assert_eq!(found, ("docs".to_owned(), ".millrace/runs/0123456789ab/".to_owned()));
    let error = place(&registry, "other", fingerprint.short()).unwrap_err().to_string();
    assert!(error.contains("no run for other made domain"), "{error}");
    let error = place(&registry, "manual", "ffff").unwrap_err().to_string();
    assert!(error.contains("is no folder"), "{error}");
}
