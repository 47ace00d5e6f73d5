//! What is proved about: topics, ledger and engines, looked at through the product's own crates and without proxies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use document::extract;
use message::{DeadLetter, DocumentId, LedgerEntry};
use model::{Generation, ModelSplitter, Tokenizer};
use process::Failure;
use sink::{Elasticsearch, Names, OpenSearch, Reader, RequestSettings, SinkError, Target, Window, Words};
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
/// Ids of passages, by document.
pub type Passages = BTreeMap<DocumentId, BTreeSet<String>>;

/// Connections to everything.
pub struct World {
    /// Kafka.
    pub kafka: Kafka,
    /// What is built.
    pub generation: Generation,
    bucket: String,
    splitter: ModelSplitter,
    opensearch: OpenSearch,
    elasticsearch: Elasticsearch,
}

impl World {
    /// Prepares every connection; nothing is sent yet.
    ///
    /// # Errors
    /// When settings cannot be used.
    pub fn open(config: &Config) -> Result<Self, Failure> {
        let bundle = config.model.open()?;
        let generation = Generation::of(&bundle, &config.backend);
        let names = Names::new(&config.index.index, &generation.space)?;
        let requests = RequestSettings::default();
        Ok(Self {
            kafka: Kafka::new(&config.kafka),
            generation,
            bucket: config.bucket.clone(),
            splitter: model::splitter(&bundle, Tokenizer::open(&bundle)?, MOST_CHUNKS)?,
            opensearch: OpenSearch::connect(&config.opensearch, &requests, names.clone())?,
            elasticsearch: Elasticsearch::connect(&config.elasticsearch, &requests, names)?,
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

    /// Every passage that each engine holds.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn engines(&self) -> Result<[(&'static str, Passages); 2], Failure> {
        let opensearch = held(&self.opensearch).await?;
        let elasticsearch = held(&self.elasticsearch).await?;
        Ok([("opensearch", opensearch), ("elasticsearch", elasticsearch)])
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

    /// The stages that refused something of `document`, by the dead letters.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn refused(&self, document: &DocumentId) -> Result<BTreeSet<String>, Failure> {
        let letters = records(&self.kafka, topics::DEAD_LETTERS, 0, 0).await?.0;
        let letters = letters.iter().filter_map(|record| record.value.as_deref());
        let letters = letters.filter_map(|value| serde_json::from_slice::<DeadLetter>(value).ok());
        let of = letters.filter(|letter| letter.document.as_deref() == Some(document.as_str()));
        Ok(of.map(|letter| letter.stage).collect())
    }
}

async fn held<R: Reader>(engine: &R) -> Result<Passages, SinkError> {
    engine.refresh().await?;
    let (mut passages, mut after) = (Passages::new(), None);
    loop {
        let page = engine.scan_chunks(after.as_ref(), PAGE).await?;
        for chunk in page.items {
            passages.entry(chunk.document).or_default().insert(chunk.id.as_str().to_owned());
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
    let read = Arc::new(Mutex::new(Vec::new()));
    let filling = Arc::clone(&read);
    let each = move |record| {
        filling.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        ControlFlow::Continue(())
    };
    let next = kafka.read(topic, partition, from, each).await?;
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((std::mem::take(&mut read), next))
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
        let mut all = Vec::new();
        for partition in 0..kafka.partitions(topic).await? {
            let from = self.0.entry(partition).or_default();
            let (mut news, next) = records(kafka, topic, partition, *from).await?;
            *from = next;
            all.append(&mut news);
        }
        Ok(all)
    }
}
