//! The topics, ledger and engines under test, read through the product's own crates and without the proxies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use document::extract;
use futures::stream::TryStreamExt as _;
use generation::{Generation, Names};
use message::{DeadLetter, DocumentId, LedgerEntry};
use model::{ModelSplitter, Tokenizer};
use process::Failure;
use sink::RequestSettings;
use stream::kafka::Kafka;
use stream::{Broker as _, Record};

use crate::config::Config;
use crate::indexes::IndexPair;
use crate::outage::Engine;
use crate::proxy::Upstream;

/// The product rejects documents with more chunks than this.
const MOST_CHUNKS: usize = 20_000;

/// The last ledger entry of each document.
pub type Ledger = BTreeMap<DocumentId, LedgerEntry>;

/// The generations that the oracle knows of.
#[derive(Debug, Default)]
struct Known {
    /// Those that must be equal to the bucket, in the order in which they were begun.
    live: Vec<Arc<IndexPair>>,
    /// The ids of those that are retired or about to be.
    left: Vec<String>,
}

/// Connections to everything under test.
pub struct World {
    /// Kafka.
    pub kafka: Kafka,
    /// The first generation. All later ones share its topics, as they differ in their mapping alone.
    pub generation: Generation,
    /// The engines' own addresses.
    pub servers: [(Engine, Upstream); 2],
    bucket: String,
    splitter: ModelSplitter,
    first: Arc<IndexPair>,
    known: Mutex<Known>,
}

impl World {
    /// Prepares all connections; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are invalid.
    pub fn open(config: &Config) -> Result<Self, Failure> {
        let bundle = config.model.open()?;
        let generation = model::generation(&bundle, &config.backend);
        let names = Names::new(&config.index.index, &generation)?;
        let requests = RequestSettings::default();
        let dimension = config.backend.hashing_dimension.ok_or("MILLRACE_HASHING_DIMENSION must be set")?;
        let opensearch = config.opensearch.connect(&requests, names.clone())?;
        let elasticsearch = config.elasticsearch.connect(&requests, names)?;
        let first = Arc::new(IndexPair::new(dimension, opensearch, elasticsearch));
        Ok(Self {
            kafka: Kafka::new(&config.kafka),
            generation,
            servers: [
                (Engine::OpenSearch, Upstream::new(&config.opensearch.opensearch_url)),
                (Engine::Elasticsearch, Upstream::new(&config.elasticsearch.elasticsearch_url)),
            ],
            bucket: config.bucket.clone(),
            splitter: model::splitter(&bundle, Tokenizer::open(&bundle)?, MOST_CHUNKS)?,
            known: Mutex::new(Known { live: vec![Arc::clone(&first)], left: Vec::new() }),
            first,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the served indexes are called outside.
    #[must_use]
    pub fn outside(&self) -> &str {
        self.first.outside()
    }

    /// The generations that must be equal to the bucket, the oldest first.
    #[must_use]
    pub fn live(&self) -> Vec<Arc<IndexPair>> {
        self.known().live.clone()
    }

    /// The ids of the generations of which nothing may be left at the end.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        self.known().left.clone()
    }

    /// A generation was begun: from now on it is live.
    ///
    /// # Errors
    /// When an engine would reject its names.
    pub fn enter(&self, generation: &Generation) -> Result<(), Failure> {
        let pair = self.first.beside(&Names::new(self.outside(), generation)?);
        let mut known = self.known();
        if known.live.iter().all(|live| live.id() != pair.id()) {
            known.live.push(Arc::new(pair));
        }
        Ok(())
    }

    /// A generation is about to be retired: it is no longer live.
    pub fn leave(&self, id: &str) {
        let mut known = self.known();
        known.live.retain(|live| live.id() != id);
        known.left.push(id.to_owned());
    }

    /// The id of a key in the bucket.
    ///
    /// # Errors
    /// When the key is empty.
    pub fn document(&self, key: &str) -> Result<DocumentId, Failure> {
        Ok(DocumentId::new(&self.bucket, key)?)
    }

    /// The ids of the passages that an object must have, computed with the product's own extractor and splitter.
    ///
    /// # Errors
    /// When the product would reject the object.
    pub fn passages(&self, key: &str, bytes: &[u8]) -> Result<BTreeSet<String>, Failure> {
        let document = self.document(key)?;
        let splits = self.splitter.split(&document, &extract(key, bytes)?)?;
        Ok(splits.into_iter().map(|split| split.id.as_str().to_owned()).collect())
    }

    /// Deletes an index of each generation by hand: the passages', or both it and the documents'.
    ///
    /// # Errors
    /// When the engine does not delete it.
    pub async fn delete_index(&self, engine: Engine, both: bool) -> Result<(), Failure> {
        for pair in self.live() {
            pair.delete(engine, both).await?;
        }
        Ok(())
    }

    /// Refreshes both engines, so that searches see every write and old delete markers are dropped. An engine that is
    /// down is skipped.
    pub async fn refresh(&self) {
        for pair in self.live() {
            pair.refresh().await;
        }
    }

    /// Number of documents of the oldest generation in OpenSearch.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn documents(&self) -> Result<u64, Failure> {
        let oldest = self.live().into_iter().next().ok_or("no generation is live")?;
        Ok(oldest.documents().await?)
    }

    /// All dead letters.
    ///
    /// # Errors
    /// When Kafka does not answer, or a dead letter cannot be parsed.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Failure> {
        let letters = records(&self.kafka, topics::DEAD_LETTERS, 0, 0).await?.0;
        let values = letters.iter().map(|record| record.value.as_deref().unwrap_or_default());
        Ok(values.map(serde_json::from_slice).collect::<Result<_, _>>()?)
    }
}

/// The committed records of a partition from an offset on, and the offset of the next read.
///
/// # Errors
/// When Kafka does not answer.
pub async fn records(
    kafka: &Kafka,
    topic: &str,
    partition: i32,
    from: i64,
) -> Result<(Vec<Record>, i64), Failure> {
    let read: Vec<Record> = kafka.reading(topic, partition, from).try_collect().await?;
    let next = read.last().map_or(from, |last| last.offset + 1);
    Ok((read, next))
}

/// The next offset of each partition of a topic.
#[derive(Debug, Default)]
pub struct Follow(HashMap<i32, i64>);

impl Follow {
    /// The committed records since the last call, one partition after another.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn news(&mut self, kafka: &Kafka, topic: &str) -> Result<Vec<Record>, Failure> {
        // Offsets advance only once all partitions have been read: an error loses nothing.
        let (mut all, mut places) = (Vec::new(), self.0.clone());
        for partition in 0..kafka.partitions(topic).await? {
            let from = places.entry(partition).or_default();
            let (mut news, next) = records(kafka, topic, partition, *from).await?;
            *from = next;
            all.append(&mut news);
        }
        self.0 = places;
        Ok(all)
    }
}
