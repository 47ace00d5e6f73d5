//! What a proof says when something else is served before it ends: over memory, with hashed words as models.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use bundles::BundlePlace;
use eval::finished::FinishedTraining;
use eval::judged::JUDGED_FILES;
use message::{
    BuildState, DocumentId, FillSource, Fingerprint, GenerationEntry, IndexMapping, ModelEntry, ModelState,
    RegistryEntry, RunState, ServingEntry, TrainingRun,
};
use model::{BackendKind, BackendSettings, Bundle, EncoderSettings, ExecutionProvider, OnnxSettings};
use objects::{FileStore as _, MemoryStore, Store as _};
use stream::Outgoing;
use stream::memory::Memory;
use tempfile::TempDir;
use tokio::task::yield_now;
use tokio::time::timeout;
use train::judge::{Proof as _, ProofTrouble, TrainedOutput};
use train::proof::{GateProof, ProofSettings};
use train::trainer::ObjectPlace;

/// As the made training data says.
const INDEX: &str = "manual";
const DATA: &str = "0123456789ab";
const BUCKET: &str = "documents";
const LONG: Duration = Duration::from_mins(2);

/// A run whose model is to be proven, and two generations: the first one is served.
struct Court {
    broker: Memory,
    store: MemoryStore,
    scratch: TempDir,
    run: TrainingRun,
    output: TrainedOutput,
    other: ModelEntry,
}

fn hashing() -> EncoderSettings {
    let onnx = OnnxSettings {
        onnxruntime: None,
        execution_provider: ExecutionProvider::Cpu,
        sessions: None,
        batch_tokens: NonZeroUsize::MIN,
        queue_tokens: NonZeroUsize::MIN,
        encode_stall: NonZeroUsize::MIN,
    };
    let backend = BackendSettings { encoder: BackendKind::Hashing, hashing_dimension: None };
    EncoderSettings { backend, onnx }
}

/// Puts the bundle of a folder into the store.
async fn shelved(store: &MemoryStore, folder: &Path) -> ModelEntry {
    let bundle = Bundle::open(folder).unwrap();
    let fingerprint = model::generation(&bundle, &hashing().backend).model;
    let entry = bundles::described(&bundle, fingerprint, ModelState::Accepted).unwrap();
    let place = BundlePlace::of(BUCKET, &entry.fingerprint);
    bundles::put(store, &place, &bundle, entry).await.unwrap()
}

fn generation(id: &str, model: &ModelEntry) -> RegistryEntry {
    RegistryEntry::Generation(GenerationEntry {
        id: id.to_owned(),
        index: INDEX.to_owned(),
        chunking: Fingerprint::of(&[("test", "chunking")]),
        model: model.fingerprint.clone(),
        cut_by: None,
        name: model.name.clone(),
        space: Fingerprint::of(&[("test", id)]),
        dimension: model.dimension,
        mapping: IndexMapping::of(4),
        source: FillSource::Vectors,
        barrier: BTreeMap::new(),
        state: BuildState::Built,
        reason: None,
        since: 1,
        by: "maria".to_owned(),
    })
}

fn run(base: &ModelEntry, model: &ModelEntry) -> TrainingRun {
    TrainingRun {
        id: "5c1d90ab3f27".to_owned(),
        index: INDEX.to_owned(),
        trainer: "local".to_owned(),
        base: base.fingerprint.clone(),
        data: Some(DATA.to_owned()),
        job: None,
        output: None,
        model: Some(model.fingerprint.clone()),
        state: RunState::Judging,
        stop: false,
        reason: None,
        outcome: None,
        since: 1,
        by: "train".to_owned(),
    }
}

impl Court {
    async fn new() -> Self {
        let (broker, store) = (Memory::default(), MemoryStore::default());
        let scratch = tempfile::tempdir().unwrap();
        broker.create(topics::MODELS, 1);
        store.ensure_bucket(BUCKET, None).await.unwrap();
        let at = |name: &str| scratch.path().join(name);
        fixture::judged::training_data(&at("data"), (120, 60)).unwrap();
        for name in JUDGED_FILES {
            let place = DocumentId::new(BUCKET, &format!(".millrace/training/{DATA}/{name}")).unwrap();
            store.put_file(&place, &at("data").join(name)).await.unwrap();
        }
        fixture::judged::bundle(&at("base"), "base", 8).unwrap();
        fixture::judged::bundle(&at("other"), "other", 16).unwrap();
        fixture::judged::trained(&at("tuned"), "tuned", 512, [0.5, 0.6, 0.7]).unwrap();
        let (base, other) = (shelved(&store, &at("base")).await, shelved(&store, &at("other")).await);
        let model = shelved(&store, &at("tuned").join("bundle")).await;
        let run = run(&base, &model);
        let place =
            ObjectPlace { bucket: BUCKET.to_owned(), prefix: ".millrace/runs/5c1d90ab3f27/".to_owned() };
        let output = TrainedOutput { place, done: FinishedTraining::read(&at("tuned")).unwrap(), model };
        let court = Self { broker, store, scratch, run, output, other };
        let generations = [generation("first", &base), generation("second", &court.other)];
        let models = [base, court.other.clone()].map(RegistryEntry::Model);
        for entry in generations.iter().chain(&models) {
            court.write(entry);
        }
        court.serve("first", 1);
        court
    }

    fn write(&self, entry: &RegistryEntry) {
        self.broker.append(&Outgoing {
            topic: topics::MODELS.to_owned(),
            key: Some(entry.key().into_bytes()),
            value: Some(serde_json::to_vec(entry).unwrap()),
            headers: None,
        });
    }

    fn serve(&self, id: &str, sequence: u64) {
        let (index, id, by) = (INDEX.to_owned(), id.to_owned(), "maria".to_owned());
        let serving = ServingEntry { index, id, previous: None, sequence, by, at: sequence };
        self.write(&RegistryEntry::Serving(serving));
    }

    fn proof(&self) -> GateProof<Memory, MemoryStore> {
        let settings = ProofSettings {
            bucket: BUCKET.to_owned(),
            scratch: self.scratch.path().join("proofs"),
            encoder: hashing(),
            dimension: None,
            guards: Vec::new(),
            guard_documents: 1,
        };
        GateProof::new(self.broker.clone(), self.store.clone(), settings)
    }
}

#[tokio::test]
async fn a_verdict_beside_what_is_not_served_any_more_is_none_and_the_next_is_beside_what_is() {
    let court = Court::new().await;
    let proof = court.proof();
    let changed = async {
        // The rival is chosen by the time when its first file is read: after those of the data.
        while court.store.bodies() <= JUDGED_FILES.len() as u64 {
            yield_now().await;
        }
        court.serve("second", 2);
    };
    let proving = Box::pin(proof.prove(&court.run, &court.output));
    let (said, ()) = timeout(LONG, futures::future::join(proving, changed)).await.unwrap();
    let said = said.unwrap_err();
    assert!(
        matches!(&said, ProofTrouble::Wait(why) if why.contains("changed while it was judged")),
        "{said:?}"
    );
    let anew = Box::pin(proof.prove(&court.run, &court.output)).await.unwrap();
    let compared = format!("compared with {}", court.other.fingerprint.short());
    assert!(anew.summary.contains(&compared), "{anew:?}");
}
