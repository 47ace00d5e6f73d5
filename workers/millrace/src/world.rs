//! The connections to bucket, Kafka and engines, through the same interfaces that the workers use, and the workers'
//! lags.

use std::path::PathBuf;
use std::time::Duration;

use generation::{Generation, Names, TopicReader};
use message::GenerationEntry;
use objects::{S3Store, Scope};
use process::Failure;
use registry::rules::RuleRefusal;
use registry::{GenerationKey, Registry};
use sink::{Engine, EngineKind, Reader, RequestSettings, Sink, SinkError};
use stream::kafka::{Kafka, Standing, groups, standings};
use stream::{Broker, Waiting};

use crate::cli::{GenerationSettings, WorldSettings};
use crate::entries::Entries;

/// Time limit for an engine to identify its cluster; after it, the engine counts as unavailable.
const ENGINE_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that a document passes through; in memory in tests.
#[derive(Debug)]
pub struct World<K = Kafka, O = S3Store, E = Engine> {
    /// The bucket's name.
    pub bucket: String,
    /// Which of its objects are documents.
    pub scope: Scope,
    /// The object store.
    pub store: O,
    /// Kafka.
    pub kafka: K,
    /// The generation that names topics and indexes.
    pub generation: Generation,
    /// The names of its indexes.
    pub names: Names,
    /// The folder for working copies of the ledger.
    pub data: PathBuf,
    /// The search engines.
    pub engines: Vec<Destination<E>>,
}

/// A search engine that documents are written to.
#[derive(Debug)]
pub struct Destination<E> {
    /// Which engine it is.
    pub kind: EngineKind,
    /// Its indexes.
    pub engine: E,
}

/// How far a worker is behind on its topic.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Lag {
    /// The worker.
    pub worker: &'static str,
    /// Its topic.
    pub topic: String,
    /// Its consumer group.
    pub group: String,
    /// Records that it has not handled yet.
    pub behind: i64,
    /// Partitions that are held up by a record.
    pub waits: Vec<Wait>,
    /// Partitions whose reader was behind for longer than their topic keeps deletions, and that have not been compared
    /// since.
    pub stale: Vec<i32>,
}

/// A partition that is held up by a record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Wait {
    /// The partition.
    pub partition: i32,
    /// The record's offset, since when it waits, and why.
    #[serde(flatten)]
    pub at: Waiting,
}

impl Lag {
    fn new(TopicReader { worker, group, topic }: TopicReader, standings: Vec<Standing>) -> Self {
        let behind = standings.iter().map(|standing| standing.waiting).sum();
        let (mut waits, mut stale) = (Vec::new(), Vec::new());
        for (partition, standing) in (0..).zip(standings) {
            stale.extend(standing.memo.stale.map(|_| partition));
            waits.extend(standing.memo.waiting.map(|at| Wait { partition, at }));
        }
        Self { worker, topic, group, behind, waits, stale }
    }
}

/// The generation that the settings name: `--generation`, or the one that is served, or while the registry says
/// nothing that of the bundle on this machine.
///
/// # Errors
/// When Kafka does not answer, the registry holds no such generation, or the model bundle cannot be used.
pub async fn generation<B: Broker>(settings: &GenerationSettings, broker: &B) -> Result<Generation, Failure> {
    let registry = registry::look(broker).await?;
    match chosen(&registry, settings)? {
        Some(entry) => Ok(Generation::from(entry)),
        None => local(settings),
    }
}

/// The generation of the bundle on this machine.
///
/// # Errors
/// When the model bundle cannot be used.
pub fn local(settings: &GenerationSettings) -> Result<Generation, Failure> {
    let bundle = settings.model.open()?;
    Ok(model::generation(&bundle, &settings.backend))
}

/// What the registry says of the generation that is asked for; none when nothing is asked for or served.
fn chosen<'a>(
    registry: &'a Registry,
    GenerationSettings { index, other, .. }: &GenerationSettings,
) -> Result<Option<&'a GenerationEntry>, RuleRefusal> {
    let served = registry.serving(&index.index).map(|serving| &serving.id);
    let Some(id) = other.as_ref().or(served) else { return Ok(None) };
    let entry = registry.generation(GenerationKey { index: &index.index, id });
    entry.map(Some).ok_or_else(|| RuleRefusal::Unknown(id.clone()))
}

impl<K: Broker, O, E> World<K, O, E> {
    /// The ledger as it is now.
    ///
    /// # Errors
    /// When Kafka does not answer, or an entry cannot be read.
    pub async fn entries(&self) -> Result<Entries<K>, Failure> {
        Entries::open(&self.kafka, self.generation.ledger(), &self.data).await
    }
}

impl<K, O, E: Reader> World<K, O, E> {
    /// Makes all writes visible in every engine.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn refresh(&self) -> Result<(), SinkError> {
        futures::future::try_join_all(self.engines.iter().map(|one| one.engine.refresh())).await.map(drop)
    }
}

impl World {
    /// Prepares all connections for the generation that the settings name: see [`generation()`].
    ///
    /// # Errors
    /// As [`generation()`], and when a setting is invalid.
    pub async fn open(settings: &WorldSettings) -> Result<Self, Failure> {
        let generation = generation(&settings.generation, &Kafka::new(&settings.kafka)).await?;
        Self::of(settings, generation)
    }

    /// Prepares all connections for one generation; sends nothing yet.
    ///
    /// # Errors
    /// When a setting is invalid.
    pub fn of(settings: &WorldSettings, generation: Generation) -> Result<Self, Failure> {
        let names = Names::new(&settings.generation.index.index, &generation)?;
        let requests = RequestSettings::default();
        let engines = settings.engines.written.iter().map(|&kind| {
            Ok(Destination { kind, engine: kind.connect(&settings.engines, &requests, names.clone())? })
        });
        Ok(Self {
            bucket: settings.bucket.bucket.clone(),
            scope: settings.scope.clone(),
            store: S3Store::new(&settings.bucket.store)?,
            kafka: Kafka::new(&settings.kafka),
            engines: engines.collect::<Result<_, SinkError>>()?,
            data: settings.data.folder.clone(),
            generation,
            names,
        })
    }

    /// How far each worker is behind.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn lags(&self) -> Result<Vec<Lag>, Failure> {
        let mut readers = Vec::new();
        for one in &self.engines {
            readers.extend(self.writers(one).await?);
        }
        let mut lags = self.upstream().await?;
        lags.extend(self.lags_of(readers).await?);
        Ok(lags)
    }

    /// How far those are behind who read before the engines' writers.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn upstream(&self) -> Result<Vec<Lag>, Failure> {
        self.lags_of(Vec::from(TopicReader::upstream(&self.generation))).await
    }

    async fn lags_of(&self, readers: Vec<TopicReader>) -> Result<Vec<Lag>, Failure> {
        let mut lags = Vec::new();
        for reader in readers {
            let standings = standings(&self.kafka, &reader.group, &reader.topic).await?;
            lags.push(Lag::new(reader, standings));
        }
        Ok(lags)
    }

    /// The consumer group that writes to this engine; while the engine is unavailable, every group that may be the one.
    pub(crate) async fn writers(&self, one: &Destination<Engine>) -> Result<Vec<TopicReader>, Failure> {
        let (worker, engine) = (one.kind.worker(), &one.engine);
        match tokio::time::timeout(ENGINE_PATIENCE, engine.cluster()).await {
            Ok(Ok(cluster)) => Ok(vec![TopicReader::sink(worker, &self.names, &cluster)]),
            Ok(Err(_)) | Err(_) => Ok(TopicReader::among(worker, &self.names, &groups(&self.kafka).await?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use message::{ChangeAuthor, FillSource, Fingerprint, IndexMapping};
    use registry::rules;
    use stream::Memo;

    use super::*;
    use crate::cli::{Cli, OperatorCommand};

    #[test]
    fn a_lag_names_what_its_partitions_wait_at() {
        let standing = |waiting, memo| Standing { end: 9, committed: Some(4), waiting, memo };
        let at = Waiting::new(5, 1_700_000_000, "no answer");
        let stuck = Memo { waiting: Some(at.clone()), ..Memo::default() };
        let old = Memo { stale: Some(7), ..Memo::default() };
        let all = vec![standing(0, Memo::default()), standing(4, stuck), standing(1, old)];
        let lag = Lag::new(TopicReader::intake(), all);
        assert_eq!((lag.behind, lag.stale), (5, vec![2]));
        assert_eq!(lag.waits, [Wait { partition: 1, at }]);
    }

    fn settings(more: &[&str]) -> GenerationSettings {
        let words = ["millrace", "status", "--model", "m", "--index", "docs"].iter().chain(more);
        let OperatorCommand::Status(ask) = Cli::parse_from(words).ask else { panic!("another command") };
        ask.world.generation
    }

    #[test]
    fn a_command_is_about_what_is_served_or_what_is_named() {
        let generation = |instance| Generation {
            chunking: Fingerprint::of(&[("chunking", "c")]),
            space: Fingerprint::of(&[("space", "s")]),
            dimension: 2,
            model: Fingerprint::of(&[("weights", "test")]),
            name: "m".to_owned(),
            mapping: IndexMapping { instance, ..IndexMapping::of(3) },
        };
        let author = ChangeAuthor { by: "maria".to_owned(), at: 1 };
        let entry = |instance| generation(instance).entry("docs", FillSource::Vectors, &author);
        let (first, second) = (entry(0), entry(1));
        let empty = Registry::default();
        assert_eq!(chosen(&empty, &settings(&[])).unwrap(), None);
        let mut registry = Registry::default();
        let mut entries = rules::adopt(&empty, first.clone(), &author).unwrap();
        entries.extend(rules::start(&empty, second.clone()).unwrap());
        for entry in entries {
            registry.take(&entry.key(), Some(&serde_json::to_vec(&entry).unwrap()), 1).unwrap();
        }
        let id = |more: &[&str]| chosen(&registry, &settings(more)).map(|entry| entry.unwrap().id.clone());
        assert_eq!(id(&[]).unwrap(), first.id);
        assert_eq!(id(&["--generation", &second.id]).unwrap(), second.id);
        let unknown = id(&["--generation", "0123"]).unwrap_err();
        assert!(unknown.to_string().contains("generation list"), "{unknown}");
    }
}
