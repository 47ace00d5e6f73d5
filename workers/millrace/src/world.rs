//! What is there: bucket, ledger, engines, lags, gathered through the same seams that the workers use.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use message::{DocumentId, LedgerEntry};
use model::{Bundle, Generation};
use objects::{S3Store, Scope, Store as _};
use process::Failure;
use sink::{Elasticsearch, Names, OpenSearch, Reader, RequestSettings};
use stream::Broker as _;
use stream::kafka::{Kafka, committed_offsets, end_offsets};

use crate::audit::{EngineView, LedgerView, Listing};
use crate::cli::{GenerationSettings, WorldSettings};

/// Up to so many offsets are read to see how many of them are records.
const FEW: i64 = 64;
/// How many documents or chunks one page of a scan holds.
const PAGE: usize = 1000;

/// Everything that documents pass.
#[derive(Debug)]
pub struct World {
    /// The bucket's name.
    pub bucket: String,
    /// Which of its objects are documents.
    pub scope: Scope,
    /// The store.
    pub store: S3Store,
    /// Kafka.
    pub kafka: Kafka,
    /// What is built.
    pub generation: Generation,
    /// The names of its indexes.
    pub names: Names,
    /// OpenSearch.
    pub opensearch: OpenSearch,
    /// Elasticsearch.
    pub elasticsearch: Elasticsearch,
}

/// How far a worker is behind its topic.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Lag {
    /// The worker.
    pub worker: &'static str,
    /// Its topic.
    pub topic: String,
    /// Records that it has not handled yet.
    pub behind: i64,
}

/// The generation that the settings name.
///
/// # Errors
/// When the bundle cannot be used.
pub fn generation(settings: &GenerationSettings) -> Result<Generation, Failure> {
    let bundle = Bundle::open(&settings.model.model)?;
    Ok(Generation::of(&bundle, &settings.backend))
}

impl World {
    /// Prepares every connection; nothing is sent yet.
    ///
    /// # Errors
    /// When settings cannot be used.
    pub fn open(settings: &WorldSettings) -> Result<Self, Failure> {
        let generation = generation(&settings.generation)?;
        let names = Names::new(&settings.index.index, &generation.space)?;
        let requests = RequestSettings::default();
        Ok(Self {
            bucket: settings.bucket.bucket.clone(),
            scope: settings.scope.clone(),
            store: S3Store::new(&settings.bucket.store)?,
            kafka: Kafka::new(&settings.kafka),
            opensearch: OpenSearch::connect(&settings.opensearch, &requests, names.clone())?,
            elasticsearch: Elasticsearch::connect(&settings.elasticsearch, &requests, names.clone())?,
            generation,
            names,
        })
    }

    /// The bucket's documents.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn listing(&self) -> Result<Listing, Failure> {
        let mut listing = Listing::new();
        let mut pages = self.store.list(&self.bucket, "");
        while let Some(entries) = pages.next().await? {
            for entry in entries {
                if self.scope.leaves_out(&entry.key).is_none() {
                    listing.insert(DocumentId::new(&self.bucket, &entry.key)?, entry.etag);
                }
            }
        }
        Ok(listing)
    }

    /// How many records of `topic` a group that stands at `committed` has not handled. Kafka's own offsets count the
    /// marks of transactions too, so that a group which is done seems a little behind; few offsets are therefore read.
    async fn behind(&self, topic: &str, ends: &[i64], committed: &[Option<i64>]) -> Result<i64, Failure> {
        let partitions = (0..).zip(ends.iter().zip(committed)).map(|(partition, (end, done))| async move {
            let from = done.unwrap_or(0);
            if end - from <= 0 || end - from > FEW {
                return Ok((end - from).max(0));
            }
            let records = Arc::new(AtomicI64::new(0));
            let counting = Arc::clone(&records);
            let each = move |_| {
                counting.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Continue(())
            };
            self.kafka.read(topic, partition, from, each).await?;
            Ok::<_, Failure>(records.load(Ordering::Relaxed))
        });
        Ok(futures::future::try_join_all(partitions).await?.iter().sum())
    }

    /// Reads the ledger on from `positions` (one offset a partition; empty: from the start) into `ledger`.
    ///
    /// # Errors
    /// When Kafka does not answer, or an entry cannot be read.
    pub async fn follow_ledger(
        &self,
        ledger: &mut LedgerView,
        positions: &mut Vec<i64>,
    ) -> Result<(), Failure> {
        let topic = topics::ledger(&self.generation.chunking);
        let partitions = self.kafka.partitions(&topic).await?;
        positions.resize(usize::try_from(partitions)?, 0);
        let reads =
            (0..partitions).zip(positions.iter()).map(|(partition, from)| self.ledger_part(partition, *from));
        let reads = futures::future::try_join_all(reads).await?;
        for (position, (entries, next)) in positions.iter_mut().zip(reads) {
            *position = next;
            ledger.extend(entries.into_iter().map(|entry| (entry.document.clone(), entry)));
        }
        Ok(())
    }

    /// The entries of one partition of the ledger from an offset on, and where the next read begins.
    async fn ledger_part(&self, partition: i32, from: i64) -> Result<(Vec<LedgerEntry>, i64), Failure> {
        let topic = topics::ledger(&self.generation.chunking);
        let read = Arc::new(Mutex::new((Vec::new(), None)));
        let filling = Arc::clone(&read);
        let each = move |record: stream::Record| {
            let mut filling = filling.lock().unwrap_or_else(PoisonError::into_inner);
            match serde_json::from_slice::<LedgerEntry>(record.value.as_deref().unwrap_or_default()) {
                Ok(entry) => filling.0.push(entry),
                Err(error) => filling.1 = Some(error),
            }
            ControlFlow::Continue(())
        };
        let next = self.kafka.read(&topic, partition, from, each).await?;
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = read.1.take() {
            return Err(format!("{topic}/{partition} holds what is no ledger entry: {error}").into());
        }
        Ok((std::mem::take(&mut read.0), next))
    }

    /// Everything that both engines hold.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn engines(&self) -> Result<BTreeMap<String, EngineView>, Failure> {
        let opensearch = view(&self.opensearch).await?;
        let elasticsearch = view(&self.elasticsearch).await?;
        Ok(BTreeMap::from([
            ("opensearch".to_owned(), opensearch),
            ("elasticsearch".to_owned(), elasticsearch),
        ]))
    }

    /// How far each worker is behind.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub async fn lags(&self) -> Result<Vec<Lag>, Failure> {
        let (chunking, space) = (&self.generation.chunking, &self.generation.space);
        let generation = self.names.generation();
        let readers = [
            ("intake", "intake".to_owned(), topics::OBJECT_EVENTS.to_owned()),
            ("chunk", format!("chunk-{}", chunking.short()), topics::DOCUMENTS.to_owned()),
            ("embed", format!("embed-{}", space.short()), topics::chunks(chunking)),
            ("index", format!("index-{generation}"), topics::vectors(space)),
            ("replicate", format!("replicate-{generation}"), topics::vectors(space)),
        ];
        let mut lags = Vec::new();
        for (worker, group, topic) in readers {
            let ends = end_offsets(&self.kafka, &topic).await?;
            let committed = committed_offsets(&self.kafka, &group, &topic).await?;
            let behind = self.behind(&topic, &ends, &committed).await?;
            lags.push(Lag { worker, topic, behind });
        }
        Ok(lags)
    }
}

async fn view<R: Reader>(engine: &R) -> Result<EngineView, Failure> {
    engine.refresh().await?;
    let mut view = EngineView::default();
    let mut after: Option<String> = None;
    loop {
        let page = engine.scan_documents(after.as_deref(), PAGE).await?;
        view.documents.extend(page.items.into_iter().map(|stored| (stored.record.document.clone(), stored)));
        after = page.after;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = engine.scan_chunks(after.as_deref(), PAGE).await?;
        page.items.iter().for_each(|chunk| view.add(chunk));
        after = page.after;
        if after.is_none() {
            return Ok(view);
        }
    }
}
