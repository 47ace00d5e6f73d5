//! The topics, ledger and engines under test, read through the product's own crates and without the proxies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;

use document::extract;
use futures::stream::TryStreamExt as _;
use generation::{Generation, Names, Target};
use message::{ChunkId, DeadLetter, DocumentId, LedgerEntry};
use model::{Encoder as _, Hashing, ModelSplitter, Role, Tokenizer};
use process::Failure;
use sink::{Engine as Connected, Reader, RequestSettings, SinkError, StoredChunk, Window, Words};
use stream::kafka::Kafka;
use stream::{Broker as _, Record};

use crate::config::Config;
use crate::outage::Engine;

/// Chunks per page of a scan.
const PAGE: usize = 1000;
/// The product rejects documents with more chunks than this.
const MOST_CHUNKS: usize = 20_000;

/// The last ledger entry of each document.
pub type Ledger = BTreeMap<DocumentId, LedgerEntry>;
/// Passages, by document.
pub type Passages = BTreeMap<DocumentId, Vec<StoredChunk>>;

/// Connections to everything under test.
pub struct World {
    /// Kafka.
    pub kafka: Kafka,
    /// The generation being built.
    pub generation: Generation,
    bucket: String,
    splitter: ModelSplitter,
    dimension: NonZeroUsize,
    opensearch: Connected,
    elasticsearch: Connected,
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
        Ok(Self {
            kafka: Kafka::new(&config.kafka),
            generation,
            bucket: config.bucket.clone(),
            dimension: config.backend.hashing_dimension.ok_or("MILLRACE_HASHING_DIMENSION must be set")?,
            splitter: model::splitter(&bundle, Tokenizer::open(&bundle)?, MOST_CHUNKS)?,
            opensearch: config.opensearch.connect(&requests, names.clone())?,
            elasticsearch: config.elasticsearch.connect(&requests, names)?,
        })
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

    /// Deletes an index by hand: the passages', or both it and the documents'.
    ///
    /// # Errors
    /// When the engine does not delete it.
    pub async fn delete_index(&self, engine: Engine, both: bool) -> Result<(), Failure> {
        let targets: &[Target] = if both { &[Target::Chunks, Target::Documents] } else { &[Target::Chunks] };
        for target in targets {
            match engine {
                Engine::OpenSearch => self.opensearch.delete_index(*target).await?,
                Engine::Elasticsearch => self.elasticsearch.delete_index(*target).await?,
            }
        }
        Ok(())
    }

    /// Refreshes both engines, so that searches see every write and old delete markers are dropped. An engine that is
    /// down is skipped.
    pub async fn refresh(&self) {
        drop(self.opensearch.refresh().await);
        drop(self.elasticsearch.refresh().await);
    }

    /// Number of documents in OpenSearch.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn documents(&self) -> Result<u64, Failure> {
        self.opensearch.refresh().await?;
        Ok(self.opensearch.count(Target::Documents).await?)
    }

    /// Every passage in each engine.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn engines(&self) -> Result<[(Engine, Passages); 2], Failure> {
        let opensearch = held(&self.opensearch).await?;
        let elasticsearch = held(&self.elasticsearch).await?;
        Ok([(Engine::OpenSearch, opensearch), (Engine::Elasticsearch, elasticsearch)])
    }

    /// How many passages of both engines contain exactly this word.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn found(&self, word: &str) -> Result<usize, Failure> {
        let window = Window::of(10);
        let words = Words::of(word, &self.opensearch.languages().await?);
        let hits = self.opensearch.keyword(&words, &window).await?.into_iter();
        let words = Words::of(word, &self.elasticsearch.languages().await?);
        let hits = hits.chain(self.elasticsearch.keyword(&words, &window).await?);
        Ok(hits.filter(|hit| hit.text.contains(word)).count())
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

    /// Recomputes the vectors of these passages from the text in the engine, and lists those that differ.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn wrong_vectors(&self, engine: Engine, held: &Passages) -> Result<Vec<String>, Failure> {
        let chunks: Vec<&StoredChunk> = held.values().flatten().collect();
        let encoder = Hashing::new(self.dimension);
        let mut wrong = Vec::new();
        for page in chunks.chunks(PAGE) {
            let ids: Vec<ChunkId> = page.iter().map(|chunk| chunk.id.clone()).collect();
            let vectors = match engine {
                Engine::OpenSearch => self.opensearch.vectors(&ids).await?,
                Engine::Elasticsearch => self.elasticsearch.vectors(&ids).await?,
            };
            let mut vectors: HashMap<ChunkId, Vec<f32>> =
                vectors.into_iter().map(|stored| (stored.id, stored.vector)).collect();
            let texts = page.iter().map(|chunk| text_of(chunk)).collect();
            let computed = encoder.embed_each(texts, Role::Passage).await?;
            for (chunk, computed) in page.iter().zip(computed) {
                let stored = vectors.remove(&chunk.id).unwrap_or_default();
                let alike = computed.is_ok_and(|computed| sink::cosine(&computed, &stored) > 1.0 - 1e-5);
                if !alike {
                    wrong
                        .push(format!("{} of {} has another vector than its text", chunk.id, chunk.document));
                }
            }
        }
        Ok(wrong)
    }
}

/// The text that is embedded, built here independently of the product: headings first, then the passage.
fn text_of(chunk: &StoredChunk) -> String {
    let headings = chunk.heading_path.join(" > ");
    let line = if headings.is_empty() { "" } else { "\n" };
    format!("{headings}{line}{}", chunk.text)
}

async fn held<R: Reader>(engine: &R) -> Result<Passages, SinkError> {
    engine.refresh().await?;
    let (mut passages, mut after) = (Passages::new(), None);
    loop {
        let page = engine.scan_chunks(after.as_ref(), PAGE).await?;
        for chunk in page.items {
            passages.entry(chunk.document.clone()).or_default().push(chunk);
        }
        after = page.after;
        if after.is_none() {
            return Ok(passages);
        }
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
