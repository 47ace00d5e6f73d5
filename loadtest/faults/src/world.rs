//! What is proved about: topics, ledger and engines, looked at through the product's own crates and without proxies.

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

/// How many chunks one page of a scan holds.
const PAGE: usize = 1000;
/// A document with more chunks would be refused.
const MOST_CHUNKS: usize = 20_000;

/// The ledger's last entry of each document.
pub type Ledger = BTreeMap<DocumentId, LedgerEntry>;
/// Passages, by document.
pub type Passages = BTreeMap<DocumentId, Vec<StoredChunk>>;

/// Connections to everything.
pub struct World {
    /// Kafka.
    pub kafka: Kafka,
    /// What is built.
    pub generation: Generation,
    bucket: String,
    splitter: ModelSplitter,
    dimension: NonZeroUsize,
    opensearch: Connected,
    elasticsearch: Connected,
}

impl World {
    /// Prepares every connection; nothing is sent yet.
    ///
    /// # Errors
    /// When settings cannot be used.
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

    /// A document of the bucket.
    ///
    /// # Errors
    /// When the key is empty.
    pub fn document(&self, key: &str) -> Result<DocumentId, Failure> {
        Ok(DocumentId::new(&self.bucket, key)?)
    }

    /// The ids of the passages that an object must have, by the product's own extractor and splitter.
    ///
    /// # Errors
    /// When the product would refuse it.
    pub fn passages(&self, key: &str, bytes: &[u8]) -> Result<BTreeSet<String>, Failure> {
        let document = self.document(key)?;
        let splits = self.splitter.split(&document, &extract(key, bytes)?)?;
        Ok(splits.into_iter().map(|split| split.id.as_str().to_owned()).collect())
    }

    /// Deletes an index by hand: the passages', or also the documents'.
    ///
    /// # Errors
    /// When the engine does not do it.
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

    /// Makes both engines show, and forget, what they can. One that is away is left alone.
    pub async fn refresh(&self) {
        drop(self.opensearch.refresh().await);
        drop(self.elasticsearch.refresh().await);
    }

    /// How many documents OpenSearch shows.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn documents(&self) -> Result<u64, Failure> {
        self.opensearch.refresh().await?;
        Ok(self.opensearch.count(Target::Documents).await?)
    }

    /// Every passage that each engine holds.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn engines(&self) -> Result<[(Engine, Passages); 2], Failure> {
        let opensearch = held(&self.opensearch).await?;
        let elasticsearch = held(&self.elasticsearch).await?;
        Ok([(Engine::OpenSearch, opensearch), (Engine::Elasticsearch, elasticsearch)])
    }

    /// How many passages of both engines hold this very word.
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

    /// Every dead letter.
    ///
    /// # Errors
    /// When Kafka does not answer, or one cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Failure> {
        let letters = records(&self.kafka, topics::DEAD_LETTERS, 0, 0).await?.0;
        let values = letters.iter().map(|record| record.value.as_deref().unwrap_or_default());
        Ok(values.map(serde_json::from_slice).collect::<Result<_, _>>()?)
    }

    /// What is wrong with the vectors of these passages in an engine: they are computed once more from the text that
    /// the engine holds.
    ///
    /// # Errors
    /// When it does not answer.
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

/// What is embedded, written down here once more: the headings, and below them the passage.
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

/// Committed records of a partition from an offset on, and where the next read begins.
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

/// Where a topic was read to.
#[derive(Debug, Default)]
pub struct Follow(HashMap<i32, i64>);

impl Follow {
    /// The committed records since the last call, partition after partition.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn news(&mut self, kafka: &Kafka, topic: &str) -> Result<Vec<Record>, Failure> {
        // Nothing counts as read before all partitions are.
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
