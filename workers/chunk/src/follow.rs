//! One run for each chunking that the registry wants filled. Stage: awaits a broker, a store, and a source of splitters.

use std::convert::Infallible;

use generation::TopicReader;
use ledger::Folder;
use message::{BuildState, Fingerprint, GenerationEntry};
use model::ModelSplitter;
use objects::Store;
use registry::{Heard, Registry, RunScope, Running, Stopping, Supervised, follow as hear, supervise};
use sandbox::Extractor;
use stream::{Broker, Delivery, LaneSettings, Plan, StreamError};
use tokio::sync::watch;
use tracing::warn;

use crate::difference::OutputTopics;
use crate::read::DocumentReader;
use crate::stage::{ChunkStage, Copies, StageLimits};

/// Where splitters come from.
pub trait SplitterSource: Clone + Send + Sync + 'static {
    /// The generation of the model that the worker was started with. Only its chunking matters.
    fn local(&self) -> GenerationEntry;

    /// Whether there is a splitter for the chunking of this generation.
    ///
    /// # Errors
    /// What to do so that there is one.
    fn has(&self, entry: &GenerationEntry) -> Result<(), String>;

    /// The splitter for the chunking of this generation.
    ///
    /// # Errors
    /// As [`SplitterSource::has`], or why it cannot be made.
    fn open(&self, entry: &GenerationEntry) -> Result<ModelSplitter, String>;

    /// Gets what the registry wants and this machine lacks, while the worker runs. Never returns.
    fn keep(&self, heard: watch::Receiver<Option<Heard>>) -> impl Future<Output = Infallible> + Send {
        drop(heard);
        std::future::pending()
    }
}

/// What the runs of one process share.
#[derive(Clone, Debug)]
pub struct ChunkTools<O, E, S> {
    /// Where documents are.
    pub store: O,
    /// What reads them.
    pub extractor: E,
    /// What cuts them.
    pub splitters: S,
    /// What is accepted.
    pub limits: StageLimits,
    /// Where the ledgers' working copies are.
    pub copies: Copies,
    /// Batching and queueing.
    pub lanes: LaneSettings,
}

/// Cuts documents once for every chunking of which a generation is filled, whatever its index. Ends when `stopping` is
/// ready.
///
/// # Errors
/// When waiting will not help with a chunking that is served: see [`stream::run`].
pub async fn follow<B, O, E, S>(
    broker: B,
    tools: ChunkTools<O, E, S>,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError>
where
    B: Broker,
    O: Store + Clone,
    E: Extractor + Clone,
    S: SplitterSource,
{
    let (sender, heard) = watch::channel(None);
    let (splitters, here) = (tools.splitters.clone(), tools.splitters.clone());
    let keeping = here.keep(heard.clone());
    let start = {
        let (broker, heard) = (broker.clone(), heard.clone());
        move |entry: &GenerationEntry, stopping: Stopping| -> Running {
            let (broker, tools, entry) = (broker.clone(), tools.clone(), entry.clone());
            let (heard, folder, chunking) =
                (heard.clone(), tools.copies.folder.clone(), entry.chunking.clone());
            Box::pin(async move {
                cut_one(broker, tools, entry, stopping).await?;
                forget(&folder, &heard, &chunking);
                Ok(())
            })
        }
    };
    let supervised = Supervised {
        worker: "chunk",
        local: splitters.local(),
        scope: RunScope::Every,
        unit: |entry| entry.chunking.to_string(),
        can: Box::new(move |entry| splitters.has(entry)),
        start: Box::new(start),
    };
    tokio::select! {
        never = hear(broker.clone(), sender) => match never {},
        never = keeping => match never {},
        ended = supervise(broker.clone(), supervised, heard, stopping) => ended,
    }
}

/// Removes the copies of a chunking that is retired: one that is made again has a ledger of its own, which this copy would contradict.
fn forget(folder: &Folder, heard: &watch::Receiver<Option<Heard>>, chunking: &Fingerprint) {
    let is_gone = {
        let heard = heard.borrow();
        let registry = heard.as_ref().map(|heard| heard.registry.as_ref());
        let of_it = registry.into_iter().flat_map(Registry::all_generations);
        let mut of_it = of_it.filter(|entry| entry.chunking == *chunking).peekable();
        let is_over =
            |entry: &GenerationEntry| matches!(entry.state, BuildState::Retiring | BuildState::Retired);
        of_it.peek().is_some() && of_it.all(is_over)
    };
    if is_gone && let Err(error) = folder.forget(&topics::ledger(chunking)) {
        warn!(chunking = chunking.short(), %error, "the copies of a retired ledger stay: remove them by hand");
    }
}

async fn cut_one<B: Broker, O: Store, E: Extractor, S: SplitterSource>(
    broker: B,
    tools: ChunkTools<O, E, S>,
    entry: GenerationEntry,
    stopping: Stopping,
) -> Result<(), StreamError> {
    let splitter = tools.splitters.open(&entry).map_err(StreamError::Fatal)?;
    let (reads, topics) = (TopicReader::chunk(&entry.chunking), OutputTopics::of(&entry.chunking));
    let plan = Plan {
        worker: reads.worker,
        group: reads.group,
        input: reads.topic,
        alike: vec![topics.chunks.clone(), topics.ledger.clone()],
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes: tools.lanes,
    };
    let reader = DocumentReader::new(tools.extractor, splitter);
    let stage = ChunkStage::new(
        broker.clone(),
        tools.store,
        reader,
        (entry.chunking, topics),
        (tools.limits, tools.copies),
    );
    stream::run(broker, plan, stage, stopping).await
}
