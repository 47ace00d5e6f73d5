//! What the tests of a conductor share: everything that it works with, in memory, and places at which it is killed.
#![allow(dead_code, reason = "each test uses its part")]

mod acting;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use message::{ChangeAuthor, DocumentId, Fingerprint, ModelEntry, ModelState, RunState, TrainingRun};
use model::{BackendKind, BackendSettings};
use objects::{MemoryStore, Store as _};
use registry::rules::RuleRefusal;
use registry::{Registry, RegistryError, RegistryWriter, follow, read, rules};
use serde_json::json;
use stream::memory::Memory;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use train::data::MemoryData;
use train::judge::{MemoryProof, ProofVerdict};
use train::output::ModelShelf;
use train::trainer::{MemoryTrainer, TrainerOptions};
use train::{ConductSettings, Conductor, ConductorParts, StepEnd};

pub(crate) use acting::{Acting, ActingData, ActingProof, Kill};

pub(crate) const INDEX: &str = "docs";
pub(crate) const BUCKET: &str = "documents";
pub(crate) const ID: &str = "0123456789ab";
pub(crate) const DATA: &str = "77ab01c2d3e4";
/// Longer than any act of these tests.
const LONG: Duration = Duration::from_mins(10);

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(1_000) };
}

/// Lets the wall clock of these tests go on.
pub(crate) fn pass(seconds: u64) {
    NOW.with(|now| now.set(now.get() + seconds));
}

fn now() -> u64 {
    NOW.with(Cell::get)
}

pub(crate) type Tested = Conductor<Memory, Acting, ActingData, ActingProof, MemoryStore>;

/// A system in memory.
pub(crate) struct Bench {
    pub(crate) broker: Memory,
    pub(crate) store: MemoryStore,
    pub(crate) trainer: MemoryTrainer,
    pub(crate) proof: MemoryProof,
    /// What the trainer does by itself.
    pub(crate) plan: TrainerPlan,
    looks: Arc<AtomicUsize>,
    scratch: TempDir,
}

/// What the trainer does by itself.
#[derive(Clone, Debug)]
pub(crate) struct TrainerPlan {
    /// It delivers at the second look.
    pub(crate) delivers: bool,
    /// Kafka fails so often after a job was created.
    pub(crate) fails: usize,
    /// The model's graph that it delivers.
    pub(crate) graph: &'static [u8],
}

pub(crate) fn base() -> Fingerprint {
    Fingerprint::of(&[("test", "base")])
}

pub(crate) fn planned() -> TrainingRun {
    TrainingRun {
        id: ID.to_owned(),
        index: INDEX.to_owned(),
        trainer: "local".to_owned(),
        base: base(),
        data: Some(DATA.to_owned()),
        job: None,
        output: None,
        model: None,
        state: RunState::Planned,
        stop: false,
        reason: Some("asked by maria".to_owned()),
        outcome: None,
        since: now(),
        by: "maria".to_owned(),
    }
}

pub(crate) fn verdict(accepted: bool, summary: &str) -> ProofVerdict {
    let scores = BTreeMap::from([("golden ndcg@10".to_owned(), 0.8)]);
    ProofVerdict { accepted, summary: summary.to_owned(), scores }
}

impl Bench {
    /// With a base in the registry, and a run that was asked for.
    pub(crate) async fn new() -> Self {
        let bench = Self::empty().await;
        let model = ModelEntry {
            fingerprint: base(),
            name: "MiniLM".to_owned(),
            bundle: Some(format!("{BUCKET}/.millrace/models/base/")),
            files: BTreeMap::new(),
            dimension: 8,
            max_tokens: 16,
            scores: BTreeMap::new(),
            state: ModelState::Accepted,
            reason: None,
        };
        bench.change(|registry| rules::enter_model(registry, model.clone())).await;
        bench.change(|registry| rules::enter_run(registry, planned())).await;
        bench
    }

    /// Without a word in the registry.
    pub(crate) async fn empty() -> Self {
        let (broker, store) = (Memory::default(), MemoryStore::default());
        broker.create(topics::MODELS, 1);
        store.ensure_bucket(BUCKET, None).await.unwrap();
        Self {
            broker,
            store,
            trainer: MemoryTrainer::default(),
            proof: MemoryProof::new(Ok(verdict(true, "better by 0.02 to 0.04"))),
            plan: TrainerPlan { delivers: true, fails: 0, graph: b"a graph" },
            looks: Arc::default(),
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) async fn change<F>(&self, rule: F)
    where
        F: FnMut(&Registry) -> Result<Vec<message::RegistryEntry>, RuleRefusal> + Send,
    {
        RegistryWriter::new(self.broker.clone(), INDEX).change(rule).await.unwrap();
    }

    pub(crate) async fn ask_to_stop(&self) {
        let author = ChangeAuthor { by: "maria".to_owned(), at: now() };
        self.change(|registry| rules::ask_to_stop(registry, ID, &author)).await;
    }

    pub(crate) async fn registry(&self) -> Registry {
        read(&self.broker).await.unwrap()
    }

    pub(crate) async fn run(&self) -> TrainingRun {
        self.registry().await.run(ID).cloned().unwrap()
    }

    /// The model that the run gave.
    pub(crate) async fn model(&self) -> Option<ModelEntry> {
        let registry = self.registry().await;
        registry.all_models().find(|model| model.fingerprint != base()).cloned()
    }

    /// A process of this name.
    pub(crate) fn conductor(&self, name: &str) -> Tested {
        self.killed(name, &Kill::never())
    }

    /// One that is killed somewhere.
    pub(crate) fn killed(&self, name: &str, kill: &Kill) -> Tested {
        let trainer = Acting {
            inner: self.trainer.clone(),
            store: self.store.clone(),
            broker: self.broker.clone(),
            kill: kill.clone(),
            looks: Arc::clone(&self.looks),
            plan: self.plan.clone(),
        };
        let parts = ConductorParts {
            broker: self.broker.clone(),
            trainer,
            data: ActingData(MemoryData::default(), kill.clone()),
            proof: ActingProof(self.proof.clone(), kill.clone()),
            store: self.store.clone(),
        };
        let settings = ConductSettings {
            index: INDEX.to_owned(),
            instance: name.to_owned(),
            bucket: BUCKET.to_owned(),
            trainer: "local".to_owned(),
            options: TrainerOptions::default(),
            longest: Duration::from_hours(2),
            shelf: ModelShelf {
                bucket: BUCKET.to_owned(),
                scratch: self.scratch.path().to_owned(),
                backend: BackendSettings { encoder: BackendKind::Onnx, hashing_dimension: None },
            },
            clock: now,
        };
        Conductor::new(parts, settings)
    }

    /// Runs processes of these names until the run has ended.
    pub(crate) async fn conduct(&self, names: &[&str]) {
        let (telling, heard) = watch::channel(None);
        let one = |name: &&str| {
            let mut watching = heard.clone();
            let ended = async move {
                let is_end = |run: &TrainingRun| run.state.is_end();
                let ended = |heard: &Option<registry::Heard>| {
                    heard.as_ref().is_some_and(|heard| heard.registry.run(ID).is_some_and(is_end))
                };
                assert!(watching.wait_for(ended).await.is_ok());
            };
            self.conductor(name).conduct(heard.clone(), ended)
        };
        let all = futures::future::join_all(names.iter().map(one));
        let all = async {
            tokio::select! {
                never = follow(self.broker.clone(), telling) => match never {},
                _ended = all => {}
            }
        };
        assert!(timeout(LONG * 6, all).await.is_ok(), "the run does not end");
    }
}

/// Steps until nothing is left to do: true. False when the process was killed on its way.
pub(crate) async fn steps(conductor: &mut Tested) -> Result<bool, RegistryError> {
    loop {
        match timeout(LONG, conductor.step()).await {
            Err(_) => return Ok(false),
            Ok(end) => match end? {
                StepEnd::Idle => return Ok(true),
                StepEnd::Moved => {}
                StepEnd::StandBy => sleep(Duration::from_secs(5)).await,
                StepEnd::Wait(after) => sleep(after.unwrap_or(Duration::from_secs(5))).await,
            },
        }
    }
}

/// What a trainer delivers for the run, with this graph: `done.json` last.
pub(crate) async fn deliver(store: &MemoryStore, graph: &[u8]) {
    let digest = message::content_digest;
    let manifest = json!({
        "name": "MiniLM+docs", "version": ID, "dimension": 8, "max_tokens": 16, "pooling": "mean", "normalise": true,
        "output": "sentence_embedding", "precision": "fp32", "prefixes": {"query": "", "passage": ""},
        "files": {"model.onnx": digest(graph), "tokenizer.json": digest(b"a tokenizer")},
    })
    .to_string();
    let files = [
        ("bundle/model.onnx", graph),
        ("bundle/tokenizer.json", b"a tokenizer".as_slice()),
        ("bundle/bundle.json", manifest.as_bytes()),
    ];
    for (name, bytes) in files {
        put(store, name, bytes).await;
    }
    let files: BTreeMap<&str, String> = files.iter().map(|(name, bytes)| (*name, digest(bytes))).collect();
    let done = json!({
        "format": 1, "token": ID, "name": "MiniLM+docs", "version": ID, "base": "MiniLM", "data": DATA, "dimension": 8,
        "files": files, "seconds": 3.0, "steps": 4,
        "dev": {"base": {"ndcg@10": 0.5}, "seeds": [{"seed": 1, "ndcg@10": 0.6}], "averaged": {"ndcg@10": 0.6},
                "weight": 1.0, "ndcg@10": 0.6},
    });
    put(store, "done.json", done.to_string().as_bytes()).await;
}

/// Puts a file into the run's output.
pub(crate) async fn put(store: &MemoryStore, name: &str, bytes: &[u8]) {
    let object = DocumentId::new(BUCKET, &format!(".millrace/runs/{ID}/{name}")).unwrap();
    store.put(&object, bytes.to_vec().into(), "").await.unwrap();
}
