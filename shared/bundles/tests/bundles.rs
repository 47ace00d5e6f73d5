//! Bundles that are put into a store, fetched from it, and refused where they are not what was registered: over memory.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "edge: writes bundles to scratch folders; a test"
)]

use std::path::Path;
use std::time::Duration;

use bundles::{BundlePlace, BundleTrouble, described, fetch, keep, put};
use message::{ChangeAuthor, FillSource, GenerationEntry, ModelEntry, ModelState};
use model::{BackendKind, BackendSettings, Bundle};
use objects::{MemoryStore, Store as _};
use registry::{RegistryWriter, rules};
use stream::memory::Memory;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const BUCKET: &str = "docs";
const GRAPH: &[u8] = b"a graph";

/// A bundle whose graph is no graph, in `folder`.
fn bundle(folder: &Path) -> Bundle {
    std::fs::write(folder.join("model.onnx"), GRAPH).unwrap();
    std::fs::write(folder.join("tokenizer.json"), b"a tokenizer").unwrap();
    let digest = |name: &str| model::file_digest(&folder.join(name)).unwrap();
    let manifest = serde_json::json!({
        "name": "tiny", "version": "1", "dimension": 8, "max_tokens": 16, "pooling": "mean", "normalise": true,
        "output": "sentence_embedding", "precision": "fp32", "prefixes": {"query": "", "passage": ""},
        "files": {"model.onnx": digest("model.onnx"), "tokenizer.json": digest("tokenizer.json")},
    });
    std::fs::write(folder.join("bundle.json"), manifest.to_string()).unwrap();
    Bundle::open(folder).unwrap()
}

/// A store with a bundle that was put there, and what the registry says of it.
async fn stored() -> (MemoryStore, BundlePlace, ModelEntry, Bundle) {
    let folder = tempfile::tempdir().unwrap().keep();
    let (store, bundle) = (MemoryStore::default(), bundle(&folder));
    store.ensure_bucket(BUCKET, None).await.unwrap();
    let entry = described(&bundle, bundle.model_fingerprint(), ModelState::Accepted).unwrap();
    let place = BundlePlace::of(BUCKET, &entry.fingerprint);
    let entry = put(&store, &place, &bundle, entry).await.unwrap();
    (store, place, entry, bundle)
}

#[tokio::test]
async fn what_was_put_is_fetched_as_it_was_and_once() {
    let (store, place, entry, bundle) = stored().await;
    assert_eq!(entry.bundle.as_deref(), Some(place.to_string().as_str()));
    assert_eq!(entry.files.len(), 3);
    let models = tempfile::tempdir().unwrap();
    let folder = fetch(&store, &entry, models.path()).await.unwrap();
    assert_eq!(Bundle::open(&folder).unwrap().model_fingerprint(), bundle.model_fingerprint());
    // It is there: the store is not asked.
    store.delete(&place.file("model.onnx").unwrap()).await.unwrap();
    assert_eq!(fetch(&store, &entry, models.path()).await.unwrap(), folder);
    let names: Vec<_> =
        std::fs::read_dir(models.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn a_bundle_that_is_gone_or_was_replaced_is_not_used_and_leaves_nothing() {
    let (store, place, entry, _) = stored().await;
    let models = tempfile::tempdir().unwrap();
    let graph = place.file("model.onnx").unwrap();
    store.put(&graph, b"another graph".as_slice().into(), "").await.unwrap();
    let error = fetch(&store, &entry, models.path()).await.unwrap_err();
    assert!(matches!(error, BundleTrouble::Digest { .. }), "{error}");
    store.delete(&graph).await.unwrap();
    let error = fetch(&store, &entry, models.path()).await.unwrap_err().to_string();
    assert!(error.contains("model.onnx is gone") && error.contains("millrace model add"), "{error}");
    assert_eq!(std::fs::read_dir(models.path()).unwrap().count(), 0);
    let nowhere = ModelEntry { bundle: None, ..entry };
    assert!(matches!(fetch(&store, &nowhere, models.path()).await, Err(BundleTrouble::Place(_))));
}

/// Who can write to the topic or the bucket must not write elsewhere on the disks of workers.
#[tokio::test]
async fn an_entry_that_is_not_of_a_bundle_writes_nothing() {
    let (store, _, entry, _) = stored().await;
    let (outside, digest) = (tempfile::tempdir().unwrap(), "0".repeat(64));
    let models = outside.path().join("models");
    let with = |name: &str, digest: &str| {
        let mut odd = entry.clone();
        odd.files.insert(name.to_owned(), digest.to_owned());
        odd
    };
    let mut nameless = entry.clone();
    nameless.files.remove("bundle.json");
    let mut elsewhere = serde_json::to_value(&entry).unwrap();
    elsewhere["fingerprint"] = "../../../tmp".into();
    let odd = [
        with("../x", &digest),
        with("/etc/x", &digest),
        with(".x", &digest),
        with("weights.bin", "no digest"),
        nameless,
        serde_json::from_value(elsewhere).unwrap(),
    ];
    for odd in odd {
        let error = fetch(&store, &odd, &models).await.unwrap_err();
        assert!(matches!(error, BundleTrouble::Entry { .. }), "{error}");
    }
    let beyond = ModelEntry { bundle: Some("docs/handbook/".to_owned()), ..entry };
    assert!(matches!(fetch(&store, &beyond, &models).await, Err(BundleTrouble::Place(_))));
    assert!(!models.exists(), "something was written");
}

fn generation(bundle: &Bundle) -> GenerationEntry {
    let backend = BackendSettings { encoder: BackendKind::Onnx, hashing_dimension: None };
    let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
    model::generation(bundle, &backend).entry(BUCKET, FillSource::Chunks, &author)
}

#[tokio::test]
async fn what_a_generation_needs_is_fetched_when_the_registry_says_so() {
    let (store, _, entry, bundle) = stored().await;
    let broker = Memory::default();
    broker.create(topics::MODELS, 1);
    let models = tempfile::tempdir().unwrap();
    let whole = models.path().join(entry.fingerprint.short());
    let (sender, heard) = watch::channel(None);
    let there = whole.clone();
    let is_missing = Box::new(move |entry: &GenerationEntry| (!there.exists()).then(|| entry.model.clone()));
    let changing = async {
        let writer = RegistryWriter::new(broker.clone(), BUCKET);
        writer.change(|registry| rules::enter_model(registry, entry.clone())).await.unwrap();
        sleep(Duration::from_millis(300)).await;
        assert!(!whole.exists(), "no generation needs it yet");
        writer.change(|registry| rules::start(registry, generation(&bundle))).await.unwrap();
        while !whole.join("bundle.json").exists() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let all = async {
        tokio::select! {
            never = registry::follow(broker.clone(), sender) => match never {},
            never = keep(store, models.path().to_path_buf(), heard, is_missing) => match never {},
            () = changing => {}
        }
    };
    timeout(Duration::from_mins(1), all).await.unwrap();
    assert_eq!(Bundle::open(&whole).unwrap().model_fingerprint(), bundle.model_fingerprint());
}
