//! One run for each space that the registry wants filled. Stage: awaits a broker, and a source of encoders.

use generation::{Generation, TopicReader};
use message::GenerationEntry;
use model::Encoder;
use registry::{RunScope, Running, Stopping, Supervised, follow as hear, supervise};
use stream::{Broker, Delivery, LaneSettings, Plan, StreamError};
use tokio::sync::watch;

use crate::run::run;
use crate::stage::EmbedStage;

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
}

/// Embeds for every space of which a generation is filled, whatever its index. Ends when `stopping` is ready.
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
    let start = {
        let (broker, models) = (broker.clone(), models.clone());
        move |entry: &GenerationEntry, stopping: Stopping| -> Running {
            let (broker, models, lanes, entry) =
                (broker.clone(), models.clone(), lanes.clone(), entry.clone());
            Box::pin(async move { embed_one(broker, &models, lanes, entry, stopping).await })
        }
    };
    let supervised = Supervised {
        worker: "embed",
        local: models.local(),
        scope: RunScope::Every,
        unit: |entry| entry.space.to_string(),
        can: Box::new(move |entry| models.has(entry)),
        start: Box::new(start),
    };
    tokio::select! {
        never = hear(broker.clone(), sender) => match never {},
        ended = supervise(broker.clone(), supervised, heard, stopping) => ended,
    }
}

async fn embed_one<B: Broker, M: EncoderSource>(
    broker: B,
    models: &M,
    lanes: LaneSettings,
    entry: GenerationEntry,
    stopping: Stopping,
) -> Result<(), StreamError> {
    let generation = Generation::from(&entry);
    let encoder = models.open(&entry).map_err(StreamError::Fatal)?;
    let (reader, vectors) = (TopicReader::embed(&generation), generation.vectors());
    let patience = lanes.patience();
    let plan = Plan {
        worker: reader.worker,
        group: reader.group,
        input: reader.topic,
        alike: vec![vectors.clone()],
        dead_letters: topics::DEAD_LETTERS.to_owned(),
        confirmations: topics::CONFIRMATIONS.to_owned(),
        delivery: Delivery::Transactional,
        lanes,
    };
    run(broker, plan, EmbedStage::new(encoder, generation.space, vectors, patience), stopping).await
}
