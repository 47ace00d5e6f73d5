//! One run for each space that the registry wants filled. Stage: awaits a broker, and a source of encoders.

use std::convert::Infallible;

use generation::{Generation, TopicReader};
use message::GenerationEntry;
use model::Encoder;
use registry::{Heard, RunScope, Running, Stopping, Supervised, follow as hear, supervise};
use stream::{Broker, Delivery, LaneSettings, Plan, StreamError};
use tokio::sync::watch;

use crate::run::run;
use crate::stage::EmbedStage;
use crate::turns::{OrderedEncoder, Turns};

/// Where encoders come from.
pub trait EncoderSource: Clone + Send + Sync + 'static {
    /// What it makes.
    type Encoder: Encoder + 'static;

    /// The generation of the model that the worker was started with. Its index does not matter.
    fn local(&self) -> GenerationEntry;

    /// Whether there is an encoder for this generation.
    ///
    /// # Errors
    /// What to do so that there is one.
    fn has(&self, entry: &GenerationEntry) -> Result<(), String>;

    /// The encoder for this generation.
    ///
    /// # Errors
    /// As [`EncoderSource::has`], or why it cannot be made.
    fn open(&self, entry: &GenerationEntry) -> Result<Self::Encoder, String>;

    /// Gets what the registry wants and this machine lacks, while the worker runs. Never returns.
    fn keep(&self, heard: watch::Receiver<Option<Heard>>) -> impl Future<Output = Infallible> + Send {
        drop(heard);
        std::future::pending()
    }
}

/// Embeds for every space of which a generation is filled, whatever its index; what is served goes first. Ends when
/// `stopping` is ready.
///
/// # Errors
/// When waiting will not help with a space that is served: see [`run()`].
pub async fn follow<B: Broker, M: EncoderSource>(
    broker: B,
    models: M,
    lanes: LaneSettings,
    stopping: impl Future<Output = ()> + Send,
) -> Result<(), StreamError> {
    let (sender, heard) = watch::channel(None);
    let (has, here) = (models.clone(), models.clone());
    let keeping = here.keep(heard.clone());
    let runs = EmbedRuns { broker: broker.clone(), models, lanes, turns: Turns::new(), heard: heard.clone() };
    let supervised = Supervised {
        worker: "embed",
        local: has.local(),
        scope: RunScope::Every,
        unit: |entry| entry.space.to_string(),
        can: Box::new(move |entry| has.has(entry)),
        start: Box::new(move |entry: &GenerationEntry, stopping: Stopping| -> Running {
            Box::pin(runs.clone().run(entry.clone(), stopping))
        }),
    };
    tokio::select! {
        never = hear(broker.clone(), sender) => match never {},
        never = keeping => match never {},
        ended = supervise(broker.clone(), supervised, heard, stopping) => ended,
    }
}

/// What the runs of one process share.
#[derive(Clone)]
struct EmbedRuns<B, M> {
    broker: B,
    models: M,
    lanes: LaneSettings,
    turns: Turns,
    heard: watch::Receiver<Option<Heard>>,
}

impl<B: Broker, M: EncoderSource> EmbedRuns<B, M> {
    async fn run(self, entry: GenerationEntry, stopping: Stopping) -> Result<(), StreamError> {
        let generation = Generation::from(&entry);
        let encoder = self.models.open(&entry).map_err(StreamError::Fatal)?;
        let (space, heard) = (entry.space, self.heard);
        let is_served = Box::new(move || {
            let heard = heard.borrow();
            heard.as_ref().is_none_or(|heard| heard.registry.needs(|entry| entry.space == space))
        });
        let encoder = OrderedEncoder { encoder, turns: self.turns, is_served };
        let (reader, vectors) = (TopicReader::embed(&generation), generation.vectors());
        let patience = self.lanes.patience();
        let plan = Plan {
            worker: reader.worker,
            group: reader.group,
            input: reader.topic,
            alike: vec![vectors.clone()],
            dead_letters: topics::DEAD_LETTERS.to_owned(),
            confirmations: topics::CONFIRMATIONS.to_owned(),
            delivery: Delivery::Transactional,
            lanes: self.lanes,
        };
        let stage = EmbedStage::new(encoder, generation.space, vectors, patience);
        run(self.broker, plan, stage, stopping).await
    }
}
