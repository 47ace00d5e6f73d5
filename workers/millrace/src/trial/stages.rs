//! The workers' stages, put together as their `main` functions do, over the parts in this process.

use std::time::Duration;

use chunk::ChunkStage;
use chunk::difference::OutputTopics;
use chunk::guard::GuardSettings;
use chunk::read::DocumentReader;
use chunk::stage::{Copies, StageLimits};
use embed::EmbedStage;
use generation::TopicReader;
use intake::{IntakeStage, Scope, WantedObjects};
use ledger::Folder;
use message::Fingerprint;
use objects::{Buckets, FolderStore};
use process::Failure;
use sandbox::Sandbox;
use sink::{Sink as _, WriteStage};
use stream::memory::Memory;
use stream::{BatchLimits, Delivery, LaneSettings, Plan, Stage};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::prepared::Prepared;
use crate::cli::Try;

/// Number of partitions, and thus of documents read concurrently.
const PARTITIONS: i32 = 2;
/// Records per batch: few, so that the first are searchable while others are still read, and a question waits for few
/// passages.
const BATCH: usize = 16;
/// Block cache of the ledger, in bytes.
const CACHE: usize = 8 << 20;
/// A batch of `chunk` is committed after this many bytes of passages, or after this time.
const ENOUGH: (usize, Duration) = (1 << 20, Duration::from_secs(1));

/// Everything that the stages share.
pub(super) struct Ground {
    pub(super) broker: Memory,
    pub(super) store: FolderStore,
    pub(super) engine: sink::MemoryEngine,
    pub(super) folder: Folder,
    pub(super) closing: watch::Sender<bool>,
}

/// The workers in the order of the data flow.
pub(super) async fn steps(engine: &sink::MemoryEngine) -> Result<[TopicReader; 4], Failure> {
    let names = engine.names();
    let [intake, chunk, embed] = TopicReader::upstream(names.generation());
    Ok([intake, chunk, embed, TopicReader::sink("index", names, &engine.cluster().await?)])
}

/// The running stages and the server; each runs until it is asked to close.
pub(super) type Pipelines = JoinSet<Result<(), Failure>>;

impl Ground {
    /// Creates the topics and starts every stage.
    pub(super) fn start(&self, ask: &Try, prepared: Prepared, steps: [TopicReader; 4]) -> Pipelines {
        let Prepared { generation, splitter, encoder } = prepared;
        let [intake, chunk, embed, index] = steps;
        let ledger = generation.ledger();
        for topic in [&intake.topic, &chunk.topic, &embed.topic, &index.topic, &ledger] {
            self.broker.create(topic, PARTITIONS);
        }
        self.broker.create(topics::DEAD_LETTERS, 1);
        self.broker.create(topics::CONFIRMATIONS, 1);

        let mut pipelines = Pipelines::new();
        let wanted = WantedObjects { buckets: buckets(ask), scope: Scope::default() };
        let documents = IntakeStage::new(wanted, &chunk.topic);
        self.run(&mut pipelines, documents, plan(intake, Delivery::Transactional));
        let cut = OutputTopics::of(&generation.chunking);
        let reader = DocumentReader::new(Sandbox::new(ask.sandbox.clone()), splitter);
        let cutter = self.cutter(ask, reader, (generation.chunking.clone(), cut));
        self.run(&mut pipelines, cutter, plan(chunk, Delivery::Transactional));
        let (space, vectors) = (generation.space.clone(), index.topic.clone());
        let embedder = EmbedStage::new(encoder, space, vectors, lanes().patience());
        self.run(&mut pipelines, embedder, plan(embed, Delivery::Transactional));
        let writer = WriteStage::new(self.engine.clone());
        self.run(&mut pipelines, writer, plan(index, Delivery::AfterWrite));
        pipelines
    }

    /// The stage of `chunk` over the folder.
    fn cutter(
        &self,
        ask: &Try,
        reader: DocumentReader<Sandbox>,
        names: (Fingerprint, OutputTopics),
    ) -> ChunkStage<Memory, FolderStore, Sandbox> {
        let limits = StageLimits {
            buckets: buckets(ask),
            largest: ask.largest_document,
            patience: lanes().patience(),
            // No limit on deletions: a user who empties their own folder means it.
            guard: GuardSettings { guard_share: 100, ..GuardSettings::default() },
            enough: ENOUGH.0,
            long_enough: ENOUGH.1,
        };
        let copies = Copies { folder: self.folder.clone(), cache_bytes: CACHE };
        ChunkStage::new(self.broker.clone(), self.store.clone(), reader, names, (limits, copies))
    }

    fn run<S: Stage>(&self, pipelines: &mut Pipelines, stage: S, plan: Plan) {
        let (broker, mut closing) = (self.broker.clone(), self.closing.subscribe());
        let stopping = async move {
            // An error means that the sender is gone, which also means the end.
            let _asked = closing.wait_for(|closing| *closing).await.is_ok();
        };
        pipelines.spawn(async move { Ok(stream::run(broker, plan, stage, stopping).await?) });
    }
}

/// The folder is the only bucket.
fn buckets(ask: &Try) -> Buckets {
    Buckets::just(&ask.bucket())
}

fn plan(TopicReader { worker, group, topic }: TopicReader, delivery: Delivery) -> Plan {
    Plan {
        worker,
        group,
        input: topic,
        alike: Vec::new(),
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery,
        lanes: lanes(),
    }
}

fn lanes() -> LaneSettings {
    LaneSettings {
        batch: BatchLimits { batch_records: BATCH, ..BatchLimits::default() },
        drain_seconds: 1,
        patience_seconds: 10,
        // No limit: a folder may contain any number of files that are refused.
        dead_letter_budget: 0,
        ..LaneSettings::default()
    }
}
