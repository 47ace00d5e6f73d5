//! What is connected to, by the same settings as the workers.

use clap::{Args, ValueEnum};
use generation::{Generation, Names, TopicReader};
use model::{BackendKind, BackendSettings, Hashing, ModelSettings};
use process::Failure;
use sink::{ElasticsearchSettings, Engine, IndexSettings, OpenSearchSettings, RequestSettings, Sink as _};
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
    pub(crate) opensearch: OpenSearchSettings,
    #[command(flatten)]
    pub(crate) elasticsearch: ElasticsearchSettings,
}

/// A search engine.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EngineKind {
    /// What `index` writes.
    Opensearch,
    /// What `replicate` writes.
    Elasticsearch,
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
        match worker {
            "index" => {
                Ok(TopicReader::sink("index", &self.names, &self.opensearch(&self.names)?.cluster().await?))
            }
            "replicate" => Ok(TopicReader::sink(
                "replicate",
                &self.names,
                &self.elasticsearch(&self.names)?.cluster().await?,
            )),
            other => Err(format!("{other} writes to no engine: index or replicate").into()),
        }
    }

    /// The indexes of `names` in OpenSearch.
    pub(crate) fn opensearch(&self, names: &Names) -> Result<Engine, Failure> {
        Ok(self.settings.opensearch.connect(&self.settings.requests, names.clone())?)
    }

    /// The indexes of `names` in Elasticsearch.
    pub(crate) fn elasticsearch(&self, names: &Names) -> Result<Engine, Failure> {
        Ok(self.settings.elasticsearch.connect(&self.settings.requests, names.clone())?)
    }
}
