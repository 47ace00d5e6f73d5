//! What is there: bucket, ledger, engines, lags, gathered through the same seams that the workers use.

use std::path::PathBuf;

use model::Generation;
use objects::{S3Store, Scope};
use process::Failure;
use sink::{Elasticsearch, Names, OpenSearch, RequestSettings};
use stream::kafka::{Kafka, Standing, standings};
use stream::{Broker, Waiting};

use crate::audit::Rules;
use crate::cli::{GenerationSettings, WorldSettings};
use crate::entries::Entries;

/// Everything that documents pass; over memory in tests.
#[derive(Debug)]
pub struct World<K = Kafka, O = S3Store, A = OpenSearch, B = Elasticsearch> {
    /// The bucket's name.
    pub bucket: String,
    /// Which of its objects are documents.
    pub scope: Scope,
    /// The store.
    pub store: O,
    /// Kafka.
    pub kafka: K,
    /// What is built.
    pub generation: Generation,
    /// The names of its indexes.
    pub names: Names,
    /// The folder for copies of the ledger.
    pub data: PathBuf,
    /// OpenSearch.
    pub opensearch: A,
    /// Elasticsearch.
    pub elasticsearch: B,
}

/// How far a worker is behind its topic.
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
    /// Partitions that wait at a record.
    pub waits: Vec<Wait>,
    /// Partitions that were not read for longer than their topic keeps deletions, and were not compared since.
    pub stale: Vec<i32>,
}

/// A partition that waits at a record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Wait {
    /// Which partition.
    pub partition: i32,
    /// At what, since when and for what.
    #[serde(flatten)]
    pub at: Waiting,
}

impl Lag {
    fn new(worker: &'static str, (group, topic): (String, String), standings: Vec<Standing>) -> Self {
        let behind = standings.iter().map(|standing| standing.waiting).sum();
        let (mut waits, mut stale) = (Vec::new(), Vec::new());
        for (partition, standing) in (0..).zip(standings) {
            stale.extend(standing.memo.stale.map(|_| partition));
            waits.extend(standing.memo.waiting.map(|at| Wait { partition, at }));
        }
        Self { worker, topic, group, behind, waits, stale }
    }
}

/// The generation that the settings name.
///
/// # Errors
/// When the bundle cannot be used.
pub fn generation(settings: &GenerationSettings) -> Result<Generation, Failure> {
    let bundle = settings.model.open()?;
    Ok(Generation::of(&bundle, &settings.backend))
}

impl<K: Broker, O, A, B> World<K, O, A, B> {
    /// The ledger as it is now.
    ///
    /// # Errors
    /// When Kafka does not answer, or an entry cannot be read.
    pub async fn entries(&self) -> Result<Entries<K>, Failure> {
        Entries::open(&self.kafka, topics::ledger(&self.generation.chunking), &self.data).await
    }

    /// What documents are compared by.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            space: self.generation.space.clone(),
            bucket: self.bucket.clone(),
            scope: self.scope.clone(),
            engines: vec!["opensearch", "elasticsearch"],
        }
    }
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
            let standings = standings(&self.kafka, &group, &topic).await?;
            lags.push(Lag::new(worker, (group, topic), standings));
        }
        Ok(lags)
    }
}

#[cfg(test)]
mod tests {
    use stream::Memo;

    use super::*;

    #[test]
    fn a_lag_names_what_its_partitions_wait_at() {
        let standing = |waiting, memo| Standing { end: 9, committed: Some(4), waiting, memo };
        let at = Waiting::new(5, 1_700_000_000, "no answer");
        let stuck = Memo { waiting: Some(at.clone()), ..Memo::default() };
        let old = Memo { stale: Some(7), ..Memo::default() };
        let all = vec![standing(0, Memo::default()), standing(4, stuck), standing(1, old)];
        let lag = Lag::new("chunk", ("g".to_owned(), "t".to_owned()), all);
        assert_eq!((lag.behind, lag.stale), (5, vec![2]));
        assert_eq!(lag.waits, [Wait { partition: 1, at }]);
    }
}
