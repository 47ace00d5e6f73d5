//! What is connected to, by the same settings as the workers.

use clap::Args;
use generation::{Generation, Names, TopicReader};
use model::{BackendKind, BackendSettings, Hashing, ModelSettings};
use process::Failure;
use sink::{Engine, EngineKind, EngineSettings, IndexSettings, RequestSettings, Sink as _};
use stream::kafka::{Kafka, KafkaSettings};

/// The settings of the workers, as far as they decide names and places.
#[derive(Args, Debug)]
pub(crate) struct WorldSettings {
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    backend: BackendSettings,
    #[command(flatten)]
    index: IndexSettings,
    #[command(flatten)]
    requests: RequestSettings,
    #[command(flatten)]
    pub(crate) engines: EngineSettings,
}

/// Everything that is connected to.
pub(crate) struct World {
    pub(crate) settings: WorldSettings,
    pub(crate) kafka: Kafka,
    pub(crate) generation: Generation,
    pub(crate) encoder: Hashing,
    pub(crate) names: Names,
}

impl World {
    /// Prepares it; nothing is sent yet.
    pub(crate) fn open(settings: WorldSettings) -> Result<Self, Failure> {
        if settings.backend.encoder != BackendKind::Hashing {
            return Err("set MILLRACE_ENCODER=hashing, here and for the workers: no model is run".into());
        }
        let bundle = settings.model.open()?;
        let generation = model::generation(&bundle, &settings.backend);
        Ok(Self {
            kafka: Kafka::new(&settings.kafka),
            encoder: Hashing::sized(&bundle, settings.backend.hashing_dimension),
            names: Names::new(&settings.index.index, &generation)?,
            generation,
            settings,
        })
    }

    /// `index` or `replicate` as the reader of its topic.
    pub(crate) async fn reader(&self, worker: &str) -> Result<TopicReader, Failure> {
        let kind = EngineKind::ALL.into_iter().find(|kind| kind.worker() == worker);
        let kind = kind.ok_or_else(|| format!("{worker} writes to no engine: index or replicate"))?;
        let cluster = self.engine(kind, &self.names)?.cluster().await?;
        Ok(TopicReader::sink(kind.worker(), &self.names, &cluster))
    }

    /// The indexes of `names` in an engine.
    pub(crate) fn engine(&self, kind: EngineKind, names: &Names) -> Result<Engine, Failure> {
        Ok(kind.connect(&self.settings.engines, &self.settings.requests, names.clone())?)
    }
}
